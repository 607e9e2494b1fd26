//! What is copied where nothing else boots.

use boot::{Action, NoCounter, Session, boot};
use image_format::log::Strategy;

use crate::bench::Bench;
use crate::board::Faulty;
use crate::device::Device;
use crate::devices::benches;
use crate::memo::Memo;
use crate::run::id;

/// The image that runs reads wrong in one start. The staged one has a header that reads right once: nothing is erased for it.
#[test]
fn what_reads_right_once_is_not_copied_over_what_runs() {
    let all = benches(false, 7).expect("benches");
    let copied = |bench: &&Bench| matches!(bench.strategy(), Strategy::Overwrite | Strategy::OverwriteWithBackup);
    for bench in all.iter().filter(copied) {
        let (images, slots) = (bench.images(), bench.group().slots());
        let mut chip = bench.chip_with(0, &images.old, 1).expect("the old image fits");
        bench.load(&mut chip, slots[1].region, slots[1].offset.get(), &images.new).expect("the new image fits");
        let mut headers = 0;
        let reads = |region: u8, offset: u32, bytes: &mut [u8]| {
            let starts = |slot: usize| (region, offset) == (slots[slot].region, slots[slot].offset.get());
            headers += u32::from(starts(1));
            if starts(0) || starts(1) && headers > 1 {
                bytes[0] ^= 1;
            }
        };
        let before = chip.operations();
        let device = Device { chip: &mut chip, notes: None, registers: bench.registers() };
        let faulty = Faulty { device, reads, takes_nothing: false };
        let mut session = Session::open(bench.config(), faulty, Memo::default()).expect("opens");
        assert!(matches!(boot(&mut session, &mut NoCounter).action, Action::Recover(_)), "{}", bench.name);
        drop(session);
        assert_eq!(chip.operations(), before, "{}", bench.name);

        let device = Device { chip: &mut chip, notes: None, registers: bench.registers() };
        let mut session = Session::open(bench.config(), device, Memo::default()).expect("opens");
        let Action::Boot(start) = boot(&mut session, &mut NoCounter).action else { panic!("{}", bench.name) };
        assert_eq!(Some(*start.image().id()), id(&images.old), "{}", bench.name);
    }
}
