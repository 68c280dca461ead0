//! A pasted command line to words: POSIX shells with `$'…'`, cmd with carets, PowerShell's back-tick.

use std::iter::Peekable;
use std::str::Chars;

/// The words of the first command, and what was left behind (a pipe, a redirection).
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Words {
    /// The words, quotes removed.
    pub words: Vec<String>,
    /// The operator after which the rest was not read.
    pub rest: Option<String>,
}

/// `None`: a quote is not closed.
pub(super) fn split(text: &str) -> Option<Words> {
    let text = text.replace("\r\n", "\n");
    if is_cmd(&text) {
        return Some(Words { words: windows_words(&without_carets(&text)), rest: None });
    }
    let (plain, rest) = posix(&text.replace("`\n", " "))?;
    Some(Words { words: shlex::split(&plain)?, rest })
}

/// True for what only cmd writes: a caret before a quote or at the end of a line, or `curl.exe`
/// without single quotes (which PowerShell would use).
fn is_cmd(text: &str) -> bool {
    let exe = text.trim_start().to_ascii_lowercase().starts_with("curl.exe");
    let carets = text.contains("^\n") || text.contains(" ^\"");
    (carets && !text.contains(" '")) || (exe && !text.contains('\''))
}

/// Replaces `$'…'` by an ordinary quoted word and cuts at the first operator outside of quotes.
fn posix(text: &str) -> Option<(String, Option<String>)> {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut at_start = true;
    while let Some(c) = chars.next() {
        match c {
            // A continued line joins what stands on both sides.
            '\\' if chars.next_if_eq(&'\n').is_some() => {}
            '\\' => {
                out.push(c);
                out.extend(chars.next());
            }
            '\'' => {
                out.push(c);
                copy_until(&mut chars, &mut out, '\'', false)?;
            }
            '"' => {
                out.push(c);
                copy_until(&mut chars, &mut out, '"', true)?;
            }
            '$' if chars.peek() == Some(&'\'') => {
                chars.next();
                let word = ansi_c(&mut chars)?;
                // NUL cannot stand in a word of any shell.
                out.push_str(&shlex::try_quote(&word.replace('\0', "")).ok()?);
            }
            // Inside a word these are taken as they are: an unquoted `?a=1&b=2` is meant as one URL.
            '|' | ';' | '&' | '>' | '<' if at_start => return Some((out, Some(c.to_string()))),
            '1' | '2' if at_start && chars.peek() == Some(&'>') => return Some((out, Some(format!("{c}>")))),
            c => out.push(c),
        }
        at_start = c.is_whitespace() || (c == '\\' && out.ends_with(char::is_whitespace));
    }
    Some((out, None))
}

fn copy_until(chars: &mut Peekable<Chars<'_>>, out: &mut String, end: char, escapes: bool) -> Option<()> {
    loop {
        let c = chars.next()?;
        out.push(c);
        if c == end {
            return Some(());
        }
        if escapes && c == '\\' {
            out.push(chars.next()?);
        }
    }
}

/// The inside of `$'…'`, bash manual 3.1.2.4.
fn ansi_c(chars: &mut Peekable<Chars<'_>>) -> Option<String> {
    let mut text = String::new();
    loop {
        let c = chars.next()?;
        if c == '\'' {
            break;
        }
        if c != '\\' {
            text.push(c);
            continue;
        }
        let escaped = match chars.next()? {
            'n' => '\n',
            't' => '\t',
            'r' => '\r',
            'a' => '\u{7}',
            'b' => '\u{8}',
            'e' | 'E' => '\u{1b}',
            'f' => '\u{c}',
            'v' => '\u{b}',
            'x' => {
                // A byte: several may make one character.
                let mut run = vec![byte(chars)];
                while chars.clone().take(2).eq("\\x".chars()) {
                    chars.next();
                    chars.next();
                    run.push(byte(chars));
                }
                text.push_str(&String::from_utf8_lossy(&run));
                continue;
            }
            'u' => char::from_u32(digits(chars, 16, 4)?).unwrap_or(char::REPLACEMENT_CHARACTER),
            'U' => char::from_u32(digits(chars, 16, 8)?).unwrap_or(char::REPLACEMENT_CHARACTER),
            c @ '0'..='7' => {
                let mut value = c.to_digit(8).unwrap_or(0);
                for _ in 0..2 {
                    let Some(digit) = digits(chars, 8, 1) else { break };
                    value = value * 8 + digit;
                }
                char::from_u32(value & 0xff).unwrap_or(char::REPLACEMENT_CHARACTER)
            }
            other => other,
        };
        text.push(escaped);
    }
    Some(text)
}

fn byte(chars: &mut Peekable<Chars<'_>>) -> u8 {
    digits(chars, 16, 2).and_then(|n| u8::try_from(n).ok()).unwrap_or(0)
}

fn digits(chars: &mut Peekable<Chars<'_>>, radix: u32, most: usize) -> Option<u32> {
    let mut value: Option<u32> = None;
    for _ in 0..most {
        let Some(digit) = chars.peek().and_then(|c| c.to_digit(radix)) else { break };
        chars.next();
        value = Some(value.unwrap_or(0).wrapping_mul(radix).wrapping_add(digit));
    }
    value
}

/// What cmd hands to the program: outside of quotes a caret escapes one character, or the line end.
fn without_carets(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    let mut quoted = false;
    while let Some(c) = chars.next() {
        match c {
            '^' if !quoted => match chars.next() {
                Some('\n') => out.push(' '),
                Some(other) => out.push(other),
                None => {}
            },
            '"' => {
                quoted = !quoted;
                out.push(c);
            }
            c => out.push(c),
        }
    }
    out
}

/// Words as Windows programs split their command line: `\"` and `""` are quotes.
fn windows_words(text: &str) -> Vec<String> {
    let (mut words, mut word) = (Vec::new(), String::new());
    let (mut quoted, mut any) = (false, false);
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        match c {
            '\\' => {
                any = true;
                let mut slashes = 1;
                while chars.next_if_eq(&'\\').is_some() {
                    slashes += 1;
                }
                if chars.peek() == Some(&'"') {
                    word.extend(std::iter::repeat_n('\\', slashes / 2));
                    if slashes % 2 == 1 {
                        chars.next();
                        word.push('"');
                    }
                } else {
                    word.extend(std::iter::repeat_n('\\', slashes));
                }
            }
            '"' if quoted && chars.next_if_eq(&'"').is_some() => word.push('"'),
            '"' => {
                quoted = !quoted;
                any = true;
            }
            c if c.is_whitespace() && !quoted => {
                if any {
                    words.push(std::mem::take(&mut word));
                    any = false;
                }
            }
            c => {
                any = true;
                word.push(c);
            }
        }
    }
    if any {
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(text: &str) -> Vec<String> {
        split(text).unwrap().words
    }

    #[test]
    fn posix_quotes_and_continuations() {
        assert_eq!(words("curl 'a b' \"c \\\"d\\\"\" \\\n  e\\ f"), ["curl", "a b", "c \"d\"", "e f"]);
        assert_eq!(words("curl a \\\r\n b"), ["curl", "a", "b"]);
        assert_eq!(split("curl 'a"), None);
        assert_eq!(split("curl $'a"), None);
    }

    #[test]
    fn ansi_c_quotes_are_decoded() {
        assert_eq!(words(r"curl $'it\'s \n \u00e9 \xc3\xa9 \101 \0'"), ["curl", "it's \n é é A "]);
        assert_eq!(words(r"curl '{a}'$'\t'b"), ["curl", "{a}\tb"]);
    }

    #[test]
    fn what_follows_a_pipe_is_left_behind_but_an_ampersand_in_a_url_is_not_an_operator() {
        let split = split("curl http://h/?a=1&b=2 2>/dev/null | jq .").unwrap();
        assert_eq!((split.words.len(), split.rest.as_deref()), (2, Some("2>")));
        assert_eq!(split.words[1], "http://h/?a=1&b=2");
    }

    #[test]
    fn cmd_with_carets_in_both_styles_of_browsers() {
        let new = "curl ^\"https://h/?a=1^&b=2^\" ^\r\n  -H ^\"x: y^\" ^\r\n  --data-raw ^\"^{^\\^\"a^\\^\":^\\^\"50^%^\\^\"^}^\"";
        assert_eq!(words(new), ["curl", "https://h/?a=1&b=2", "-H", "x: y", "--data-raw", "{\"a\":\"50%\"}"]);
        let old = "curl \"https://h/?a=1&b=2\" ^\n  -H \"x: y\" --data-raw \"{\"\"a\"\":1}\"";
        assert_eq!(words(old), ["curl", "https://h/?a=1&b=2", "-H", "x: y", "--data-raw", "{\"a\":1}"]);
        assert_eq!(
            words("curl.exe -d @C:\\x\\y.json http://h"),
            ["curl.exe", "-d", "@C:\\x\\y.json", "http://h"]
        );
    }

    #[test]
    fn powershell_continuations() {
        assert_eq!(words("curl.exe 'http://h' `\n -H 'a: b'"), ["curl.exe", "http://h", "-H", "a: b"]);
    }
}
