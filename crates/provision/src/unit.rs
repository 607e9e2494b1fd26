//! What becomes of a program unit: the one place where it is judged what can be programmed over what.

/// What programming does to a memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unit {
    /// Any bit can be cleared at any time, and none set.
    Bits,
    /// A unit of so many bytes is programmed once, as a whole.
    Once(u32),
}

/// What is to be done for a byte, a unit, a field. The later ones are worse.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// It is there already.
    Same,
    /// It is to be programmed, and can be.
    Program,
    /// It is not there, and its block is locked.
    Locked,
    /// It is not there, and cannot be any more.
    Impossible,
}

impl Unit {
    /// How a memory of such units is programmed.
    pub fn of(unit: u32) -> Self {
        if unit == 1 { Self::Bits } else { Self::Once(unit) }
    }

    /// Bytes that are judged together.
    pub fn size(self) -> u32 {
        match self {
            Self::Bits => 1,
            Self::Once(size) => size.max(1),
        }
    }
}

/// What is to be done to bring a unit from what it holds to what it is to hold where the mask has ones. All three are of the
/// unit's size.
pub fn transition(unit: Unit, old: &[u8], new: &[u8], mask: &[u8]) -> Verdict {
    let each = || old.iter().zip(new).zip(mask);
    if each().all(|((old, new), mask)| (old ^ new) & mask == 0) {
        return Verdict::Same;
    }
    let possible = match unit {
        Unit::Bits => each().all(|((old, new), mask)| !old & new & mask == 0),
        Unit::Once(_) => old.iter().all(|byte| *byte == 0xFF),
    };
    if possible { Verdict::Program } else { Verdict::Impossible }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every old byte, every new byte, and the result of programming it on memory that clears bits.
    #[test]
    fn every_byte_over_every_byte_by_bits() {
        for old in 0..=u8::MAX {
            for new in 0..=u8::MAX {
                for mask in [0x00, 0x0F, 0xFF] {
                    let after = old & (new | !mask);
                    let reaches = (after ^ new) & mask == 0;
                    let expected = match (old ^ new) & mask {
                        0 => Verdict::Same,
                        _ if reaches => Verdict::Program,
                        _ => Verdict::Impossible,
                    };
                    assert_eq!(
                        transition(Unit::Bits, &[old], &[new], &[mask]),
                        expected,
                        "{old:#04X} {new:#04X} {mask:#04X}"
                    );
                }
            }
        }
    }

    /// Every old byte and every new byte, first and last of a unit beside neighbours that are blank or not: a unit of 16, 64, 128 or 256
    /// bits is programmed once.
    #[test]
    fn every_byte_over_every_byte_by_units() {
        for (size, place) in [2, 8, 16, 32].into_iter().flat_map(|size| [(size, 0), (size, size - 1)]) {
            let mut mask = vec![0; size];
            mask[place] = 0xFF;
            for neighbour in [0xFF, 0x12] {
                let (mut before, mut after) = (vec![0xFF; size], vec![0xFF; size]);
                before[size - 1 - place] = neighbour;
                for (old, new) in (0..=u8::MAX).flat_map(|old| (0..=u8::MAX).map(move |new| (old, new))) {
                    (before[place], after[place]) = (old, new);
                    let expected = match (old == new, (old, neighbour)) {
                        (true, _) => Verdict::Same,
                        (_, (0xFF, 0xFF)) => Verdict::Program,
                        _ => Verdict::Impossible,
                    };
                    let unit = Unit::Once(size as u32);
                    assert_eq!(transition(unit, &before, &after, &mask), expected, "{before:?} {after:?}");
                }
            }
        }
    }

    /// What a mask leaves out is not judged, but a unit that holds anything is programmed no more.
    #[test]
    fn a_mask_of_every_kind() {
        for mask in 0..=u8::MAX {
            let same = transition(Unit::Once(2), &[0x0F, 0xFF], &[0xF0, 0xFF], &[mask, 0]);
            assert_eq!(same, if mask == 0 { Verdict::Same } else { Verdict::Impossible }, "{mask:#04X}");
            let blank = transition(Unit::Once(2), &[0xFF, 0xFF], &[0x00, 0xFF], &[mask, 0]);
            assert_eq!(blank, if mask == 0 { Verdict::Same } else { Verdict::Program }, "{mask:#04X}");
        }
    }

    #[test]
    fn worse_is_later() {
        assert!(
            Verdict::Same < Verdict::Program
                && Verdict::Program < Verdict::Locked
                && Verdict::Locked < Verdict::Impossible
        );
    }
}
