//! What a ledger may know of a secret.

use std::fmt;
use std::fs;
use std::path::Path;

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use zeroize::Zeroizing;

use crate::Error;

/// The ledger's own key, in a file beside it. A digest under it shows whether two boards have the same secret, and lets
/// nobody without the key guess a short one.
pub struct SecretKey(Zeroizing<[u8; 32]>);

impl SecretKey {
    /// Makes a key.
    ///
    /// # Errors
    /// The operating system gives no random numbers.
    pub fn generate() -> Result<Self, Error> {
        let mut key = Zeroizing::new([0; 32]);
        getrandom::fill(&mut *key).map_err(|error| Error::File(format!("no random numbers: {error}")))?;
        Ok(Self(key))
    }

    /// What stands in the key's file, which only its owner may read.
    pub fn to_text(&self) -> Zeroizing<String> {
        Zeroizing::new(hex::encode(self.0.as_slice()) + "\n")
    }

    /// Reads the key.
    ///
    /// # Errors
    /// The file cannot be read, or is no key.
    pub fn read(path: &Path) -> Result<Self, Error> {
        let text = fs::read_to_string(path).map_err(|error| Error::File(format!("{}: {error}", path.display())))?;
        let text = Zeroizing::new(text);
        let mut key = Zeroizing::new([0; 32]);
        hex::decode_to_slice(text.trim(), key.as_mut())
            .map_err(|_| Error::File(format!("{} is no key of a ledger: 64 hexadecimal digits", path.display())))?;
        Ok(Self(key))
    }

    /// HMAC-SHA-256 of a secret, as hexadecimal digits.
    pub fn digest(&self, secret: &[u8]) -> String {
        // HMAC takes keys of any length.
        let Ok(mut mac) = Hmac::<Sha256>::new_from_slice(&*self.0) else { return String::new() };
        mac.update(secret);
        hex::encode(mac.finalize().into_bytes())
    }
}

impl fmt::Debug for SecretKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretKey")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 4231, test case 2 has a shorter key; this is its data under a key of 32 bytes, computed with openssl.
    #[test]
    fn what_openssl_computes() {
        let key = SecretKey(Zeroizing::new([0x0B; 32]));
        assert_eq!(key.digest(b"Hi There"), "198a607eb44bfbc69903a0f1cf2bbdc5ba0aa3f3d9ae3c1c7a3b1696a0b68cf7");
    }

    #[test]
    fn a_key_is_read_as_it_was_written() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("line.key");
        let made = SecretKey::generate().expect("a key");
        fs::write(&path, &*made.to_text()).expect("written");
        assert_eq!(SecretKey::read(&path).expect("the key").digest(b"x"), made.digest(b"x"));
        for text in ["", "00", &"zz".repeat(32), &"+0".repeat(32), &"00".repeat(33)] {
            fs::write(&path, text).expect("written");
            SecretKey::read(&path).expect_err(text);
        }
    }
}
