//! The hardware's rules, L01 to L39, and where each is judged.
//!
//! The rules come out of reference manuals, vendors' headers and reports from the field. A diagnostic about rule L nn has
//! the code WX01nn, where it has a code of its own.

use crate::codes::{self, Code};

/// A rule of the hardware.
#[derive(Clone, Copy, Debug)]
pub struct Rule {
    /// 1 for L01.
    pub number: u8,
    /// What must hold.
    pub rule: &'static str,
    /// Where it is judged.
    pub surface: Surface,
}

/// Where a rule is judged.
#[derive(Clone, Copy, Debug)]
pub enum Surface {
    /// When a manifest is checked: with these codes.
    Manifest(&'static [Code]),
    /// When firmware is checked or packed: with these codes.
    BuildInput(&'static [Code]),
    /// Before a board is erased or written, by `preflight` and `flash`: this test shows it.
    Board(Test),
    /// By the device database: this test shows that it holds for every part that it is true of.
    Database(Test),
    /// By nothing, since it cannot be broken: this test shows it.
    Impossible(Test),
}

/// A test that shows something.
#[derive(Clone, Copy, Debug)]
pub struct Test {
    /// Its file in the repository.
    pub file: &'static str,
    /// Its function.
    pub name: &'static str,
}

const fn test(file: &'static str, name: &'static str) -> Test {
    Test { file, name }
}

const BOARDS: &str = "tests/end-to-end/preflight.rs";
const LOG: &str = "crates/image-format/src/log/entry.rs";
const DATABASE: &str = "crates/geometry/tests/database.rs";
const PLACES: &str = "crates/image-format/src/log/space.rs";

/// Declares the rules in their order.
macro_rules! rules {
    ($($number:literal: $rule:literal => $surface:expr;)*) => {
        /// All rules, L01 first.
        pub const RULES: &[Rule] = &[$(Rule { number: $number, rule: $rule, surface: $surface }),*];
    };
}

rules! {
    1: "An address has eight hexadecimal digits and lies in a region" => Surface::Manifest(&[codes::ADDRESS]);
    2: "A slot lies in one region and straddles no hole between banks" => Surface::Manifest(&[codes::REGION_END]);
    3: "A slot starts and ends on sector boundaries of the mode's map" => Surface::Manifest(&[codes::SECTOR_BOUNDARY]);
    4: "The option bytes that select the sector map are written, and regions are those of the mode" =>
        Surface::Manifest(&[codes::MODE]);
    5: "The size in an order code and the layout agree" => Surface::Manifest(&[codes::UNKNOWN_SECTOR, codes::REGION_END]);
    6: "No two slots or areas share an erase unit" => Surface::Manifest(&[codes::OVERLAP]);
    7: "Nothing is programmed at an alias address" =>
        Surface::Database(test("crates/geometry/tests/stm32f767zi.rs", "aliases_stack_and_vector_table"));
    8: "Firmware is linked for the address that it runs at" =>
        Surface::BuildInput(&[codes::LINK_ADDRESS, codes::ONE_LINK_ADDRESS]);
    9: "Slots that exchanged banks swap have one offset and one size" => Surface::Manifest(&[codes::UNLIKE_BANKS]);
    10: "Nothing is staged in the bank that is mapped and runs" => Surface::Manifest(&[codes::ADDRESS]);
    11: "After an exchange of banks nothing is erased by a selector whose meaning is unproven" =>
        Surface::Manifest(&[codes::ERASE_SELECTOR]);
    12: "A boot address is a multiple of its step and starts the boot loader" => Surface::Manifest(&[codes::BOOT_ADDRESS]);
    13: "No dual boot with one bank" => Surface::Manifest(&[codes::DUAL_BOOT_ONE_BANK]);
    14: "Options that disable recovery by the BOOT0 pin are warned of" => Surface::Manifest(&[codes::NO_BOOT_PIN]);
    15: "Write protection covers nothing that must be erased" => Surface::Manifest(&[codes::WRITE_PROTECTION]);
    16: "No mass erase while a sector is write-protected" =>
        Surface::Board(test(BOARDS, "a_mass_erase_is_not_advised_while_anything_is_protected"));
    17: "What cannot be undone, RDP level 2 first of all, is acknowledged" => Surface::Manifest(&[codes::WRONG_VALUE]);
    18: "A bank mode is changed only by provisioning the whole board again" =>
        Surface::Board(test(BOARDS, "the_board_of_the_field_report"));
    19: "What is programmed is whole program units and ECC words, which are proven" => Surface::Manifest(&[codes::UNPROVEN_UNIT]);
    20: "Nothing is programmed over state words, not even erased values" =>
        Surface::Impossible(test("tests/end-to-end/outputs.rs", "objcopy_reads_the_hex_file_as_the_sealed_image"));
    21: "What is updated apart shares no ECC word" => Surface::Impossible(test(PLACES, "places_are_whole_units"));
    22: "A state is a program unit of its own, written once per erase" => Surface::Manifest(&[codes::IN_PLACE]);
    23: "No state is written over another that it cannot follow" => Surface::Manifest(&[codes::STATE_ORDER]);
    24: "No state looks like erased flash" => Surface::Impossible(test(LOG, "kinds_differ_in_four_bits_and_are_never_blank"));
    25: "A slot has room for header, payload and state words" =>
        Surface::BuildInput(&[codes::CAPACITY, codes::PAYLOAD_OFFSET]);
    26: "A slot that is swapped by pages has one to spare" => Surface::Manifest(&[codes::SWAP]);
    27: "A scratch area holds the largest sector that is swapped" => Surface::Manifest(&[codes::SWAP]);
    28: "OTP data are whole units inside the blocks, clear of locks and unique id" =>
        Surface::Manifest(&[codes::OTP_DATA]);
    29: "OTP locks are locked or not, and an artefact of their own" => Surface::Manifest(&[codes::OTP_LOCK]);
    30: "OTP data come in a form that the programming tool writes right" => Surface::Manifest(&[codes::OTP_UNIT]);
    31: "No bit-wise counter in OTP that is programmed by units" => Surface::Manifest(&[codes::OTP_COUNTER]);
    32: "Who writes the die that code runs from is declared" => Surface::Manifest(&[codes::ONE_DIE, codes::EXTERNAL]);
    33: "Memory that is written with commands is not cached, and code is not fetched from device memory" => Surface::Manifest(&[codes::CACHED_WRITES]);
    34: "External slots can be covered by regions of the MPU" => Surface::Manifest(&[codes::MPU_COVER]);
    35: "Places are numbers: `top` and `bottom` mean both" => Surface::Manifest(&[codes::PLACE_WORD]);
    36: "A boot loader that erases the bank it runs in is warned of" => Surface::Manifest(&[codes::OWN_BANK]);
    37: "No flash beyond what the part is rated for" => Surface::Database(test(DATABASE, "sectors_add_up_to_what_the_order_code_says"));
    38: "Every value of the database has a source, and contradictions are explained" =>
        Surface::Database(test(DATABASE, "every_statement_has_a_source_that_can_be_looked_up"));
    39: "Nothing lies in flash that a second core has for itself" => Surface::Manifest(&[codes::SECOND_CORE]);
}

/// The rules that a code is about.
pub fn of(code: &Code) -> impl Iterator<Item = &'static Rule> {
    let id = code.id;
    RULES.iter().filter(move |rule| match rule.surface {
        Surface::Manifest(named) | Surface::BuildInput(named) => named.iter().any(|code| code.id == id),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    #[test]
    fn there_are_39_rules() {
        assert!(RULES.iter().map(|rule| rule.number).eq(1..=39));
    }

    /// What has a code is judged, and where it is judged is said.
    #[test]
    fn a_code_of_the_hardware_is_named_by_its_rule() {
        for code in codes::ALL.iter().filter(|code| code.id.starts_with("WX01")) {
            let rule = RULES.iter().find(|rule| code.id == format!("WX01{:02}", rule.number)).expect(code.id);
            let (Surface::Manifest(named) | Surface::BuildInput(named)) = rule.surface else {
                panic!("{} is judged: say so at L{:02}", code.id, rule.number)
            };
            assert!(named.contains(code), "L{:02} does not name {}", rule.number, code.id);
        }
    }

    #[test]
    fn the_tests_that_are_named_exist() {
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
        for rule in RULES {
            if let Surface::Board(test) | Surface::Database(test) | Surface::Impossible(test) = rule.surface {
                let text = fs::read_to_string(root.join(test.file)).expect(test.file);
                let found = text.lines().zip(text.lines().skip(1)).any(|(attribute, line)| {
                    attribute.trim() == "#[test]" && line.trim().starts_with(&format!("fn {}(", test.name))
                });
                assert!(found, "{} has no test {}", test.file, test.name);
            }
        }
    }
}
