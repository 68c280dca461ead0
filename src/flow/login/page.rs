//! The pages a browser is shown at the listener. They are fixed texts: nothing of a request, of the server's answer or of a token
//! is ever in them.

/// A page with its status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Page {
    pub status: u16,
    reason: &'static str,
    title: &'static str,
    text: &'static str,
}

const fn page(status: u16, reason: &'static str, title: &'static str, text: &'static str) -> Page {
    Page { status, reason, title, text }
}

pub(super) const DONE: Page =
    page(200, "OK", "Back to the terminal", "hallpass has the answer. You can close this window.");
pub(super) const REFUSED: Page =
    page(200, "OK", "Not logged in", "The server refused the login. hallpass says in the terminal why.");
pub(super) const STRAY: Page = page(
    400,
    "Bad Request",
    "Not an answer to this login",
    "This does not belong to the login that hallpass waits for. The login goes on.",
);
pub(super) const BAD_REQUEST: Page = page(400, "Bad Request", "Bad request", "This is not understood here.");
pub(super) const BAD_HOST: Page =
    page(421, "Misdirected Request", "Wrong host", "This address only answers to its own name.");
pub(super) const FORBIDDEN: Page =
    page(403, "Forbidden", "Forbidden", "Pages of other sites may not call this address.");
pub(super) const NOT_FOUND: Page = page(404, "Not Found", "Nothing here", "There is nothing at this path.");
pub(super) const NOT_GET: Page = page(405, "Method Not Allowed", "Not allowed", "Only GET is answered here.");
pub(super) const TOO_LARGE: Page =
    page(431, "Request Header Fields Too Large", "Too large", "The request is too large.");

impl Page {
    /// The whole answer; `body` false for HEAD.
    pub fn bytes(&self, body: bool) -> Vec<u8> {
        let html = format!(
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>{0}</title><h1>{0}</h1><p>{1}</p></html>\n",
            self.title, self.text
        );
        let allow = if self.status == 405 { "Allow: GET\r\n" } else { "" };
        let mut out = format!(
            "HTTP/1.1 {} {}\r\nContent-Type: text/html; charset=utf-8\r\nContent-Length: {}\r\n{allow}Connection: close\r\nCache-Control: no-store\r\nReferrer-Policy: no-referrer\r\nContent-Security-Policy: default-src 'none'\r\nX-Content-Type-Options: nosniff\r\n\r\n",
            self.status,
            self.reason,
            html.len(),
        )
        .into_bytes();
        if body {
            out.extend_from_slice(html.as_bytes());
        }
        out
    }
}
