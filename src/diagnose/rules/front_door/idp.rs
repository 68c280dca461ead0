//! What the address of a login looks like.

use url::Url;

/// How sure it is that an address is a login's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Looks {
    /// A name that logins have: `/login`, `sso.example.test`.
    Alike,
    /// An address of a protocol or a product for logins.
    Login,
}

/// Hosts that do nothing but log people in.
const HOSTS: [&str; 9] = [
    "login.microsoftonline.com",
    "login.microsoftonline.us",
    "login.microsoftonline.de",
    "login.partner.microsoftonline.cn",
    "login.windows.net",
    "login.live.com",
    "sts.windows.net",
    "accounts.google.com",
    "login.salesforce.com",
];

/// Domains whose hosts do nothing but log people in.
const DOMAINS: [&str; 10] = [
    ".okta.com",
    ".oktapreview.com",
    ".okta-emea.com",
    ".auth0.com",
    ".onelogin.com",
    ".pingidentity.com",
    ".pingone.com",
    ".b2clogin.com",
    ".ciamlogin.com",
    ".cloudflareaccess.com",
];

/// Paths of login protocols and products, lower case.
const PATHS: [&str; 26] = [
    "/adfs/",
    "/oauth2/authorize",
    "/oauth2/v2.0/authorize",
    "/oauth2/v1/authorize",
    "/oauth2/auth",
    "/oauth/authorize",
    "/connect/authorize",
    "/protocol/openid-connect/auth",
    "/protocol/saml",
    "/as/authorization.oauth2",
    "/idp/sso",
    "/idp/startsso",
    "/idp/profile/",
    "/shibboleth.sso",
    "/simplesaml/",
    "/saml2/",
    "/saml/",
    "/sso/saml",
    "/samlsso",
    "/prauth",
    "/cdn-cgi/access/login",
    "/my.policy",
    "/oauth2/start",
    "/oauth2/sign_in",
    "/vpn/index.html",
    "/siteminderagent/",
];

/// Path segments that name a login.
const SEGMENTS: [&str; 15] = [
    "login",
    "login.html",
    "login.jsp",
    "login.aspx",
    "signin",
    "sign-in",
    "sign_in",
    "logon",
    "sso",
    "authenticate",
    "saml",
    "saml2",
    "authorize",
    "openid",
    "cas",
];

/// First labels of the names of login hosts.
const LABELS: [&str; 8] = ["sso", "login", "auth", "idp", "adfs", "sts", "signin", "accounts"];

/// What an address looks like; `None`: like anything but a login.
pub(super) fn looks(url: &Url) -> Option<Looks> {
    let host = url.host_str().unwrap_or_default().to_ascii_lowercase();
    let path = url.path().to_ascii_lowercase();
    let path = path.as_str();
    let (mut saml, mut response_type, mut client) = (false, false, false);
    for (name, _) in url.query_pairs() {
        saml |= name == "SAMLRequest" || name == "SAMLart" || name == "wtrealm";
        response_type |= name == "response_type";
        client |= name == "client_id";
    }
    if saml
        || response_type && client
        || HOSTS.contains(&host.as_str())
        || DOMAINS.iter().any(|d| host.ends_with(d))
        || (host.ends_with(".amazoncognito.com") && path.starts_with("/login"))
        || PATHS.iter().any(|p| path.contains(p))
    {
        return Some(Looks::Login);
    }
    let named = path.split('/').any(|segment| SEGMENTS.contains(&segment));
    (named || is_login_host(&host)).then_some(Looks::Alike)
}

/// True for `sso.example.test`, `login2.example.test`, `auth-eu.example.test`.
pub(super) fn is_login_host(host: &str) -> bool {
    let Some((label, _)) = host.split_once('.') else { return false };
    let label = label.to_ascii_lowercase();
    LABELS.iter().any(|name| {
        label.strip_prefix(name).is_some_and(|rest| {
            rest.is_empty() || rest.starts_with('-') || rest.chars().all(|c| c.is_ascii_digit())
        })
    })
}
