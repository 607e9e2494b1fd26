//! `cargo demo`: what waxseal does, shown on the example r1b. Each command and all of its output, the same on every run.

use std::{fs, path::Path, process::Command};

use image_format::{Header, ImageBody, Memory};

use crate::{
    example::{Example, KEY, LOCK, MANIFEST, SLOTS},
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
    example.verify(image, 0, "verified, as the boot loader will")?;

    say("A copy with one bit flipped in the payload is refused:");
    let flipped = "build/flipped.bin";
    flip_payload_bit(&example.folder.join(image), &example.folder.join(flipped))?;
    example.verify(flipped, REFUSED, "PayloadDigest (701)")?;

    say("So is an image of the same firmware that somebody else has signed:");
    let forged = "build/forged.bin";
    forge(&example, &example.folder.join(forged))?;
    example.verify(forged, REFUSED, "TooFewSignatures (305)")?;

    say("The sealed images are in examples/r1b/out, the firmware and the test key in examples/r1b/build.");
    println!("# Everybody knows the test key: `waxseal key new` makes one of your own.");
    Ok(())
}

impl Example {
    /// Runs waxseal as a user would, shows it, and fails if the exit code is another one. What it said.
    fn show(&self, arguments: &[&str], code: i32) -> Outcome<String> {
        println!("$ {}", line(Command::new("waxseal").args(arguments)));
        let output = finish(&mut self.waxseal(arguments))?;
        let said = [output.stdout, output.stderr].concat();
        let said = String::from_utf8_lossy(&said).into_owned();
        print!("{said}");
        if output.status.code() == Some(code) {
            return Ok(said);
        }
        Err(Failure::new(format!("`waxseal {}` was to end with exit code {code}: {}", arguments[0], output.status)))
    }

    /// Has an image judged. The verdict must be the one that is told here: another refusal would show something else.
    fn verify(&self, image: &str, code: i32, verdict: &str) -> Outcome {
        let said = self.show(&["verify", image, "--manifest", MANIFEST, "--slot", "a", "--revision", "B"], code)?;
        if said.contains(verdict) { Ok(()) } else { Err(Failure::new(format!("the verdict was to be: {verdict}"))) }
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
    stranger.forget(LOCK)?;
    capture(&mut stranger.seal())?;
    fs::copy(stranger.folder.join("out/app.a.bin"), forged).map_err(Failure::at(forged)).map(drop)
}

fn say(text: &str) {
    println!("\n# {text}");
}

/// Flips a bit of the payload's first byte. Behind the payload lies what only hosts judge, so the file's last bit would not do.
fn flip_payload_bit(image: &Path, flipped: &Path) -> Outcome {
    let mut bytes = fs::read(image).map_err(Failure::at(image))?;
    let header = Header::<ImageBody>::read(&mut Memory::file(&bytes));
    let header = header.map_err(|error| Failure::new(format!("{}: {error}", image.display())))?;
    let start = usize::try_from(header.unauthenticated().payload_start()).map_err(|e| Failure::new(e.to_string()))?;
    if let Some(first) = bytes.get_mut(start) {
        *first ^= 1;
    }
    fs::write(flipped, bytes).map_err(Failure::at(flipped))
}
