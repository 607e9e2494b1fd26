//! What is parsed is what was hashed, also where a second reading differs from the first.

use std::fs;
use std::path::Path;

use ed25519_dalek::SigningKey;
use image_format::{Check, Code, Error, Extent, Fault, Kind, Memory, Policy, ReadAt, SoftwareCrypto, Trust, whole};

/// A file whose bytes from an offset on read otherwise after they were read through once.
struct Fickle<'a> {
    file: &'a [u8],
    from: u32,
    end: u32,
    was_read: bool,
}

impl ReadAt for Fickle<'_> {
    fn extent(&self) -> Extent {
        Extent::File(self.file.len() as u32)
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        Memory::file(self.file).read_at(offset, buffer)?;
        let end = offset + buffer.len() as u32;
        if self.was_read && offset <= self.from && self.from < end {
            buffer[(self.from - offset) as usize] ^= 1;
        }
        self.was_read |= end == self.end;
        Ok(())
    }
}

#[test]
fn areas_that_read_otherwise_the_second_time_are_refused() {
    let keys = [SigningKey::from_bytes(&[1; 32]).verifying_key().to_bytes()];
    let policy = Policy {
        trust: Trust::new(&keys, 1, &mut SoftwareCrypto).expect("one key"),
        device: Check::Waived,
        revision: Check::Waived,
        place: Check::Waived,
        counter: Check::Waived,
    };
    let (payload, auxiliary) = (Code::PayloadDigest, Code::AuxiliaryDigest);
    for (name, kind, code) in [
        ("layout", Kind::Layout, payload),
        ("otp", Kind::OtpBlob, payload),
        ("release", Kind::Release, payload),
        ("auxiliary", Kind::Image, auxiliary),
        ("release_auxiliary", Kind::Release, auxiliary),
    ] {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../../tests/vectors/{name}.bin"));
        let file = fs::read(path).expect("a vector");
        let number = |offset: usize| u32::from_le_bytes(*file[offset..].first_chunk().expect("a header"));
        let (start, behind) = (number(12), number(12) + number(16));
        let (from, end) = if code == payload { (start, behind) } else { (behind, behind + number(20)) };
        for was_read in [false, true] {
            let mut source = Fickle { file: &file, from, end, was_read };
            let judged = whole::judge(kind, &mut source, &policy, &mut [0; 16 * 1024], &mut SoftwareCrypto);
            assert_eq!(judged, Err(Error { code, offset: from }), "{name}, {was_read}");
        }
    }
}
