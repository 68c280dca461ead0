//! What a person sees of the generic server. Each page says what it is, each form works without scripts,
//! and everything from outside is escaped.

use super::authorize::{Ask, ONE_TIME_CODE};
use super::clients::{CLIENTS, USERS};
use super::{LABEL, Rfc};
use crate::sandbox::answer::{self, Answer, With};
use crate::sandbox::pages::{escape, page};

/// A page with a form: kept by nobody, framed by nobody (RFC 9700 section 4.16), its address told to nobody
/// else. `no-referrer` would make a browser post the form with `Origin: null`.
fn form(status: u16, title: &str, body: &str) -> Answer {
    let body = format!("{body}\n<p><small>hallpass sandbox: {LABEL}</small></p>");
    answer::html(status, page(title, &body))
        .set("cache-control", "no-store")
        .set("content-security-policy", "frame-ancestors 'none'")
        .set("x-frame-options", "DENY")
        .set("referrer-policy", "same-origin")
}

/// A request that cannot be answered with a redirect.
pub(super) fn refused(code: &str, text: &str) -> Answer {
    let body = format!("<p><code>{}</code></p>\n<p>{}</p>", escape(code), escape(text));
    form(400, "This request cannot be answered", &body)
}

/// The two users, with their passwords.
fn users() -> String {
    let rows: Vec<String> =
        USERS.iter().map(|u| format!("<code>{}</code> / <code>{}</code>", u.name, u.password)).collect();
    format!("<p>Users of this sandbox: {}</p>", rows.join(", "))
}

const PASSWORD_FIELD: &str = "<p><label>Password <input type=\"password\" name=\"password\" autocomplete=\"current-password\"></label></p>";

fn name_field(value: &str) -> String {
    format!(
        "<p><label>User name <input name=\"username\" value=\"{}\" autocomplete=\"username\" autofocus></label></p>\n\
         {PASSWORD_FIELD}",
        escape(value)
    )
}

/// The log-in. `trouble`: what was wrong the last time.
pub(super) fn login(ticket: &str, ask: &Ask, trouble: Option<&str>) -> Answer {
    let trouble = trouble.map(|t| format!("<p role=\"alert\"><strong>{}</strong></p>\n", escape(t)));
    let code = match ask.strong {
        true => format!(
            "<p><label>One-time code <input name=\"code\" inputmode=\"numeric\" autocomplete=\"one-time-code\"></label> \
             (<code>{ONE_TIME_CODE}</code>)</p>\n"
        ),
        false => String::new(),
    };
    let body = format!(
        "{}<p><strong>{}</strong> asks you to log in.</p>\n\
         <form method=\"post\" action=\"/rfc/login\" id=\"login\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{}\">\n{}\n{code}\
         <p><button type=\"submit\">Log in</button></p>\n</form>\n{}",
        trouble.as_deref().unwrap_or_default(),
        escape(ask.client.id),
        escape(ticket),
        name_field(ask.login_hint.as_deref().unwrap_or_default()),
        users()
    );
    // 403 and not 401: no scheme of HTTP would get any further here.
    form(if trouble.is_some() { 403 } else { 200 }, "Log in", &body)
}

/// The consent of somebody who is logged in.
pub(super) fn consent(rfc: &Rfc, ticket: &str, ask: &Ask, user: &str) -> Answer {
    let scope: String = ask.scope.iter().map(|s| format!("<li><code>{}</code></li>\n", escape(s))).collect();
    let other: String = ask
        .resource
        .iter()
        .filter(|r| **r != rfc.api())
        .map(|r| format!("<p>For: <code>{}</code></p>\n", escape(r)))
        .collect();
    let body = format!(
        "<p><strong>{}</strong> asks for this in the name of <strong>{}</strong>:</p>\n<ul>\n{scope}</ul>\n{other}\
         <form method=\"post\" action=\"/rfc/consent\" id=\"consent\">\n\
         <input type=\"hidden\" name=\"ticket\" value=\"{}\">\n\
         <p><button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\n\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button></p>\n</form>\n\
         <p>It will be sent back to <code>{}</code>.</p>",
        escape(ask.client.id),
        escape(user),
        escape(ticket),
        escape(&ask.redirect_uri)
    );
    form(200, "Allow this?", &body)
}

/// Where the code of a device is typed in.
pub(super) fn device(user_code: &str, trouble: Option<&str>) -> Answer {
    let alert = trouble.map(|t| format!("<p role=\"alert\"><strong>{}</strong></p>\n", escape(t)));
    let body = format!(
        "{}<p>Type the code that the device shows. Allow it only if you started this yourself, just now.</p>\n\
         <form method=\"post\" action=\"/rfc/device\" id=\"device\">\n\
         <p><label>Code <input name=\"user_code\" value=\"{}\" autocomplete=\"off\"></label></p>\n{}\n\
         <p><button type=\"submit\" name=\"decision\" value=\"allow\">Allow</button>\n\
         <button type=\"submit\" name=\"decision\" value=\"deny\">Deny</button></p>\n</form>\n{}",
        alert.as_deref().unwrap_or_default(),
        escape(user_code),
        name_field(""),
        users()
    );
    form(if trouble.is_some() { 403 } else { 200 }, "Connect a device", &body)
}

/// The end of the device's page.
pub(super) fn device_done(client: &str, allowed: bool) -> Answer {
    let text = if allowed { "is connected. Go back to it." } else { "was turned away." };
    form(200, "Done", &format!("<p><strong>{}</strong> {text}</p>", escape(client)))
}

/// What a browser sees at `/rfc`.
pub(super) fn welcome(rfc: &Rfc) -> String {
    let clients: String = CLIENTS
        .iter()
        .map(|c| {
            format!(
                "<tr><td><code>{}</code></td><td><code>{}</code></td><td>{}</td></tr>\n",
                c.id,
                c.method.name(),
                escape(c.text)
            )
        })
        .collect();
    let mtls = match &rfc.mtls {
        Some(origin) => format!("<p>Client certificates are asked for at <code>{}/rfc/token</code></p>\n", escape(origin)),
        None => "<p>Client certificates (<code>rfc-tls</code>): start the sandbox with <code>--fault rfc-mtls</code></p>\n".to_owned(),
    };
    page(
        "hallpass sandbox: generic",
        &format!(
            "<p>This part of the sandbox is {LABEL}. It follows the RFCs; nothing of it imitates Pega. It runs on \
             this machine only and forgets everything when it stops.</p>\n\
             <p>Issuer: <code>{0}</code><br>\n\
             Metadata: <a href=\"/rfc/.well-known/openid-configuration\">/rfc/.well-known/openid-configuration</a>, \
             <a href=\"/.well-known/oauth-authorization-server/rfc\">/.well-known/oauth-authorization-server/rfc</a><br>\n\
             API: <code>{1}/orders</code> (<code>orders.read</code>, <code>orders.write</code>), \
             <code>{1}/transfers</code> (needs a one-time code at the log-in)<br>\n\
             Devices: <a href=\"/rfc/device\">/rfc/device</a><br>\n\
             Secrets: <a href=\"/rfc/clients\">/rfc/clients</a></p>\n\
             <table><tr><th>Client</th><th>Authentication</th><th></th></tr>\n{clients}</table>\n{mtls}{2}",
            escape(&rfc.issuer()),
            escape(&rfc.api()),
            users()
        ),
    )
}
