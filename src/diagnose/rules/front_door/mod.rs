//! The front door: single sign-on, firewalls, redirects, gateways that want a key (rows F).
//!
//! Whatever stands in front of an API answers in its place. Where it does, nothing the answer says is the API's own word. Firewalls
//! and gateways are told by their words (see the dialects); redirects and login pages are told here.

mod idp;
mod pages;
mod redirects;

use super::Rule;
use crate::diagnose::codes::CodeInfo;
use crate::diagnose::finding::Layer;
use crate::diagnose::probe::Probe;

/// What the codes of this layer mean.
pub(in crate::diagnose) static CODES: &[CodeInfo] = &[
    CodeInfo {
        code: "front.sso_redirect",
        layer: Layer::FrontDoor,
        rows: &["F-01"],
        title: "single sign-on stands in front of this address",
        cause: "A gateway answers in place of the API and sends whoever comes to a login in a browser. It never looks at the token or \
                the client secret.",
        signs: "a redirect whose target is an identity provider or a login: `SAMLRequest=`, `/oauth2/authorize`, `/adfs/`, \
                `login.microsoftonline.com`, `/PRAuth/`, `/login` …",
        confirm: "send the same call without credentials: the same redirect comes, so the credentials were never looked at",
        fix: "use the host of the API that is not behind single sign-on, or have the gateway exempt the API's paths (Pega: \
              `/prweb/PRRestService/*`, `/prweb/api/*` and `/prweb/app/*/api/*`)",
        reference: "RFC 9110 section 15.4",
        effort: 3,
        probes: &[Probe::NoCredentials],
    },
    CodeInfo {
        code: "front.login_page",
        layer: Layer::FrontDoor,
        rows: &["F-02", "T-24"],
        title: "a login page came in place of the API's answer",
        cause: "Something in front of the API, or the web application beside it, answered with a page for people to log in. The \
                request never came to the API.",
        signs: "HTML with a password field, a SAML form or an identity provider's login markup, where JSON was expected",
        confirm: "open the address in a browser: the login page is there too; send the call without credentials: nothing changes",
        fix: "check the path first (Pega: `/prweb/PRRestService/oauth2/v1/token`, `/prweb/api/…`; a missing `/prweb` ends at the \
              portal), then use the API host that is not behind single sign-on, or have the gateway exempt the API's paths",
        reference: "RFC 9110 section 15.5.2",
        effort: 2,
        probes: &[Probe::NoCredentials],
    },
    CodeInfo {
        code: "front.sso_host",
        layer: Layer::FrontDoor,
        rows: &["F-03", "P-01"],
        title: "the address is that of a single sign-on host",
        cause: "The host's name is that of a login service. Such a host lets browsers in that have a session; API calls and token \
                requests it refuses before the server behind sees them.",
        signs: "a host name that begins with `sso`, `login` or `auth`, and a refusal that no API wrote: HTML, an empty 401, a redirect",
        confirm: "send the same call to the server's own host (Pega: the one of the node or of the load balancer behind single sign-on)",
        fix: "put the API's own host into the environment: exported credentials often name the public login host",
        reference: "RFC 9110 section 15.5.2",
        effort: 2,
        probes: &[Probe::NoCredentials],
    },
    CodeInfo {
        code: "front.credentials_dropped",
        layer: Layer::FrontDoor,
        rows: &["F-04", "F-05"],
        title: "a redirect cost the request its credentials",
        cause: "The server redirected to another origin (host, port or scheme), and `Authorization` was not sent on, as every careful \
                client does. What answered in the end saw a request without credentials.",
        signs: "a redirect to another origin at which `Authorization` was dropped, and 401, 403 or a login page at its end",
        confirm: "call the last address directly: with the credentials it is answered otherwise",
        fix: "call the address the redirects end at, if it is the API's own: its scheme, its host, its trailing slash",
        reference: "RFC 9110 section 15.4",
        effort: 1,
        probes: &[],
    },
    CodeInfo {
        code: "front.waf",
        layer: Layer::FrontDoor,
        rows: &["F-06"],
        title: "a firewall in front of the API blocked the request",
        cause: "A web application firewall or bot protection refused the request by its own rules: the address it comes from, its \
                `User-Agent`, the country, a pattern in URL or body. The API and the token had no part in it.",
        signs: "the blocking page or headers of a firewall: Cloudflare, Akamai, F5, Imperva, AWS WAF …",
        confirm: "send it from another network, or with another `User-Agent`; the support or reference ID of the page is in the firewall's log",
        fix: "give the reference ID and the time to whoever runs the firewall, to have the client's address or path allowed; if a rule \
              struck the body, ask which one",
        reference: "RFC 9110 section 15.5.4",
        effort: 4,
        probes: &[],
    },
    CodeInfo {
        code: "front.api_key",
        layer: Layer::FrontDoor,
        rows: &["F-07", "F-08"],
        title: "the gateway wants an API key",
        cause: "An API gateway stands before the API and looks for a key or subscription of its own, beside the token, or does not \
                know this path.",
        signs: "a gateway's words for a missing or wrong key: AWS API Gateway, Azure API Management, Kong, Apigee, Google",
        confirm: "look at the gateway's error type header or body: it names the key it misses",
        fix: "send the key in the gateway's header (`x-api-key`, `Ocp-Apim-Subscription-Key`, `apikey`, `X-Goog-Api-Key`), and check \
              path and stage",
        reference: "the gateway's documentation",
        effort: 2,
        probes: &[],
    },
    CodeInfo {
        code: "front.redirect_loop",
        layer: Layer::FrontDoor,
        rows: &["F-09"],
        title: "the redirects go round in circles",
        cause: "A gateway sets a cookie and sends the request back to where it came from; without the cookie it does so for ever. It is \
                made for browsers.",
        signs: "more redirects than allowed, or a redirect to the very address that was asked, often with `Set-Cookie`",
        confirm: "look at the chain: the same addresses come again; a browser with cookies gets through",
        fix: "use an address of the API that does not want a session cookie, or have the gateway exempt the API's paths; a loop between \
              http and https is a gateway that does not know it is behind TLS",
        reference: "RFC 9110 section 15.4",
        effort: 3,
        probes: &[],
    },
];

/// The rules of this layer. What depends on others comes last.
pub(super) static RULES: &[Rule] = &[
    Rule { row: "F-09", look: redirects::turning },
    Rule { row: "F-01", look: redirects::to_a_login },
    Rule { row: "F-02", look: pages::login },
    Rule { row: "F-04", look: redirects::dropped },
    Rule { row: "F-03", look: pages::sso_host },
];

#[cfg(test)]
mod tests;
