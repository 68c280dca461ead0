//! Parts, header and claims of a token, read by hand: libraries refuse what they cannot verify,
//! but the broken token is exactly the one somebody wants to look at.

use super::{Decoded, Signature, TokenKind, Warning, warnings};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde::de::{DeserializeSeed, Deserializer, Error as _, MapAccess, SeqAccess, Visitor};
use serde_json::{Map, Value as Json};
use std::borrow::Cow;
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::fmt;

/// Largest token that is looked at, in bytes. Header limits of servers are far below.
pub const MAX_TOKEN: usize = 1024 * 1024;

/// Padding and stray last bits are forgiven when reading (never when verifying).
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The token without what a paste brings along: blanks, quotes, `Authorization:`, `Bearer `.
pub fn bare(token: &str) -> &str {
    let mut rest = token;
    loop {
        let before = rest.len();
        rest = rest.trim_matches(|c: char| {
            c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ',' | ';' | '\u{feff}' | '\u{200b}')
        });
        for (prefix, blank) in [("authorization:", false), ("bearer", true), ("dpop", true)] {
            if let Some((start, behind)) = rest.split_at_checked(prefix.len())
                && start.eq_ignore_ascii_case(prefix)
                && (!blank || behind.starts_with(char::is_whitespace))
            {
                rest = behind;
            }
        }
        if rest.len() == before {
            return rest;
        }
    }
}

/// Decodes by hand; any algorithm, any damage. Surrounding blanks and a `Bearer ` prefix are dropped.
/// `now` (server's clock where known) is for warnings.
pub fn decode(token: &str, now: Timestamp) -> Decoded {
    let token = bare(token);
    if token.is_empty() {
        return opaque("it is empty".into());
    }
    if token.len() > MAX_TOKEN {
        return opaque(format!("it is {} bytes long; tokens up to 1 MiB are read", token.len()));
    }
    let mut warnings = Vec::new();
    let token: Cow<'_, str> = if token.contains(char::is_whitespace) && token.contains('.') {
        let joined: String = token.split_whitespace().collect();
        let parts = joined.bytes().filter(|b| *b == b'.').count() + 1;
        if matches!(parts, 3 | 5) && looks_like_header(&joined) {
            warnings.push(Warning {
                code: "inner_whitespace",
                text: "blanks or line breaks stood inside the token; sent like that it is refused".into(),
            });
            Cow::Owned(joined)
        } else {
            Cow::Borrowed(token)
        }
    } else {
        Cow::Borrowed(token)
    };

    let parts: Vec<&str> = token.split('.').collect();
    let mut decoded = match parts.len() {
        3 => jws(&parts, &mut warnings),
        5 => jwe(&parts, &mut warnings),
        n => opaque(match (n, looks_like_header(&token)) {
            (1, true) => "it begins like a JWT but ends inside the first part; it was cut off".into(),
            (2, true) => "it has the first two parts of a JWT, but no signature part; it was cut off".into(),
            (1, false) => {
                "it has no dots, so it is no JWT: only the server that issued it can read it".into()
            }
            (n, _) => format!("it has {n} parts; a signed JWT has 3, an encrypted one 5"),
        }),
    };
    decoded.warnings.append(&mut warnings);
    if decoded.kind != TokenKind::Opaque {
        warnings::add(&mut decoded, &parts, now);
    }
    decoded
}

/// True if a token starts as base64url of `{"`, `{ ` or `{` with a line break does.
fn looks_like_header(token: &str) -> bool {
    token.starts_with("ey") || token.starts_with("ew")
}

fn opaque(why: String) -> Decoded {
    Decoded {
        kind: TokenKind::Opaque,
        header: None,
        claims: None,
        signature: Signature::Unverified { reason: "an opaque token has no signature to check".into() },
        warnings: Vec::new(),
        problem: Some(why),
    }
}

fn jws(parts: &[&str], warnings: &mut Vec<Warning>) -> Decoded {
    let header = object(parts[0], "header", warnings);
    if header.is_err() && !looks_like_header(parts[0]) {
        warnings.clear();
        return opaque("it has three parts, but the first is no JSON header, so it is no JWT".into());
    }
    let claims = if header.as_ref().is_ok_and(|h| h.get("b64") == Some(&Json::Bool(false))) {
        Err("the payload is not base64url encoded (`b64` is false)".into())
    } else {
        object(parts[1], "payload", warnings)
    };
    if parts[2].len() % 4 == 1 || segment(parts[2]).is_none() {
        warnings.push(Warning {
            code: "not_base64url",
            text: "the signature part is no base64url; the token was probably cut off or altered".into(),
        });
    }
    let problem = header.as_ref().err().or(claims.as_ref().err()).cloned();
    Decoded {
        kind: TokenKind::Jws,
        header: header.ok(),
        claims: claims.ok(),
        signature: Signature::Unverified { reason: "no key was tried".into() },
        warnings: Vec::new(),
        problem,
    }
}

fn jwe(parts: &[&str], warnings: &mut Vec<Warning>) -> Decoded {
    match object(parts[0], "header", warnings) {
        Ok(header) => Decoded {
            kind: TokenKind::Jwe,
            header: Some(header),
            claims: None,
            signature: Signature::Unverified {
                reason: "an encrypted token can only be checked by who holds its key".into(),
            },
            warnings: Vec::new(),
            problem: Some("it is encrypted: its claims cannot be read without the recipient's key".into()),
        },
        Err(why) => {
            warnings.clear();
            opaque(format!("it has five parts like an encrypted JWT, but {why}"))
        }
    }
}

/// One part as bytes: strictly base64url, else with padding and the standard alphabet forgiven.
/// The flag says whether anything had to be forgiven.
pub(super) fn segment(part: &str) -> Option<(Vec<u8>, bool)> {
    if let Ok(bytes) = URL_SAFE_NO_PAD.decode(part) {
        return Some((bytes, false));
    }
    let fixed = part.replace('+', "-").replace('/', "_");
    LENIENT.decode(fixed.trim_end_matches('=')).ok().map(|bytes| (bytes, true))
}

fn object(part: &str, what: &str, warnings: &mut Vec<Warning>) -> Result<Map<String, Json>, String> {
    let (bytes, forgiven) = segment(part).ok_or_else(|| format!("the {what} is no base64url"))?;
    if forgiven {
        warnings.push(Warning {
            code: "not_base64url",
            text: format!(
                "the {what} has padding or standard base64 in it; RFC 7515 wants base64url without `=`"
            ),
        });
    }
    let (value, duplicates) = parse(&bytes).map_err(|e| format!("the {what} is no JSON: {e}"))?;
    for name in duplicates {
        warnings.push(Warning {
            code: "duplicate_member",
            text: format!(
                "`{}` stands twice in the {what}; readers disagree on which one counts",
                warnings::short(&name)
            ),
        });
    }
    match value {
        Json::Object(map) => Ok(map),
        other => Err(format!(
            "the {what} is {} and no JSON object",
            match other {
                Json::Array(_) => "an array",
                Json::String(_) => "a string",
                Json::Number(_) => "a number",
                Json::Bool(_) => "a boolean",
                _ => "null",
            }
        )),
    }
}

/// Parses JSON and names the members that stand more than once in one object, at any depth.
pub(super) fn parse(bytes: &[u8]) -> Result<(Json, BTreeSet<String>), String> {
    let duplicates = RefCell::new(BTreeSet::new());
    let mut from = serde_json::Deserializer::from_slice(bytes);
    let value = Noting(&duplicates).deserialize(&mut from).map_err(|e| e.to_string())?;
    from.end().map_err(|e| e.to_string())?;
    Ok((value, duplicates.into_inner()))
}

/// Builds a value as `serde_json` does (the last of equal members wins) and notes the equal ones.
#[derive(Clone, Copy)]
struct Noting<'a>(&'a RefCell<BTreeSet<String>>);

impl<'de> DeserializeSeed<'de> for Noting<'_> {
    type Value = Json;

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<Json, D::Error> {
        from.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Noting<'_> {
    type Value = Json;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_bool<E>(self, v: bool) -> Result<Json, E> {
        Ok(Json::Bool(v))
    }

    fn visit_i64<E>(self, v: i64) -> Result<Json, E> {
        Ok(v.into())
    }

    fn visit_u64<E>(self, v: u64) -> Result<Json, E> {
        Ok(v.into())
    }

    fn visit_f64<E: serde::de::Error>(self, v: f64) -> Result<Json, E> {
        serde_json::Number::from_f64(v).map(Json::Number).ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, v: &str) -> Result<Json, E> {
        Ok(Json::String(v.to_owned()))
    }

    fn visit_string<E>(self, v: String) -> Result<Json, E> {
        Ok(Json::String(v))
    }

    fn visit_unit<E>(self) -> Result<Json, E> {
        Ok(Json::Null)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Json, A::Error> {
        let mut items = Vec::new();
        while let Some(item) = seq.next_element_seed(self)? {
            items.push(item);
        }
        Ok(Json::Array(items))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut access: A) -> Result<Json, A::Error> {
        let mut map = Map::new();
        while let Some(name) = access.next_key::<String>()? {
            let value = access.next_value_seed(self).map_err(A::Error::custom)?;
            if map.insert(name.clone(), value).is_some() {
                self.0.borrow_mut().insert(name);
            }
        }
        Ok(Json::Object(map))
    }
}
