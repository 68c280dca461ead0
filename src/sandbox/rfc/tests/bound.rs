//! Tokens bound to a DPoP key or a client certificate, and the stronger log-in.

use super::*;
use crate::sandbox::rfc::jws::hash;
use crate::sandbox::tests::raw;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};

async fn bound_token(at: &Sandbox, key: &Key) -> String {
    let auth = basic(at, "rfc-basic");
    let proof = key.proof(at, "POST", "/rfc/token", |_, _| {});
    let headers = [("Authorization", auth.as_str()), ("DPoP", &proof)];
    let got = post(at, "token", &headers, &[("grant_type", "client_credentials")]).await;
    assert!(!got.header("dpop-nonce").is_empty(), "a nonce is offered");
    let answer = ok(&got);
    assert_eq!(text(&answer, "token_type"), "DPoP");
    text(&answer, "access_token").to_owned()
}

async fn orders(at: &Sandbox, token: &str, proof: &str) -> Got {
    get(at, "/rfc/api/orders", &[("Authorization", &format!("DPoP {token}")), ("DPoP", proof)]).await
}

#[tokio::test]
async fn a_bound_token_needs_its_scheme_its_key_and_a_fresh_proof_each_time() {
    let at = sandbox(&[]).await;
    let key = Key::new();
    let token = bound_token(&at, &key).await;
    let print = crate::jwt::thumbprint(key.jwk.as_object().unwrap()).unwrap();
    assert_eq!(claims(&token)["cnf"]["jkt"], print);
    let proof = key.proof(&at, "GET", "/rfc/api/orders", |_, c| c["ath"] = json!(hash(&token)));
    assert_eq!(orders(&at, &token, &proof).await.status, 200);
    let replayed = orders(&at, &token, &proof).await;
    assert!(replayed.header("www-authenticate").contains("used before"), "{replayed:?}");
    let plain = call_api(&at, "orders", &token).await;
    assert_eq!(plain.status, 401);
    assert!(
        plain.header("www-authenticate").starts_with("DPoP ")
            && plain.header("www-authenticate").contains("algs=")
    );
    let thief = Key::new().proof(&at, "GET", "/rfc/api/orders", |_, c| c["ath"] = json!(hash(&token)));
    let stolen = orders(&at, &token, &thief).await;
    assert!(
        stolen.status == 401 && stolen.header("www-authenticate").contains("not by the key"),
        "{stolen:?}"
    );
    let unbound = ok(&basic_token(&at, &[("grant_type", "client_credentials")]).await);
    let unbound = text(&unbound, "access_token");
    let proof = key.proof(&at, "GET", "/rfc/api/orders", |_, c| c["ath"] = json!(hash(unbound)));
    assert_eq!(orders(&at, unbound, &proof).await.status, 401);
}

#[tokio::test]
async fn every_part_of_a_proof_is_checked() {
    let at = sandbox(&[]).await;
    let key = Key::new();
    let token = bound_token(&at, &key).await;
    let path = "/rfc/api/orders";
    type Change<'a> = &'a dyn Fn(&mut Json, &mut Json);
    let private = json!({ "kty": "EC", "crv": "P-256", "x": key.jwk["x"], "y": key.jwk["y"], "d": "AA" });
    let other = Key::new();
    let cases: [(&str, Change<'_>, &str); 14] = [
        ("typ", &|h, _| h["typ"] = json!("JWT"), "typ"),
        ("alg none", &|h, _| h["alg"] = json!("none"), "alg"),
        ("symmetric alg", &|h, _| h["alg"] = json!("HS256"), "alg"),
        ("no key", &|h, _| h["jwk"] = Json::Null, "public key"),
        ("private key", &|h, _| h["jwk"] = private.clone(), "private key"),
        ("key of somebody else", &|h, _| h["jwk"] = other.jwk.clone(), "signature"),
        ("htm", &|_, c| c["htm"] = json!("POST"), "htm"),
        ("htu", &|_, c| c["htu"] = json!("https://elsewhere.example.test/rfc/api/orders"), "htu"),
        ("htu path", &|_, c| c["htu"] = json!(format!("http://{}/rfc/api/transfers", at.address)), "htu"),
        ("old", &|_, c| c["iat"] = json!(now() - 900), "iat"),
        ("future", &|_, c| c["iat"] = json!(now() + 900), "iat"),
        ("no ath", &|_, c| c["ath"] = Json::Null, "ath"),
        ("other ath", &|_, c| c["ath"] = json!(hash("other")), "ath"),
        ("no jti", &|_, c| c["jti"] = Json::Null, "jti"),
    ];
    for (what, change, words) in cases {
        let proof = key.proof(&at, "GET", path, |h, c| {
            c["ath"] = json!(hash(&token));
            change(h, c);
        });
        let got = orders(&at, &token, &proof).await;
        let challenge = got.header("www-authenticate");
        assert_eq!(got.status, 401, "{what}");
        assert!(challenge.contains("invalid_dpop_proof") && challenge.contains(words), "{what}: {challenge}");
    }
    let lenient = key.proof(&at, "GET", path, |_, c| {
        c["ath"] = json!(hash(&token));
        c["htu"] = json!(format!("HTTP://{}{path}?page=2#top", at.address));
    });
    assert_eq!(
        orders(&at, &token, &lenient).await.status,
        200,
        "compared as URLs, without query and fragment"
    );
    let good = || key.proof(&at, "GET", path, |_, c| c["ath"] = json!(hash(&token)));
    let twice = [("Authorization", &*format!("DPoP {token}")), ("DPoP", &*good()), ("DPoP", &*good())];
    assert_eq!(get(&at, path, &twice).await.status, 401, "two proofs");
}

#[tokio::test]
async fn a_strict_client_must_use_the_nonce_at_the_token_endpoint_and_at_the_api() {
    let at = sandbox(&[]).await;
    let key = Key::new();
    let more = [("client_id", "rfc-dpop-nonce"), ("scope", "orders.read")];
    let code = log_in(&at, &query(&authorization(&more))).await.remove("code").unwrap();
    let params = [
        ("grant_type", "authorization_code"),
        ("client_id", "rfc-dpop-nonce"),
        ("code", &*code),
        ("redirect_uri", BACK),
        ("code_verifier", VERIFIER),
    ];
    assert_eq!(refusal(&token(&at, &params).await).1, "invalid_dpop_proof", "no proof at all");
    let proof = key.proof(&at, "POST", "/rfc/token", |_, _| {});
    let got = post(&at, "token", &[("DPoP", &proof)], &params).await;
    assert_eq!(refusal(&got), (400, "use_dpop_nonce".into()));
    let nonce = got.header("dpop-nonce").to_owned();
    let proof = key.proof(&at, "POST", "/rfc/token", |_, c| c["nonce"] = json!(nonce));
    let answer = ok(&post(&at, "token", &[("DPoP", &proof)], &params).await);
    let token = text(&answer, "access_token");
    let made = |nonce: &str| {
        key.proof(&at, "GET", "/rfc/api/orders", |_, c| {
            c["ath"] = json!(hash(token));
            if !nonce.is_empty() {
                c["nonce"] = json!(nonce);
            }
        })
    };
    for wrong in ["", "guess"] {
        let got = orders(&at, token, &made(wrong)).await;
        assert_eq!(got.status, 401);
        assert!(
            got.header("www-authenticate").contains("use_dpop_nonce") && !got.header("dpop-nonce").is_empty()
        );
    }
    assert_eq!(orders(&at, token, &made(&nonce)).await.status, 200);
}

#[tokio::test]
async fn a_code_can_be_bound_to_a_key_before_it_is_there() {
    let at = sandbox(&[]).await;
    let (key, thief) = (Key::new(), Key::new());
    let print = crate::jwt::thumbprint(key.jwk.as_object().unwrap()).unwrap();
    let code = log_in(&at, &query(&authorization(&[("dpop_jkt", &print)]))).await.remove("code").unwrap();
    let proof = thief.proof(&at, "POST", "/rfc/token", |_, _| {});
    assert_eq!(refusal(&redeem(&at, &code, &[("DPoP", &proof)]).await).1, "invalid_grant");
    assert_eq!(refusal(&redeem(&at, &code, &[]).await).1, "invalid_grant");
    let proof = key.proof(&at, "POST", "/rfc/token", |_, _| {});
    assert_eq!(redeem(&at, &code, &[("DPoP", &proof)]).await.status, 200);
}

#[tokio::test]
async fn transfers_want_a_login_with_a_one_time_code() {
    let at = sandbox(&[]).await;
    let weak = logged_in(&at, &[]).await;
    let got = call_api(&at, "transfers", text(&weak, "access_token")).await;
    assert_eq!(got.status, 401);
    let challenge = got.header("www-authenticate");
    assert!(challenge.contains("error=\"insufficient_user_authentication\""), "{challenge}");
    assert!(challenge.contains("acr_values=\"urn:hallpass:acr:mfa\""), "{challenge}");
    let strong = logged_in(&at, &[("acr_values", "urn:hallpass:acr:mfa")]).await;
    assert_eq!(claims(text(&strong, "id_token"))["acr"], "urn:hallpass:acr:mfa");
    assert_eq!(call_api(&at, "transfers", text(&strong, "access_token")).await.status, 200);
    let page = authorize(&at, &query(&authorization(&[("acr_values", "urn:hallpass:acr:mfa")])), &[]).await;
    let fields =
        [("ticket", &*ticket(&page)), ("username", "alice"), ("password", "wonderland"), ("code", "000000")];
    assert_eq!(post(&at, "login", &[], &fields).await.status, 403);
}

/// One request over the port for certificates; status and body.
async fn https(at: &Sandbox, identity: bool, text: &str) -> (u16, Json) {
    let pem = at.client_identity_pem().unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(at.authority_pem().unwrap().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots);
    let config = match identity {
        true => builder
            .with_client_auth_cert(
                vec![CertificateDer::from_pem_slice(pem.as_bytes()).unwrap()],
                PrivateKeyDer::from_pem_slice(pem.as_bytes()).unwrap(),
            )
            .unwrap(),
        false => builder.with_no_client_auth(),
    };
    let stream = tokio::net::TcpStream::connect(at.tls_address.unwrap()).await.unwrap();
    let connector = tokio_rustls::TlsConnector::from(Arc::new(config));
    let mut stream = connector.connect(ServerName::try_from("127.0.0.1").unwrap(), stream).await.unwrap();
    stream.write_all(text.as_bytes()).await.unwrap();
    let mut bytes = Vec::new();
    stream.read_to_end(&mut bytes).await.unwrap();
    let answer = String::from_utf8(bytes).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.split(' ').nth(1).unwrap().parse().unwrap(), serde_json::from_str(body).unwrap())
}

#[tokio::test]
async fn a_certificate_authenticates_its_client_and_binds_its_tokens() {
    let at = sandbox(&["rfc-mtls"]).await;
    let metadata = ok(&get(&at, "/rfc/.well-known/openid-configuration", &[]).await);
    let tls = format!("https://{}", at.tls_address.unwrap());
    assert_eq!(metadata["mtls_endpoint_aliases"]["token_endpoint"], format!("{tls}/rfc/token"));
    assert_eq!(
        metadata["token_endpoint"],
        format!("{}/rfc/token", at.base_url()),
        "the plain port stays the usual one"
    );
    let body = "grant_type=client_credentials&client_id=rfc-tls";
    let ask = raw("POST", "/rfc/token", &[("Content-Type", FORM)], body);
    assert_eq!(
        https(&at, false, &ask).await.1["error"],
        "invalid_client",
        "the port asks and does not insist"
    );
    assert_eq!(
        refusal(&token(&at, &[("grant_type", "client_credentials"), ("client_id", "rfc-tls")]).await).1,
        "invalid_client"
    );
    let (status, answer) = https(&at, true, &ask).await;
    assert_eq!(status, 200, "{answer}");
    let token = text(&answer, "access_token");
    let der = CertificateDer::from_pem_slice(at.client_identity_pem().unwrap().as_bytes()).unwrap();
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der);
    assert_eq!(claims(token)["cnf"]["x5t#S256"], URL_SAFE_NO_PAD.encode(digest));
    let bearer = format!("Bearer {token}");
    let list = raw("GET", "/rfc/api/orders", &[("Authorization", &bearer)], "");
    assert_eq!(https(&at, true, &list).await.0, 200);
    assert_eq!(https(&at, false, &list).await.0, 401);
    let plain = call_api(&at, "orders", token).await;
    assert!(plain.status == 401 && plain.header("www-authenticate").contains("certificate"), "{plain:?}");
}
