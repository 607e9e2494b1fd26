//! The model behaves as the memories do, and misbehaves as it is told.

use flash_model::{Chip, Cut, CutPlace, Fault, Offences, Restart, Shape, Torn};

fn shape(part: &str) -> Shape {
    let part = geometry::part(part).expect("a part");
    Shape::of(&part.modes[0].regions[0]).expect("proven")
}

fn chip(part: &str) -> Chip {
    Chip::new(vec![shape(part)], 7)
}

fn read<const N: usize>(chip: &mut Chip, offset: u32) -> Result<[u8; N], Fault> {
    let mut bytes = [0; N];
    chip.read(0, offset, &mut bytes).map(|()| bytes)
}

#[test]
fn erased_values_and_units_are_the_parts() {
    assert_eq!(read(&mut chip("STM32F746NG"), 0), Ok([0xFF; 4]));
    assert_eq!(read(&mut chip("STM32L151CB"), 0), Ok([0; 4]));
    for (part, unit) in [("STM32H743ZI", 32), ("STM32L476RG", 8), ("STM32U575ZI", 16), ("STM32L151CB", 4)] {
        assert_eq!(shape(part).unit, unit, "{part}");
        let mut chip = chip(part);
        assert_eq!(chip.program(0, 0, &vec![1; unit as usize / 2]), Err(Fault), "{part}");
        assert_eq!(chip.program(0, unit / 2, &vec![1; unit as usize]), Err(Fault), "{part}");
        assert_eq!(chip.offences().malformed, 2);
    }
}

#[test]
fn plain_nor_clears_bits_and_never_sets_them() {
    let mut chip = chip("STM32F746NG");
    for (byte, then) in [(0xF0, 0xF0), (0x30, 0x30), (0x00, 0x00)] {
        chip.program(0, 0, &[byte; 4]).expect("programs");
        assert_eq!(read(&mut chip, 0), Ok([then; 4]));
    }
    assert_eq!(chip.offences(), Offences::default());
    chip.program(0, 0, &[0x0F; 4]).expect("the memory does not say");
    assert_eq!(read(&mut chip, 0), Ok([0x00; 4]));
    assert_eq!(chip.offences().programmed_twice, 1);
}

/// What a power cut left half programmed is whole once all of it is programmed again, where bits are cleared alone; less is not enough.
#[test]
fn plain_nor_is_mended_by_the_same_bytes() {
    for torn in Torn::ALL {
        for (bytes, is_mended) in [([0x30; 4], true), ([0x10; 4], true), ([0x70; 4], false)] {
            let mut chip = chip("STM32F746NG");
            chip.cut_at(Cut { operation: 0, place: CutPlace::Inside { unit: 0, torn } });
            assert_eq!(chip.program(0, 0, &[0x30; 4]), Err(Fault));
            chip.restart(Restart::PowerUp);
            chip.program(0, 0, &bytes).expect("programs");
            assert_eq!(chip.is_sound(0, 0, 4), is_mended, "{torn:?} {bytes:?}");
            assert_eq!(chip.offences().programmed_doubtful, u64::from(!is_mended), "{torn:?} {bytes:?}");
        }
    }
}

/// Once all bits of a piece are programmed, no later cut brings back what it held.
#[test]
fn what_was_taken_out_of_use_does_not_come_back() {
    for torn in Torn::ALL {
        for is_half_erased in [false, true] {
            let mut chip = chip("STM32F746NG");
            chip.program(0, 0, &[0x4B; 16]).expect("programs");
            chip.program(0, 0, &[0x00; 16]).expect("programs");
            let mut operation = chip.operations();
            if is_half_erased {
                chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn } });
                assert_eq!(chip.erase(0, 0), Err(Fault));
                chip.restart(Restart::PowerUp);
                operation += 1;
            }
            chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn: Torn::AsBefore } });
            assert_eq!(chip.program(0, 0, &[0x00; 16]), Err(Fault));
            for _ in 0..4 {
                chip.restart(Restart::PowerUp);
                assert_ne!(read(&mut chip, 0), Ok([0x4B; 16]), "{torn:?}");
            }
            assert_eq!(chip.offences(), Offences::default());
        }
    }
}

#[test]
fn an_ecc_word_that_is_programmed_twice_faults_until_it_is_erased() {
    let mut chip = chip("STM32H743ZI");
    chip.program(0, 0, &[0xFF; 32]).expect("programs");
    assert_eq!(read(&mut chip, 0), Ok([0xFF; 32]), "programmed with what it had: used all the same");
    chip.program(0, 0, &[0x11; 32]).expect("the memory does not say");
    assert_eq!(read::<32>(&mut chip, 0), Err(Fault));
    assert_eq!(read::<32>(&mut chip, 32), Ok([0xFF; 32]), "its neighbour is well");
    chip.restart(Restart::PowerUp);
    assert_eq!(read::<32>(&mut chip, 0), Err(Fault), "it does not heal");
    chip.erase(0, 0).expect("erases");
    assert_eq!(read(&mut chip, 0), Ok([0xFF; 32]));
}

#[test]
fn erase_to_zero_sets_bits() {
    let mut chip = chip("STM32L151CB");
    chip.program(0, 256, &[0x12, 0x34, 0x56, 0x78]).expect("programs");
    chip.erase(0, 256).expect("erases");
    assert_eq!(read(&mut chip, 256), Ok([0; 4]));
}

fn torn(part: &str, torn: Torn, place: CutPlace) -> Chip {
    let mut chip = chip(part);
    let place = if let CutPlace::Inside { unit, .. } = place { CutPlace::Inside { unit, torn } } else { place };
    chip.cut_at(Cut { operation: 0, place });
    assert_eq!(chip.program(0, 0, &[0x5A; 64]), Err(Fault));
    assert!(chip.is_off());
    assert_eq!(read::<4>(&mut chip, 0), Err(Fault), "no power");
    assert_eq!(chip.erase(0, 0), Err(Fault), "no power");
    chip.restart(Restart::PowerUp);
    chip
}

#[test]
fn a_cut_before_or_after_leaves_nothing_in_doubt() {
    let mut before = torn("STM32U575ZI", Torn::Mixed, CutPlace::Before);
    assert_eq!((read(&mut before, 0), before.is_sound(0, 0, 64)), (Ok([0xFF; 64]), true));
    let mut after = torn("STM32U575ZI", Torn::Mixed, CutPlace::After);
    assert_eq!((read(&mut after, 0), after.is_sound(0, 0, 64)), (Ok([0x5A; 64]), true));
}

#[test]
fn a_torn_operation_is_whole_before_one_unit_and_untouched_behind_it() {
    for kind in Torn::ALL {
        let mut chip = torn("STM32U575ZI", kind, CutPlace::Inside { unit: 2, torn: kind });
        assert_eq!(read(&mut chip, 0), Ok([0x5A; 32]), "{kind:?}");
        assert_eq!(read(&mut chip, 48), Ok([0xFF; 16]), "{kind:?}");
        assert!(!chip.is_sound(0, 0, 64));
        let readings: Vec<_> = (0..64).map(|_| read::<16>(&mut chip, 32)).collect();
        let same = readings.iter().all(|reading| *reading == readings[0]);
        match kind {
            Torn::AsBefore => assert!(same && readings[0] == Ok([0xFF; 16])),
            Torn::AsAfter | Torn::Fading => assert!(same && readings[0] == Ok([0x5A; 16])),
            Torn::Mixed => assert!(same && readings[0].is_ok()),
            Torn::Alternating => assert!(same),
            Torn::Wavering => assert!(!same && readings.contains(&Err(Fault)), "an ECC word"),
            Torn::Faulting => assert!(same && readings[0].is_err()),
        }
        if matches!(kind, Torn::Fading | Torn::Alternating) {
            chip.restart(Restart::PowerUp);
            chip.restart(Restart::PowerUp);
            chip.restart(Restart::PowerUp);
            assert_ne!(read::<16>(&mut chip, 32), readings[0], "{kind:?}: another power-up, another content");
        }
        chip.erase(0, 0).expect("erases");
        assert!(chip.is_sound(0, 0, 64));
    }
}

#[test]
fn without_an_ecc_a_torn_word_never_faults() {
    for kind in Torn::ALL {
        let mut chip = torn("STM32F746NG", kind, CutPlace::Inside { unit: 0, torn: kind });
        assert!((0..64).all(|_| read::<16>(&mut chip, 0).is_ok()), "{kind:?}");
    }
}

#[test]
fn a_half_erased_sector_may_read_erased_and_does_not_hold() {
    let mut chip = chip("STM32L476RG");
    chip.program(0, 0, &[0x5A; 64]).expect("programs");
    chip.cut_at(Cut { operation: 1, place: CutPlace::Inside { unit: 0, torn: Torn::AsAfter } });
    assert_eq!(chip.erase(0, 0), Err(Fault));
    chip.restart(Restart::PowerUp);
    assert_eq!(read(&mut chip, 0), Ok([0xFF; 64]), "it looks erased");
    chip.program(0, 0, &[0xA5; 8]).expect("programs");
    assert_eq!(chip.offences().programmed_doubtful, 1);
    assert_eq!(read(&mut chip, 0), Ok([0xA5; 8]), "it looks right");
    for _ in 0..3 {
        chip.restart(Restart::PowerUp);
    }
    let wrong = (0..16).filter(|_| read(&mut chip, 0) != Ok([0xA5; 8])).count();
    assert!(wrong > 0, "and later it is not");
}

/// An erase gets further in some parts of a sector than in others.
#[test]
fn a_half_erased_sector_reads_as_before_in_one_part_and_as_erased_in_another() {
    let mut chip = chip("STM32F746NG");
    (0..16).for_each(|part| chip.program(0, part * 1024, &[0; 1024]).expect("programs"));
    chip.cut_at(Cut { operation: 16, place: CutPlace::Inside { unit: 0, torn: Torn::Mixed } });
    chip.erase(0, 0).expect_err("the power is off");
    chip.restart(Restart::PowerUp);
    let parts: Vec<[u8; 256]> = (0..64).map(|part| read(&mut chip, part * 256).expect("no ECC")).collect();
    let as_before = parts.iter().filter(|part| **part == [0; 256]).count();
    let as_erased = parts.iter().filter(|part| **part == [0xFF; 256]).count();
    assert!(as_before > 10 && as_erased > 10 && as_before + as_erased < 54, "{as_before}, {as_erased}");
}

#[test]
fn a_failing_operation_says_so_and_leaves_the_power_on() {
    let mut chip = chip("STM32F746NG");
    chip.cut_at(Cut { operation: 0, place: CutPlace::Failing { torn: Torn::Mixed } });
    assert_eq!(chip.program(0, 0, &[0; 16]), Err(Fault));
    assert!(!chip.is_off());
    assert_eq!(chip.failures(), 1);
    assert_eq!(chip.program(0, 16, &[0; 16]), Ok(()));
}

#[test]
fn wear_is_counted_per_sector() {
    let mut chip = chip("STM32F746NG");
    chip.erase(0, 0).expect("erases");
    chip.erase(0, 0x8000).expect("erases");
    chip.erase(0, 0x8000).expect("erases");
    assert_eq!(chip.erase(0, 0x4000), Err(Fault), "no sector starts there");
    assert_eq!(chip.erases(0)[..3], [1, 2, 0]);
}

#[test]
fn an_external_chip_goes_on_while_the_microcontroller_is_reset() {
    let memory = geometry::memory("MT28EW256ABA").expect("a memory");
    let mut chip = Chip::new(vec![Shape::external(&memory).expect("proven")], 1);
    chip.cut_at(Cut { operation: 0, place: CutPlace::Inside { unit: 0, torn: Torn::AsAfter } });
    assert_eq!(chip.erase(0, 0), Err(Fault));
    let mut powered_up = chip.clone();
    chip.restart(Restart::Reset);
    assert_ne!(read(&mut chip, 0), Ok([0xFF; 64]), "its state, not its content");
    assert_eq!(chip.program(0, 0, &[0; 2]), Err(Fault));
    chip.settle(0).expect("waits");
    assert_eq!(read(&mut chip, 0), Ok([0xFF; 64]));
    powered_up.restart(Restart::PowerUp);
    assert_eq!(read(&mut powered_up, 0), Ok([0xFF; 64]));
}

#[test]
fn option_bytes_are_torn_as_a_whole() {
    let mut chip = chip("STM32F746NG");
    chip.program_option(0x4002_3C14, 0xC0FF_AAFD).expect("programs");
    assert_eq!(chip.option(0x4002_3C14), 0xC0FF_AAFD);
    chip.cut_at(Cut { operation: 1, place: CutPlace::Inside { unit: 0, torn: Torn::Mixed } });
    assert_eq!(chip.program_option(0x4002_3C14, 0xC0FF_AAFC), Err(Fault));
    chip.restart(Restart::PowerUp);
    assert!(!matches!(chip.option(0x4002_3C14), 0xC0FF_AAFD | 0xC0FF_AAFC), "neither the old nor the new");
}

#[test]
fn a_seed_gives_the_same_run_again() {
    let run = |seed| {
        let mut chip = Chip::new(vec![shape("STM32F746NG")], seed);
        chip.cut_at(Cut { operation: 0, place: CutPlace::Inside { unit: 0, torn: Torn::Wavering } });
        let _ = chip.program(0, 0, &[0x5A; 16]);
        chip.restart(Restart::PowerUp);
        (0..8).map(|_| read::<16>(&mut chip, 0)).collect::<Vec<_>>()
    };
    assert_eq!(run(3), run(3));
    assert_ne!(run(3), run(4));
}
