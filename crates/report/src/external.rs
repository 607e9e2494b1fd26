//! What `waxseal map` says of external memories: where commands go, and what the memory protection unit must be told.

use geometry::{address, bytes};
use manifest::memory::{Access, Memory};
use manifest::mpu;
use manifest::plan::{ImageKind, Plan, Slot, Word as _};
use serde_json::Value;

use crate::json;

/// Lines about a memory; none about one without addresses.
pub fn lines(plan: &Plan, memory: &Memory) -> Vec<String> {
    if memory.access() != Access::Mapped {
        return Vec::new();
    }
    commands(plan, memory).into_iter().chain(protection(plan, memory)).collect()
}

/// The object of a memory.
pub fn to_json(memory: &Memory) -> Value {
    json!({
        "name": memory.name.value,
        "part": memory.part,
        "bus": memory.bus.word(),
        "commands": memory.command_addresses(),
    })
}

/// Where commands are written, whichever slot they are about.
fn commands(plan: &Plan, memory: &Memory) -> Option<String> {
    let commands = memory.command_addresses();
    let first = commands.first()?;
    let within = |slot: &&Slot| slot.extent.access == Access::Mapped && slot.extent.range.contains(first);
    let inside = plan.slots.iter().find(within).map_or(String::new(), |slot| format!(", inside `{}`", slot.name.value));
    let shown: Vec<String> = commands.iter().map(|at| address(*at)).collect();
    Some(format!("command window of {}: {}{inside}", memory.name.value, shown.join(" and ")))
}

/// Regions of the memory protection unit while code runs from the memory, and while the memory is written.
fn protection(plan: &Plan, memory: &Memory) -> Vec<String> {
    if !plan.device.part.cores.first().is_some_and(|core| mpu::is_armv7m(core)) {
        return Vec::new();
    }
    let Some(whole) = mpu::region(&memory.region.range()).map(region) else { return Vec::new() };
    let mut lines = Vec::new();
    if let Some(attribute) = memory.execute_as {
        let slots: Vec<String> =
            plan.slots.iter().filter(|slot| runs(plan, memory, slot)).filter_map(executable).collect();
        let slots = slots.iter().map(|slot| format!("; {slot} executable")).collect::<String>();
        lines.push(format!("MPU while running: {whole} {}, read-only, execute-never{slots}", attribute.value.word()));
    }
    if let Some(attribute) = memory.program_as {
        lines.push(format!("MPU while programming: {whole} {}, execute-never", attribute.value.word()));
    }
    lines
}

/// Whether code runs from a slot of this memory.
fn runs(plan: &Plan, memory: &Memory, slot: &Slot) -> bool {
    let firmware = plan.images.iter().filter(|image| image.kind.value == ImageKind::Firmware);
    let mut placements = firmware.flat_map(|image| &image.placements);
    slot.extent.region.name == memory.region.name && placements.any(|placement| placement.slot.value == slot.name.value)
}

fn executable(slot: &Slot) -> Option<String> {
    mpu::region(&slot.extent.range).map(region)
}

/// `0x6000_0000, 4M`, and which eighths it has not.
fn region(region: mpu::Region) -> String {
    let parts: Vec<String> =
        (0..8_u32).filter(|part| region.left_out >> part & 1 == 1).map(|part| part.to_string()).collect();
    let without = if parts.is_empty() { String::new() } else { format!(" without eighths {}", parts.join(" ")) };
    format!("{}, {}{without}", address(region.base), bytes(region.size))
}
