//! Each reason of the boot loader has an input that produces it.

use std::collections::BTreeSet;

use boot::{Action, Config, Counter, Flash, NoCounter, Reason, Refusal, Session, boot};
use flash_model::{Chip, Cut, CutPlace};
use image_format::auxiliary::{Auxiliary, AuxiliaryHead, CHUNKS};
use image_format::layout::{Group, GroupArea, GroupSlot, ModeBits, ROLE_STAGING};
use image_format::log::{Entry, EntryKind, LogForm, Strategy};
use image_format::{Chunks, Fault};
use zerocopy::IntoBytes as _;

use crate::bench::{Bench, parts};
use crate::board::Faulty;
use crate::device::Device;
use crate::devices::benches;
use crate::memo::Memo;

/// A counter that nobody can read.
struct Unreadable;

impl<F> Counter<F> for Unreadable {
    fn read(&mut self, _: &mut F) -> Result<u32, Fault> {
        Err(Fault)
    }

    fn raise(&mut self, _: &mut F, _: u32) -> Result<(), Fault> {
        Err(Fault)
    }
}

fn device<'c>(bench: &'c Bench, chip: &'c mut Chip) -> Device<'c> {
    Device { chip, notes: None, registers: bench.registers() }
}

/// The same, which takes nothing that is programmed.
fn broken<'c>(bench: &'c Bench, chip: &'c mut Chip) -> impl Flash + 'c {
    Faulty { device: device(bench, chip), reads: |_, _, _: &mut [u8]| {}, takes_nothing: true }
}

/// What the boot loader ends with.
fn booted<F: Flash>(config: Config<'_>, flash: F, counter: &mut impl Counter<F>) -> Option<Reason> {
    match Session::open(config, flash, Memo::default()) {
        Err(reason) => Some(reason),
        Ok(mut session) => match boot(&mut session, counter).action {
            Action::Recover(reason) => Some(reason),
            _ => None,
        },
    }
}

/// The old image where it runs, and this in all places of its log.
fn with_log(bench: &Bench, place: impl Fn(&LogForm) -> Vec<u8>) -> Chip {
    let mut chip = bench.chip_with(0, &bench.images().old, 1).expect("the old image fits");
    let slot = bench.group().slots()[0];
    let shape = &bench.shapes()[usize::from(slot.log_region)];
    let form = LogForm::new(slot.log_size.get(), shape.unit, shape.erased).expect("a log");
    for number in 0..form.places() {
        let at = slot.log_offset.get() + form.offset(number).expect("a place");
        chip.program(slot.log_region.into(), at, &place(&form)).expect("programs");
    }
    chip
}

#[test]
fn each_has_an_input() {
    let all = benches(false, 7).expect("benches");
    let of = |name: &str| all.iter().find(|bench| bench.name == name).expect("a bench");
    let (pair, swap, copied) = (of("L476/direct-xip"), of("F767ZG-dual/bank-swap"), of("L476/overwrite"));
    let mut found = BTreeSet::new();
    let mut expect = |reason: Reason, got: Option<Reason>| {
        assert_eq!(got, Some(reason));
        found.insert(reason.number());
    };
    let old = |bench: &Bench| bench.chip_with(0, &bench.images().old, 1).expect("the old image fits");

    let cut = Config { layout: &pair.config().layout[1..], ..pair.config() };
    expect(Reason::Layout, booted(cut, device(pair, &mut old(pair)), &mut NoCounter));
    let group = pair.group();
    let regions: Vec<_> = group.regions().collect();
    let mode = [ModeBits { register: 0x4002_2020.into(), mask: 1.into(), value: 1.into() }];
    let moded = Group {
        strategy: Strategy::DirectXip,
        payload_offset: group.head().payload_offset.get(),
        capacity: group.head().capacity.get(),
        mode: &mode,
        regions: &regions,
        slots: group.slots(),
        areas: group.areas(),
    };
    let mut layout = Vec::new();
    moded.emit(|bytes| layout.extend_from_slice(bytes)).expect("few regions");
    let other = Config { layout: &layout, ..pair.config() };
    expect(Reason::Mode, booted(other, device(pair, &mut old(pair)), &mut NoCounter));
    let nobody = Config { trust: &[0; 8], ..pair.config() };
    expect(Reason::TrustSet, booted(nobody, device(pair, &mut old(pair)), &mut NoCounter));
    let mut off = old(pair);
    off.cut_at(Cut { operation: off.operations(), place: CutPlace::Before });
    assert!(off.erase(0, 0).is_err());
    expect(Reason::Memory, booted(pair.config(), device(pair, &mut off), &mut NoCounter));
    expect(Reason::Counter, booted(pair.config(), device(pair, &mut old(pair)), &mut Unreadable));
    let mut blank = Chip::new(pair.shapes().to_vec(), 1);
    expect(Reason::NothingVerifies, booted(pair.config(), device(pair, &mut blank), &mut NoCounter));
    let mut staged = copied.chip_with(1, &copied.images().new, 1).expect("the new image fits");
    expect(Reason::Copy, booted(copied.config(), broken(copied, &mut staged), &mut NoCounter));

    let pinning = pair.with_companion();
    let mut chip = old(&pinning);
    let mut session = Session::open(pinning.config(), device(&pinning, &mut chip), Memo::default()).expect("opens");
    let Err(Refusal::Reason(reason)) = session.judge(0, 0, 0) else { panic!("its companion is nowhere") };
    expect(Reason::Companion, Some(reason));

    let confirmed = |chip: &mut Chip| {
        Session::open(pair.config(), device(pair, chip), Memo::default()).expect("opens").confirm(0).err()
    };
    let mut full = with_log(pair, |form| vec![form.spent(); form.place_size() as usize]);
    expect(Reason::LogFull, confirmed(&mut full));
    let last = Entry::new(EntryKind::Okay, u32::MAX, &[9; 32]).encode();
    let mut highest = with_log(pair, |form| {
        let mut place = last.as_bytes().to_vec();
        place.resize(form.place_size() as usize, 0);
        place
    });
    expect(Reason::Generation, confirmed(&mut highest));
    let mut chip = old(pair);
    let mut session = Session::open(pair.config(), broken(pair, &mut chip), Memo::default()).expect("opens");
    expect(Reason::Write, session.confirm(0).err());

    let stage = |bench: &Bench, confirms: bool, chunks: Option<Chunks<'_>>, is_longer: bool| {
        let mut chip = old(bench);
        let (image, _) = parts(&bench.images().new).expect("an image");
        let longer = image.front.len() + if is_longer { 16 } else { 0 };
        let image = boot::Image {
            front: &bench.images().new[..longer],
            auxiliary: image.auxiliary,
            chunks: chunks.unwrap_or(image.chunks),
        };
        let mut session = Session::open(bench.config(), device(bench, &mut chip), Memo::default()).expect("opens");
        if confirms {
            session.confirm(0).expect("confirms");
        }
        match session.stage(0, image, 0).and_then(|stage| stage.request(0)) {
            Err(Refusal::Reason(reason)) => Some(reason),
            _ => None,
        }
    };
    expect(Reason::NotConfirmed, stage(pair, false, None, false));
    expect(Reason::ClearFirst, stage(swap, true, None, false));
    expect(Reason::Order, stage(pair, true, None, false));
    expect(Reason::Chunks, stage(pair, true, None, true));
    // Digests of a longer payload's chunks, and of a shorter one's, as many as there are.
    for size in [1u32 << 12, 1 << 20] {
        let digests = [&12u32.to_le_bytes()[..], &vec![0; 32 * size.div_ceil(4096) as usize]].concat();
        let head = AuxiliaryHead { kind: CHUNKS.into(), reserved: [0; 2], size: (digests.len() as u32).into() };
        let area = [head.as_bytes(), &digests].concat();
        let chunks = Auxiliary::parse(&area, size, 0).expect("an area").chunks.expect("chunks");
        expect(Reason::Chunks, stage(pair, true, Some(chunks), false));
    }
    let mut chip = old(pair);
    let mut session = Session::open(pair.config(), device(pair, &mut chip), Memo::default()).expect("opens");
    expect(Reason::NoUpdate, session.clear(0).err());

    let numbers: BTreeSet<u16> = Reason::ALL.iter().map(|reason| reason.number()).collect();
    assert_eq!(found, numbers, "a reason without an input");
}

/// Changes the second slot, or the counter.
type Change<'a> = &'a dyn Fn(&mut GroupSlot, &mut GroupArea);

/// Slots, logs, roles and counters that no boot loader can work with.
#[test]
fn layouts_that_are_refused() {
    let all = benches(false, 7).expect("benches");
    let bench = all.iter().find(|bench| bench.name == "L476/direct-xip").expect("a bench");
    let group = bench.group();
    let regions: Vec<_> = group.regions().collect();
    let opened = |change: Change<'_>| {
        let (mut slots, mut areas) = (group.slots().to_vec(), group.areas().to_vec());
        change(&mut slots[1], &mut areas[0]);
        let changed = Group {
            strategy: Strategy::DirectXip,
            payload_offset: group.head().payload_offset.get(),
            capacity: group.head().capacity.get(),
            mode: &[],
            regions: &regions,
            slots: &slots,
            areas: &areas,
        };
        let mut layout = Vec::new();
        changed.emit(|bytes| layout.extend_from_slice(bytes)).expect("few regions");
        let mut blank = Chip::new(bench.shapes().to_vec(), 1);
        booted(Config { layout: &layout, ..bench.config() }, device(bench, &mut blank), &mut NoCounter)
    };
    assert_eq!(opened(&|_, _| {}), Some(Reason::NothingVerifies));
    let size: u32 = regions[1].runs.iter().map(|run| run.size.get() * run.count.get()).sum();
    let changes: &[Change<'_>] = &[
        &|slot, _| slot.size = (slot.size.get() - 8).into(),
        &|slot, _| (slot.offset, slot.size) = ((slot.offset.get() + 8).into(), (slot.size.get() - 8).into()),
        &|slot, _| slot.role = ROLE_STAGING,
        &|slot, _| slot.front_offset = (slot.size.get() - 1024).into(),
        &|slot, _| slot.log_size = 0.into(),
        &|slot, _| slot.log_size = 15.into(),
        &|slot, _| slot.log_offset = (size - slot.log_size.get() + 1).into(),
        &|_, area| area.size = 3072.into(),
        &|_, area| area.size = 2048.into(),
    ];
    for (number, change) in changes.iter().enumerate() {
        assert_eq!(opened(change), Some(Reason::Layout), "change {number}");
    }
}
