//! Boot loader and application of examples/boot for an STM32F767: judged, linked and packed. Nothing here runs them.

use std::{fs, path::Path};

use crate::{
    boot_c::constant,
    boot_example::Example,
    cargo::Profile,
    process::{Failure, Outcome, run},
    verifier::loaded_bytes,
};

/// The manifests, and the builds of the application that each needs: the slot that it is linked for, and its file.
const MANIFESTS: [(&str, &[(&str, &str)]); 2] =
    [("f767", &[("a", "app-a.elf"), ("b", "app-b.elf")]), ("f767-swap", &[("a", "app.elf")])];

/// Builds all of it as a user would: the application, then the layout, then the boot loader that embeds it, then what goes onto a blank
/// board. Prints the boot loader's size.
pub fn check() -> Outcome {
    MANIFESTS.into_iter().try_for_each(|(name, builds)| check_one(name, builds))
}

fn check_one(name: &'static str, builds: &[(&str, &str)]) -> Outcome {
    let example = Example::prepare(name)?;
    let generated = example.generated();
    let out = generated.join("out");
    if out.exists() {
        fs::remove_dir_all(&out).map_err(Failure::at(&out))?;
    }
    let lock = out.join("waxseal.lock");
    for (slot, file) in builds {
        build(&example, "f767-app", slot, &generated.join(file))?;
    }
    example.seal("1.0.0", &out, &lock, &["--no-factory"])?;
    let layout = out.join("layout.bin");
    fs::copy(&layout, generated.join("layout.bin")).map_err(Failure::at(&layout))?;
    let loader = generated.join("loader.elf");
    build(&example, "f767-loader", "boot", &loader)?;
    example.seal("1.0.0", &out, &lock, &[])?;
    if !out.join("factory.hex").exists() {
        return Err(Failure::new(format!("{} has no factory.hex", out.display())));
    }
    let room = constant(&generated.join("layout.h"), "WAXSEAL_SLOT_BOOT_SIZE")?;
    let size = loaded_bytes(&loader)?;
    println!("{name}: the boot loader takes {size} of {room} bytes; unproven on silicon");
    Ok(())
}

/// Judges a program and links it for a slot.
fn build(example: &Example, program: &str, slot: &str, built: &Path) -> Outcome {
    let memory = example.memory(slot)?;
    run(example.cargo("clippy", "f767", program, &memory)?.args(["--", "-D", "warnings"]))?;
    run(&mut example.cargo("build", "f767", program, &memory)?)?;
    let program = Profile::Size.program(program)?;
    fs::copy(&program, built).map_err(Failure::at(&program)).map(drop)
}
