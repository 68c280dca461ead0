//! Whether a token's audience fits a request. Most audiences are names, not addresses, and even one that looks like an
//! address need not be the API's: so a difference is a doubt, unless the audience is known to be something else.

use super::lens::{Facts, Lines, State, Topic};
use super::warnings::short;
use serde_json::{Map, Value as Json};
use url::Url;

/// Audiences that are one well-known API: its name, and the end of its host.
const KNOWN: [(&str, &str, &str); 4] = [
    ("00000003-0000-0000-c000-000000000000", "Microsoft Graph", "graph.microsoft.com"),
    ("https://graph.microsoft.com", "Microsoft Graph", "graph.microsoft.com"),
    ("https://management.azure.com", "Azure Resource Manager", "management.azure.com"),
    ("https://management.core.windows.net", "Azure Resource Manager", "management.azure.com"),
];

pub(super) fn audience(claims: &Map<String, Json>, facts: &Facts, lines: &mut Lines) {
    let found: Vec<&str> = match claims.get("aud") {
        Some(Json::String(one)) => vec![one],
        Some(Json::Array(many)) => many.iter().filter_map(Json::as_str).collect(),
        _ => Vec::new(),
    };
    let mut add = |state, text: String| lines.add(Topic::Audience, state, text);
    if found.is_empty() {
        add(State::Unknown, "it names no audience (`aud`): any API of the issuer may take it".into());
        return;
    }
    let shown = short(&found.join(", "));
    let same = |a: &str, b: &str| bare(a) == bare(b);
    let url = Url::parse(&facts.url).ok();
    let host = url.as_ref().and_then(Url::host_str).unwrap_or_default().to_owned();
    if let Some((_, name, of)) = KNOWN.iter().find(|(aud, ..)| found.len() == 1 && same(aud, found[0]))
        && !host.is_empty()
    {
        if host == *of || host.ends_with(&format!(".{of}")) {
            add(State::Ok, format!("for {name}, where this request goes"));
        } else {
            add(State::Bad, format!("for {name} only, this request goes to {}", short(&host)));
        }
        return;
    }
    if let Some(asked) = facts.audiences.iter().find(|asked| found.iter().any(|aud| same(aud, asked))) {
        add(State::Ok, format!("for {}, as asked for", short(asked)));
    } else if let Some(url) = &url
        && let Some(aud) = found.iter().find(|aud| covers(aud, url))
    {
        add(State::Ok, format!("for {}, where this request goes", short(aud)));
    } else if !facts.audiences.is_empty() {
        let asked = short(&facts.audiences.join(", "));
        add(State::Doubt, format!("for {shown}; asked for was {asked}"));
    } else if found == ["account"] {
        add(
            State::Doubt,
            "for `account`, which is Keycloak's own page: an API that checks `aud` needs an audience mapper at the client"
                .into(),
        );
    } else if let Some(url) = &url
        && found.iter().all(|aud| is_web(aud))
    {
        let to = url.origin().ascii_serialization();
        add(State::Doubt, format!("audience is {shown}, this request goes to {}", short(&to)));
    } else if !facts.client_id.is_empty() && found == [facts.client_id.as_str()] {
        add(
            State::Unknown,
            "its audience is the client itself, as in ID tokens; the API must expect that".into(),
        );
    } else {
        add(State::Unknown, format!("for {shown}, which is a name: only the API knows whether it is meant"));
    }
    if let Some(alias) = claims.get("app_alias").and_then(Json::as_str)
        && let Some(asked) = url.as_ref().and_then(alias_of)
        && !alias.is_empty()
        && asked != alias
    {
        add(
            State::Doubt,
            format!(
                "made for the application alias {}, this request goes to {}",
                short(alias),
                short(&asked)
            ),
        );
    }
}

/// Without what servers do not agree on: a last slash, `api://` (Entra ID), capitals of a UUID.
fn bare(audience: &str) -> String {
    let text = audience.trim_end_matches('/');
    text.strip_prefix("api://").unwrap_or(text).to_ascii_lowercase()
}

fn is_web(audience: &str) -> bool {
    audience.starts_with("https://") || audience.starts_with("http://")
}

/// True when a URL lies under an audience that is one: same scheme, host and port, whole segments of the path.
fn covers(audience: &str, url: &Url) -> bool {
    let Ok(aud) = Url::parse(audience) else { return false };
    let path = aud.path().trim_end_matches('/');
    is_web(audience)
        && aud.origin() == url.origin()
        && url.path().strip_prefix(path).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// `alias` of `/prweb/app/alias/…`.
fn alias_of(url: &Url) -> Option<String> {
    let mut segments = url.path_segments()?;
    segments.find(|segment| *segment == "app")?;
    segments.next().filter(|alias| !alias.is_empty()).map(str::to_owned)
}
