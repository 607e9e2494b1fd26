//! The state log's room: how many bytes of a slot, or of a log area, its state words take.
//!
//! Places are written once per erase and never share a program unit, so that the same log is right on plain NOR, on flash
//! with ECC, and on flash that erases to zero.

/// How an image is replaced.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Strategy {
    /// Never in the field.
    Fixed,
    /// Runs from either of two slots.
    DirectXip,
}

impl Strategy {
    /// The number in a slot group's canonical bytes.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Strategy::Fixed => 1,
            Strategy::DirectXip => 2,
        }
    }
}

/// Smallest place for one state, in bytes: a record of 16.
const MIN_PLACE: u32 = 16;
/// Places that faults and power cuts may spoil.
const SPARE_PLACES: u32 = 16;

/// Size in bytes of one place: room for a record, and whole program units or ECC words of `unit` bytes.
#[must_use]
pub const fn place_size(unit: u32) -> u32 {
    let unit = if unit == 0 { 1 } else { unit };
    match MIN_PLACE.checked_next_multiple_of(unit) {
        Some(size) => size,
        None => u32::MAX,
    }
}

/// Size in bytes of the state log of one target slot: each state twice (OPEN, READY, one TRY per try, four OKAY, DROP), one
/// place for each step of a copy, and the spare places. `unit` is the larger of program unit and ECC word in bytes.
/// Zero for an image that is never replaced.
#[must_use]
pub fn state_space(strategy: Strategy, tries: u8, unit: u32, steps: u32) -> u32 {
    let tries = match strategy {
        Strategy::Fixed => return 0,
        Strategy::DirectXip => u32::from(tries),
    };
    let states = 1u32.saturating_add(1).saturating_add(tries).saturating_add(4).saturating_add(1);
    let places = states.saturating_mul(2).saturating_add(steps).saturating_add(SPARE_PLACES);
    places.saturating_mul(place_size(unit))
}

#[cfg(test)]
mod tests {
    use super::{Strategy, place_size, state_space};

    #[test]
    fn places_are_whole_units() {
        for (unit, size) in [(0, 16), (1, 16), (4, 16), (8, 16), (16, 16), (32, 32), (3, 18)] {
            assert_eq!(place_size(unit), size, "unit {unit}");
        }
    }

    #[test]
    fn space_of_three_tries() {
        // 2 x (OPEN + READY + 3 TRY + 4 OKAY + DROP) + 16 = 36 places.
        assert_eq!(state_space(Strategy::DirectXip, 3, 4, 0), 36 * 16);
        assert_eq!(state_space(Strategy::DirectXip, 3, 32, 0), 36 * 32);
        assert_eq!(state_space(Strategy::DirectXip, 3, 4, 5), 41 * 16);
        assert_eq!(state_space(Strategy::Fixed, 3, 4, 5), 0);
        assert_eq!(state_space(Strategy::DirectXip, 255, u32::MAX, u32::MAX), u32::MAX);
    }
}
