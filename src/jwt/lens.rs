//! What a token means for the request it is going into: issuer, audience, scope, time, client, subject, binding.
//!
//! What is read here may prove that a token will be refused, never that it will be taken: only the API knows that.
//! So `Ok` says what was found, and `Bad` is kept for what no API may accept.

use super::time::{Time, read, relative, span};
use super::warnings::short;
use super::{Decoded, Signature, TokenKind, speaks_for};
use jiff::Timestamp;
use serde_json::{Map, Value as Json};
use url::Url;

/// Servers forgive clocks that differ by this much, in seconds.
const LEEWAY: i64 = 60;

/// How a token is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum SentAs {
    /// `Authorization: Bearer` (RFC 6750 §2.1).
    #[default]
    Bearer,
    /// `Authorization: DPoP` with a proof (RFC 9449 §7.1).
    Dpop,
    /// In the query (RFC 6750 §2.3).
    Query,
}

/// What is known of the request and of the profile the token came from. Empty texts: not known.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// Where the request goes; empty if no request is meant.
    pub url: String,
    /// Its method.
    pub method: String,
    /// Issuer that the profile expects.
    pub issuer: String,
    /// `audience` and `resource` asked for.
    pub audiences: Vec<String>,
    /// Scopes asked for.
    pub scopes: Vec<String>,
    /// The profile's client.
    pub client_id: String,
    /// True when the profile sends the ID token on purpose.
    pub id_token_wanted: bool,
    /// How it is sent.
    pub sent_as: SentAs,
    /// RFC 7638 thumbprint of the DPoP key in use.
    pub dpop_key: Option<String>,
    /// True when a client certificate is presented.
    pub certificate: bool,
    /// Its SHA-256 thumbprint, base64url (RFC 8705 §3.1), where known.
    pub certificate_print: Option<String>,
}

/// What a line is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// What kind of token it is, and its signature.
    Kind,
    /// `exp`, `nbf`, `iat`.
    Time,
    /// `iss`.
    Issuer,
    /// `aud`.
    Audience,
    /// `scope`, `scp`, roles.
    Scope,
    /// `client_id`, `azp` …
    Client,
    /// `sub`, `act`.
    Subject,
    /// `cnf`.
    Binding,
}

impl Topic {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Kind => "kind",
            Self::Time => "time",
            Self::Issuer => "issuer",
            Self::Audience => "audience",
            Self::Scope => "scope",
            Self::Client => "client",
            Self::Subject => "subject",
            Self::Binding => "binding",
        }
    }
}

/// How a line is to be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// Nothing speaks against it.
    Ok,
    /// It may be the reason of a refusal.
    Doubt,
    /// An API must refuse it.
    Bad,
    /// Nothing is known.
    Unknown,
}

impl State {
    /// The word of the contract.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Doubt => "doubt",
            Self::Bad => "bad",
            Self::Unknown => "unknown",
        }
    }
}

/// One line of the answer. The text quotes the token and is untrusted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verdict {
    /// What it is about.
    pub topic: Topic,
    /// How to take it.
    pub state: State,
    /// One short sentence without a full stop: `27 min left`.
    pub text: String,
}

/// The lines in the order of [`Topic`]; one each, more where two things are to be said. `now` is the server's clock.
pub fn look(token: &Decoded, facts: &Facts, now: Timestamp) -> Vec<Verdict> {
    let mut lines = Lines(Vec::new());
    match token.kind {
        TokenKind::Opaque => {
            lines.add(Topic::Kind, State::Unknown, "opaque: only its issuer and the API can read it");
            return lines.0;
        }
        TokenKind::Jwe => {
            lines.add(Topic::Kind, State::Unknown, "encrypted: only the API that holds the key can read it");
            return lines.0;
        }
        TokenKind::Jws => {}
    }
    kind(token, facts, &mut lines);
    let Some(claims) = &token.claims else { return lines.0 };
    time(claims, now, &mut lines);
    issuer(claims, facts, &mut lines);
    super::audience::audience(claims, facts, &mut lines);
    scope(claims, facts, &mut lines);
    client(claims, facts, &mut lines);
    subject(claims, &mut lines);
    binding(claims, facts, &mut lines);
    lines.0
}

/// Lines as they are gathered.
pub(super) struct Lines(pub(super) Vec<Verdict>);

impl Lines {
    pub(super) fn add(&mut self, topic: Topic, state: State, text: impl Into<String>) {
        self.0.push(Verdict { topic, state, text: text.into() });
    }
}

fn text<'a>(claims: &'a Map<String, Json>, name: &str) -> Option<&'a str> {
    claims.get(name).and_then(Json::as_str)
}

/// True for an ID token by what only ID tokens carry: OIDC Core §2, Keycloak's `typ`, Cognito's `token_use`.
fn is_id_token(claims: &Map<String, Json>) -> bool {
    ["nonce", "at_hash", "c_hash"].iter().any(|name| claims.contains_key(*name))
        || text(claims, "typ") == Some("ID")
        || text(claims, "token_use") == Some("id")
}

fn kind(token: &Decoded, facts: &Facts, lines: &mut Lines) {
    let none = Map::new();
    let (header, claims) = (token.header.as_ref().unwrap_or(&none), token.claims.as_ref().unwrap_or(&none));
    if let Some(problem) = &token.problem {
        lines.add(Topic::Kind, State::Bad, format!("it cannot be read: {}", short(problem)));
        return;
    }
    if text(header, "alg").is_some_and(|alg| alg.eq_ignore_ascii_case("none")) {
        lines.add(Topic::Kind, State::Bad, "unsigned (`alg` is none): no API may take it");
    } else if let Signature::Rejected { reason } = &token.signature {
        lines.add(Topic::Kind, State::Bad, format!("its signature was rejected: {}", short(reason)));
    }
    let typ = text(header, "typ").unwrap_or_default().to_ascii_lowercase();
    let typ = typ.strip_prefix("application/").unwrap_or(&typ);
    match (typ, text(claims, "typ")) {
        ("dpop+jwt", _) => lines.add(Topic::Kind, State::Bad, "a DPoP proof, which is no access token"),
        ("logout+jwt" | "secevent+jwt", _) => {
            lines.add(Topic::Kind, State::Bad, "an event token, which is no access token")
        }
        (_, Some("Refresh" | "Offline")) => {
            lines.add(
                Topic::Kind,
                State::Bad,
                "a refresh token: it goes to the token endpoint, never to an API",
            );
        }
        ("at+jwt", _) => lines.add(Topic::Kind, State::Ok, "an access token (RFC 9068)"),
        _ if is_id_token(claims) && facts.id_token_wanted => {
            lines.add(Topic::Kind, State::Ok, "an ID token, which the profile sends on purpose");
        }
        _ if is_id_token(claims) => lines.add(
            Topic::Kind,
            State::Doubt,
            "an ID token: it tells the client who logged in, an API expects the access token",
        ),
        (_, Some("Bearer")) => lines.add(Topic::Kind, State::Ok, "an access token (Keycloak)"),
        _ if text(claims, "token_use") == Some("access") => {
            lines.add(Topic::Kind, State::Ok, "an access token (Cognito)");
        }
        _ => lines.add(Topic::Kind, State::Unknown, "a JWT; nothing in it says what kind of token it is"),
    }
}

fn time(claims: &Map<String, Json>, now: Timestamp, lines: &mut Lines) {
    let at = |name: &str| claims.get(name).map(read);
    let behind = |at: Timestamp| now.as_second() - at.as_second();
    let mut said = false;
    if let Some(Time::At(nbf)) = at("nbf").filter(|nbf| matches!(nbf, Time::At(at) if behind(*at) < 0)) {
        let state = if behind(nbf) < -LEEWAY { State::Bad } else { State::Doubt };
        lines.add(Topic::Time, state, format!("not valid yet: it begins {} (`nbf`)", relative(nbf, now)));
        said = true;
    }
    if let Some(Time::At(iat)) = at("iat").filter(|iat| matches!(iat, Time::At(at) if behind(*at) < -LEEWAY))
    {
        lines.add(
            Topic::Time,
            State::Doubt,
            format!("issued {}: the clocks differ (`iat`)", relative(iat, now)),
        );
        said = true;
    }
    match at("exp") {
        Some(Time::At(exp)) if behind(exp) >= 0 => {
            let (state, more) = match behind(exp) {
                0..=LEEWAY => (State::Doubt, "; some servers forgive a minute"),
                _ => (State::Bad, ""),
            };
            lines.add(Topic::Time, state, format!("expired {}{more}", relative(exp, now)));
        }
        Some(Time::At(exp)) if !said => {
            lines.add(Topic::Time, State::Ok, format!("{} left", span(behind(exp).unsigned_abs())));
        }
        Some(Time::At(_)) => {}
        Some(Time::Milliseconds(_)) => lines.add(
            Topic::Time,
            State::Doubt,
            "`exp` is in milliseconds, so it seems to last for ages; many servers refuse that",
        ),
        Some(_) => lines.add(Topic::Time, State::Doubt, "`exp` is no date; many servers refuse that"),
        None => lines.add(Topic::Time, State::Unknown, "it has no `exp`: it ends when its issuer says so"),
    }
}

fn issuer(claims: &Map<String, Json>, facts: &Facts, lines: &mut Lines) {
    let Some(iss) = text(claims, "iss") else {
        lines.add(Topic::Issuer, State::Unknown, "it names no issuer (`iss`)");
        return;
    };
    let (shown, expected) = (short(iss), facts.issuer.as_str());
    if expected.is_empty() {
        lines.add(
            Topic::Issuer,
            State::Unknown,
            format!("issued by {shown}; no issuer is set to compare it with"),
        );
    } else if iss == expected {
        lines.add(Topic::Issuer, State::Ok, format!("issued by {shown}, as expected"));
    } else if iss.trim_end_matches('/') == expected.trim_end_matches('/') {
        lines.add(
            Topic::Issuer,
            State::Doubt,
            format!(
                "issuer {shown} and {} differ by a slash; servers compare letter by letter",
                short(expected)
            ),
        );
    } else if entra_tenant(iss).is_some() && entra_tenant(iss) == entra_tenant(expected) {
        lines.add(
            Topic::Issuer,
            State::Doubt,
            format!("issuer {shown} is the other token version of the tenant; the API must expect that one"),
        );
    } else {
        lines.add(
            Topic::Issuer,
            State::Doubt,
            format!("issued by {shown}, expected {}: is it of another environment?", short(expected)),
        );
    }
}

/// The tenant in an issuer of Entra ID: version 1 tokens name `sts.windows.net`, version 2 ones `login.microsoftonline.com`.
fn entra_tenant(issuer: &str) -> Option<String> {
    let url = Url::parse(issuer).ok()?;
    let known = ["sts.windows.net", "login.microsoftonline.com", "login.microsoftonline.us"];
    known.contains(&url.host_str()?).then(|| url.path_segments()?.next().map(str::to_owned)).flatten()
}

/// Names in `scope` (RFC 9068 §2.2.3), `scp` (text or list), `roles`, `permissions`.
fn granted(claims: &Map<String, Json>) -> Vec<&str> {
    let mut names = Vec::new();
    for claim in ["scope", "scp", "roles", "permissions"] {
        match claims.get(claim) {
            Some(Json::String(text)) => names.extend(text.split_ascii_whitespace()),
            Some(Json::Array(items)) => names.extend(items.iter().filter_map(Json::as_str)),
            _ => {}
        }
    }
    names
}

fn scope(claims: &Map<String, Json>, facts: &Facts, lines: &mut Lines) {
    // What is asked of the authorization server itself does not come back in an access token.
    const OWN: [&str; 4] = ["openid", "profile", "email", "offline_access"];
    let granted = granted(claims);
    // `api://app/read` asks for what the token calls `read` (Entra ID).
    let has = |asked: &str| {
        granted.contains(&asked) || asked.rsplit_once('/').is_some_and(|(_, last)| granted.contains(&last))
    };
    let asked: Vec<&str> = facts
        .scopes
        .iter()
        .flat_map(|scopes| scopes.split_ascii_whitespace())
        .filter(|scope| !OWN.contains(scope) && !scope.ends_with("/.default"))
        .collect();
    let missing: Vec<&str> = asked.iter().copied().filter(|scope| !has(scope)).collect();
    if granted.is_empty() {
        let state = if asked.is_empty() { State::Unknown } else { State::Doubt };
        let more = if asked.is_empty() {
            String::new()
        } else {
            format!("; asked for was {}", short(&asked.join(" ")))
        };
        lines.add(Topic::Scope, state, format!("it says nothing of scopes or roles{more}"));
    } else if missing.is_empty() {
        lines.add(Topic::Scope, State::Ok, format!("may be used for {}", short(&granted.join(" "))));
    } else {
        lines.add(
            Topic::Scope,
            State::Doubt,
            format!(
                "asked for but not granted: {}; granted: {}",
                short(&missing.join(" ")),
                short(&granted.join(" "))
            ),
        );
    }
}

fn client(claims: &Map<String, Json>, facts: &Facts, lines: &mut Lines) {
    let found = ["client_id", "azp", "appid", "cid"].iter().find_map(|name| text(claims, name));
    match found {
        None => {}
        Some(found) if facts.client_id.is_empty() => {
            lines.add(Topic::Client, State::Unknown, format!("issued to client {}", short(found)));
        }
        Some(found) if found == facts.client_id => {
            lines.add(Topic::Client, State::Ok, format!("issued to client {}, as configured", short(found)));
        }
        Some(found) => lines.add(
            Topic::Client,
            State::Doubt,
            format!("issued to client {}, configured is {}", short(found), short(&facts.client_id)),
        ),
    }
}

fn subject(claims: &Map<String, Json>, lines: &mut Lines) {
    let acts = claims.get("act").and_then(|act| act.get("sub")).and_then(Json::as_str);
    let by = acts.map_or_else(String::new, |who| format!("; {} acts for it (`act`)", short(who)));
    match text(claims, "sub").filter(|sub| !sub.trim().is_empty()) {
        Some(sub) if Some(sub) == text(claims, "client_id").or(text(claims, "azp")) => {
            lines.add(
                Topic::Subject,
                State::Ok,
                format!("speaks for the client itself, no user is behind it{by}"),
            );
        }
        Some(sub) => lines.add(Topic::Subject, State::Ok, format!("speaks for {}{by}", short(sub))),
        None => {
            let more = speaks_for(claims)
                .map_or_else(String::new, |who| format!("; {} is named instead", short(&who)));
            lines.add(Topic::Subject, State::Doubt, format!("it names no subject (`sub`){more}"));
        }
    }
}

fn binding(claims: &Map<String, Json>, facts: &Facts, lines: &mut Lines) {
    let mut add = |state, text: String| lines.add(Topic::Binding, state, text);
    let cnf = |name: &str| claims.get("cnf").and_then(|cnf| cnf.get(name)).and_then(Json::as_str);
    if let Some(print) = cnf("jkt") {
        match (&facts.dpop_key, facts.sent_as) {
            (_, SentAs::Bearer | SentAs::Query) => add(
                State::Bad,
                "bound to a DPoP key but sent without a proof: RFC 9449 §7.2 has the API refuse it".into(),
            ),
            (Some(own), SentAs::Dpop) if own == print => {
                add(State::Ok, "bound to the DPoP key in use".into())
            }
            (Some(_), SentAs::Dpop) => {
                add(State::Bad, format!("bound to another DPoP key ({})", short(print)))
            }
            (None, SentAs::Dpop) => add(State::Unknown, format!("bound to the DPoP key {}", short(print))),
        }
    }
    if let Some(print) = cnf("x5t#S256") {
        match &facts.certificate_print {
            _ if !facts.certificate => add(
                State::Bad,
                "bound to a client certificate, and none is presented: RFC 8705 §3 has the API refuse it"
                    .into(),
            ),
            Some(own) if own == print => add(State::Ok, "bound to the client certificate in use".into()),
            Some(_) => add(State::Bad, format!("bound to another client certificate ({})", short(print))),
            None => add(State::Unknown, format!("bound to the client certificate {}", short(print))),
        }
    }
    if !claims.contains_key("cnf") && facts.sent_as == SentAs::Dpop {
        add(State::Doubt, "sent with a DPoP proof, but bound to no key: whoever has it can use it".into());
    }
    if facts.sent_as == SentAs::Query {
        add(State::Doubt, "it stands in the URL, which logs and histories keep (RFC 9700 §4.3.2)".into());
    }
}
