//! Decisions that are looked at more than once.
//!
//! Whoever disturbs a chip's supply at the right moment makes it skip an instruction, and aims at the branch that refuses. So what
//! lets an image start is also kept as a word, made without a branch, and looked at again where the entry address is given out.

use core::hint::black_box;

/// A yes or a no in 32 bits that all differ: no fault of a few bits, and no register that holds something else, makes a no a yes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Word(u32);

/// Half of its bits are set, so that neither erased nor cleared memory is near it.
const YES: u32 = 0x5AC3_3C96;

impl Word {
    /// The word of a decision. The compiler is kept from using what it knows about the decision already.
    #[must_use]
    pub fn of(decision: bool) -> Self {
        // All ones for yes. A register with anything but 0 or 1 in it gives neither word.
        Word(!YES ^ 0u32.wrapping_sub(u32::from(black_box(decision))))
    }

    /// Whether it says yes.
    #[must_use]
    pub fn is_yes(&self) -> bool {
        self.mask() == 0
    }

    /// Zero for yes. What is combined with it by exclusive or is useless otherwise, with no branch to skip.
    #[must_use]
    pub fn mask(&self) -> u32 {
        black_box(self.0) ^ YES
    }
}

#[cfg(test)]
mod tests {
    use super::{Word, YES};

    #[test]
    fn only_one_word_is_a_yes() {
        assert!(Word::of(true).is_yes());
        assert!(!Word::of(false).is_yes());
        assert_eq!((Word::of(true).0 ^ Word::of(false).0).count_ones(), 32);
        assert_eq!(YES.count_ones(), 16);
        for bits in (0..32).flat_map(|a| (0..32).map(move |b| 1u32 << a | 1 << b)) {
            assert!(!Word(Word::of(true).0 ^ bits).is_yes(), "{bits:#x}");
            assert!(!Word(Word::of(false).0 ^ bits).is_yes(), "{bits:#x}");
        }
    }
}
