//! Option bytes in the words of STM32CubeProgrammer's command line.

use geometry::OptionKind;
use manifest::plan::{OptionValue, Plan};
use manifest::programmer::Name;

use crate::source::comment;

/// The settings of a board as it is shipped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settings {
    /// `nDBANK=0`, in the order of the plan.
    pub settings: Vec<String>,
    /// Read protection, which comes last: behind it, a debugger does not see the others any more.
    pub protection: Option<String>,
    /// What the tool's name is not known of.
    pub by_hand: Vec<OptionValue>,
}

/// The option bytes that the plan asks for.
pub fn settings(plan: &Plan) -> Settings {
    let part = &plan.device.part;
    let mut found = Settings { settings: Vec::new(), protection: None, by_hand: Vec::new() };
    for option in &plan.option_bytes {
        let byte = part.option(&option.name);
        // The installer of the second core's firmware writes it, and nobody else can.
        if byte.is_some_and(|byte| byte.kind == OptionKind::SecureStart) {
            continue;
        }
        if byte.is_some_and(|byte| byte.kind == OptionKind::Level) {
            // 0xAA is level 0 and 0xCC level 2 (HAL-F7 hal_flash_ex.h:164-166). Anything else is level 1, but for 0x55 on parts
            // with TrustZone; 0xBB is what people write (ST community thread 42537).
            found.protection = Some(format!("{}={}", option.name, if option.value == 0 { "0xAA" } else { "0xBB" }));
            continue;
        }
        let value = option.value;
        match Name::of(&part.name, &option.name) {
            Some(Name::Same) => found.settings.push(setting(&option.name, value)),
            Some(Name::Other(name)) => found.settings.push(setting(name, value)),
            Some(Name::Bits(name)) => {
                let bits = byte.map_or(0, |byte| byte.field.width);
                found.settings.extend((0..bits).map(|bit| format!("{name}{bit}={}", value >> bit & 1)));
            }
            Some(Name::Pages) => {
                let (first, last) = (value & 0xFFFF, value >> 16);
                found.settings.push(format!("{}_STRT={first:#X} {}_END={last:#X}", option.name, option.name));
            }
            None => found.by_hand.push(option.clone()),
        }
    }
    found
}

/// Bits are written as such, longer values in hex.
fn setting(name: &str, value: u32) -> String {
    if value > 1 { format!("{name}={value:#X}") } else { format!("{name}={value}") }
}

/// A shell script that sets them, with comments. `command` is what was typed.
pub fn script(plan: &Plan, command: &str) -> String {
    const TOOL: &str = "STM32_Programmer_CLI -c port=SWD -ob";
    let Settings { settings, protection, by_hand } = settings(plan);
    let mut text = format!(
        "# Option bytes of {} as a board is shipped. Made by `{command}`: change the manifest, not this file.\n",
        plan.device.part.name,
        command = comment(command),
    );
    for option in &by_hand {
        text += &format!("# By hand: {option}. What STM32_Programmer_CLI calls it is not known.\n");
    }
    if plan.option_bytes.is_empty() {
        text += "# The manifest asks for none.\n";
    }
    if !settings.is_empty() {
        text += "# Before anything is written: whoever changes the sector map makes the flash's content meaningless.\n";
        text += &format!("{TOOL} {}\n", settings.join(" "));
    }
    if let Some(protection) = protection {
        text += "# Last: behind read protection a debugger does not see the others. Going back to level 0 erases the flash.\n";
        text += &format!("{TOOL} {protection}\n");
    }
    text
}
