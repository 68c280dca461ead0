//! What would go out, without a network.

use super::*;

fn previewed(request: Request) -> Outgoing {
    let session = session(&vault(&[]));
    preview(&session, &plan("http://h", request)).unwrap().0
}

#[test]
fn a_preview_shows_where_token_and_secrets_would_be_without_asking_for_them() {
    let source = vault(&[]);
    let mut request = get("{{base_url}}/x?k={{client_secret}}");
    request.body = Body::Json("{\"s\":\"{{client_secret}}\"}".into());
    let (out, used) = preview(&session(&source), &plan("http://h", request)).unwrap();
    assert_eq!(out.url, "http://h/x?k=•••");
    assert!(out.url_sensitive && out.body_sensitive);
    assert_eq!(out.body, "{\"s\":\"•••\"}");
    assert_eq!(header(&out.headers, "authorization"), Some("Bearer •••"));
    assert_eq!(source.asked.load(Ordering::SeqCst), 0);
    assert!(used.iter().any(|u| u.name == "client_secret" && u.secret && u.value == "•••"));
}

#[test]
fn each_kind_of_auth_goes_where_it_belongs_and_an_own_header_wins() {
    let with = |auth| Request { auth, ..Request::new("r", "GET", "http://h/x?a=1") };
    let basic = Auth::Basic { username: "ü".into(), password: "p:w".into() };
    assert_eq!(header(&previewed(with(basic.clone())).headers, "authorization"), Some("Basic w7w6cDp3"));
    let bearer = previewed(with(Auth::Bearer { token: "t".into() }));
    assert!(bearer.headers.iter().any(|h| h.sensitive && h.value == "Bearer t"));
    let key = |place| Auth::ApiKey { name: "X-Key".into(), value: "k&".into(), place };
    assert_eq!(header(&previewed(with(key(KeyPlace::Header))).headers, "x-key"), Some("k&"));
    let query = previewed(with(key(KeyPlace::Query)));
    assert!(query.url == "http://h/x?a=1&X-Key=k%26" && query.url_sensitive);
    for auth in [basic, Auth::Profile("pega".into())] {
        let mut own = with(auth);
        own.headers = vec![Row::on("authorization", "Bearer mine")];
        let headers = previewed(own).headers;
        assert_eq!(headers.iter().filter(|h| h.name.eq_ignore_ascii_case("authorization")).count(), 1);
        assert!(headers[0].sensitive && headers[0].value == "Bearer mine");
    }
    let colon = with(Auth::Basic { username: "a:b".into(), password: "p".into() });
    assert!(preview(&session(&vault(&[])), &plan("http://h", colon)).is_err());
}

#[test]
fn a_mistyped_profile_is_told_with_the_one_that_exists() {
    let request = Request { auth: Auth::Profile("pgea".into()), ..Request::new("r", "GET", "http://h/") };
    let p = preview(&session(&vault(&[])), &plan("http://h", request)).unwrap_err();
    assert!(p.kind == ProblemKind::Usage && p.next.contains("`pega`"), "{p}");
}

#[test]
fn bodies_get_their_content_type_unless_a_row_states_one() {
    let with = |body| Request { body, ..Request::new("r", "POST", "http://h/") };
    let kind = |out: &Outgoing| header(&out.headers, "content-type").map(str::to_owned);
    let form = previewed(with(Body::Form(vec![Row::on("a b", "1&2"), Row::default(), Row::on("c", "é")])));
    assert_eq!(form.body, "a+b=1%262&c=%C3%A9");
    assert_eq!(kind(&form).as_deref(), Some("application/x-www-form-urlencoded"));
    let query = Body::Graphql { query: "{ a }".into(), variables: "{\"b\":1}".into() };
    assert_eq!(previewed(with(query)).body, r#"{"query":"{ a }","variables":{"b":1}}"#);
    let mut own = with(Body::Json("{}".into()));
    own.headers = vec![Row::on("content-type", "application/vnd.x+json")];
    assert_eq!(kind(&previewed(own)).as_deref(), Some("application/vnd.x+json"));
    assert_eq!(kind(&previewed(with(Body::Json(String::new())))), None);
    let mut parts = with(Body::Multipart(Vec::new()));
    parts.headers = vec![Row::on("Content-Type", "multipart/form-data")];
    assert!(kind(&previewed(parts)).unwrap().starts_with("multipart/form-data; boundary=hallpass-"));
}

#[test]
fn parameters_are_encoded_once_and_off_rows_stay_home() {
    let mut request = Request::new("r", "GET", "{{base_url}}/x");
    request.params =
        vec![Row::on("q", "a b&c"), Row { enabled: false, ..Row::on("no", "1") }, Row::on("n", "{{v}}")];
    request.headers = vec![Row { enabled: false, ..Row::on("X", "1") }];
    request.variables.insert("v".into(), "1+1".into());
    let out = previewed(request);
    assert_eq!((out.url.as_str(), out.headers.len()), ("http://h/x?q=a%20b%26c&n=1%2B1", 0));
}

#[test]
fn a_token_in_the_query_makes_the_url_a_secret() {
    let session = session(&vault(&[]));
    let mut plan = plan("http://h", get("http://h/x"));
    plan.profiles[0].token_in_query = true;
    plan.profiles[0].client_auth = ClientAuth::Body;
    let (out, _) = preview(&session, &plan).unwrap();
    assert!(out.url == "http://h/x?access_token=•••" && out.url_sensitive && out.headers.is_empty());
}

#[test]
fn the_futures_can_be_spawned() {
    fn spawnable<T: Send>(_: T) {}
    let (session, cancel) = (session(&vault(&[])), CancellationToken::new());
    let (plan, token_plan) = (plan("http://h", get("http://h/x")), token_plan("http://h"));
    spawnable(send_request(&session, &plan, &no_progress, &cancel));
    spawnable(obtain_token(&session, &token_plan, false, &no_progress, &cancel));
    spawnable(inspect_token(&session, &token_plan, "t", None, &cancel));
    spawnable(create_case(&session, &plan, &plan, None, &no_progress, &cancel));
}
