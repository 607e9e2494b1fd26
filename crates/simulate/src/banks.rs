//! Banks that hardware exchanges: which one is seen where, and what an application must not do then.

use boot::{Action, Start};
use flash_model::Chip;
use image_format::layout::ROLE_RUN;
use image_format::log::Strategy;

use crate::bench::Bench;

/// Which bank is seen where. The boot loader chooses it in each start anew: a reset puts the banks back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seen {
    InPlace,
    Exchanged,
}

/// The image that starts, if it is the one that the core finds at its run address.
pub(crate) fn started(bench: &Bench, action: &Action) -> Option<Start> {
    let (start, seen) = match action {
        Action::Boot(start) => (start, Seen::InPlace),
        Action::Exchange(start) => (start, Seen::Exchanged),
        Action::Recover(_) => return None,
    };
    let group = bench.group();
    let slot = group.slots().get(start.slot())?;
    let stored_at = slot.offset.get() + group.head().payload_offset.get();
    let run_address = start.image().header().body.run_address.get();
    (cells(bench, run_address, seen) == Some((slot.region, stored_at))).then_some(*start)
}

/// The cells behind an address: their region, and the offset in it.
fn cells(bench: &Bench, address: u32, seen: Seen) -> Option<(u8, u32)> {
    let (region, offset) = (0..).zip(bench.group().regions()).find_map(|(number, found)| {
        let size: u32 = found.runs.iter().map(|run| run.size.get() * run.count.get()).sum();
        let offset = address.checked_sub(found.region.base.get()).filter(|offset| *offset < size)?;
        Some((number, offset))
    })?;
    match (seen, banks(bench)) {
        (Seen::Exchanged, [first, second]) if region == first => Some((second, offset)),
        (Seen::Exchanged, [first, second]) if region == second => Some((first, offset)),
        (Seen::Exchanged, _) => None,
        (Seen::InPlace, _) => Some((region, offset)),
    }
}

/// The regions that images run from.
fn banks(bench: &Bench) -> [u8; 2] {
    let group = bench.group();
    let mut regions = group.slots().iter().filter(|slot| slot.role == ROLE_RUN).map(|slot| slot.region);
    let first = regions.next().unwrap_or_default();
    [first, regions.next().unwrap_or(first)]
}

/// Whether banks are exchanged to start an image, and a group has slots or logs in these.
pub(crate) fn are_exchanged_under(bench: &Bench, companion: &Bench, memories: &[u8]) -> bool {
    let group = companion.group();
    let used = group.slots().iter().flat_map(|slot| [slot.region, slot.log_region]);
    let mut used = used.filter_map(|region| memories.get(usize::from(region)));
    bench.strategy() == Strategy::BankSwap && used.any(|memory| banks(bench).contains(memory))
}

/// Erases so far of banks that are exchanged. What selects the sector is unproven while they are, so it is the boot loader that erases.
pub(crate) fn erases(bench: &Bench, chip: &Chip) -> u32 {
    if bench.strategy() != Strategy::BankSwap {
        return 0;
    }
    banks(bench).iter().flat_map(|bank| chip.erases(usize::from(*bank))).sum()
}
