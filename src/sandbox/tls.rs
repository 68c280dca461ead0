//! The https port of the TLS switches: an authority of the sandbox's own, a certificate that is
//! right or wrong in the way the fault says, and a client certificate to pass the mTLS one with.

use super::faults::{Fault, FaultSet};
use crate::model::problem::{Problem, ProblemKind};
use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    KeyUsagePurpose,
};
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::{RootCertStore, ServerConfig};
use std::sync::Arc;

/// What a client needs to get along with the https port.
pub(super) struct TlsFiles {
    /// The authority's certificate, PEM. Absent when the certificate is meant to be untrusted.
    pub(super) authority: Option<String>,
    /// Certificate and key of a client the mTLS port takes, PEM in one.
    pub(super) client: String,
}

/// Server configuration and the files for clients.
pub(super) fn set_up(faults: &FaultSet) -> Result<(Arc<ServerConfig>, TlsFiles), Problem> {
    build(faults).map_err(|why| {
        Problem::new(ProblemKind::Internal, "the sandbox could not set up its https port", why, "report this")
    })
}

fn build(faults: &FaultSet) -> Result<(Arc<ServerConfig>, TlsFiles), String> {
    let words = |e: rcgen::Error| e.to_string();

    let mut authority = CertificateParams::default();
    authority.distinguished_name.push(DnType::CommonName, "hallpass sandbox authority");
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    authority.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    let authority_key = KeyPair::generate().map_err(words)?;
    let authority_certificate = authority.self_signed(&authority_key).map_err(words)?;
    let issuer = Issuer::new(authority, authority_key);

    let names: Vec<String> = match faults.has(Fault::TlsName) {
        true => vec!["pega.example.test".to_owned()],
        false => vec!["127.0.0.1".to_owned(), "localhost".to_owned()],
    };
    let mut server = CertificateParams::new(names.clone()).map_err(words)?;
    server.distinguished_name.push(DnType::CommonName, names.first().map_or("", String::as_str));
    server.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    let server_key = KeyPair::generate().map_err(words)?;
    let server_certificate = match faults.has(Fault::TlsUntrusted) {
        true => server.self_signed(&server_key),
        false => server.signed_by(&server_key, &issuer),
    }
    .map_err(words)?;

    let mut client = CertificateParams::default();
    client.distinguished_name.push(DnType::CommonName, "hallpass sandbox client");
    client.extended_key_usages = vec![ExtendedKeyUsagePurpose::ClientAuth];
    let client_key = KeyPair::generate().map_err(words)?;
    let client_certificate = client.signed_by(&client_key, &issuer).map_err(words)?;

    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(provider.clone())
        .with_safe_default_protocol_versions()
        .map_err(|e| e.to_string())?;
    let builder = if faults.asks_certificate() {
        let mut roots = RootCertStore::empty();
        roots.add(authority_certificate.der().clone()).map_err(|e| e.to_string())?;
        let mut verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
        if !faults.has(Fault::Mtls) {
            verifier = verifier.allow_unauthenticated();
        }
        let verifier = verifier.build().map_err(|e| e.to_string())?;
        builder.with_client_cert_verifier(verifier)
    } else {
        builder.with_no_client_auth()
    };
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(server_key.serialize_der()));
    let config =
        builder.with_single_cert(vec![server_certificate.der().clone()], key).map_err(|e| e.to_string())?;

    let files = TlsFiles {
        authority: (!faults.has(Fault::TlsUntrusted)).then(|| authority_certificate.pem()),
        client: format!("{}{}", client_certificate.pem(), client_key.serialize_pem()),
    };
    Ok((Arc::new(config), files))
}
