//! WX0136: a boot loader that copies within the bank that it runs in.

use geometry::ReadWhileWrite;

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::plan::{Boot, Device, Image, Slot, Strategy};

/// Warns where the boot loader's own bank is erased and another one could have the boot loader. With one bank there is nothing to
/// choose.
pub fn check(device: &Device, boot: Option<&Boot>, slots: &[Slot], images: &[Image], report: &mut Vec<Diagnostic>) {
    let find = |name: &str| slots.iter().find(|slot| slot.name.value == name);
    let Some(own) = boot.and_then(|boot| find(&boot.slot.as_ref()?.value)) else { return };
    let bank = &own.extent.region;
    let Some(reading) = bank.read_while_write.as_ref().filter(|fact| fact.value == ReadWhileWrite::OtherBank) else {
        return;
    };
    if device.mode.regions.len() < 2 || own.extent.access != Access::Internal {
        return;
    }
    for image in images.iter().filter(|image| image.strategy.value == Strategy::Overwrite) {
        let placed = image.placements.iter().map(|placement| &placement.slot);
        for name in placed.chain(&image.copies.backup) {
            let Some(slot) = find(&name.value).filter(|slot| slot.extent.region.name == bank.name) else { continue };
            let title = format!("the boot loader erases `{}` in the bank that it runs in", name.value);
            let warning = Diagnostic::warning(codes::OWN_BANK, title);
            let warning =
                warning.at(slot.extent.region_span, "each erase stops the core, interrupts and all, until it ends");
            let warning = warning.see(own.extent.region_span, "the boot loader runs here");
            let warning = warning.help("one of the two in the other bank; or a watchdog that outlasts an erase");
            let fact = format!("while one bank is programmed or erased, {}", reading.value);
            report.push(warning.fact(fact, &reading.citation.source, reading.citation.evidence));
        }
    }
}
