//! The client certificate, and headers made for each hop.

use super::*;
use crate::http::{ClientIdentity, HopHeaders};
use crate::model::exchange::FailureKind;
use crate::model::secret::Secret;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio_rustls::TlsAcceptor;

/// A server that takes nobody without a certificate of its authority, and such a certificate.
async fn guarded() -> (SocketAddr, ClientIdentity) {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Guard");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let signed = |name: &str| {
        let key = KeyPair::generate().unwrap();
        let certificate =
            CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &authority).unwrap();
        (certificate, key)
    };
    let ((own, own_key), (client, client_key)) = (signed("localhost"), signed("client"));
    let mut roots = rustls::RootCertStore::empty();
    roots.add(authority.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_client_cert_verifier(verifier.build().unwrap())
        .with_single_cert(
            vec![own.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(own_key.serialize_der())),
        )
        .unwrap();
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let named = stream.get_ref().1.peer_certificates().map_or(0, <[_]>::len);
                    serve(
                        stream,
                        Arc::new(move |_: &str| ok(format!("{named} certificates"))),
                        Arc::default(),
                    )
                    .await;
                }
            });
        }
    });
    (address, ClientIdentity { chain: client.pem(), key: Secret::new(client_key.serialize_pem()) })
}

fn with(identity: Option<ClientIdentity>) -> EngineOptions {
    EngineOptions { insecure: true, identity, ..EngineOptions::default() }
}

#[tokio::test]
async fn a_client_certificate_is_presented_when_the_server_asks_and_its_lack_is_named() {
    let (address, identity) = guarded().await;
    let url = format!("https://localhost:{}/", address.port());
    let both = ClientIdentity {
        chain: format!("{}\n{}", identity.key.expose(), identity.chain),
        key: Secret::default(),
    };
    for identity in [identity, both] {
        let exchange = send_by(&Engine::new(with(Some(identity))).unwrap(), get(&url)).await;
        assert_eq!((exchange.failure.as_ref(), text(&exchange).as_str()), (None, "1 certificates"));
    }
    let failure = send_by(&Engine::new(with(None)).unwrap(), get(&url)).await.failure.unwrap();
    assert!(failure.text.contains("client certificate"), "{failure:?}");
}

#[test]
fn a_certificate_or_key_that_cannot_be_used_says_why_and_shows_nothing_of_the_key() {
    let key = || KeyPair::generate().unwrap();
    let own = key();
    let chain = CertificateParams::new(vec!["c".to_owned()]).unwrap().self_signed(&own).unwrap().pem();
    let pem = own.serialize_pem();
    let encrypted = pem.replace("PRIVATE KEY", "ENCRYPTED PRIVATE KEY");
    let cut = "-----BEGIN PRIVATE KEY-----\nAAAASECRET\n-----END PRIVATE KEY-----\n";
    for (chain, key, part) in [
        (chain.as_str(), key().serialize_pem(), "does not fit"),
        (&chain, encrypted, "openssl pkey -in FILE"),
        (&chain, String::new(), "no `BEGIN PRIVATE KEY`"),
        (&chain, cut.to_owned(), "cannot be"),
        ("nothing", pem.clone(), "openssl pkcs12 -in FILE -out FILE.pem -nodes"),
        ("-----BEGIN CERTIFICATE-----\n*\n-----END CERTIFICATE-----", pem.clone(), "not PEM"),
        ("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----", pem.clone(), "cannot be used"),
    ] {
        let identity = ClientIdentity { chain: chain.to_owned(), key: Secret::new(key) };
        let failure = Engine::new(with(Some(identity))).map(|_| ()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Local);
        assert!(failure.text.contains(part) && !failure.text.contains("SECRET"), "{part}: {}", failure.text);
    }
}

/// Says where it was called for.
struct Named(AtomicUsize);

impl HopHeaders for Named {
    fn headers(&self, method: &str, url: &str) -> Vec<Header> {
        let n = self.0.fetch_add(1, Ordering::SeqCst);
        let path = url.rsplit('/').next().unwrap_or("");
        vec![Header::new("DPoP", format!("proof-{n}-{method}-{path}"))]
    }
}

#[tokio::test]
async fn a_header_of_each_hop_is_made_anew_and_never_for_another_origin_nor_on_the_way_back() {
    let first = Arc::new(Mutex::new(String::new()));
    let back = first.clone();
    let other = Server::start(move |_| redirect(302, &format!("{}/back", back.lock().unwrap()))).await;
    let away = other.url("/away");
    let server = Server::start(move |request| match request.split(' ').nth(1) {
        Some("/a") => redirect(303, "/b"),
        Some("/b") => redirect(307, &away),
        _ => ok("done"),
    })
    .await;
    *first.lock().unwrap() = server.url("");
    let mut request = post(&server.url("/a"), Vec::new(), "x=1");
    request.per_hop = Some(Arc::new(Named(AtomicUsize::new(0))));
    let exchange = send(request).await;
    assert_eq!(text(&exchange), "done");
    let seen = server.seen();
    assert!(seen[0].contains("dpop: proof-0-POST-a\r\n"), "{}", seen[0]);
    assert!(seen[1].contains("dpop: proof-1-GET-b\r\n"), "{}", seen[1]);
    assert!(!seen[2].contains("proof") && !other.seen()[0].contains("proof"));
    assert!(exchange.redirects[1].dropped.contains(&"dpop".to_owned()));
}

#[tokio::test]
async fn a_header_of_a_hop_is_shown_as_sent_and_counts_as_secret() {
    let server = Server::start(|_| ok("")).await;
    let mut request = get(&server.url("/x"));
    request.per_hop = Some(Arc::new(Named(AtomicUsize::new(0))));
    let exchange = send(request).await;
    let shown = exchange.request.headers.iter().find(|h| h.name == "dpop").unwrap();
    assert!(shown.sensitive && shown.value == "proof-0-GET-x");
}

#[tokio::test]
async fn an_answer_past_its_limit_is_given_up() {
    let server = Server::start(|_| ok(vec![b'x'; 9000])).await;
    let exchange = send(Outgoing { body_limit: 8192, ..get(&server.url("/")) }).await;
    assert_eq!(exchange.failure.unwrap().kind, FailureKind::Answer);
    let exchange = send(Outgoing { body_limit: 9000, ..get(&server.url("/")) }).await;
    assert_eq!(exchange.failure, None);
}
