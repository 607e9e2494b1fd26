//! Ed25519 keys as openssl reads and writes them: PKCS#8 and SPKI, in PEM.

use std::fmt;

use ed25519_dalek::pkcs8::spki::der::pem::LineEnding;
use ed25519_dalek::pkcs8::{DecodePrivateKey as _, DecodePublicKey as _, EncodePrivateKey as _, EncodePublicKey as _};
use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey, pkcs8};
use image_format::{KeyId, SignaturePlace, SoftwareCrypto, key_id};
use zeroize::Zeroizing;

/// A key file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// Not a PEM file with a private key.
    #[error("this is no private key in PKCS#8 PEM (BEGIN PRIVATE KEY)")]
    NotPrivate,
    /// Not a PEM file with a public key.
    #[error("this is no public key in SPKI PEM (BEGIN PUBLIC KEY)")]
    NotPublic,
    /// A private key where a public one belongs.
    #[error("this is a private key; the public one belongs here: `waxseal key public` makes it")]
    PrivateForPublic,
    /// A public key where a private one belongs.
    #[error("this is a public key; a private one is needed to sign")]
    PublicForPrivate,
    /// Encrypted.
    #[error("this private key is encrypted: `openssl pkey -in KEY -out PLAIN` decrypts it")]
    Encrypted,
    /// The right container, another algorithm or broken content.
    #[error("this key is not Ed25519, or it is damaged: `openssl genpkey -algorithm ed25519` makes one")]
    NotEd25519,
    /// A point of small order: everything verifies under such a key, or nothing does.
    #[error("this public key is a point of small order: anybody can sign for it")]
    Weak,
    /// The operating system gave no random bytes.
    #[error("the operating system gives no random bytes: {0}")]
    Random(String),
}

/// An Ed25519 public key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PublicKey([u8; 32]);

/// An Ed25519 private key. It is wiped when dropped, and shows nothing of itself.
pub struct PrivateKey(SigningKey);

impl PublicKey {
    /// Reads SPKI PEM.
    ///
    /// # Errors
    /// Says what the text is instead.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("PRIVATE KEY-----") {
            return Err(KeyError::PrivateForPublic);
        }
        if !pem.contains("-----BEGIN PUBLIC KEY-----") {
            return Err(KeyError::NotPublic);
        }
        let key = VerifyingKey::from_public_key_pem(pem.trim()).map_err(|_| KeyError::NotEd25519)?;
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(Self(key.to_bytes())) }
    }

    /// Writes SPKI PEM.
    ///
    /// # Errors
    /// [`KeyError::NotEd25519`] if the bytes are no point of the curve.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        let key = VerifyingKey::from_bytes(&self.0).map_err(|_| KeyError::NotEd25519)?;
        key.to_public_key_pem(LineEnding::LF).map_err(|_| KeyError::NotEd25519)
    }

    /// The 32 bytes (RFC 8032 encoding).
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id that signature places name it by.
    pub fn id(&self) -> KeyId {
        key_id(&self.0, &mut SoftwareCrypto)
    }
}

/// The id in hex.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PrivateKey {
    /// Makes a key from the operating system's random bytes.
    ///
    /// # Errors
    /// [`KeyError::Random`].
    pub fn generate() -> Result<Self, KeyError> {
        let mut secret = Zeroizing::new([0; 32]);
        getrandom::fill(secret.as_mut()).map_err(|error| KeyError::Random(error.to_string()))?;
        Ok(Self::from_seed(&secret))
    }

    /// The key of a seed: 32 secret bytes (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        Self(SigningKey::from_bytes(seed))
    }

    /// Reads PKCS#8 PEM, version 1 or 2.
    ///
    /// # Errors
    /// Says what the text is instead.
    pub fn from_pem(pem: &str) -> Result<Self, KeyError> {
        if pem.contains("-----BEGIN PUBLIC KEY-----") {
            return Err(KeyError::PublicForPrivate);
        }
        if pem.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----") {
            return Err(KeyError::Encrypted);
        }
        if !pem.contains("-----BEGIN PRIVATE KEY-----") {
            return Err(KeyError::NotPrivate);
        }
        SigningKey::from_pkcs8_pem(pem.trim()).map(Self).map_err(|_| KeyError::NotEd25519)
    }

    /// Writes PKCS#8 PEM of version 1, which has no public half: OpenSSL 3.0 refuses version 2.
    ///
    /// # Errors
    /// [`KeyError::NotEd25519`] if the key cannot be encoded, which does not happen.
    pub fn to_pem(&self) -> Result<Zeroizing<String>, KeyError> {
        let pair = pkcs8::KeypairBytes { secret_key: self.0.to_bytes(), public_key: None };
        pair.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeyError::NotEd25519)
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key().to_bytes())
    }

    /// Signs, and names the key beside the signature. Deterministic (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> SignaturePlace {
        SignaturePlace { key_id: self.public().id(), signature: self.0.sign(message).to_bytes() }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public())
    }
}

#[cfg(test)]
mod tests {
    use super::{KeyError, PrivateKey, PublicKey};

    #[test]
    fn pem_round_trip() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let pem = key.to_pem().expect("encodes");
        assert_eq!(PrivateKey::from_pem(&pem).expect("decodes").public(), key.public());
        let public = key.public().to_pem().expect("encodes");
        assert_eq!(PublicKey::from_pem(&public), Ok(key.public()));
        assert_eq!(PublicKey::from_pem(&pem), Err(KeyError::PrivateForPublic));
        assert_eq!(PrivateKey::from_pem(&public).err(), Some(KeyError::PublicForPrivate));
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        // The neutral element: y = 1, in SPKI.
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n";
        assert_eq!(PublicKey::from_pem(pem), Err(KeyError::Weak));
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = PrivateKey::from_seed(&[7; 32]);
        assert_eq!(format!("{key:?}"), format!("PrivateKey({})", key.public()));
    }
}
