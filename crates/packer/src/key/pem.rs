//! Keys as openssl reads and writes them: PKCS#8 (RFC 5958), encrypted too (RFC 8018), and SPKI (RFC 5280), in PEM.

use ed25519_dalek::VerifyingKey;
use ed25519_dalek::pkcs8::KeypairBytes;
use pkcs8::der::pem::LineEnding;
use pkcs8::spki::{DecodePublicKey as _, EncodePublicKey as _, SubjectPublicKeyInfoRef};
use pkcs8::{
    EncodePrivateKey as _, EncryptedPrivateKeyInfoRef, Error, ObjectIdentifier, PrivateKeyInfoRef, SecretDocument,
};
use zeroize::Zeroizing;

use super::KeyError;

/// Labels of PEM files that hold a private key of another algorithm by the label alone.
const OTHER_LABELS: [(&str, &str); 3] =
    [("RSA PRIVATE KEY", "an RSA"), ("EC PRIVATE KEY", "an elliptic-curve (ECDSA)"), ("DSA PRIVATE KEY", "a DSA")];

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

/// The seed of a private key.
pub fn private(text: &str, passphrase: Option<&str>) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    if let Some(pem) = block(text, "ENCRYPTED PRIVATE KEY")? {
        let document = document(pem)?;
        // What has the form of PEM and none of PBES1 or PBES2 is most likely PKCS#12's way, as old openssl wrote it.
        let unknown = |_| KeyError::Encryption("neither PBES1 nor PBES2".to_owned());
        let info = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(unknown)?;
        let clear = info.decrypt(passphrase.ok_or(KeyError::Encrypted)?).map_err(undecrypted)?;
        // One wrong passphrase in 256 leaves a valid padding, and noise in front of it.
        return seed(&clear, KeyError::WrongPassphrase);
    }
    if let Some(pem) = block(text, "PRIVATE KEY")? {
        return seed(&document(pem)?, KeyError::Damaged);
    }
    for (label, algorithm) in OTHER_LABELS {
        if begins(text, label) {
            return Err(KeyError::OtherAlgorithm(algorithm));
        }
    }
    Err(if begins(text, "PUBLIC KEY") { KeyError::PublicForPrivate } else { KeyError::NotPrivate })
}

/// Writes SPKI.
pub fn write_public(bytes: &[u8; 32]) -> Result<String, KeyError> {
    let key = VerifyingKey::from_bytes(bytes).map_err(|_| KeyError::Damaged)?;
    key.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::Damaged)
}

/// Writes PKCS#8 of version 1.
pub fn write_private(seed: &[u8; 32], passphrase: Option<&str>) -> Result<Zeroizing<String>, KeyError> {
    let pair = KeypairBytes { secret_key: *seed, public_key: None };
    let random = |error: Error| KeyError::Random(error.to_string());
    match passphrase {
        Some(passphrase) => pair.to_pkcs8_encrypted_pem(passphrase, LineEnding::LF).map_err(random),
        None => pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::Damaged),
    }
}

fn begins(text: &str, label: &str) -> bool {
    text.contains(&format!("-----BEGIN {label}-----"))
}

/// The first block of this label, without what people write around it.
fn block<'a>(text: &'a str, label: &'static str) -> Result<Option<&'a str>, KeyError> {
    let Some(start) = text.find(&format!("-----BEGIN {label}-----")) else { return Ok(None) };
    let last = format!("-----END {label}-----");
    let end = text[start..].find(&last).ok_or(KeyError::CutOff(label))?;
    Ok(Some(&text[start..start + end + last.len()]))
}

fn document(pem: &str) -> Result<SecretDocument, KeyError> {
    SecretDocument::from_pem(pem).map(|(_, document)| document).map_err(|_| KeyError::Damaged)
}

/// The seed out of PKCS#8; `broken` is what is wrong if it is none.
fn seed(document: &SecretDocument, broken: KeyError) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    let Ok(info) = PrivateKeyInfoRef::try_from(document.as_bytes()) else { return Err(broken) };
    judge_algorithm(&info.algorithm.oid)?;
    let pair = KeypairBytes::try_from(info).map_err(|_| KeyError::Damaged)?;
    let key = ed25519_dalek::SigningKey::try_from(&pair).map_err(|_| KeyError::Damaged)?;
    Ok(Zeroizing::new(key.to_bytes()))
}

fn judge_algorithm(found: &ObjectIdentifier) -> Result<(), KeyError> {
    if *found == ED25519 {
        return Ok(());
    }
    let known = OTHER_ALGORITHMS.iter().find(|(oid, _)| oid == found);
    Err(KeyError::OtherAlgorithm(known.map_or("another kind of", |(_, name)| name)))
}

fn undecrypted(error: Error) -> KeyError {
    match error {
        Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) => KeyError::WrongPassphrase,
        Error::EncryptedPrivateKey(error) => KeyError::Encryption(error.to_string()),
        _ => KeyError::WrongPassphrase,
    }
}
