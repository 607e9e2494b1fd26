//! WX0134: a slot in external memory that code runs from is a region of the memory protection unit.

use geometry::{Evidence, bytes};

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::memory::Access;
use crate::mpu;
use crate::plan::{Device, Image, ImageKind, Slot};

/// Each slot in a mapped memory that firmware runs from: what is around it is execute-never, so it must be a region alone.
pub fn check(device: &Device, slots: &[Slot], images: &[Image], report: &mut Vec<Diagnostic>) {
    if !device.part.cores.first().is_some_and(|core| mpu::is_armv7m(core)) {
        return;
    }
    let firmware = images.iter().filter(|image| image.kind.value == ImageKind::Firmware);
    let names: Vec<&str> =
        firmware.flat_map(|image| &image.placements).map(|placement| placement.slot.value.as_str()).collect();
    let runs = |slot: &&Slot| slot.extent.access == Access::Mapped && names.contains(&slot.name.value.as_str());
    for slot in slots.iter().filter(runs) {
        let extent = &slot.extent;
        if mpu::region(&extent.range).is_some() {
            continue;
        }
        let title = format!("no single region of the MPU covers `{}`", slot.name.value);
        let text = format!("{}, {}", extent.access.span(&extent.range), bytes(extent.size()));
        let error = Diagnostic::error(codes::MPU_COVER, title).at(extent.span, text);
        let error = error.see(extent.region_span, "all else in this memory is execute-never");
        let error = match mpu::enlarged(&extent.range).filter(|range| range.end <= extent.region.range().end) {
            Some(range) => error.help(format!(
                "offset = \"{}\" and size = \"{}\" can be covered",
                bytes(range.start - extent.region.base),
                bytes(range.end - range.start)
            )),
            None => error.help("let it start at a multiple of its size, and its size be a power of two"),
        };
        report.push(error.fact(
            "a region's size is a power of two and its base a multiple of it; eighths of it can be left out",
            "Armv7-M Architecture Reference Manual, MPU_RASR",
            Evidence::VendorSource,
        ));
    }
}
