//! Keys of every kind read, written and used.

use super::*;
use crate::jwt::{Signature, vectors, verify};
use aws_lc_rs::encoding::{AsDer, EcPrivateKeyRfc5915Der, Pkcs8V1Der};
use serde_json::json;

fn pem(label: &str, der: &[u8]) -> Secret {
    let body = base64::engine::general_purpose::STANDARD.encode(der);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
    Secret::new(format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")))
}

fn map(value: Json) -> Map<String, Json> {
    value.as_object().unwrap().clone()
}

/// The words of a refusal.
fn refused(text: &str, algorithm: &str) -> String {
    SigningKey::read(&Secret::new(text), algorithm).unwrap_err()
}

fn holds(token: &Secret, key: &SigningKey) -> bool {
    matches!(verify(token.expose(), &key.verifying()), Signature::Verified { .. })
}

#[test]
fn every_algorithm_signs_what_its_key_verifies_and_survives_being_written_as_jwk() {
    for algorithm in ALGORITHMS {
        let key = SigningKey::generate(algorithm).unwrap().with_kid(Some("k-1".into()));
        assert_eq!(key.algorithm(), algorithm);
        let header = map(json!({"typ": "JWT", "alg": "none", "kid": "k-1"}));
        let token = sign(&header, &map(json!({"b": 1, "a": 2})), &key).unwrap();
        assert!(holds(&token, &key), "{algorithm}");
        let again = SigningKey::read(&key.to_jwk(), "").unwrap();
        assert_eq!((again.algorithm(), again.kid()), (algorithm, Some("k-1")));
        assert_eq!(again.thumbprint(), key.thumbprint());
        assert!(holds(&sign(&header, &Map::new(), &again).unwrap(), &key), "{algorithm}");
        assert_eq!(key.public_jwk().is_none(), algorithm.starts_with("HS"));
        assert_eq!(format!("{key:?}"), format!("SigningKey({algorithm})"));
        let other = SigningKey::generate(algorithm).unwrap();
        assert!(!holds(&token, &other), "{algorithm}: another key must not fit");
    }
}

#[test]
fn the_header_has_its_algorithm_first_and_keeps_the_order_of_the_rest() {
    let key = SigningKey::from_secret(b"s", "").unwrap();
    let header = map(json!({"typ": "JWT", "alg": "RS256", "kid": "x"}));
    let token = sign(&header, &map(json!({"z": 1, "a": 2})), &key).unwrap();
    let parts: Vec<String> = token
        .expose()
        .split('.')
        .take(2)
        .map(|p| String::from_utf8(URL_SAFE_NO_PAD.decode(p).unwrap()).unwrap())
        .collect();
    assert_eq!(parts, [r#"{"alg":"HS256","typ":"JWT","kid":"x"}"#, r#"{"z":1,"a":2}"#]);
}

#[test]
fn rfc_7515_and_8037_tokens_are_made_again_byte_for_byte() {
    let key = SigningKey::read(&Secret::new(vectors::ED_PRIVATE), "").unwrap();
    let token = sign_payload(&Map::new(), b"Example of Ed25519 signing", &key).unwrap();
    assert_eq!(token.expose(), vectors::ED_TOKEN);
    assert_eq!(key.thumbprint().unwrap(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
    // A.1 has blanks in its header, so only its signature can be compared.
    let key = SigningKey::read(&Secret::new(vectors::A1_KEY), "HS256").unwrap();
    let (message, signature) = vectors::A1_TOKEN.rsplit_once('.').unwrap();
    assert_eq!(URL_SAFE_NO_PAD.encode(key.signature(message.as_bytes()).unwrap()), signature);
}

#[test]
fn pem_of_every_form_is_read_and_the_usual_algorithm_chosen() {
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let written: Pkcs8V1Der<'static> = rsa.as_der().unwrap();
    let inner = der::pkcs8(written.as_ref()).unwrap().inner;
    for (text, algorithm, expected) in [
        (pem("PRIVATE KEY", written.as_ref()), "", "RS256"),
        (pem("RSA PRIVATE KEY", inner), "PS512", "PS512"),
        (pem("RSA PRIVATE KEY", inner), "rs384", "RS384"),
    ] {
        let key = SigningKey::read(&text, algorithm).unwrap();
        assert_eq!(key.algorithm(), expected);
        assert!(holds(&sign(&Map::new(), &Map::new(), &key).unwrap(), &key));
    }
    for curve in &CURVES {
        let pair = EcdsaKeyPair::generate(curve.signing).unwrap();
        let sec1: EcPrivateKeyRfc5915Der<'static> = pair.private_key().as_der().unwrap();
        let both =
            [pem("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref()), pem("EC PRIVATE KEY", sec1.as_ref())];
        for text in both {
            let key = SigningKey::read(&text, "").unwrap();
            assert_eq!(key.algorithm(), curve.algorithm);
            assert!(holds(&sign(&Map::new(), &Map::new(), &key).unwrap(), &key));
        }
    }
    let pair = Ed25519KeyPair::generate().unwrap();
    for der in [pair.to_pkcs8v1().unwrap(), pair.to_pkcs8().unwrap()] {
        let text = pem("PRIVATE KEY", der.as_ref());
        assert_eq!(SigningKey::read(&text, "").unwrap().algorithm(), "EdDSA");
        assert_eq!(SigningKey::read(&text, "Ed25519").unwrap().algorithm(), "Ed25519");
    }
}

#[test]
fn a_pem_survives_environment_variables_comments_and_a_certificate_beside_it() {
    let made = rcgen::generate_simple_self_signed(vec!["x.example".into()]).unwrap();
    let key = made.signing_key.serialize_pem();
    let with_certificate = format!("Bag Attributes\n    localKeyID: 01\n{}{key}", made.cert.pem());
    for text in [
        key.replace('\n', "\\n"),
        key.replace('\n', " "),
        key.replace('\n', "\r\n"),
        with_certificate,
        format!("\u{feff}{key}"),
    ] {
        assert_eq!(SigningKey::read(&Secret::new(text.clone()), "").unwrap().algorithm(), "ES256", "{text}");
    }
}

#[test]
fn what_cannot_sign_is_named_with_the_way_out() {
    let made = rcgen::generate_simple_self_signed(vec!["x.example".into()]).unwrap();
    let frame = |label: &str, body: &str| format!("-----BEGIN {label}-----\n{body}\n-----END {label}-----");
    let openssl = "openssl pkey -in";
    for (text, part) in [
        ("", "empty"),
        ("hello", "no private key in it"),
        (&made.cert.pem(), "it is a certificate"),
        (&frame("PUBLIC KEY", "MAA="), "it is a public key"),
        (&frame("ENCRYPTED PRIVATE KEY", "MAA="), openssl),
        (&frame("RSA PRIVATE KEY", "Proc-Type: 4,ENCRYPTED\nDEK-Info: AES-256-CBC,00\n\nMAA="), openssl),
        (&frame("OPENSSH PRIVATE KEY", "MAA="), "ssh-keygen -p"),
        (&frame("PRIVATE KEY", "MAA="), "no PKCS#8"),
        (&frame("PRIVATE KEY", "!!"), "no base64"),
        ("-----BEGIN PRIVATE KEY-----\nMAA=", "cut off"),
        ("ssh-rsa AAAA x@y", "OpenSSH public key"),
        (vectors::A2_KEY, "public key (the JWK has no `d`)"),
        (r#"{"keys":[]}"#, "none of the 0 keys"),
        (r#"{"kty":"oct","k":""}"#, "secret is empty"),
        (r#"{"kty":"oct","k":"AAAA","use":"enc"}"#, "not for signatures"),
        (r#"{"kty":"oct","k":"AAAA","key_ops":["verify"]}"#, "not for signing"),
        (r#"{"kty":"OKP","crv":"Ed448","d":"AA","x":"AA"}"#, "Ed448"),
        (r#"{"kty":"OKP","crv":"X25519","d":"AA","x":"AA"}"#, "signs nothing"),
        (r#"{"kty":"EC","crv":"P-192","d":"AA","x":"AA","y":"AA"}"#, "P-192"),
        ("{", "no JSON"),
    ] {
        assert!(refused(text, "").contains(part), "{text}: {}", refused(text, ""));
    }
    let key = made.signing_key.serialize_pem();
    assert_eq!(refused(&key, "RS256"), "RS256 needs an RSA key; this is an EC key on P-256");
    assert_eq!(refused(&key, "ES384"), "ES384 needs an EC key on P-384; this is an EC key on P-256");
    assert!(refused(&key, "none").contains("no signature"));
    assert!(refused(&key, "XS1").contains("these can: HS256"));
    assert!(refused(&format!("{key}{key}"), "").contains("2 private keys"));
    assert!(SigningKey::from_secret(b"x", "RS256").unwrap_err().contains("needs an RSA key"));
    assert!(SigningKey::from_secret(b"", "").is_err());
}

#[test]
fn a_jwk_decides_its_algorithm_and_belongs_together() {
    let key = SigningKey::generate("ES256").unwrap();
    assert!(refused(key.to_jwk().expose(), "RS256").contains("for ES256 (`alg`), not for RS256"));
    let mut broken: Json = serde_json::from_str(key.to_jwk().expose()).unwrap();
    broken["x"] = SigningKey::generate("ES256").unwrap().public_jwk().unwrap()["x"].clone();
    assert!(refused(&broken.to_string(), "").contains("does not belong"));
    let mut rsa: Json =
        serde_json::from_str(SigningKey::generate("RS256").unwrap().to_jwk().expose()).unwrap();
    let p = rsa.as_object_mut().unwrap().remove("p").unwrap();
    assert!(refused(&rsa.to_string(), "").contains("lacks its `p`"));
    rsa["p"] = rsa["q"].clone();
    assert!(refused(&rsa.to_string(), "").contains("do not fit together"));
    rsa["p"] = p;
    rsa["alg"] = "RS512".into();
    assert_eq!(SigningKey::read(&Secret::new(rsa.to_string()), "").unwrap().algorithm(), "RS512");
    // EdDSA and Ed25519 name one thing (RFC 9864 §2.2).
    let ed = SigningKey::generate("EdDSA").unwrap();
    assert_eq!(SigningKey::read(&ed.to_jwk(), "Ed25519").unwrap().algorithm(), "Ed25519");
}

#[test]
fn of_a_set_the_private_key_is_taken_or_the_one_named() {
    let [a, b] = ["a", "b"].map(|kid| SigningKey::generate("ES256").unwrap().with_kid(Some(kid.into())));
    let set = |keys: &[&str]| Secret::new(format!("{{\"keys\":[{}]}}", keys.join(",")));
    let public = set(&[vectors::A2_KEY, a.to_jwk().expose()]);
    assert_eq!(SigningKey::read(&public, "").unwrap().kid(), Some("a"));
    let two = set(&[a.to_jwk().expose(), b.to_jwk().expose()]);
    assert!(SigningKey::read(&two, "").unwrap_err().contains("name one by its `kid`: a, b"));
    assert_eq!(SigningKey::read_one(&two, "", "b").unwrap().kid(), Some("b"));
    assert!(SigningKey::read_one(&two, "", "c").unwrap_err().contains("`c`"));
}

#[test]
fn a_short_rsa_key_is_refused_with_its_size() {
    let der = |bits: usize| {
        let mut n = vec![0x02, 0x82, (bits / 8) as u8, 0];
        n[2] = ((bits / 8) >> 8) as u8;
        n[3] = ((bits / 8) & 0xff) as u8;
        n.extend(vec![0xff; bits / 8]);
        let mut all = vec![0x02, 1, 0];
        all.extend(n);
        all.extend([0x02, 1, 3].repeat(7));
        let mut out = vec![0x30, 0x82, (all.len() >> 8) as u8, (all.len() & 0xff) as u8];
        out.extend(all);
        out
    };
    let why = SigningKey::read(&pem("RSA PRIVATE KEY", &der(1024)), "").unwrap_err();
    assert!(why.contains("1024 bits") && why.contains("openssl genrsa"), "{why}");
    let jwk = json!({"kty": "RSA", "n": URL_SAFE_NO_PAD.encode([0xff; 128]), "e": "AQAB", "d": "AQAB"});
    assert!(refused(&jwk.to_string(), "").contains("1024 bits"));
}

#[test]
fn files_that_are_no_text_get_their_command() {
    let p12 = [0x30, 0x82, 0x01, 0x00, 0x02, 0x01, 0x03, 0x30, 0x82];
    let mut whole = vec![0x30, 7, 0x02, 1, 3, 0x30, 2, 5, 0];
    for bytes in [&[0x30, 0x80, 0x02, 0x01, 0x03, 0x30, 0x80][..], &whole] {
        assert!(
            unreadable(bytes, "my/id.p12").contains("`openssl pkcs12 -in my/id.p12 -out my/id.pem -nodes`")
        );
    }
    assert!(unreadable(&p12, "x.pfx").contains("`openssl pkcs12 -in x.pfx -out x.pem -nodes`"), "cut off");
    // A name that a shell would read otherwise is not put into a command.
    assert!(unreadable(&whole, "a b; rm.p12").contains("-in FILE -out FILE.pem"));
    assert!(unreadable(&[0xfe, 0xed, 0xfe, 0xed, 0], "s.jks").contains("keytool"));
    let pair = EcdsaKeyPair::generate(&s::ECDSA_P256_SHA256_FIXED_SIGNING).unwrap();
    let der = pair.to_pkcs8v1().unwrap();
    assert!(unreadable(der.as_ref(), "k.der").contains("openssl pkey -inform DER -in k.der -out k.pem"));
    let text = base64::engine::general_purpose::STANDARD.encode(der.as_ref());
    assert!(refused(&text, "").contains("base64 without a PEM frame"));
    whole.clear();
    assert_eq!(unreadable(&whole, "k"), "it is neither PEM nor a JWK");
}

#[test]
fn typed_claims_are_signed_as_written_and_mistakes_have_a_place() {
    let key = SigningKey::from_secret(b"secret", "").unwrap();
    let token = sign_text(
        "{ \"typ\" : \"JWT\" }",
        "{\n  \"n\": 12345678901234567890123.10,\n  \"s\": \"a b\\\" c\"\n}",
        &key,
    );
    let token = token.unwrap();
    let payload = URL_SAFE_NO_PAD.decode(token.expose().split('.').nth(1).unwrap()).unwrap();
    assert_eq!(String::from_utf8(payload).unwrap(), r#"{"n":12345678901234567890123.10,"s":"a b\" c"}"#);
    assert!(holds(&token, &key));
    assert!(holds(&sign_text("", "{}", &key).unwrap(), &key));

    let place = |header: &str, claims: &str| {
        let p = sign_text(header, claims, &key).unwrap_err();
        (p.what, p.line, p.column)
    };
    assert_eq!(place("{}", "{\n \"é\": tru }"), ("the claims are no JSON".into(), Some(2), Some(10)));
    assert_eq!(place("{", "{}"), ("the header is no JSON".into(), Some(1), Some(1)));
    assert_eq!(place("{}", "[1]"), ("the claims must be a JSON object".into(), Some(1), Some(1)));
    assert_eq!(
        place("{}", "{\"a\":\"b\",\n \"b\":1,\n  \"b\":2}"),
        ("`b` stands twice in the claims".into(), Some(3), Some(3))
    );
    assert_eq!(place("{}", "").1, Some(1));
}

#[test]
fn no_damage_to_a_key_makes_it_panic() {
    let mut random = fastrand::Rng::with_seed(11);
    let pair = EcdsaKeyPair::generate(&s::ECDSA_P384_SHA384_FIXED_SIGNING).unwrap();
    let sec1: EcPrivateKeyRfc5915Der<'static> = pair.private_key().as_der().unwrap();
    let rsa: Pkcs8V1Der<'static> = RsaKeyPair::generate(KeySize::Rsa2048).unwrap().as_der().unwrap();
    for round in 0..600 {
        let (label, mut bytes) = match round % 3 {
            0 => ("EC PRIVATE KEY", sec1.as_ref().to_vec()),
            1 => ("PRIVATE KEY", rsa.as_ref().to_vec()),
            _ => ("PRIVATE KEY", pair.to_pkcs8v1().unwrap().as_ref().to_vec()),
        };
        for _ in 0..random.usize(1..4) {
            let at = random.usize(..bytes.len().min(40));
            bytes[at] = random.u8(..);
        }
        bytes.truncate(random.usize(1..=bytes.len()));
        let _ = SigningKey::read(&pem(label, &bytes), "");
        unreadable(&bytes, "x");
    }
}

#[test]
fn typed_values_are_json_where_they_read_as_such_and_times_may_count_from_now() {
    for (name, text, expected) in [
        ("exp", "+10m", json!(1_600)),
        ("nbf", "-1h", json!(-2_600)),
        ("iat", "1000", json!(1_000)),
        ("exp", "+soon", json!("+soon")),
        ("exp", "+é", json!("+é")),
        ("sub", "+10m", json!("+10m")),
        ("aud", "[\"a\",\"b\"]", json!(["a", "b"])),
        ("admin", "true", json!(true)),
        ("tid", "null", json!(null)),
        ("sub", "model_op", json!("model_op")),
        ("sub", "", json!("")),
    ] {
        assert_eq!(edit_value(name, text, 1_000), expected, "{name}={text}");
    }
    assert_eq!(lifetime("30d"), Ok(2_592_000));
    assert_eq!(lifetime("90"), Ok(90));
    for text in ["", "m", "5y", "1.5h", "-5m", "99999999999999999999d"] {
        assert!(lifetime(text).is_err(), "{text}");
    }
}

#[test]
fn a_short_secret_is_told_with_the_length_it_should_have() {
    let weak_of = |secret: &[u8], alg: &str| weak(&SigningKey::from_secret(secret, alg).unwrap());
    assert!(weak_of(&[1; 31], "HS256").unwrap().contains("has 31 bytes; RFC 7518 §3.2 wants 32"));
    assert_eq!(weak_of(&[1; 32], "HS256"), None);
    assert!(weak_of(&[1; 32], "HS512").is_some());
    assert_eq!(weak(&SigningKey::generate("ES256").unwrap()), None);
}

#[test]
fn keys_to_verify_with_are_read_from_any_form() {
    use crate::jwt::Jwks;
    let made = rcgen::generate_simple_self_signed(vec!["x.example".into()]).unwrap();
    let private = Secret::new(made.signing_key.serialize_pem());
    let key = SigningKey::read(&private, "").unwrap();
    let token = sign(&Map::new(), &Map::new(), &key).unwrap();
    let rsa = RsaKeyPair::generate(KeySize::Rsa2048).unwrap();
    let public = pem("RSA PUBLIC KEY", aws_lc_rs::signature::KeyPair::public_key(&rsa).as_ref());
    assert_eq!(Jwks::read(&public).unwrap().keys[0]["e"], "AQAB");
    for text in [
        private.clone(),
        Secret::new(made.cert.pem()),
        key.to_jwk(),
        Secret::new(key.public_jwk().unwrap().to_string()),
    ] {
        let keys = Jwks::read(&text).unwrap();
        assert!(matches!(verify(token.expose(), &keys), Signature::Verified { .. }));
    }
    assert!(Jwks::read(&Secret::new("x")).is_err());
}

#[test]
fn header_and_claims_of_one_text_are_told_apart_and_keep_their_lines() {
    let (header, claims) = two_objects("{\n \"alg\": \"ES256\"\n}\n\n{\n \"a\": tru }\n");
    assert_eq!(object(&header, "header").unwrap()["alg"], "ES256");
    let problem = object(&claims, "claims").unwrap_err();
    assert_eq!((problem.what.as_str(), problem.line), ("the claims are no JSON", Some(6)));
    let (header, claims) = two_objects("{\n \"alg\" }\n{}");
    assert_eq!(object(&header, "header").unwrap_err().line, Some(2));
    assert!(object(&claims, "claims").is_err());
    assert_eq!(two_objects(""), (String::new(), String::new()));
    assert_eq!(two_objects("{}{\"é\":1}"), ("{}".into(), "{\"é\":1}".into()));
}
