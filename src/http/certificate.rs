//! Certificates in words, for the TLS tab and for explaining a refused handshake.

use crate::model::exchange::Certificate;
use aws_lc_rs::digest;
use jiff::Timestamp;
use rustls::pki_types::CertificateDer;
use std::fmt::Write as _;
use std::net::{Ipv4Addr, Ipv6Addr};
use x509_parser::extensions::GeneralName;
use x509_parser::parse_x509_certificate;

/// The chain as presented, leaf first. What cannot be parsed is shown by its digest alone.
pub(super) fn chain(presented: &[CertificateDer<'_>]) -> Vec<Certificate> {
    presented.iter().map(|der| describe(der)).collect()
}

fn describe(der: &[u8]) -> Certificate {
    let mut certificate =
        Certificate { sha256: hex(digest::digest(&digest::SHA256, der).as_ref()), ..Certificate::default() };
    let Ok((_, parsed)) = parse_x509_certificate(der) else { return certificate };
    certificate.subject = parsed.subject().to_string();
    certificate.issuer = parsed.issuer().to_string();
    certificate.not_before = Timestamp::from_second(parsed.validity().not_before.timestamp()).ok();
    certificate.not_after = Timestamp::from_second(parsed.validity().not_after.timestamp()).ok();
    if let Ok(Some(names)) = parsed.subject_alternative_name() {
        certificate.names = names.value.general_names.iter().filter_map(name).collect();
    }
    certificate
}

fn name(name: &GeneralName<'_>) -> Option<String> {
    match name {
        GeneralName::DNSName(dns) => Some((*dns).to_owned()),
        GeneralName::IPAddress(octets) => match octets.len() {
            4 => <[u8; 4]>::try_from(*octets).ok().map(|o| Ipv4Addr::from(o).to_string()),
            16 => <[u8; 16]>::try_from(*octets).ok().map(|o| Ipv6Addr::from(o).to_string()),
            _ => None,
        },
        _ => None,
    }
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}
