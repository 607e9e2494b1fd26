//! The private half: PKCS#8.

use ed25519_dalek::pkcs8::KeypairBytes;
use pkcs8::der::pem::LineEnding;
use pkcs8::{EncodePrivateKey as _, EncryptedPrivateKeyInfoRef, Error, PrivateKeyInfoRef, SecretDocument};
use zeroize::Zeroizing;

use super::{block, judge_algorithm};
use crate::key::KeyError;

/// Labels of PEM files that hold a private key of another algorithm by the label alone.
const OTHER_LABELS: [(&str, &str); 3] =
    [("RSA PRIVATE KEY", "an RSA"), ("EC PRIVATE KEY", "an elliptic-curve (ECDSA)"), ("DSA PRIVATE KEY", "a DSA")];

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

fn undecrypted(error: Error) -> KeyError {
    match error {
        Error::EncryptedPrivateKey(pkcs8::pkcs5::Error::DecryptFailed) => KeyError::WrongPassphrase,
        Error::EncryptedPrivateKey(error) => KeyError::Encryption(error.to_string()),
        _ => KeyError::WrongPassphrase,
    }
}
