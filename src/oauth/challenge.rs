//! `WWW-Authenticate` (RFC 9110 section 11.6.1), read scheme by scheme.

/// One challenge.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Challenge {
    /// Scheme as sent; compare without case.
    pub scheme: String,
    /// `token68` form.
    pub token68: Option<String>,
    /// Parameters in order, names lower case, quotes and escapes undone.
    pub params: Vec<(String, String)>,
}

impl Challenge {
    /// A parameter by its lower-case name; of equal ones the first.
    pub fn param(&self, name: &str) -> Option<&str> {
        self.params.iter().find(|(n, _)| n == name).map(|(_, v)| v.as_str())
    }

    /// True for this scheme.
    pub fn is(&self, scheme: &str) -> bool {
        self.scheme.eq_ignore_ascii_case(scheme)
    }
}

/// Every challenge of all header lines of that name, in order. Several schemes in one line, token68,
/// commas in quotes. What cannot be read is passed over; never an error.
pub fn parse<'a>(lines: impl IntoIterator<Item = &'a str>) -> Vec<Challenge> {
    lines.into_iter().flat_map(line).collect()
}

fn line(text: &str) -> Vec<Challenge> {
    let mut cursor = Cursor { rest: text };
    let mut found: Vec<Challenge> = Vec::new();
    loop {
        cursor.skip(|c| c == ',' || c.is_ascii_whitespace());
        if cursor.rest.is_empty() {
            return found;
        }
        let word = cursor.take(is_tchar);
        if word.is_empty() {
            cursor.pass_over();
            continue;
        }
        let behind = cursor.rest;
        cursor.skip(|c| c.is_ascii_whitespace());
        if cursor.rest.starts_with('=') {
            let value = cursor.value();
            if let Some(challenge) = found.last_mut() {
                challenge.params.push((word.to_ascii_lowercase(), value));
            }
            continue;
        }
        // A scheme; one without a blank behind it has neither token68 nor parameters.
        let token68 = if cursor.rest.len() < behind.len() { cursor.token68() } else { None };
        found.push(Challenge { scheme: word.to_owned(), token68, params: Vec::new() });
    }
}

/// What is still to be read of a line.
struct Cursor<'a> {
    rest: &'a str,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, of: impl Fn(char) -> bool) -> &'a str {
        let end = self.rest.find(|c| !of(c)).unwrap_or(self.rest.len());
        let (taken, rest) = self.rest.split_at(end);
        self.rest = rest;
        taken
    }

    fn skip(&mut self, of: impl Fn(char) -> bool) {
        self.take(of);
    }

    /// Leaves out something that stands where a word should: a quoted text as a whole, else one character.
    fn pass_over(&mut self) {
        if self.rest.starts_with('"') {
            self.quoted();
        } else {
            self.rest =
                self.rest.get(self.rest.chars().next().map_or(0, char::len_utf8)..).unwrap_or_default();
        }
    }

    /// The value behind `=`; without quotes it ends at a comma or blank.
    fn value(&mut self) -> String {
        self.rest = self.rest.strip_prefix('=').unwrap_or(self.rest);
        self.skip(|c| c.is_ascii_whitespace());
        if self.rest.starts_with('"') {
            self.quoted()
        } else {
            self.take(|c| c != ',' && !c.is_ascii_whitespace()).to_owned()
        }
    }

    /// A quoted text; one that never ends takes the rest of the line.
    fn quoted(&mut self) -> String {
        let mut out = String::new();
        let mut chars = self.rest.char_indices().skip(1);
        while let Some((at, c)) = chars.next() {
            match c {
                '"' => {
                    self.rest = &self.rest[at + 1..];
                    return out;
                }
                '\\' => out.extend(chars.next().map(|(_, escaped)| escaped)),
                c => out.push(c),
            }
        }
        self.rest = "";
        out
    }

    /// Taken only if it fills its place up to the next comma: else it is a parameter or another scheme.
    fn token68(&mut self) -> Option<String> {
        let start = self.rest;
        self.skip(|c| c.is_ascii_alphanumeric() || "-._~+/".contains(c));
        self.skip(|c| c == '=');
        let token = &start[..start.len() - self.rest.len()];
        self.skip(|c| c.is_ascii_whitespace());
        if !token.is_empty() && (self.rest.is_empty() || self.rest.starts_with(',')) {
            return Some(token.to_owned());
        }
        self.rest = start;
        None
    }
}

fn is_tchar(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(lines: &[&str]) -> Vec<String> {
        let show = |c: Challenge| {
            let params: Vec<String> = c.params.iter().map(|(n, v)| format!("{n}={v}")).collect();
            let token = c.token68.map(|t| format!("[{t}]")).unwrap_or_default();
            format!("{}{token}({})", c.scheme, params.join("|"))
        };
        parse(lines.iter().copied()).into_iter().map(show).collect()
    }

    #[test]
    fn several_schemes_in_a_line_are_told_apart() {
        assert_eq!(
            shown(&[r#"Newauth realm="apps", type=1, title="Login to \"apps\"", Basic realm="simple""#]),
            [r#"Newauth(realm=apps|type=1|title=Login to "apps")"#, "Basic(realm=simple)"]
        );
        assert_eq!(shown(&["Negotiate, NTLM,Basic realm=x"]), ["Negotiate()", "NTLM()", "Basic(realm=x)"]);
        assert_eq!(shown(&["Basic realm=\"a\"", "", "Bearer"]), ["Basic(realm=a)", "Bearer()"]);
    }

    #[test]
    fn what_apis_send_is_read() {
        let line = r#"Bearer realm="a, b", error="invalid_token", error_description="The token, it \"expired\"", resource_metadata="https://h/.well-known/x?a=1,2", DPoP algs="ES256 PS256", error="use_dpop_nonce""#;
        let found = parse([line]);
        assert_eq!(found.len(), 2);
        assert!(found[0].is("bearer") && found[1].is("dpop"));
        assert_eq!(found[0].param("error_description"), Some(r#"The token, it "expired""#));
        assert_eq!(found[0].param("resource_metadata"), Some("https://h/.well-known/x?a=1,2"));
        assert_eq!(
            (found[0].param("error"), found[1].param("error")),
            (Some("invalid_token"), Some("use_dpop_nonce"))
        );
    }

    #[test]
    fn a_token68_is_no_parameter() {
        assert_eq!(
            shown(&["Negotiate YII+/w==, Basic realm=x"]),
            ["Negotiate[YII+/w==]()", "Basic(realm=x)"]
        );
        assert_eq!(shown(&["Negotiate abc"]), ["Negotiate[abc]()"]);
        assert_eq!(shown(&["Bearer scope=a"]), ["Bearer(scope=a)"]);
    }

    #[test]
    fn blanks_around_the_sign_and_empty_members_are_forgiven() {
        assert_eq!(shown(&[" , Bearer  Realm = \"x\" ,, error =y , "]), ["Bearer(realm=x|error=y)"]);
        assert_eq!(shown(&["Bearer, realm=\"x\""]), ["Bearer(realm=x)"]);
        assert_eq!(shown(&["Bearer scope=https://h/a.read"]), ["Bearer(scope=https://h/a.read)"]);
    }

    #[test]
    fn what_cannot_be_read_is_passed_over() {
        assert_eq!(shown(&["", ",,,", "=", "\"a\"", "realm=\"x\""]), Vec::<String>::new());
        assert_eq!(
            shown(&["Bearer error=\"never ends, Basic realm=x"]),
            ["Bearer(error=never ends, Basic realm=x)"]
        );
        assert_eq!(shown(&["é (x) Bearer realm=\"ü\\"]), ["x()", "Bearer(realm=ü)"]);
        assert_eq!(shown(&["Bearer a=\"1\"\"2\" b=3"]), ["Bearer(a=1|b=3)"]);
    }

    #[test]
    fn no_input_makes_it_panic_or_hang() {
        let seed = r#"Bearer realm="a\"b", x=y, Negotiate YII==, é="#;
        let pieces: Vec<char> = seed.chars().chain("\u{0}\u{7f}\t=,\"\\ ".chars()).collect();
        let mut state = 1_u64;
        for _ in 0..20_000 {
            let mut text: Vec<char> = seed.chars().collect();
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (at, what) = ((state >> 33) as usize % text.len(), (state >> 17) as usize % pieces.len());
                if state.is_multiple_of(3) {
                    text.remove(at);
                } else {
                    text[at] = pieces[what];
                }
            }
            let text: String = text.into_iter().collect();
            for challenge in parse([text.as_str()]) {
                assert!(!challenge.scheme.is_empty() && challenge.scheme.chars().all(is_tchar), "{text}");
            }
        }
        for long in ["a ".repeat(100_000), "a=".repeat(100_000), "\"".repeat(100_001), "\\".repeat(100_000)] {
            parse([long.as_str()]);
        }
    }
}
