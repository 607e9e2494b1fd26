//! `waxseal new`.

use waxseal_tests::{Project, elf};

use crate::empty;

/// Fills in what only a person knows.
fn decide(project: &Project, name: &str) {
    project.edit(name, "vendor = \"\"", "vendor = \"acme.example\"");
    project.edit(name, "class  = \"\"", "class  = \"gateway\"");
}

#[test]
fn a_manifest_that_lacks_what_only_a_person_knows() {
    let project = empty();
    let run = project.waxseal("new --part STM32F767ZIT6 --mode nDBANK=0 -o m.toml").exits(0);
    run.says(&["m.toml: fill in `vendor` and `class`", "waxseal key new keys/release", "waxseal check m.toml"]);
    // Its paths start from its folder.
    let run = project.waxseal("new --part STM32F767ZIT6 --mode nDBANK=0 -o boards/m.toml").exits(0);
    run.says(&["waxseal key new boards/keys/release", "waxseal check boards/m.toml"]);
    project.waxseal("check m.toml").exits(1).says(&[
        "`vendor` must be",
        "`class` must be",
        "m.toml: 2 errors, 0 warnings",
    ]);
    decide(&project, "m.toml");
    project.waxseal("check m.toml").exits(0).says(&["build/app-a.elf is not there yet", "0 errors, 0 warnings"]);
}

/// From a part's name to sealed images, by following what is said.
#[test]
fn it_leads_to_sealed_images() {
    let project = empty();
    let text = project.waxseal("new --part STM32F767ZI --mode nDBANK=1").exits(0).stdout;
    project.write("m.toml", text);
    decide(&project, "m.toml");
    project.waxseal("key new keys/release").exits(0);
    let map = project.waxseal("map m.toml --format json").exits(0).json();
    for row in map["result"]["regions"][0]["rows"].as_array().unwrap() {
        if let Some(name @ ("a" | "b")) = row["name"].as_str() {
            let code = u32::try_from(row["address"].as_u64().unwrap()).unwrap() + 1024;
            project.write(&format!("build/app-{name}.elf"), elf::firmware(code, 4000));
        }
    }
    project.waxseal("build m.toml --key keys/release.pem --out out").exits(0);
    let files = project.list("out");
    assert!(["app.a.bin", "app.b.bin"].iter().all(|name| files.iter().any(|file| file == name)), "{files:?}");
}

#[test]
fn what_is_not_known_is_asked_for() {
    let project = empty();
    project.waxseal("new --part STM32F767ZI").exits(2).says(&[
        "2 sector maps",
        "--mode nDBANK=0: ",
        "--mode nDBANK=1: ",
    ]);
    project.waxseal("new --part STM32F767ZI --mode nDBANK=2").exits(2).says(&["no such mode"]);
    project.waxseal("new --part STM32F767ZI --mode DBANK=1").exits(2).says(&["`DBANK` selects no mode"]);
    project.waxseal("new --part STM32F767ZJ").exits(2).says(&["nearest: ", "STM32F767ZI"]);
    let small = project.waxseal("new --part STM32F030F4").exits(1);
    assert_eq!(small.says(&["no room for a boot loader and two equal slots"]).stdout, "");
    project.write("m.toml", "mine");
    project.waxseal("new --part STM32F767ZI --mode nDBANK=0 -o m.toml").exits(4).says(&["exists already"]);
    assert_eq!(project.read("m.toml"), b"mine");
}

/// A part of which no option byte is known that a board should have: nothing is said of them.
#[test]
fn the_map_of_a_part_without_known_option_bytes() {
    let project = empty();
    project.waxseal("new --part STM32L476RG -o m.toml").exits(0);
    decide(&project, "m.toml");
    for line in ["map m.toml", "map m.toml --svg -"] {
        let map = project.waxseal(line).exits(0).stdout;
        assert!(map.contains("0x0808_A000") && !map.contains("option bytes"), "{map}");
    }
}

#[test]
fn a_part_whose_flash_is_unproven_is_refused() {
    let run = empty().waxseal("new --part STM32WBA62CI").exits(1);
    run.says(&["STM32WBA62CI: it is unproven how", "waxseal explain WX"]);
}

/// On an STM32WB the last pages are the radio firmware's, and a board says from which on: no slot lies there, no stack in the RAM that
/// the radio has a share of, and a board whose border is elsewhere is no board of this manifest.
#[test]
fn flash_and_ram_of_a_radio_are_left_alone() {
    let project = empty();
    project.waxseal("new --part STM32WB55RG").exits(2).says(&[
        "nothing says where the flash of its second core, the radio's, begins",
        "--mode SFSA=N: the first of sectors 0 to 255 that is the radio's",
        "-ob displ",
    ]);
    project.waxseal("new --part STM32WB55RG --mode SFSA=300").exits(1);
    project.waxseal("new --part STM32WB55RG --mode SFSA=203 -o m.toml").exits(0);
    decide(&project, "m.toml");
    project.waxseal("check m.toml").exits(0);
    let text = String::from_utf8(project.read("m.toml")).unwrap();
    // 193 pages of 4K behind the boot loader's ten: two slots of 96.
    for line in ["options.SFSA = 203 ", "sectors = \"10-105\"", "sectors = \"106-201\""] {
        assert!(text.contains(line), "{line} is missing in\n{text}");
    }
    let linker = project.waxseal("gen linker m.toml --slot a").exits(0);
    linker.says(&["RAM: SRAM. ", "RAM   : ORIGIN = 0x20000000, LENGTH = 196608"]);
    assert!(!project.waxseal("gen option-bytes m.toml").exits(0).stdout.contains("SFSA"));
    project.write("board.txt", "SFSA=0xC0\n");
    project.waxseal("preflight m.toml --option-bytes board.txt").exits(1).says(&[
        "sector 203",
        "from sector 192 on flash is the radio's",
        "SFSA is written by the installer of the radio's firmware (FUS), not by hand",
    ]);
    project.write("board.txt", "SFSA=0xCB\n");
    project.waxseal("preflight m.toml --option-bytes board.txt").exits(0);
}
