//! Client authentication on the wire: the RFCs' own examples, and what is never sent.

use super::*;
use crate::jwt::{self, Jwks, Signature};
use crate::model::exchange::header;
use serde_json::{Value as Json, json};

const MOMENT: Moment = Moment { now: Timestamp::UNIX_EPOCH, random: [7; 32] };

fn client(auth: ClientAuth, id: &str, secret: &str) -> Client {
    Client { secret: Some(Secret::new(secret)), auth, ..Client::public(id) }
}

fn build(client: &Client, fields: &[(&str, &str)]) -> Result<FormRequest, Problem> {
    let fields = fields.iter().map(|(n, v)| ((*n).to_owned(), Secret::new(*v))).collect();
    FormAsk { url: "https://h/token".into(), client, fields, dpop: None }.build("pega", &MOMENT)
}

fn authorization(request: &FormRequest) -> Option<&str> {
    header(&request.headers, "authorization")
}

#[test]
fn the_basic_header_is_that_of_the_rfc() {
    let r = build(&client(ClientAuth::Basic, "s6BhdRkqt3", "gX1fBat3bV"), &[("token", "t")]).unwrap();
    assert_eq!(authorization(&r), Some("Basic czZCaGRSa3F0MzpnWDFmQmF0M2JW"));
    assert_eq!(r.body.as_str(), "token=t");
    assert!(r.headers.iter().any(|h| h.sensitive && h.name == "Authorization"));
    assert_eq!(header(&r.headers, "accept"), Some("application/json"));
    assert_eq!(r.made, [Secret::new("czZCaGRSa3F0MzpnWDFmQmF0M2JW")]);
}

#[test]
fn basic_encodes_id_and_secret_as_a_form_first_and_basic_raw_does_not() {
    let plain = |auth, id| {
        let r = build(&client(auth, id, "c%d e"), &[]).unwrap();
        let value = authorization(&r).unwrap().strip_prefix("Basic ").unwrap().to_owned();
        String::from_utf8(STANDARD.decode(value).unwrap()).unwrap()
    };
    assert_eq!(plain(ClientAuth::Basic, "a:b"), "a%3Ab:c%25d%20e");
    assert_eq!(plain(ClientAuth::BasicRaw, "ab"), "ab:c%d e");
}

#[test]
fn a_secret_in_the_body_is_nowhere_else() {
    let r = build(&client(ClientAuth::Body, "id", "s&="), &[("grant_type", "x")]).unwrap();
    assert_eq!(r.body.as_str(), "grant_type=x&client_id=id&client_secret=s%26%3D");
    assert_eq!(authorization(&r), None);
    for auth in [ClientAuth::None, ClientAuth::Tls] {
        let r = build(&client(auth, "id", "unused"), &[("token", "t")]).unwrap();
        assert_eq!(r.body.as_str(), "client_id=id&token=t");
        assert_eq!(authorization(&r), None);
    }
}

#[test]
fn there_is_never_a_second_client_authentication() {
    let second = [
        ("client_id", "z"),
        ("client_secret", "z"),
        ("client_assertion", "z"),
        ("client_assertion_type", "z"),
    ];
    let basic = build(&client(ClientAuth::Basic, "id", "s"), &second).unwrap();
    assert_eq!(basic.body.as_str(), "client_id=z", "an id alone proves nothing, and PAR wants it");
    let body = build(&client(ClientAuth::Body, "id", "s"), &second).unwrap();
    assert_eq!(body.body.as_str(), "client_id=id&client_secret=s");
    let tls = build(&client(ClientAuth::Tls, "id", ""), &second).unwrap();
    assert_eq!(tls.body.as_str(), "client_id=id");
    let none = build(&client(ClientAuth::None, "id", ""), &second[2..]).unwrap();
    assert_eq!(none.body.as_str(), "client_id=id&client_assertion=z&client_assertion_type=z");
}

#[test]
fn a_parameter_given_twice_counts_once_save_resource_and_the_audience_of_an_exchange() {
    let public = Client::public("id");
    let rows =
        [("a", "1"), ("resource", "x"), ("a", "2"), ("resource", "y"), ("audience", "p"), ("audience", "q")];
    let plain = build(&public, &rows).unwrap();
    assert_eq!(plain.body.as_str(), "client_id=id&a=2&resource=x&resource=y&audience=q");
    let mut exchange = vec![("grant_type", TOKEN_EXCHANGE)];
    exchange.extend(rows);
    let body = build(&public, &exchange).unwrap().body;
    assert!(body.ends_with("&a=2&resource=x&resource=y&audience=p&audience=q"), "{}", body.as_str());
}

#[test]
fn what_is_missing_is_said_with_the_profile() {
    let no_secret = build(&client(ClientAuth::Basic, "id", ""), &[]).err().unwrap();
    assert!(no_secret.kind == ProblemKind::Unresolved && no_secret.next.contains("auth/pega.toml"));
    assert!(build(&client(ClientAuth::Body, "", "x"), &[]).err().unwrap().why.contains("client id"));
    let no_key = build(&client(ClientAuth::PrivateKeyJwt, "id", "x"), &[]).err().unwrap();
    assert!(no_key.kind == ProblemKind::Unresolved && no_key.next.contains("`key`"), "{no_key}");
    let no_secret = build(&client(ClientAuth::ClientSecretJwt, "id", ""), &[]).err().unwrap();
    assert!(no_secret.why.contains("client_secret_jwt"), "{no_secret}");
}

#[test]
fn the_jti_of_one_moment_differs_by_use_and_not_by_call() {
    assert_eq!(MOMENT.jti("a"), MOMENT.jti("a"));
    assert_ne!(MOMENT.jti("a"), MOMENT.jti("b"));
    assert_eq!(MOMENT.jti("a").len(), 22);
}

fn field(request: &FormRequest, name: &str) -> Option<String> {
    let mut rows = url::form_urlencoded::parse(request.body.as_bytes());
    rows.find(|(n, _)| n == name).map(|(_, value)| value.into_owned())
}

#[test]
fn a_client_assertion_says_who_to_whom_and_for_how_long() {
    let mut c = client(ClientAuth::ClientSecretJwt, "id", "0123456789abcdef0123456789abcdef");
    for (audience, algorithm, expected) in [("", "", "https://h/token"), ("https://h", "HS256", "https://h")]
    {
        c.assertion_audience = audience.into();
        c.algorithm = algorithm.into();
        let r = build(&c, &[("grant_type", "client_credentials")]).unwrap();
        let jwt = field(&r, "client_assertion").unwrap();
        assert_eq!(r.made, [Secret::new(jwt.as_str())]);
        assert_eq!(field(&r, "client_assertion_type").as_deref(), Some(JWT_BEARER));
        assert!(field(&r, "client_secret").is_none() && authorization(&r).is_none());
        let decoded = jwt::decode(&jwt, MOMENT.now);
        let claims = json!({"iss": "id", "sub": "id", "aud": expected, "iat": 0, "exp": 300, "jti": MOMENT.jti("client")});
        assert_eq!(Json::Object(decoded.claims.unwrap()), claims);
        assert_eq!(Json::Object(decoded.header.unwrap()), json!({"alg": "HS256", "typ": "JWT"}));
        let keys = Jwks::from_secret(b"0123456789abcdef0123456789abcdef");
        assert!(matches!(jwt::verify(&jwt, &keys), Signature::Verified { .. }));
    }
}

#[test]
fn a_private_key_signs_with_its_kid_or_the_profiles() {
    for algorithm in ["ES256", "ES384", "EdDSA"] {
        let key = Arc::new(SigningKey::generate(algorithm).unwrap());
        let c = Client {
            key: Some(Arc::clone(&key)),
            key_id: "k9".into(),
            ..client(ClientAuth::PrivateKeyJwt, "id", "")
        };
        let r = build(&c, &[]).unwrap();
        let jwt = field(&r, "client_assertion").unwrap();
        let header = jwt::decode(&jwt, MOMENT.now).header.unwrap();
        assert_eq!((&header["alg"], &header["kid"]), (&json!(algorithm), &json!("k9")));
        let mut public = key.public_jwk().unwrap();
        public["kid"] = "k9".into();
        let keys = Jwks::parse(&public.to_string()).unwrap();
        assert!(matches!(jwt::verify(&jwt, &keys), Signature::Verified { .. }), "{algorithm}");
    }
}

#[test]
fn a_secret_that_cannot_sign_is_named_without_being_shown() {
    let mut c = client(ClientAuth::ClientSecretJwt, "id", "hunter2");
    c.algorithm = "RS256".into();
    let problem = build(&c, &[]).err().unwrap();
    assert!(
        problem.what.contains("client assertion") && !problem.to_string().contains("hunter2"),
        "{problem}"
    );
}

#[test]
fn a_proof_goes_along_for_the_endpoint_itself() {
    let public = Client::public("id");
    let key = Dpop { key: Arc::new(SigningKey::generate("ES256").unwrap()), nonce: Some("n".into()) };
    let ask =
        FormAsk { url: "https://h/token?x=1".into(), client: &public, fields: Vec::new(), dpop: Some(&key) };
    let r = ask.build("p", &MOMENT).unwrap();
    let claims = jwt::decode(header(&r.headers, "dpop").unwrap(), MOMENT.now).claims.unwrap();
    let expected =
        json!({"jti": MOMENT.jti("dpop"), "htm": "POST", "htu": "https://h/token", "iat": 0, "nonce": "n"});
    assert_eq!(Json::Object(claims), expected);
}
