//! Keys as openssl reads and writes them: PKCS#8 (RFC 5958), encrypted too (RFC 8018), and SPKI (RFC 5280), in PEM.

#[cfg(feature = "private-keys")]
mod private;

use ed25519_dalek::VerifyingKey;
use pkcs8::ObjectIdentifier;
use pkcs8::der::pem::LineEnding;
use pkcs8::spki::{DecodePublicKey as _, EncodePublicKey as _, SubjectPublicKeyInfoRef};

use super::KeyError;
#[cfg(feature = "private-keys")]
pub use private::{private, write_private};

/// Ed25519 (RFC 8410 section 3).
const ED25519: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.3.101.112");

/// The algorithms that people have keys of: RFC 8410 section 3, RFC 3279 section 2.3.
const OTHER_ALGORITHMS: [(ObjectIdentifier, &str); 6] = [
    (ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1"), "an RSA"),
    (ObjectIdentifier::new_unwrap("1.2.840.10045.2.1"), "an elliptic-curve (ECDSA)"),
    (ObjectIdentifier::new_unwrap("1.2.840.10040.4.1"), "a DSA"),
    (ObjectIdentifier::new_unwrap("1.3.101.110"), "an X25519"),
    (ObjectIdentifier::new_unwrap("1.3.101.111"), "an X448"),
    (ObjectIdentifier::new_unwrap("1.3.101.113"), "an Ed448"),
];

/// The 32 bytes of a public key.
pub fn public(text: &str) -> Result<[u8; 32], KeyError> {
    if text.contains("PRIVATE KEY-----") {
        return Err(KeyError::PrivateForPublic);
    }
    let pem = block(text, "PUBLIC KEY")?.ok_or(KeyError::NotPublic)?;
    let (_, document) = pkcs8::Document::from_pem(pem).map_err(|_| KeyError::Damaged)?;
    let info = SubjectPublicKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyError::Damaged)?;
    judge_algorithm(&info.algorithm.oid)?;
    VerifyingKey::from_public_key_der(document.as_bytes()).map(|key| key.to_bytes()).map_err(|_| KeyError::Damaged)
}

/// Writes SPKI.
pub fn write_public(bytes: &[u8; 32]) -> Result<String, KeyError> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Damaged)?;
    key.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Damaged)
}

/// The first block of this label, without what people write around it.
fn block<'a>(text: &'a str, label: &'static str) -> Result<Option<&'a str>, KeyError> {
    let Some(start) = text.find(&format!("-----BEGIN {label}-----")) else { return Ok(None) };
    let last = format!("-----END {label}-----");
    let end = text[start..].find(&last).ok_or(KeyError::CutOff(label))?;
    Ok(Some(&text[start..start + end + last.len()]))
}

fn judge_algorithm(found: &ObjectIdentifier) -> Result<(), KeyError> {
    if *found == ED25519 {
        return Ok(());
    }
    let known = OTHER_ALGORITHMS.iter().find(|(oid, _)| oid == found);
    Err(KeyError::OtherAlgorithm(known.map_or("another kind of", |(_, name)| name)))
}
