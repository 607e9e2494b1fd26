//! `waxseal gen`: constants, option bytes, trust sets.

use std::process::Command;

use image_format::trust::{Role, TrustSet};
use image_format::{Check, Memory, Policy, SoftwareCrypto, verify};
use waxseal_tests::{Run, examples, repository};

use crate::{empty, r1b};

#[test]
fn constants_of_slots_move_with_the_manifest() {
    let project = r1b();
    let rust = project.waxseal("gen rust r1b.toml").exits(0);
    rust.says(&[
        "// Layout of STM32F767ZI, nDBANK=0 nDBOOT=1. Made by `waxseal gen rust r1b.toml`: change the manifest, not this",
        "pub const PART: &str = \"STM32F767ZI\";",
        "pub const SLOT_B_START: u32 = 0x0812_0000;",
        "pub const SLOT_B_RUN: u32 = 0x0812_0400;",
        "pub const SLOT_B_FIRST_SECTOR: u32 = 17;",
        "pub const AREA_COUNTER_SIZE: u32 = 0x0000_8000;",
        "pub const IMAGE_APP_LAYOUT: [u8; 32] = [",
        "pub const OPTION_NWRP: u32 = 0x0000_0FFE;",
    ]);
    let header = project.waxseal("gen c-header r1b.toml").exits(0);
    header.says(&["#define WAXSEAL_SLOT_B_START 0x08120000u", "#define WAXSEAL_IMAGE_APP_LAYOUT_BYTES 32u"]);
    project.edit("r1b.toml", "\"17-23\"", "\"18-23\"");
    project.waxseal("gen rust r1b.toml").exits(0).says(&["pub const SLOT_B_START: u32 = 0x0814_0000;"]);
    project.waxseal("gen c-header r1b.toml").exits(0).says(&["#define WAXSEAL_SLOT_B_START 0x08140000u"]);
}

#[test]
fn a_log_of_states_has_offsets_and_is_drawn() {
    let project = empty();
    project.write("r4.toml", std::fs::read(repository().join("examples/r4/r4.toml")).unwrap());
    let header = project.waxseal("gen c-header r4.toml").exits(0);
    let sizes = ["WAXSEAL_AREA_CHUNKS_LOG_ENTRIES 256u", "WAXSEAL_AREA_CHUNKS_LOG_ENTRY_SIZE 12u"];
    header.says(&sizes).says(&["WAXSEAL_AREA_CHUNKS_LOG_STATE_USED 4u", "WAXSEAL_AREA_CHUNKS_LOG_STATE_DELETED 8u"]);
    project.waxseal("map r4.toml").exits(0).says(&["of the application: log of 256 x (new, used, deleted)"]);
    let note = "`areas.chunks.log`: 3 units of 4 bytes x 256 entries = 3072 of 4096 bytes; 341 entries would fit";
    let check = project.waxseal("check r4.toml --format json").json();
    assert!(check["result"]["notes"].to_string().contains(note), "{check}");
    project.write(
        "in-place.toml",
        std::fs::read(repository().join("tests/manifests/err_states_out_of_order.toml")).unwrap(),
    );
    project.edit("in-place.toml", "0xFFFF_FFFD, 0xFFFF_FFFC", "0xFFFF_FFFC, 0xFFFF_FFF8");
    project
        .waxseal("gen rust in-place.toml")
        .exits(0)
        .says(&["_LOG_ENTRY_SIZE: u32 = 4;", "_LOG_STATE_DELETED: u32 = 0xFFFF_FFF8;"]);
}

#[test]
fn every_example_s_header_compiles() {
    let project = empty();
    for manifest in examples() {
        let name = manifest.display();
        let header = project.run(["gen".as_ref(), "c-header".as_ref(), manifest.as_os_str()]).exits(0);
        project.write("layout.h", header.stdout);
        project
            .write("user.c", "#include \"layout.h\"\nextern const char part[];\nconst char part[] = WAXSEAL_PART;\n");
        for (compiler, arguments) in [("gcc", ["-x", "c", "-std=c99"]), ("g++", ["-x", "c++", "-std=c++17"])] {
            let mut compile = Command::new(compiler);
            compile.current_dir(project.path(".")).args(arguments);
            let run = Run::of(compile.args(["-Wall", "-Wextra", "-Werror", "-pedantic", "-fsyntax-only", "user.c"]));
            assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{compiler}, {name}");
        }
    }
}

#[test]
fn names_that_would_collide_are_refused() {
    let project = r1b();
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    project.write("r1b.toml", manifest.replace("slots.a]", "slots.a-front]").replace("[\"a\", ", "[\"a-front\", "));
    project.edit("r1b.toml", "inputs.a ", "inputs.a-front ");
    project.edit("r1b.toml", "slots.b]", "slots.a]");
    project.edit("r1b.toml", "\"b\"]", "\"a\"]");
    project.edit("r1b.toml", "inputs.b ", "inputs.a ");
    let run = project.waxseal("gen c-header r1b.toml").exits(1);
    run.says(&["two constants would be called SLOT_A_FRONT_SIZE", "rename a slot"]);
}

const OPTION_BYTES: &str = "\
# Option bytes of STM32F767ZI as a board is shipped. Made by `waxseal gen option-bytes r1b.toml`: change the manifest, not this file.
# Before anything is written: whoever changes the sector map makes the flash's content meaningless.
STM32_Programmer_CLI -c port=SWD -ob nDBANK=0 nDBOOT=1 BOOT_ADD0=0x2000 nWRP0=0 nWRP1=1 nWRP2=1 nWRP3=1 nWRP4=1 nWRP5=1 nWRP6=1 nWRP7=1 nWRP8=1 nWRP9=1 nWRP10=1 nWRP11=1
# Last: behind read protection a debugger does not see the others. Going back to level 0 erases the flash.
STM32_Programmer_CLI -c port=SWD -ob RDP=0xBB
";

#[test]
fn option_bytes_in_the_programmer_s_words() {
    let project = r1b();
    assert_eq!(project.waxseal("gen option-bytes r1b.toml").exits(0).stdout, OPTION_BYTES);
    let result = &project.waxseal("gen option-bytes r1b.toml --format json").exits(0).json()["result"];
    assert_eq!(result["option_bytes"]["BOOT_ADD0"], 0x2000);
    assert_eq!(result["settings"][3], "nWRP0=0");
    assert_eq!(result["protection"], "RDP=0xBB");
    assert_eq!(result["by_hand"], serde_json::json!([]));
}

#[test]
fn protected_pages_have_a_first_and_a_last_one() {
    let project = empty();
    let text = project.waxseal("new --part STM32L476RG").exits(0).stdout;
    let text = text.replace("vendor = \"\"", "vendor = \"acme.example\"").replace("class  = \"\"", "class = \"panel\"");
    project.write("m.toml", text.replace("[slots.boot]\n", "[slots.boot]\nwrite-protect = true\n"));
    project.waxseal("gen option-bytes m.toml").exits(0).says(&["-ob WRP1A_STRT=0x0 WRP1A_END=0x13\n"]);
    let none = empty();
    none.write("m.toml", project.waxseal("new --part STM32L152RE").exits(0).stdout.replace("\"\"", "\"x.example\""));
    none.waxseal("gen option-bytes m.toml").exits(0).says(&["# The manifest asks for none.\n"]);
}

/// The H743's write protection has names in the reference manual; nobody was seen to use the tool's.
#[test]
fn an_option_byte_without_a_known_name_is_left_to_people() {
    let project = empty();
    let text = project.waxseal("new --part STM32H743ZI").exits(0).stdout;
    let text = text.replace("vendor = \"\"", "vendor = \"acme.example\"").replace("class  = \"\"", "class = \"panel\"");
    project.write("m.toml", text);
    let run = project.waxseal("gen option-bytes m.toml").exits(0);
    run.says(&["# By hand: WRPSn1=", "What STM32_Programmer_CLI calls it is not known.", " BOOT_CM7_ADD0=0x800\n"]);
}

#[test]
fn a_trust_set_is_what_the_boot_loader_judges_by() {
    let project = r1b();
    project.build();
    project.waxseal("gen trust r1b.toml -o trust.bin").exits(0);
    let bytes = project.read("trust.bin");
    let set = TrustSet::parse(&bytes).unwrap();
    let trust = set.role(Role::Image, &mut SoftwareCrypto).unwrap();
    let (device, revision, place, counter) = (Check::Waived, Check::Waived, Check::Waived, Check::Waived);
    let policy = Policy { trust, device, revision, place, counter };
    let image = project.read("out/app.a.bin");
    verify(&mut Memory::file(&image), &policy, &mut SoftwareCrypto).unwrap();

    project.waxseal("gen trust r1b.toml").exits(2).says(&["-o FILE"]);
    let rust = project.waxseal("gen trust r1b.toml --as rust").exits(0);
    rust.says(&["// image: 1 of release ", &format!("pub const TRUST_SET: [u8; {}] = [", bytes.len())]);
    project.waxseal("gen trust r1b.toml --as c").exits(0).says(&[&format!("WAXSEAL_TRUST_SET_BYTES {}u", bytes.len())]);
}

#[test]
fn a_trust_set_has_roles_thresholds_and_the_epoch() {
    let project = r1b();
    project.waxseal("key new keys/root").exits(0);
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    let keys = "epoch = 3\n\n[keys.root]\npublic = \"keys/root.pub.pem\"\n\n\
                [roles.image]\nkeys = [\"root\", \"release\"]\nthreshold = 2\n\n[roles.root]\nkeys = [\"root\"]\n";
    project.write("r1b.toml", manifest + keys);
    project.waxseal("gen trust r1b.toml -o trust.bin").exits(0);
    let bytes = project.read("trust.bin");
    let set = TrustSet::parse(&bytes).unwrap();
    assert_eq!(set.epoch(), 3);
    assert_eq!(set.role(Role::Image, &mut SoftwareCrypto).unwrap().threshold(), 2);
    assert_eq!(set.role(Role::Root, &mut SoftwareCrypto).unwrap().threshold(), 1);
    set.role(Role::Release, &mut SoftwareCrypto).unwrap_err();
    // The same key under two names counts once: a reader refuses the set, and so does the packer.
    project.write("keys/root.pub.pem", project.read("keys/release.pub.pem"));
    project.waxseal("gen trust r1b.toml -o twice.bin").exits(1).says(&["a reader would refuse these keys"]);
    assert!(!project.path("twice.bin").exists());
}

#[test]
fn what_a_profile_decides_needs_one() {
    let project = r1b();
    project.edit("r1b.toml", "options.RDP       = 1", "# options.RDP");
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    let profiles = "\n[profiles.bench]\noptions.RDP = 0\nroles.image.keys = [\"release\"]\n\n\
                    [profiles.production]\noptions.RDP = 1\nroles.image.keys = [\"release\"]\n";
    project.write("r1b.toml", manifest + profiles);
    for line in ["gen rust r1b.toml", "gen c-header r1b.toml", "gen option-bytes r1b.toml", "gen trust r1b.toml --as c"]
    {
        project.waxseal(line).exits(1).says(&["WX0011", "--profile bench, or --profile production"]);
    }
    project.waxseal("gen linker r1b.toml --slot a").exits(0);
    project.waxseal("gen option-bytes r1b.toml --profile production").exits(0).says(&["RDP=0xBB"]);
    project.waxseal("gen option-bytes r1b.toml --profile bench").exits(0).says(&["RDP=0xAA"]);
    project.waxseal("gen trust r1b.toml --profile bench --as c").exits(0);
}

#[test]
fn the_text_is_in_the_result_too() {
    let project = r1b();
    let script = project.waxseal("gen linker r1b.toml --slot a").exits(0).stdout;
    let result = project.waxseal("gen linker r1b.toml --slot a --format json").exits(0).json()["result"].clone();
    assert_eq!(result["text"], script.as_str());
    let result = project.waxseal("gen linker r1b.toml --slot a -o memory.x --format json").exits(0).json();
    assert_eq!(result["result"]["file"], "memory.x");
    assert_eq!(project.read("memory.x"), script.as_bytes());
}

const MPU: &str = "\
// Memory protection of cm7, for external memories. Made by `waxseal gen mpu r2.toml --as rust`: change the manifest, not this file.
// Write each pair to a region of its own, in this order and with ascending numbers (MPU_RNR), with the unit off, from code
// that is in none of these memories. Before, clean and invalidate the data cache over the whole memory; after, DSB and ISB.

// `nor`: MT28EW256ABA.

/// While code runs from it (RBAR, RASR): 0x6000_0000 32M write-through, read-only, execute-never; 0x6000_0000 4M write-through, read-only, executable.
pub const MPU_NOR_RUN: [[u32; 2]; 2] = [
    [0x6000_0000, 0x1602_0031],
    [0x6000_0000, 0x0602_002B],
];
/// While anything in it is written (RBAR, RASR): 0x6000_0000 32M device, read-write, execute-never. The rest is off.
pub const MPU_NOR_PROGRAM: [[u32; 2]; 2] = [
    [0x6000_0000, 0x1301_0031],
    [0x6000_0000, 0x0000_0000],
];
";

#[test]
fn memory_protection_for_a_parallel_nor() {
    let r2 = repository().join("examples/r2/r2.toml");
    let project = empty();
    let generate = |language| project.run(["gen", "mpu", r2.to_str().unwrap(), "--as", language]).exits(0).stdout;
    assert_eq!(generate("rust"), MPU);
    project.write("mpu.h", generate("c"));
    project.write(
        "user.c",
        "#include \"mpu.h\"\n#include <stdint.h>\n\
         extern const uint32_t regions[WAXSEAL_MPU_NOR_RUN_COUNT][2];\n\
         const uint32_t regions[WAXSEAL_MPU_NOR_RUN_COUNT][2] = WAXSEAL_MPU_NOR_RUN;\n",
    );
    let mut compile = Command::new("gcc");
    compile.current_dir(project.path(".")).args(["-std=c99", "-Wall", "-Wextra", "-Werror", "-pedantic"]);
    Run::of(compile.args(["-fsyntax-only", "user.c"])).exits(0);
    // Internal flash needs none.
    r1b().waxseal("gen mpu r1b.toml --as c").exits(1).says(&["no external memory with an address"]);
}

#[test]
fn a_memory_without_address_has_offsets_and_no_linker_script() {
    let e1 = repository().join("examples/e1/e1.toml");
    let run = |words: &[&str]| empty().run([&["gen", words[0], e1.to_str().unwrap()], &words[1..]].concat());
    let rust = run(&["rust"]).exits(0);
    assert!(!rust.stdout.contains("SLOT_RADIO_A_START") && !rust.stdout.contains("SLOT_RADIO_A_PAYLOAD:"));
    rust.says(&["pub const SLOT_RADIO_B_OFFSET: u32 = 0x0010_0000;", "pub const SLOT_RADIO_B_PAYLOAD_OFFSET: u32"]);
    run(&["linker", "--slot", "radio-a"]).exits(1).says(&["radio-a"]);
}
