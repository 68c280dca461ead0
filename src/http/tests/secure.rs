//! TLS: what is trusted, what is recorded, and how a refusal reads.

use super::*;
use crate::model::exchange::FailureKind;
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair, date_time_ymd};
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use std::io::Write;
use tempfile::NamedTempFile;
use tokio_rustls::TlsAcceptor;

struct Tls {
    server: Server,
    ca: NamedTempFile,
}

struct Leaf {
    names: Vec<String>,
    expired: bool,
    self_signed: bool,
}

fn leaf() -> Leaf {
    Leaf { names: vec!["localhost".to_owned(), "127.0.0.1".to_owned()], expired: false, self_signed: false }
}

async fn start(leaf: Leaf) -> Tls {
    start_with(leaf, |_| ok("secret garden")).await
}

async fn start_with(leaf: Leaf, answer: impl Fn(&str) -> Vec<u8> + Send + Sync + 'static) -> Tls {
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.distinguished_name.push(DnType::CommonName, "Test Authority");
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let mut params = CertificateParams::new(leaf.names).unwrap();
    params.distinguished_name.push(DnType::CommonName, "leaf");
    if leaf.expired {
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(2021, 2, 3);
    }
    let mut ca = NamedTempFile::new().unwrap();
    let (chain, trusted) = if leaf.self_signed {
        let certificate = params.self_signed(&key).unwrap();
        (vec![certificate.der().clone()], certificate.pem())
    } else {
        let certificate = params.signed_by(&key, &authority).unwrap();
        let root: CertificateDer<'static> = authority.der().clone();
        (vec![certificate.der().clone(), root], authority.pem())
    };
    ca.write_all(trusted.as_bytes()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(chain, PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())))
        .unwrap();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let seen = Arc::new(Mutex::new(Vec::new()));
    let (answer, kept) = (Arc::new(answer), seen.clone());
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, answer, kept) = (acceptor.clone(), answer.clone(), kept.clone());
            tokio::spawn(async move {
                if let Ok(stream) = acceptor.accept(stream).await {
                    serve(stream, answer, kept).await;
                }
            });
        }
    });
    Tls { server: Server { address, seen }, ca }
}

impl Tls {
    fn url(&self, host: &str) -> String {
        format!("https://{host}:{}/", self.server.address.port())
    }

    fn trusting(&self) -> Engine {
        let options = EngineOptions { ca_file: Some(self.ca.path().to_owned()), ..EngineOptions::default() };
        Engine::new(options).unwrap()
    }
}

#[tokio::test]
async fn a_ca_file_makes_its_servers_trusted_and_the_chain_is_recorded() {
    let tls = start(leaf()).await;
    let engine = tls.trusting();
    let first = send_by(&engine, get(&tls.url("localhost"))).await;
    assert_eq!(first.failure, None);
    assert_eq!(text(&first), "secret garden");
    let facts = first.tls.clone().unwrap();
    assert_eq!(facts.version.as_deref(), Some("TLSv1.3"));
    assert_eq!(facts.chain.len(), 2);
    assert_eq!(facts.chain[0].names, ["localhost", "127.0.0.1"]);
    assert!(facts.chain[0].issuer.contains("Test Authority") && facts.chain[0].sha256.len() == 64);
    assert!(facts.chain[0].not_after.is_some() && !facts.unchecked);
    let times = first.timings;
    assert!(times.dns.is_some() && times.connect.is_some() && times.tls.is_some(), "{times:?}");
    assert!(times.tls.unwrap() + times.connect.unwrap() <= times.total.unwrap());

    let second = send_by(&engine, get(&tls.url("localhost"))).await;
    assert!(second.reused);
    assert_eq!((second.timings.connect, second.timings.tls), (None, None));
    assert_eq!(second.tls, Some(facts), "the chain of an open connection is still known");
}

#[tokio::test]
async fn an_unknown_authority_is_refused_in_words_and_its_chain_shown() {
    let tls = start(leaf()).await;
    let exchange = send(get(&tls.url("localhost"))).await;
    let failure = exchange.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Tls);
    assert!(
        failure.text.contains("Test Authority") && failure.text.contains("unknown issuer"),
        "{failure:?}"
    );
    assert_eq!(exchange.tls.unwrap().chain.len(), 2);
    assert_eq!(tls.server.seen().len(), 0);
}

#[tokio::test]
async fn a_self_signed_certificate_is_named_so_and_trusted_once_it_is_the_ca_file() {
    let tls = start(Leaf { self_signed: true, ..leaf() }).await;
    let failure = send(get(&tls.url("localhost"))).await.failure.unwrap();
    assert!(failure.text.contains("self-signed"), "{failure:?}");
    let exchange = send_by(&tls.trusting(), get(&tls.url("localhost"))).await;
    assert_eq!(exchange.failure, None);
    let failure = send_by(&tls.trusting(), get(&tls.url("127.0.0.1.nip.invalid"))).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Dns);
}

#[tokio::test]
async fn an_expired_certificate_and_a_wrong_name_say_which() {
    let tls = start(Leaf { expired: true, ..leaf() }).await;
    let failure = send_by(&tls.trusting(), get(&tls.url("localhost"))).await.failure.unwrap();
    assert!(failure.text.contains("expired on 2021-02-03"), "{failure:?}");

    let tls = start(Leaf { names: vec!["api.example".to_owned()], ..leaf() }).await;
    let failure = send_by(&tls.trusting(), get(&tls.url("localhost"))).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Tls);
    assert!(failure.text.contains("not for `localhost` but for api.example"), "{failure:?}");
}

#[tokio::test]
async fn insecure_accepts_anything_and_says_that_nothing_was_checked() {
    let tls = start(Leaf { expired: true, self_signed: true, names: vec!["x.example".to_owned()] }).await;
    let engine = Engine::new(EngineOptions { insecure: true, ..EngineOptions::default() }).unwrap();
    let exchange = send_by(&engine, get(&tls.url("localhost"))).await;
    assert_eq!(exchange.status(), Some(200));
    assert!(exchange.tls.unwrap().unchecked);
}

#[tokio::test]
async fn https_to_a_plain_port_says_that_it_is_not_tls() {
    let server = Server::start(|_| ok("")).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = listener.accept().await {
            let _ = stream.write_all(b"HTTP/1.1 400 Bad Request\r\ncontent-length: 0\r\n\r\n").await;
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
        }
    });
    drop(server);
    let failure = send(get(&format!("https://127.0.0.1:{port}/"))).await.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Tls);
    assert!(failure.text.contains("does not speak TLS"), "{failure:?}");
}

#[tokio::test]
async fn a_redirect_between_http_and_https_drops_credentials_both_ways() {
    let plain = Server::start(|_| ok("plain")).await;
    let to_plain = plain.url("/down");
    let tls = start_with(
        leaf(),
        move |request| if request.contains("/up") { ok("up") } else { redirect(302, &to_plain) },
    )
    .await;
    let headers =
        || vec![Header::new("Authorization", "Bearer SECRET"), Header::sensitive("X-Key", "SECRET")];
    let down = send_by(&tls.trusting(), post(&tls.url("localhost"), headers(), "")).await;
    assert_eq!(text(&down), "plain");
    assert!(down.tls.is_none() && !plain.seen()[0].contains("SECRET"));
    assert_eq!(down.redirects[0].dropped.len(), 2);

    let up = format!("{}up", tls.url("localhost"));
    let from = Server::start(move |_| redirect(308, &up)).await;
    let exchange = send_by(&tls.trusting(), post(&from.url("/"), headers(), "")).await;
    assert_eq!(text(&exchange), "up");
    assert!(!tls.server.seen().pop().unwrap().contains("SECRET"));
}

#[test]
fn a_ca_file_that_cannot_be_used_is_said_at_once() {
    let mut file = NamedTempFile::new().unwrap();
    file.write_all(b"nothing").unwrap();
    for path in [file.path().to_owned(), "/no/such/ca.pem".into()] {
        let options = EngineOptions { ca_file: Some(path), ..EngineOptions::default() };
        let failure = Engine::new(options).map(|_| ()).unwrap_err();
        assert_eq!(failure.kind, FailureKind::Local);
    }
}

#[tokio::test]
async fn a_handshake_that_never_ends_runs_into_the_connect_limit() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        let mut held = Vec::new();
        while let Ok(connection) = listener.accept().await {
            held.push(connection);
        }
    });
    let options = EngineOptions { connect_timeout: Duration::from_millis(50), ..EngineOptions::default() };
    let exchange = send_by(&Engine::new(options).unwrap(), get(&format!("https://127.0.0.1:{port}/"))).await;
    let failure = exchange.failure.unwrap();
    assert_eq!(failure.kind, FailureKind::Timeout);
    assert!(failure.text.contains("within 0.05 s"), "{failure:?}");
    assert!(exchange.timings.connect.is_some() && exchange.timings.tls.is_none(), "TCP stood, TLS did not");
}

#[tokio::test]
async fn a_server_that_wants_a_client_certificate_is_understood() {
    let key = KeyPair::generate().unwrap();
    let certificate =
        CertificateParams::new(vec!["localhost".to_owned()]).unwrap().self_signed(&key).unwrap();
    let mut roots = rustls::RootCertStore::empty();
    roots.add(certificate.der().clone()).unwrap();
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let verifier =
        rustls::server::WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider.clone());
    for version in [&rustls::version::TLS12, &rustls::version::TLS13] {
        let config = ServerConfig::builder_with_provider(provider.clone())
            .with_protocol_versions(&[version])
            .unwrap()
            .with_client_cert_verifier(verifier.clone().build().unwrap())
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
            )
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let _ = acceptor.accept(stream).await;
            }
        });
        let engine = Engine::new(EngineOptions { insecure: true, ..EngineOptions::default() }).unwrap();
        let exchange = send_by(&engine, get(&format!("https://localhost:{port}/"))).await;
        let failure = exchange.failure.unwrap();
        assert_eq!(failure.kind, FailureKind::Tls, "{failure:?}");
        assert!(failure.text.contains("client certificate"), "{failure:?}");
    }
}

#[tokio::test]
async fn through_a_tunnel_the_servers_own_chain_is_recorded_and_the_proxy_alone_gets_its_credentials() {
    let tls = start(leaf()).await;
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let connects = Arc::new(Mutex::new(Vec::new()));
    let kept = connects.clone();
    let target = tls.server.address;
    tokio::spawn(async move {
        while let Ok((mut client, _)) = listener.accept().await {
            let head = read_request(&mut client).await.unwrap();
            kept.lock().unwrap().push(head);
            client.write_all(b"HTTP/1.1 200 OK\r\n\r\n").await.unwrap();
            let mut server = tokio::net::TcpStream::connect(target).await.unwrap();
            tokio::spawn(async move { tokio::io::copy_bidirectional(&mut client, &mut server).await });
        }
    });
    let options = EngineOptions {
        ca_file: Some(tls.ca.path().to_owned()),
        proxy: Some(format!("http://bob:pw@{address}")),
        ..EngineOptions::default()
    };
    let engine = Engine::new(options).unwrap();
    let exchange = send_by(&engine, get(&tls.url("localhost"))).await;
    assert_eq!(exchange.failure, None);
    assert_eq!(exchange.proxy, Some(format!("http://{address}")));
    assert_eq!(exchange.tls.as_ref().unwrap().chain[0].names[0], "localhost");
    assert!(exchange.timings.connect.is_some() && exchange.timings.tls.is_some());
    let connects = connects.lock().unwrap().clone();
    assert!(
        connects[0].starts_with("CONNECT localhost:") && connects[0].contains("Basic Ym9iOnB3"),
        "{connects:?}"
    );
    assert!(!tls.server.seen()[0].contains("proxy-authorization"));
    assert!(send_by(&engine, get(&tls.url("localhost"))).await.tls.is_some());
}
