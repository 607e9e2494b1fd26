//! `waxseal gen linker`.

use crate::{empty, r1b};

const SLOT_B: &str = "\
/* Memory of slot `b`, for cortex-m-rt. Made by `waxseal gen linker r1b.toml --slot b`:
   change the manifest, not this file.

   STM32F767ZI, nDBANK=0 nDBOOT=1. Slot `b`: bank2, sectors 17-23, 0x08120000 to 0x081FFFFF.
   FLASH: the slot without its header of 1024 bytes in front and 880 bytes of state words at the end.
   RAM: DTCM, SRAM1, SRAM2. */
MEMORY
{
  FLASH : ORIGIN = 0x08120400, LENGTH = 915600
  RAM   : ORIGIN = 0x20000000, LENGTH = 524288
}
";

#[test]
fn a_slot_of_an_image() {
    let project = r1b();
    assert_eq!(project.waxseal("gen linker r1b.toml --slot b").exits(0).stdout, SLOT_B);
    project.waxseal("gen linker r1b.toml --slot b -o memory.x").exits(0);
    assert_eq!(project.read("memory.x"), SLOT_B.as_bytes());
    project.waxseal("gen linker r1b.toml --slot a").exits(0).says(&["ORIGIN = 0x08020400, LENGTH = 915600"]);
}

#[test]
fn the_boot_loader_has_its_whole_slot() {
    r1b().waxseal("gen linker r1b.toml --slot boot").exits(0).says(&["FLASH : ORIGIN = 0x08000000, LENGTH = 32768"]);
}

#[test]
fn the_folder_of_the_manifest_leaves_no_trace() {
    let project = r1b();
    let manifest = project.path("r1b.toml");
    let run = project.run(["gen", "linker", manifest.to_str().unwrap(), "--slot", "b"]).exits(0);
    assert_eq!(run.stdout, SLOT_B);
}

#[test]
fn what_is_no_slot_of_code_is_refused() {
    let project = r1b();
    project.waxseal("gen linker r1b.toml --slot c").exits(1).says(&["no slot `c`", "boot, a, b"]);
    project.waxseal("gen linker r1b.toml --slot settings -o memory.x").exits(1);
    assert!(!project.path("memory.x").exists());
}

#[test]
fn a_wrong_manifest_makes_no_script() {
    let project = empty();
    project.write("m.toml", "[product]\n");
    let run = project.waxseal("gen linker m.toml --slot a").exits(1).says(&["WX0003", "m.toml:1:1"]);
    assert_eq!(run.stdout, "");
}
