//! Keys as OpenSSH's ssh-keygen writes them (PROTOCOL.key): private ones in a PEM-like block, public ones in a line.

#[cfg(feature = "private-keys")]
mod private;

use base64ct::{Base64, Encoding as _};

use super::KeyError;
#[cfg(feature = "private-keys")]
pub use private::{private, public_of_private};

/// What the line of an Ed25519 key starts with.
const ED25519: &str = "ssh-ed25519 ";
/// What is encoded before the key's 32 bytes: the algorithm's name, and the lengths of both (RFC 8709 section 4, RFC 4251 section 5).
const HEAD: &[u8] = b"\0\0\0\x0Bssh-ed25519\0\0\0\x20";
/// The same starts of the other keys that ssh-keygen makes (`ssh-keygen -t`).
const OTHER_ALGORITHMS: [(&str, &str); 5] = [
    ("ssh-rsa ", "an RSA"),
    ("ssh-dss ", "a DSA"),
    ("ecdsa-sha2-", "another kind of"),
    ("sk-ssh-ed25519@", "a security token's"),
    ("sk-ecdsa-sha2-", "a security token's"),
];

/// The 32 bytes of a public key; `None` if the text is no OpenSSH public key.
pub fn public(text: &str) -> Option<Result<[u8; 32], KeyError>> {
    let line = text.trim();
    if let Some((_, algorithm)) = OTHER_ALGORITHMS.iter().find(|(start, _)| line.starts_with(start)) {
        return Some(Err(KeyError::OtherAlgorithm(algorithm)));
    }
    let rest = line.strip_prefix(ED25519)?;
    // Of several lines nobody knows which one is meant.
    let key = if rest.contains(['\n', '\r']) { None } else { decoded(rest) };
    Some(key.ok_or(KeyError::Damaged))
}

/// The key out of a line behind its algorithm. What follows the key is a comment.
fn decoded(rest: &str) -> Option<[u8; 32]> {
    let mut bytes = [0; HEAD.len() + 32];
    let encoded = rest.split_ascii_whitespace().next()?;
    Base64::decode(encoded, &mut bytes).ok()?.strip_prefix(HEAD)?.try_into().ok()
}

#[cfg(test)]
mod tests {
    use super::public;
    use crate::key::KeyError;

    /// The key of RFC 8410 section 10.1, with OpenSSH's head before it.
    const KEY: &str = "AAAAC3NzaC1lZDI1NTE5AAAAIBm/RAlphM3+hUG6wWfcO5bIUIaqMLa2ywxcOK1wMWbh";

    #[test]
    fn a_line_has_a_key_and_a_comment() {
        let key = public(&format!("ssh-ed25519 {KEY}")).expect("a line of a key").expect("a key");
        assert_eq!(key[..4], [0x19, 0xBF, 0x44, 0x09]);
        for line in [format!("ssh-ed25519 {KEY} line 3, bench\r\n"), format!(" ssh-ed25519  {KEY} ")] {
            assert_eq!(public(&line), Some(Ok(key)), "{line}");
        }
        assert_eq!(public(KEY), None);
    }

    #[test]
    fn damaged_lines_are_refused() {
        let line = format!("ssh-ed25519 {KEY}");
        for end in "ssh-ed25519 ".len() + 1..line.len() {
            assert_eq!(public(&line[..end]), Some(Err(KeyError::Damaged)), "{end}");
        }
        let other_name = format!("ssh-ed25519 {}", KEY.replacen("C3", "C4", 1));
        let longer = format!("{line}AAAA");
        let two = format!("{line}\n{line}");
        for line in [other_name, longer, two] {
            assert_eq!(public(&line), Some(Err(KeyError::Damaged)), "{line}");
        }
    }
}
