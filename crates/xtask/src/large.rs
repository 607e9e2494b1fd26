//! A build of 16 MiB against `cat | sha256sum`, in time and in memory.

use std::{fs, process::Command};

use crate::{
    example::{Example, KEY},
    peer::{RUNS, median, time},
    process::{Failure, Outcome, finish},
    sample, tools,
};

/// The build's lock file.
const LOCK: &str = "large.lock";

/// Bytes of the payload.
const PAYLOAD: usize = 16 << 20;
/// Where it runs: behind a header of 1 KiB, at the start of the memory's window.
const RUN_ADDRESS: u32 = 0x6000_0400;

/// One slot of 20 MiB in a parallel NOR.
const MANIFEST: &str = r#"[product]
vendor = "acme.example"
class  = "bench"

[device]
part              = "STM32F767ZI"
options.nDBANK    = 0
options.nDBOOT    = 1
options.BOOT_ADD0 = "boot"

[memories.nor]
part       = "MT28EW256ABA"
bus        = "FMC_NE1"
width      = 16
execute-as = "write-through"
program-as = "device"
writer     = "ram"
xip        = "accept-physical"

[memories.nor.facts.ecc-word]
value  = "none"
source = "a benchmark"

[boot]
loader = "waxseal"
slot   = "boot"

[slots.boot]
region  = "bank1"
sectors = "0-3"

[slots.app]
region = "nor"
offset = 0
size   = "20M"

[areas.counter]
region  = "bank2"
sectors = "14-15"
use     = "counter"

[images.app]
strategy         = "fixed"
input            = "build/app.bin"
version          = "1.0.0"
security-counter = 1
counter-store    = "areas.counter"

[keys.release]
public = "keys/release.pub.pem"
"#;

/// Prints both ratios, of a folder that has keys.
pub fn compare(example: &Example) -> Outcome {
    tools::TIME.ensure()?;
    for (name, bytes) in
        [("large.toml", MANIFEST.as_bytes()), ("build/app.bin", &sample::payload(PAYLOAD, RUN_ADDRESS))]
    {
        let path = example.folder.join(name);
        fs::write(&path, bytes).map_err(Failure::at(&path))?;
    }
    example.forget(LOCK)?;
    println!("| Sealing 16 MiB | time of `cat \\| sha256sum` | peak memory, of the input |");
    println!("| --- | --: | --: |");
    for kinds in ["bin", "bin,layout,release", "bin,hex,layout,release"] {
        let arguments = ["build", "large.toml", "--key", KEY, "--out", "out-large", "--lock", LOCK, "--only", kinds];
        let mut build = example.waxseal(&arguments);
        let mut peer = Command::new("sh");
        peer.args(["-c", "cat build/app.bin | sha256sum"]).current_dir(&example.folder);
        let (mut ours, mut theirs) = (Vec::new(), Vec::new());
        for _ in 0..RUNS {
            ours.push(time(&mut build)?);
            theirs.push(time(&mut peer)?);
        }
        let ratio = median(ours).as_secs_f64() / median(theirs).as_secs_f64();
        let mut timed = Command::new("time");
        timed.args(["--format", "%M"]).arg(&example.waxseal).args(arguments).current_dir(&example.folder);
        let said = String::from_utf8_lossy(&finish(&mut timed)?.stderr).into_owned();
        let peak: Option<f64> = said.lines().last().and_then(|line| line.trim().parse().ok());
        let peak = peak.ok_or_else(|| Failure::new(format!("time says no memory: {said}")))? * 1024.0;
        println!("| `--only {kinds}` | {ratio:.1} | {:.1} |", peak / PAYLOAD as f64);
    }
    println!();
    Ok(())
}
