//! DfuSe files (ST UM0391): DFU files whose content says which bytes go to which addresses.

use std::borrow::Cow;

#[cfg(not(target_family = "wasm"))]
use crc32fast::hash as crc32;
#[cfg(target_family = "wasm")]
use image_format::crc::crc32;
use zerocopy::little_endian::{U16, U32};
use zerocopy::{FromBytes, Immutable, IntoBytes, KnownLayout, Unaligned};

use crate::placed::Piece;

/// ST's vendor id, and the product id of the ROM's loader in DFU mode (AN2606).
const VENDOR: u16 = 0x0483;
const PRODUCT: u16 = 0xDF11;

/// UM0391 section 2.1.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Prefix {
    signature: [u8; 5],
    version: u8,
    /// Bytes of the file without its suffix.
    size: U32,
    targets: u8,
}

/// UM0391 section 2.3.2.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct TargetPrefix {
    signature: [u8; 6],
    alternate: u8,
    named: U32,
    name: [u8; 255],
    /// Bytes of the elements, with their heads.
    size: U32,
    elements: U32,
}

/// UM0391 section 2.3.3. The bytes follow.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct ElementHead {
    address: U32,
    size: U32,
}

/// The last bytes of every DFU file (USB DFU 1.1 appendix B), with DfuSe's version of the specification.
#[derive(FromBytes, IntoBytes, KnownLayout, Immutable, Unaligned)]
#[repr(C)]
struct Suffix {
    device: U16,
    product: U16,
    vendor: U16,
    specification: U16,
    signature: [u8; 3],
    length: u8,
    crc: U32,
}

const SPECIFICATION: u16 = 0x011A;
const CRC_SIZE: usize = 4;

/// Elements for one alternate setting of the device.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target<'a> {
    /// The alternate setting; 0 is the internal flash.
    pub alternate: u8,
    /// What tools show for it: at most 254 bytes.
    pub name: String,
    /// The bytes, in the order in which tools write them.
    pub elements: Vec<Piece<'a>>,
}

/// Why a file is no DfuSe file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DfuError {
    /// Too short, or no prefix.
    #[error("not a DfuSe file: it has no `DfuSe` prefix")]
    NotDfuSe,
    /// Another version of the format.
    #[error("version {0} of the DfuSe format; this reads 1")]
    Version(u8),
    /// No suffix, or a damaged one.
    #[error("the last 16 bytes are no DFU suffix: the file was cut off or added to")]
    Suffix,
    /// Changed or damaged.
    #[error("the CRC in the suffix is {found:08x}; the file's is {computed:08x}")]
    Crc {
        /// The suffix's.
        found: u32,
        /// The bytes'.
        computed: u32,
    },
    /// Lengths that contradict one another, or that no address range has.
    #[error("at offset {0}: lengths that do not add up")]
    Sizes(usize),
}

/// The file. 4 GiB or more, 256 targets or more, or a longer name are cut to what the fields hold: no image comes near.
pub fn write(targets: &[Target<'_>]) -> Vec<u8> {
    let mut images = Vec::new();
    for target in targets {
        let mut elements = Vec::new();
        for Piece { address, bytes } in &target.elements {
            let head = ElementHead { address: (*address).into(), size: (bytes.len() as u32).into() };
            elements.extend_from_slice(head.as_bytes());
            elements.extend_from_slice(bytes);
        }
        let mut name = [0; 255];
        // The last byte stays zero: tools read it as a string of C.
        name[..254].iter_mut().zip(target.name.bytes()).for_each(|(to, from)| *to = from);
        let prefix = TargetPrefix {
            signature: *b"Target",
            alternate: target.alternate,
            named: 1.into(),
            name,
            size: (elements.len() as u32).into(),
            elements: (target.elements.len() as u32).into(),
        };
        images.extend_from_slice(prefix.as_bytes());
        images.extend(elements);
    }
    let size = (size_of::<Prefix>() + images.len()) as u32;
    let prefix = Prefix { signature: *b"DfuSe", version: 1, size: size.into(), targets: targets.len() as u8 };
    let suffix = Suffix {
        // No release of a device: any may take it.
        device: 0xFFFF.into(),
        product: PRODUCT.into(),
        vendor: VENDOR.into(),
        specification: SPECIFICATION.into(),
        signature: *b"UFD",
        length: size_of::<Suffix>() as u8,
        crc: 0.into(),
    };
    let mut file = [prefix.as_bytes(), &images, suffix.as_bytes()].concat();
    let end = file.len() - CRC_SIZE;
    let crc = crc(&file[..end]);
    file[end..].copy_from_slice(&crc.to_le_bytes());
    file
}

/// CRC-32 as IEEE 802.3 has it, but not inverted at its end (USB DFU 1.1 appendix B).
fn crc(bytes: &[u8]) -> u32 {
    !crc32(bytes)
}

/// Whether a file claims to be a DfuSe file.
pub fn is_dfuse(file: &[u8]) -> bool {
    file.starts_with(b"DfuSe")
}

/// The targets of a file.
///
/// # Errors
/// Why it is none, or damaged.
pub fn read(file: &[u8]) -> Result<Vec<Target<'_>>, DfuError> {
    let (prefix, _) = Prefix::ref_from_prefix(file).map_err(|_| DfuError::NotDfuSe)?;
    if prefix.signature != *b"DfuSe" {
        return Err(DfuError::NotDfuSe);
    }
    if prefix.version != 1 {
        return Err(DfuError::Version(prefix.version));
    }
    let (content, suffix) = Suffix::ref_from_suffix(file).map_err(|_| DfuError::Suffix)?;
    if suffix.signature != *b"UFD" || usize::from(suffix.length) != size_of::<Suffix>() {
        return Err(DfuError::Suffix);
    }
    let (found, computed) = (suffix.crc.get(), crc(&file[..file.len() - CRC_SIZE]));
    if found != computed {
        return Err(DfuError::Crc { found, computed });
    }
    let mut rest = content.get(size_of::<Prefix>()..).ok_or(DfuError::Suffix)?;
    if prefix.size.get() as usize != content.len() {
        return Err(DfuError::Sizes(6));
    }
    let mut targets = Vec::new();
    for _ in 0..prefix.targets {
        let (target, after) = target(rest).ok_or(DfuError::Sizes(content.len() - rest.len()))?;
        targets.push(target);
        rest = after;
    }
    if rest.is_empty() { Ok(targets) } else { Err(DfuError::Sizes(content.len() - rest.len())) }
}

/// The first target, and what follows it.
fn target(bytes: &[u8]) -> Option<(Target<'_>, &[u8])> {
    let (prefix, rest) = TargetPrefix::ref_from_prefix(bytes).ok()?;
    if prefix.signature != *b"Target" {
        return None;
    }
    let (mut elements_bytes, rest) = rest.split_at_checked(prefix.size.get() as usize)?;
    let mut elements = Vec::new();
    for _ in 0..prefix.elements.get() {
        let (head, after) = ElementHead::ref_from_prefix(elements_bytes).ok()?;
        let (bytes, after) = after.split_at_checked(head.size.get() as usize)?;
        let piece = Piece { address: head.address.get(), bytes: Cow::Borrowed(bytes) };
        let behind_last = u64::from(piece.address) + bytes.len() as u64;
        if bytes.is_empty() || behind_last > 1 << 32 {
            return None;
        }
        elements.push(piece);
        elements_bytes = after;
    }
    let name = prefix.name.split(|byte| *byte == 0).next().unwrap_or_default();
    let name = if prefix.named.get() == 0 { String::new() } else { String::from_utf8_lossy(name).into_owned() };
    elements_bytes.is_empty().then_some((Target { alternate: prefix.alternate, name, elements }, rest))
}

#[cfg(test)]
// A test that cannot prepare its inputs has failed.
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn targets() -> Vec<Target<'static>> {
        let piece = |address, bytes: &'static [u8]| Piece { address, bytes: Cow::Borrowed(bytes) };
        let elements = vec![piece(0x0800_0000, &[1, 2, 3]), piece(0x0810_0000, &[4])];
        vec![Target { alternate: 0, name: "app in a".to_owned(), elements }]
    }

    #[test]
    fn what_is_written_is_read() {
        let file = write(&targets());
        assert_eq!(file.len(), 11 + 274 + 8 + 3 + 8 + 1 + 16);
        assert_eq!(read(&file), Ok(targets()));
        // 011A, UFD, 16: the end of every DfuSe file.
        assert_eq!(file[file.len() - 10..file.len() - 4], *b"\x1A\x01UFD\x10");
    }

    #[test]
    fn every_changed_byte_and_every_cut_is_refused() {
        let file = write(&targets());
        for index in 0..file.len() {
            let mut changed = file.clone();
            changed[index] ^= 1;
            assert!(read(&changed).is_err(), "byte {index}");
            assert!(read(&file[..index]).is_err(), "cut at {index}");
        }
    }

    #[test]
    fn lengths_that_do_not_add_up_are_refused_with_a_right_crc_too() {
        for (offset, name) in
            [(6, "file"), (10, "targets"), (11 + 266, "target"), (11 + 270, "elements"), (11 + 274 + 4, "element")]
        {
            let mut file = write(&targets());
            file[offset] += 1;
            let end = file.len() - CRC_SIZE;
            let crc = crc(&file[..end]);
            file[end..].copy_from_slice(&crc.to_le_bytes());
            assert!(matches!(read(&file), Err(DfuError::Sizes(_))), "{name}: {:?}", read(&file));
        }
        for (address, bytes) in [(0, &[][..]), (u32::MAX, &[1, 2])] {
            let elements = vec![Piece { address, bytes: Cow::Borrowed(bytes) }];
            let file = write(&[Target { alternate: 0, name: String::new(), elements }]);
            assert!(matches!(read(&file), Err(DfuError::Sizes(_))), "{} bytes at {address:#x}", bytes.len());
        }
    }
}
