//! Option bytes in the words of STM32CubeProgrammer's command line, which are not always the reference manual's.
//!
//! The tool refuses a name that it does not know, and its names differ between families and even versions: on an STM32F746
//! the bits of nWRP are `nWRP0` and on (ST community thread 213269), on an STM32F401 `WRP0` (thread 790492). So only names
//! that somebody was seen to use are written; the rest is named for doing by hand.

use geometry::OptionKind;
use manifest::plan::{OptionValue, Plan};

use crate::source::comment;

/// What the tool calls an option byte.
enum Name {
    /// As the reference manual does.
    Same,
    /// Otherwise.
    Other(&'static str),
    /// A bit for each group of sectors: the name and the bit's number.
    Bits(&'static str),
    /// First and last page: the name with `_STRT` and `_END`.
    Pages,
}

/// Parts, option byte, and its name in the tool.
const NAMES: [(&str, &str, Name); 13] = [
    // jobaziz/bootCy, demo/st/stm32f769i_eval: configure_single_bank_mode.bat.
    ("STM32F76", "nDBANK", Name::Same),
    ("STM32F77", "nDBANK", Name::Same),
    ("STM32F76", "nDBOOT", Name::Same),
    ("STM32F77", "nDBOOT", Name::Same),
    ("STM32F7", "BOOT_ADD0", Name::Same),
    ("STM32F7", "BOOT_ADD1", Name::Same),
    // ST community thread 213269: `-ob displ` of an STM32F746.
    ("STM32F7", "nWRP", Name::Bits("nWRP")),
    // jobaziz/bootCy, demo/st/nucleo_h743zi2: configure_dual_bank_mode.bat; ST community thread 127472.
    ("STM32H74", "BOOT_ADD0", Name::Other("BOOT_CM7_ADD0")),
    ("STM32H74", "BOOT_ADD1", Name::Other("BOOT_CM7_ADD1")),
    ("STM32H74", "SWAP_BANK", Name::Same),
    // worldcoin/orb-firmware, utils/debug/reset_ob.sh, for an STM32G474.
    ("STM32G4", "DBANK", Name::Same),
    // ST community threads 17251 (an STM32L412) and 160047 (an STM32L4R).
    ("STM32L4", "WRP1A", Name::Pages),
    ("STM32L4", "BFB2", Name::Same),
];

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
        if byte.is_some_and(|byte| byte.kind == OptionKind::Level) {
            // 0xAA is level 0 and 0xCC level 2 (HAL-F7 hal_flash_ex.h:164-166). Anything else is level 1, but for 0x55 on parts
            // with TrustZone; 0xBB is what people write (ST community thread 42537).
            found.protection = Some(format!("{}={}", option.name, if option.value == 0 { "0xAA" } else { "0xBB" }));
            continue;
        }
        let is_known = |(parts, name, _): &&(&str, &str, Name)| part.name.starts_with(parts) && *name == option.name;
        let value = option.value;
        match NAMES.iter().find(is_known) {
            Some((.., Name::Same)) => found.settings.push(setting(&option.name, value)),
            Some((.., Name::Other(name))) => found.settings.push(setting(name, value)),
            Some((.., Name::Bits(name))) => {
                let bits = byte.map_or(0, |byte| byte.field.width);
                found.settings.extend((0..bits).map(|bit| format!("{name}{bit}={}", value >> bit & 1)));
            }
            Some((.., Name::Pages)) => {
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
