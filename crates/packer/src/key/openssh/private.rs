//! The private half, which an OpenSSH file keeps with the public one.

use ssh_key::{Algorithm, Error};
use zeroize::Zeroizing;

use crate::key::KeyError;

/// What a private key starts with.
const BEGIN: &str = "-----BEGIN OPENSSH PRIVATE KEY-----";
/// What it ends with.
const END: &str = "-----END OPENSSH PRIVATE KEY-----";
/// The public half of a private key file, which is in clear; `None` if it is no OpenSSH private key.
pub fn public_of_private(text: &str) -> Option<Result<[u8; 32], KeyError>> {
    Some(read(text)?.and_then(|key| public_bytes(key.public_key())))
}

/// The seed of a private key; `None` if the text is no OpenSSH private key.
pub fn private(text: &str, passphrase: Option<&str>) -> Option<Result<Zeroizing<[u8; 32]>, KeyError>> {
    Some(read(text)?.and_then(|key| seed(&key, passphrase)))
}

fn read(text: &str) -> Option<Result<ssh_key::PrivateKey, KeyError>> {
    let start = text.find(BEGIN)?;
    let Some(end) = text[start..].find(END) else { return Some(Err(KeyError::CutOff("OPENSSH PRIVATE KEY"))) };
    // The reader wants the newline behind the last line.
    let block = Zeroizing::new(format!("{}\n", &text[start..start + end + END.len()]));
    Some(ssh_key::PrivateKey::from_openssh(block.as_bytes()).map_err(broken))
}

fn seed(key: &ssh_key::PrivateKey, passphrase: Option<&str>) -> Result<Zeroizing<[u8; 32]>, KeyError> {
    // Also of an encrypted key the algorithm is in clear: nobody types a passphrase for a key of no use.
    let public = public_bytes(key.public_key())?;
    let clear;
    let key = if key.is_encrypted() {
        clear = key.decrypt(passphrase.ok_or(KeyError::Encrypted)?).map_err(undecrypted)?;
        &clear
    } else {
        key
    };
    let pair = key.key_data().ed25519().ok_or(KeyError::Damaged)?;
    let seed = Zeroizing::new(pair.private.to_bytes());
    // A file with the public half of another key would sign for one and be named after the other.
    let own = ed25519_dalek::SigningKey::from_bytes(&seed).verifying_key().to_bytes();
    if own == public { Ok(seed) } else { Err(KeyError::Damaged) }
}

fn public_bytes(key: &ssh_key::PublicKey) -> Result<[u8; 32], KeyError> {
    key.key_data().ed25519().map(|key| key.0).ok_or(KeyError::OtherAlgorithm(match key.algorithm() {
        Algorithm::Rsa { .. } => "an RSA",
        Algorithm::Dsa => "a DSA",
        Algorithm::SkEd25519 | Algorithm::SkEcdsaSha2NistP256 => "a security token's",
        _ => "another kind of",
    }))
}

fn broken(error: Error) -> KeyError {
    match error {
        Error::AlgorithmUnknown | Error::AlgorithmUnsupported { .. } => KeyError::OtherAlgorithm("another kind of"),
        _ => KeyError::Damaged,
    }
}

fn undecrypted(error: Error) -> KeyError {
    match error {
        Error::AlgorithmUnsupported { .. } | Error::AlgorithmUnknown => KeyError::Encryption(error.to_string()),
        _ => KeyError::WrongPassphrase,
    }
}
