//! Private keys in PEM (RFC 7468): PKCS#8, PKCS#1 RSA, SEC1 EC. Files that are something else are named,
//! with the command that makes a key of them.

use super::der::{self, Der};
use super::{CURVES, Curve, Pair, curve_named};
use aws_lc_rs::signature::{EcdsaKeyPair, Ed25519KeyPair, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::sync::Arc;
use zeroize::Zeroizing;

const RSA: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 1];
const RSA_PSS: &[u8] = &[0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 1, 1, 10];
const EC: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const ED25519: &[u8] = &[0x2b, 0x65, 0x70];
const ED448: &[u8] = &[0x2b, 0x65, 0x71];
const X25519: &[u8] = &[0x2b, 0x65, 0x6e];

const ENCRYPTED: &str = "the key is encrypted with a passphrase; \
     `openssl pkey -in KEY.pem -out OPEN.pem` asks for it and writes the key without one";

/// One block: its label, what stands between BEGIN and END without the header lines, and whether those
/// say that it is encrypted (RFC 1421 §4.6.1.1).
struct Block<'a> {
    label: &'a str,
    bytes: Zeroizing<Vec<u8>>,
    encrypted: bool,
}

/// The blocks of a text. Line breaks may be missing or written as `\n`, as they are after a way through
/// an environment variable.
fn blocks(text: &str) -> Result<Vec<Block<'_>>, String> {
    const BEGIN: &str = "-----BEGIN ";
    let mut found = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(BEGIN) {
        rest = &rest[at + BEGIN.len()..];
        let broken = || "the PEM text is broken: a BEGIN line does not end".to_string();
        let (label, body) = rest.split_once("-----").ok_or_else(broken)?;
        let end = format!("-----END {label}-----");
        let (body, behind) = body.split_once(end.as_str()).ok_or_else(|| {
            format!("the PEM text was cut off: there is no END line for `{}`", short(label))
        })?;
        rest = behind;
        let encrypted = body.contains("Proc-Type:") && body.contains("ENCRYPTED");
        let mut base64 = Zeroizing::new(String::with_capacity(body.len()));
        for line in body.lines().flat_map(|line| line.split("\\n")).filter(|line| !line.contains(':')) {
            base64.extend(line.chars().filter(|c| !c.is_whitespace() && *c != '\\'));
        }
        let bytes = match STANDARD.decode(base64.as_bytes()) {
            Ok(bytes) => Zeroizing::new(bytes),
            Err(_) if encrypted => Zeroizing::default(),
            Err(_) => return Err(format!("the PEM text is broken: `{}` is no base64", short(label))),
        };
        found.push(Block { label, bytes, encrypted });
    }
    Ok(found)
}

fn short(label: &str) -> String {
    crate::jwt::warnings::short(label)
}

/// The one private key of a PEM text; certificates beside it are passed over.
pub fn read(text: &str) -> Result<Pair, String> {
    let blocks = blocks(text)?;
    if blocks.is_empty() {
        return Err(no_pem(text));
    }
    let mut keys = Vec::new();
    for block in &blocks {
        match block.label {
            "ENCRYPTED PRIVATE KEY" => return Err(ENCRYPTED.into()),
            _ if block.encrypted => return Err(ENCRYPTED.into()),
            "PRIVATE KEY" => keys.push(pkcs8(&block.bytes)?),
            "RSA PRIVATE KEY" => keys.push(Pair::Rsa(rsa(&block.bytes)?)),
            "EC PRIVATE KEY" => keys.push(sec1(&block.bytes)?),
            "OPENSSH PRIVATE KEY" => {
                return Err(
                    "the key is in OpenSSH's own form; `ssh-keygen -p -m PKCS8 -f KEY` rewrites the file \
                            (work on a copy)"
                        .into(),
                );
            }
            "DSA PRIVATE KEY" => return Err("a DSA key signs no JWT; RSA, EC and Ed25519 keys do".into()),
            _ => {}
        }
    }
    let has = |label: &str| blocks.iter().any(|block| block.label == label);
    match keys.len() {
        1 => keys.pop().ok_or_else(String::new),
        0 if has("CERTIFICATE") || has("TRUSTED CERTIFICATE") => Err(
            "it is a certificate; signing needs the private key that belongs to it, often in a `.key` file"
                .into(),
        ),
        0 if has("PUBLIC KEY") || has("RSA PUBLIC KEY") => {
            Err("it is a public key; signing needs the private one".into())
        }
        0 if has("PKCS7") => {
            Err("it is PKCS#7, which holds certificates only; signing needs the private key".into())
        }
        0 => Err(format!("a `{}` block is no private key", short(blocks[0].label))),
        many => Err(format!("there are {many} private keys in it; give one")),
    }
}

/// What a text without a PEM block may be.
fn no_pem(text: &str) -> String {
    let text = text.trim();
    if text.starts_with("ssh-") || text.starts_with("ecdsa-sha2-") {
        return "it is an OpenSSH public key; signing needs the private one, as PEM".into();
    }
    if text.starts_with("PuTTY-User-Key-File") {
        return "it is a PuTTY key; `puttygen KEY.ppk -O private-openssh-new -o KEY` and then \
                `ssh-keygen -p -m PKCS8 -f KEY` make a PEM of it"
            .into();
    }
    let joined: Zeroizing<String> = Zeroizing::new(text.split_whitespace().collect());
    if joined.len() > 40
        && let Ok(bytes) = STANDARD.decode(joined.as_bytes())
        && bytes.first() == Some(&der::SEQUENCE)
    {
        let bytes = Zeroizing::new(bytes);
        return format!(
            "it is base64 without a PEM frame; after `base64 -d`: {}",
            unreadable(&bytes, "FILE")
        );
    }
    "there is no private key in it: PEM (`-----BEGIN PRIVATE KEY-----`) or a JWK (`{\"kty\": …}`) is expected"
        .into()
}

/// What a key file that is no text may be, with the command that makes PEM of it.
pub fn unreadable(bytes: &[u8], file: &str) -> String {
    let plain = !file.is_empty() && file.chars().all(|c| c.is_ascii_alphanumeric() || "._-/+@".contains(c));
    let file = if plain && !file.starts_with('-') { file.to_owned() } else { "FILE".to_owned() };
    let stem = ["p12", "pfx", "der", "key", "jks"]
        .iter()
        .find_map(|end| file.strip_suffix(&format!(".{end}")))
        .unwrap_or(&file)
        .to_owned();
    if bytes.starts_with(&[0xfe, 0xed, 0xfe, 0xed]) {
        return format!(
            "it is a Java keystore; `keytool -importkeystore -srckeystore {file} -destkeystore {stem}.p12 \
             -deststoretype PKCS12` and `openssl pkcs12 -in {stem}.p12 -out {stem}.pem -nodes` make a PEM of it"
        );
    }
    if is_pkcs12(bytes) {
        return format!(
            "it is a PKCS#12 file; `openssl pkcs12 -in {file} -out {stem}.pem -nodes` makes a PEM of it"
        );
    }
    if der::pkcs8(bytes).is_some() || der::rsa_private(bytes).is_some() || der::ec_private(bytes).is_some() {
        return format!(
            "it is a private key in DER; `openssl pkey -inform DER -in {file} -out {stem}.pem` makes a PEM of it"
        );
    }
    if is_encrypted_pkcs8(bytes) {
        return format!(
            "it is an encrypted private key in DER; `openssl pkey -inform DER -in {file} -out {stem}.pem` asks for \
             its passphrase and makes an open PEM of it"
        );
    }
    let likely = if file.ends_with(".p12") || file.ends_with(".pfx") {
        format!("; if it is PKCS#12, `openssl pkcs12 -in {file} -out {stem}.pem -nodes` makes a PEM of it")
    } else {
        String::new()
    };
    format!("it is neither PEM nor a JWK{likely}")
}

/// `PFX ::= SEQUENCE { version 3, authSafe ContentInfo … }` (RFC 7292 §4).
fn is_pkcs12(bytes: &[u8]) -> bool {
    let head = |mut outer: Der<'_>| {
        outer.integer() == Some(&[3]) && outer.next().is_some_and(|(tag, _)| tag == der::SEQUENCE)
    };
    Der(bytes).sequence().is_some_and(head)
        // Indefinite lengths, as Java and Windows write them.
        || bytes.starts_with(&[0x30, 0x80, 0x02, 0x01, 0x03, 0x30])
}

/// `EncryptedPrivateKeyInfo ::= SEQUENCE { algorithm, OCTET STRING }` (RFC 5208 §6).
fn is_encrypted_pkcs8(bytes: &[u8]) -> bool {
    Der(bytes)
        .sequence()
        .is_some_and(|mut outer| outer.sequence().is_some() && outer.take(der::OCTETS).is_some())
}

fn pkcs8(bytes: &[u8]) -> Result<Pair, String> {
    let info = der::pkcs8(bytes).ok_or("the PEM block is no PKCS#8 private key")?;
    match info.algorithm {
        RSA => rsa(info.inner).map(Pair::Rsa),
        RSA_PSS => rsa(info.inner).map(Pair::RsaPss),
        EC => {
            let curve = curve(info.curve)?;
            let pair = EcdsaKeyPair::from_pkcs8(curve.signing, bytes)
                .map_err(|_| format!("the EC key is no key on {}", curve.name))?;
            Ok(Pair::Ec(Arc::new(pair), curve))
        }
        ED25519 => Ed25519KeyPair::from_pkcs8(bytes)
            .map(|pair| Pair::Ed25519(Arc::new(pair)))
            .map_err(|_| "the Ed25519 key is broken".into()),
        ED448 => Err("it is an Ed448 key, which cannot sign here; Ed25519 can".into()),
        X25519 => Err("it is an X25519 key, which is for encryption and signs nothing".into()),
        _ => Err("it is none of RSA, EC and Ed25519, which sign JWTs".into()),
    }
}

fn curve(oid: Option<&[u8]>) -> Result<&'static Curve, String> {
    let name = match oid {
        Some([0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7]) => "P-256",
        Some([0x2b, 0x81, 4, 0, 34]) => "P-384",
        Some([0x2b, 0x81, 4, 0, 35]) => "P-521",
        Some([0x2b, 0x81, 4, 0, 10]) => "secp256k1",
        Some(_) => {
            return Err(
                "the curve of the EC key is not used by JWS; P-256, P-384, P-521 and secp256k1 are".into()
            );
        }
        None => {
            return Err("the EC key spells its curve out instead of naming it; \
                        `openssl ec -in KEY.pem -param_enc named_curve -out NEW.pem` names it"
                .into());
        }
    };
    curve_named(name).ok_or_else(|| format!("the curve {name} is not known"))
}

/// A PKCS#1 key. The size is looked at first: the library's own words for a short one are none.
pub fn rsa(bytes: &[u8]) -> Result<Arc<RsaKeyPair>, String> {
    let [n, ..] = der::rsa_private(bytes).ok_or("the RSA key is broken or has more than two primes")?;
    rsa_size(n)?;
    RsaKeyPair::from_der(bytes)
        .map(Arc::new)
        .map_err(|_| "the RSA key is broken: its numbers do not fit together".into())
}

/// Refuses what RFC 7518 §3.3 and §3.5 forbid.
pub fn rsa_size(n: &[u8]) -> Result<(), String> {
    match der::bits(n) {
        bits @ ..2048 => Err(format!(
            "the RSA key has {bits} bits; RFC 7518 wants 2048 at least, and a shorter one can be forged. \
             `openssl genrsa -out NEW.pem 2048` makes a new one"
        )),
        bits @ 8193.. => Err(format!("the RSA key has {bits} bits; 8192 is the most that signs here")),
        _ => Ok(()),
    }
}

fn sec1(bytes: &[u8]) -> Result<Pair, String> {
    let (number, named) = der::ec_private(bytes).ok_or("the EC key is broken")?;
    let curve = match named {
        Some(oid) => curve(Some(oid))?,
        // Without a name the length tells; secp256k1 keys always come with theirs.
        None => CURVES
            .iter()
            .find(|c| c.size == number.len())
            .ok_or_else(|| curve(None).err().unwrap_or_default())?,
    };
    let pair = EcdsaKeyPair::from_private_key_der(curve.signing, bytes)
        .map_err(|_| format!("the EC key is no key on {}", curve.name))?;
    Ok(Pair::Ec(Arc::new(pair), curve))
}
