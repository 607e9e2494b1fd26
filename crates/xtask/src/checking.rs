//! What checking a large manifest costs: instructions, counted by callgrind, so that the figure does not depend on the machine's
//! speed or load.

use std::{fmt::Write as _, fs, process::Command};

use crate::{
    cargo,
    process::{Failure, Outcome, finish, line, run, target_folder},
    tools,
};

/// Images of the manifest.
const IMAGES: u32 = 200;
/// Instructions that checking it may take.
const BUDGET: u64 = 50_000_000;

/// Instructions of `waxseal check`, from its start to its end, for a manifest of [`IMAGES`] images.
///
/// # Errors
/// More than the budget.
pub fn instructions() -> Outcome<u64> {
    tools::VALGRIND.ensure()?;
    run(cargo::command("build")?.args(["--release", "--package", "waxseal"]))?;
    let folder = target_folder()?.join("bench");
    fs::create_dir_all(&folder).map_err(Failure::at(&folder))?;
    let path = folder.join("images.toml");
    fs::write(&path, manifest()?).map_err(Failure::at(&path))?;
    let mut valgrind = Command::new("valgrind");
    valgrind.arg("--tool=callgrind").arg(format!("--callgrind-out-file={}", folder.join("callgrind.out").display()));
    valgrind.arg(target_folder()?.join("release/waxseal")).arg("check").arg(&path).env("NO_COLOR", "1");
    let output = finish(&mut valgrind)?;
    let said = String::from_utf8_lossy(&output.stderr);
    let failed = |why: &str| Failure::new(format!("`{}`: {why}\n{}", line(&valgrind), said.trim_end()));
    if !output.status.success() {
        return Err(failed("the manifest should be right"));
    }
    let instructions = collected(&said).ok_or_else(|| failed("no count"))?;
    if instructions > BUDGET {
        let text =
            format!("checking a manifest of {IMAGES} images takes {instructions} instructions, more than {BUDGET}");
        return Err(Failure::new(text));
    }
    Ok(instructions)
}

/// The number of the line `==12== Collected : 345`.
fn collected(said: &str) -> Option<u64> {
    said.lines().find_map(|line| line.split_once("Collected : ")?.1.trim().parse().ok())
}

/// Images of one slot each, on a part with many small pages; half of them in each bank.
fn manifest() -> Outcome<String> {
    let mut text = String::from(
        "[product]\nvendor = \"acme.example\"\nclass = \"rack\"\n\n[device]\npart = \"STM32L476RG\"\n\n[boot]\nloader = \"waxseal\"\n\
         slot = \"boot\"\n\n[slots.boot]\nregion = \"bank1\"\nsectors = \"0-15\"\n\n[keys.release]\npublic = \"release.pub.pem\"\n",
    );
    for image in 0..IMAGES {
        let (bank, page) = if image < IMAGES / 2 { (1, 16 + 2 * image) } else { (2, 2 * (image - IMAGES / 2)) };
        write!(
            text,
            "\n[slots.s{image}]\nregion = \"bank{bank}\"\nsectors = \"{page}-{}\"\n\n\
             [images.i{image}]\nslots = [\"s{image}\"]\nversion = \"1.0.{image}\"\ninput = \"build/{image}.elf\"\n",
            page + 1
        )
        .map_err(|error| Failure::new(error.to_string()))?;
    }
    Ok(text)
}

#[cfg(test)]
mod tests {
    use manifest::{Source, check};

    use super::{collected, manifest};

    #[test]
    fn the_count_of_callgrind() {
        assert_eq!(collected("==12== Events    : Ir\n==12== Collected : 345\n==12== \n"), Some(345));
        assert_eq!(collected("==12== Callgrind, a call-graph generating cache profiler\n"), None);
    }

    #[test]
    fn the_manifest_is_right() {
        let text = manifest().expect("a text");
        let checked = check(&Source { name: "images.toml".into(), text });
        assert_eq!(checked.diagnostics, []);
        assert_eq!(checked.plan.expect("a plan").images.len(), 200);
    }
}
