//! What STM32CubeProgrammer's command line calls option bytes, which is not always the reference manual's name.
//!
//! The tool refuses a name that it does not know, and its names differ between families and even versions: on an STM32F746
//! the bits of nWRP are `nWRP0` and on (ST community thread 213269), on an STM32F401 `WRP0` (thread 790492). So only names
//! that somebody was seen to use are written; the rest is named for doing by hand.

/// What the tool calls an option byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Name {
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
    ("STM32H74", "SWAP_BANK_OPT", Name::Other("SWAP_BANK")),
    // worldcoin/orb-firmware, utils/debug/reset_ob.sh, for an STM32G474.
    ("STM32G4", "DBANK", Name::Same),
    // ST community threads 17251 (an STM32L412) and 160047 (an STM32L4R).
    ("STM32L4", "WRP1A", Name::Pages),
    ("STM32L4", "BFB2", Name::Same),
];

impl Name {
    /// What the tool calls an option byte of a part; `None` if that is not known.
    pub fn of(part: &str, option: &str) -> Option<Self> {
        let known = NAMES.iter().find(|(parts, name, _)| part.starts_with(parts) && *name == option);
        known.map(|(.., name)| *name)
    }
}

#[cfg(test)]
mod tests {
    use super::NAMES;

    #[test]
    fn every_name_is_of_an_option_byte_that_there_is() {
        let all = geometry::parts().expect("the database");
        for (parts, option, _) in NAMES {
            let has = |part: &geometry::Part| part.name.starts_with(parts) && part.option(option).is_some();
            assert!(all.iter().any(has), "{parts} {option}");
        }
    }
}
