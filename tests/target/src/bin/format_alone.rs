//! All of image-format, with cryptography that does next to nothing: what is linked here besides is the crate's own. `cargo
//! xtask test` looks for panics in it.
#![no_std]
#![no_main]

use core::hint::black_box;

use cortex_m_rt::entry;
use image_format::{
    Check, Device, Extent, Fault, InSlot, Kind, MAX_KEYS, Memory, Place, Policy, ReadAt, Trust,
    auxiliary::Auxiliary,
    layout::{Group, GroupArea, GroupSlot, GroupView, ModeBits, RegionRuns},
    log::{Entry, EntryKind, LogForm, SlotLog, Strategy, choose, scan, state_space},
    otp::OtpLayout,
    record::{Record, RecordWriter},
    trust::{Role, TrustSet},
    verify, whole,
};
use semihosting::process;
use vectors::any::Any;
use zerocopy::IntoBytes as _;

/// Where every byte comes from: the compiler must not know one of them.
static BYTES: [u8; 2048] = [0; 2048];

/// A source behind a driver of which nothing is known.
struct Driver;

impl ReadAt for Driver {
    fn extent(&self) -> Extent {
        black_box(Extent::Slot(0))
    }

    fn read_at(&mut self, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        black_box((offset, buffer));
        black_box(Ok(()))
    }
}

#[entry]
fn main() -> ! {
    let bytes = black_box(&BYTES[..]);
    let memory = black_box(Memory::file(bytes));
    black_box((judge(&mut Driver), judge(&mut { memory }), judge_slot(memory)));
    black_box((read_forms(bytes), write_forms(bytes), read_log(&mut { memory }), read_log(&mut Driver)));
    black_box((read_otp(bytes, &mut { memory }), read_otp(bytes, &mut Driver)));
    process::exit(0)
}

#[inline(never)]
fn judge(source: &mut impl ReadAt) -> bool {
    let keys = black_box([[0; 32]; MAX_KEYS]);
    let keys = keys.get(..black_box(1)).unwrap_or_default();
    let Ok(trust) = Trust::new(keys, black_box(1), &mut Any) else { return false };
    let policy = Policy {
        trust,
        device: black_box(Check::Require(Device { vendor_id: [0; 16], class_id: [0; 16] })),
        revision: black_box(Check::Require([0; 4])),
        place: black_box(Check::Require(Place { layout: [0; 32], run_address: 0, payload_offset: 0 })),
        counter: black_box(Check::Require(0)),
    };
    let mut scratch = [0; 256];
    let booted = verify(source, &policy, &mut Any).map(|image| (image.entry(), *image.id(), image.companions().len()));
    black_box(booted).is_ok()
        && Kind::ALL.iter().all(|kind| whole::judge(*kind, source, &policy, &mut scratch, &mut Any).is_ok())
}

#[inline(never)]
fn judge_slot(slot: Memory<'_>) -> bool {
    let [front_offset, front_size, payload_offset, room] = black_box([0; 4]);
    judge(&mut InSlot { slot, front_offset, front_size, payload_offset, room })
}

#[inline(never)]
fn read_forms(bytes: &[u8]) -> bool {
    let chunk = Auxiliary::parse(bytes, black_box(0), black_box(0))
        .ok()
        .and_then(|area| area.chunks?.judge(black_box(0), bytes, &mut Any).ok());
    let trust = TrustSet::parse(bytes).and_then(|set| set.role(black_box(Role::Image), &mut Any));
    let group = GroupView::parse(bytes)
        .map(|(group, rest)| (group.fingerprint(&mut Any), group.regions().count(), group.areas(), rest));
    black_box((chunk, trust.is_ok(), group)).1
}

#[inline(never)]
fn write_forms(bytes: &[u8]) -> bool {
    let mut area = [0; 256];
    let mut writer = RecordWriter::new(&mut area);
    let written = writer.push(Record::Revisions(black_box(&[[0; 4]; 2]))).is_ok();
    let entry = Entry::new(black_box(EntryKind::Try), black_box(1), &black_box([0; 32])).encode();
    black_box((area, entry.as_bytes(), entry.decode(), bytes));
    let group = Group {
        strategy: black_box(Strategy::DirectXip),
        payload_offset: black_box(0),
        capacity: black_box(0),
        mode: black_box::<&[ModeBits]>(&[]),
        regions: black_box::<&[RegionRuns<'_>]>(&[]),
        slots: black_box::<&[GroupSlot]>(&[]),
        areas: black_box::<&[GroupArea]>(&[]),
    };
    black_box(group.fingerprint(&mut Any)).is_ok() && written
}

#[inline(never)]
fn read_log(area: &mut impl ReadAt) -> usize {
    let [size, unit, steps] = black_box([0; 3]);
    black_box(state_space(black_box(Strategy::Overwrite), black_box(3), unit, steps));
    let Some(form) = LogForm::new(size, unit, black_box(0xFF)) else { return 0 };
    let logs: [SlotLog; 3] = core::array::from_fn(|_| scan(area, &form, black_box(3)));
    choose(black_box(&logs)).iter().filter(|candidate| black_box(candidate.slot) > 0).count()
}

#[inline(never)]
fn read_otp(layout: &[u8], memory: &mut impl ReadAt) -> bool {
    let Ok(layout) = OtpLayout::parse(layout) else { return false };
    let mut value = black_box([0; 32]);
    let buffer = value.get_mut(..black_box(32)).unwrap_or_default();
    let read = layout.read(black_box(0), memory, buffer);
    black_box(layout.fingerprint(&mut Any));
    let (sum, count) = (layout.check_sum(black_box(0), memory), layout.counter(black_box(0), memory));
    read.is_ok() && sum.is_ok() && black_box(count).is_ok()
}
