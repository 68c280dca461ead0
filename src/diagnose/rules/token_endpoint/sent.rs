//! What the client showed of itself in a token request, and which grant it asked for.

use crate::diagnose::facts::Facts;
use crate::diagnose::gather::is_mask;
use crate::model::profile::{ClientAuth, Grant};
use std::borrow::Cow;

/// RFC 7523 section 2.1.
pub(super) const JWT_BEARER: &str = "urn:ietf:params:oauth:grant-type:jwt-bearer";
/// RFC 7522 section 2.1.
pub(super) const SAML_BEARER: &str = "urn:ietf:params:oauth:grant-type:saml2-bearer";
/// RFC 8628 section 3.4.
pub(super) const DEVICE: &str = "urn:ietf:params:oauth:grant-type:device_code";
/// RFC 8693 section 2.1.
pub(super) const EXCHANGE: &str = "urn:ietf:params:oauth:grant-type:token-exchange";

/// Where the client's id and secret were put.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// A Basic header.
    Basic,
    /// Form fields.
    Body,
    /// A client assertion.
    Assertion,
    /// A client certificate, by the profile.
    Certificate,
    /// Nowhere.
    None,
}

/// One credential of the client.
pub(super) struct Piece<'a> {
    /// `client_id` or `client_secret`, as the profile calls it.
    pub name: &'static str,
    /// As it was sent; in a Basic header still form-encoded where it was.
    pub sent: &'a str,
    /// With the form-encoding of a Basic header undone, where it is there.
    pub text: Cow<'a, str>,
}

/// How the client authenticated; the first way there is.
pub(super) fn way(facts: &Facts) -> Way {
    let request = &facts.request;
    if request.authorization.iter().any(|a| a.scheme.eq_ignore_ascii_case("basic")) {
        Way::Basic
    } else if request.field("client_assertion").is_some() {
        Way::Assertion
    } else if request.field("client_secret").is_some() {
        Way::Body
    } else if facts.profile.as_ref().is_some_and(|p| p.client_auth == Some(ClientAuth::Tls)) {
        Way::Certificate
    } else {
        Way::None
    }
}

/// Id and secret as sent, without those that a recorder masked.
pub(super) fn pieces(facts: &Facts) -> Vec<Piece<'_>> {
    let mut list = Vec::new();
    for (id, secret) in facts.request.authorization.iter().filter_map(|a| a.basic.as_ref()) {
        for (name, sent) in [("client_id", id), ("client_secret", secret)] {
            list.push(Piece { name, sent, text: decoded(facts, sent) });
        }
    }
    for name in ["client_id", "client_secret"] {
        if let Some(sent) = facts.request.field(name) {
            list.push(Piece { name, sent, text: Cow::Borrowed(sent) });
        }
    }
    list.retain(|piece| !is_mask(piece.sent));
    list
}

/// The secret as sent, if one was.
pub(super) fn secret(facts: &Facts) -> Option<Piece<'_>> {
    pieces(facts).into_iter().find(|piece| piece.name == "client_secret" && !piece.sent.is_empty())
}

/// A `+` stands for a blank only where we know that it was form-encoded; `%20` is one anywhere.
fn decoded<'a>(facts: &Facts, sent: &'a str) -> Cow<'a, str> {
    let ours = facts.profile.as_ref().is_some_and(|p| p.client_auth == Some(ClientAuth::Basic));
    if !(has_escape(sent) || ours && sent.contains('+')) {
        return Cow::Borrowed(sent);
    }
    let text = if ours { sent.replace('+', " ") } else { sent.to_owned() };
    let bytes: Vec<u8> = percent_encoding::percent_decode_str(&text).collect();
    String::from_utf8(bytes).map_or(Cow::Borrowed(sent), Cow::Owned)
}

/// True with a `%` and two hexadecimal digits behind it.
pub(super) fn has_escape(text: &str) -> bool {
    text.as_bytes()
        .windows(3)
        .any(|w| matches!(w, [b'%', a, b] if a.is_ascii_hexdigit() && b.is_ascii_hexdigit()))
}

/// Which grant was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Asked {
    /// An authorization code was redeemed.
    Code,
    /// A refresh.
    Refresh,
    /// User name and password.
    User,
    /// A device code.
    Device,
    /// A JWT or SAML assertion.
    Assertion,
    /// A token exchange.
    Exchange,
    /// The client itself.
    Client,
    /// One of the server's own.
    Other,
    /// It cannot be seen.
    Unknown,
}

/// The grant: as the form says, else as the profile does.
pub(super) fn asked(facts: &Facts) -> Asked {
    let named =
        facts.request.field("grant_type").map(str::to_owned).or_else(|| facts.request.query("grant_type"));
    if let Some(named) = named {
        return match named.trim() {
            "authorization_code" => Asked::Code,
            "refresh_token" => Asked::Refresh,
            "password" => Asked::User,
            "client_credentials" => Asked::Client,
            DEVICE => Asked::Device,
            JWT_BEARER | SAML_BEARER => Asked::Assertion,
            EXCHANGE => Asked::Exchange,
            _ => Asked::Other,
        };
    }
    let Some(profile) = &facts.profile else { return Asked::Unknown };
    if profile.refresh {
        return Asked::Refresh;
    }
    match profile.grant {
        Some(Grant::AuthorizationCode) => Asked::Code,
        Some(Grant::Password) => Asked::User,
        Some(Grant::ClientCredentials) => Asked::Client,
        Some(Grant::DeviceCode) => Asked::Device,
        Some(Grant::JwtBearer | Grant::Saml2Bearer) => Asked::Assertion,
        Some(Grant::TokenExchange) => Asked::Exchange,
        Some(Grant::Custom) => Asked::Other,
        None => Asked::Unknown,
    }
}
