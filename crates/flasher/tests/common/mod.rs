//! What the tests share: a manifest with its release, a board's records, and runs of procedures on simulated boards.
#![allow(clippy::unwrap_used, dead_code)]

use std::fs;
use std::path::Path;

use dfuse::{Board, Fault};
use flasher::{Comparison, Connected, Procedure, Purpose, Verdict, identify, judge};
use manifest::{Plan, Source};
use packer::build::{Input, Wanted, build};
use packer::{PrivateKey, PublicKey};
use provision::{Inputs, Records, Secrets};
use report::verify::{Authority, Question, Reader};
use waxseal_tests::elf::firmware;
use waxseal_tests::{CODE_A, CODE_B};
use zeroize::Zeroizing;

/// The board of `good_minimal.toml` and of r1b.
pub const F767: &str = "STM32F767ZI,nDBANK=0,nDBOOT=1,BOOT_ADD0=0x2000,BOOT_ADD1=0x0040,nWRP=0xFFF,RDP=0";
/// The board of r3.
pub const F746: &str = "STM32F746VG,nWRP=0xFF,RDP=0";

pub fn plan(path: &str) -> Plan {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").join(path);
    let text = fs::read_to_string(&path).unwrap();
    let checked = manifest::check(&[Source { name: "board.toml".into(), text }]);
    checked.plan.unwrap_or_else(|| panic!("{:?}", checked.diagnostics))
}

pub fn key() -> PrivateKey {
    PrivateKey::from_seed(&[7; 32])
}

/// A release of the minimal manifest, whose images have so many bytes of payload.
pub fn release(plan: &Plan, sizes: [u32; 2]) -> Vec<u8> {
    let files = [firmware(CODE_A, sizes[0]), firmware(CODE_B, sizes[1])];
    let input = |slot, bytes| Input { image: "app", slot, name: "app.elf", bytes };
    let inputs = [input("a", &files[0]), input("b", &files[1])];
    let built = build(plan, &inputs, &[key().public()], &[key()], Wanted::ALL).unwrap();
    built.release_parts().concat()
}

pub fn question<'a>(plan: &'a Plan, public: PublicKey) -> Question<'a> {
    Question {
        reader: Reader::Command,
        name: "gateway.release".to_owned(),
        authority: Authority::Manifest { name: "board.toml", plan, public: vec![public] },
        slot: None,
        dump: false,
        revision: None,
        companions: Vec::new(),
        date: None,
        without: Vec::new(),
    }
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
