//! CRC-32 (IEEE 802.3, reflected, as in zip).

/// A checksum that is taken piece by piece. Without a table: the few bytes that it is taken over are not worth 1 KiB of flash.
#[derive(Clone, Copy, Debug)]
pub struct Crc32(u32);

impl Crc32 {
    /// Over nothing yet.
    #[must_use]
    pub const fn new() -> Self {
        Crc32(u32::MAX)
    }

    /// Takes in the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 ^= u32::from(*byte);
            for _ in 0..8 {
                let low = self.0 & 1;
                self.0 >>= 1;
                if low != 0 {
                    self.0 ^= 0xEDB8_8320;
                }
            }
        }
    }

    /// The checksum of what was taken in.
    #[must_use]
    pub const fn finish(self) -> u32 {
        !self.0
    }
}

impl Default for Crc32 {
    fn default() -> Self {
        Self::new()
    }
}

/// The checksum of bytes that are all there.
#[must_use]
pub fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = Crc32::new();
    crc.update(bytes);
    crc.finish()
}

#[cfg(test)]
mod tests {
    use super::{Crc32, crc32};

    #[test]
    fn crc_of_the_check_string() {
        // The check value of CRC-32/ISO-HDLC.
        assert_eq!(crc32(b"123456789"), 0xCBF4_3926);
        let mut pieces = Crc32::new();
        pieces.update(b"1234");
        pieces.update(b"56789");
        assert_eq!(pieces.finish(), 0xCBF4_3926);
    }
}
