//! The whole database: what must hold for every part, memory and statement.

#![allow(clippy::unwrap_used)]

use std::collections::{BTreeMap, BTreeSet};

use geometry::{Citation, Corrected, Evidence, Lock, Part, Region};

const K: u32 = 1024;
const M: u32 = 1024 * K;

fn parts() -> Vec<Part> {
    geometry::parts().unwrap()
}

fn part(name: &str) -> Part {
    geometry::part(name).unwrap()
}

/// The parts whose order code begins so.
fn line(prefix: &str) -> Vec<Part> {
    let parts: Vec<Part> = parts().into_iter().filter(|part| part.name.starts_with(prefix)).collect();
    assert!(!parts.is_empty(), "{prefix}");
    parts
}

fn has_flash(part: &Part) -> bool {
    !part.name.starts_with("STM32MP1") && !part.name.starts_with("STM32N6")
}

#[test]
fn all_order_codes_are_there_once() {
    let parts = parts();
    let names: BTreeSet<&str> = parts.iter().map(|part| part.name.as_str()).collect();
    assert_eq!((parts.len(), names.len()), (1616, 1616));
    // stm32-data-generated at f115ed4f, counted by the names of its files.
    #[rustfmt::skip]
    let counts = [
        ("STM32C0", 54), ("STM32C5", 80), ("STM32F0", 73), ("STM32F1", 95), ("STM32F2", 38), ("STM32F3", 69), ("STM32F4", 149),
        ("STM32F7", 88), ("STM32G0", 104), ("STM32G4", 93), ("STM32H5", 45), ("STM32H7", 133), ("STM32L0", 100),
        ("STM32L1", 87), ("STM32L4", 139), ("STM32L5", 17), ("STM32MP1", 12), ("STM32N6", 24), ("STM32U0", 32),
        ("STM32U3", 33), ("STM32U5", 77), ("STM32WB", 16), ("STM32WB0", 8), ("STM32WBA", 34), ("STM32WL", 16),
    ];
    for (family, count) in counts {
        assert_eq!(parts.iter().filter(|part| part.family == family).count(), count, "{family}");
        assert!(parts.iter().all(|part| part.family != family || part.name.starts_with(family)), "{family}");
    }
    assert_eq!(counts.iter().map(|(_, count)| count).sum::<usize>(), parts.len());
}

#[test]
fn every_name_finds_its_part() {
    for wanted in parts() {
        let has_package = !wanted.name.contains('-') && has_flash(&wanted);
        let code = if has_package { format!("{}T6", wanted.name) } else { wanted.name.clone() };
        assert_eq!(part(&code), wanted);
    }
}

/// The flash size that the last letter of an order code stands for (ordering information of ST's data sheets).
fn size_of_letter(letter: char) -> Option<u32> {
    Some(match letter {
        '3' => 8 * K,
        '4' => 16 * K,
        '6' => 32 * K,
        '8' => 64 * K,
        'B' => 128 * K,
        'Z' => 192 * K,
        'C' => 256 * K,
        'D' => 384 * K,
        'E' => 512 * K,
        'Y' => 640 * K,
        'F' => 768 * K,
        'G' => M,
        'H' => M + 512 * K,
        'I' => 2 * M,
        'J' => 4 * M,
        _ => return None,
    })
}

#[test]
fn sectors_add_up_to_what_the_order_code_says() {
    for part in parts().iter().filter(|part| has_flash(part)) {
        let stem = part.name.split('-').next().unwrap();
        // 320 KiB, which has no letter of its own (ST data sheet DS13047).
        let expected =
            if stem.starts_with("STM32WB1") { Some(320 * K) } else { size_of_letter(stem.chars().last().unwrap()) };
        for mode in &part.modes {
            let sum: u32 = mode.regions.iter().map(Region::size).sum();
            assert_eq!(Some(sum), expected, "{} {}", part.name, mode.title);
        }
    }
}

#[test]
fn regions_do_not_overlap_and_sectors_follow_one_another() {
    for part in parts() {
        for mode in &part.modes {
            let mut end = 0;
            for region in &mode.regions {
                assert!(region.base >= end, "{} {}", part.name, region.name);
                end = region.base;
                for (number, sector) in (region.first_sector..).zip(region.sectors()) {
                    assert_eq!((sector.number, sector.address), (number, end), "{}", part.name);
                    assert!(sector.size > 0 && sector.address.is_multiple_of(sector.size), "{}", part.name);
                    end += sector.size;
                }
                assert_eq!(end, region.range().end);
                if let Some(unit) = region.unit() {
                    assert!(region.runs.iter().all(|run| run.size.is_multiple_of(unit)), "{}", part.name);
                }
                if let (Some(read), 1) = (&region.read_while_write, mode.regions.len()) {
                    assert_ne!(read.value, geometry::ReadWhileWrite::OtherBank, "{}", part.name);
                }
            }
            let numbered: Vec<_> = mode.regions.iter().filter(|region| region.numbers.is_some()).collect();
            let per_bank = part.name.starts_with("STM32H7");
            for (below, above) in numbered.iter().zip(numbered.iter().skip(1)) {
                assert!(per_bank || above.first_sector > *below.numbers().end(), "{}", part.name);
            }
        }
    }
}

#[test]
fn modes_are_told_apart_by_options_that_exist() {
    let mut with_choice = 0;
    for part in parts() {
        assert!(!part.modes.is_empty(), "{}", part.name);
        with_choice += usize::from(part.modes.len() > 1);
        for option in part.options.iter().filter(|option| option.selects == Some(geometry::Selects::Geometry)) {
            assert!(part.mode_options().contains(&option.name.as_str()), "{} {}", part.name, option.name);
        }
        for mode in &part.modes {
            for (name, value) in &mode.selectors {
                let option = part.option(name).unwrap_or_else(|| panic!("{} has no {name}", part.name));
                assert_eq!(option.selects, Some(geometry::Selects::Geometry), "{} {name}", part.name);
                assert!(*value < 1 << option.field.width);
            }
            let chosen = part.mode(|name| mode.selectors.iter().find(|(own, _)| own == name).map(|(_, value)| *value));
            assert_eq!(chosen, Some(mode), "{}", part.name);
        }
    }
    // 194 in the imported data; the rest are modes that it lacks.
    assert!(with_choice >= 194, "{with_choice} parts with a choice of modes");
}

#[test]
fn option_names_are_unique_and_protection_bits_exist() {
    for part in parts() {
        let names: BTreeSet<&String> = part.options.iter().map(|option| &option.name).collect();
        assert_eq!(names.len(), part.options.len(), "{}", part.name);
        for region in part.modes.iter().flat_map(|mode| &mode.regions) {
            for name in region.page_protection.iter().flat_map(|pages| &pages.options) {
                let option = part.option(name).unwrap_or_else(|| panic!("{} has no {name}", part.name));
                let all = geometry::PageProtection::value(0..=region.numbers().count() as u32 - 1);
                assert_eq!(all & option.field.mask(), all, "{} {name}", part.name);
            }
            let Some(protection) = &region.write_protection else { continue };
            let option = part.option(&protection.option).unwrap_or_else(|| panic!("{}", part.name));
            assert_eq!(protection.bits, option.field.width, "{}", part.name);
            let bits = protection.bits_for(region.numbers());
            assert!(*bits.end() < protection.bits, "{} {}", part.name, region.name);
        }
    }
}

/// Base and size of one-time-programmable memory as the CMSIS headers have them: FLASH_OTP_BASE and FLASH_OTP_END or
/// FLASH_OTP_SIZE, OTP_BASE and OTP_SIZE, OTP_AREA_BASE. Where a header counts lock bytes in, its size less those.
const CMSIS_OTP: [(&str, u32, u32); 15] = [
    ("STM32F2", 0x1FFF_7800, 512),   // stm32f205xx.h:829
    ("STM32F4", 0x1FFF_7800, 512),   // stm32f429xx.h:1038
    ("STM32F72", 0x1FF0_7800, 512),  // stm32f722xx.h:930
    ("STM32F73", 0x1FF0_7800, 512),  // stm32f722xx.h:930
    ("STM32F74", 0x1FF0_F000, 1024), // stm32f746xx.h:1140
    ("STM32F75", 0x1FF0_F000, 1024), // stm32f746xx.h:1140
    ("STM32F76", 0x1FF0_F000, 1024), // stm32f767xx.h:1303
    ("STM32F77", 0x1FF0_F000, 1024), // stm32f767xx.h:1303
    ("STM32H5", 0x08FF_F000, 2048),  // stm32h563xx.h:2110
    ("STM32H7A", 0x08FF_F000, 1024), // stm32h7a3xx.h:1973
    ("STM32L5", 0x0BFA_0000, 512),   // stm32l552xx.h:1689
    ("STM32U0", 0x1FFF_6800, 1024),  // stm32u083xx.h:834
    ("STM32U5", 0x0BFA_0000, 512),   // stm32u575xx.h:2000
    ("STM32WBA5", 0x0BF9_0000, 512), // stm32wba52xx.h:1003
    ("STM32WL", 0x1FFF_7000, 1024),  // stm32wle5xx.h:776
];

#[test]
fn otp_as_in_cmsis() {
    for (prefix, base, size) in CMSIS_OTP {
        for part in line(prefix) {
            let otp = part.otp.as_ref().unwrap();
            assert_eq!((otp.base, otp.size), (base, size), "{}", part.name);
        }
    }
    for prefix in ["STM32F0", "STM32F1", "STM32F3", "STM32L0", "STM32L1", "STM32H74", "STM32H72"] {
        assert!(line(prefix).iter().all(|part| part.otp.as_ref().is_some_and(|otp| otp.size == 0)), "{prefix}");
    }
    // 16 blocks of 64 bytes, then a lock byte each: CMSIS-F7 stm32f746xx.h:1140-1141.
    let otp = part("STM32F746VG").otp.unwrap();
    assert_eq!((otp.blocks(), otp.lock), (Some(16), Some(Lock::Bytes(0x1FF0_F400))));
}

/// What the imported data has otherwise than the facts, or not at all.
fn disagreements(part: &Part) -> BTreeSet<Corrected> {
    let mut found = BTreeSet::new();
    let region = part.modes.iter().flat_map(|mode| &mode.regions).next();
    let unit = region.and_then(|region| region.program_unit.as_ref()).map(|unit| unit.value);
    if unit.is_some() && part.upstream.write != unit {
        found.insert(Corrected::ProgramUnit);
    }
    let erased = region.and_then(|region| region.erased.as_ref()).map(|erased| erased.value);
    if erased.is_some() && part.upstream.erased != erased {
        found.insert(Corrected::Erased);
    }
    let otp = part.otp.as_ref().map(|otp| (otp.size > 0).then_some((otp.base, otp.size)));
    if otp.is_some_and(|otp| otp != part.upstream.otp) {
        found.insert(Corrected::Otp);
    }
    found
}

#[test]
fn each_error_of_the_imported_data_is_corrected_and_no_other() {
    let mut seen: BTreeMap<Corrected, usize> = BTreeMap::new();
    for part in parts() {
        let corrected: BTreeSet<Corrected> = part.corrections.iter().map(|correction| correction.of).collect();
        assert_eq!(corrected.len(), part.corrections.len(), "{}: corrected twice", part.name);
        let maps = [Corrected::Regions, Corrected::Modes];
        let values: BTreeSet<Corrected> = corrected.iter().copied().filter(|of| !maps.contains(of)).collect();
        assert_eq!(disagreements(&part), values, "{}", part.name);
        let is_own = |citation: &Citation| !citation.source.starts_with("embassy-rs/stm32-data-generated");
        let with_flash = part.modes.iter().filter(|mode| !mode.regions.is_empty());
        let own = with_flash.filter(|mode| mode.regions.iter().all(|region| is_own(&region.sectors_from)));
        assert_eq!(own.count(), corrected.iter().filter(|of| maps.contains(of)).count(), "{}", part.name);
        for of in corrected {
            *seen.entry(of).or_default() += 1;
        }
    }
    assert_eq!(seen.len(), 5, "{seen:?}");
}

#[test]
fn known_errors_of_the_imported_data() {
    // CMSIS-F7 stm32f746xx.h:1140; the imported data has 0x08FF_F000.
    assert_eq!(part("STM32F746VG").otp.unwrap().base, 0x1FF0_F000);
    // Missing there: CMSIS-F7 stm32f767xx.h:1303.
    assert_eq!(part("STM32F767ZI").otp.unwrap().base, 0x1FF0_F000);
    // CMSIS-H7 stm32h7a3xx.h:8627: a flash word of 4 words; the imported data has 8.
    assert_eq!(part("STM32H7A3ZI").modes[0].regions[0].unit(), Some(16));
    // CMSIS-F7 stm32f767xx.h:7892: 12 bits; another register database has 8.
    assert_eq!(part("STM32F767ZI").modes[0].regions[0].write_protection.as_ref().unwrap().bits, 12);
    // openocd stm32l4x.c:2237-2261: banks without a hole; the imported data has 0x0820_0000.
    let dual = part("STM32U5F9ZI").mode(|_| Some(1)).unwrap().clone();
    assert_eq!(dual.regions[1].base, 0x0810_0000);
    assert_eq!(part("STM32WB15CC").modes[0].regions[0].erased.as_ref().unwrap().value, 0xFF);
}

#[test]
fn the_one_mebibyte_f767_with_two_banks() {
    let part = part("STM32F767ZGT6");
    let mode = part.mode(|name| (name == "nDBANK").then_some(0)).unwrap();
    let [bank1, bank2] = mode.regions.as_slice() else { panic!() };
    assert_eq!((bank1.numbers(), bank2.numbers()), (0..=7, 12..=19));
    let expected = [
        (12, 0x0808_0000),
        (13, 0x0808_4000),
        (14, 0x0808_8000),
        (15, 0x0808_C000),
        (16, 0x0809_0000),
        (17, 0x080A_0000),
        (18, 0x080C_0000),
        (19, 0x080E_0000),
    ];
    let found: Vec<(u32, u32)> = bank2.sectors().map(|sector| (sector.number, sector.address)).collect();
    assert_eq!(found, expected);
    assert_eq!(bank2.write_protection, None);
    assert!(mode.holes().is_empty());
}

#[test]
fn holes_between_banks() {
    let hole = |name: &str| {
        let holes = part(name).modes.last().unwrap().holes();
        assert_eq!(holes.len(), 1, "{name}");
        holes[0].clone()
    };
    // openocd stm32h7x.c:938-950, zephyr flash_stm32h7x.c DISCONTINUOUS_BANKS.
    assert_eq!(hole("STM32H743ZG"), 0x0808_0000..0x0810_0000);
    // openocd stm32l4x.c:2182-2185.
    assert_eq!(hole("STM32G474RC"), 0x0802_0000..0x0804_0000);
    assert_eq!(hole("STM32G474RB"), 0x0801_0000..0x0804_0000);
    // openocd stm32l4x.c:2114-2261: none on L4, L4+, G0, U5.
    for prefix in ["STM32L4", "STM32G0", "STM32U5", "STM32F", "STM32U3"] {
        for part in line(prefix) {
            assert!(part.modes.iter().all(|mode| mode.holes().is_empty()), "{}", part.name);
        }
    }
}

#[test]
fn numbers_without_evidence_are_not_the_manuals() {
    let mode = part("STM32L476RG").modes[0].clone();
    let [bank1, bank2] = mode.regions.as_slice() else { panic!() };
    assert!(bank1.numbers.is_some() && bank2.numbers.is_none());
    assert_eq!(bank2.numbers(), 0..=255);
    // HAL-H7 stm32h7xx_hal_flash_ex.c:1194-1217: from 0 in each bank.
    let mode = part("STM32H753ZI").modes[0].clone();
    assert!(mode.regions.iter().all(|region| region.numbers.is_some() && region.numbers() == (0..=7)));
}

#[test]
fn vector_tables() {
    // CMSIS headers, IRQn_Type: the last interrupt of the STM32L151CB is 44, of the STM32F767ZI 109.
    for (name, alignment) in [("STM32L151CB", 256), ("STM32F767ZI", 512), ("STM32H753ZI", 1024), ("STM32F746VG", 512)] {
        assert_eq!(part(name).vector_table.alignment(), alignment, "{name}");
    }
}

/// Every citation of a part.
fn citations(part: &Part) -> Vec<&Citation> {
    let regions = part.modes.iter().flat_map(|mode| &mode.regions);
    let facts = regions.flat_map(|region| {
        [
            Some(&region.sectors_from),
            region.program_unit.as_ref().map(|fact| &fact.citation),
            region.ecc.as_ref().map(|fact| &fact.citation),
            region.erased.as_ref().map(|fact| &fact.citation),
            region.rewrite.as_ref().map(|fact| &fact.citation),
            region.read_while_write.as_ref().map(|fact| &fact.citation),
            region.numbers.as_ref(),
            region.write_protection.as_ref().map(|protection| &protection.citation),
            region.page_protection.as_ref().map(|protection| &protection.citation),
        ]
    });
    let own = [
        Some(&part.vector_table.citation),
        part.otp.as_ref().map(|otp| &otp.citation),
        part.swap.as_ref().map(|fact| &fact.citation),
        part.erase_selector.as_ref().map(|fact| &fact.citation),
    ];
    let mut all: Vec<&Citation> = facts.chain(own).flatten().collect();
    all.extend(part.modes.iter().map(|mode| &mode.citation));
    all.extend(part.options.iter().map(|option| &option.citation));
    all.extend(part.windows.iter().map(|window| &window.citation));
    all.extend(part.aliases.iter().map(|alias| &alias.citation));
    all.extend(part.ram.iter().chain(&part.eeprom).map(|block| &block.citation));
    all.extend(part.corrections.iter().map(|correction| &correction.citation));
    all
}

#[test]
fn every_statement_has_a_source_that_can_be_looked_up() {
    let abbreviations = ["SGEN", "OOCD", "ZEPH", "WOLF", "CMSIS-", "HAL-", "CubeF", "CubeH", "pack "];
    let check = |citation: &Citation, sources: &[(String, String)], of: &str| {
        let Citation { source, evidence, .. } = citation;
        assert!(source.len() >= "SGEN".len(), "{of}: {citation:?}");
        assert_ne!(*evidence, Evidence::Unverified, "{of}: what is not to be relied on is left out");
        for word in source.split([' ', ';', ',', '(']).filter(|word| !word.is_empty()) {
            let starts = |abbreviation: &&str| format!("{word} ").starts_with(*abbreviation);
            assert!(
                !abbreviations.iter().any(starts) || sources.iter().any(|(name, _)| name == word),
                "{of}: what is {word}?"
            );
        }
    };
    for part in parts() {
        citations(&part).into_iter().for_each(|citation| check(citation, &part.sources, &part.name));
    }
    for memory in geometry::memories().unwrap() {
        check(&memory.citation, &memory.sources, &memory.name);
    }
}

#[test]
fn external_memories() {
    let sizes = [
        ("MT28EW256ABA", 32 * M),
        ("W25Q16", 2 * M),
        ("W25Q128", 16 * M),
        ("W25Q256", 32 * M),
        ("N25Q128", 16 * M),
        ("MT25QL512", 64 * M),
        ("MX25L51245G", 64 * M),
        ("MX25LM51245G", 64 * M),
    ];
    for (name, size) in sizes {
        let memory = geometry::memory(name).unwrap();
        assert_eq!((memory.region.size(), memory.region.base), (size, 0), "{name}");
        assert_eq!(memory.region.runs[0].size, memory.erase_sizes[0], "{name}");
        assert_eq!(memory.region.ecc, None, "{name}");
    }
    // Macronix's MX25L512 has 512 Kbit (openocd spi.c), and a W25Q161 is no W25Q16.
    assert!(geometry::memory("MX25L512").is_err() && geometry::memory("W25Q161").is_err());
    assert_eq!(geometry::memory("w25q128jvsiq").unwrap().name, "W25Q128");
    // The two offsets at which HAL-H7 stm32h7xx_hal_nor.c:134-138 writes with a bus of 16 bits.
    assert_eq!(geometry::memory("MT28EW256ABA1LPC").unwrap().command_offsets, [0x555 << 1, 0x2AA << 1]);
    assert!(
        matches!(geometry::memory("W25Q12"), Err(geometry::LookupError::Unknown { nearest }) if nearest[0] == "W25Q128")
    );
}
