//! From a plan to the request as it goes out: everything but the token and the contents of files.

use super::body::{self, Source};
use super::material::Material;
use super::network;
use super::scope::{Scope, Text};
use crate::http::{EngineOptions, Outgoing};
use crate::model::auth::{Auth, KeyPlace};
use crate::model::check::{Operator, Selector};
use crate::model::exchange::Header;
use crate::model::plan::Plan;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::OauthProfile;
use crate::model::request::Row;
use crate::model::settings::Settings;
use crate::model::workspace::nearest;
use crate::template::{Place, encode_component};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use std::time::Duration;

/// A request without its token and its files.
pub(super) struct Built {
    pub outgoing: Outgoing,
    pub body: Source,
    /// The profile whose token it wants.
    pub profile: Option<OauthProfile>,
    pub options: EngineOptions,
    /// Certificate and key for servers that ask, not yet read.
    pub identity: (Material, Material),
}

/// Renders a plan.
pub(super) fn build(
    plan: &Plan,
    settings: &Settings,
    boundary: &str,
    scope: &Scope<'_>,
) -> Result<Built, Problem> {
    let request = &plan.request;
    let mut url = scope.text(&request.url, Place::Url, "the URL");
    url.text = url.text.trim().to_owned();
    add_params(&mut url, &request.params, scope);
    let mut headers: Vec<Header> = request.headers.iter().filter_map(|row| header(row, scope)).collect();
    let profile = authenticate(plan, &mut url, &mut headers, scope)?;
    let body = body::draft(&request.body, &plan.root, boundary, scope)?;
    add_content_type(&mut headers, body.content_type);
    resolve_operands(plan, scope);
    let options = network::options(&plan.environment, &plan.root, settings.connect_timeout, scope);
    let identity = network::identity(&plan.environment, profile.as_ref(), &plan.root, scope);
    // A URL with a hole in it is no matter of its scheme: the hole is reported by the scope.
    if scope.complete("", "").is_ok() {
        url.text = absolute(&url.text)?;
    }
    let outgoing = Outgoing {
        method: request.method.trim().to_owned(),
        url: url.text,
        headers,
        body: Bytes::new(),
        body_sensitive: body.sensitive,
        url_sensitive: url.secret,
        timeout: request.options.timeout_ms.map_or(settings.timeout, Duration::from_millis),
        redirects: request.options.redirects.unwrap_or(settings.redirects),
        http_version: request.options.http_version.clone(),
        body_memory: settings.body_memory,
        body_limit: 0,
        per_hop: None,
    };
    Ok(Built { outgoing, body: body.source, profile, options, identity })
}

fn header(row: &Row, scope: &Scope<'_>) -> Option<Header> {
    if !row.enabled || row.name.trim().is_empty() {
        return None;
    }
    let place = format!("header `{}`", row.name);
    let name = scope.text(row.name.trim(), Place::Verbatim, &place).text;
    let value = scope.text(&row.value, Place::Verbatim, &place);
    let credentials = ["authorization", "proxy-authorization", "cookie"];
    let sensitive = value.secret || credentials.iter().any(|c| name.eq_ignore_ascii_case(c));
    if name.to_ascii_lowercase().ends_with("authorization") {
        scope.saw(value.text.split_once(' ').map_or(value.text.as_str(), |(_, token)| token.trim()));
    }
    Some(Header { name, value: value.text.trim().to_owned(), sensitive })
}

fn add_params(url: &mut Text, rows: &[Row], scope: &Scope<'_>) {
    for row in rows.iter().filter(|r| r.enabled && !r.name.is_empty()) {
        let place = format!("parameter `{}`", row.name);
        let name = scope.text(&row.name, Place::Param, &place);
        let value = scope.text(&row.value, Place::Param, &place);
        url.secret |= name.secret || value.secret;
        add_query(url, &name.text, &value.text);
    }
}

/// Appends an encoded parameter behind the query that is there, before a fragment.
pub(super) fn add_query(url: &mut Text, name: &str, value: &str) {
    let at = url.text.find('#').unwrap_or(url.text.len());
    let between = match url.text[..at].find('?') {
        None => "?",
        Some(mark) if mark + 1 == at || url.text[..at].ends_with('&') => "",
        Some(_) => "&",
    };
    url.text.insert_str(at, &format!("{between}{name}={value}"));
}

fn has(headers: &[Header], name: &str) -> bool {
    headers.iter().any(|h| h.name.eq_ignore_ascii_case(name))
}

/// Adds credentials; an enabled row of the user's own wins. Gives the profile whose token is wanted.
fn authenticate(
    plan: &Plan,
    url: &mut Text,
    headers: &mut Vec<Header>,
    scope: &Scope<'_>,
) -> Result<Option<OauthProfile>, Problem> {
    let own = has(headers, "authorization");
    match &plan.request.auth {
        Auth::Inherit | Auth::None => {}
        Auth::Profile(name) => {
            let profile =
                plan.profiles.iter().find(|p| &p.name == name).ok_or_else(|| no_profile(plan, name))?;
            return Ok((!own).then(|| profile.clone()));
        }
        Auth::Basic { username, password } => {
            let user = scope.text(username, Place::Verbatim, "the user name of basic auth").text;
            let password = scope.value(password, "password", "the password of basic auth").text;
            if user.contains(':') {
                return Err(Problem::new(
                    ProblemKind::Usage,
                    "cannot build the Basic header",
                    "the user name holds a colon, which RFC 7617 does not allow",
                    "correct `username` under auth",
                ));
            }
            if !own {
                let pair = STANDARD.encode(format!("{user}:{password}"));
                scope.saw(&pair);
                headers.push(Header::sensitive("Authorization", format!("Basic {pair}")));
            }
        }
        Auth::Bearer { token } => {
            let token = scope.value(token, "token", "the bearer token").text;
            if !own {
                headers.push(Header::sensitive("Authorization", format!("Bearer {}", token.trim())));
            }
        }
        Auth::ApiKey { name, value, place } => {
            let name = scope.text(name, Place::Verbatim, "the name of the API key").text;
            let value = scope.value(value, "api_key", "the API key").text;
            match place {
                KeyPlace::Header if has(headers, &name) => {}
                KeyPlace::Header => headers.push(Header::sensitive(name, value)),
                KeyPlace::Query => {
                    url.secret = true;
                    add_query(url, &encode_component(&name), &encode_component(&value));
                }
            }
        }
    }
    Ok(None)
}

fn no_profile(plan: &Plan, name: &str) -> Problem {
    let near = nearest(name, plan.profiles.iter().map(|p| p.name.as_str()));
    let next = match near.first() {
        Some(near) => format!("did you mean `{near}`? correct `auth` of the request or its folder"),
        None => format!("make auth/{name}.toml, or correct `auth` of the request or its folder"),
    };
    let what = format!("cannot send `{}`", title(plan));
    Problem::new(ProblemKind::Usage, what, format!("there is no OAuth profile `{name}`"), next)
}

/// What a problem calls the request.
pub(super) fn title(plan: &Plan) -> String {
    match (&plan.path, plan.request.name.is_empty()) {
        (_, false) => plan.request.name.clone(),
        (Some(path), true) => path.to_string(),
        (None, true) => format!("{} {}", plan.request.method, network::host(&plan.request.url)),
    }
}

fn add_content_type(headers: &mut Vec<Header>, content_type: Option<String>) {
    let Some(content_type) = content_type else { return };
    match headers.iter_mut().find(|h| h.name.eq_ignore_ascii_case("content-type")) {
        None => headers.push(Header::new("Content-Type", content_type)),
        // Without the boundary no server can read the parts.
        Some(own) => {
            if let Some((_, boundary)) = content_type.split_once("; boundary=")
                && own.value.to_ascii_lowercase().starts_with("multipart/")
                && !own.value.to_ascii_lowercase().contains("boundary=")
            {
                own.value = format!("{}; boundary={boundary}", own.value.trim_end_matches([';', ' ']));
            }
        }
    }
}

/// Operands of checks may need secrets; they are asked for together with the others.
fn resolve_operands(plan: &Plan, scope: &Scope<'_>) {
    for check in &plan.request.checks {
        if let Selector::Json(text) | Selector::Header(text) = &check.selector {
            scope.optional(text);
        }
        match &check.operator {
            Operator::Matches(text) => drop(scope.optional(text)),
            other => each_text(&other.operand(), &mut |text| drop(scope.optional(text))),
        }
    }
}

fn each_text(value: &serde_json::Value, visit: &mut dyn FnMut(&str)) {
    match value {
        serde_json::Value::String(text) => visit(text),
        serde_json::Value::Array(list) => list.iter().for_each(|v| each_text(v, visit)),
        serde_json::Value::Object(map) => map.values().for_each(|v| each_text(v, visit)),
        _ => {}
    }
}

/// A URL with a scheme. Only a loopback host gets one by itself (http): anything else would guess how
/// credentials travel.
fn absolute(text: &str) -> Result<String, Problem> {
    let problem = |why: String, next: String| {
        Err(Problem::new(ProblemKind::Usage, "cannot send the request", why, next))
    };
    if text.is_empty() {
        return problem("it has no URL".to_owned(), "write one: https://host/path".to_owned());
    }
    let shown = text.split(['?', '#']).next().unwrap_or("");
    let scheme = text.split_once("://").map(|(s, _)| s).filter(|s| {
        !s.is_empty() && s.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '+' | '-' | '.'))
    });
    let full = match scheme {
        Some(s) if s.eq_ignore_ascii_case("http") || s.eq_ignore_ascii_case("https") => text.to_owned(),
        Some(other) => {
            return problem(
                format!("`{other}` is no scheme this program speaks"),
                "use http:// or https://".to_owned(),
            );
        }
        None if is_loopback(text) => format!("http://{text}"),
        None => {
            return problem(
                format!("`{shown}` has no scheme"),
                format!("write https://{} (or http://)", shown.trim_start_matches('/')),
            );
        }
    };
    match url::Url::parse(&full) {
        Ok(url) if url.has_host() => Ok(full),
        Ok(_) => problem(format!("`{shown}` names no host"), "write the host: https://host/path".to_owned()),
        Err(e) => {
            problem(format!("`{shown}` is no URL: {e}"), "correct the URL or the variable in it".to_owned())
        }
    }
}

fn is_loopback(text: &str) -> bool {
    let host = text.split(['/', '?', '#']).next().unwrap_or("");
    if host.starts_with("[::1]") {
        return true;
    }
    let host = host.rsplit_once(':').map_or(host, |(h, _)| h);
    host.eq_ignore_ascii_case("localhost") || host.starts_with("127.")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_parameter_stands_behind_the_query_and_before_the_fragment() {
        let added = |url: &str| {
            let mut url = Text { text: url.into(), secret: false };
            add_query(&mut url, "a", "1");
            url.text
        };
        assert_eq!(added("http://h/x"), "http://h/x?a=1");
        assert_eq!(added("http://h/x?b=2#f"), "http://h/x?b=2&a=1#f");
        assert_eq!(added("http://h/x?"), "http://h/x?a=1");
        assert_eq!(added("http://h/x?b&"), "http://h/x?b&a=1");
    }

    #[test]
    fn only_a_loopback_host_gets_a_scheme_by_itself() {
        assert_eq!(absolute("localhost:80/x").unwrap(), "http://localhost:80/x");
        assert_eq!(absolute("127.0.0.1/x").unwrap(), "http://127.0.0.1/x");
        assert_eq!(absolute("[::1]:9/x").unwrap(), "http://[::1]:9/x");
        let p = absolute("api.test/x?token=s").unwrap_err();
        assert_eq!((p.kind, p.next.as_str()), (ProblemKind::Usage, "write https://api.test/x (or http://)"));
        assert!(!p.to_string().contains("token=s"));
        assert!(absolute("ftp://h/x").unwrap_err().why.contains("ftp"));
        assert!(absolute("https://").is_err() && absolute("").is_err());
    }
}
