//! Just enough XML to look at a SAML assertion: tags, attributes, texts. No document types, so no entities of one's own,
//! so nothing to expand.

use std::fmt;

/// The deepest nesting that is followed.
const MAX_DEPTH: usize = 64;

/// The most attributes an element may have.
const MAX_ATTRIBUTES: usize = 64;

/// One thing met on the way through.
#[derive(Debug, PartialEq, Eq)]
pub enum Event {
    /// A start tag; an empty element is followed by its end at once.
    Start {
        /// With its prefix.
        name: String,
        /// Name with prefix, value with references undone.
        attributes: Vec<(String, String)>,
    },
    /// Character data, references undone; CDATA as it stands.
    Text(String),
    /// An end tag.
    End,
}

/// The name without its prefix.
pub fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// Reads a document from first to last tag; comments and processing instructions are left out.
///
/// # Errors
/// In words: not well-formed, a document type, nested too deep.
pub fn read(text: &str) -> Result<Vec<Event>, String> {
    let mut reader = Reader { rest: text, open: Vec::new(), events: Vec::new(), started: false };
    reader.run()?;
    Ok(reader.events)
}

struct Reader<'a> {
    rest: &'a str,
    open: Vec<&'a str>,
    events: Vec<Event>,
    /// The root element was met.
    started: bool,
}

impl<'a> Reader<'a> {
    fn run(&mut self) -> Result<(), String> {
        loop {
            let at = self.rest.find('<').unwrap_or(self.rest.len());
            let (text, rest) = self.rest.split_at(at);
            self.text(text)?;
            self.rest = rest;
            if rest.is_empty() {
                return match (self.open.last(), self.started) {
                    (Some(name), _) => Err(format!("`<{name}>` is never closed")),
                    (None, false) => Err("it has no element".to_owned()),
                    (None, true) => Ok(()),
                };
            }
            if let Some(rest) = rest.strip_prefix("<!--") {
                self.rest = behind(rest, "-->")?;
            } else if let Some(rest) = rest.strip_prefix("<?") {
                self.rest = behind(rest, "?>")?;
            } else if let Some(data) = rest.strip_prefix("<![CDATA[") {
                self.rest = behind(data, "]]>")?;
                let data = &data[..data.len() - self.rest.len() - 3];
                if self.open.is_empty() {
                    return Err("it has text outside its element".to_owned());
                }
                self.events.push(Event::Text(data.to_owned()));
            } else if rest.starts_with("<!") {
                return Err("it has a document type, which no assertion needs".to_owned());
            } else if let Some(rest) = rest.strip_prefix("</") {
                self.end(rest)?;
            } else {
                self.start(&rest[1..])?;
            }
        }
    }

    fn text(&mut self, text: &str) -> Result<(), String> {
        if self.open.is_empty() {
            return if text.trim().is_empty() {
                Ok(())
            } else {
                Err("it has text outside its element".to_owned())
            };
        }
        if !text.is_empty() {
            self.events.push(Event::Text(plain(text)?));
        }
        Ok(())
    }

    fn end(&mut self, rest: &'a str) -> Result<(), String> {
        let (name, behind) = rest.split_once('>').ok_or_else(cut)?;
        match self.open.pop() {
            Some(open) if open == name.trim_end() => {
                self.rest = behind;
                self.events.push(Event::End);
                Ok(())
            }
            _ => Err(format!("`</{}>` closes nothing", Short(name))),
        }
    }

    fn start(&mut self, rest: &'a str) -> Result<(), String> {
        if self.started && self.open.is_empty() {
            return Err("it has more than one element at its root".to_owned());
        }
        let end = rest.find(|c: char| c.is_whitespace() || matches!(c, '>' | '/')).ok_or_else(cut)?;
        let (name, mut rest) = rest.split_at(end);
        if !is_name(name) {
            return Err(format!("`<{}` is no tag", Short(name)));
        }
        let mut attributes: Vec<(String, String)> = Vec::new();
        let empty = loop {
            rest = rest.trim_start();
            if let Some(behind) = rest.strip_prefix("/>") {
                rest = behind;
                break true;
            }
            if let Some(behind) = rest.strip_prefix('>') {
                rest = behind;
                break false;
            }
            let (attribute, behind) = rest.split_once('=').ok_or_else(cut)?;
            let attribute = attribute.trim_end();
            if attributes.len() == MAX_ATTRIBUTES {
                return Err(format!("`<{}>` has more than {MAX_ATTRIBUTES} attributes", Short(name)));
            }
            if !is_name(attribute) || attributes.iter().any(|(known, _)| known == attribute) {
                return Err(format!("`<{}>` has an attribute that is none, or one twice", Short(name)));
            }
            let behind = behind.trim_start();
            let quote = behind.chars().next().filter(|c| matches!(c, '"' | '\'')).ok_or_else(cut)?;
            let (value, behind) = behind[1..].split_once(quote).ok_or_else(cut)?;
            attributes.push((attribute.to_owned(), plain(value)?));
            rest = behind;
        };
        self.rest = rest;
        self.started = true;
        self.events.push(Event::Start { name: name.to_owned(), attributes });
        if empty {
            self.events.push(Event::End);
        } else if self.open.len() == MAX_DEPTH {
            return Err(format!("it is nested deeper than {MAX_DEPTH} elements"));
        } else {
            self.open.push(name);
        }
        Ok(())
    }
}

fn is_name(text: &str) -> bool {
    !text.is_empty() && text.len() <= 256 && text.chars().all(|c| c.is_alphanumeric() || "_-.:".contains(c))
}

fn behind<'a>(text: &'a str, end: &str) -> Result<&'a str, String> {
    text.find(end).map(|at| &text[at + end.len()..]).ok_or_else(cut)
}

fn cut() -> String {
    "it ends in the middle of a tag".to_owned()
}

/// References undone: the five of XML and numbers, nothing else.
fn plain(text: &str) -> Result<String, String> {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('&') {
        out.push_str(before);
        let (name, behind) = behind.split_once(';').ok_or("it has a `&` that begins no reference")?;
        let number = |digits: &str, radix| u32::from_str_radix(digits, radix).ok().and_then(char::from_u32);
        let c = match name {
            "amp" => Some('&'),
            "lt" => Some('<'),
            "gt" => Some('>'),
            "quot" => Some('"'),
            "apos" => Some('\''),
            _ => match (name.strip_prefix("#x"), name.strip_prefix('#')) {
                (Some(hex), _) => number(hex, 16),
                (None, Some(decimal)) => number(decimal, 10),
                (None, None) => None,
            },
        };
        out.push(c.ok_or_else(|| format!("`&{};` is no reference of XML", Short(name)))?);
        rest = behind;
    }
    out.push_str(rest);
    Ok(out)
}

/// A piece of the document short enough for a sentence.
struct Short<'a>(&'a str);

impl fmt::Display for Short<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let clean = super::error::clean(self.0);
        f.write_str(clean.char_indices().nth(40).map_or(&clean, |(at, _)| &clean[..at]))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(xml: &str) -> Result<String, String> {
        let joined = |event: Event| match event {
            Event::Start { name, attributes } => {
                let attributes: Vec<String> = attributes.iter().map(|(n, v)| format!("{n}={v}")).collect();
                format!("<{name} {}>", attributes.join(","))
            }
            Event::Text(text) => text,
            Event::End => "/".to_owned(),
        };
        Ok(read(xml)?.into_iter().map(joined).collect())
    }

    #[test]
    fn tags_texts_references_and_cdata_are_read() {
        let xml = "<?xml version='1.0'?><!-- < --><a:b x=\"1 &amp; 2\" y='\"'><c/>t&lt;&#65;&#x42;<![CDATA[<&]]>u<!-- no -->v</a:b >\n";
        assert_eq!(texts(xml).unwrap(), "<a:b x=1 & 2,y=\"><c >/t<AB<&uv/");
    }

    #[test]
    fn entities_of_ones_own_are_refused_before_anything_is_expanded() {
        let bomb = "<!DOCTYPE a [<!ENTITY x \"xxxx\"><!ENTITY y \"&x;&x;\">]><a>&y;</a>";
        assert!(texts(bomb).unwrap_err().contains("document type"));
        assert!(texts("<a>&x;</a>").unwrap_err().contains("no reference"));
        assert!(texts("<a>&#xD800;</a>").is_err() && texts("<a>a & b</a>").is_err());
    }

    #[test]
    fn what_is_not_well_formed_is_refused_in_words() {
        for xml in [
            "",
            "a",
            "<a>",
            "<a></b>",
            "</a>",
            "<a/><b/>",
            "<a/>x",
            "<a",
            "<a b>",
            "<a b=c>",
            "<a b='c>",
            "<a b='1' b='2'/>",
            "<>x</>",
            "<!-- a",
            "<a><![CDATA[x</a>",
            "<a><!x></a>",
            "< a/>",
        ] {
            assert!(!texts(xml).expect_err(xml).is_empty());
        }
        assert!(texts(&"<a>".repeat(100_000)).unwrap_err().contains("deeper"));
        let many: String = (0..100_000).map(|i| format!(" a{i}=''")).collect();
        assert!(texts(&format!("<a{many}/>")).unwrap_err().contains("attributes"));
    }

    #[test]
    fn no_damage_makes_it_panic_or_hang() {
        let seed: Vec<char> =
            "<a:b x=\"1 &amp; é\"><!-- c --><c/><![CDATA[<&]]>&#65;</a:b>".chars().collect();
        let mut state = 3_u64;
        for _ in 0..20_000 {
            let mut text = seed.clone();
            for _ in 0..3 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                let (a, b) = ((state >> 33) as usize % text.len(), (state >> 20) as usize % text.len());
                if state.is_multiple_of(2) {
                    text.swap(a, b)
                } else {
                    let _ = text.remove(a);
                }
            }
            let _ = read(&text.into_iter().collect::<String>());
        }
    }
}
