use super::*;

const ID: &str = "12345678901234567890";
const SECRET: &str = "0123456789ABCDEF0123456789ABCDEF";
const TOKEN: &str = "https://pega.example.test/prweb/PRRestService/oauth2/v1/token";

fn usual() -> String {
    format!(
        "Client ID\n{ID}\nClient Secret\n{SECRET}\nAuthorization endpoint\nhttps://pega.example.test/prweb/PRRestService/oauth2/v1/authorize\nAccess token endpoint\n{TOKEN}\nToken revocation endpoint\nhttps://pega.example.test/prweb/PRRestService/oauth2/v1/revoke\n"
    )
}

fn assert_usual(bytes: &[u8]) {
    let c = parse(bytes).unwrap_or_else(|p| panic!("{p}\n{}", String::from_utf8_lossy(bytes)));
    assert_eq!((c.client_id.as_str(), c.token_url.as_str()), (ID, TOKEN));
    assert_eq!(c.client_secret.as_ref().map(Secret::expose), Some(SECRET));
    assert!(c.revocation_url.as_deref().is_some_and(|u| u.ends_with("/revoke")));
    assert_eq!(c.warnings, Vec::<String>::new());
}

#[test]
fn every_encoding_and_line_end_of_the_usual_shape_is_read() {
    let text = usual();
    assert_usual(text.as_bytes());
    assert_usual(text.trim_end().as_bytes());
    assert_usual(text.replace('\n', "\r\n").as_bytes());
    assert_usual(text.replace('\n', "\r").as_bytes());
    assert_usual(text.replace('\n', " \t\n").as_bytes());
    assert_usual(text.replace('\n', "\n\n").as_bytes());
    assert_usual(format!("\u{feff}{text}").as_bytes());
    let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
    assert_usual(&little);
    assert_usual(&big);
    assert_usual(&[&[0xFF, 0xFE], little.as_slice()].concat());
    assert_usual(&[&[0xFE, 0xFF], big.as_slice()].concat());
}

#[test]
fn labels_are_read_in_any_case_and_on_the_line_of_their_value() {
    let text = usual();
    assert_usual(text.replace("Client ID", "CLIENT id").replace("Client Secret", "Client secret").as_bytes());
    for separator in [": ", "=", "\t", ":", " = ", "    "] {
        let lines: Vec<&str> = text.lines().collect();
        let joined: String = lines.chunks(2).map(|p| format!("{}{separator}{}\n", p[0], p[1])).collect();
        assert_usual(joined.as_bytes());
    }
    // A label with its separator, the value below.
    assert_usual(text.replace("Client ID\n", "Client ID:\n").as_bytes());
}

#[test]
fn a_json_object_means_the_same() {
    let revoke = TOKEN.replace("/token", "/revoke");
    let json = format!(
        r#"{{"client_id":"{ID}","clientSecret":"{SECRET}","Access token endpoint":"{TOKEN}","tokenRevocationEndpoint":"{revoke}"}}"#
    );
    assert_usual(json.as_bytes());
    assert!(parse(b"{\"client_id\": ").is_err());
}

#[test]
fn a_public_client_has_no_secret() {
    let c = parse(usual().replace(&format!("{SECRET}\n"), "").as_bytes()).unwrap();
    assert_eq!((c.client_secret, c.client_id.as_str()), (None, ID));
    assert!(c.authorization_url.is_some());
    let c = parse(usual().replace(&format!("Client Secret\n{SECRET}\n"), "").as_bytes()).unwrap();
    assert!(c.client_secret.is_none() && c.warnings[0].contains("public client"));
}

#[test]
fn unknown_labels_are_kept_and_repeated_ones_warned_of() {
    let c = parse(format!("{}Tenant\nacme\nClient ID\n999\n", usual()).as_bytes()).unwrap();
    assert_eq!(c.other, vec![("Tenant".to_owned(), "acme".to_owned())]);
    assert_eq!(c.client_id, ID);
    assert!(c.warnings[0].contains("client id"));
}

#[test]
fn signs_of_trouble_are_told_and_never_show_the_secret() {
    let c = parse(usual().replace("//pega.", "//sso.").replace(SECRET, "0123abcd").as_bytes()).unwrap();
    assert!(c.warnings.iter().any(|w| w.contains("single sign-on")));
    assert!(c.warnings.iter().any(|w| w.contains("32 characters")));
    assert!(!format!("{c:?}").contains("0123abcd"));
}

#[test]
fn what_is_missing_is_named_with_what_was_found() {
    let p = parse(format!("Client ID\n{ID}\nClient Secret\n{SECRET}\n").as_bytes()).unwrap_err();
    assert!(p.why.contains("access token endpoint") && p.why.contains("client secret"), "{p}");
    assert!(!p.to_string().contains(SECRET));
    assert!(parse(b"").is_err() && parse(b"hello\nworld").is_err() && parse(&[0, 1, 2, 3, 0xFF]).is_err());
    assert!(parse(usual().replace("https://pega", "ftp://pega").as_bytes()).is_err());
}

#[test]
fn the_base_url_is_the_context_root_and_the_alias_stands_apart() {
    let base = |url: &str| {
        let c = Credentials { token_url: url.into(), ..Default::default() };
        (c.base_url(), c.app_alias().map(str::to_owned))
    };
    assert_eq!(base(TOKEN), ("https://pega.example.test/prweb".into(), None));
    assert_eq!(
        base("http://127.0.0.1:8080/prweb/api/oauth2/v1/token"),
        ("http://127.0.0.1:8080/prweb".into(), None)
    );
    assert_eq!(
        base("https://h/prweb/app/claims/api/oauth2/v1/token"),
        ("https://h/prweb".into(), Some("claims".into()))
    );
    assert_eq!(base("https://h:8443/PRRestService/oauth2/v1/token"), ("https://h:8443".into(), None));
    assert_eq!(base("https://id.example/oauth/token?x=/api/"), ("https://id.example".into(), None));
    assert_eq!(base("https://api.example"), ("https://api.example".into(), None));
}

#[test]
fn siblings_are_derived_only_where_the_path_is_pegas() {
    let c = parse(usual().as_bytes()).unwrap();
    assert_eq!(
        c.sibling("token/introspect").as_deref(),
        Some("https://pega.example.test/prweb/PRRestService/oauth2/v1/token/introspect")
    );
    let other = Credentials { token_url: "https://id.example/oauth/token".into(), ..Default::default() };
    assert_eq!(other.sibling("revoke"), None);
}

#[test]
fn mangled_files_never_panic() {
    let bytes = usual().into_bytes();
    let mut rng = fastrand::Rng::with_seed(3);
    for _ in 0..3000 {
        let mut b = bytes.clone();
        for _ in 0..rng.usize(1..6) {
            let at = rng.usize(0..b.len());
            b[at] = rng.u8(..);
        }
        b.truncate(rng.usize(0..=b.len()));
        let _ = parse(&b);
    }
}
