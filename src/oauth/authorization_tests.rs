//! Logins as servers, attackers and people at a terminal write them.

use super::*;

fn ask() -> AuthorizationAsk {
    AuthorizationAsk {
        authorization_url: "https://h/authorize".into(),
        client_id: "id".into(),
        redirect_uri: "http://127.0.0.1:8000/callback".into(),
        scope: vec!["a".into(), "b".into()],
        state: Secret::new("st"),
        nonce: Secret::new("no"),
        challenge: "ch".into(),
        audience: String::new(),
        resource: Vec::new(),
        dpop_jkt: None,
        extra: Vec::new(),
    }
}

fn expected() -> Expected {
    Expected { state: Secret::new("st"), issuer: Some("https://h".into()), iss_required: false }
}

fn code(text: &str) -> Callback {
    Callback::Code(Secret::new(text))
}

fn is_stray(callback: &Callback, words: &str) -> bool {
    matches!(callback, Callback::Stray(why) if why.contains(words))
}

#[test]
fn the_url_has_every_parameter_once_and_always_a_challenge() {
    assert_eq!(
        ask().url(),
        "https://h/authorize?response_type=code&client_id=id&redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fcallback&scope=a%20b&state=st&code_challenge=ch&code_challenge_method=S256"
    );
}

#[test]
fn a_nonce_goes_with_openid_only_and_the_rest_where_it_is_set() {
    let mut a = ask();
    a.scope.push("openid".into());
    a.audience = "aud".into();
    a.resource = vec!["https://r/1".into(), "https://r/2".into()];
    a.dpop_jkt = Some("jkt".into());
    let url = a.url();
    assert!(
        url.ends_with(
            "&audience=aud&resource=https%3A%2F%2Fr%2F1&resource=https%3A%2F%2Fr%2F2&dpop_jkt=jkt&nonce=no"
        ),
        "{url}"
    );
    assert!(!ask().url().contains("nonce"));
}

#[test]
fn an_extra_replaces_the_scope_but_never_what_holds_the_login_together() {
    let mut a = ask();
    a.extra = OURS.iter().map(|name| ((*name).to_owned(), "evil".to_owned())).collect();
    a.extra.extend([
        ("scope".into(), "z".into()),
        ("prompt".into(), "login".into()),
        ("empty".into(), "".into()),
    ]);
    let url = a.url();
    assert!(!url.contains("evil") && url.ends_with("&scope=z&prompt=login"), "{url}");
    assert_eq!(url.matches("scope=").count(), 1);
}

#[test]
fn the_endpoints_own_query_is_kept_and_nothing_stands_twice() {
    let mut a = ask();
    a.authorization_url = "https://h/authorize?tenant=a%20b&scope=old&x#fragment".into();
    let url = a.url();
    assert!(url.starts_with("https://h/authorize?tenant=a%20b&x&response_type=code&"), "{url}");
    assert_eq!(url.matches("scope=").count(), 1);
    assert_eq!(
        a.short_url("request_uri", "urn:x:1"),
        "https://h/authorize?tenant=a%20b&scope=old&x&client_id=id&request_uri=urn%3Ax%3A1"
    );
}

#[test]
fn pushing_sends_the_parameters_or_the_request_object() {
    let client = Client::public("id");
    let moment = super::super::Moment { now: jiff::Timestamp::UNIX_EPOCH, random: [0; 32] };
    let body = ask().push("https://h/par", &client, None).build("p", &moment).unwrap().body;
    assert!(body.starts_with("client_id=id&response_type=code&redirect_uri="), "{}", body.as_str());
    assert_eq!(body.matches("client_id=").count(), 1);
    let object = Secret::new("a.b.c");
    let body = ask().push("https://h/par", &client, Some(&object)).build("p", &moment).unwrap().body;
    assert_eq!(body.as_str(), "client_id=id&request=a.b.c");
}

#[test]
fn a_pushed_request_is_known_by_its_uri() {
    let read = |body: &str| {
        read_pushed(&TokenAnswer {
            status: 201,
            media_type: "application/json",
            location: None,
            body: body.as_bytes(),
        })
    };
    let pushed = read(r#"{"request_uri":"urn:x:1","expires_in":60}"#).unwrap();
    assert_eq!((pushed.request_uri.as_str(), pushed.expires_in), ("urn:x:1", Some(Duration::from_secs(60))));
    assert_eq!(read("{}").unwrap_err().kind, TokenErrorKind::Lacks("request_uri"));
    assert_eq!(read(r#"{"error":"invalid_request"}"#).unwrap_err().code(), Some("invalid_request"));
}

#[test]
fn a_callback_with_our_state_brings_the_code() {
    let e = expected();
    assert_eq!(read_callback("code=a%2Bb&state=st", &e), code("a+b"));
    assert_eq!(read_callback("iss=https%3A%2F%2Fh&state=st&code=c&session_state=x", &e), code("c"));
    assert_eq!(
        read_callback("error=access_denied&error_description=No%1b%5B31m+way&state=st", &e),
        Callback::Refused { error: "access_denied".into(), description: Some("No[31m way".into()) }
    );
}

#[test]
fn a_wrong_missing_or_doubled_state_is_stray_whatever_else_it_says() {
    let e = expected();
    for query in [
        "",
        "code=c",
        "code=c&state=",
        "code=c&state=ST",
        "code=c&state=st2",
        "code=c&state=st&state=st",
        "code=c&state=st&st%61te=other",
        "error=access_denied",
        "error=access_denied&state=x",
    ] {
        assert!(is_stray(&read_callback(query, &e), "state"), "{query}");
    }
    let nothing = Expected { state: Secret::default(), ..expected() };
    assert!(is_stray(&read_callback("code=c&state=", &nothing), "state"), "no state expected, none is ours");
}

#[test]
fn doubled_or_contradicting_parts_are_stray() {
    let e = expected();
    for query in [
        "state=st&code=a&code=b",
        "state=st&code=a&error=x",
        "state=st&error=x&error=y",
        "state=st&iss=https://h&iss=https://h&code=c",
        "state=st&code=",
        "state=st",
        "state=st&error=x&error_description=a&error_description=b",
    ] {
        assert!(is_stray(&read_callback(query, &e), "it"), "{query}");
    }
}

#[test]
fn an_answer_of_another_issuer_is_stray_and_so_is_one_that_hides_it() {
    let mut e = expected();
    for iss in ["https://evil", "https://h/", "HTTPS://h", ""] {
        assert!(is_stray(&read_callback(&format!("state=st&code=c&iss={iss}"), &e), "issuer"), "{iss}");
    }
    assert_eq!(read_callback("state=st&code=c", &e), code("c"));
    e.iss_required = true;
    assert!(is_stray(&read_callback("state=st&code=c", &e), "`iss`"));
    e = Expected { issuer: None, ..expected() };
    assert_eq!(read_callback("state=st&code=c&iss=x", &e), code("c"));
}

#[test]
fn what_people_paste_is_understood() {
    let e = expected();
    for text in [
        "http://127.0.0.1:8000/callback?code=c-1&state=st",
        "  \"http://127.0.0.1:8000/callback?code=c-1&state=st#\"\n",
        "http://127.0.0.1:8000/call\n  back?code=c-\r\n1&sta\nte=st",
        "?code=c-1&state=st",
        "code=c-1&state=st",
        "#code=c-1&state=st",
        "http://127.0.0.1/cb#state=st&code=c-1",
        "com.example.app:/cb?code=c-1&amp;state=st",
        "https://h/page?x=1#code=c-1&state=st",
        "c-1#st",
        " c-1#s\nt ",
    ] {
        assert_eq!(read_pasted(text, &e), code("c-1"), "{text}");
    }
    assert_eq!(read_pasted("abc==#st", &e), code("abc=="));
}

#[test]
fn a_paste_without_our_state_is_stray_and_says_what_to_paste() {
    let e = expected();
    assert!(is_stray(&read_pasted("c-1", &e), "paste the whole address"));
    assert!(is_stray(&read_pasted("http://127.0.0.1:8000/callback", &e), "paste the whole address"));
    assert!(is_stray(&read_pasted("c-1#other", &e), "state"));
    assert!(is_stray(&read_pasted("http://127.0.0.1/cb?code=c&state=other", &e), "state"));
    assert!(is_stray(&read_pasted(&ask().url(), &e), "begins with"));
    assert!(is_stray(&read_pasted(" \n ", &e), "nothing"));
    assert!(is_stray(&read_pasted(&"code=".repeat(100_000), &e), "too long"));
}

#[test]
fn a_pasted_code_and_state_do_not_say_who_answered_so_a_server_that_promised_iss_needs_the_address() {
    let e = Expected { iss_required: true, ..expected() };
    assert!(is_stray(&read_pasted("c-1#st", &e), "`iss`"));
    assert!(is_stray(&read_pasted("code=c-1&state=st", &e), "`iss`"));
    assert!(is_stray(&read_pasted("http://127.0.0.1/cb?code=c-1&state=st&iss=https://evil", &e), "issuer"));
    assert_eq!(read_pasted("http://127.0.0.1/cb?code=c-1&state=st&iss=https://h", &e), code("c-1"));
}

#[test]
fn no_paste_makes_it_panic_and_none_without_the_state_gives_a_code() {
    let seed: Vec<char> = "http://h/cb?code=c&state=sT&iss=x#f%20é".chars().collect();
    // No shuffle of the letters above spells it.
    let e = Expected { state: Secret::new("QZ"), issuer: None, iss_required: false };
    let mut state = 7_u64;
    for _ in 0..20_000 {
        let mut text = seed.clone();
        for _ in 0..3 {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
            let (a, b) = ((state >> 33) as usize % text.len(), (state >> 20) as usize % text.len());
            text.swap(a, b);
        }
        let text: String = text.into_iter().collect();
        assert!(!matches!(read_pasted(&text, &e), Callback::Code(_)), "{text}");
    }
}
