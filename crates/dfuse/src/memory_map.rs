//! Layout strings: what the names of a DfuSe device's alternate settings say of its memory.

use std::fmt;
use std::ops::Range;
use std::str::FromStr;

use thiserror::Error;

/// The memory behind one alternate setting.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemoryMap {
    /// Its name: `Internal Flash`.
    pub name: String,
    /// Neighbouring sectors of one size, in the string's order.
    pub runs: Vec<Run>,
}

/// Neighbouring sectors of one size.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// Address of the first byte.
    pub address: u32,
    /// How many sectors.
    pub count: u32,
    /// Bytes of each.
    pub size: u32,
    /// What can be done with them.
    pub access: Access,
}

/// What can be done with a sector.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access {
    /// It can be read.
    pub read: bool,
    /// It can be erased.
    pub erase: bool,
    /// It can be programmed.
    pub write: bool,
}

/// A layout string that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("`{string}` is no DfuSe layout: {reason}")]
pub struct LayoutError {
    /// The string.
    pub string: String,
    /// What is wrong with it.
    pub reason: &'static str,
}

impl Access {
    /// The letter's three low bits (UM0424 section 2.3.2): `a` is 1, read; `b` 2, erase; `d` 4, write; `g` all.
    fn of(letter: u8) -> Option<Self> {
        let bits = letter.to_ascii_lowercase().checked_sub(b'`')?;
        (1..=7).contains(&bits).then_some(Self { read: bits & 1 != 0, erase: bits & 2 != 0, write: bits & 4 != 0 })
    }
}

impl Run {
    /// Its addresses. The end is past what 32 bits hold for a run that ends with the address space.
    pub fn range(&self) -> Range<u64> {
        let start = u64::from(self.address);
        start..start + u64::from(self.count) * u64::from(self.size)
    }
}

impl MemoryMap {
    /// The sector at an address, and what can be done with it.
    pub fn sector(&self, address: u32) -> Option<(Range<u64>, Access)> {
        let run = self.runs.iter().find(|run| run.range().contains(&address.into()))?;
        let start = address - (address - run.address) % run.size;
        Some((u64::from(start)..u64::from(start) + u64::from(run.size), run.access))
    }

    /// Whether every byte of a range can be used so.
    pub fn allows(&self, range: &Range<u32>, wanted: impl Fn(Access) -> bool) -> bool {
        let mut at = u64::from(range.start);
        while at < u64::from(range.end) {
            match u32::try_from(at).ok().and_then(|at| self.sector(at)) {
                Some((sector, access)) if wanted(access) => at = sector.end,
                _ => return false,
            }
        }
        true
    }

    /// Whether this is memory that cannot be erased again. Its name says so: `OTP Memory`; its letter `e`, read and write,
    /// is the option bytes' too.
    pub fn is_one_time_programmable(&self) -> bool {
        self.name.to_ascii_uppercase().contains("OTP")
    }

    /// Whether these are the option bytes: writing them resets the device.
    pub fn is_option_bytes(&self) -> bool {
        self.name.to_ascii_lowercase().contains("option")
    }
}

impl FromStr for MemoryMap {
    type Err = LayoutError;

    /// Reads `@Name/0x08000000/04*016Kg,01*064Kg/0x…/…`. Devices in the field leave out the unit, write it as a blank or a
    /// dot, put several runs of addresses into one string, and count half a sector: one of half the size, and since nobody says
    /// what its erase would erase, it is not erased.
    fn from_str(string: &str) -> Result<Self, LayoutError> {
        let wrong = |reason| LayoutError { string: string.to_owned(), reason };
        let text = string.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        let text = text.strip_prefix('@').ok_or_else(|| wrong("it does not start with @"))?;
        let mut parts = text.split('/');
        let name = parts.next().unwrap_or_default().trim().to_owned();
        let mut runs = Vec::new();
        while let Some(address) = parts.next() {
            let sectors = parts.next().ok_or_else(|| wrong("an address has no sectors"))?;
            let mut at =
                start(address).ok_or_else(|| wrong("an address is no hexadecimal number of at most 8 digits"))?;
            for sector in sectors.split(',') {
                let form = || wrong("sectors are written COUNT*SIZE, a unit and a letter a to g");
                for (count, size, access) in sizes(sector).ok_or_else(form)? {
                    let address = u32::try_from(at).map_err(|_| wrong("sectors lie beyond 32 bits"))?;
                    let run = Run { address, count, size, access };
                    at = run.range().end;
                    if at > 1 << 32 {
                        return Err(wrong("sectors lie beyond 32 bits"));
                    }
                    runs.push(run);
                }
            }
        }
        if runs.is_empty() {
            return Err(wrong("it names no sectors"));
        }
        let overlap = |(i, a): (usize, &Run)| {
            runs[..i].iter().any(|b| a.range().start < b.range().end && b.range().start < a.range().end)
        };
        if runs.iter().enumerate().any(overlap) {
            return Err(wrong("sectors overlap"));
        }
        Ok(Self { name, runs })
    }
}

fn start(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.strip_prefix("0x").or_else(|| text.strip_prefix("0X"))?;
    let plain = digits.len() <= 8 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    plain.then(|| u32::from_str_radix(digits, 16).ok().map(u64::from))?
}

/// Number, bytes and access of the sectors in `04*016Kg`, `01*512 e`, `01*528e`, `01*1024.e`, `01*0001Ke`; of whole ones and a half in
/// `04.5*01Kg`.
fn sizes(text: &str) -> Option<Vec<(u32, u32, Access)>> {
    let (count, rest) = text.trim().split_once('*')?;
    let (letter, rest) = rest.as_bytes().split_last()?;
    let access = Access::of(*letter)?;
    let digits = rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let (size, unit) = rest.split_at(digits);
    let factor = match unit {
        [] | b" " | b"." | b"B" => 1,
        b"K" => 1024,
        b"M" => 1024 * 1024,
        _ => return None,
    };
    let size: u32 = std::str::from_utf8(size).ok()?.parse().ok()?;
    let size = size.checked_mul(factor)?;
    let count = count.trim();
    let (whole, has_half) = count.strip_suffix(".5").map_or((count, false), |whole| (whole, true));
    let whole: u32 = whole.parse().ok()?;
    if whole == 0 || size == 0 || has_half && size % 2 != 0 {
        return None;
    }
    let half = has_half.then_some((1, size / 2, Access { erase: false, ..access }));
    Some([Some((whole, size, access)), half].into_iter().flatten().collect())
}

impl fmt::Display for Access {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let words = [(self.read, "read"), (self.erase, "erase"), (self.write, "write")];
        let words: Vec<_> = words.iter().filter(|(can, _)| *can).map(|(_, word)| *word).collect();
        f.write_str(&words.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn map(string: &str) -> MemoryMap {
        string.parse().expect(string)
    }

    /// Start, bytes and letters' meaning of each run.
    fn runs(string: &str) -> Vec<(u32, u32, u32, String)> {
        map(string).runs.iter().map(|run| (run.address, run.count, run.size, run.access.to_string())).collect()
    }

    #[test]
    fn what_devices_in_the_field_say() {
        let all = || "read, erase, write".to_owned();
        let otp = || "read, write".to_owned();
        assert_eq!(
            runs("@Internal Flash  /0x08000000/04*032Kg,01*128Kg,03*256Kg"),
            [(0x0800_0000, 4, 32 << 10, all()), (0x0802_0000, 1, 128 << 10, all()), (0x0804_0000, 3, 256 << 10, all())],
        );
        assert_eq!(
            runs("@OTP Memory /0x1FFF7800/01*512 e,01*016 e"),
            [(0x1FFF_7800, 1, 512, otp()), (0x1FFF_7A00, 1, 16, otp())],
        );
        assert_eq!(runs("@OTP Memory /0x1FF07800/01*528e"), [(0x1FF0_7800, 1, 528, otp())]);
        assert_eq!(runs("@OTP Memory   /0x1FF0F000/01*0001Ke"), [(0x1FF0_F000, 1, 1024, otp())]);
        assert_eq!(runs("@OTP Memory   /0x1FF0F000/01*1024.e"), [(0x1FF0_F000, 1, 1024, otp())]);
        assert_eq!(runs("@Option Bytes  /0x1FFF0000/01*048 e"), [(0x1FFF_0000, 1, 48, otp())]);
        // STM32L151 and L072, L4R5, H750 and H7A3.
        assert_eq!(runs("@Internal Flash  /0x08000000/1024*256 g"), [(0x0800_0000, 1024, 256, all())]);
        assert_eq!(runs("@Internal Flash  /0x08000000/1536*128g"), [(0x0800_0000, 1536, 128, all())]);
        assert_eq!(runs("@DATA Memory /0x08080000/2*3Ke"), [(0x0808_0000, 2, 3 << 10, otp())]);
        assert_eq!(
            runs("@Option Bytes  /0x1FF00000/01*040 e/0x1FF01000/01*040 e"),
            [(0x1FF0_0000, 1, 40, otp()), (0x1FF0_1000, 1, 40, otp())],
        );
        assert_eq!(runs("@Internal Flash   /0x08000000/16*128Kg"), [(0x0800_0000, 16, 128 << 10, all())]);
        assert_eq!(runs("@Option Bytes   /0x5200201C/01*297 e"), [(0x5200_201C, 1, 297, otp())]);
        // What ST's OpenBootloader says of STM32C5's (stm32-mw-openbl, branch hal2, openbl_usb_dfu_descriptors.h).
        assert_eq!(
            runs("@OTP Memory /0x08FFE000/04.5*01Kg"),
            [(0x08FF_E000, 4, 1024, all()), (0x08FF_F000, 1, 512, otp())],
        );
        assert_eq!(
            runs("@Read only Memory /0x08FFF800/01.5*01Kg"),
            [(0x08FF_F800, 1, 1024, all()), (0x08FF_FC00, 1, 512, otp())],
        );
        assert_eq!(
            runs("@Internal Flash   /0x08000000/128*0002Kg/0x08040000/128*0002Ka\0"),
            [(0x0800_0000, 128, 2048, all()), (0x0804_0000, 128, 2048, "read".to_owned())],
        );
    }

    #[test]
    fn names() {
        assert_eq!(map("@Internal Flash  /0x08000000/04*032Kg").name, "Internal Flash");
        assert!(map("@OTP Memory /0x1FF07800/01*528e").is_one_time_programmable());
        assert!(!map("@Option Bytes  /0x1FFF0000/01*048 e").is_one_time_programmable());
    }

    #[test]
    fn sectors() {
        let map = map("@Internal Flash  /0x08000000/04*032Kg,01*128Kg");
        assert_eq!(map.sector(0x0802_1234).map(|(range, _)| range), Some(0x0802_0000..0x0804_0000));
        assert_eq!(map.sector(0x0804_0000), None);
        assert!(map.allows(&(0x0801_FFF0..0x0802_0010), |access| access.write));
        assert!(!map.allows(&(0x0803_FFF0..0x0804_0001), |access| access.write));
    }

    #[test]
    fn what_is_no_layout_is_refused() {
        for (string, reason) in [
            ("Internal Flash/0x08000000/04*032Kg", "does not start"),
            ("@Internal Flash", "no sectors"),
            ("@Flash/0x08000000", "has no sectors"),
            ("@Flash/08000000/04*032Kg", "no hexadecimal"),
            ("@Flash/0x080000000/04*032Kg", "no hexadecimal"),
            ("@Flash/0x08000000/04*032Kz", "COUNT*SIZE"),
            ("@Flash/0x08000000/04*032Qg", "COUNT*SIZE"),
            ("@Flash/0x08000000/00*032Kg", "COUNT*SIZE"),
            ("@Flash/0x08000000/04x032Kg", "COUNT*SIZE"),
            ("@Flash/0x08000000/04.25*032Kg", "COUNT*SIZE"),
            ("@Flash/0x08000000/.5*032Kg", "COUNT*SIZE"),
            ("@Flash/0x08000000/00.5*032Kg", "COUNT*SIZE"),
            ("@Flash/0x08000000/04.5*001 g", "COUNT*SIZE"),
            ("@Device ID/0x44E,@Revision ID/0x0001", "no hexadecimal"),
            ("@Flash/0x08000000/", "COUNT*SIZE"),
            ("@Flash/0xFFFFFC00/02*001Kg", "beyond"),
            ("@Flash/0x08000000/04*032Kg/0x08010000/01*001Kg", "overlap"),
        ] {
            let error = string.parse::<MemoryMap>().expect_err(string);
            assert!(error.reason.contains(reason), "{error}");
        }
        map("@Flash/0xFFFFFC00/01*001Kg");
    }
}
