//! What a reader should be told about a decoded token, without asking anybody.
//! Codes are stable; texts quote the token and are untrusted.

use super::decode::segment;
use super::time::{Time, between, read, relative, span};
use super::verify::hmac_of;
use super::{Decoded, TokenKind, Warning};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use x509_parser::prelude::{FromDer, X509Certificate};

/// Members of `crit` this program understands: none.
pub(super) const UNDERSTOOD: [&str; 0] = [];
/// A token that lives longer is a password.
const LONG: u64 = 366 * 86_400;
/// PBES2 rounds above this only serve to keep a reader busy.
const MANY_ROUNDS: u64 = 1_000_000;
/// Secrets printed in tutorials and tools.
const KNOWN_SECRETS: [&str; 40] = [
    "",
    "secret",
    "password",
    "changeme",
    "change-me",
    "your-256-bit-secret",
    "your-384-bit-secret",
    "your-512-bit-secret",
    "a-string-secret-at-least-256-bits-long",
    "a-valid-string-secret-that-is-at-least-384-bits-long",
    "a-valid-string-secret-that-is-at-least-512-bits-long-which-is-very-long",
    "your-secret-key",
    "your_secret_key",
    "your-secret",
    "yoursecretkey",
    "my-secret",
    "my_secret",
    "mysecret",
    "mysecretkey",
    "my-secret-key",
    "supersecret",
    "super-secret",
    "super_secret",
    "super-secret-key",
    "secretkey",
    "secret-key",
    "secret_key",
    "jwt-secret",
    "jwt_secret",
    "jwtsecret",
    "default",
    "admin",
    "test",
    "key",
    "jwt",
    "123456",
    "12345678",
    "1234567890",
    "qwerty",
    // Of a widely copied tutorial for Spring.
    "404E635266556A586E3272357538782F413F4428472B4B6250645367566B5970",
];
/// Claim names that say their value should not be readable by who holds the token.
const SENSITIVE: [&str; 12] = [
    "password",
    "passwd",
    "pwd",
    "secret",
    "client_secret",
    "pin",
    "card_number",
    "cardnumber",
    "credit_card",
    "creditcard",
    "cvv",
    "ssn",
];

/// Claims about a person that an access token seldom needs.
const PERSONAL: [&str; 5] = ["email", "phone_number", "address", "birthdate", "gender"];

/// Untrusted text, cut for use inside a sentence.
pub(super) fn short(text: &str) -> String {
    let mut cut: String = text.chars().take(60).collect();
    if cut.len() < text.len() {
        cut.push('…');
    }
    cut
}

pub(super) fn add(decoded: &mut Decoded, parts: &[&str], now: Timestamp) {
    let mut list = List(Vec::new());
    if let Some(header) = &decoded.header {
        of_header(header, decoded.claims.as_ref(), decoded.kind, &mut list);
        if decoded.kind == TokenKind::Jws {
            of_signature(header, parts, &mut list);
        }
    }
    if let Some(claims) = &decoded.claims {
        of_times(claims, now, &mut list);
        of_content(claims, &mut list);
    }
    decoded.warnings.append(&mut list.0);
}

struct List(Vec<Warning>);

impl List {
    fn add(&mut self, code: &'static str, text: impl Into<String>) {
        self.0.push(Warning { code, text: text.into() });
    }
}

fn of_header(
    header: &Map<String, Json>,
    claims: Option<&Map<String, Json>>,
    kind: TokenKind,
    list: &mut List,
) {
    match header.get("alg") {
        Some(Json::String(alg)) if alg.eq_ignore_ascii_case("none") => {
            list.add("alg_none", "the header says `alg: none`: anybody can make or change this token");
        }
        Some(Json::String(_)) => {}
        _ => list.add("alg_missing", "the header names no algorithm (`alg`), so nobody can verify it"),
    }
    match header.get("kid") {
        Some(Json::String(kid)) if suspicious(kid) => list.add(
            "kid_suspicious",
            format!("`kid` is `{}`: it looks like a path, a URL or a piece of a command", short(kid)),
        ),
        None | Some(Json::String(_)) => {}
        Some(_) => list.add("kid_suspicious", "`kid` is no string"),
    }
    for (name, code) in [("jku", "jku_foreign"), ("x5u", "x5u_foreign")] {
        let Some(value) = header.get(name) else { continue };
        let host = value.as_str().and_then(host);
        let issuer = claims.and_then(|c| c.get("iss")).and_then(Json::as_str).and_then(self::host);
        if host.is_none() || host != issuer {
            list.add(
                code,
                format!(
                    "`{name}` points to `{}`, not to the issuer's host: a server that fetches its keys there trusts the token's sender",
                    short(value.as_str().unwrap_or("no text"))
                ),
            );
        }
    }
    // A DPoP proof has to bring its key (RFC 9449 §4.2).
    let proof =
        header.get("typ").and_then(Json::as_str).is_some_and(|typ| typ.eq_ignore_ascii_case("dpop+jwt"));
    if header.contains_key("jwk") && !proof {
        list.add(
            "embedded_jwk",
            "the header brings its own key (`jwk`): it proves nothing unless the key is known from elsewhere",
        );
    }
    if header.get("x5c").is_some_and(is_self_signed) {
        list.add(
            "x5c_self_signed",
            "the header brings a certificate that nobody but itself vouches for (`x5c`): it proves nothing unless it is \
             known from elsewhere",
        );
    }
    if let Some(crit) = header.get("crit") {
        for name in not_understood(crit) {
            list.add(
                "crit_unknown",
                format!(
                    "`crit` asks for `{}`; a reader that does not know it must refuse the token",
                    short(&name)
                ),
            );
        }
    }
    if header.get("b64") == Some(&Json::Bool(false)) {
        list.add(
            "b64_false",
            "the payload is not base64url encoded (`b64` is false, RFC 7797); few readers take that",
        );
    }
    if header.get("cty").and_then(Json::as_str).is_some_and(|c| c.eq_ignore_ascii_case("JWT")) {
        list.add("nested", "another token is inside this one (`cty` is JWT)");
    }
    if kind == TokenKind::Jwe {
        if header.get("p2c").and_then(Json::as_u64).is_some_and(|n| n > MANY_ROUNDS) {
            list.add("p2c_huge", "`p2c` asks for more than a million rounds, which only keeps a reader busy");
        }
        if header.contains_key("zip") {
            list.add(
                "zip",
                "the content is compressed before encryption; a small token may become very large",
            );
        }
    }
}

/// True when the first certificate of an `x5c` (standard base64, RFC 7515 §4.1.6) names itself as its issuer.
fn is_self_signed(x5c: &Json) -> bool {
    let Some(first) = x5c.get(0).and_then(Json::as_str) else { return false };
    let Ok(der) = STANDARD.decode(first) else { return false };
    X509Certificate::from_der(&der).is_ok_and(|(_, own)| own.subject().as_raw() == own.issuer().as_raw())
}

fn suspicious(kid: &str) -> bool {
    kid.contains("../")
        || kid.contains("..\\")
        || kid.contains("://")
        || kid.starts_with("/dev/")
        || kid.starts_with("/etc/")
        || kid.contains(['\'', '"', ';', '|', '`', '<', '$', '\0', '\n'])
}

fn host(url: &str) -> Option<String> {
    url::Url::parse(url).ok()?.host_str().map(str::to_owned)
}

/// Names in `crit` that are not understood; a malformed `crit` counts as one.
pub(super) fn not_understood(crit: &Json) -> Vec<String> {
    match crit {
        Json::Array(names) if !names.is_empty() => names
            .iter()
            .map(|n| n.as_str().map_or_else(|| n.to_string(), str::to_owned))
            .filter(|n| !UNDERSTOOD.contains(&n.as_str()))
            .collect(),
        other => vec![other.to_string()],
    }
}

/// Bytes of an ECDSA signature in a JWS: r and s, each as long as the curve's order.
pub(super) fn ecdsa_length(alg: &str) -> Option<usize> {
    match alg {
        "ES256" | "ES256K" => Some(64),
        "ES384" => Some(96),
        "ES512" => Some(132),
        _ => None,
    }
}

/// True for the ASN.1 form OpenSSL and Java give, which a JWS must not carry.
pub(super) fn is_der(alg: &str, signature: &[u8]) -> bool {
    ecdsa_length(alg).is_some_and(|n| n != signature.len())
        && signature.first() == Some(&0x30)
        && match signature.get(1) {
            Some(0x81) => signature.get(2).is_some_and(|n| *n as usize == signature.len() - 3),
            Some(n) => *n as usize == signature.len() - 2,
            None => false,
        }
}

fn of_signature(header: &Map<String, Json>, parts: &[&str], list: &mut List) {
    let alg = header.get("alg").and_then(Json::as_str).unwrap_or_default();
    let Some((signature, _)) = segment(parts[2]) else { return };
    if alg.eq_ignore_ascii_case("none") {
        if !signature.is_empty() {
            list.add(
                "alg_none_signed",
                "it says `alg: none` and has a signature all the same: the header was changed",
            );
        }
        return;
    }
    if signature.is_empty() {
        list.add(
            "signature_missing",
            format!("the header says `{}` but the signature part is empty", short(alg)),
        );
        return;
    }
    if let Some(length) = ecdsa_length(alg) {
        let (r, s) = signature.split_at(signature.len() / 2);
        let zero = |part: &[u8]| part.iter().all(|b| *b == 0);
        if signature.len() == length && (zero(r) || zero(s)) {
            list.add(
                "psychic_signature",
                "the signature has a zero where a number belongs, which a faulty verifier accepts for any content (CVE-2022-21449)",
            );
        } else if is_der(alg, &signature) {
            list.add(
                "der_signature",
                "the signature is in DER form; RFC 7518 §3.4 wants r and s side by side, so servers refuse it",
            );
        } else if signature.len() != length {
            list.add(
                "signature_length",
                format!("the signature has {} bytes; {alg} makes {length}", signature.len()),
            );
        }
    }
    if let Some(algorithm) = hmac_of(alg) {
        let message = [parts[0], parts[1]].join(".");
        let fits = |secret: &[u8]| {
            let key = aws_lc_rs::hmac::Key::new(algorithm, secret);
            aws_lc_rs::hmac::verify(&key, message.as_bytes(), &signature).is_ok()
        };
        // As typed, with the line break of an editor, and as the base64 that libraries take secrets in. Zeros behind
        // a secret change nothing: HMAC fills it up with them anyway.
        let known = KNOWN_SECRETS.iter().find(|secret| {
            fits(secret.as_bytes())
                || fits(format!("{secret}\n").as_bytes())
                || STANDARD.decode(secret).is_ok_and(|bytes| fits(&bytes))
        });
        if let Some(secret) = known {
            list.add(
                "weak_secret",
                match *secret {
                    "" => "it is signed with an empty secret: anybody can make such a token".into(),
                    s => format!(
                        "it is signed with the well-known secret `{s}`: anybody can make such a token"
                    ),
                },
            );
        }
    }
}

fn of_times(claims: &Map<String, Json>, now: Timestamp, list: &mut List) {
    let mut get = |name: &'static str| match read(claims.get(name)?) {
        Time::At(at) => Some(at),
        Time::Milliseconds(_) => {
            list.add(
                "time_in_ms",
                format!(
                    "`{name}` is in milliseconds; RFC 7519 counts seconds, so readers see a far-off date"
                ),
            );
            None
        }
        Time::OutOfRange => {
            list.add("time_not_a_date", format!("`{name}` is a number no calendar holds"));
            None
        }
        Time::NotANumber => {
            list.add(
                "time_not_a_number",
                format!("`{name}` is no number; RFC 7519 §2 wants seconds since 1970"),
            );
            None
        }
    };
    let (exp, nbf, iat) = (get("exp"), get("nbf"), get("iat"));
    if !claims.contains_key("exp") {
        list.add("no_exp", "it has no `exp`: it never expires by itself");
    }
    if let Some(exp) = exp
        && exp <= now
    {
        list.add("expired", format!("it expired {}", relative(exp, now)));
    }
    if let Some(nbf) = nbf
        && nbf > now
    {
        list.add("not_yet_valid", format!("it is valid only {} (`nbf`)", relative(nbf, now)));
    }
    // A second of difference is rounding, not a clock that is wrong.
    if let Some(iat) = iat
        && iat.as_second() > now.as_second() + 1
    {
        list.add(
            "issued_in_future",
            format!("it says it was issued {}: the two clocks differ", relative(iat, now)),
        );
    }
    if let (Some(iat), Some(exp)) = (iat, exp)
        && iat > exp
    {
        list.add("iat_after_exp", "it was issued after its own end (`iat` is later than `exp`)");
    }
    if let (Some(nbf), Some(exp)) = (nbf, exp)
        && nbf >= exp
    {
        list.add("never_valid", "it is never valid: `nbf` is not before `exp`");
    }
    if let Some(exp) = exp
        && let Some(life) = between(iat.or(nbf).unwrap_or(now), exp)
        && life.as_secs().unsigned_abs() > LONG
    {
        list.add(
            "long_lived",
            format!(
                "it lives {}; whoever finds it can use it that long",
                span(life.as_secs().unsigned_abs())
            ),
        );
    }
}

fn of_content(claims: &Map<String, Json>, list: &mut List) {
    // In an ID token these are what was asked for.
    let access = ["scope", "scp", "client_id"].iter().any(|name| claims.contains_key(*name))
        && !["nonce", "at_hash", "c_hash"].iter().any(|name| claims.contains_key(*name));
    let personal: Vec<&str> =
        PERSONAL.iter().copied().filter(|name| access && claims.contains_key(*name)).collect();
    if !personal.is_empty() {
        list.add(
            "personal_claim",
            format!(
                "it carries personal data ({}): every API and log it passes can read that",
                personal.join(", ")
            ),
        );
    }
    for (name, value) in claims {
        let plain = name.to_ascii_lowercase().replace('-', "_");
        let card = value.as_str().is_some_and(is_card_number);
        if (SENSITIVE.contains(&plain.as_str()) && !value.is_null()) || card {
            list.add(
                "sensitive_claim",
                format!(
                    "`{}` holds what should not be in a token: everybody who has it can read it",
                    short(name)
                ),
            );
        }
    }
}

/// 13 to 19 digits in groups as on a card, whose check digit is right (ISO/IEC 7812).
fn is_card_number(text: &str) -> bool {
    // A plain run of digits is an id far more often than a card.
    if !text.contains([' ', '-']) || !text.chars().all(|c| c.is_ascii_digit() || c == ' ' || c == '-') {
        return false;
    }
    let digits: Vec<u32> = text.chars().filter_map(|c| c.to_digit(10)).collect();
    let sum: u32 = digits
        .iter()
        .rev()
        .enumerate()
        .map(|(i, d)| if i % 2 == 0 { *d } else { d * 2 / 10 + d * 2 % 10 })
        .sum();
    (13..=19).contains(&digits.len()) && sum.is_multiple_of(10) && sum > 0
}
