//! Finds the values of a JSON text by their brackets, without reading them. Never recurses: nesting costs nothing.

/// Where and why the scan cannot go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stop {
    /// Byte offset.
    pub at: usize,
    /// True: the text is over.
    pub ended: bool,
}

impl Stop {
    /// What stands there, fit to be shown: a visible character in quotes, else its code point.
    pub fn found(&self, text: &str) -> String {
        match text.get(self.at..).and_then(|rest| rest.chars().next()) {
            Some(c) if c.is_ascii_graphic() => format!("`{c}`"),
            Some(c) => format!("U+{:04X}", u32::from(c)),
            None => "the end".to_owned(),
        }
    }
}

/// Line and column (in characters) of a byte offset, both from 1.
pub(super) fn place(text: &str, at: usize) -> (usize, usize) {
    let before = text.get(..at).unwrap_or(text);
    let line = memchr::memchr_iter(b'\n', before.as_bytes()).count() + 1;
    let start = before.rfind('\n').map_or(0, |i| i + 1);
    (line, before[start..].chars().count() + 1)
}

/// A place in a JSON text.
pub(super) struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    /// At the beginning.
    pub fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Byte offset of the next thing that is no blank.
    pub fn at(&self) -> usize {
        self.at
    }

    fn bytes(&self) -> &'a [u8] {
        self.text.as_bytes()
    }

    fn stop(&self) -> Stop {
        Stop { at: self.at, ended: self.at >= self.text.len() }
    }

    /// The next byte that is no blank.
    pub fn peek(&mut self) -> Option<u8> {
        let rest = self.bytes().get(self.at..)?;
        self.at += rest.iter().position(|b| !matches!(b, b' ' | b'\t' | b'\r' | b'\n')).unwrap_or(rest.len());
        self.bytes().get(self.at).copied()
    }

    /// Goes into the object or list that begins here.
    pub fn open(&mut self) {
        self.peek();
        self.at += 1;
    }

    /// Passes over commas; true when the bracket closed. Commas too many or too few do not matter.
    fn closed(&mut self) -> Result<bool, Stop> {
        loop {
            match self.peek() {
                Some(b',') => self.at += 1,
                Some(b'}' | b']') => {
                    self.at += 1;
                    return Ok(true);
                }
                Some(_) => return Ok(false),
                None => return Err(self.stop()),
            }
        }
    }

    /// The next member's name, the scan being at its value then; `None` when the object closed.
    pub fn member(&mut self) -> Result<Option<String>, Stop> {
        if self.closed()? {
            return Ok(None);
        }
        if self.peek() != Some(b'"') {
            return Err(self.stop());
        }
        let key = self.value()?;
        if self.peek() != Some(b':') {
            return Err(self.stop());
        }
        self.at += 1;
        if self.peek().is_none() {
            return Err(self.stop());
        }
        Ok(Some(serde_json::from_str(key).unwrap_or_else(|_| key.trim_matches('"').to_owned())))
    }

    /// True when there is another element, the scan being at it; false when the list closed.
    pub fn element(&mut self) -> Result<bool, Stop> {
        Ok(!self.closed()?)
    }

    /// Passes over the value that begins here and gives its text.
    pub fn value(&mut self) -> Result<&'a str, Stop> {
        let first = self.peek();
        let start = self.at;
        match first {
            Some(b'"') => self.string()?,
            Some(b'{' | b'[') => self.brackets()?,
            Some(b':' | b',' | b'}' | b']') => return Err(self.stop()),
            Some(_) => {
                let rest = &self.bytes()[self.at..];
                let end =
                    |b: &u8| matches!(b, b',' | b']' | b'}' | b':' | b'"' | b' ' | b'\t' | b'\r' | b'\n');
                self.at += rest.iter().position(end).unwrap_or(rest.len());
            }
            None => return Err(self.stop()),
        }
        Ok(self.text.get(start..self.at).unwrap_or_default())
    }

    fn string(&mut self) -> Result<(), Stop> {
        self.at += 1;
        loop {
            let rest = self.bytes().get(self.at..).unwrap_or_default();
            let Some(found) = memchr::memchr2(b'"', b'\\', rest) else {
                self.at = self.text.len();
                return Err(self.stop());
            };
            self.at += found + 1;
            if rest[found] == b'"' {
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn brackets(&mut self) -> Result<(), Stop> {
        let mut depth = 0_usize;
        loop {
            match self.bytes().get(self.at) {
                Some(b'"') => self.string()?,
                Some(b'{' | b'[') => {
                    depth += 1;
                    self.at += 1;
                }
                Some(b'}' | b']') => {
                    depth -= 1;
                    self.at += 1;
                    if depth == 0 {
                        return Ok(());
                    }
                }
                Some(_) => self.at += 1,
                None => {
                    self.at = self.text.len();
                    return Err(self.stop());
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_and_elements_are_found_by_their_brackets() {
        let mut scan = Scan::new(r#" {"a\n" : [1, {"x":"]"}], "b":"\"}" , } "#);
        scan.open();
        assert_eq!(scan.member().unwrap().as_deref(), Some("a\n"));
        scan.open();
        assert!(scan.element().unwrap());
        assert_eq!(scan.value().unwrap(), "1");
        assert!(scan.element().unwrap());
        assert_eq!(scan.value().unwrap(), r#"{"x":"]"}"#);
        assert!(!scan.element().unwrap());
        assert_eq!(scan.member().unwrap().as_deref(), Some("b"));
        assert_eq!(scan.value().unwrap(), r#""\"}""#);
        assert_eq!(scan.member().unwrap(), None);
    }

    #[test]
    fn nesting_without_end_costs_nothing_and_ends_as_a_cut_text() {
        let deep = "[".repeat(1_000_000);
        assert_eq!(Scan::new(&deep).value(), Err(Stop { at: 1_000_000, ended: true }));
        assert!(Scan::new("\"abc\\").value().is_err());
    }

    #[test]
    fn a_place_is_told_in_lines_and_characters() {
        assert_eq!(place("a\nbü{", 5), (2, 3));
        assert_eq!(place("", 0), (1, 1));
    }
}
