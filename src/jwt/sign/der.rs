//! As much of DER (X.690) as key files need: values one after the other, lengths checked.

/// Tags.
pub const INTEGER: u8 = 0x02;
/// See [`INTEGER`].
pub const OCTETS: u8 = 0x04;
/// See [`INTEGER`].
pub const OID: u8 = 0x06;
/// See [`INTEGER`].
pub const SEQUENCE: u8 = 0x30;

/// Reads values from the start of some bytes.
#[derive(Clone, Copy)]
pub struct Der<'a>(pub &'a [u8]);

impl<'a> Der<'a> {
    /// The next value: its tag and content. `None` at the end and where the bytes are no DER.
    pub fn next(&mut self) -> Option<(u8, &'a [u8])> {
        let (tag, rest) = self.0.split_first()?;
        let (first, mut rest) = rest.split_first()?;
        let mut length = usize::from(*first);
        if *first >= 0x80 {
            let count = usize::from(first & 0x7f);
            if !(1..=4).contains(&count) {
                return None;
            }
            let (bytes, behind) = rest.split_at_checked(count)?;
            length = bytes.iter().fold(0, |n, b| n << 8 | usize::from(*b));
            rest = behind;
        }
        let (content, behind) = rest.split_at_checked(length)?;
        self.0 = behind;
        Some((*tag, content))
    }

    /// The content of the next value, if it has this tag.
    pub fn take(&mut self, tag: u8) -> Option<&'a [u8]> {
        self.next().filter(|(found, _)| *found == tag).map(|(_, content)| content)
    }

    /// A sequence as its own reader.
    pub fn sequence(&mut self) -> Option<Der<'a>> {
        self.take(SEQUENCE).map(Der)
    }

    /// A positive integer without leading zeros.
    pub fn integer(&mut self) -> Option<&'a [u8]> {
        self.take(INTEGER).map(crate::jwt::jwks::without_zeros)
    }
}

/// A PKCS#8 `PrivateKeyInfo` (RFC 5208 §5): algorithm, its parameters, the key inside.
pub struct Pkcs8<'a> {
    /// `algorithm`, as the bytes of its object identifier.
    pub algorithm: &'a [u8],
    /// `parameters`, where they are an object identifier (the curve).
    pub curve: Option<&'a [u8]>,
    /// `privateKey`.
    pub inner: &'a [u8],
}

/// Reads a PKCS#8 structure; `None` if it is none.
pub fn pkcs8(bytes: &[u8]) -> Option<Pkcs8<'_>> {
    let mut outer = Der(bytes).sequence()?;
    outer.integer()?;
    let mut algorithm = outer.sequence()?;
    let name = algorithm.take(OID)?;
    let curve = algorithm.take(OID);
    Some(Pkcs8 { algorithm: name, curve, inner: outer.take(OCTETS)? })
}

/// The integers of an `RSAPrivateKey` (RFC 8017 §A.1.2): n, e, d, p, q, dp, dq, qi.
pub fn rsa_private(bytes: &[u8]) -> Option<[&[u8]; 8]> {
    let mut reader = Der(bytes).sequence()?;
    reader.integer()?;
    let mut all: [&[u8]; 8] = [&[]; 8];
    for slot in &mut all {
        *slot = reader.integer()?;
    }
    Some(all)
}

/// The integers of an `RSAPublicKey` (RFC 8017 §A.1.1): n and e.
pub fn rsa_public(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut reader = Der(bytes).sequence()?;
    Some((reader.integer()?, reader.integer()?))
}

/// An `ECPrivateKey` (RFC 5915 §3): the private number and, where it is named, the curve.
pub fn ec_private(bytes: &[u8]) -> Option<(&[u8], Option<&[u8]>)> {
    let mut reader = Der(bytes).sequence()?;
    reader.integer()?;
    let number = reader.take(OCTETS)?;
    let curve = reader.take(0xa0).and_then(|content| Der(content).take(OID));
    Some((number, curve))
}

/// Bits of a number without leading zero bytes.
pub fn bits(number: &[u8]) -> usize {
    number.len() * 8 - number.first().map_or(0, |b| b.leading_zeros() as usize)
}
