//! `cargo demo`: what waxseal does, shown on the example r1b. Each command and all of its output, the same on every run.

use std::{fs, path::Path, process::Command};

use crate::{
    example::{Example, KEY, MANIFEST, SLOTS},
    process::{Failure, Outcome, capture, finish, line},
};

/// Exit code of `waxseal verify` for a refusal.
const REFUSED: i32 = 1;

/// A test key that no manifest names.
const STRANGER_KEY: u8 = 9;

/// Builds the example, seals it, and has waxseal judge the image and two bad copies of it.
pub fn demo() -> Outcome {
    let example = Example::here()?;
    example.prepare()?;
    example.build_firmware()?;

    say("A gateway with an STM32F767ZI: two banks, a slot in each, the application built once for each slot.");
    say("The manifest examples/r1b/r1b.toml says so. Does it fit the chip?");
    example.show(&["check", MANIFEST], 0)?;
    example.show(&["map", MANIFEST], 0)?;

    say("Sealed: a signed header with lengths and digests in front of each payload.");
    example.show(&["build", MANIFEST, "--key", KEY, "--out", "out"], 0)?;

    say("Judged as the boot loader will judge it:");
    let image = "out/app.a.bin";
    example.verify(image, 0)?;

    say("A copy with one bit flipped in the payload is refused:");
    let flipped = "build/flipped.bin";
    flip_last_bit(&example.folder.join(image), &example.folder.join(flipped))?;
    example.verify(flipped, REFUSED)?;

    say("So is an image of the same firmware that somebody else has signed:");
    let forged = "build/forged.bin";
    forge(&example, &example.folder.join(forged))?;
    example.verify(forged, REFUSED)?;

    say("The sealed images are in examples/r1b/out, the firmware and the test key in examples/r1b/build.");
    println!("# Everybody knows the test key: `waxseal key new` makes one of your own.");
    Ok(())
}

impl Example {
    /// Runs waxseal as a user would, shows it, and fails if the exit code is another one.
    fn show(&self, arguments: &[&str], code: i32) -> Outcome {
        println!("$ {}", line(Command::new("waxseal").args(arguments)));
        let output = finish(&mut self.waxseal(arguments))?;
        print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        if output.status.code() == Some(code) {
            return Ok(());
        }
        Err(Failure::new(format!("`waxseal {}` was to end with exit code {code}: {}", arguments[0], output.status)))
    }

    fn verify(&self, image: &str, code: i32) -> Outcome {
        self.show(&["verify", image, "--manifest", MANIFEST, "--slot", "a", "--revision", "B"], code)
    }
}

/// The same firmware sealed with another key: what somebody can do who has all of the example but its private key.
fn forge(example: &Example, forged: &Path) -> Outcome {
    let built = example.folder.join("build");
    let stranger = example.twin(built.join("stranger"), STRANGER_KEY)?;
    for slot in SLOTS {
        let firmware = format!("app-{slot}.elf");
        fs::copy(built.join(&firmware), stranger.folder.join("build").join(&firmware)).map_err(Failure::at(&built))?;
    }
    capture(&mut stranger.seal())?;
    fs::copy(stranger.folder.join("out/app.a.bin"), forged).map_err(Failure::at(forged)).map(drop)
}

fn say(text: &str) {
    println!("\n# {text}");
}

fn flip_last_bit(image: &Path, flipped: &Path) -> Outcome {
    let mut bytes = fs::read(image).map_err(Failure::at(image))?;
    if let Some(last) = bytes.last_mut() {
        *last ^= 1;
    }
    fs::write(flipped, bytes).map_err(Failure::at(flipped))
}
