//! Which proxy a URL goes through. The same matcher decides and reports, so what is shown is what
//! was used.

use hyper_util::client::proxy::matcher::{Intercept, Matcher};
use std::fmt;
use std::sync::Arc;
use url::Url;

/// The proxy rules of one engine.
#[derive(Clone)]
pub(super) struct Proxies {
    matcher: Arc<Matcher>,
    empty: bool,
}

impl fmt::Debug for Proxies {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Proxies")
    }
}

impl Proxies {
    /// From an explicit proxy URL, else from the process environment (and the system's settings on
    /// macOS and Windows). `NO_PROXY` holds for both.
    pub fn new(explicit: Option<&str>) -> Result<Self, String> {
        let matcher = match explicit {
            None => Matcher::from_system(),
            Some(text) => {
                let with_scheme =
                    if text.contains("://") { text.to_owned() } else { format!("http://{text}") };
                let url = Url::parse(&with_scheme).map_err(|e| format!("the proxy is not a URL: {e}"))?;
                if !matches!(url.scheme(), "http" | "https" | "socks4" | "socks4a" | "socks5" | "socks5h") {
                    return Err(format!("a proxy cannot be reached by `{}:`", url.scheme()));
                }
                let no = std::env::var("NO_PROXY").or_else(|_| std::env::var("no_proxy")).unwrap_or_default();
                Matcher::builder().all(with_scheme).no(no).build()
            }
        };
        let probe = |uri| matcher.intercept(&http::Uri::from_static(uri)).is_none();
        let empty = probe("http://none.invalid") && probe("https://none.invalid");
        Ok(Self { matcher: Arc::new(matcher), empty })
    }

    fn intercept(&self, url: &Url) -> Option<Intercept> {
        if self.empty {
            return None;
        }
        let origin = url[..url::Position::BeforePath].parse().ok()?;
        self.matcher.intercept(&origin)
    }

    /// True when no URL goes through a proxy.
    pub fn is_empty(&self) -> bool {
        self.empty
    }

    /// The proxy for a URL without its credentials, as shown.
    pub fn shown(&self, url: &Url) -> Option<String> {
        let intercept = self.intercept(url)?;
        Some(without_credentials(&intercept.uri().to_string()))
    }

    /// The credentials for the proxy of a plain `http` request, which travel in the request itself;
    /// those for `https` go with the CONNECT, which the client sends.
    pub fn authorization(&self, url: &Url) -> Option<http::HeaderValue> {
        if url.scheme() != "http" {
            return None;
        }
        let intercept = self.intercept(url)?;
        let mut value = intercept.basic_auth()?.clone();
        value.set_sensitive(true);
        Some(value)
    }

    /// The rule for the client.
    pub fn rule(&self) -> reqwest::Proxy {
        let proxies = self.clone();
        reqwest::Proxy::custom(move |url| proxies.intercept(url).as_ref().and_then(with_credentials))
    }
}

/// The URL of an intercept with its credentials put back, the only form the client takes.
fn with_credentials(intercept: &Intercept) -> Option<Url> {
    let mut url = Url::parse(&intercept.uri().to_string()).ok()?;
    if let Some((user, password)) = intercept.raw_auth() {
        url.set_username(user).ok()?;
        url.set_password(Some(password)).ok()?;
    } else if let Some(basic) = intercept.basic_auth().and_then(decode_basic) {
        url.set_username(&basic.0).ok()?;
        url.set_password(Some(&basic.1)).ok()?;
    }
    Some(url)
}

fn decode_basic(value: &http::HeaderValue) -> Option<(String, String)> {
    use base64::Engine as _;
    let text = value.to_str().ok()?.strip_prefix("Basic ")?;
    let bytes = base64::engine::general_purpose::STANDARD.decode(text).ok()?;
    let pair = String::from_utf8(bytes).ok()?;
    let (user, password) = pair.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// A proxy URL for the screen: no credentials, no trailing slash.
pub(super) fn without_credentials(text: &str) -> String {
    match Url::parse(text) {
        Ok(mut url) if url.has_host() => {
            let _ = url.set_username("");
            let _ = url.set_password(None);
            url.as_str().trim_end_matches('/').to_owned()
        }
        // `user:pass@host:port` without a scheme: what stands before the last `@` is not shown.
        _ => text.rsplit('@').next().unwrap_or("").to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_of_a_proxy_reach_the_client_and_not_the_screen() {
        let proxies = Proxies::new(Some("http://bob:s%40cret@proxy.example:3128")).unwrap();
        let url = Url::parse("https://api.example/x?y").unwrap();
        assert_eq!(proxies.shown(&url).as_deref(), Some("http://proxy.example:3128"));
        let intercept = proxies.intercept(&url).unwrap();
        assert_eq!(with_credentials(&intercept).unwrap().as_str(), "http://bob:s%40cret@proxy.example:3128/");
        assert_eq!(without_credentials("bob:secret@proxy:1"), "proxy:1");
    }

    #[test]
    fn socks_credentials_are_kept_too() {
        let proxies = Proxies::new(Some("socks5h://u:p@127.0.0.1:1080")).unwrap();
        let url = Url::parse("http://api.example/").unwrap();
        assert_eq!(proxies.shown(&url).as_deref(), Some("socks5h://127.0.0.1:1080"));
        let back = with_credentials(&proxies.intercept(&url).unwrap()).unwrap();
        assert_eq!((back.username(), back.password()), ("u", Some("p")));
    }

    #[test]
    fn a_scheme_that_is_no_proxy_is_refused() {
        assert!(Proxies::new(Some("ftp://a:1")).unwrap_err().contains("ftp"));
    }
}
