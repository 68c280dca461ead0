//! What stands between a client and the server: proxies, gateways, firewalls, a node that is
//! still starting. These answer before any route is looked at.

use super::answer::{self, Answer, With};
use super::call::Call;
use super::faults::{Fault, Leg};
use super::pages;
use super::server::Cut;
use super::state::Shared;
use serde_json::json;

/// How long the fault `slow` waits; tests only need to see that it does.
const SLOW: std::time::Duration = std::time::Duration::from_millis(if cfg!(test) { 60 } else { 10_000 });

/// The front's own answer, or `None` when the request goes through.
pub(super) async fn stop(shared: &Shared, call: &Call, leg: Leg) -> Result<Option<Answer>, Cut> {
    let on = |fault| shared.faults().at(leg, fault);
    if on(Fault::Reset) {
        return Err(Cut);
    }
    if on(Fault::Never) {
        std::future::pending::<()>().await;
    }
    if on(Fault::Slow) {
        tokio::time::sleep(SLOW).await;
    }
    Ok(network(shared, leg).or_else(|| door(shared, call, leg)))
}

/// Proxies, captive portals, gateways without a server behind them.
fn network(shared: &Shared, leg: Leg) -> Option<Answer> {
    let on = |fault| shared.faults().at(leg, fault);
    if on(Fault::Proxy407) {
        let page = pages::plain("Proxy Authentication Required", "The proxy requires authentication.");
        return Some(answer::html(407, page).with("proxy-authenticate", "Basic realm=\"corporate proxy\""));
    }
    if on(Fault::CaptivePortal) {
        let page = pages::plain("Network Authentication Required", "Log in to the network to go on.");
        return Some(answer::html(511, page));
    }
    if on(Fault::Misdirected) {
        return Some(answer::html(
            421,
            pages::plain("Misdirected Request", "The server is not the one for this host."),
        ));
    }
    if on(Fault::HeaderTooLarge) {
        let page = pages::plain("431 Request Header Fields Too Large", "Request Header Or Cookie Too Large");
        return Some(answer::html(431, page));
    }
    if on(Fault::MtlsGateway) {
        let page = pages::plain("400 Bad Request", "No required SSL certificate was sent");
        return Some(answer::html(400, page).with("server", "nginx"));
    }
    if on(Fault::Unavailable) {
        return Some(answer::html(
            502,
            pages::plain("502 Bad Gateway", "The upstream server does not answer."),
        ));
    }
    if on(Fault::Starting) {
        let page = pages::plain("503 Service Unavailable", "The Pega node is starting. Try again shortly.");
        return Some(answer::html(503, page).with("retry-after", "20"));
    }
    if on(Fault::RateLimit) {
        let body = json!({ "error": "slow_down", "error_description": "Too many requests" });
        return Some(answer::json(429, &body).with("retry-after", "30"));
    }
    None
}

/// Single sign-on gateways, firewalls, API gateways, redirects.
fn door(shared: &Shared, call: &Call, leg: Leg) -> Option<Answer> {
    let on = |fault| shared.faults().at(leg, fault);
    // The other host is this same server under its other name, so following leads somewhere.
    let other = |path: &str| format!("http://localhost:{}{path}", shared.address.port());
    if leg == Leg::Token && on(Fault::WrongEndpoint) {
        return Some(answer::html(404, pages::plain("404 Not Found", "The requested URL was not found.")));
    }
    if on(Fault::SsoRedirect) {
        let location = other(
            "/idp/saml2/sso?SAMLRequest=fZJNT4QwEIb%2FCul9KQXZhWYhQdfETVZDBD14MV0YoAm0pB02-u9F9qAX&RelayState=sandbox",
        );
        return Some(answer::redirect(302, &location).with("cache-control", "no-store"));
    }
    if on(Fault::LoginPage) {
        return Some(answer::html(200, pages::login()));
    }
    if on(Fault::Html401) {
        return Some(answer::html(401, pages::login()));
    }
    if on(Fault::CrossHost) && call.host() != "localhost" {
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        return Some(answer::redirect(307, &other(&format!("{}{query}", call.path))));
    }
    if on(Fault::RedirectLoop) {
        let query = if call.query.is_empty() { String::new() } else { format!("?{}", call.query) };
        let back = format!("{}{query}", call.path);
        return Some(
            answer::redirect(302, &back).with("set-cookie", "GATEWAYSESSION=none; Path=/; HttpOnly"),
        );
    }
    if on(Fault::Waf) {
        let page = pages::page(
            "Attention Required! | Cloudflare",
            "<p>Sorry, you have been blocked. This website is using a security service to protect itself.</p>\n\
             <p>Cloudflare Ray ID: 8c1f00ba5e11ed00</p>",
        );
        return Some(
            answer::html(403, page).with("server", "cloudflare").with("cf-ray", "8c1f00ba5e11ed00-FRA"),
        );
    }
    if on(Fault::WafF5) {
        let text = "The requested URL was rejected. Please consult with your administrator. Your support ID is: 1739201846559120";
        return Some(answer::html(403, pages::plain("Request Rejected", text)));
    }
    if on(Fault::AwsGateway) {
        return Some(
            answer::json(403, &json!({ "message": "Missing Authentication Token" }))
                .with("x-amzn-requestid", "5f2c1f6a-8a5e-4a6e-9d0f-2b7c0f9a1e11")
                .with("x-amzn-errortype", "MissingAuthenticationTokenException"),
        );
    }
    if on(Fault::ApiKey) && call.header("ocp-apim-subscription-key").is_none() {
        let message = "Access denied due to missing subscription key. Make sure to include subscription key when making requests to an API.";
        return Some(
            answer::json(401, &json!({ "statusCode": 401, "message": message })).with(
                "www-authenticate",
                "AzureApiManagementKey realm=\"http://127.0.0.1/prweb\",name=\"Ocp-Apim-Subscription-Key\",type=\"header\"",
            ),
        );
    }
    None
}
