//! Golden boards of five parts: tests/otp has a manifest and records of each, and what `otp build` and `gen` make of them, byte for
//! byte. `UPDATE_GOLDEN=1` writes them anew: then what they hold is to be checked again, by hand, against what stands below.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use waxseal_tests::{Project, repository};

use crate::empty;

/// PKCS#8 of the key `line`: everybody knows it. Its seed is 32 bytes of 2.
const LINE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC\n\
    -----END PRIVATE KEY-----\n";

/// A part, and what its golden files must hold, checked by hand against the sources that are named.
pub struct Golden {
    /// The folder.
    pub name: &'static str,
    /// The memory's first byte.
    pub base: u32,
    /// Its bytes, without locks.
    pub size: usize,
    /// The first board.
    pub board: &'static str,
    /// The first board's pieces by stage: address and bytes.
    pieces: &'static [(&'static str, &'static [(u32, usize)])],
    /// Lock files by stage: the blocks whose byte is 0x00.
    locks: &'static [(&'static str, &'static [usize])],
}

/// The five. What proves each number:
///
/// - F746: 1024 bytes in 16 blocks of 64 from 0x1FF0_F000, CMSIS-F7 stm32f746xx.h:1140-1141; the lock byte of block n at
///   0x1FF0_F400 + n, OpenOCD stm32f2x.c:122-126. Identity lies in block 0 (0x00 to 0x3F), security in block 1 (0x40 to 0x7F).
/// - F722: 512 bytes in 16 blocks of 32 from 0x1FF0_7800, with 16 lock bytes behind (528 in all), CMSIS-F7 stm32f722xx.h:930-931, so
///   from 0x1FF0_7A00. Identity lies in blocks 0 (0x00 to 0x1F) and 2 (0x40 to 0x4B); calibration in block 3, which stays open.
/// - L476: 1024 bytes from 0x1FFF_7000, units of 8 bytes, no block locks, OpenOCD stm32l4x.c:433-672, HAL-L4 stm32l4xx_hal_flash.h:900.
/// - H7A3: 1024 bytes from 0x08FF_F000 in words of 16 bits, CMSIS-H7 stm32h7a3xx.h:1973-1974; 16 lock bits in OTPBL, :8966-8969: a
///   register, so there is no file.
/// - U575: 512 bytes from 0x0BFA_0000, CMSIS-U5 stm32u575xx.h:2000-2001; units of 16 bytes, half of which loses the cell (ST community
///   742538); no block locks.
///
/// A lock byte is 0x00 or 0xFF and nothing else (PM0059 of the F2, which has the same flash).
pub const PARTS: [Golden; 5] = [
    Golden {
        name: "f746",
        base: 0x1FF0_F000,
        size: 1024,
        board: "WX2511000101",
        pieces: &[("identity", &[(0x1FF0_F000, 64)]), ("security", &[(0x1FF0_F040, 64)])],
        locks: &[("identity", &[0]), ("security", &[1])],
    },
    Golden {
        name: "f722",
        base: 0x1FF0_7800,
        size: 512,
        board: "F7-001",
        pieces: &[("identity", &[(0x1FF0_7800, 32), (0x1FF0_7840, 32)]), ("calibration", &[(0x1FF0_7860, 32)])],
        locks: &[("identity", &[0, 2])],
    },
    Golden {
        name: "l476",
        base: 0x1FFF_7000,
        size: 1024,
        board: "L4-1",
        // 0x18 to 0x47: three times 8 bytes, 16 of the token, and the unit of the sum. Each is whole units.
        pieces: &[("line", &[(0x1FFF_7000, 16), (0x1FFF_7018, 48)]), ("radio", &[(0x1FFF_7048, 8)])],
        locks: &[],
    },
    Golden {
        name: "h7a3",
        base: 0x08FF_F000,
        size: 1024,
        board: "H7-1",
        pieces: &[("line", &[(0x08FF_F000, 22), (0x08FF_F040, 44), (0x08FF_F0A0, 8)])],
        locks: &[],
    },
    Golden {
        name: "u575",
        base: 0x0BFA_0000,
        size: 512,
        board: "U5-000000001",
        pieces: &[("line", &[(0x0BFA_0000, 96)])],
        locks: &[],
    },
];

impl Golden {
    fn folder(&self) -> PathBuf {
        repository().join("tests/otp").join(self.name)
    }

    /// The manifest's file name. The F746's is example r3's.
    pub fn manifest(&self) -> String {
        if self.name == "f746" { "r3.toml".to_owned() } else { format!("{}.toml", self.name) }
    }

    /// Manifest, records, keys and secrets in a folder of their own.
    pub fn project(&self) -> Project {
        let project = empty();
        let r3 = repository().join("examples/r3");
        let inputs = if self.name == "f746" { r3.clone() } else { self.folder() };
        for name in [self.manifest().as_str(), "boards.csv"] {
            project.write(name, fs::read(inputs.join(name)).unwrap());
        }
        for key in ["keys/release.pub.pem", "keys/line.pub.pem"] {
            project.write(key, fs::read(r3.join(key)).unwrap());
        }
        project.write("line.pem", LINE);
        project.write("secrets/L4-1/token", b"0123456789abcdef");
        project.write("secrets/L4-2/token", b"fedcba9876543210");
        project
    }

    /// `otp build` of all stages into `out`.
    pub fn build(&self, project: &Project) {
        let line = "--records boards.csv --secrets secrets --key line.pem --out out";
        project.waxseal(&format!("otp build {} {line}", self.manifest())).exits(0);
    }

    /// The memory of the first board after all stages, with lock bytes behind where there are any.
    pub fn dump(&self, project: &Project) -> Vec<u8> {
        let mut dump = vec![0xFF; self.size];
        for (stage, pieces) in self.pieces {
            for (address, size) in *pieces {
                let at = (address - self.base) as usize;
                dump[at..at + size].copy_from_slice(&project.read(&self.piece(stage, pieces.len(), *address)));
            }
        }
        dump
    }

    fn piece(&self, stage: &str, count: usize, address: u32) -> String {
        let name = if count == 1 { "data.bin".to_owned() } else { format!("data-{address:08X}.bin") };
        format!("out/{stage}/{}/{name}", self.board)
    }
}

/// All files below a folder, by their path in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![folder.to_owned()];
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(&next).into_iter().flatten() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).unwrap().to_str().unwrap().replace('\\', "/");
                found.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    found
}

#[test]
fn boards_of_five_parts_byte_for_byte() {
    for golden in &PARTS {
        let project = golden.project();
        golden.build(&project);
        let mut made = files(&project.path("out"));
        made = made.into_iter().map(|(name, bytes)| (format!("out/{name}"), bytes)).collect();
        made.insert("dump.bin".to_owned(), golden.dump(&project));
        for (language, file) in [("c", "otp.h"), ("rust", "otp.rs")] {
            let run = project.waxseal(&format!("gen otp-{language} {}", golden.manifest())).exits(0);
            made.insert(file.to_owned(), run.stdout.into_bytes());
        }
        if std::env::var_os("UPDATE_GOLDEN").is_some() {
            let _ = fs::remove_dir_all(golden.folder().join("out"));
            for (name, bytes) in &made {
                let path = golden.folder().join(name);
                fs::create_dir_all(path.parent().unwrap()).unwrap();
                fs::write(path, bytes).unwrap();
            }
        }
        let mut wanted = files(&golden.folder());
        wanted.retain(|name, _| name != "boards.csv" && *name != golden.manifest());
        let names = |files: &BTreeMap<String, Vec<u8>>| files.keys().cloned().collect::<Vec<_>>();
        assert_eq!(names(&made), names(&wanted), "{}", golden.name);
        for (name, bytes) in &wanted {
            assert!(made[name] == *bytes, "{}/{name} is not what is made: UPDATE_GOLDEN=1 writes it", golden.name);
        }
    }
}

/// Addresses, sizes and lock bytes as the facts above have them.
#[test]
fn pieces_and_locks_as_the_hardware_has_them() {
    for golden in &PARTS {
        let out = files(&golden.folder().join("out"));
        for (stage, pieces) in golden.pieces {
            for (address, size) in *pieces {
                let file = golden.piece(stage, pieces.len(), *address);
                assert_eq!(out[file.strip_prefix("out/").unwrap()].len(), *size, "{file}");
                let sheet = String::from_utf8(out[&format!("{stage}/sheet.txt")].clone()).unwrap();
                let line = format!("-w {} 0x{address:08X} -v\n", file.strip_prefix(&format!("out/{stage}/")).unwrap());
                assert!(sheet.contains(&line), "{line}{sheet}");
            }
        }
        let locks: BTreeMap<&String, &Vec<u8>> = out.iter().filter(|(name, _)| name.ends_with("lock.bin")).collect();
        let wanted = golden.locks.iter().map(|(_, blocks)| usize::from(!blocks.is_empty())).sum::<usize>();
        // Two boards each, three of the F746.
        let boards = if golden.name == "f746" { 3 } else { 2 };
        assert_eq!(locks.len(), wanted * boards, "{}", golden.name);
        for (stage, blocks) in golden.locks {
            let expected: Vec<u8> = (0..16).map(|block| if blocks.contains(&block) { 0x00 } else { 0xFF }).collect();
            let of_stage = locks.iter().filter(|(name, _)| name.starts_with(stage));
            of_stage.for_each(|(name, bytes)| assert_eq!(**bytes, expected, "{}/{name}", golden.name));
        }
    }
    // The lock of the H7A3 is a register's, and the sheet leaves it to people.
    let sheet = fs::read_to_string(repository().join("tests/otp/h7a3/out/line/sheet.txt")).unwrap();
    assert!(sheet.contains("bits of a register, which no tool is known to set"), "{sheet}");
}

/// Values by hand: what the records say, as the specification encodes it.
#[test]
fn bytes_by_hand() {
    let dump = |name: &str| fs::read(repository().join("tests/otp").join(name).join("dump.bin")).unwrap();
    let f722 = dump("f722");
    assert_eq!(f722[..12], *b"F7-001\0\0\0\0\x01\x01");
    assert_eq!(
        f722[0x10..0x20],
        [0x6B, 0xA7, 0xB8, 0x10, 0x9D, 0xAD, 0x11, 0xD1, 0x80, 0xB4, 0, 0xC0, 0x4F, 0xD4, 0x30, 0xC8]
    );
    assert_eq!(f722[0x40..0x4C], [0x78, 0x56, 0x34, 0x12].repeat(3));
    assert_eq!(f722[0x60..0x76], [[1, 0, 2, 0, 0xFF, 0xFF].as_slice(), &[0; 8], &[0xFF; 8]].concat());
    assert_eq!(f722[0x7C..0x80], sum(&[&f722[0x40..0x44], &f722[0x66..0x6E], &f722[0x60..0x66]]));
    let l476 = dump("l476");
    assert_eq!(l476[..16], *b"L4-1\0\0\0\0\0\0\0\0\0\0\x01\0");
    assert_eq!(l476[0x18..0x40], [&[0xE8, 3, 0, 0, 0, 0, 0, 0].repeat(3), b"0123456789abcdef".as_slice()].concat());
    assert_eq!(l476[0x40..0x44], sum(&[&l476[..14], &l476[14..16], &l476[0x30..0x40]]));
    assert_eq!(l476[0x44..0x50], [0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0x5E, 0, 0x53, 0, 0, 0x10]);
    let h7a3 = dump("h7a3");
    assert_eq!(h7a3[..0x16], *b"H7-1\0\0\0\0\0\x02B\0\0\0\xEA\x07\x0B\x13\xEA\x07\x0B\x14");
    assert_eq!(h7a3[0x60..0x6C], [1, 0, 1, 2].repeat(3));
    let crc = sum(&[&h7a3[0x60..0x64], &h7a3[..9], &h7a3[9..10], &h7a3[10..14], &h7a3[0x40..0x60]]);
    assert_eq!(h7a3[0xA0..0xA8], [crc, crc.map(|byte| !byte)].concat());
    let u575 = dump("u575");
    assert_eq!(u575[..12], *b"U5-000000001");
    assert_eq!(u575[12..16], sum(&[&u575[..12]]));
    assert_eq!(u575[0x50..0x60], [2, 0, 0, 0, 0x5E, 0, 0x53, 1, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF]);
    let complement: Vec<u8> = u575[0x10..0x30].iter().map(|byte| !byte).collect();
    assert_eq!(u575[0x30..0x50], complement);
}

fn sum(parts: &[&[u8]]) -> [u8; 4] {
    image_format::crc::crc32(&parts.concat()).to_le_bytes()
}
