//! SAML 2.0 assertions, looked at and transported (RFC 7522).

use super::error::clean;
use super::xml::{self, Event, local};
use crate::model::secret::Secret;
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use zeroize::Zeroizing;

/// The namespace of SAML 2.0 assertions.
const SAML2: &str = "urn:oasis:names:tc:SAML:2.0:assertion";

/// `Method` of a bearer confirmation (RFC 7522 section 3).
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";

/// Largest assertion that is looked at, in bytes.
const MAX: usize = 1024 * 1024;

/// base64url with or without padding; the standard alphabet is translated first.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &base64::alphabet::URL_SAFE,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// What a SAML assertion says of itself; the signature is not checked.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct SamlFacts {
    /// `Issuer`.
    pub issuer: Option<String>,
    /// `NameID`.
    pub subject: Option<String>,
    /// `AudienceRestriction`.
    pub audiences: Vec<String>,
    /// `Recipient` of the bearer confirmation.
    pub recipient: Option<String>,
    /// `NotBefore` of `Conditions`.
    pub not_before: Option<Timestamp>,
    /// The earliest `NotOnOrAfter`.
    pub not_on_or_after: Option<Timestamp>,
    /// True when there is a `Signature` element.
    pub signed: bool,
}

/// Reads a SAML assertion given as XML, base64 or base64url (white space and padding forgiven): what goes on the wire
/// (base64url without padding, RFC 7522 section 2.1), what it says, and warnings in words (expired, not yet valid, no
/// signature, audience or recipient is not the token endpoint).
///
/// # Errors
/// In words, when it is no SAML assertion.
pub fn saml(
    given: &Secret,
    token_url: &str,
    now: Timestamp,
) -> Result<(Secret, SamlFacts, Vec<String>), String> {
    let document = document(given)?;
    let (facts, bearer) = facts(&document)?;
    let warnings = warnings(&facts, bearer, token_url, now);
    Ok((Secret::new(URL_SAFE_NO_PAD.encode(document.as_bytes())), facts, warnings))
}

/// The XML, byte for byte: a signature is over its bytes.
fn document(given: &Secret) -> Result<Zeroizing<String>, String> {
    let text = given.expose().trim_start_matches('\u{feff}').trim();
    if text.is_empty() {
        return Err("the assertion is empty".to_owned());
    }
    if text.len() > 2 * MAX {
        return Err("the assertion is larger than 1 MiB".to_owned());
    }
    if text.starts_with('<') {
        return Ok(Zeroizing::new(text.to_owned()));
    }
    // Copied out of a form or URL, it is percent-encoded as well.
    let coded = Zeroizing::new(percent_encoding::percent_decode_str(text).decode_utf8_lossy().into_owned());
    let coded: Zeroizing<String> = Zeroizing::new(
        coded
            .chars()
            .filter(|c| !c.is_whitespace())
            .map(|c| match c {
                '+' => '-',
                '/' => '_',
                c => c,
            })
            .collect(),
    );
    let bytes = LENIENT.decode(coded.as_bytes()).map_err(|_| "it is neither XML nor base64".to_owned())?;
    let text = String::from_utf8(bytes).map_err(|_| "its base64 holds no text".to_owned())?;
    let text = Zeroizing::new(text);
    if !text.trim_start_matches('\u{feff}').trim_start().starts_with('<') {
        return Err(
            "its base64 holds no XML; a compressed one (as in a URL) must be inflated first".to_owned()
        );
    }
    Ok(text)
}

/// The facts, and whether there is a bearer confirmation.
fn facts(document: &str) -> Result<(SamlFacts, bool), String> {
    let events = xml::read(document.trim_start_matches('\u{feff}'))?;
    let mut facts = SamlFacts::default();
    let mut ends: Vec<Timestamp> = Vec::new();
    let mut path: Vec<String> = Vec::new();
    let (mut bearer, mut in_bearer) = (false, false);
    for event in events {
        match event {
            Event::Start { name, attributes } => {
                if path.is_empty() {
                    check_root(&name, &attributes)?;
                }
                path.push(local(&name).to_owned());
                let attribute = |wanted: &str| {
                    attributes.iter().find(|(n, _)| n == wanted).map(|(_, value)| value.as_str())
                };
                let time = |wanted: &str| attribute(wanted).map(time).transpose();
                match inner(&path)[..] {
                    ["Signature"] => facts.signed = true,
                    ["Conditions"] => {
                        facts.not_before = time("NotBefore")?;
                        ends.extend(time("NotOnOrAfter")?);
                    }
                    ["Conditions", "AudienceRestriction", "Audience"] => {
                        facts.audiences.push(String::new());
                    }
                    ["Issuer"] => facts.issuer = Some(String::new()),
                    ["Subject", "NameID"] => facts.subject = Some(String::new()),
                    ["Subject", "SubjectConfirmation"] => {
                        in_bearer = attribute("Method") == Some(BEARER);
                        bearer |= in_bearer;
                    }
                    ["Subject", "SubjectConfirmation", "SubjectConfirmationData"] if in_bearer => {
                        facts.recipient = attribute("Recipient").map(str::to_owned);
                        ends.extend(time("NotOnOrAfter")?);
                    }
                    _ => {}
                }
            }
            // Joined across comments, as those who verify see it.
            Event::Text(text) => match inner(&path)[..] {
                ["Conditions", "AudienceRestriction", "Audience"] => {
                    facts.audiences.last_mut().into_iter().for_each(|a| a.push_str(&text));
                }
                ["Issuer"] => facts.issuer.iter_mut().for_each(|i| i.push_str(&text)),
                ["Subject", "NameID"] => facts.subject.iter_mut().for_each(|s| s.push_str(&text)),
                _ => {}
            },
            Event::End => {
                path.pop();
            }
        }
    }
    let trimmed = |text: &mut String| *text = text.trim().to_owned();
    facts.issuer.iter_mut().chain(&mut facts.subject).chain(&mut facts.audiences).for_each(trimmed);
    facts.not_on_or_after = ends.into_iter().min();
    Ok((facts, bearer))
}

/// The path below the assertion.
fn inner(path: &[String]) -> Vec<&str> {
    path.iter().skip(1).map(String::as_str).collect()
}

fn check_root(name: &str, attributes: &[(String, String)]) -> Result<(), String> {
    match local(name) {
        "Assertion" => {}
        "Response" => {
            return Err("it is a SAML response; what is wanted is the `Assertion` element inside it, alone"
                .to_owned());
        }
        "EncryptedAssertion" => {
            return Err("the assertion is encrypted; a token endpoint takes it only in the open".to_owned());
        }
        other => return Err(format!("it is XML, but `{}` is no SAML assertion", clean(other))),
    }
    let declared = name.split_once(':').map_or("xmlns".to_owned(), |(prefix, _)| format!("xmlns:{prefix}"));
    match attributes.iter().find(|(n, _)| *n == declared).map(|(_, value)| value.as_str()) {
        Some(SAML2) => Ok(()),
        Some("urn:oasis:names:tc:SAML:1.0:assertion") => {
            Err("it is a SAML 1.1 assertion; the grant takes SAML 2.0".to_owned())
        }
        Some(other) => Err(format!("its namespace `{}` is not that of SAML 2.0", clean(other))),
        None => Err(format!(
            "it does not declare the namespace of SAML 2.0 (`{declared}`); an assertion cut out of a response loses it"
        )),
    }
}

/// SAML times are UTC, with or without the letter.
fn time(text: &str) -> Result<Timestamp, String> {
    let text = text.trim();
    text.parse().or_else(|_| format!("{text}Z").parse()).map_err(|_| format!("`{}` is no time", clean(text)))
}

fn warnings(facts: &SamlFacts, bearer: bool, token_url: &str, now: Timestamp) -> Vec<String> {
    let mut out = Vec::new();
    match facts.not_on_or_after {
        Some(end) if end <= now => out.push(format!("the assertion ended at {end}")),
        Some(_) => {}
        None => out.push("the assertion states no end, which RFC 7522 demands".to_owned()),
    }
    if let Some(start) = facts.not_before.filter(|start| *start > now) {
        out.push(format!("the assertion begins at {start}: too early, or this clock is behind"));
    }
    if !facts.signed {
        out.push("the assertion has no signature".to_owned());
    }
    if facts.issuer.as_deref().unwrap_or_default().is_empty() {
        out.push("the assertion names no issuer".to_owned());
    }
    if facts.audiences.is_empty() {
        out.push("the assertion names no audience".to_owned());
    } else if !facts.audiences.iter().any(|a| a == token_url) {
        out.push(format!(
            "the audience is `{}`, not the token URL: right only if that is the server's entity id",
            clean(&facts.audiences.join("`, `"))
        ));
    }
    match &facts.recipient {
        _ if !bearer => out.push("the assertion has no bearer confirmation".to_owned()),
        Some(recipient) if recipient != token_url => {
            out.push(format!(
                "the recipient is `{}`, not the token URL `{}`",
                clean(recipient),
                clean(token_url)
            ));
        }
        Some(_) => {}
        None => out.push("the bearer confirmation names no recipient".to_owned()),
    }
    out
}

#[cfg(test)]
#[path = "saml_tests.rs"]
mod tests;
