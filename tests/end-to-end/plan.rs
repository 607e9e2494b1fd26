//! `waxseal plan`: what an update costs.

use waxseal_tests::{CODE_A, elf};

use crate::r1b;

#[test]
fn an_update_whole_and_by_what_changes() {
    let project = r1b();
    project.write("build/app-a.elf", elf::firmware(CODE_A, 400_000));
    project.build();
    project.write("old.bin", project.read("out/app.a.bin"));
    // The digests of 98 chunks behind the payload change with any of them. One byte changes in the second sector, 128 KiB from 0x0804_0000 on.
    let mut code = elf::code(CODE_A, 400_000);
    code[200_000] ^= 1;
    project.write("build/app-a.elf", code);
    project.build();
    let line = "plan --manifest r1b.toml --from old.bin --to out/app.a.bin";
    let said = project.waxseal(line).exits(0);
    said.says(&[
        "sector   6  0x0804_0000   128K    131,072 bytes  erase and program",
        "sector   7  0x0806_0000   128K    131,072 bytes  the same in both",
        "sector   8  0x0808_0000   128K     10,956 bytes  erase and program",
        "sector  11  0x080E_0000   128K          0 bytes  holds nothing of either; state words: erase first",
        "whole    5 sectors, 640K to erase",
        "and 98 of 98 chunks of 4K",
        "changes  4 sectors, 512K to erase; 8,268 bytes to transfer: what is around the payload, and 1 of 98 chunks of 4K",
        "staged   7 sectors, 896K to erase: waxseal's library empties slot a for each update, whatever changes",
    ]);
    let json = project.waxseal(&format!("{line} --chunk 64K --format json")).exits(0).json();
    assert_eq!(json["result"]["changes"]["chunks"], 1);
    assert_eq!(json["result"]["changes"]["transfer"], 1024 + 98 * 32 + 12 + 65536);
    assert_eq!(json["result"]["whole"]["chunks"], 7);
    assert_eq!(json["result"]["staged"], serde_json::json!({ "slot": "a", "sectors": 7, "erase": 896 * 1024 }));
    for chunk in ["2K", "5000", "2M", "x"] {
        project.waxseal(&format!("{line} --chunk {chunk}")).exits(2).says(&["a power of two from 4K to 1M"]);
    }
    project.waxseal("plan --manifest r1b.toml --from old.bin --to r1b.toml").exits(1).says(&["is no sealed image"]);
}
