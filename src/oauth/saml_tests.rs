//! Assertions as identity providers and clipboards write them.

use super::*;
use base64::engine::general_purpose::STANDARD;

const URL: &str = "https://h/token";

const XML: &str = r#"<?xml version="1.0"?><saml2:Assertion xmlns:saml2="urn:oasis:names:tc:SAML:2.0:assertion" ID="_1" Version="2.0">
  <saml2:Issuer>https://idp</saml2:Issuer><ds:Signature xmlns:ds="x"><ds:Subject><ds:NameID>no</ds:NameID></ds:Subject></ds:Signature>
  <saml2:Subject><saml2:NameID>u&amp;s<!-- -->er</saml2:NameID>
    <saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:holder-of-key"><saml2:SubjectConfirmationData Recipient="no" NotOnOrAfter="2000-01-01T00:00:00Z"/></saml2:SubjectConfirmation>
    <saml2:SubjectConfirmation Method="urn:oasis:names:tc:SAML:2.0:cm:bearer"><saml2:SubjectConfirmationData Recipient="https://h/token" NotOnOrAfter="2026-01-01T00:05:00.000Z"/></saml2:SubjectConfirmation>
  </saml2:Subject>
  <saml2:Conditions NotBefore="2026-01-01T00:00:00" NotOnOrAfter="2026-01-01T00:10:00Z"><saml2:AudienceRestriction><saml2:Audience> https://h/token </saml2:Audience><saml2:Audience><![CDATA[b]]></saml2:Audience></saml2:AudienceRestriction></saml2:Conditions>
</saml2:Assertion>"#;

fn at(time: &str) -> Timestamp {
    time.parse().unwrap()
}

fn read(given: &str, now: &str) -> Result<(Secret, SamlFacts, Vec<String>), String> {
    saml(&Secret::new(given), URL, at(now))
}

const DURING: &str = "2026-01-01T00:01:00Z";

#[test]
fn an_assertion_says_who_for_whom_and_how_long() {
    let (_, facts, warnings) = read(XML, DURING).unwrap();
    let expected = SamlFacts {
        issuer: Some("https://idp".into()),
        subject: Some("u&ser".into()),
        audiences: vec![URL.into(), "b".into()],
        recipient: Some(URL.into()),
        not_before: Some(at("2026-01-01T00:00:00Z")),
        not_on_or_after: Some(at("2026-01-01T00:05:00Z")),
        signed: true,
    };
    assert_eq!(facts, expected);
    assert_eq!(warnings, Vec::<String>::new());
}

#[test]
fn however_it_is_given_the_same_bytes_go_on_the_wire() {
    let wire = URL_SAFE_NO_PAD.encode(XML);
    let wrapped: String = STANDARD
        .encode(XML)
        .as_bytes()
        .chunks(64)
        .map(|l| format!("{}\r\n", String::from_utf8_lossy(l)))
        .collect();
    let percent = STANDARD.encode(XML).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D");
    for given in
        [XML.to_owned(), format!("\u{feff}\n{XML}\n"), wrapped, wire.clone(), format!("{wire}=="), percent]
    {
        assert_eq!(read(&given, DURING).unwrap().0.expose(), wire);
    }
}

#[test]
fn what_a_server_would_refuse_is_told_before() {
    let warned = |xml: &str, now: &str, words: &str| {
        let (.., warnings) = read(xml, now).unwrap();
        assert!(warnings.iter().any(|w| w.contains(words)), "{words}: {warnings:?}");
    };
    warned(XML, "2026-01-01T00:05:00Z", "ended at");
    warned(XML, "2025-12-31T23:59:59Z", "begins at");
    warned(&XML.replace("ds:Signature", "ds:Other"), DURING, "no signature");
    warned(&XML.replace(" https://h/token ", "https://h/other"), DURING, "audience is");
    warned(&XML.replace("Recipient=\"https", "Recipient=\"http"), DURING, "recipient is");
    warned(&XML.replace("cm:bearer", "cm:other"), DURING, "no bearer confirmation");
    let bare = r#"<Assertion xmlns="urn:oasis:names:tc:SAML:2.0:assertion"/>"#;
    for words in ["no end", "no signature", "no issuer", "no audience", "no bearer"] {
        warned(bare, DURING, words);
    }
}

#[test]
fn what_is_no_assertion_is_named_for_what_it_is() {
    let why = |given: &str| read(given, DURING).unwrap_err();
    assert!(why("").contains("empty"));
    assert!(why("eyJhbGciOiJub25lIn0.e30.").contains("neither XML nor base64"));
    assert!(why("aGVsbG8").contains("no XML"));
    assert!(why("<a/>").contains("`a` is no SAML"));
    assert!(why("<p:Response xmlns:p='x'/>").contains("response"));
    assert!(why("<s:EncryptedAssertion/>").contains("encrypted"));
    assert!(why("<Assertion xmlns='urn:oasis:names:tc:SAML:1.0:assertion'/>").contains("1.1"));
    assert!(why("<s:Assertion xmlns='urn:oasis:names:tc:SAML:2.0:assertion'/>").contains("xmlns:s"));
    assert!(why(&XML.replace("2026-01-01T00:00:00\"", "soon\"")).contains("no time"));
    assert!(why(&format!("<!DOCTYPE x>{XML}")).contains("document type"));
}
