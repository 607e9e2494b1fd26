//! How much room a state log takes.

use super::entry::{ENTRY_SIZE, MAX_PLACE};

/// How an image is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Never in the field.
    Fixed,
    /// Runs from either of two slots, linked for each.
    DirectXip,
    /// Runs from either of two banks, which hardware exchanges.
    BankSwap,
    /// Copied from a staging slot over the running image. Cannot revert.
    Overwrite,
    /// The same, with the running image copied to a backup slot before.
    OverwriteWithBackup,
}

impl Strategy {
    /// All strategies.
    pub const ALL: [Strategy; 5] =
        [Strategy::Fixed, Strategy::DirectXip, Strategy::BankSwap, Strategy::Overwrite, Strategy::OverwriteWithBackup];

    /// The number in a slot group's canonical bytes.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Strategy::Fixed => 1,
            Strategy::DirectXip => 2,
            Strategy::BankSwap => 3,
            Strategy::Overwrite => 4,
            Strategy::OverwriteWithBackup => 5,
        }
    }

    /// The strategy of a number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Self> {
        Strategy::ALL.into_iter().find(|strategy| strategy.number() == number)
    }

    /// States that are written beside OPEN, READY, TRY, OKAY and DROP, and how many copies there are.
    const fn copying(self) -> (u32, u32) {
        match self {
            Strategy::Fixed | Strategy::DirectXip => (0, 0),
            Strategy::BankSwap => (1, 0),            // CLEAR
            Strategy::Overwrite => (2, 1),           // COPY, DONE
            Strategy::OverwriteWithBackup => (6, 3), // BACKUP, COPY and BACK, each with a DONE
        }
    }
}

/// Places that faults and power cuts may spoil: a power-up that appends and is cut takes three.
pub const SPARE_PLACES: u32 = 32;
/// Places of a try: a power-up of its own, which takes two places out of use, and the entry.
const TRY_PLACES: u32 = 3;

/// Size in bytes of one place: room for an entry, and whole program units or ECC words of `unit` bytes. `None` for a unit
/// that no reader can check (more than [`MAX_PLACE`]).
#[must_use]
pub fn place_size(unit: u32) -> Option<u32> {
    ENTRY_SIZE.checked_next_multiple_of(unit.max(1)).filter(|size| *size <= MAX_PLACE)
}

/// Size in bytes of the state log of one target slot: each state twice (OPEN, READY, four OKAY, DROP, and what the strategy's copies
/// begin and end with), three places for each try, one for each step of a copy, and the spare places.
///
/// `unit` is the larger of program unit and ECC word in bytes, `steps` the number of sectors that one copy programs. Zero for
/// an image that is never replaced; `None` where [`place_size`] has none or the size is 4 GiB or more.
#[must_use]
pub fn state_space(strategy: Strategy, tries: u8, unit: u32, steps: u32) -> Option<u32> {
    let place = place_size(unit)?;
    if strategy == Strategy::Fixed {
        return Some(0);
    }
    let (more, copies) = strategy.copying();
    // OPEN, READY, four OKAY and DROP are seven.
    let states = more.checked_add(7)?.checked_mul(2)?.checked_add(u32::from(tries).checked_mul(TRY_PLACES)?)?;
    let places = states.checked_add(copies.checked_mul(steps)?)?.checked_add(SPARE_PLACES)?;
    places.checked_mul(place)
}

#[cfg(test)]
mod tests {
    use super::{Strategy, place_size, state_space};

    #[test]
    fn places_are_whole_units() {
        for (unit, size) in [(0, 16), (1, 16), (4, 16), (8, 16), (16, 16), (32, 32), (3, 18), (64, 64)] {
            assert_eq!(place_size(unit), Some(size), "unit {unit}");
        }
        assert_eq!(place_size(128), None);
    }

    #[test]
    fn space_of_three_tries() {
        // 2 x (OPEN + READY + 4 OKAY + DROP) + 3 x 3 + 32 = 55 places.
        assert_eq!(state_space(Strategy::DirectXip, 3, 4, 0), Some(55 * 16));
        assert_eq!(state_space(Strategy::DirectXip, 3, 32, 0), Some(55 * 32));
        assert_eq!(state_space(Strategy::DirectXip, 255, 4, 0), Some((46 + 765) * 16));
        // A CLEAR, twice.
        assert_eq!(state_space(Strategy::BankSwap, 3, 4, 0), Some(57 * 16));
        // COPY and DONE, twice; seven sectors.
        assert_eq!(state_space(Strategy::Overwrite, 3, 4, 7), Some((59 + 7) * 16));
        assert_eq!(state_space(Strategy::OverwriteWithBackup, 3, 4, 7), Some((67 + 21) * 16));
        assert_eq!(state_space(Strategy::Fixed, 3, 4, 5), Some(0));
        assert_eq!(state_space(Strategy::Overwrite, 255, 4, u32::MAX), None);
    }

    #[test]
    fn strategies_have_distinct_numbers() {
        for strategy in Strategy::ALL {
            assert_eq!(Strategy::from_number(strategy.number()), Some(strategy));
        }
    }
}
