//! How two runs of bytes differ, so that a person sees at a glance whether it is code or only filling.

/// How two runs of bytes differ.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Difference {
    /// Bytes that differ where both have some.
    pub bytes: usize,
    /// Offset of the first one.
    pub first: Option<usize>,
    /// The value of all that differ in the first run and in the second, if it is one each: another filling of gaps.
    pub fill: Option<(u8, u8)>,
    /// How many bytes the second run has more; negative: fewer.
    pub longer: i64,
    /// The value of all bytes that one has more, if it is one: padding.
    pub padding: Option<u8>,
}

impl Difference {
    /// Whether there is none.
    pub fn is_none(&self) -> bool {
        self.bytes == 0 && self.longer == 0
    }

    /// Whether filling is all that differs: the same firmware, made in another way.
    pub fn is_only_filling(&self) -> bool {
        !self.is_none() && (self.bytes == 0 || self.fill.is_some()) && (self.longer == 0 || self.padding.is_some())
    }
}

/// Values that tools fill with: 0x00 is objcopy's, and what flash erases to is one of the two.
const FILLING: [u8; 2] = [0x00, 0xFF];

/// Compares two runs.
pub fn diff(a: &[u8], b: &[u8]) -> Difference {
    let mut found = Difference { longer: b.len() as i64 - a.len() as i64, ..Difference::default() };
    let mut fill: Option<Option<(u8, u8)>> = None;
    for (offset, (a, b)) in a.iter().zip(b).enumerate().filter(|(_, (a, b))| a != b) {
        found.bytes += 1;
        found.first.get_or_insert(offset);
        fill = match fill {
            None => Some(Some((*a, *b))),
            Some(known) => Some(known.filter(|known| *known == (*a, *b))),
        };
    }
    found.fill = fill.flatten().filter(|(a, b)| FILLING.contains(a) && FILLING.contains(b));
    let (short, long) = if a.len() < b.len() { (a, b) } else { (b, a) };
    let rest = long.get(short.len()..).unwrap_or_default();
    found.padding =
        rest.first().copied().filter(|first| FILLING.contains(first) && rest.iter().all(|byte| byte == first));
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filling_is_told_from_code() {
        assert!(diff(b"same", b"same").is_none());
        let filled = diff(&[1, 0, 0, 2], &[1, 0xFF, 0xFF, 2, 0xFF]);
        assert_eq!((filled.bytes, filled.first, filled.fill), (2, Some(1), Some((0, 0xFF))));
        assert_eq!((filled.longer, filled.padding), (1, Some(0xFF)));
        assert!(filled.is_only_filling());
        let code = diff(&[1, 0, 3, 2], &[1, 0xFF, 4, 2]);
        assert_eq!((code.bytes, code.fill), (2, None));
        assert!(!code.is_only_filling());
        assert!(!diff(&[7, 7], &[8, 8]).is_only_filling());
        assert_eq!(diff(&[1, 2, 3], &[1]).longer, -2);
    }
}
