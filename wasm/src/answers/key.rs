//! Public keys.

use packer::PublicKey;
use report::exit::{Exit, Failure};

/// A public key out of a file's bytes.
pub fn public_key(name: &str, file: &[u8]) -> Result<PublicKey, Failure> {
    let text = str::from_utf8(file)
        .map_err(|_| Failure::new(Exit::Refused, format!("{name}: not a text in UTF-8, and so no public key")))?;
    PublicKey::from_text(text).map_err(|error| Failure::new(Exit::Refused, format!("{name}: {error}")))
}
