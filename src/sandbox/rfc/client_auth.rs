//! Which client asks, and the proof of it: RFC 6749 section 2.3, RFC 7521 section 4.2, RFC 8705 section 2.
//! Each client may use its registered method only, and one method at a time.

use super::clients::{Client, Method, TLS_SUBJECT, find, same};
use super::error;
use super::jws::{Jws, is_signed};
use super::params::Params;
use crate::sandbox::answer::{Answer, With};
use crate::sandbox::call::Call;
use crate::sandbox::faults::{Fault, Leg};
use crate::sandbox::state::Shared;
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use x509_parser::prelude::{FromDer, X509Certificate};

/// RFC 7523 section 2.2.
pub(super) const ASSERTION_TYPE: &str = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

/// Seconds an assertion may live, and clocks may differ.
const LONGEST_S: i64 = 3600;
const SKEW_S: i64 = 60;

fn invalid(text: &str) -> Answer {
    error(401, "invalid_client", text)
}

/// The client of a request to one of the endpoints, proved by its own method.
pub(super) fn authenticate(
    shared: &Shared,
    call: &Call,
    form: &Params,
    now: i64,
) -> Result<&'static Client, Answer> {
    let basic = call.headers.contains_key("authorization");
    let (post, assertion) = (form.get("client_secret").is_some(), form.get("client_assertion"));
    if usize::from(basic) + usize::from(post) + usize::from(assertion.is_some()) > 1 {
        let text = "The client used more than one method to authenticate.";
        return Err(error(400, "invalid_request", text));
    }
    let client = match (basic, assertion) {
        (true, _) => by_basic(shared, call)?,
        (false, Some(assertion)) => by_assertion(shared, form, assertion, now)?,
        (false, None) => by_form(shared, call, form)?,
    };
    if form.get("client_id").is_some_and(|id| id != client.id) {
        return Err(error(400, "invalid_request", "client_id is not the client that authenticated."));
    }
    if shared.faults().at(Leg::Token, Fault::WrongSecret) && !client.is_public() {
        return Err(invalid("Client authentication failed."));
    }
    Ok(client)
}

/// The client, when it may use this method.
fn with_method(id: &str, method: Method) -> Result<&'static Client, Answer> {
    let client = find(id).ok_or_else(|| invalid("There is no such client."))?;
    if client.method == method {
        return Ok(client);
    }
    let text =
        format!("{} authenticates with {}, not with {}.", client.id, client.method.name(), method.name());
    Err(invalid(&text))
}

fn is_right(shared: &Shared, client: &Client, given: &str) -> bool {
    shared.rfc.secrets.get(client.id).is_some_and(|right| same(right.expose(), given))
}

/// Both halves are form-encoded before they are joined (RFC 6749 section 2.3.1); raw ones are not taken.
fn by_basic(shared: &Shared, call: &Call) -> Result<&'static Client, Answer> {
    let challenge =
        |answer: Answer| answer.with("www-authenticate", "Basic realm=\"rfc\", charset=\"UTF-8\"");
    let decoded = |text: &str| {
        let text = text.replace('+', " ");
        percent_encoding::percent_decode_str(&text).decode_utf8().ok().map(std::borrow::Cow::into_owned)
    };
    let pair = call
        .header("authorization")
        .and_then(|value| value.split_once(' '))
        .filter(|(scheme, _)| scheme.eq_ignore_ascii_case("basic"))
        .and_then(|(_, text)| STANDARD.decode(text.trim()).ok())
        .and_then(|bytes| String::from_utf8(bytes).ok())
        .and_then(|text| text.split_once(':').map(|(id, secret)| (decoded(id), decoded(secret))));
    let Some((Some(id), Some(secret))) = pair else {
        return Err(challenge(invalid("The Authorization header is not Basic with an id and a secret.")));
    };
    let client = with_method(&id, Method::Basic).map_err(challenge)?;
    match is_right(shared, client, &secret) {
        true => Ok(client),
        false => Err(challenge(invalid(
            "The secret is wrong. Id and secret are form-encoded before base64 (RFC 6749 section 2.3.1).",
        ))),
    }
}

/// With a secret, with a certificate, or with nothing, as the client is registered.
fn by_form(shared: &Shared, call: &Call, form: &Params) -> Result<&'static Client, Answer> {
    let id = form.get("client_id").ok_or_else(|| invalid("The client did not say who it is."))?;
    if let Some(secret) = form.get("client_secret") {
        let client = with_method(id, Method::Post)?;
        return match is_right(shared, client, secret) {
            true => Ok(client),
            false => Err(invalid("The secret is wrong.")),
        };
    }
    let client = find(id).ok_or_else(|| invalid("There is no such client."))?;
    match (client.method, &call.peer.certificate) {
        (Method::None, _) => Ok(client),
        (Method::Tls, Some(certificate)) if subject(certificate).as_deref() == Some(TLS_SUBJECT) => {
            Ok(client)
        }
        (Method::Tls, Some(_)) => Err(invalid("The certificate is that of somebody else.")),
        (Method::Tls, None) => Err(invalid(
            "No client certificate came. It is asked for at the endpoints of mtls_endpoint_aliases.",
        )),
        (method, _) => {
            Err(invalid(&format!("{} did not authenticate; its method is {}.", client.id, method.name())))
        }
    }
}

/// The subject of a certificate, as text.
fn subject(der: &[u8]) -> Option<String> {
    X509Certificate::from_der(der).ok().map(|(_, certificate)| certificate.subject().to_string())
}

/// `x5t#S256` of a certificate (RFC 8705 section 3.1).
pub(super) fn thumbprint(der: &[u8]) -> String {
    URL_SAFE_NO_PAD.encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, der))
}

fn by_assertion(
    shared: &Shared,
    form: &Params,
    assertion: &str,
    now: i64,
) -> Result<&'static Client, Answer> {
    if form.get("client_assertion_type") != Some(ASSERTION_TYPE) {
        return Err(error(
            400,
            "invalid_request",
            &format!("client_assertion_type must be {ASSERTION_TYPE}."),
        ));
    }
    let jws = Jws::read(assertion).ok_or_else(|| invalid("The client assertion is not a JWT."))?;
    let (Some(iss), Some(sub)) = (jws.text("iss"), jws.text("sub")) else {
        return Err(invalid("The client assertion lacks iss or sub."));
    };
    if iss != sub {
        return Err(invalid("iss and sub of a client assertion are both the client id."));
    }
    let client = find(iss).ok_or_else(|| invalid("There is no such client."))?;
    if !matches!(client.method, Method::SecretJwt | Method::KeyJwt) {
        let text = format!("{} authenticates with {}.", client.id, client.method.name());
        return Err(invalid(&text));
    }
    check_assertion(shared, client, assertion, &jws, now).map_err(|text| invalid(&text))?;
    if jws.text("jti").is_none() {
        return Err(invalid("The client assertion has no jti."));
    }
    once(shared, client, &jws, now).map_err(|text| invalid(&text))?;
    Ok(client)
}

/// What RFC 7523 section 3 asks of every assertion, whatever it is for, by the registered key of a client.
pub(super) fn check_assertion(
    shared: &Shared,
    client: &Client,
    assertion: &str,
    jws: &Jws,
    now: i64,
) -> Result<(), String> {
    if !is_signed(assertion, &client.keys(&shared.rfc)) {
        return Err("The signature of the assertion does not fit the registered key.".into());
    }
    let audiences = [shared.rfc.issuer(), shared.rfc.url("token"), shared.rfc.url("par"), mtls_token(shared)];
    if !jws.is_for(&audiences) {
        return Err(format!("aud of the assertion must be {} or the token endpoint.", shared.rfc.issuer()));
    }
    let exp = jws.time("exp").ok_or("The assertion has no exp.")?;
    if exp.saturating_add(SKEW_S) <= now {
        return Err("The assertion has expired.".into());
    }
    if exp > now.saturating_add(LONGEST_S + SKEW_S) {
        return Err("exp of the assertion is more than an hour away.".into());
    }
    if jws.time("nbf").is_some_and(|nbf| nbf > now.saturating_add(SKEW_S)) {
        return Err("The assertion is not valid yet.".into());
    }
    if jws.time("iat").is_some_and(|iat| iat > now.saturating_add(SKEW_S)) {
        return Err("The assertion was made in the future.".into());
    }
    Ok(())
}

fn mtls_token(shared: &Shared) -> String {
    shared.rfc.mtls.as_ref().map(|origin| format!("{origin}/rfc/token")).unwrap_or_default()
}

/// Takes the `jti` of an assertion, if it has one; the second time it is refused.
pub(super) fn once(shared: &Shared, client: &Client, jws: &Jws, now: i64) -> Result<(), String> {
    let Some(jti) = jws.text("jti") else { return Ok(()) };
    if jti.len() > 256 {
        return Err("jti of the assertion is too long.".into());
    }
    let ends = now + LONGEST_S + 2 * SKEW_S;
    match shared.rfc.lock().first_time(format!("assertion {} {jti}", client.id), ends, now) {
        true => Ok(()),
        false => Err("The assertion was used before (jti).".into()),
    }
}
