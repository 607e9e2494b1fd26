//! The STM32F767ZI as its sources give it, each restated here on its own.

#![allow(clippy::unwrap_used)]

use geometry::{Ecc, Mode, Part, Rewrite, Sector};

const K: u32 = 1024;

fn part() -> Part {
    geometry::part("STM32F767ZI").unwrap()
}

fn mode(n_dbank: u32) -> Mode {
    part().mode(|name| (name == "nDBANK").then_some(n_dbank)).unwrap().clone()
}

/// Number, address and size of all sectors.
fn sectors(mode: &Mode) -> Vec<(u32, u32, u32)> {
    mode.regions.iter().flat_map(|region| region.sectors()).map(|s| (s.number, s.address, s.size)).collect()
}

#[test]
fn single_bank_as_in_cubef7() {
    // CubeF7 FLASH_EraseProgram Inc/main.h:63-74, ADDR_FLASH_SECTOR_0 to _11 with nDBANK = 1.
    let expected = [
        (0, 0x0800_0000, 32 * K),
        (1, 0x0800_8000, 32 * K),
        (2, 0x0801_0000, 32 * K),
        (3, 0x0801_8000, 32 * K),
        (4, 0x0802_0000, 128 * K),
        (5, 0x0804_0000, 256 * K),
        (6, 0x0808_0000, 256 * K),
        (7, 0x080C_0000, 256 * K),
        (8, 0x0810_0000, 256 * K),
        (9, 0x0814_0000, 256 * K),
        (10, 0x0818_0000, 256 * K),
        (11, 0x081C_0000, 256 * K),
    ];
    assert_eq!(sectors(&mode(1)), expected);
    assert_eq!(mode(1).summary(), "4x32K, 128K, 7x256K");
}

#[test]
fn dual_bank_as_in_cubef7() {
    // CubeF7 FLASH_EraseProgram Inc/main.h:38-61, ADDR_FLASH_SECTOR_0 to _23 with nDBANK = 0.
    let bank = |base: u32, first: u32| {
        [
            (first, base, 16 * K),
            (first + 1, base + 0x4000, 16 * K),
            (first + 2, base + 0x8000, 16 * K),
            (first + 3, base + 0xC000, 16 * K),
            (first + 4, base + 0x1_0000, 64 * K),
            (first + 5, base + 0x2_0000, 128 * K),
            (first + 6, base + 0x4_0000, 128 * K),
            (first + 7, base + 0x6_0000, 128 * K),
            (first + 8, base + 0x8_0000, 128 * K),
            (first + 9, base + 0xA_0000, 128 * K),
            (first + 10, base + 0xC_0000, 128 * K),
            (first + 11, base + 0xE_0000, 128 * K),
        ]
    };
    assert_eq!(sectors(&mode(0)), [bank(0x0800_0000, 0), bank(0x0810_0000, 12)].concat());
    assert_eq!(mode(0).summary(), "2 x (4x16K, 64K, 7x128K)");
}

#[test]
fn regions_are_whole_and_apart() {
    for mode in part().modes {
        assert_eq!(mode.regions.iter().map(|region| region.size()).sum::<u32>(), 2048 * K);
        let mut end = 0x0800_0000;
        for region in &mode.regions {
            assert_eq!(region.range().start, end, "{}", region.name);
            end = region.range().end;
            assert_eq!(region.program_unit.as_ref().unwrap().value, 4);
            assert_eq!(region.ecc.as_ref().unwrap().value, Ecc::None);
            assert_eq!(region.erased.as_ref().unwrap().value, 0xFF);
            assert_eq!(region.rewrite.as_ref().unwrap().value, Rewrite::ClearBits);
            assert_eq!(region.unit(), Some(4));
        }
        // CMSIS-F7 stm32f767xx.h:1302, FLASH_END 0x081F_FFFF.
        assert_eq!(end, 0x0820_0000);
    }
}

#[test]
fn sectors_by_number_and_address() {
    let mode = mode(0);
    let bank2 = mode.region("bank2").unwrap();
    assert_eq!(bank2.numbers(), 12..=23);
    assert_eq!(bank2.sector(11), None);
    assert_eq!(bank2.sector(17), Some(Sector { number: 17, address: 0x0812_0000, size: 128 * K }));
    assert_eq!(bank2.sector_at(0x081F_FFFF).map(|sector| sector.number), Some(23));
    assert_eq!(mode.region_at(0x0810_0000).map(|region| region.name.as_str()), Some("bank2"));
    assert_eq!(mode.region_at(0x0820_0000), None);
    assert_eq!(mode.region("flash"), None);
}

#[test]
fn a_mode_needs_its_option() {
    let part = part();
    assert_eq!(part.mode_options(), ["nDBANK"]);
    assert_eq!(part.mode(|_| None), None);
    assert_eq!(part.mode(|_| Some(2)), None);
}

#[test]
fn write_protection_per_mode() {
    // HAL-F7 hal_flash_ex.h:353-357 (one bank: bit i, sector i) and :362-401 (two banks: bit i, sectors 2i and 2i+1).
    let single = mode(1).regions[0].write_protection.clone().unwrap();
    assert_eq!((single.bits_for(0..=2), single.sectors_of(0..=2)), (0..=2, 0..=2));
    let dual = mode(0).regions[1].write_protection.clone().unwrap();
    assert_eq!((dual.bits_for(0..=2), dual.sectors_of(0..=1)), (0..=1, 0..=3));
    assert_eq!((dual.bits_for(23..=23), dual.sectors_of(11..=11)), (11..=11, 22..=23));
    assert_eq!(dual.unprotected(), 0xFFF);
}

#[test]
fn option_fields_as_in_cmsis() {
    // CMSIS-F7 stm32f767xx.h: FLASH_OPTCR_nDBANK_Msk 0x2000_0000, FLASH_OPTCR_nDBOOT_Msk 0x1000_0000,
    // FLASH_OPTCR_nWRP_Msk 0x0FFF_0000, FLASH_OPTCR_RDP_Msk 0xFF00, FLASH_OPTCR1_BOOT_ADD1_Msk 0xFFFF_0000.
    let part = part();
    let masks = [
        ("nDBANK", 0x2000_0000),
        ("nDBOOT", 0x1000_0000),
        ("nWRP", 0x0FFF_0000),
        ("RDP", 0xFF00),
        ("BOOT_ADD0", 0xFFFF),
        ("BOOT_ADD1", 0xFFFF_0000),
    ];
    for (name, mask) in masks {
        assert_eq!(part.option(name).unwrap().field.mask(), mask, "{name}");
    }
    assert_eq!(part.option("nDBANK").unwrap().field.place(1), 0x2000_0000);
}

#[test]
fn aliases_stack_and_vector_table() {
    let part = part();
    assert_eq!(part.canonical(0x0020_0000), 0x0800_0000);
    assert_eq!(part.canonical(0x0030_0000), 0x0810_0000);
    assert_eq!(part.canonical(0x0040_0000), 0x0040_0000);
    assert_eq!(part.canonical(0x0800_0000), 0x0800_0000);
    // 126 words are 504 bytes; the table is aligned to the next power of two.
    assert_eq!(part.vector_table.alignment(), 512);
    // 512K from 0x2000_0000 without a gap: DTCM, SRAM1, SRAM2.
    let mut end = 0x2000_0000;
    for ram in part.ram.iter().filter(|ram| ram.base >= 0x2000_0000) {
        assert_eq!(ram.base, end, "{}", ram.name);
        end = ram.range().end;
    }
    assert_eq!(end, 0x2008_0000);
    let at = |address| part.stack_at(address).map(|ram| ram.name.as_str());
    assert_eq!(at(0x2008_0000), Some("SRAM2"));
    assert_eq!(at(0x2002_0000), Some("DTCM"));
    assert_eq!((at(0x2000_0000), at(0x2008_0004)), (None, None));
}
