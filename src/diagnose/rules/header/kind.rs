//! What was put into the header: a whole token, an encrypted one, or something else altogether (H-09 to H-11, J-12).

use super::{at_most, is_jwt_like, refused};
use crate::diagnose::evidence::{Evidence, Place};
use crate::diagnose::facts::{Facts, KnownKind, Presented};
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::jwt::TokenKind;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value as Json};

/// Bytes of an RSA signature, for the key sizes people make: 1024, 1536, 2048, 3072, 4096, 6144, 8192 bits.
const RSA_SIZES: [usize; 7] = [128, 192, 256, 384, 512, 768, 1024];

/// The token, where its text may be looked at and the call was refused.
fn token(facts: &Facts) -> Option<&Presented> {
    facts.token.as_ref().filter(|t| !t.masked && refused(facts))
}

fn carrier(facts: &Facts, token: &Presented) -> Evidence {
    let text = format!("the token has {} characters", token.text.expose().chars().count());
    Evidence::request_header(facts, "authorization").unwrap_or_else(|| Evidence::at(Place::Url, text))
}

/// H-09: a part is missing.
pub(super) fn truncated(facts: &Facts, found: &mut Findings) {
    let Some(token) = token(facts) else { return };
    let text: String = token.text.expose().split_whitespace().collect();
    // Percent signs and the like break parts too; that is the nearer reason.
    if !is_jwt_like(&text) || found.has("header.encoding") || found.has("header.invisible") {
        return;
    }
    let parts: Vec<&str> = text.split('.').collect();
    let header = token.decoded.header.as_ref();
    let verdict = match parts.as_slice() {
        [_] => Some((Likelihood::Certain, "the token ends inside the first of its three parts".to_owned())),
        [_, _] => Some((
            Likelihood::Certain,
            "the token has two parts; the third, its signature, is missing".to_owned(),
        )),
        [head, claims, signature] => {
            broken(head, claims).or_else(|| short_signature(facts, header, signature))
        }
        [_, _, _, _] => Some((
            Likelihood::Likely,
            "the token has four parts; a signed one has three, an encrypted one five".to_owned(),
        )),
        _ => None,
    };
    let Some((likelihood, summary)) = verdict else { return };
    found.add(
        Finding::new("header.truncated", at_most(found, likelihood))
            .summary(summary)
            .evidence(carrier(facts, token))
            .evidence(Evidence::jose_header(facts, "alg"))
            .evidence(facts.answer.is_some().then(|| Evidence::status(facts))),
    );
}

/// Header or claims whose JSON breaks off.
fn broken(head: &str, claims: &str) -> Option<(Likelihood, String)> {
    for (part, what) in [(head, "header"), (claims, "claims")] {
        if part.is_empty() {
            return Some((Likelihood::Certain, format!("the part of the token with its {what} is empty")));
        }
        // A last lone character carries no byte: whatever stands before it is read.
        let whole = if part.len() % 4 == 1 { part.get(..part.len() - 1).unwrap_or(part) } else { part };
        let Some(bytes) = base64url(whole) else { continue };
        if serde_json::from_slice::<Json>(&bytes).is_err_and(|e| e.is_eof()) {
            return Some((
                Likelihood::Certain,
                format!("the {what} of the token break off in the midst of their JSON"),
            ));
        }
    }
    None
}

fn base64url(text: &str) -> Option<Vec<u8>> {
    // The last bits of a part that was cut are no padding.
    let lenient = base64::engine::GeneralPurpose::new(
        &base64::alphabet::URL_SAFE,
        base64::engine::GeneralPurposeConfig::new()
            .with_decode_padding_mode(base64::engine::DecodePaddingMode::Indifferent)
            .with_decode_allow_trailing_bits(true),
    );
    URL_SAFE_NO_PAD.decode(text).or_else(|_| lenient.decode(text)).ok()
}

/// A signature that its algorithm never makes.
fn short_signature(
    facts: &Facts,
    header: Option<&Map<String, Json>>,
    signature: &str,
) -> Option<(Likelihood, String)> {
    let alg = header?.get("alg")?.as_str()?;
    if alg.eq_ignore_ascii_case("none") {
        return None;
    }
    if signature.is_empty() {
        return Some((
            Likelihood::Certain,
            format!("the token's signature is missing, though `alg` is {alg}"),
        ));
    }
    if signature.len() % 4 == 1 {
        let n = signature.len();
        return Some((
            Likelihood::Certain,
            format!("the token's signature was cut: no base64url text has {n} characters"),
        ));
    }
    let bytes = base64url(signature)?;
    let expected = match alg {
        "HS256" => 32,
        "HS384" => 48,
        "HS512" | "ES256" | "ES256K" | "EdDSA" | "Ed25519" => 64,
        "ES384" => 96,
        "ES512" => 132,
        "RS256" | "RS384" | "RS512" | "PS256" | "PS384" | "PS512" => {
            return short_rsa(facts, header?, alg, bytes.len());
        }
        _ => return None,
    };
    // An ECDSA signature in DER form is whole; another code says what is wrong with it. Ed448 makes 114 bytes.
    let der = alg.starts_with("ES") && bytes.first() == Some(&0x30);
    if bytes.len() == expected || der || alg == "EdDSA" && bytes.len() == 114 {
        return None;
    }
    // The whole signature of another algorithm was not cut: `alg` is what is wrong then. And nothing that is longer was.
    let whole = [32, 48, 64, 96, 132].contains(&bytes.len());
    let likelihood = match (bytes.len() > expected, whole) {
        (true, true) => return None,
        (false, false) => Likelihood::Certain,
        _ => Likelihood::Likely,
    };
    Some((likelihood, format!("the token's signature has {} bytes; {alg} makes {expected}", bytes.len())))
}

fn short_rsa(
    facts: &Facts,
    header: &Map<String, Json>,
    alg: &str,
    len: usize,
) -> Option<(Likelihood, String)> {
    let kid = header.get("kid").and_then(Json::as_str).unwrap_or_default();
    let key = facts.keys.as_ref().and_then(|keys| keys.with_kid(kid).next()).and_then(|key| {
        let n = key.get("n")?.as_str()?;
        let bytes = base64url(n.trim_end_matches('='))?;
        Some(bytes.len() - bytes.iter().take_while(|b| **b == 0).count())
    });
    match key {
        Some(size) if size == len => None,
        Some(size) => Some((
            Likelihood::Certain,
            format!("the token's signature has {len} bytes; the issuer's key makes {size}"),
        )),
        None if RSA_SIZES.contains(&len) => None,
        // Below 1024 bits, and between bytes of eight, there are no keys in use; anything else is only unusual.
        None if len < 128 => Some((
            Likelihood::Certain,
            format!("the token's signature has {len} bytes; {alg} makes 256 or more"),
        )),
        None => Some((
            Likelihood::Likely,
            format!("the token's signature has {len} bytes, which fits no usual RSA key ({alg})"),
        )),
    }
}

/// H-10: five parts.
pub(super) fn encrypted(facts: &Facts, found: &mut Findings) {
    let Some(token) = token(facts).filter(|_| facts.status() == Some(401)) else { return };
    if token.decoded.kind != TokenKind::Jwe || token.decoded.header.is_none() {
        return;
    }
    // A verifier that complains of the form (`Invalid Compact JWS`) wants three parts and got five.
    let words = facts.words();
    let of_its_form = ["compact jws", "not a jws", "not a valid jwt", "wrong number of segments", "segments"];
    let likelihood =
        if of_its_form.iter().any(|w| words.contains(w)) { Likelihood::Likely } else { Likelihood::Possible };
    found.add(
        Finding::new("header.encrypted_token", likelihood)
            .summary("the token is encrypted (five parts); an API that does not hold the key cannot read it")
            .evidence(Evidence::jose_header(facts, "enc"))
            .evidence(Evidence::jose_header(facts, "alg"))
            .evidence(Evidence::status(facts)),
    );
}

/// H-11 and J-12: something else than an access token.
pub(super) fn wrong_token(facts: &Facts, found: &mut Findings) {
    let Some(token) = token(facts) else { return };
    let text = token.text.expose();
    let Some((likelihood, what, evidence)) =
        known_as(facts, text).or_else(|| says_itself(facts, token)).or_else(|| client_assertion(facts))
    else {
        return;
    };
    let cause = match what.as_str() {
        w if w.contains("ID token") => {
            "An ID token tells the client who logged in. An API expects the access token, which is a member of its own (`access_token`) in the same answer."
        }
        w if w.contains("refresh token") => {
            "A refresh token goes to the token endpoint only, to get new access tokens. No API takes it, and an API that sees it could use it."
        }
        w if w.contains("secret") || w.contains("password") => {
            "A secret goes to the token endpoint only, which gives an access token for it. It has now been shown to the API: consider changing it."
        }
        _ => "What was sent is no access token: it serves another purpose, and the API must refuse it.",
    };
    found.add(
        Finding::new("header.wrong_token", at_most(found, likelihood))
            .summary(format!("{what} was sent in place of the access token"))
            .cause(cause)
            .evidence(evidence)
            .evidence(carrier(facts, token))
            .evidence(Evidence::status(facts))
            .weight(5),
    );
}

type Verdict = (Likelihood, String, Vec<Evidence>);

/// Equal to a secret that is known to be another thing.
fn known_as(facts: &Facts, text: &str) -> Option<Verdict> {
    let same = || facts.known.iter().filter(|k| k.text.expose() == text);
    // Some servers give one text for two purposes; then it is an access token too.
    if same().any(|k| k.kind == KnownKind::AccessToken) {
        return None;
    }
    let known = same().find(|k| !matches!(k.kind, KnownKind::Other | KnownKind::AccessToken))?;
    let id_token = known.kind == KnownKind::IdToken;
    if id_token && wants_id_token(facts) {
        return None;
    }
    // Some APIs take ID tokens; nothing takes the others.
    let likelihood = if id_token { Likelihood::Likely } else { Likelihood::Certain };
    let whose = if known.label.is_empty() { String::new() } else { format!(" of {}", known.label) };
    let words = known.kind.words();
    let evidence = Evidence::at(Place::Profile, format!("the value sent equals {words}{whose}"));
    Some((likelihood, words.to_owned(), vec![evidence]))
}

fn wants_id_token(facts: &Facts) -> bool {
    facts.profile.as_ref().is_some_and(|p| p.use_id_token)
}

/// A token that names its own purpose.
fn says_itself(facts: &Facts, token: &Presented) -> Option<Verdict> {
    let none = Map::new();
    let header = token.decoded.header.as_ref().unwrap_or(&none);
    let claims = token.decoded.claims.as_ref()?;
    let typ = header.get("typ").and_then(Json::as_str).unwrap_or_default().to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    let kind = match typ {
        "dpop+jwt" => Some("a DPoP proof"),
        "logout+jwt" => Some("a logout token"),
        "secevent+jwt" => Some("a security event token"),
        "oauth-authz-req+jwt" => Some("a request object"),
        "token-introspection+jwt" => Some("an introspection answer"),
        _ => None,
    };
    if let Some(kind) = kind {
        return Some((
            Likelihood::Certain,
            kind.to_owned(),
            Evidence::jose_header(facts, "typ").into_iter().collect(),
        ));
    }
    let claim = |name: &str| claims.get(name).and_then(Json::as_str).unwrap_or_default();
    let proof = |name: &str| Evidence::claim_of(facts, name).into_iter().collect::<Vec<_>>();
    if matches!(claim("typ"), "Refresh" | "Offline") {
        return Some((Likelihood::Certain, "a refresh token".to_owned(), proof("typ")));
    }
    if claim("typ") == "ID" || claim("token_use") == "id" {
        let name = if claim("typ") == "ID" { "typ" } else { "token_use" };
        let verdict = (Likelihood::Likely, "an ID token".to_owned(), proof(name));
        return (!wants_id_token(facts)).then_some(verdict);
    }
    // Whatever marks an access token outweighs a nonce: some servers write it into both.
    let access = typ == "at+jwt"
        || claim("typ") == "Bearer"
        || claim("token_use") == "access"
        || ["scope", "scp", "roles", "client_id", "cid", "appid"]
            .iter()
            .any(|name| claims.contains_key(*name));
    if access || wants_id_token(facts) {
        return None;
    }
    if let Some(name) = ["at_hash", "c_hash", "nonce"].into_iter().find(|name| claims.contains_key(*name)) {
        let evidence = Evidence::claim(name, "present, which only ID tokens have");
        return Some((Likelihood::Likely, "an ID token".to_owned(), vec![evidence]));
    }
    // No mark at all, but the client is its audience and it tells of a log-in.
    let client = facts.profile.as_ref().map(|p| p.client_id.as_str()).filter(|id| !id.is_empty())?;
    let own = claim("aud") == client && claims.contains_key("auth_time");
    own.then(|| (Likelihood::Likely, "an ID token".to_owned(), proof("aud")))
}

/// A client assertion: issued by the client to itself, for the token endpoint.
fn client_assertion(facts: &Facts) -> Option<Verdict> {
    let (iss, sub) = (facts.claim_text("iss")?, facts.claim_text("sub")?);
    let token_url = facts.profile.as_ref().map(|p| p.token_url.as_str()).filter(|url| !url.is_empty())?;
    let aud = facts.claim("aud")?;
    let is_for = |url: &str| aud == url || aud.as_array().is_some_and(|list| list.iter().any(|a| a == url));
    (iss == sub && is_for(token_url)).then(|| {
        let evidence = Evidence::claim("aud", "the token endpoint itself");
        (Likelihood::Likely, "a client assertion".to_owned(), vec![evidence])
    })
}
