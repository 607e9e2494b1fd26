//! What the tests share: a manifest with its release, a board's records, and runs of procedures on simulated boards.
#![allow(clippy::unwrap_used, dead_code)]

use std::fs;
use std::path::Path;

use dfuse::{Board, Fault};
use flasher::{Comparison, Connected, Procedure, Purpose, Verdict, identify, judge};
use manifest::plan::Placement;
use manifest::{Plan, Source};
use packer::build::{Input, Wanted, build};
use packer::{PrivateKey, PublicKey};
use provision::{Inputs, Records, Secrets};
use report::verify::{Authority, Question, Reader};
use waxseal_tests::elf::{Elf, code};
use zeroize::Zeroizing;

/// The board of `good_minimal.toml` and of r1b.
pub const F767: &str = "STM32F767ZI,nDBANK=0,nDBOOT=1,BOOT_ADD0=0x2000,BOOT_ADD1=0x0040,nWRP=0xFFF,RDP=0";
/// The board of r3.
pub const F746: &str = "STM32F746VG,nWRP=0xFF,RDP=0";

pub fn plan(path: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    checked(fs::read_to_string(&path).unwrap())
}

pub fn checked(text: String) -> Plan {
    let checked = manifest::check(&[Source { name: "board.toml".into(), text }]);
    checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

pub fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

/// A release of the manifest's only image, with so many bytes of payload in each of its slots.
pub fn release<const SLOTS: usize>(plan: &Plan, sizes: [u32; SLOTS]) -> Vec<u8> {
    let image = &plan.images[0];
    let stack = plan.device.part.ram[0].range().end.to_le_bytes();
    let firmware = |(placement, size): (&Placement, u32)| {
        let mut code = code(placement.run_address, size);
        code[..4].copy_from_slice(&stack);
        Elf::default().segment(placement.run_address, code).file()
    };
    let files: Vec<_> = image.placements.iter().zip(sizes).map(firmware).collect();
    let slots = image.placements.iter().map(|placement| placement.slot.value.as_str());
    let input = |(slot, bytes)| Input { image: &image.name.value, slot, name: "app.elf", bytes };
    let inputs: Vec<Input<'_>> = slots.zip(files.iter().map(Vec::as_slice)).map(input).collect();
    let built = build(plan, &inputs, &[key().public()], &[key()], Wanted::ALL).unwrap();
    built.release_parts().concat()
}

pub fn question<'a>(plan: &'a Plan, public: PublicKey) -> Question<'a> {
    let authority = Authority::Manifest { name: "board.toml", plan, public: vec![public] };
    Question::of(Reader::Command, "gateway.release".to_owned(), authority)
}

pub fn verdict(plan: &Plan, file: &[u8]) -> Verdict {
    judge(&question(plan, key().public()), file).unwrap()
}

pub fn board(text: &str, faults: &[Fault]) -> Board {
    let mut board: Board = text.parse().unwrap();
    board.set_faults(faults.to_vec());
    board
}

pub fn run<T>(procedure: Procedure<T>, board: &mut Board) -> T {
    procedure.run(board).unwrap()
}

pub fn connect(board: &mut Board) -> Connected {
    run(identify(), board).unwrap()
}

pub fn compare(board: &mut Board, plan: &Plan, purpose: Purpose) -> Comparison {
    connect(board).compare(plan, purpose)
}

struct NoSecrets;

impl Secrets for NoSecrets {
    fn read(&self, _: &str, _: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        Err("no secrets here".to_owned())
    }
}

pub const RECORDS: &str = "serial,revision,made,mac\nWX2511000101,C,2026-11-19,00:00:5E:00:53:00\n";

pub fn records(plan: &Plan) -> provision::Board {
    let keys: Vec<[u8; 32]> = (1..=plan.keys.len()).map(|index| [index as u8; 32]).collect();
    let inputs = Inputs::new(plan, plan.otp.as_ref().unwrap(), &keys, &NoSecrets, &[]);
    provision::boards(&inputs, &Records::parse(RECORDS.as_bytes()).unwrap()).unwrap().remove(0)
}
