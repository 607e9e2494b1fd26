//! Ed25519 keys, and the files that openssl and OpenSSH keep them in.

mod openssh;
mod pem;
#[cfg(feature = "private-keys")]
mod private;

use std::fmt;

use ed25519_dalek::{Signer as _, SigningKey, VerifyingKey};
use image_format::{Crypto as _, KeyId, SignaturePlace, SoftwareCrypto, key_id};

#[cfg(feature = "private-keys")]
pub use private::public_half;

/// A key file that cannot be used.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No private key of a known form.
    #[error("this is no private key in PKCS#8 PEM (BEGIN PRIVATE KEY) or of OpenSSH (BEGIN OPENSSH PRIVATE KEY)")]
    NotPrivate,
    /// No public key of a known form.
    #[error("this is no public key in SPKI PEM (BEGIN PUBLIC KEY) or of OpenSSH (ssh-ed25519 ...)")]
    NotPublic,
    /// A private key where a public one belongs.
    #[error("this is a private key; the public one belongs here: `waxseal key public` makes it")]
    PrivateForPublic,
    /// A public key where a private one belongs.
    #[error("this is a public key; a private one is needed to sign")]
    PublicForPrivate,
    /// Encrypted, and nobody gave the passphrase.
    #[error("this private key is encrypted, and there is no passphrase")]
    Encrypted,
    /// It does not decrypt.
    #[error("wrong passphrase")]
    WrongPassphrase,
    /// Encrypted in a way that is not supported.
    #[error(
        "this private key is encrypted in a way that waxseal does not read ({0}): `openssl pkey -aes256` writes one that it does"
    )]
    Encryption(String),
    /// A key of another algorithm.
    #[error("this is {0} key, not Ed25519: `waxseal key new` and `openssl genpkey -algorithm ed25519` make one")]
    OtherAlgorithm(&'static str),
    /// A file without its end.
    #[error("this key file is cut off: it has no line `-----END {0}-----`")]
    CutOff(&'static str),
    /// The right container, broken content.
    #[error("this key is damaged")]
    Damaged,
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
pub struct PrivateKey {
    key: SigningKey,
    /// Of its public half: hashed once, however much is signed.
    id: KeyId,
}

impl PublicKey {
    /// Reads SPKI PEM, or the line of an OpenSSH public key file.
    ///
    /// # Errors
    /// Says what the text is instead.
    pub fn from_text(text: &str) -> Result<Self, KeyError> {
        let bytes = match openssh::public(text) {
            Some(key) => key?,
            None => pem::public(text)?,
        };
        let key = VerifyingKey::from_bytes(&bytes).map_err(|_| KeyError::Damaged)?;
        if key.is_weak() { Err(KeyError::Weak) } else { Ok(Self(bytes)) }
    }

    /// A key out of a trust set. Whether it is a point of the curve is judged with each signature.
    pub fn from_bytes(bytes: [u8; 32]) -> Self {
        Self(bytes)
    }

    /// Writes SPKI PEM.
    ///
    /// # Errors
    /// [`KeyError::Damaged`] if the bytes are no point of the curve.
    pub fn to_pem(&self) -> Result<String, KeyError> {
        pem::write_public(&self.0)
    }

    /// The 32 bytes (RFC 8032 encoding).
    pub fn bytes(&self) -> &[u8; 32] {
        &self.0
    }

    /// The id that signature places name it by.
    pub fn id(&self) -> KeyId {
        key_id(&self.0, &mut SoftwareCrypto)
    }

    /// Whether this is its signature of a message, judged as a boot loader does (strictly).
    pub fn verifies(&self, message: &[u8], signature: &[u8; 64]) -> bool {
        SoftwareCrypto.verify_ed25519(&self.0, message, signature)
    }
}

/// The id in hex.
impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.id().iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

impl PrivateKey {
    /// The key of a seed: 32 secret bytes (RFC 8032 section 5.1.5).
    pub fn from_seed(seed: &[u8; 32]) -> Self {
        let key = SigningKey::from_bytes(seed);
        let id = key_id(key.verifying_key().as_bytes(), &mut SoftwareCrypto);
        Self { key, id }
    }

    /// Its public half.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.key.verifying_key().to_bytes())
    }

    /// Signs, and names the key beside the signature. Deterministic (RFC 8032).
    pub fn sign(&self, message: &[u8]) -> SignaturePlace {
        SignaturePlace { key_id: self.id, signature: self.key.sign(message).to_bytes() }
    }
}

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PrivateKey({})", self.public())
    }
}
