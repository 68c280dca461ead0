//! A refused token request in words: what failed, the server's own reason, and the step that mends it.

use super::advice::step;
use crate::model::problem::{Problem, ProblemKind};
use crate::model::profile::{ClientAuth, Grant};

/// Longest piece of server text shown in a problem, in characters.
const MAX_WORDS: usize = 300;

/// What kind of answer it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum TokenErrorKind {
    /// The server said so in words of OAuth.
    Refused,
    /// An HTML page, most often a login page.
    Html,
    /// XML.
    Xml,
    /// No body.
    Empty,
    /// Something else; its media type.
    NotJson(String),
    /// JSON without a token and without an error.
    NoToken,
    /// JSON without the member that it is for (`device_code`, `request_uri` …).
    Lacks(&'static str),
    /// JSON that states this member twice.
    Doubled(String),
    /// A token that no header can carry: RFC 6749 appendix A.12 allows visible ASCII and space only.
    Unsendable,
    /// A redirect; where to. It is not followed: the secret would go along.
    Redirect(String),
}

/// A token endpoint's answer that is no token. Texts are the server's, controls removed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TokenError {
    /// What kind of answer.
    pub kind: TokenErrorKind,
    /// Status code.
    pub status: u16,
    /// Error codes, as the server said them; Pega may send several.
    pub codes: Vec<String>,
    /// The server's words.
    pub description: Option<String>,
    /// `error_uri`.
    pub uri: Option<String>,
}

/// Whose token request it was, for the words.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// Profile name.
    pub profile: &'a str,
    /// Environment name; may be empty.
    pub environment: &'a str,
    /// Host of the token URL.
    pub host: &'a str,
    /// Grant.
    pub grant: Grant,
    /// Client authentication.
    pub client_auth: ClientAuth,
}

/// Which request of a grant it was, for the words.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Leg {
    /// The grant itself.
    Token,
    /// A refresh.
    Refresh,
    /// The browser came back with an error.
    Login,
}

/// A login that the server refused through the browser (RFC 6749 section 4.1.2.1), in words.
pub fn refused_login(error: &str, description: Option<&str>, asked: &Asked<'_>) -> Problem {
    let refused = TokenError {
        kind: TokenErrorKind::Refused,
        status: 0,
        codes: vec![clean(error)],
        description: description.map(clean),
        uri: None,
    };
    refused.problem_of(asked, Leg::Login)
}

impl TokenError {
    /// The code that says most: the first one.
    pub fn code(&self) -> Option<&str> {
        self.codes.first().map(String::as_str)
    }

    /// In words for the user, of the grant's own request.
    pub fn problem(&self, asked: &Asked<'_>) -> Problem {
        self.problem_of(asked, Leg::Token)
    }

    /// In words for the user.
    pub fn problem_of(&self, asked: &Asked<'_>, leg: Leg) -> Problem {
        // What a proxy or a portal says is not the token endpoint's word.
        if matches!(self.status, 407 | 511) {
            return self.on_the_way(asked);
        }
        let request = match leg {
            Leg::Token => "token request",
            Leg::Refresh => "refresh",
            Leg::Login => "login",
        };
        let what = format!("{request} refused by {} (profile `{}`)", asked.host, asked.profile);
        Problem::new(ProblemKind::Token, what, self.why(leg), self.next(asked, leg))
    }

    fn on_the_way(&self, asked: &Asked<'_>) -> Problem {
        let what = format!("token request to {} did not get there (profile `{}`)", asked.host, asked.profile);
        let (why, next) = if self.status == 407 {
            (
                "the proxy on the way answered 407: it wants credentials",
                "put user and password into the proxy's URL (`proxy` under [network] of the environment, or HTTPS_PROXY), or except the host with NO_PROXY",
            )
        } else {
            (
                "a network portal on the way answered 511",
                "log in to the network with a browser, then try again",
            )
        };
        Problem::new(ProblemKind::Network, what, why, next)
    }

    /// A page or redirect that a login front gives, rather than a server that has no such path or is down.
    fn is_front(&self) -> bool {
        self.status < 404
    }

    fn why(&self, leg: Leg) -> String {
        let status = self.status;
        match &self.kind {
            TokenErrorKind::Refused => {
                let codes = if self.codes.is_empty() { "an error".to_owned() } else { self.codes.join(", ") };
                let words = self.description.as_ref().map(|d| format!(": {d}")).unwrap_or_default();
                let client = ["invalid_client", "invalid_authorization_header"];
                let refused = self.codes.iter().any(|code| client.contains(&code.as_str()));
                let refused = if refused { "the client was refused: " } else { "" };
                match leg {
                    Leg::Login => format!("the browser came back with {codes}{words}"),
                    _ => format!("{refused}the server answered {status} {codes}{words}"),
                }
            }
            TokenErrorKind::Html if !self.is_front() => {
                format!("the token URL answered {status} with a page (HTML) instead of JSON")
            }
            TokenErrorKind::Html => {
                format!(
                    "the token URL answered {status} with a login page (HTML) instead of JSON: an SSO front stands before it, or the path is wrong"
                )
            }
            TokenErrorKind::Xml => format!("the token URL answered {status} with XML instead of JSON"),
            TokenErrorKind::Empty => format!("the token URL answered {status} without a body"),
            TokenErrorKind::NotJson(media) if media.contains("json") => {
                format!("the token URL answered {status} with `{media}` that is no JSON object")
            }
            TokenErrorKind::NotJson(media) if media.is_empty() => {
                format!("the token URL answered {status} with something that is no JSON")
            }
            TokenErrorKind::NotJson(media) => {
                format!("the token URL answered {status} with `{media}` instead of JSON")
            }
            TokenErrorKind::NoToken => {
                let words = self.description.as_ref().map(|d| format!(": {d}")).unwrap_or_default();
                let lacks = if (200..300).contains(&status) { "access_token" } else { "error of OAuth" };
                format!("the server answered {status} with JSON that has no {lacks}{words}")
            }
            TokenErrorKind::Lacks(member) => {
                format!("the server answered {status} with JSON that has no usable `{member}`")
            }
            TokenErrorKind::Doubled(member) => {
                format!(
                    "the server answered {status} with JSON that states `{member}` twice: which one counts is anybody's guess"
                )
            }
            TokenErrorKind::Unsendable => {
                format!(
                    "the server answered {status} with an access_token that holds a line break, a control or a character outside ASCII"
                )
            }
            TokenErrorKind::Redirect(to) if to.is_empty() => {
                format!(
                    "the token URL answered {status}, a redirect, which is never followed because the secret would go along"
                )
            }
            TokenErrorKind::Redirect(to) => {
                let to = to.split(['?', '#']).next().unwrap_or(to);
                format!(
                    "the token URL answered {status}, a redirect to {to}, which is never followed because the secret would go along"
                )
            }
        }
    }

    fn next(&self, asked: &Asked<'_>, leg: Leg) -> String {
        let place = place(asked);
        match &self.kind {
            TokenErrorKind::Html | TokenErrorKind::Redirect(_) if self.is_front() => {
                return format!(
                    "use a host that bypasses SSO for `token_url` {place}, and check its path (`/prweb/PRRestService/oauth2/v1/token` for Pega)"
                );
            }
            TokenErrorKind::Refused => {}
            TokenErrorKind::Unsendable | TokenErrorKind::Doubled(_) => {
                return "look at the token exchange, and tell the owner of the server".to_owned();
            }
            TokenErrorKind::Lacks(member) => {
                let key = match *member {
                    "request_uri" => "par_url",
                    "active" => "introspection_url",
                    _ => "device_authorization_url",
                };
                return format!("check `{key}` {place}: it may be the address of another endpoint");
            }
            _ if matches!(self.status, 404 | 405) => return wrong_endpoint(&place),
            _ if self.status == 401 => {
                return format!(
                    "check the client id and secret {place}, and that `token_url` is the token endpoint"
                );
            }
            _ if self.status == 429 || self.status >= 500 => return later(self.status),
            _ => return wrong_endpoint(&place),
        }
        for code in &self.codes {
            match code.as_str() {
                "slow_down" => return later(429),
                "temporarily_unavailable" => return later(503),
                "server_error" => return later(self.status),
                _ => {}
            }
            if let Some(step) = step(code, self, asked, leg) {
                return step;
            }
        }
        match self.status {
            401 => format!("check the client id and secret {place}"),
            404 | 405 => wrong_endpoint(&place),
            429 | 500.. => later(self.status),
            _ => "look at the token exchange, and ask the owner of the server what the code means".to_owned(),
        }
    }
}

/// Where the profile's values are kept.
pub(super) fn place(asked: &Asked<'_>) -> String {
    if asked.environment.is_empty() {
        format!("of profile `{}`", asked.profile)
    } else {
        format!("of profile `{}` in environment `{}`", asked.profile, asked.environment)
    }
}

fn wrong_endpoint(place: &str) -> String {
    format!("check `token_url` {place}: Pega's ends in `/prweb/PRRestService/oauth2/v1/token`")
}

fn later(status: u16) -> String {
    match status {
        429 => "the server counts requests: wait, then try again".to_owned(),
        503 => "the server is starting or overloaded: wait, then try again".to_owned(),
        _ => {
            "the server itself failed: try again, then ask its owner with the time of the request".to_owned()
        }
    }
}

/// Text from a server fit for one line of a problem: controls and direction marks removed, blanks
/// joined, cut at a length.
pub fn clean(text: &str) -> String {
    let printable: String = text
        .chars()
        .take(MAX_WORDS * 4)
        .map(|c| if c.is_whitespace() { ' ' } else { c })
        .filter(|c| !c.is_control() && !is_invisible(*c))
        .collect();
    let joined = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    match joined.char_indices().nth(MAX_WORDS) {
        Some((at, _)) => format!("{}…", joined[..at].trim_end()),
        None if text.chars().nth(MAX_WORDS * 4).is_some() => format!("{joined}…"),
        None => joined,
    }
}

fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200B}'..='\u{200F}' | '\u{202A}'..='\u{202E}' | '\u{2060}'..='\u{2069}' | '\u{FEFF}' | '\u{E0000}'..='\u{E007F}')
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: Asked<'static> = Asked {
        profile: "pega",
        environment: "dev",
        host: "h",
        grant: Grant::ClientCredentials,
        client_auth: ClientAuth::Basic,
    };

    fn refused(status: u16, codes: &[&str]) -> Problem {
        let codes = codes.iter().map(|c| (*c).to_owned()).collect();
        TokenError {
            kind: TokenErrorKind::Refused,
            status,
            codes,
            description: Some("Bad.".into()),
            uri: None,
        }
        .problem(&ASKED)
    }

    fn other(status: u16, kind: TokenErrorKind) -> Problem {
        TokenError { kind, status, codes: Vec::new(), description: None, uri: None }.problem(&ASKED)
    }

    #[test]
    fn a_refused_client_is_told_to_check_its_secret_where_it_is_kept() {
        let p = refused(401, &["invalid_client"]);
        assert_eq!(p.kind, ProblemKind::Token);
        assert_eq!(p.what, "token request refused by h (profile `pega`)");
        assert_eq!(p.why, "the client was refused: the server answered 401 invalid_client: Bad.");
        assert!(
            p.next.starts_with("check the client id and secret of profile `pega` in environment `dev`"),
            "{}",
            p.next
        );
    }

    #[test]
    fn each_code_has_its_own_next_step() {
        for (code, part) in [
            ("unauthorized_client", "allow the grant `client_credentials`"),
            ("unsupported_grant_type", "does not offer"),
            ("invalid_scope", "`scope`"),
            ("invalid_target", "`resource`"),
            ("invalid_grant", "operator"),
            ("something_new", "look at the token exchange"),
        ] {
            let p = refused(400, &[code]);
            assert!(p.next.contains(part), "{code}: {}", p.next);
        }
        let both = refused(400, &["unsupported_grant_type", "invalid_request"]);
        assert!(both.next.contains("a parameter is missing"), "{}", both.next);
    }

    #[test]
    fn a_login_refused_in_the_browser_and_a_refresh_say_what_they_were() {
        let p = refused_login("access_denied", Some("no\u{7} way"), &ASKED);
        assert_eq!(p.what, "login refused by h (profile `pega`)");
        assert_eq!(p.why, "the browser came back with access_denied: no way");
        assert!(p.kind == ProblemKind::Token && p.next.contains("allow it"));
        let dead = TokenError {
            kind: TokenErrorKind::Refused,
            status: 401,
            codes: vec!["invalid_grant".into()],
            description: None,
            uri: None,
        };
        assert_eq!(dead.problem_of(&ASKED, Leg::Refresh).what, "refresh refused by h (profile `pega`)");
        assert!(refused_login("new_code", None, &ASKED).next.contains("what the code means"));
    }

    #[test]
    fn a_login_page_or_a_redirect_points_to_the_sso_front() {
        let page = other(200, TokenErrorKind::Html);
        assert!(page.why.contains("login page") && page.next.contains("bypasses SSO"));
        let redirect = other(302, TokenErrorKind::Redirect("https://idp/login?RelayState=secret".into()));
        assert!(
            redirect.why.contains("https://idp/login,") && !redirect.why.contains("RelayState"),
            "{}",
            redirect.why
        );
        assert!(
            other(404, TokenErrorKind::Html).next.contains("token_url")
                && !other(404, TokenErrorKind::Html).why.contains("login")
        );
        assert!(other(502, TokenErrorKind::Html).next.contains("itself failed"));
        assert!(other(503, TokenErrorKind::Empty).next.contains("starting"));
    }

    #[test]
    fn json_without_a_token_is_told_from_a_refusal_that_names_no_error() {
        assert!(other(200, TokenErrorKind::NoToken).why.ends_with("has no access_token"));
        assert!(other(403, TokenErrorKind::NoToken).why.ends_with("has no error of OAuth"));
    }

    #[test]
    fn what_a_proxy_or_portal_says_is_a_network_problem() {
        let proxy = other(407, TokenErrorKind::Html);
        assert!(proxy.kind == ProblemKind::Network && proxy.next.contains("NO_PROXY"), "{proxy}");
        assert_eq!(other(511, TokenErrorKind::Empty).kind.exit_code(), 3);
    }

    #[test]
    fn an_answer_of_another_endpoint_names_the_key_to_check() {
        for (member, key) in [
            ("request_uri", "par_url"),
            ("active", "introspection_url"),
            ("user_code", "device_authorization_url"),
        ] {
            let p = other(200, TokenErrorKind::Lacks(member));
            assert!(p.why.contains(member) && p.next.contains(key), "{p}");
        }
        let twice = other(200, TokenErrorKind::Doubled("access_token".into()));
        assert!(twice.why.contains("twice"), "{twice}");
    }

    #[test]
    fn server_text_loses_controls_and_length() {
        assert_eq!(clean("a\x1b[31m\r\n b\u{202e}c\u{7}"), "a[31m bc");
        assert_eq!(clean(&"x".repeat(5000)).chars().count(), MAX_WORDS + 1);
    }
}
