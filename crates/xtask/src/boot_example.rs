//! The boot loaders of examples/boot, in Rust and in C, under QEMU: a first start, an update, one that is never confirmed, one that
//! was tampered with.

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use crate::{
    boot_c::{CORTEX_M7, STRICT, constant},
    cargo::{CORTEX_M, Profile, build_waxseal, for_cortex_m},
    example::write_key,
    process::{Failure, Outcome, capture, root, run, target_folder},
    qemu, tools,
};

/// The slots, with a build of the application for each.
const SLOTS: [&str; 2] = ["a", "b"];

/// Runs the scenario with the boot loader and the application in Rust.
pub fn in_rust() -> Outcome {
    Machine::build("rust", |example, program, memory| {
        run(&mut example.cargo("build", "qemu", program, memory)?)?;
        Profile::Size.program(program)
    })?
    .scenario()
}

/// Runs the scenario with the boot loader and the application in C.
pub fn in_c() -> Outcome {
    tools::ensure_arm_gcc()?;
    run(for_cortex_m("build", Profile::Size)?.args(["--package", "boot-c"]))?;
    Machine::build("c", |example, program, memory| {
        // `INCLUDE memory.x` finds the file in a folder of its own.
        let folder = target_folder()?.join("boot-example").join(program).join(memory.file_stem().unwrap_or_default());
        fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
        fs::copy(memory, folder.join("memory.x")).map_err(Failure::at(memory))?;
        let built = folder.join(format!("{program}.elf"));
        let mut compile = Command::new("arm-none-eabi-gcc");
        compile.args(STRICT).args(CORTEX_M7).args(["-Os", "--specs=rdimon.specs", "-nostartfiles", "-I"]);
        compile.arg(root()?.join("schema")).arg("-I").arg(example.generated());
        let sources = ["start.c", "device.c", &format!("{program}.c")];
        compile.args(sources.map(|name| example.folder.join("c").join(name)));
        compile.arg("-L").arg(&folder).arg("-T").arg(example.folder.join("c/sections.ld"));
        capture(compile.arg(Profile::Size.program("libwaxseal_boot.a")?).arg("-o").arg(&built))?;
        Ok(built)
    })?
    .scenario()
}

/// Judges the example's Rust code for QEMU.
pub fn lint() -> Outcome {
    let example = Example::prepare("boot")?;
    for program in ["loader", "app"] {
        let mut cargo = example.cargo("clippy", "qemu", program, &example.folder.join("qemu.x"))?;
        run(cargo.args(["--", "-D", "warnings"]))?;
    }
    Ok(())
}

/// One of the example's manifests, and the command in the example's folder.
pub struct Example {
    /// The example's folder.
    pub folder: PathBuf,
    command: PathBuf,
    /// The manifest's name without its extension; what is generated for it lies in a folder of this name.
    name: &'static str,
}

impl Example {
    /// Writes the test key and what `waxseal gen` makes for every build.
    pub fn prepare(name: &'static str) -> Outcome<Self> {
        tools::ensure_target(CORTEX_M)?;
        let example = Example { folder: root()?.join("examples/boot"), command: build_waxseal()?, name };
        let generated = example.generated();
        fs::create_dir_all(&generated).map_err(Failure::at(&generated))?;
        write_key(&example.folder.join("build/release.pem"))?;
        example.generate("layout.rs", &["rust"])?;
        example.generate("trust.rs", &["trust", "--as", "rust"])?;
        example.generate("layout.h", &["c-header"])?;
        example.generate("trust.h", &["trust", "--as", "c"])?;
        Ok(example)
    }

    /// Where the files lie that are generated for this manifest.
    pub fn generated(&self) -> PathBuf {
        self.folder.join("build").join(self.name)
    }

    /// Writes a file with `waxseal gen`. Where it is.
    fn generate(&self, file: &str, arguments: &[&str]) -> Outcome<PathBuf> {
        let path = self.generated().join(file);
        let mut command = self.waxseal("gen");
        capture(command.args(arguments).arg(self.manifest()).arg("-o").arg(&path))?;
        Ok(path)
    }

    /// Writes the memory that a program for a slot is linked for. Where it is.
    pub fn memory(&self, slot: &str) -> Outcome<PathBuf> {
        self.generate(&format!("memory-{slot}.x"), &["linker", "--slot", slot])
    }

    /// Seals the application in a version.
    pub fn seal(&self, version: &str, out: &Path, lock: &Path, more: &[&str]) -> Outcome {
        let mut command = self.waxseal("build");
        command.args([&self.manifest(), "--key", "build/release.pem", "--image-version", &format!("app={version}")]);
        capture(command.arg("--out").arg(out).arg("--lock").arg(lock).args(more)).map(drop)
    }

    fn manifest(&self) -> String {
        format!("{}.toml", self.name)
    }

    fn waxseal(&self, subcommand: &str) -> Command {
        let mut command = Command::new(&self.command);
        command.arg(subcommand).current_dir(&self.folder).env_remove("WAXSEAL_KEY").env("NO_COLOR", "1");
        command
    }

    /// Cargo for a program in Rust.
    pub fn cargo(&self, subcommand: &str, feature: &str, program: &str, memory: &Path) -> Outcome<Command> {
        let mut cargo = for_cortex_m(subcommand, Profile::Size)?;
        cargo.args(["--package", "boot-example", "--features", feature, "--bin", program]);
        cargo.env("WAXSEAL_MEMORY_X", memory).env("WAXSEAL_GENERATED", self.generated());
        Ok(cargo)
    }
}

/// A device that QEMU plays: its memories are a file between two runs.
struct Machine {
    loader: PathBuf,
    /// Where `device.bin` and `update.bin` are.
    folder: PathBuf,
    /// Where the sealed images are, by version.
    out: PathBuf,
    /// Bytes of a slot. Both have one size, and lie side by side in the NOR.
    slot: usize,
    /// Bytes of internal flash that the device keeps, from the first log to the counter's end.
    internal: usize,
    /// Starts of an image that nobody confirmed.
    tries: usize,
}

impl Machine {
    /// Builds boot loader and application, and seals the latter in three versions.
    fn build(language: &str, program: impl Fn(&Example, &str, &Path) -> Outcome<PathBuf>) -> Outcome<Self> {
        let example = Example::prepare("boot")?;
        let folder = example.folder.join("build").join(language);
        fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
        for slot in SLOTS {
            let built = program(&example, "app", &example.memory(slot)?)?;
            let input = example.generated().join(format!("app-{slot}.elf"));
            fs::copy(&built, input).map_err(Failure::at(&built))?;
        }
        let out = folder.join("out");
        if out.exists() {
            fs::remove_dir_all(&out).map_err(Failure::at(&out))?;
        }
        for version in ["1.0.0", "2.0.0", "3.0.0"] {
            example.seal(version, &out.join(version), &out.join("waxseal.lock"), &[])?;
        }
        let loader = program(&example, "loader", &example.folder.join("qemu.x"))?;
        // The application's build for another slot would take the program's place.
        let kept = folder.join("loader.elf");
        fs::copy(&loader, &kept).map_err(Failure::at(&loader))?;
        let layout = example.generated().join("layout.h");
        let number = |name: &str| constant(&layout, name).map(|number| number as usize);
        let counter = number("WAXSEAL_AREA_COUNTER_START")? + number("WAXSEAL_AREA_COUNTER_SIZE")?;
        let internal = counter - number("WAXSEAL_AREA_LOG_A_START")?;
        let (slot, tries) = (number("WAXSEAL_SLOT_A_SIZE")?, number("WAXSEAL_UPDATE_TRIES")?);
        Ok(Machine { loader: kept, folder, out, slot, internal, tries })
    }

    fn image(&self, version: &str, slot: &str) -> Outcome<Vec<u8>> {
        let path = self.out.join(version).join(format!("app.{slot}.bin"));
        fs::read(&path).map_err(Failure::at(&path))
    }

    fn device(&self) -> PathBuf {
        self.folder.join("device.bin")
    }

    /// Changes what the memories hold while there is no power.
    fn change(&self, change: impl FnOnce(&mut Vec<u8>)) -> Outcome {
        let path = self.device();
        let mut bytes = fs::read(&path).map_err(Failure::at(&path))?;
        change(&mut bytes);
        fs::write(&path, bytes).map_err(Failure::at(&path))
    }

    /// The update that the application finds.
    fn offer(&self, image: &[u8]) -> Outcome {
        let path = self.folder.join("update.bin");
        fs::write(&path, image).map_err(Failure::at(&path))
    }

    /// Power on, and what is said until it goes off. The application is told what to do.
    fn start(&self, request: &str, expected: &[&str]) -> Outcome {
        let said = qemu::run_in(&self.folder, &self.loader, &[request.to_owned()])?;
        let lines: Vec<_> = said.lines().collect();
        if lines == expected {
            return Ok(());
        }
        Err(Failure::new(format!(
            "asked to `{request}`, the device says\n  {}\nand not\n  {}",
            lines.join("\n  "),
            expected.join("\n  ")
        )))
    }

    /// What the application says at a start that nobody confirmed, by its number.
    fn trial(&self, number: usize) -> &'static str {
        if number < self.tries { "on trial" } else { "tries used up" }
    }

    fn scenario(&self) -> Outcome {
        // From the factory: an image without a state. It is taken, and confirms itself.
        let mut memories = vec![0xFF; 2 * self.slot + self.internal];
        let first = self.image("1.0.0", "a")?;
        memories.iter_mut().zip(first).for_each(|(cell, byte)| *cell = byte);
        fs::write(self.device(), memories).map_err(Failure::at(&self.device()))?;
        self.start("confirm", &["loader: slot 0", "app 1.0.0 in slot 0, without a state", "app: confirmed"])?;

        // What is not signed, not whole, or for the other slot is refused before anything is erased.
        let second = self.image("2.0.0", "b")?;
        for (broken, code) in
            [(flipped(&second, 100), 304), (flipped(&second, 300), 304), (self.image("2.0.0", "a")?, 505)]
        {
            self.offer(&broken)?;
            let refused = format!("app: not staged, code {code}");
            self.start("stage", &["loader: slot 0", "app 1.0.0 in slot 0, confirmed", &refused])?;
        }
        self.offer(&flipped(&second, 5000))?;
        self.start("stage", &["loader: slot 0", "app 1.0.0 in slot 0, confirmed", "app: not staged, code 707"])?;

        // An update, tried, confirmed at its last start.
        self.offer(&second)?;
        self.start("stage", &["loader: slot 0", "app 1.0.0 in slot 0, confirmed", "app: staged"])?;
        for number in 1..self.tries {
            let app = format!("app 2.0.0 in slot 1, {}", self.trial(number));
            self.start("nothing", &["loader: slot 1, on trial", &app])?;
        }
        self.start("confirm", &["loader: slot 1, on trial", "app 2.0.0 in slot 1, tries used up", "app: confirmed"])?;
        self.start("nothing", &["loader: security counter 1", "loader: slot 1", "app 2.0.0 in slot 1, confirmed"])?;

        // One that never confirms itself: after its tries, the one before it starts again.
        self.offer(&self.image("3.0.0", "a")?)?;
        self.start("stage", &["loader: slot 1", "app 2.0.0 in slot 1, confirmed", "app: staged"])?;
        for number in 1..=self.tries {
            let app = format!("app 3.0.0 in slot 0, {}", self.trial(number));
            self.start("nothing", &["loader: slot 0, on trial", &app])?;
        }
        for _ in 0..2 {
            self.start("nothing", &["loader: slot 1", "app 2.0.0 in slot 1, confirmed"])?;
        }

        // A changed byte: refused; the other image, which verifies, starts. Both changed: nothing does.
        self.change(|memories| memories[self.slot + 5000] ^= 1)?;
        self.start(
            "nothing",
            &["loader: slot 1 refused, code 701", "loader: slot 0", "app 3.0.0 in slot 0, tries used up"],
        )?;
        self.change(|memories| memories[5000] ^= 1)?;
        let refused = [
            "loader: slot 0 refused, code 701",
            "loader: slot 1 refused, code 701",
            "loader: nothing boots, reason 1006",
        ];
        self.start("nothing", &refused)?;
        println!("started, updated, taken back, refused: as it should be");
        Ok(())
    }
}

/// With one bit changed.
fn flipped(image: &[u8], offset: usize) -> Vec<u8> {
    let mut image = image.to_vec();
    image[offset] ^= 1;
    image
}
