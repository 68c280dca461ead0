//! Documents of honest and hostile issuers.

use super::*;

fn read_json(issuer: &str, json: &str) -> Result<Metadata, String> {
    read(issuer, json.as_bytes())
}

#[test]
fn metadata_is_looked_for_where_both_standards_put_it() {
    assert_eq!(
        places("https://h/realms/a"),
        [
            "https://h/realms/a/.well-known/openid-configuration",
            "https://h/.well-known/oauth-authorization-server/realms/a",
            "https://h/.well-known/openid-configuration/realms/a",
            "https://h/realms/a/.well-known/oauth-authorization-server",
        ]
    );
    let plain =
        ["https://h/.well-known/openid-configuration", "https://h/.well-known/oauth-authorization-server"];
    assert_eq!(places("https://h/"), plain);
    assert_eq!(places("http://127.0.0.1:8080")[0], "http://127.0.0.1:8080/.well-known/openid-configuration");
    assert_eq!(places(plain[1]), [plain[1]]);
    for odd in ["", "h", "ftp://h", "file:///etc", "https://u:p@h"] {
        assert!(places(odd).is_empty(), "{odd}");
    }
}

#[test]
fn a_resources_metadata_keeps_path_and_query() {
    let place = |resource| resource_place(resource).unwrap();
    assert_eq!(place("https://h/api/v1"), "https://h/.well-known/oauth-protected-resource/api/v1");
    assert_eq!(place("https://h/"), "https://h/.well-known/oauth-protected-resource");
    assert_eq!(place("https://h/a?b=c"), "https://h/.well-known/oauth-protected-resource/a?b=c");
    assert_eq!(resource_place("api"), None);
}

#[test]
fn a_document_is_read_and_kept_whole() {
    let m = read_json(
        "https://h",
        r#"{"issuer":"https://h","token_endpoint":"https://h/token","jwks_uri":"https://h/jwks","pushed_authorization_request_endpoint":"https://h/par",
            "grant_types_supported":["password",7],"code_challenge_methods_supported":["S256"],"authorization_response_iss_parameter_supported":true,
            "require_pushed_authorization_requests":true,"mtls_endpoint_aliases":{"token_endpoint":"https://m/token","x":1},"other":{"a":1}}"#,
    )
    .unwrap();
    assert_eq!(
        (m.token_url.as_str(), m.par_url.as_str(), m.jwks_url.as_str()),
        ("https://h/token", "https://h/par", "https://h/jwks")
    );
    assert_eq!(m.grants, Some(vec!["password".to_owned()]));
    assert_eq!(m.mtls_aliases, [("token_endpoint".to_owned(), "https://m/token".to_owned())]);
    assert!(m.iss_in_response && m.par_required && m.client_auth.is_none());
    assert_eq!(m.document["other"]["a"], 1);
}

#[test]
fn the_issuer_must_be_the_one_asked_for() {
    let stated = |issuer: &str| format!(r#"{{"issuer":"{issuer}"}}"#);
    assert!(read_json("https://h", &stated("https://h/")).unwrap_err().contains("slash"));
    assert!(read_json("https://h/", &stated("https://h")).unwrap_err().contains("slash"));
    assert!(read_json("https://h", &stated("https://evil")).unwrap_err().contains("nothing was taken"));
    assert!(read_json("https://h", &stated("https://H")).is_err());
    assert!(read_json("https://h", &stated("http://h")).is_err());
    assert!(
        read_json("https://h/common", &stated("https://h/{tenantid}")).unwrap_err().contains("tenant's own")
    );
    assert!(read_json("https://h", "{}").unwrap_err().contains("no `issuer`"));
    assert!(read_json("https://h", r#"{"issuer":["https://h"]}"#).is_err());
}

#[test]
fn asked_for_by_its_address_the_document_must_belong_there() {
    let place = "https://h/t/.well-known/openid-configuration";
    assert_eq!(read_json(place, r#"{"issuer":"https://h/t/"}"#).unwrap().issuer, "https://h/t/");
    assert!(read_json(place, r#"{"issuer":"https://h"}"#).unwrap_err().contains("does not keep it there"));
}

#[test]
fn a_hostile_document_gives_nothing_that_a_request_should_not_go_to() {
    for url in [
        "\"javascript:alert(1)\"",
        "\"file:///etc/passwd\"",
        "\"ftp://h/\"",
        "\"https://u:p@h/\"",
        "\"/token\"",
        "\"https://\"",
        "\"https://h/\\u202e\"",
        "7",
        "null",
        "[]",
        "{}",
        "true",
    ] {
        let m = read_json(
            "https://h",
            &format!(
                r#"{{"issuer":"https://h","token_endpoint":{url},"mtls_endpoint_aliases":{{"a":{url}}}}}"#
            ),
        )
        .unwrap();
        assert_eq!((m.token_url.as_str(), m.mtls_aliases.len()), ("", 0), "{url}");
    }
    let odd = r#"{"issuer":"https://h","grant_types_supported":"x","mtls_endpoint_aliases":[],"require_pushed_authorization_requests":"yes"}"#;
    let m = read_json("https://h", odd).unwrap();
    assert!(m.grants.is_none() && !m.par_required);
    for (document, part) in [
        ("[]", "object"),
        ("<html>", "page"),
        ("", "no JSON"),
        ("{", "no JSON"),
        (r#"{"issuer":"https://h","token_endpoint":"https://a","token_endpoint":"https://b"}"#, "twice"),
    ] {
        assert!(read_json("https://h", document).unwrap_err().contains(part), "{document}");
    }
}

#[test]
fn a_resource_is_the_one_asked_for_or_above_it() {
    let read = |asked: &str, resource: &str| {
        let json = format!(
            r#"{{"resource":"{resource}","authorization_servers":["https://as","ftp://x",1],"scopes_supported":["a"],"dpop_bound_access_tokens_required":true}}"#
        );
        read_resource(asked, json.as_bytes())
    };
    let found = read("https://h/api/v1/cases?x=1", "https://h/api").unwrap();
    assert_eq!(
        (found.authorization_servers, found.scopes),
        (vec!["https://as".to_owned()], vec!["a".to_owned()])
    );
    assert!(found.dpop_required && !found.mtls_bound);
    assert!(read("https://h/api", "https://h/api/").is_ok() && read("https://h/api", "https://h").is_ok());
    for other in [
        "https://h/ap",
        "https://h/api/v1",
        "https://evil/api",
        "http://h/api",
        "https://h:444/api",
        "x",
        "https://h/API",
    ] {
        assert!(read("https://h/api", other).unwrap_err().contains("nothing was taken"), "{other}");
    }
    assert!(read_resource("https://h", b"{}").unwrap_err().contains("no `resource`"));
}
