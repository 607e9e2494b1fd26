//! The security counter of a device, wherever its layout keeps it.

use boot::{AreaCounter, Config, Counter, Fault, Flash, NoCounter, OtpCounter};

/// A counter in an area, in one-time-programmable memory, or none.
pub(crate) enum AnyCounter<'a> {
    None(NoCounter),
    Area(AreaCounter<'a>),
    Otp(OtpCounter),
}

impl<'a> AnyCounter<'a> {
    pub fn of(config: &Config<'a>) -> Self {
        let otp = || OtpCounter::of(config).map_or(AnyCounter::None(NoCounter), AnyCounter::Otp);
        AreaCounter::of(config).map_or_else(otp, AnyCounter::Area)
    }
}

impl<F: Flash> Counter<F> for AnyCounter<'_> {
    fn read(&mut self, flash: &mut F) -> Result<u32, Fault> {
        match self {
            AnyCounter::None(none) => none.read(flash),
            AnyCounter::Area(area) => area.read(flash),
            AnyCounter::Otp(otp) => otp.read(flash),
        }
    }

    fn raise(&mut self, flash: &mut F, value: u32) -> Result<(), Fault> {
        match self {
            AnyCounter::None(none) => none.raise(flash, value),
            AnyCounter::Area(area) => area.raise(flash, value),
            AnyCounter::Otp(otp) => otp.raise(flash, value),
        }
    }
}

#[cfg(test)]
mod tests {
    use boot::Counter as _;
    use flash_model::{Chip, Cut, CutPlace, Restart, Torn};

    use super::AnyCounter;
    use crate::bench::Bench;
    use crate::device::Device;
    use crate::devices::benches;

    fn bench() -> Bench {
        let all = benches(false, 7).expect("benches");
        all.into_iter().find(|bench| bench.name == "L476/direct-xip").expect("a bench with a counter in two sectors")
    }

    fn read(bench: &Bench, chip: &mut Chip) -> u32 {
        let device = &mut Device { chip, notes: None, registers: bench.registers() };
        AnyCounter::of(&bench.config()).read(device).expect("an area can always be read")
    }

    fn raise(bench: &Bench, chip: &mut Chip, value: u32) {
        let device = &mut Device { chip, notes: None, registers: bench.registers() };
        let _ = AnyCounter::of(&bench.config()).raise(device, value);
    }

    #[test]
    fn it_counts_from_sector_to_sector() {
        let bench = bench();
        let mut chip = Chip::new(bench.shapes().to_vec(), 1);
        for value in 1..=200 {
            chip.restart(Restart::PowerUp);
            raise(&bench, &mut chip, value);
            assert_eq!(read(&bench, &mut chip), value);
            let operations = chip.operations();
            [value, value - 1].into_iter().for_each(|again| raise(&bench, &mut chip, again));
            assert_eq!(chip.operations(), operations, "nothing to raise to {value}");
        }
        assert_eq!(chip.offences(), Default::default());
        let area = bench.group().areas()[0];
        let first = (area.offset.get() / 2048) as usize;
        // A power-up spends two places and writes two, so 128 places take 32 values: one sector and the other by turns.
        let erases = chip.erases(area.region.into());
        assert_eq!(erases[first..first + 2], [4, 3]);
        assert_eq!(erases.iter().sum::<u32>(), 7);
    }

    #[test]
    fn a_cut_leaves_the_old_value_or_the_new_one() {
        let bench = bench();
        for raises in [1, 31, 32, 33] {
            let mut before = Chip::new(bench.shapes().to_vec(), 1);
            for value in 1..=raises {
                before.restart(Restart::PowerUp);
                raise(&bench, &mut before, value);
            }
            before.restart(Restart::PowerUp);
            let first = before.operations();
            for (operation, torn) in (first..first + 16).flat_map(|operation| Torn::ALL.map(|torn| (operation, torn))) {
                let mut chip = before.clone();
                chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn } });
                raise(&bench, &mut chip, 99);
                if !chip.is_off() {
                    break;
                }
                for _ in 0..8 {
                    chip.restart(Restart::PowerUp);
                    let value = read(&bench, &mut chip);
                    assert!([raises, 99].contains(&value), "{raises}, {torn:?}: {value}");
                    if value < 99 {
                        raise(&bench, &mut chip, 99);
                    }
                }
                for _ in 0..8 {
                    chip.restart(Restart::PowerUp);
                    assert_eq!(read(&bench, &mut chip), 99, "{raises}, {torn:?}");
                }
                assert_eq!(chip.offences(), Default::default(), "{raises}, {torn:?}");
            }
        }
    }
}
