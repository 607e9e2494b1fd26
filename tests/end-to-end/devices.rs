//! `waxseal devices`: every order code, one part with its facts, and what is said of names that do not exist.

use serde_json::Value;
use waxseal_tests::Run;

use crate::empty;

fn devices(line: &str) -> Run {
    empty().waxseal(&format!("devices {line}"))
}

fn json(line: &str) -> Value {
    devices(&format!("{line} --format json")).exits(0).json()["result"].clone()
}

#[test]
fn all_order_codes_one_line_each() {
    let run = devices("").exits(0);
    let parts: Vec<&str> = run.stdout.lines().filter(|line| line.starts_with("STM32")).collect();
    assert_eq!(parts.len(), 1616);
    assert!(parts.contains(&"STM32F746VG         1M  4x32K, 128K, 3x256K"), "{}", parts[0]);
    assert!(run.stdout.ends_with("10 external memories\n"));
    assert_eq!(json("")["parts"].as_array().unwrap().len(), 1616);
}

#[test]
fn part_of_a_name() {
    let names = |line: &str| -> Vec<String> {
        let run = devices(line).exits(0);
        let lines = run.stdout.lines().filter(|line| line.starts_with("STM32"));
        lines.map(|line| line.split(' ').next().unwrap().to_owned()).collect()
    };
    assert_eq!(names("f767?g"), ["STM32F767BG", "STM32F767IG", "STM32F767NG", "STM32F767VG", "STM32F767ZG"]);
    assert_eq!(names("l151cb"), ["STM32L151CB", "STM32L151CB-A"]);
}

#[test]
fn the_one_mebibyte_part_with_two_banks() {
    let run = devices("STM32F767ZGT6 --mode nDBANK=0").exits(0);
    assert!(run.stdout.contains("bank2: 0x0808_0000 to 0x080F_FFFF, 512K\n           12  0x0808_0000    16K"));
    assert!(run.stdout.contains("19  0x080E_0000   128K"));
    assert!(run.stdout.contains("unproven: what write protection covers"));
    assert!(!run.stdout.contains("single bank"));
}

#[test]
fn otp_of_the_f746_and_its_correction() {
    let result = json("STM32F746VG");
    assert_eq!(result["otp"]["base"], 0x1FF0_F000);
    assert_eq!(result["otp"]["block"], 64);
    let corrections = result["corrections"].as_array().unwrap();
    assert!(corrections.iter().any(|it| it["of"] == "OTP" && it["upstream"] == "0x08FF_F000, 2048 bytes"));
}

#[test]
fn what_is_unproven_is_null() {
    let result = json("STM32U083RC");
    let fact = |name: &str| {
        let facts = result["facts"].as_array().unwrap();
        facts.iter().find(|fact| fact["name"] == name).unwrap()["value"].clone()
    };
    assert_eq!((fact("program unit"), fact("ECC")), (Value::from("8 bytes"), Value::Null));
    assert_eq!(json("STM32L476RG")["modes"][0]["regions"][1]["sector_numbers_proven"], false);
}

#[test]
fn external_memories() {
    let run = devices("MT28EW256ABA").exits(0);
    assert!(run.stdout.contains("0x0AAA and 0x0554"), "{}", run.stdout);
    assert_eq!(json("w25q128jvsiq")["region"]["size"], 16 << 20);
}

#[test]
fn names_that_do_not_exist() {
    devices("STM32F767ZX").exits(1).says(&["`STM32F767ZX`", "nearest: STM32F767ZG, STM32F767ZI"]);
    devices("STM32F746VG --mode nDBANK=0").exits(2).says(&["`nDBANK`", "leave --mode out"]);
    devices("STM32F767ZI --mode DBANK=0").exits(2).says(&["`DBANK`", "nDBANK"]);
    devices("STM32F767ZI --mode nDBANK=2").exits(2).says(&["no such mode", "nDBANK = 1; nDBANK = 0"]);
    devices("STM32F767 --mode nDBANK=0").exits(2).says(&["one part"]);
    devices("STM32F767ZI --mode nDBANK").exits(2).says(&["nDBANK=0"]);
}
