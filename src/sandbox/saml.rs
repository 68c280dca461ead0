//! As much of a SAML 2.0 assertion as the bearer grant asks about (RFC 7522 section 3). Not an XML
//! reader: names are taken without their prefixes, and what looks odd is refused.

use jiff::Timestamp;

/// Larger ones are refused.
const LARGEST: usize = 256 * 1024;

/// What an assertion says.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Assertion {
    pub(super) issuer: String,
    pub(super) name_id: String,
    pub(super) audiences: Vec<String>,
    pub(super) not_before: Option<Timestamp>,
    pub(super) not_on_or_after: Option<Timestamp>,
    /// A `Signature` element is there. Nothing is known of its worth.
    pub(super) signed: bool,
}

/// Reads it; `None` for anything that is not one whole assertion in plain XML.
pub(super) fn read(xml: &str) -> Option<Assertion> {
    // Entities and second assertions are how SAML readers are deceived.
    if xml.len() > LARGEST || xml.contains("<!") {
        return None;
    }
    let mut found = Assertion::default();
    let mut path: Vec<&str> = Vec::new();
    let mut rest = xml;
    let mut assertions = 0;
    while let Some(open) = rest.find('<') {
        let (text, tag) = rest.split_at(open);
        let (tag, after) = tag.get(1..)?.split_once('>')?;
        rest = after;
        if tag.starts_with('?') {
            continue;
        }
        if let Some(name) = tag.strip_prefix('/') {
            take_text(&mut found, &path, text.trim())?;
            if path.pop()? != local(name.trim()) {
                return None;
            }
            continue;
        }
        let name = local(tag.split([' ', '\t', '\r', '\n', '/']).next()?);
        if path.is_empty() && name != "Assertion" {
            return None;
        }
        match name {
            "Assertion" => assertions += 1,
            "Signature" => found.signed = true,
            "Conditions" if path == ["Assertion"] => {
                found.not_before = time(tag, "NotBefore")?;
                found.not_on_or_after = time(tag, "NotOnOrAfter")?;
            }
            _ => {}
        }
        if !tag.ends_with('/') {
            path.push(name);
        }
    }
    (assertions == 1 && path.is_empty() && !found.name_id.is_empty()).then_some(found)
}

fn local(name: &str) -> &str {
    name.rsplit(':').next().unwrap_or(name)
}

/// The text before a closing tag, kept where it is asked about. A second issuer or subject is refused.
fn take_text(found: &mut Assertion, path: &[&str], text: &str) -> Option<()> {
    let place = match path {
        ["Assertion", "Issuer"] => &mut found.issuer,
        ["Assertion", "Subject", "NameID"] => &mut found.name_id,
        ["Assertion", "Conditions", "AudienceRestriction", "Audience"] => {
            found.audiences.push(text.to_owned());
            return Some(());
        }
        _ => return Some(()),
    };
    if !place.is_empty() || text.contains('&') {
        return None;
    }
    text.clone_into(place);
    Some(())
}

/// An attribute with a time: `None` inside when it is absent, `None` outside when it is no time.
fn time(tag: &str, name: &str) -> Option<Option<Timestamp>> {
    let Some((_, value)) = tag.split_once(&format!(" {name}=")) else { return Some(None) };
    let quote = value.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, _) = value.get(1..)?.split_once(quote)?;
    value.parse().ok().map(Some)
}

#[cfg(test)]
mod tests {
    use super::*;

    const WHOLE: &str = r#"<?xml version="1.0"?>
<saml:Assertion xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0">
  <saml:Issuer>https://idp.example.test</saml:Issuer>
  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"/>
  <saml:Subject><saml:NameID>case.worker@acme</saml:NameID></saml:Subject>
  <saml:Conditions NotBefore="2026-11-23T14:00:00Z" NotOnOrAfter='2026-11-23T14:05:00Z'>
    <saml:AudienceRestriction><saml:Audience>a</saml:Audience><saml:Audience>b</saml:Audience></saml:AudienceRestriction>
  </saml:Conditions>
</saml:Assertion>"#;

    #[test]
    fn an_assertion_is_read_whatever_its_prefixes() {
        let read = read(WHOLE).unwrap();
        assert_eq!(
            (read.issuer.as_str(), read.name_id.as_str()),
            ("https://idp.example.test", "case.worker@acme")
        );
        assert_eq!((read.audiences.len(), read.signed), (2, true));
        assert_eq!(read.not_on_or_after, Some("2026-11-23T14:05:00Z".parse().unwrap()));
        assert!(!super::read(&WHOLE.replace("ds:Signature", "ds:Other")).unwrap().signed);
    }

    #[test]
    fn what_is_not_one_whole_assertion_is_refused() {
        for bad in [
            "",
            "<",
            "no xml",
            "<Assertion></Assertion>",
            "<Response><Assertion/></Response>",
            &WHOLE.replace("</saml:Assertion>", ""),
            &WHOLE.replace("<?xml", "<!DOCTYPE x [<!ENTITY a \"b\">]><?xml"),
            &WHOLE.replace("2026-11-23T14:00:00Z", "yesterday"),
            &WHOLE.replace("<saml:NameID>", "<saml:NameID>admin@acme</saml:NameID><saml:NameID>"),
            &format!("{WHOLE}{WHOLE}"),
        ] {
            assert_eq!(read(bad), None, "{bad}");
        }
        for cut in (0..WHOLE.len() - 1).filter(|i| WHOLE.is_char_boundary(*i)) {
            assert_eq!(read(&WHOLE[..cut]), None, "cut at {cut}");
        }
    }
}
