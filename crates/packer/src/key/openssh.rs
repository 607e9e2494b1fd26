//! Keys as OpenSSH's ssh-keygen writes them (PROTOCOL.key): private ones in a PEM-like block, public ones in a line.

#[cfg(feature = "private-keys")]
mod private;

use ssh_key::{Algorithm, Error};

use super::KeyError;
#[cfg(feature = "private-keys")]
pub use private::{private, public_of_private};

/// What the line of a public key starts with: the algorithms that ssh-keygen makes (`ssh-keygen -t`).
const PUBLIC: [&str; 6] = ["ssh-ed25519 ", "ssh-rsa ", "ssh-dss ", "ecdsa-sha2-", "sk-ssh-ed25519@", "sk-ecdsa-sha2-"];

/// The 32 bytes of a public key; `None` if the text is no OpenSSH public key.
pub fn public(text: &str) -> Option<Result<[u8; 32], KeyError>> {
    let line = text.trim();
    if !PUBLIC.iter().any(|start| line.starts_with(start)) {
        return None;
    }
    let key = ssh_key::PublicKey::from_openssh(line).map_err(broken);
    Some(key.and_then(|key| public_bytes(&key)))
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
