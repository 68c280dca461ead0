//! Tokens made to get past a check: published vectors and the tricks of RFC 8725.

use super::sign::{SigningKey, sign};
use super::vectors::*;
use super::*;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use jiff::Timestamp;
use serde_json::json;

fn b64(text: impl AsRef<[u8]>) -> String {
    URL_SAFE_NO_PAD.encode(text)
}

fn map(value: Json) -> Map<String, Json> {
    value.as_object().unwrap().clone()
}

fn holds(signature: &Signature) -> bool {
    matches!(signature, Signature::Verified { .. })
}

fn reason(signature: Signature) -> String {
    match signature {
        Signature::Rejected { reason } => reason,
        other => panic!("not rejected: {other:?}"),
    }
}

fn codes(token: &str) -> Vec<&'static str> {
    decode(token, Timestamp::from_second(1_800_000_000).unwrap()).warnings.iter().map(|w| w.code).collect()
}

#[test]
fn wycheproof_agrees() {
    let mut keys = Jwks::default();
    let (mut good, mut bad) = (0, 0);
    for line in WYCHEPROOF.lines().filter(|line| !line.starts_with('#')) {
        if let Some(key) = line.strip_prefix("key ") {
            keys = Jwks::parse(key).unwrap();
            continue;
        }
        let mut words = line.splitn(4, ' ');
        let (expected, number, name) = (words.next().unwrap(), words.next().unwrap(), words.next().unwrap());
        let found = verify(words.next().unwrap(), &keys);
        assert_eq!(holds(&found), expected == "valid", "{number} {name}: {found:?}");
        if expected == "valid" { good += 1 } else { bad += 1 }
    }
    assert_eq!((good, bad), (9, 70));
}

#[test]
fn the_rfc_7520_tokens_hold_and_its_encrypted_ones_are_named() {
    for (token, key) in [
        (RS256_TOKEN, PS384_KEY),
        (PS384_TOKEN, PS384_KEY),
        (ES512_TOKEN, ES512_KEY),
        (HS256_TOKEN, HS256_KEY),
    ] {
        assert!(holds(&verify(token, &Jwks::parse(key).unwrap())), "{token}");
    }
    for (token, expected) in [(PBES2_TOKEN, &[][..]), (ZIP_TOKEN, &["zip"][..])] {
        let decoded = decode(token, Timestamp::UNIX_EPOCH);
        assert_eq!(decoded.kind, TokenKind::Jwe);
        assert_eq!(codes(token), expected);
        assert!(!holds(&verify(token, &Jwks::parse(HS256_KEY).unwrap())));
    }
}

#[test]
fn no_spelling_of_none_passes() {
    let keys = Jwks::parse(A2_KEY).unwrap();
    for alg in ["none", "None", "NONE", "nOnE"] {
        for signature in ["", "c2ln"] {
            let token = format!("{}.e30.{signature}", b64(json!({ "alg": alg }).to_string()));
            assert!(reason(verify(&token, &keys)).contains("unsigned"), "{token}");
        }
    }
    for alg in ["none ", "nonе", "", "HS256\u{0}"] {
        let token = format!("{}.e30.c2ln", b64(json!({ "alg": alg }).to_string()));
        assert!(!holds(&verify(&token, &keys)), "{alg:?}");
    }
}

#[test]
fn the_public_key_as_secret_is_refused_and_called_what_it_is() {
    for algorithm in ["RS256", "ES256", "ES384", "ES512", "ES256K", "EdDSA"] {
        let pair = SigningKey::generate(algorithm).unwrap();
        let mut keys = pair.verifying();
        let jwk = serde_json::to_vec(&keys.keys[0]).unwrap();
        let forged =
            sign(&Map::new(), &map(json!({"sub": "admin"})), &SigningKey::from_secret(&jwk, "").unwrap());
        let forged = forged.unwrap();
        assert!(reason(verify(forged.expose(), &keys)).contains("public key as the secret"), "{algorithm}");
        // A `kid` that names the key changes nothing.
        keys.keys[0].insert("kid".into(), "k".into());
        let jwk = serde_json::to_vec(&keys.keys[0]).unwrap();
        let key = SigningKey::from_secret(&jwk, "HS512").unwrap();
        let forged = sign(&map(json!({"kid": "k"})), &Map::new(), &key).unwrap();
        assert!(reason(verify(forged.expose(), &keys)).contains("public key as the secret"), "{algorithm}");
    }
    // The classic form: the PEM file.
    let made = rcgen::generate_simple_self_signed(vec!["x.example".into()]).unwrap();
    let pem = rcgen::PublicKeyData::subject_public_key_info(&made.signing_key);
    let body = STANDARD.encode(&pem);
    let lines: Vec<&str> = body.as_bytes().chunks(64).map(|c| std::str::from_utf8(c).unwrap()).collect();
    let pem = format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", lines.join("\n"));
    let keys = Jwks::from_pem(&pem).unwrap();
    let forged =
        sign(&Map::new(), &Map::new(), &SigningKey::from_secret(pem.as_bytes(), "").unwrap()).unwrap();
    assert!(reason(verify(forged.expose(), &keys)).contains("public key as the secret"));
    // A plain HS token is not called a forgery.
    let plain = sign(&Map::new(), &Map::new(), &SigningKey::from_secret(b"x", "").unwrap()).unwrap();
    assert!(matches!(verify(plain.expose(), &keys), Signature::Unverified { .. }));
}

#[test]
fn a_kid_is_compared_and_nothing_else() {
    let key = SigningKey::generate("ES256").unwrap().with_kid(Some("a".into()));
    for kid in ["../../dev/null", "' OR 1=1 --", "https://evil.example/jwks", "a\u{0}", "A", ""] {
        let token = sign(&map(json!({ "kid": kid })), &Map::new(), &key).unwrap();
        assert!(matches!(verify(token.expose(), &key.verifying()), Signature::Unverified { .. }), "{kid}");
    }
    // Keys that a token brings along are never used.
    let other = SigningKey::generate("ES256").unwrap();
    let header = json!({"kid": "a", "jwk": other.public_jwk(), "jku": "https://evil.example/", "x5u": "https://evil.example/"});
    let token = sign(&map(header), &Map::new(), &other).unwrap();
    assert!(reason(verify(token.expose(), &key.verifying())).contains("does not fit kid a"));
}

#[test]
fn a_header_with_a_member_twice_is_refused_even_if_signed() {
    let key = SigningKey::from_secret(b"k", "").unwrap();
    let message = format!("{}.e30", b64(r#"{"alg":"none","alg":"HS256"}"#));
    let mac = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, b"k");
    let token = format!("{message}.{}", b64(aws_lc_rs::hmac::sign(&mac, message.as_bytes())));
    assert!(reason(verify(&token, &key.verifying())).contains("`alg` twice"));
}

#[test]
fn an_unencoded_payload_is_refused() {
    assert!(reason(verify(B64_FALSE_TOKEN, &Jwks::parse(A1_KEY).unwrap())).contains("RFC 7797"));
    let key = SigningKey::from_secret(b"k", "").unwrap();
    let token = sign(&map(json!({"b64": false})), &Map::new(), &key).unwrap();
    assert!(reason(verify(token.expose(), &key.verifying())).contains("RFC 7797"));
}

#[test]
fn a_signature_of_the_wrong_length_is_named_and_zeros_are_no_signature() {
    for (algorithm, length) in
        [("ES256", 64), ("ES384", 96), ("ES512", 132), ("ES256K", 64), ("EdDSA", 64), ("HS384", 48)]
    {
        let key = SigningKey::generate(algorithm).unwrap();
        let message = format!("{}.e30", b64(json!({ "alg": algorithm }).to_string()));
        let with = |bytes: &[u8]| format!("{message}.{}", b64(bytes));
        for bytes in [vec![1; length - 1], vec![1; length + 1], vec![0; 2 * length]] {
            let why = reason(verify(&with(&bytes), &key.verifying()));
            assert!(why.contains(&format!("{} bytes; {algorithm} makes {length}", bytes.len())), "{why}");
        }
        assert!(!holds(&verify(&with(&vec![0; length]), &key.verifying())), "{algorithm}");
    }
    let token = |r: u8, s: u8| {
        format!(
            "{}.{}.{}",
            b64(r#"{"alg":"ES256"}"#),
            b64(r#"{"exp":1800000060}"#),
            b64([[r; 32], [s; 32]].concat())
        )
    };
    assert_eq!(codes(&token(0, 1)), ["psychic_signature"]);
    assert_eq!(codes(&token(1, 0)), ["psychic_signature"]);
    assert_eq!(codes(&token(1, 1)), [""; 0]);
}

#[test]
fn weak_secrets_are_found_in_every_form_they_are_used_in() {
    let signed = |secret: &[u8]| {
        let key = SigningKey::from_secret(secret, "HS256").unwrap();
        sign(&Map::new(), &map(json!({"exp": 1_800_000_060})), &key).unwrap()
    };
    let spring = "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970";
    for secret in [
        b"secret".to_vec(),
        b"secret\n".to_vec(),
        b"your-256-bit-secret\0\0\0\0\0\0\0\0\0\0\0\0\0".to_vec(),
        STANDARD.decode(spring).unwrap(),
    ] {
        assert_eq!(codes(signed(&secret).expose()), ["weak_secret"]);
    }
    assert_eq!(codes(signed(b"of nobody's dictionary").expose()), [""; 0]);
}

#[test]
fn what_a_header_brings_along_is_warned_of() {
    let made = rcgen::generate_simple_self_signed(vec!["x.example".into()]).unwrap();
    let token =
        |header: Json, claims: Json| format!("{}.{}.c2ln", b64(header.to_string()), b64(claims.to_string()));
    let claims = json!({"exp": 1_800_000_060});
    let header = json!({"alg": "RS256", "x5c": [STANDARD.encode(made.cert.der())]});
    assert_eq!(codes(&token(header, claims.clone())), ["x5c_self_signed"]);
    assert_eq!(codes(&token(json!({"alg": "RS256", "x5c": ["AA"]}), claims.clone())), [""; 0]);
    // A DPoP proof must bring its key.
    assert_eq!(codes(&token(json!({"alg": "RS256", "typ": "dpop+jwt", "jwk": {}}), claims)), [""; 0]);
    let person = json!({"exp": 1_800_000_060, "email": "a@b.example", "scope": "x"});
    assert_eq!(codes(&token(json!({"alg": "RS256"}), person)), ["personal_claim"]);
    let id = json!({"exp": 1_800_000_060, "email": "a@b.example", "nonce": "n"});
    assert_eq!(codes(&token(json!({"alg": "RS256"}), id)), [""; 0]);
}
