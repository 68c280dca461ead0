use super::vectors::*;
use super::*;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde_json::json;

const NOW: i64 = 1_800_000_000;

fn now() -> Timestamp {
    Timestamp::from_second(NOW).unwrap()
}

fn key(text: &str) -> Jwks {
    Jwks::parse(text).unwrap()
}

fn b64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn token(header: Json, claims: Json) -> String {
    format!("{}.{}.c2ln", b64(header.to_string()), b64(claims.to_string()))
}

fn hs256(header: Json, claims: Json, secret: &[u8]) -> String {
    let message = format!("{}.{}", b64(header.to_string()), b64(claims.to_string()));
    let mac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret);
    let tag = aws_lc_rs::hmac::sign(&mac, message.as_bytes());
    format!("{message}.{}", b64(tag))
}

fn codes(token: &str) -> Vec<&'static str> {
    decode(token, now()).warnings.iter().map(|w| w.code).collect()
}

fn reason(signature: Signature) -> String {
    match signature {
        Signature::Rejected { reason } => format!("rejected: {reason}"),
        Signature::Unverified { reason } => format!("unverified: {reason}"),
        Signature::Verified { key } => format!("verified: {key}"),
    }
}

#[test]
fn the_published_tokens_verify_with_their_keys_and_no_other() {
    let all = [
        (A1_TOKEN, A1_KEY, "the secret (HS256)"),
        (A2_TOKEN, A2_KEY, "(RS256)"),
        (A3_TOKEN, A3_KEY, "(ES256)"),
        (ED_TOKEN, ED_KEY, "the key with thumbprint kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k (EdDSA)"),
        (PS384_TOKEN, PS384_KEY, "kid bilbo.baggins@hobbiton.example (PS384)"),
        (ES512_TOKEN, ES512_KEY, "kid bilbo.baggins@hobbiton.example (ES512)"),
    ];
    for (i, (token, own, name)) in all.iter().enumerate() {
        let found = reason(verify(token, &key(own)));
        assert!(found.starts_with("verified: ") && found.ends_with(name), "{found}");
        for (j, (_, other, _)) in all.iter().enumerate() {
            if i != j {
                assert!(!matches!(verify(token, &key(other)), Signature::Verified { .. }), "{i} {j}");
            }
        }
    }
}

#[test]
fn one_changed_character_anywhere_is_never_verified() {
    for (token, own) in [(A1_TOKEN, A1_KEY), (A3_TOKEN, A3_KEY), (ED_TOKEN, ED_KEY), (ES512_TOKEN, ES512_KEY)]
    {
        let keys = key(own);
        for i in (0..token.len()).step_by(3) {
            let old = token.as_bytes()[i];
            let new = if old == b'A' { 'B' } else { 'A' };
            let mut changed = token.to_owned();
            changed.replace_range(i..=i, &new.to_string());
            assert!(!matches!(verify(&changed, &keys), Signature::Verified { .. }), "{changed}");
        }
    }
}

#[test]
fn jwt_io_sample_verifies_with_its_secret_and_is_called_weak() {
    let keys = Jwks::from_secret(b"your-256-bit-secret");
    assert_eq!(reason(verify(JWT_IO, &keys)), "verified: the secret (HS256)");
    assert!(
        reason(verify(JWT_IO, &Jwks::from_secret(b"other")))
            .starts_with("rejected: the signature does not fit")
    );
    assert_eq!(codes(JWT_IO), ["weak_secret", "no_exp"]);
}

#[test]
fn thumbprints_match_the_rfcs() {
    for (text, print) in [
        (RFC7638_KEY, "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs"),
        (ED_KEY, "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k"),
        (DPOP_KEY, "0ZcOCORZNYy-DWpqq30jZyJGHTN0d2HglBV3uiguA4I"),
    ] {
        assert_eq!(thumbprint(&key(text).keys[0]).as_deref(), Some(print));
    }
    assert_eq!(thumbprint(json!({"kty": "RSA"}).as_object().unwrap()), None);
}

#[test]
fn decoding_keeps_claims_in_order_and_strips_what_a_paste_brings() {
    for text in [
        A1_TOKEN.to_owned(),
        format!("  Bearer {A1_TOKEN}\r\n"),
        format!("\"{A1_TOKEN}\","),
        format!("Authorization: bearer {A1_TOKEN}"),
        format!("Bearer\n\t{A1_TOKEN}"),
        format!("dpop {A1_TOKEN}"),
        format!("'Bearer \"{A1_TOKEN}\"'"),
    ] {
        let decoded = decode(&text, now());
        assert_eq!(decoded.kind, TokenKind::Jws, "{text}");
        assert_eq!(Json::Object(decoded.header.unwrap()), json!({"typ": "JWT", "alg": "HS256"}));
        let claims = decoded.claims.unwrap();
        let names: Vec<_> = claims.keys().cloned().collect();
        assert_eq!(names, ["iss", "exp", "http://example.com/is_root"]);
        assert_eq!(decoded.signature, Signature::Unverified { reason: "no key was tried".into() });
        assert_eq!(decoded.warnings.len(), 1);
        assert_eq!(decoded.warnings[0].code, "expired");
        assert_eq!(decoded.problem, None);
    }
}

#[test]
fn a_wrapped_token_is_joined_and_said_so() {
    let (a, b) = A1_TOKEN.split_at(70);
    assert_eq!(codes(&format!("{a}\n  {b}")), ["inner_whitespace", "expired"]);
}

#[test]
fn opaque_tokens_say_why() {
    for (text, part) in [
        ("", "empty"),
        ("   ", "empty"),
        ("k3jh45kj3h45", "no dots"),
        ("a.b", "2 parts"),
        ("www.example.com", "no JSON header"),
        ("a.b.c.d.e", "five parts"),
        ("eyJhbGciOiJIUzI1NiJ9", "cut off"),
        ("eyJhbGciOiJIUzI1NiJ9.e30", "cut off"),
        ("Bearer", "no dots"),
        ("\u{1b}[2J.\u{202e}.x", "no JSON header"),
    ] {
        let decoded = decode(text, now());
        assert_eq!(decoded.kind, TokenKind::Opaque, "{text}");
        assert!(decoded.problem.unwrap().contains(part), "{text}");
        assert!(decoded.warnings.is_empty());
    }
    let big = format!("{}.e30.x", "A".repeat(MAX_TOKEN));
    assert!(decode(&big, now()).problem.unwrap().contains("1 MiB"));
}

#[test]
fn an_encrypted_token_shows_its_header_only() {
    let text = format!(
        "{}.a.b.c.d",
        b64(r#"{"alg":"PBES2-HS256+A128KW","enc":"A128GCM","p2c":9000000,"zip":"DEF","cty":"JWT"}"#)
    );
    let decoded = decode(&text, now());
    assert_eq!(decoded.kind, TokenKind::Jwe);
    assert!(decoded.claims.is_none() && decoded.problem.unwrap().contains("encrypted"));
    assert_eq!(codes(&text), ["nested", "p2c_huge", "zip"]);
    assert!(reason(verify(&text, &key(A1_KEY))).starts_with("unverified: "));
}

#[test]
fn broken_parts_are_named_and_the_rest_is_shown() {
    let header = b64(r#"{"alg":"RS256"}"#);
    for (claims, part) in [
        ("", "the payload is no JSON"),
        ("!!", "the payload is no base64url"),
        (&b64("[1]"), "the payload is an array"),
        (&b64("\"x\""), "the payload is a string"),
        (&b64("{\"a\":1"), "the payload is no JSON"),
        (&b64(b"\xff\xfe"), "the payload is no JSON"),
        (&b64("[".repeat(100_000)), "the payload is no JSON"),
    ] {
        let decoded = decode(&format!("{header}.{claims}.c2ln"), now());
        assert!(decoded.header.is_some() && decoded.claims.is_none());
        let problem = decoded.problem.unwrap();
        assert!(problem.starts_with(part), "{problem}");
    }
}

#[test]
fn padding_and_the_standard_alphabet_are_forgiven_when_reading_only() {
    let padded = format!("{}=.{}==.c2ln", b64(r#"{"alg":"HS256","x":"aa"}"#), b64(r#"{"exp":1,"a":"?>"}"#));
    let decoded = decode(&padded, now());
    assert!(decoded.claims.is_some());
    assert_eq!(decoded.warnings[0].code, "not_base64url");
    assert!(reason(verify(&padded, &key(A1_KEY))).contains("RFC 7515"));
    // `?>?>` has `/` and `+` in the standard alphabet
    let standard = base64::engine::general_purpose::STANDARD.encode(r#"{"exp":1,"a":"???>>>~~~"}"#);
    assert!(standard.contains(['+', '/']));
    let text = format!("{}.{standard}.c2ln", b64(r#"{"alg":"HS256"}"#));
    assert_eq!(decode(&text, now()).claims.unwrap()["a"], "???>>>~~~");
}

#[test]
fn each_warning_has_its_cause() {
    let head = || json!({"alg": "RS256"});
    let life = json!({"exp": NOW + 60});
    let with = |extra: Json| {
        let mut claims = life.clone();
        claims.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        token(head(), claims)
    };
    let header = |extra: Json| {
        let mut h = head();
        h.as_object_mut().unwrap().extend(extra.as_object().unwrap().clone());
        token(h, life.clone())
    };
    let cases: Vec<(String, &[&str])> = vec![
        (token(head(), life.clone()), &[]),
        (token(json!({"alg": "nOnE"}), life.clone()), &["alg_none", "alg_none_signed"]),
        (token(json!({"alg": 5}), life.clone()), &["alg_missing"]),
        (token(head(), json!({})), &["no_exp"]),
        (token(head(), json!({"exp": NOW})), &["expired"]),
        (with(json!({"nbf": NOW + 30})), &["not_yet_valid"]),
        (with(json!({"iat": NOW + 1})), &[]),
        (with(json!({"iat": NOW + 30})), &["issued_in_future"]),
        (token(head(), json!({"iat": NOW - 5, "exp": NOW - 10})), &["expired", "iat_after_exp"]),
        (token(head(), json!({"nbf": NOW - 5, "exp": NOW - 10})), &["expired", "never_valid"]),
        (token(head(), json!({"iat": NOW, "exp": NOW + 400 * 86_400})), &["long_lived"]),
        (token(head(), json!({"iat": NOW, "exp": NOW + 366 * 86_400})), &[]),
        (token(head(), json!({"exp": NOW * 1000})), &["time_in_ms"]),
        (token(head(), json!({"exp": "1800000060"})), &["time_not_a_number"]),
        (token(head(), json!({"exp": 1e40})), &["time_not_a_date"]),
        (with(json!({"password": "x"})), &["sensitive_claim"]),
        (with(json!({"note": "4111 1111 1111 1111"})), &["sensitive_claim"]),
        (with(json!({"note": "4111 1111 1111 1112", "id": "4111111111111111"})), &[]),
        (header(json!({"kid": "../../dev/null"})), &["kid_suspicious"]),
        (header(json!({"kid": "x' OR 1=1"})), &["kid_suspicious"]),
        (header(json!({"kid": "https://evil.example/k"})), &["kid_suspicious"]),
        (header(json!({"kid": 7})), &["kid_suspicious"]),
        (header(json!({"kid": "bilbo.baggins@hobbiton.example"})), &[]),
        (header(json!({"kid": "AbC_d-1+/="})), &[]),
        (header(json!({"jku": "https://evil.example/k"})), &["jku_foreign"]),
        (header(json!({"x5u": "https://evil.example/k"})), &["x5u_foreign"]),
        (header(json!({"jwk": {}})), &["embedded_jwk"]),
        (header(json!({"crit": ["exp", "b"]})), &["crit_unknown", "crit_unknown"]),
        (header(json!({"crit": []})), &["crit_unknown"]),
        (header(json!({"cty": "jwt"})), &["nested"]),
        (
            token(
                json!({"alg": "RS256", "jku": "https://a.example/k"}),
                json!({"iss": "https://a.example/x", "exp": NOW + 9}),
            ),
            &[],
        ),
    ];
    for (text, expected) in cases {
        assert_eq!(codes(&text), expected, "{:?}", decode(&text, now()));
    }
}

#[test]
fn repeated_members_are_named_at_any_depth_and_the_last_counts() {
    let text = format!(
        "{}.{}.c2ln",
        b64(r#"{"alg":"none","alg":"RS256"}"#),
        b64(r#"{"exp":1800000060,"sub":"a","sub":"b","x":[{"y":1,"y":2}]}"#)
    );
    let decoded = decode(&text, now());
    assert_eq!(decoded.claims.as_ref().unwrap()["sub"], "b");
    let texts: Vec<_> =
        decoded.warnings.iter().filter(|w| w.code == "duplicate_member").map(|w| &w.text).collect();
    assert_eq!(texts.len(), 3);
    assert!(texts[0].contains("`alg`") && texts[1].contains("`sub`") && texts[2].contains("`y`"));
}

#[test]
fn signatures_of_the_wrong_form_are_noticed() {
    let message =
        |alg: &str| format!("{}.{}", b64(json!({ "alg": alg }).to_string()), b64(r#"{"exp":1800000060}"#));
    let with = |alg: &str, bytes: &[u8]| format!("{}.{}", message(alg), b64(bytes));
    let mut der = vec![0x30, 68, 0x02, 32];
    der.extend([1; 32]);
    der.extend([0x02, 32]);
    der.extend([1; 32]);
    assert_eq!(codes(&with("ES256", &[0; 64])), ["psychic_signature"]);
    assert_eq!(codes(&with("ES256", &der)), ["der_signature"]);
    assert_eq!(codes(&with("ES256", &[1; 63])), ["signature_length"]);
    assert_eq!(codes(&with("ES256", &[1; 64])), [""; 0]);
    assert_eq!(codes(&with("RS256", &[])), ["signature_missing"]);
    assert_eq!(codes(&format!("{}.a", message("RS256"))), ["not_base64url"]);
    let keys = key(A3_KEY);
    assert!(reason(verify(&with("ES256", &der), &keys)).contains("DER form"));
    assert!(
        reason(verify(&with("ES256", &[0; 64]), &keys)).starts_with("rejected: the signature does not fit")
    );
    assert!(reason(verify(&with("RS256", &[]), &keys)).starts_with("rejected: its signature part is empty"));
}

#[test]
fn a_public_key_is_never_taken_as_a_secret() {
    // The classic confusion: HMAC over the public key's text.
    let forged = hs256(json!({"alg": "HS256"}), json!({"sub": "admin"}), A2_KEY.as_bytes());
    assert!(!matches!(verify(&forged, &key(A2_KEY)), Signature::Verified { .. }));
    let with_kid = A2_KEY.replace("\"kty\"", "\"kid\":\"k1\",\"kty\"");
    let forged = hs256(json!({"alg": "HS256", "kid": "k1"}), json!({}), with_kid.as_bytes());
    assert!(
        reason(verify(&forged, &key(&with_kid))).starts_with("rejected: it was made with the public key")
    );
    let plain = hs256(json!({"alg": "HS256", "kid": "k1"}), json!({}), b"x");
    assert!(reason(verify(&plain, &key(&with_kid))).starts_with("rejected: kid k1 is a key of type `RSA`"));
}

#[test]
fn the_key_decides_the_algorithm() {
    let own = A2_KEY.replace("\"kty\"", "\"alg\":\"PS256\",\"kty\"");
    assert!(reason(verify(A2_TOKEN, &key(&own))).contains("is for `PS256`, the token says RS256"));
    let own = A2_KEY.replace("\"kty\"", "\"use\":\"enc\",\"kty\"");
    assert!(reason(verify(A2_TOKEN, &key(&own))).contains("not for signatures"));
    let own = A3_KEY.replace("P-256", "P-384");
    assert!(reason(verify(A3_TOKEN, &key(&own))).contains("is on the curve `P-384`; ES256 needs P-256"));
}

#[test]
fn unsigned_and_critical_tokens_are_rejected() {
    assert_eq!(reason(verify(A5_TOKEN, &key(A2_KEY))), "rejected: it is unsigned (`alg` is none)");
    let crit = hs256(json!({"alg": "HS256", "crit": ["x"], "x": 1}), json!({}), b"k");
    assert!(reason(verify(&crit, &Jwks::from_secret(b"k"))).starts_with("rejected: its `crit` asks for `x`"));
}

#[test]
fn keys_are_chosen_by_kid_else_each_fitting_one_is_tried() {
    let set = |keys: &[String]| key(&format!("{{\"keys\":[{}]}}", keys.join(",")));
    let named = |text: &str, kid: &str| text.replacen('{', &format!("{{\"kid\":\"{kid}\","), 1);
    let keys = set(&[named(RFC7638_KEY, "old"), named(A3_KEY, "ec"), named(A2_KEY, "new")]);
    assert_eq!(reason(verify(A2_TOKEN, &keys)), "verified: kid new (RS256)");
    let keys = set(&[RFC7638_KEY.into(), A2_KEY.into()]);
    assert_eq!(reason(verify(A2_TOKEN, &keys)), "verified: key 2 of 2 (RS256)");
    let keys = set(&[named(RFC7638_KEY, "a")]);
    assert_eq!(
        reason(verify(PS384_TOKEN, &keys)),
        "unverified: no key with kid `bilbo.baggins@hobbiton.example` among the 1 key"
    );
    let bare = PS384_KEY.replace("\"kid\":\"bilbo.baggins@hobbiton.example\",", "");
    assert!(reason(verify(PS384_TOKEN, &key(&bare))).starts_with("verified: the key with thumbprint"));
    let wrong = named(
        &RFC7638_KEY.replace("\"kid\":\"2011-04-29\"", "\"x\":0").replace(",\"alg\":\"RS256\"", ""),
        "bilbo.baggins@hobbiton.example",
    );
    assert_eq!(
        reason(verify(PS384_TOKEN, &set(&[wrong]))),
        "rejected: the signature does not fit kid bilbo.baggins@hobbiton.example (PS384)"
    );
    assert_eq!(reason(verify(A2_TOKEN, &Jwks::default())), "unverified: there is no key in the key set");
    assert_eq!(
        reason(verify(A2_TOKEN, &set(&[A3_KEY.into(), ED_KEY.into()]))),
        "unverified: none of the 2 keys can check RS256"
    );
}

#[test]
fn what_cannot_be_checked_is_unverified_not_rejected() {
    let odd = token(json!({"alg": "Ed448"}), json!({}));
    assert_eq!(reason(verify(&odd, &key(ED_KEY))), "unverified: the algorithm `Ed448` is not supported here");
    let small = json!({"kty": "RSA", "n": b64([0xff; 128]), "e": "AQAB"}).to_string();
    assert!(reason(verify(A2_TOKEN, &key(&small))).contains("has 1024 bits"));
    for broken in [
        json!({"kty": "RSA", "e": "AQAB"}),
        json!({"kty": "RSA", "n": "!", "e": "AQAB"}),
        json!({"kty": "RSA", "n": "", "e": "AQAB"}),
    ] {
        assert!(reason(verify(A2_TOKEN, &key(&broken.to_string()))).starts_with("unverified"), "{broken}");
    }
    let off = json!({"kty": "EC", "crv": "P-256", "x": b64([1; 32]), "y": b64([1; 32])}).to_string();
    assert!(reason(verify(A3_TOKEN, &key(&off))).contains("no point on its curve"));
}

#[test]
fn key_sets_say_what_is_wrong_with_them() {
    assert_eq!(key("{\"keys\":[]}").keys.len(), 0);
    for (text, part) in [
        ("", "no JSON"),
        ("<html>", "no JSON"),
        ("[]", "no JSON object"),
        ("{\"keys\":{}}", "no list"),
        ("{\"keys\":[1]}", "key 1"),
        ("{}", "neither"),
        ("{\"jwks_uri\":\"https://x\"}", "discovery"),
    ] {
        assert!(Jwks::parse(text).unwrap_err().contains(part), "{text}");
    }
}

#[test]
fn keys_are_described_with_what_keeps_them_from_use() {
    let set = format!(
        r#"{{"keys":[{PS384_KEY},{A3_KEY},{{"kty":"RSA","n":"{}","e":"AQAB","kid":"s"}},{{"kty":"OKP","crv":"X25519","x":"AA"}},{A1_KEY},{{"a":1}},{{"kty":"EC","crv":"P-256","use":"enc"}}]}}"#,
        b64([0xff; 128])
    );
    let lines: Vec<String> = key(&set).keys.iter().map(describe).collect();
    assert_eq!(
        lines,
        [
            "kid bilbo.baggins@hobbiton.example, RSA 2048 bits",
            "no kid, EC P-256",
            "kid s, RSA 1024 bits: too short (RFC 7518 asks for 2048 bits)",
            "no kid, OKP X25519: cannot verify signatures here",
            "no kid, oct 512 bits",
            "no kid, no key type: cannot verify signatures here",
            "no kid, EC P-256: not for signatures",
        ]
    );
}

#[test]
fn pem_keys_and_certificates_verify() {
    use aws_lc_rs::encoding::AsDer;
    use aws_lc_rs::signature::{ECDSA_P384_SHA384_FIXED_SIGNING, EcdsaKeyPair, KeyPair};
    let pair = EcdsaKeyPair::generate(&ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let der: aws_lc_rs::encoding::PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n");
    let message = format!("{}.{}", b64(r#"{"alg":"ES384"}"#), b64("{}"));
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let token = format!("{message}.{}", b64(pair.sign(&rng, message.as_bytes()).unwrap()));
    assert!(reason(verify(&token, &Jwks::from_pem(&pem).unwrap())).starts_with("verified"));

    let made = rcgen::generate_simple_self_signed(vec!["x.example".into()]).unwrap();
    let keys = Jwks::from_pem(&made.cert.pem()).unwrap();
    assert_eq!(keys.keys[0]["crv"], "P-256");
    assert!(Jwks::from_pem(&made.signing_key.serialize_pem()).unwrap_err().contains("private"));
    assert!(Jwks::from_pem("hello").unwrap_err().contains("no PEM"));
}

#[test]
fn claims_come_in_a_readers_order_with_meaning_and_times() {
    let claims = json!({
        "x": {"a": [1]}, "jti": "j", "exp": NOW + 3_552, "aud": ["a", "b"], "iss": "https://i", "iat": NOW - 180,
        "scp": "read", "azp": "c", "sub": "model_op", "nbf": (NOW as f64) + 0.5, "auth_time": "soon", "updated_at": NOW * 1000
    });
    let zone = jiff::tz::TimeZone::fixed(jiff::tz::offset(1));
    let lines = explain(claims.as_object().unwrap(), now(), &zone);
    let names: Vec<_> = lines.iter().map(|l| l.name.as_str()).collect();
    assert_eq!(
        names,
        ["sub", "iss", "aud", "azp", "scp", "exp", "nbf", "iat", "auth_time", "jti", "x", "updated_at"]
    );
    let line = |name: &str| lines.iter().find(|l| l.name == name).unwrap();
    assert_eq!(line("sub").meaning, "who the token speaks for (the operator, in Pega)");
    assert_eq!(line("aud").value, "a b");
    assert_eq!(line("x").value, r#"{"a":[1]}"#);
    assert_eq!(line("x").meaning, "");
    assert_eq!(line("exp").note, "2027-01-15 09:59:12 +01:00, in 59 min 12 s");
    assert_eq!(line("iat").note, "2027-01-15 08:57:00 +01:00, 3 min ago");
    assert_eq!(line("auth_time").note, "no date: a number of seconds is expected");
    assert!(line("updated_at").note.starts_with("in milliseconds"));
    assert_eq!(line("sub").note, "");
}

#[test]
fn a_token_speaks_for_its_subject_else_its_client() {
    let who = |v: Json| speaks_for(v.as_object().unwrap());
    assert_eq!(who(json!({"client_id": "c", "sub": "s"})).as_deref(), Some("s"));
    assert_eq!(who(json!({"sub": " ", "username": "u"})).as_deref(), Some("u"));
    assert_eq!(who(json!({"sub": null, "azp": "a", "client_id": "c"})).as_deref(), Some("c"));
    assert_eq!(who(json!({"sub": 7})).as_deref(), Some("7"));
    assert_eq!(who(json!({"name": "x"})), None);
}

#[test]
fn no_damage_makes_it_panic() {
    let mut random = fastrand::Rng::with_seed(7);
    let keys = key(&format!("{{\"keys\":[{A1_KEY},{A2_KEY},{A3_KEY},{ED_KEY},{ES512_KEY}]}}"));
    for round in 0..3_000 {
        let mut bytes = [A1_TOKEN, A3_TOKEN, ED_TOKEN, ES512_TOKEN][round % 4].as_bytes().to_vec();
        for _ in 0..random.usize(1..6) {
            let at = random.usize(..bytes.len());
            match random.u8(..4) {
                0 => bytes[at] = random.u8(..),
                1 => bytes[at] = b'.',
                2 => drop(bytes.drain(at..(at + 3).min(bytes.len()))),
                _ => bytes.insert(at, random.u8(32..127)),
            }
            if bytes.is_empty() {
                bytes.push(b'.');
            }
        }
        let text = String::from_utf8_lossy(&bytes);
        let decoded = decode(&text, now());
        if let Some(claims) = &decoded.claims {
            explain(claims, now(), &jiff::tz::TimeZone::UTC);
        }
        verify(&text, &keys);
        find(&text);
    }
}

#[test]
fn every_supported_algorithm_verifies_what_it_signed() {
    use aws_lc_rs::encoding::{AsDer, PublicKeyX509Der};
    use aws_lc_rs::rsa::KeySize;
    use aws_lc_rs::signature as s;
    use aws_lc_rs::signature::KeyPair;
    let rng = aws_lc_rs::rand::SystemRandom::new();
    let message = |alg: &str| format!("{}.{}", b64(json!({ "alg": alg }).to_string()), b64("{}"));
    let pem = |der: PublicKeyX509Der<'_>| {
        let body = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
        Jwks::from_pem(&format!("-----BEGIN PUBLIC KEY-----\n{body}\n-----END PUBLIC KEY-----\n")).unwrap()
    };
    let mut made: Vec<(&str, String, Jwks)> = Vec::new();

    for (alg, algorithm) in [
        ("HS256", aws_lc_rs::hmac::HMAC_SHA256),
        ("HS384", aws_lc_rs::hmac::HMAC_SHA384),
        ("HS512", aws_lc_rs::hmac::HMAC_SHA512),
    ] {
        let message = message(alg);
        let tag =
            aws_lc_rs::hmac::sign(&aws_lc_rs::hmac::Key::new(algorithm, b"some secret"), message.as_bytes());
        made.push((alg, format!("{message}.{}", b64(tag)), Jwks::from_secret(b"some secret")));
    }
    let rsa = s::RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    for (alg, padding) in [
        ("RS256", &s::RSA_PKCS1_SHA256 as &'static dyn s::RsaEncoding),
        ("RS384", &s::RSA_PKCS1_SHA384),
        ("RS512", &s::RSA_PKCS1_SHA512),
        ("PS256", &s::RSA_PSS_SHA256),
        ("PS384", &s::RSA_PSS_SHA384),
        ("PS512", &s::RSA_PSS_SHA512),
    ] {
        let message = message(alg);
        let mut signature = vec![0; rsa.public_modulus_len()];
        rsa.sign(padding, &rng, message.as_bytes(), &mut signature).unwrap();
        made.push((alg, format!("{message}.{}", b64(signature)), pem(rsa.public_key().as_der().unwrap())));
    }
    for (alg, algorithm) in [
        ("ES256", &s::ECDSA_P256_SHA256_FIXED_SIGNING),
        ("ES384", &s::ECDSA_P384_SHA384_FIXED_SIGNING),
        ("ES512", &s::ECDSA_P521_SHA512_FIXED_SIGNING),
        ("ES256K", &s::ECDSA_P256K1_SHA256_FIXED_SIGNING),
    ] {
        let pair = s::EcdsaKeyPair::generate(algorithm).unwrap();
        let message = message(alg);
        let signature = pair.sign(&rng, message.as_bytes()).unwrap();
        made.push((alg, format!("{message}.{}", b64(signature)), pem(pair.public_key().as_der().unwrap())));
    }
    let pair = s::Ed25519KeyPair::generate().unwrap();
    for alg in ["EdDSA", "Ed25519"] {
        let message = message(alg);
        let signature = pair.sign(message.as_bytes());
        made.push((alg, format!("{message}.{}", b64(signature)), pem(pair.public_key().as_der().unwrap())));
    }

    let mut all = Jwks::default();
    for (alg, token, keys) in &made {
        assert!(
            matches!(verify(token, keys), Signature::Verified { .. }),
            "{alg}: {:?}",
            verify(token, keys)
        );
        all.keys.extend(keys.keys.iter().cloned());
    }
    for (alg, token, _) in &made {
        assert!(matches!(verify(token, &all), Signature::Verified { .. }), "{alg}");
        // The same bytes under another algorithm's name prove nothing.
        for (other, _, _) in made.iter().filter(|(other, _, _)| other != alg) {
            let signature = token.rsplit('.').next().unwrap();
            let renamed = format!("{}.{signature}", message(other));
            assert!(!matches!(verify(&renamed, &all), Signature::Verified { .. }), "{alg} as {other}");
        }
    }
}
