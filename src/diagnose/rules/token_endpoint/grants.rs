//! Grants, scopes and targets (rows T-07 to T-12, T-18).

use super::client;
use super::sent::{Asked, DEVICE, EXCHANGE, JWT_BEARER, SAML_BEARER, asked};
use super::{any_in, error_said, file, has_code, is_oauth, reached, says_any};
use crate::diagnose::evidence::{Evidence, Place, short};
use crate::diagnose::facts::Facts;
use crate::diagnose::finding::{Finding, Findings, Likelihood};
use crate::diagnose::probe::{Probe, Remedy};
use Likelihood::{Certain, Likely, Possible};

/// Grants that have a name of their own in the standards, and Pega's.
const KNOWN: &[&str] = &[
    "client_credentials",
    "authorization_code",
    "refresh_token",
    "password",
    "custom-bearer",
    JWT_BEARER,
    SAML_BEARER,
    DEVICE,
    EXCHANGE,
    "urn:openid:params:grant-type:ciba",
    "urn:ietf:params:oauth:grant-type:uma-ticket",
];

/// A standard grant that this one was probably meant to be.
fn meant(sent: &str) -> Option<&'static str> {
    if sent.is_empty() || sent.len() > 100 || KNOWN.contains(&sent) {
        return None;
    }
    let plain = sent.trim().to_ascii_lowercase().replace(['-', ' '], "_");
    let near = |known: &&&str| {
        let other = known.to_ascii_lowercase().replace('-', "_");
        let allowed = if known.len() > 20 { 6 } else { 3 };
        strsim::levenshtein(&plain, &other) <= allowed
            || known.rsplit(':').next().is_some_and(|tail| tail != **known && tail.replace('-', "_") == plain)
    };
    let distance = |known: &&&str| strsim::levenshtein(&plain, &known.to_ascii_lowercase().replace('-', "_"));
    KNOWN.iter().filter(near).min_by_key(distance).copied()
}

/// T-07: the server knows no such grant, or its name is mistyped.
pub(super) fn unsupported(facts: &Facts, found: &mut Findings) {
    let shape = found.has("request.not_form") || found.has("request.misplaced");
    if !is_oauth(facts) || shape || !reached(facts, found) {
        return;
    }
    let sent = facts.request.field("grant_type");
    let typo = sent.and_then(meant);
    let named = says_any(facts, &["unsupported_grant_type", "unsupported_response_type"]);
    let missing = facts.is_token_request()
        && !facts.request.form.is_empty()
        && sent.is_none_or(str::is_empty)
        && facts.says_error("invalid_request");
    let guess =
        typo.is_some() && says_any(facts, &["invalid_request", "unauthorized_client", "invalid_grant"]);
    if !named && !missing && !guess {
        return;
    }
    let error = if facts.says_error("unsupported_response_type") {
        "unsupported_response_type"
    } else {
        "unsupported_grant_type"
    };
    let mut finding = Finding::new("grant.unsupported", if named { Certain } else { Likely })
        .evidence(error_said(facts, error));
    if let Some(sent) = sent {
        finding = finding.evidence(Evidence::at(Place::RequestBody, format!("grant_type={}", short(sent))));
    }
    found.add(match (typo, sent) {
        (Some(meant), Some(sent)) => finding
            .summary(format!("grant_type `{}` is no grant; `{meant}` was meant", short(sent)))
            .cause(format!("The value of grant_type is mistyped: it is spelled `{meant}`."))
            .fix(format!("send grant_type={meant}"))
            .weight(10),
        (None, Some(sent)) if !sent.is_empty() => {
            finding.summary(format!("the server does not offer the grant `{}`", short(sent)))
        }
        _ if named => finding.summary("the server does not offer what was asked for"),
        _ => finding.summary("the form has no grant_type").fix("send grant_type in the body"),
    });
}

/// T-08: the client may not use this grant.
pub(super) fn not_allowed(facts: &Facts, found: &mut Findings) {
    if !is_oauth(facts) || client::is_refused(facts) {
        return;
    }
    let words = facts.words();
    let named = facts.says_error("unauthorized_client");
    // Auth0: the application has no grant for this API.
    let for_api = facts.says_error("access_denied") && words.contains("client is not authorized to access");
    if !named && !for_api || found.has("grant.unsupported") {
        return;
    }
    let grant = facts.request.field("grant_type").map(short);
    let finding = Finding::new("grant.not_allowed", if named { Certain } else { Likely })
        .summary(match (&grant, for_api) {
            (_, true) => "the client may not ask for tokens for this API".to_owned(),
            (Some(grant), _) => format!("the client may not use the grant `{grant}`"),
            (None, _) => "the client may not use this grant".to_owned(),
        })
        .evidence(error_said(facts, if named { "unauthorized_client" } else { "access_denied" }));
    found.add(match facts.request.is_pega() {
        true => finding.fix(
            "Dev Studio, Records, Security, OAuth 2.0 Client Registration: tick the grant under `Supported grant types` and save",
        ),
        false => finding,
    });
}

/// T-09: a scope is not known or not allowed.
pub(super) fn scope(facts: &Facts, found: &mut Findings) {
    if !is_oauth(facts) || !facts.says_error("invalid_scope") {
        return;
    }
    let sent = facts.request.field("scope").map(str::to_owned).or_else(|| facts.request.query("scope"));
    let sent = sent.or_else(|| facts.profile.as_ref().map(|p| p.scopes.join(" "))).filter(|s| !s.is_empty());
    let finding = Finding::new("scope.invalid", Certain).evidence(error_said(facts, "invalid_scope"));
    found.add(match sent {
        Some(sent) => finding
            .summary(format!("the server does not grant the scope `{}`", short(&sent)))
            .evidence(Evidence::at(Place::RequestBody, format!("scope={}", short(&sent)))),
        None => finding
            .summary("the server wants a scope, and none was sent, or the default one is not allowed")
            .fix(format!("ask the server's owner which scope to send, and set `scope` in {}", file(facts))),
    });
}

/// The server speaks of the operator behind the client, of a session or of a second factor: others know more of that.
fn is_elsewhere(facts: &Facts, found: &Findings) -> bool {
    found.has("login.required") || any_in(&facts.words(), &["operator", "access group", "session_index"])
}

fn is_refused_grant(facts: &Facts) -> bool {
    is_oauth(facts) && says_any(facts, &["invalid_grant", "bad_verification_code"])
}

/// T-10: the authorization code is not accepted.
pub(super) fn code(facts: &Facts, found: &mut Findings) {
    let words = facts.words();
    let asked = asked(facts);
    let pkce = ["code_verifier", "code verifier", "pkce", "code_challenge", "code challenge"];
    let missing = asked == Asked::Code && facts.says_error("invalid_request") && any_in(&words, &pkce);
    let unknown = asked == Asked::Unknown && facts.request.form.is_empty();
    if !is_refused_grant(facts) && !missing
        || is_elsewhere(facts, found)
        || !(asked == Asked::Code || unknown)
    {
        return;
    }
    let likelihood = match (unknown, missing) {
        (true, _) => Possible,
        (_, true) => Likely,
        _ => Certain,
    };
    let error = if missing { "invalid_request" } else { "invalid_grant" };
    let finding = Finding::new("grant.code", likelihood)
        .evidence(error_said(facts, error))
        .evidence(redirect_differs(facts))
        .remedy(Remedy::Login);
    let file = file(facts);
    found.add(if any_in(&words, &pkce) {
        finding
            .summary("the server does not accept the code: the verifier does not fit the challenge")
            .cause("The code_verifier is not the one whose hash (S256) was sent as code_challenge when the login began, or one of the two is missing. Two logins at the same time, or a code of another one, do that.")
            .fix("log in again and let it come to its end before the next one begins")
    } else if any_in(&words, &["redirect"]) {
        finding
            .summary("the server does not accept the code: the redirect URI is not that of the login")
            .cause("redirect_uri in the token request has to be the same as in the login, letter by letter: scheme, host, port, slash.")
            .fix(format!("log in again, and compare `redirect_uri` in {file} with the registration, letter by letter"))
    } else if any_in(&words, &["used", "redeemed", "already"]) && !words.contains(" or used") && !words.contains("expired") {
        finding
            .summary("the authorization code was used before")
            .cause("A code works once. It was redeemed already, by a repeated request or by another program; many servers then revoke the tokens of that login.")
    } else {
        finding.summary("the server does not accept the authorization code")
    });
}

fn redirect_differs(facts: &Facts) -> Option<Evidence> {
    let sent = facts.request.field("redirect_uri")?;
    let profile = facts.profile.as_ref().map(|p| p.redirect_uri.as_str()).filter(|r| !r.is_empty())?;
    (sent != profile).then(|| {
        Evidence::at(
            Place::RequestBody,
            format!("redirect_uri sent: {}; in the profile: {}", short(sent), short(profile)),
        )
    })
}

/// T-11: the refresh token is dead.
pub(super) fn refresh(facts: &Facts, found: &mut Findings) {
    let asked = asked(facts);
    let unknown = asked == Asked::Unknown && facts.request.form.is_empty();
    if !is_refused_grant(facts) || is_elsewhere(facts, found) || !(asked == Asked::Refresh || unknown) {
        return;
    }
    let words = facts.words();
    found.add(
        Finding::new("grant.refresh", if unknown { Possible } else { Certain })
            .summary(if any_in(&words, &["used before", "already used", "reuse", "rotated"]) {
                "the refresh token was used before: it works once here"
            } else if any_in(&words, &["expired"]) && !words.contains(" or ") {
                "the refresh token has expired"
            } else {
                "the server no longer accepts the refresh token"
            })
            .evidence(error_said(facts, "invalid_grant"))
            .remedy(Remedy::Login),
    );
}

/// T-12: user name and password are not accepted.
pub(super) fn user(facts: &Facts, found: &mut Findings) {
    let words = facts.words();
    // "Invalid operator credentials": the name or the password, not the operator that Pega maps the token to.
    let own = words.contains("credentials") && !found.has("login.required");
    if !is_refused_grant(facts) || asked(facts) != Asked::User || is_elsewhere(facts, found) && !own {
        return;
    }
    // Servers say `invalid_grant` too where a policy forbids this grant; words about the user tell.
    let told = any_in(
        &words,
        &[
            "credential",
            "password",
            "username",
            "user ",
            "user_",
            "account",
            "resource owner",
            "identity mapping",
        ],
    );
    let finding = Finding::new("grant.user", if told { Certain } else { Likely })
        .evidence(error_said(facts, "invalid_grant"))
        .summary("the server does not accept the user name and the password");
    found.add(if words.contains("identity mapping") {
        finding
            .summary("the client registration has no identity mapping for user names")
            .cause("Pega maps the user name of this grant to an operator by an identity mapping, and the client registration names none. The password was not looked at.")
            .confirm("look at `Identity mapping` of the grant in the client registration")
            .fix("Dev Studio, Records, Security, OAuth 2.0 Client Registration: name an identity mapping for the password grant, and save")
    } else if any_in(&words, &["locked", "disabled", "suspended", "not fully set up"]) {
        finding
            .summary("the server says that the account is locked, disabled or not ready")
            .fix("have the account unlocked or enabled; logging in once in the browser may show what it waits for")
    } else if any_in(&words, &["password expired", "expired password", "password has expired", "must change"]) {
        finding
            .summary("the server says that the password has expired")
            .fix("change the password in the browser, then set the new one here")
            .remedy(Remedy::SetSecret { variable: "password".to_owned() })
    } else {
        finding.remedy(Remedy::SetSecret { variable: "password".to_owned() })
    });
}

/// T-18: the API named is not known or not allowed.
pub(super) fn target(facts: &Facts, found: &mut Findings) {
    let words = facts.words();
    let named = says_any(facts, &["invalid_target", "invalid_resource"]);
    let said = has_code(facts) && any_in(&words, &["service not enabled within domain"]);
    if !is_oauth(facts) || !named && !said {
        return;
    }
    let mut sent: Vec<String> = Vec::new();
    for (name, value) in facts.request.form.iter().filter(|(n, _)| n == "resource" || n == "audience") {
        sent.push(format!("{name}={}", short(value)));
    }
    let error = if facts.says_error("invalid_resource") { "invalid_resource" } else { "invalid_target" };
    let finding = Finding::new("target.invalid", if named { Certain } else { Likely })
        .summary(match sent.first() {
            Some(first) => format!("the server knows no API as {first}, or this client may not ask for it"),
            None => "the server does not give tokens for the API asked for".to_owned(),
        })
        .evidence(error_said(facts, error))
        .evidence(sent.iter().map(|text| Evidence::at(Place::RequestBody, text.clone())));
    found.add(finding.probe(Probe::Metadata));
}
