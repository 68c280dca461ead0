//! The few HTML pages: a log-in form, an identity provider, a plain text with a heading.
//! Everything from outside is escaped.

/// Text made safe for HTML, attributes included.
pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page around a body that is HTML already.
pub(super) fn page(title: &str, body: &str) -> String {
    let title = escape(title);
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{title}</title>\n\
         <style>body{{font:16px/1.5 system-ui,sans-serif;max-width:44rem;margin:3rem auto;padding:0 1rem}}\
         table{{border-collapse:collapse}}td,th{{text-align:left;padding:.2rem 1rem .2rem 0}}</style></head>\n\
         <body><h1>{title}</h1>\n{body}\n</body></html>\n"
    )
}

/// A heading and one paragraph of plain text.
pub(super) fn plain(title: &str, text: &str) -> String {
    page(title, &format!("<p>{}</p>", escape(text)))
}

/// The log-in page of the application server. It leads nowhere: the sandbox has no sessions.
pub(super) fn login() -> String {
    page(
        "Sign in",
        "<form method=\"post\" action=\"/prweb/PRServlet\" id=\"login\">\n\
         <p><label>User name <input type=\"text\" name=\"UserIdentifier\" autocomplete=\"username\"></label></p>\n\
         <p><label>Password <input type=\"password\" name=\"Password\" autocomplete=\"current-password\"></label></p>\n\
         <p><button type=\"submit\">Log in</button></p>\n</form>\n\
         <p>This page belongs to the hallpass sandbox; logging in is not possible.</p>",
    )
}

/// The identity provider of the `sso-redirect` fault.
pub(super) fn identity_provider() -> String {
    page(
        "Acme single sign-on",
        "<form method=\"post\" action=\"/idp/saml2/sso\">\n\
         <input type=\"hidden\" name=\"RelayState\" value=\"sandbox\">\n\
         <p><label>E-mail <input type=\"email\" name=\"user\"></label></p>\n\
         <p><label>Password <input type=\"password\" name=\"password\"></label></p>\n\
         <p><button type=\"submit\">Sign in</button></p>\n</form>\n\
         <p>This page belongs to the hallpass sandbox; signing in is not possible.</p>",
    )
}

/// What a browser sees at `/prweb/`.
pub(super) fn welcome(base: &str) -> String {
    page(
        "hallpass sandbox",
        &format!(
            "<p>A small server that imitates what an API client sees of a Pega system: OAuth 2.0 endpoints and \
             the DX API. It is not Pega, runs on this machine only and forgets everything when it stops.</p>\n\
             <p>Token endpoint: <code>{0}/prweb/PRRestService/oauth2/v1/token</code><br>\n\
             Authorization endpoint: <code>{0}/prweb/PRRestService/oauth2/v1/authorize</code><br>\n\
             DX API v2: <code>{0}/prweb/api/application/v2</code><br>\n\
             Client registrations: <a href=\"/sandbox/dev-studio\">/sandbox/dev-studio</a><br>\n\
             What the OAuth endpoints did, with the reasons clients are not told: <a href=\"/sandbox/log\">/sandbox/log</a></p>\n\
             <p>Its own choices where Pega's behaviour is not known: a redirect URI registered without a port on \
             127.0.0.1 takes any port, public clients need PKCE, and the signatures of SAML assertions are not checked.</p>\n\
             <p>Beside it, and not Pega: <a href=\"/rfc\">generic OAuth 2.0 / OpenID Connect</a></p>",
            escape(base)
        ),
    )
}

#[cfg(test)]
mod tests {
    #[test]
    fn text_from_outside_cannot_become_markup() {
        assert_eq!(super::escape("<b a='\"&'>"), "&lt;b a=&#39;&quot;&amp;&#39;&gt;");
        assert!(!super::plain("<script>", "<img>").contains("<script>"));
    }
}
