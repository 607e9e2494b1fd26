//! Files of private keys: reading, decrypting, making them. What runs in a browser has none of it.

use zeroize::Zeroizing;

use super::{KeyError, PrivateKey, PublicKey, openssh, pem};

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

    /// Reads PKCS#8 PEM of version 1 or 2, or an OpenSSH private key. A passphrase is used only if the key is encrypted.
    ///
    /// # Errors
    /// Says what the text is instead; [`KeyError::Encrypted`] if only the passphrase is missing.
    pub fn from_text(text: &str, passphrase: Option<&str>) -> Result<Self, KeyError> {
        if openssh::public(text).is_some() {
            return Err(KeyError::PublicForPrivate);
        }
        let seed = match openssh::private(text, passphrase) {
            Some(seed) => seed?,
            None => pem::private(text, passphrase)?,
        };
        Ok(Self::from_seed(&seed))
    }

    /// Writes PKCS#8 PEM of version 1, which has no public half: OpenSSL 3.0 refuses version 2. With a passphrase it is
    /// encrypted: scrypt and AES-256-CBC, with parameters that OpenSSL accepts.
    ///
    /// # Errors
    /// [`KeyError::Random`] if the operating system gives no random bytes to encrypt with.
    pub fn to_pem(&self, passphrase: Option<&str>) -> Result<Zeroizing<String>, KeyError> {
        pem::write_private(&self.key.to_bytes(), passphrase)
    }
}

/// The public half of a key file that holds either half. An OpenSSH file keeps it in clear beside an encrypted private one.
///
/// # Errors
/// As [`PrivateKey::from_text`] and [`PublicKey::from_text`].
pub fn public_half(text: &str, passphrase: Option<&str>) -> Result<PublicKey, KeyError> {
    match (PublicKey::from_text(text), openssh::public_of_private(text)) {
        (Err(KeyError::PrivateForPublic), Some(key)) => Ok(PublicKey(key?)),
        (Err(KeyError::PrivateForPublic), None) => PrivateKey::from_text(text, passphrase).map(|key| key.public()),
        (result, _) => result,
    }
}

#[cfg(test)]
mod tests {
    use crate::key::{KeyError, PrivateKey, PublicKey};

    #[test]
    fn pem_round_trip() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let pem = key.to_pem(None).expect("encodes");
        assert_eq!(PrivateKey::from_text(&pem, None).expect("decodes").public(), key.public());
        let public = key.public().to_pem().expect("encodes");
        assert_eq!(PublicKey::from_text(&public), Ok(key.public()));
        assert_eq!(PublicKey::from_text(&pem), Err(KeyError::PrivateForPublic));
        assert_eq!(PrivateKey::from_text(&public, None).err(), Some(KeyError::PublicForPrivate));
    }

    #[test]
    fn encrypted_round_trip() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let pem = key.to_pem(Some("two words")).expect("encrypts");
        let read = |passphrase| PrivateKey::from_text(&pem, passphrase).map(|key| key.public());
        assert_eq!(read(Some("two words")), Ok(key.public()));
        assert_eq!(read(Some("two wordz")), Err(KeyError::WrongPassphrase));
        assert_eq!(read(None), Err(KeyError::Encrypted));
        assert_eq!(PublicKey::from_text(&pem), Err(KeyError::PrivateForPublic));
        assert_ne!(pem, key.to_pem(Some("two words")).expect("encrypts"), "the salt is new each time");
    }

    #[test]
    fn every_cut_is_refused() {
        let key = PrivateKey::from_seed(&[7; 32]);
        let (private, public) = (key.to_pem(None).expect("encodes"), key.public().to_pem().expect("encodes"));
        // The last character is a newline, which may be missing.
        for end in 0..private.len() - 1 {
            assert!(PrivateKey::from_text(&private[..end], None).is_err(), "{end}");
        }
        for end in 0..public.len() - 1 {
            assert!(PublicKey::from_text(&public[..end]).is_err(), "{end}");
        }
        assert_eq!(PublicKey::from_text(&public[..60]), Err(KeyError::CutOff("PUBLIC KEY")));
    }

    #[test]
    fn a_key_of_small_order_is_refused() {
        // The neutral element: y = 1, in SPKI.
        let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAAQAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n-----END PUBLIC KEY-----\n";
        assert_eq!(PublicKey::from_text(pem), Err(KeyError::Weak));
    }

    #[test]
    fn debug_shows_no_secret() {
        let key = PrivateKey::from_seed(&[7; 32]);
        assert_eq!(format!("{key:?}"), format!("PrivateKey({})", key.public()));
    }
}
