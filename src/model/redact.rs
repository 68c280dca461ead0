//! Masks every known secret in texts that leave the process, in each form it may have taken.

use super::exchange::Header;
use super::secret::{MASK, Secret};
use base64::Engine;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD, URL_SAFE, URL_SAFE_NO_PAD};
use std::sync::RwLock;

/// Shorter secrets are only masked where they stand alone in a sensitive header: masking `ab`
/// everywhere would tear texts apart and tell more than it hides.
const MIN_LEN: usize = 4;

/// What a shortened text ends with.
const CUT: char = '…';

/// The shortest beginning of a secret that is one where a text was cut.
const MIN_CUT: usize = 6;

/// Fields of a query or form that hold a secret wherever they stand. `code` and `token` do not count:
/// too many other things are called so.
const SECRET_FIELDS: [&str; 9] = [
    "access_token",
    "api_key",
    "apikey",
    "assertion",
    "client_assertion",
    "client_secret",
    "id_token",
    "password",
    "refresh_token",
];

/// Knows the secrets seen in this process and replaces them, also when encoded
/// (base64, base64url, percent, JSON-escaped), by the mask. Shared; grows, never shrinks.
#[derive(Default)]
pub struct Redactor {
    needles: RwLock<Vec<Secret>>,
}

impl Redactor {
    /// An empty one.
    pub fn new() -> Self {
        Self::default()
    }

    /// Makes a secret known. Short ones are ignored, see above.
    pub fn learn(&self, secret: &str) {
        if secret.chars().count() < MIN_LEN {
            return;
        }
        let Ok(mut needles) = self.needles.write() else { return };
        if needles.iter().any(|n| n.expose() == secret) {
            return;
        }
        let forms = [
            secret.to_owned(),
            STANDARD.encode(secret),
            STANDARD_NO_PAD.encode(secret),
            URL_SAFE.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            percent_encoding::utf8_percent_encode(secret, percent_encoding::NON_ALPHANUMERIC).to_string(),
            url::form_urlencoded::byte_serialize(secret.as_bytes()).collect(),
            serde_json::to_string(secret).map(|s| s.trim_matches('"').to_owned()).unwrap_or_default(),
            // PHP and others write `/` as `\/`.
            serde_json::to_string(secret)
                .map(|s| s.trim_matches('"').replace('/', "\\/"))
                .unwrap_or_default(),
        ];
        for form in forms {
            if form.len() >= MIN_LEN && !needles.iter().any(|n| n.expose() == form) {
                needles.push(Secret::new(form));
            }
        }
        // Longest first, so that a secret that contains another is masked whole.
        needles.sort_by_key(|n| std::cmp::Reverse(n.len()));
    }

    /// Makes those fields of a query or form known that are secrets by their name.
    pub fn learn_fields(&self, fields: &str) {
        for (name, value) in url::form_urlencoded::parse(fields.as_bytes()) {
            if SECRET_FIELDS.contains(&name.to_ascii_lowercase().as_str()) {
                self.learn(&value);
            }
        }
    }

    /// The text with every known secret masked.
    pub fn mask(&self, text: &str) -> String {
        let mut out = text.to_owned();
        let Ok(needles) = self.needles.read() else { return MASK.to_owned() };
        for needle in needles.iter() {
            if out.contains(needle.expose()) {
                out = out.replace(needle.expose(), MASK);
            }
        }
        if out.contains(CUT) { mask_cut(&out, &needles) } else { out }
    }

    /// A header's value as it may be shown: masked whole when sensitive, its scheme word kept.
    pub fn header(&self, header: &Header) -> String {
        if !header.sensitive {
            return self.mask(&header.value);
        }
        match header.value.split_once(' ') {
            Some((scheme, _)) if header.name.eq_ignore_ascii_case("authorization") && scheme.len() <= 12 => {
                format!("{scheme} {MASK}")
            }
            _ => MASK.to_owned(),
        }
    }
}

/// Masks what is left of a secret where a text was cut in the midst of it.
fn mask_cut(text: &str, needles: &[Secret]) -> String {
    let mut parts = text.split(CUT);
    let last = parts.next_back().unwrap_or_default();
    let mut out = String::with_capacity(text.len());
    for part in parts {
        let left = needles.iter().map(|needle| overlap(part, needle.expose())).max().unwrap_or(0);
        let whole = part.len() - left;
        out.push_str(&part[..whole]);
        if left > 0 {
            out.push_str(MASK);
        }
        out.push(CUT);
    }
    out.push_str(last);
    out
}

/// How many bytes at the end of a text are the beginning of a secret; 0 for fewer than would tell.
fn overlap(text: &str, secret: &str) -> usize {
    let most = text.len().min(secret.len().saturating_sub(1));
    (MIN_CUT..=most)
        .rev()
        .find(|n| secret.is_char_boundary(*n) && text.as_bytes().ends_with(&secret.as_bytes()[..*n]))
        .unwrap_or(0)
}

impl std::fmt::Debug for Redactor {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Redactor")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_by_the_name_of_its_field_is_masked_everywhere_and_other_fields_are_not() {
        let r = Redactor::new();
        r.learn_fields("access_token=abc%2Fdef&view=full&API_KEY=k-12345&code=2005");
        let text = r.mask("abc/def abc%2Fdef k-12345 full 2005");
        assert_eq!(text, format!("{MASK} {MASK} {MASK} full 2005"));
    }

    #[test]
    fn a_secret_is_masked_in_every_form_it_may_take() {
        let r = Redactor::new();
        let secret = "s3cr/et+\"w&rd";
        r.learn(secret);
        let forms = [
            secret.to_owned(),
            STANDARD.encode(secret),
            URL_SAFE_NO_PAD.encode(secret),
            "s3cr%2Fet%2B%22w%26rd".to_owned(),
            "s3cr/et+\\\"w&rd".to_owned(),
            "s3cr\\/et+\\\"w&rd".to_owned(),
        ];
        for form in forms {
            assert_eq!(r.mask(&format!("a {form} b")), format!("a {MASK} b"), "{form}");
        }
    }

    #[test]
    fn what_is_left_of_a_secret_where_a_text_was_cut_is_masked_too() {
        let r = Redactor::new();
        r.learn("s3cr/et+word");
        assert_eq!(r.mask("it said s3cr/et+wo… (and so on)"), format!("it said {MASK}… (and so on)"));
        assert_eq!(r.mask("a form s3cr%2Fe…"), format!("a form {MASK}…"));
        assert_eq!(r.mask("s3cr/… no s3cr s3cr/et+… end…"), format!("s3cr/… no s3cr {MASK}… end…"));
        assert_eq!(r.mask("é…ü…"), "é…ü…");
    }

    #[test]
    fn a_sensitive_authorization_header_keeps_only_its_scheme() {
        let r = Redactor::new();
        assert_eq!(r.header(&Header::sensitive("Authorization", "Bearer abc")), "Bearer •••");
        assert_eq!(r.header(&Header::sensitive("X-Api-Key", "abc def")), "•••");
    }
}
