use super::*;
use crate::model::request::PartContent;

fn ok(line: &str) -> CurlImport {
    parse(line).unwrap_or_else(|p| panic!("{line}: {p}"))
}

fn header<'a>(import: &'a CurlImport, name: &str) -> Option<&'a str> {
    import.request.headers.iter().find(|r| r.name.eq_ignore_ascii_case(name)).map(|r| r.value.as_str())
}

#[test]
fn a_curl_line_is_recognised_by_its_first_word() {
    for line in ["curl http://h", "  $ curl -v h", "curl.exe h", "/usr/bin/curl h", "CURL h", "curl \\\n h"] {
        assert!(looks_like_curl(line), "{line}");
    }
    for line in ["curl", "curly x", "https://curl.se/ x", "", "echo curl x", "wget h"] {
        assert!(!looks_like_curl(line), "{line}");
    }
}

#[test]
fn the_line_a_browser_copies_becomes_a_request() {
    let import = ok("curl 'https://api.example/cases?x=1' \\\n  -H 'accept: application/json' \\\n  \
        -H 'authorization: Bearer abc.def' -H 'content-type: application/json' \\\n  \
        --data-raw $'{\"name\":\"it\\'s\"}' --compressed --insecure");
    let request = &import.request;
    assert_eq!((request.method.as_str(), request.url.as_str()), ("POST", "https://api.example/cases?x=1"));
    assert_eq!(request.name, "cases");
    assert_eq!(request.auth, Auth::Bearer { token: Value::from("abc.def") });
    assert_eq!(request.body, Body::Json("{\"name\":\"it's\"}".to_owned()));
    assert_eq!(request.headers, [Row::on("accept", "application/json")]);
    assert!(import.insecure && !import.follow && import.warnings.is_empty(), "{:?}", import.warnings);
}

#[test]
fn a_token_request_becomes_a_form_with_basic_credentials() {
    let import = ok(
        "curl -u id:se:cret -d grant_type=client_credentials --data-urlencode 'scope=a b&c' -d x=%2B+ https://h/token",
    );
    assert_eq!(import.request.method, "POST");
    assert_eq!(
        import.request.auth,
        Auth::Basic { username: "id".to_owned(), password: Value::from("se:cret") }
    );
    let Body::Form(rows) = &import.request.body else { panic!("{:?}", import.request.body) };
    let expected =
        [Row::on("grant_type", "client_credentials"), Row::on("scope", "a b&c"), Row::on("x", "+ ")];
    assert_eq!(rows, &expected);
}

#[test]
fn a_basic_header_is_read() {
    let import = ok("curl -H 'Authorization: Basic Ym9iOnNlY3JldA==' h");
    assert_eq!(
        import.request.auth,
        Auth::Basic { username: "bob".to_owned(), password: Value::from("secret") }
    );
    assert_eq!(import.request.url, "http://h");
    let other = ok("curl -H 'Authorization: DPoP x' h");
    assert_eq!((&other.request.auth, header(&other, "authorization")), (&Auth::Inherit, Some("DPoP x")));
}

#[test]
fn credentials_in_the_url_become_basic_and_leave_the_url() {
    let import = ok("curl https://bob:p%40w@h.example:8443/a@b?x=y@z");
    assert_eq!(import.request.url, "https://h.example:8443/a@b?x=y@z");
    assert_eq!(import.request.auth, Auth::Basic { username: "bob".to_owned(), password: Value::from("p@w") });
    assert_eq!(
        ok("curl -u a:b http://c:d@h").request.auth,
        Auth::Basic { username: "a".to_owned(), password: Value::from("b") }
    );
}

#[test]
fn an_empty_body_is_none_and_still_a_post() {
    let request = ok("curl h -d '' -b a=1 -b b=2").request;
    assert_eq!((request.method.as_str(), &request.body), ("POST", &Body::None));
    assert_eq!(request.headers, [Row::on("Cookie", "a=1; b=2")]);
}

#[test]
fn body_kinds_follow_the_content_type_and_the_text() {
    let kind = |line: &str| ok(line).request.body.kind();
    assert_eq!(kind("curl h --json '{\"a\":1}'"), "json");
    assert_eq!(kind("curl h -d '{\"a\":1}'"), "json");
    assert_eq!(kind("curl h -d '{\"a\": {{v}} }' -H 'Content-Type: application/json'"), "json");
    assert_eq!(kind("curl h -d '<a/>' -H 'Content-Type: application/xml'"), "xml");
    assert_eq!(kind("curl h -d a=1&b=2"), "form");
    assert_eq!(kind("curl h -d hello"), "text");
    assert_eq!(kind("curl h -d 'a=1' -H 'Content-Type: text/csv'"), "text");
    assert_eq!(kind("curl h --data-binary @x.bin"), "file");
    assert_eq!(kind("curl h -F a=b"), "multipart");
    assert_eq!(kind("curl h"), "none");
    assert_eq!(header(&ok("curl h -d hello"), "content-type"), Some("application/x-www-form-urlencoded"));
    assert_eq!(header(&ok("curl h --json 1"), "accept"), Some("application/json"));
    assert_eq!(
        header(&ok("curl h -d '{}' -H 'content-type: application/merge-patch+json'"), "content-type"),
        Some("application/merge-patch+json")
    );
}

#[test]
fn multipart_parts_keep_files_and_types() {
    let import = ok(
        "curl h -F 'doc=@\"a b.json\";type=application/json' -F 'note=x;y' -F 'l=<f' --form-string 't=@no'",
    );
    let Body::Multipart(parts) = &import.request.body else { panic!("no multipart") };
    assert_eq!(parts[0].content, PartContent::File("a b.json".to_owned()));
    assert_eq!(parts[0].content_type.as_deref(), Some("application/json"));
    assert_eq!(parts[1].content, PartContent::Text("x;y".to_owned()));
    assert_eq!(parts[2].content, PartContent::Text("@no".to_owned()));
    assert_eq!((parts.len(), import.warnings.len()), (3, 1));
}

#[test]
fn methods_follow_curls_rules() {
    let method = |line: &str| ok(line).request.method;
    assert_eq!(method("curl h"), "GET");
    assert_eq!(method("curl -I h"), "HEAD");
    assert_eq!(method("curl -XDELETE h"), "DELETE");
    assert_eq!(method("curl -d a=b -X PATCH h"), "PATCH");
    assert_eq!(method("curl -T file h"), "PUT");
    assert_eq!(method("curl -G -d a=b h"), "GET");
}

#[test]
fn get_moves_the_data_into_the_query() {
    let import = ok("curl -G https://h/s -d q=a%20b --data-urlencode 'z=ü&'");
    assert_eq!(import.request.params, [Row::on("q", "a b"), Row::on("z", "ü&")]);
    assert_eq!(import.request.body, Body::None);
    assert_eq!(ok("curl -G 'h?x=1' -d word").request.url, "http://h?x=1&word");
}

#[test]
fn network_options_stand_beside_the_request() {
    let import = ok(
        "curl -sSLkv -x http://p:1 --cacert ca.pem -m 2.5 --max-redirs 3 --http1.1 -A me -e http://r -b 'a=b; c=d' -o out https://h",
    );
    assert!(import.follow && import.insecure);
    assert_eq!((import.proxy.as_deref(), import.ca_file.as_deref()), (Some("http://p:1"), Some("ca.pem")));
    let options = &import.request.options;
    assert_eq!(
        (options.timeout_ms, options.redirects, options.http_version.as_deref()),
        (Some(2500), Some(3), Some("1.1"))
    );
    assert_eq!(header(&import, "user-agent"), Some("me"));
    assert_eq!(header(&import, "cookie"), Some("a=b; c=d"));
    assert_eq!(import.warnings, Vec::<String>::new());
}

#[test]
fn what_is_not_taken_over_is_said() {
    let warnings = |line: &str| ok(line).warnings;
    for line in [
        "curl h --frobnicate",
        "curl h --cert a.pem",
        "curl h -b cookies.txt",
        "curl h i",
        "curl h -d @-",
        "curl h | jq .",
        "curl h --resolve h:1:2.3.4.5",
        "curl h -H 'Accept:'",
        "curl h --connect-timeout 3",
        "curl h --next i",
        "curl h -X",
    ] {
        assert_eq!(warnings(line).len(), 1, "{line}: {:?}", warnings(line));
    }
}

#[test]
fn only_a_line_without_url_or_with_an_open_quote_or_not_of_curl_fails() {
    for (line, why) in [("curl -v", "no URL"), ("curl 'h", "quote"), ("wget h", "begin"), ("", "empty")] {
        let problem = parse(line).unwrap_err();
        assert!(problem.why.contains(why), "{line}: {problem}");
        assert!(!problem.next.is_empty());
    }
}

#[test]
fn mutated_lines_never_panic() {
    let seeds = [
        "curl 'https://api.example/cases?x=1' -H 'a: b' -d '{\"a\":1}' -F 'a=@b;type=c' $'\\u00e9\\x41\\101'",
        "curl ^\"https://h/^\" ^\r\n -H ^\"x: y^\" --data-raw ^\"^{^\\^\"a^\\^\"^}^\"",
        "curl.exe -sSXPOST -u a:b --data-urlencode 'é=ü' --json '[1]' -m 1e400 -G h \\",
    ];
    let alphabet: Vec<char> = "'\"\\^$@;=&|>- \n\r\u{0}é{}%+x0:<`#\u{1F600}".chars().collect();
    let mut random = fastrand::Rng::with_seed(7);
    for _ in 0..20_000 {
        let mut chars: Vec<char> = seeds[random.usize(..seeds.len())].chars().collect();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..chars.len());
            match random.u8(..3) {
                0 => chars[at] = alphabet[random.usize(..alphabet.len())],
                1 => chars.insert(at, alphabet[random.usize(..alphabet.len())]),
                _ => chars.truncate(at.max(1)),
            }
        }
        let line: String = chars.into_iter().collect();
        let _ = looks_like_curl(&line);
        let _ = parse(&line);
    }
}
