//! Simulated boards: what every part says of itself, and what becomes of option bytes, locks and files.

use dfuse::{Board, BoardError, Chip, Memory as _, MemoryMap, Operation, StatusCode};

fn board(text: &str) -> Board {
    text.parse().unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// Every part in each of its modes names exactly the sectors that the database has.
#[test]
fn every_part_names_its_own_sectors() {
    let mut modes = 0;
    for part in geometry::parts().expect("the database") {
        for mode in part.modes.iter().filter(|mode| !mode.regions.is_empty()) {
            let chip = Chip::new(&part.name, &mode.selectors).expect(&part.name);
            let name = chip.alternates().remove(0);
            let map: MemoryMap = name.parse().expect(&name);
            let sectors: Vec<_> = mode.regions.iter().flat_map(|region| region.sectors()).collect();
            for sector in &sectors {
                let range = sector.range();
                let found = map.sector(sector.address).map(|(found, _)| found);
                assert_eq!(found, Some(range.start.into()..range.end.into()), "{}: {name}", part.name);
            }
            let count: u32 = map.runs.iter().map(|run| run.count).sum();
            assert_eq!(count as usize, sectors.len(), "{}: {name}", part.name);
            modes += 1;
        }
    }
    assert!(modes > 1600, "{modes}");
}

#[test]
fn a_board_is_kept_in_a_file() {
    let mut first = board("STM32F767ZI,nDBANK=0,serial=A1");
    first.memory.put(0x0800_1234, &[1, 2, 3]);
    first.memory.program(0x1FF0_F000, &[0x12]).expect("blank");
    first.memory.erase(0x0802_0000..0x0804_0000).expect("a sector");
    let file = first.save();
    let second = Board::load(&file).expect("a board");
    assert_eq!(second.save(), file);
    assert_eq!((second.serial(), second.memory.log.len()), ("A1", 2));
    assert_eq!(second.memory.content(&(0x0800_1234..0x0800_1237)).as_deref(), Some(&[1, 2, 3][..]));
    for broken in [&file[..100], &file[..file.len() - 1], b"", b"waxseal simulated board 2\ncontent\n"] {
        assert!(Board::load(broken).is_err());
    }
    for text in ["STM32F767ZI", "STM32F767ZI,nDBANK", "STM32F746VG,nDBANK=0", "AT91", ""] {
        let error = text.parse::<Board>().err();
        assert_eq!(error.is_some(), text != "STM32F767ZI", "{text}: {error:?}");
    }
    assert!(matches!("STM32F746VG,nDBANK=0".parse::<Board>(), Err(BoardError::Option(..))));
}

/// Writing option bytes resets the device; read protection then hides everything, and lifting it erases the flash alone.
#[test]
fn option_bytes_and_read_protection() {
    let chip = &mut board("STM32F746VG").memory;
    chip.put(0x0800_0000, &[7]);
    chip.program(0x1FF0_F000, &[0x12]).expect("blank");
    assert!(chip.resets(0x1FFF_0000) && !chip.resets(0x0800_0000));
    let level = chip.part.store_options(|name| (name == "RDP").then_some(1));
    let word = level.get(&0x1FFF_0000).expect("stored there");
    chip.program(0x1FFF_0000, &word.to_le_bytes()).expect("option bytes");
    let mut byte = [0];
    assert_eq!(chip.read(0x0800_0000, &mut byte), Err(StatusCode::VENDOR));
    assert_eq!(chip.program(0x0800_0000, &[0]), Err(StatusCode::VENDOR));
    chip.unprotect();
    chip.read(0x0800_0000, &mut byte).expect("open");
    assert_eq!(byte, [0xFF], "erased");
    chip.read(0x1FF0_F000, &mut byte).expect("open");
    assert_eq!(byte, [0x12], "for ever");
    assert!(chip.log.ends_with(&[Operation::Options, Operation::Unprotected]));
}

/// A word whose complement disagrees is no option byte: the chip keeps what it had.
#[test]
fn option_bytes_need_their_complement() {
    let chip = &mut board("STM32F767ZI,nDBANK=1").memory;
    chip.program(0x1FFF_0008, &0x0000_DFFF_u32.to_le_bytes()).expect("written");
    assert!(chip.options().any(|option| option == ("nDBANK", 1)));
    chip.program(0x1FFF_0008, &0x2000_DFFF_u32.to_le_bytes()).expect("written");
    assert!(chip.options().any(|option| option == ("nDBANK", 0)), "two banks from now on");
    assert_eq!(chip.mode().map(|mode| mode.regions.len()), Some(2));
}

/// A locked block stays, its neighbour does not; a write-protected sector stays without an error.
#[test]
fn locks_and_write_protection() {
    let chip = &mut board("STM32F746VG,nWRP=0xFE").memory;
    chip.program(0x1FF0_F400, &[0x00]).expect("a lock byte");
    chip.program(0x1FF0_F03F, &[0x00, 0x00]).expect("no error");
    assert_eq!(chip.content(&(0x1FF0_F03F..0x1FF0_F041)), Some(vec![0xFF, 0x00]));
    chip.program(0x1FF0_F400, &[0xFF]).expect("no error");
    assert_eq!(chip.content(&(0x1FF0_F400..0x1FF0_F401)), Some(vec![0x00]), "locked for ever");
    chip.put(0x0800_0000, &[0x55]);
    chip.erase(0x0800_0000..0x0800_8000).expect("no error");
    assert_eq!(chip.content(&(0x0800_0000..0x0800_0001)), Some(vec![0x55]));
}
