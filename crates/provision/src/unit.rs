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

    /// Every old byte and every new byte beside a neighbour that is blank or not: a unit is programmed once.
    #[test]
    fn every_byte_over_every_byte_by_units() {
        for old in 0..=u8::MAX {
            for new in 0..=u8::MAX {
                for neighbour in [0xFF, 0x12] {
                    let (before, after) = ([old, neighbour], [new, 0xFF]);
                    let expected = match (old == new, before) {
                        (true, _) => Verdict::Same,
                        (_, [0xFF, 0xFF]) => Verdict::Program,
                        _ => Verdict::Impossible,
                    };
                    assert_eq!(
                        transition(Unit::Once(2), &before, &after, &[0xFF, 0]),
                        expected,
                        "{before:?} {after:?}"
                    );
                }
            }
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
