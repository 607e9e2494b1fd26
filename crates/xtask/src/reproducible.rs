//! The same sources in another folder, in another time zone, must give the same bytes; and no byte may name this machine.

use std::{collections::BTreeMap, env, fs, path::Path, process::Command};

use crate::{
    cargo,
    example::{Example, LOCK},
    process::{Failure, Outcome, root, run, target_folder},
};

/// Folders that hold no sources. An artefact that was copied would be the same as itself.
const NOT_SOURCES: [&str; 4] = [".git", "pkg", "dist", "node_modules"];
/// What examples make is in these.
const OF_EXAMPLES: [&str; 2] = ["build", "out"];

/// Seals the example here and in a copy of this checkout, and compares.
pub fn check() -> Outcome {
    let here = Example::here()?;
    here.make()?;
    // A space in the path, because users have them.
    let copy = target_folder()?.join("another checkout");
    if copy.exists() {
        fs::remove_dir_all(&copy).map_err(Failure::at(&copy))?;
    }
    copy_sources(&root()?, &copy)?;
    let there = here.elsewhere(&copy);
    there.make()?;

    let (ours, theirs) = (artefacts(&here.folder)?, artefacts(&there.folder)?);
    if !ours.keys().eq(theirs.keys()) {
        return Err(Failure::new(format!("other files there: {:?} here, {:?} there", ours.keys(), theirs.keys())));
    }
    let differs = |name: &&String| ours.get(*name) != theirs.get(*name);
    if let Some(name) = ours.keys().find(differs) {
        return Err(Failure::new(format!("{name} differs between {} and {}", here.folder.display(), copy.display())));
    }
    for (name, bytes) in &ours {
        no_path_of_this_machine(name, bytes)?;
    }
    println!("{} files are the same in two folders", ours.len());
    npm_package(&copy)
}

/// Builds an entry of the npm package here and in the copy, and compares: the one that has most of what a build script packed.
fn npm_package(copy: &Path) -> Outcome {
    const ENTRY: &str = "devices";
    let program = cargo::build_xtask_wasm()?;
    let build = |checkout: &Path, target: &Path| {
        let mut build = Command::new(&program);
        // The first says where the sources are.
        build.env("CARGO_MANIFEST_DIR", checkout.join("crates/xtask")).env("CARGO_TARGET_DIR", target);
        run(build.arg(ENTRY))
    };
    let here = root()?;
    build(&here, &target_folder()?)?;
    build(copy, &copy.join("target"))?;
    for file in [format!("{ENTRY}_bg.wasm"), format!("{ENTRY}.js"), format!("{ENTRY}.d.ts")] {
        let [ours, theirs] = [&here, copy].map(|checkout| checkout.join("wasm/pkg").join(&file));
        let bytes = fs::read(&ours).map_err(Failure::at(&ours))?;
        if bytes != fs::read(&theirs).map_err(Failure::at(&theirs))? {
            return Err(Failure::new(format!("{} and {} differ", ours.display(), theirs.display())));
        }
        no_path_of_this_machine(&file, &bytes)?;
    }
    println!("waxseal/{ENTRY} is the same in two folders");
    Ok(())
}

/// The example's firmware, linker scripts, sealed files and lock file by name.
fn artefacts(example: &Path) -> Outcome<BTreeMap<String, Vec<u8>>> {
    let mut files = BTreeMap::new();
    for folder in OF_EXAMPLES {
        let path = example.join(folder);
        for entry in fs::read_dir(&path).map_err(Failure::at(&path))? {
            let file = entry.map_err(Failure::at(&path))?.path();
            // `cargo demo` leaves its broken copies in folders and files of their own.
            let is_artefact =
                folder == "out" || file.extension().is_some_and(|ending| ending == "elf" || ending == "x");
            if is_artefact && file.is_file() {
                let name = file.file_name().unwrap_or_default().to_string_lossy();
                files.insert(format!("{folder}/{name}"), fs::read(&file).map_err(Failure::at(&file))?);
            }
        }
    }
    let lock = example.join(LOCK);
    files.insert(LOCK.to_owned(), fs::read(&lock).map_err(Failure::at(&lock))?);
    // Two builds with a linker script each; of each slot .bin, .hex and .dfu; layout, release, lock.
    if files.len() < 13 {
        return Err(Failure::new(format!("too few artefacts to compare: {:?}", files.keys())));
    }
    Ok(files)
}

fn no_path_of_this_machine(name: &str, bytes: &[u8]) -> Outcome {
    let paths = [Some(root()?), Some(target_folder()?), cargo::home(), env::home_dir()];
    // A home folder of `/` says nothing about a machine.
    let telling = paths.into_iter().flatten().filter(|path| path.as_os_str().len() > 1);
    for path in telling {
        let text = path.to_string_lossy();
        if bytes.windows(text.len()).any(|window| window == text.as_bytes()) {
            return Err(Failure::new(format!("{name} names a folder of this machine: {text}")));
        }
    }
    Ok(())
}

fn copy_sources(from: &Path, to: &Path) -> Outcome {
    let built = [root()?.join("target"), target_folder()?];
    fs::create_dir_all(to).map_err(Failure::at(to))?;
    for entry in fs::read_dir(from).map_err(Failure::at(from))? {
        let entry = entry.map_err(Failure::at(from))?;
        let (source, copy) = (entry.path(), to.join(entry.file_name()));
        let kind = entry.file_type().map_err(Failure::at(&source))?;
        if kind.is_file() {
            fs::copy(&source, &copy).map_err(Failure::at(&source))?;
        } else if kind.is_dir() && !built.contains(&source) && !is_made(&source) {
            copy_sources(&source, &copy)?;
        }
    }
    Ok(())
}

/// Whether a folder holds what was made out of sources.
fn is_made(folder: &Path) -> bool {
    let is_one_of = |names: &[&str]| names.iter().any(|name| folder.ends_with(name));
    let is_of_examples = folder.components().any(|part| part.as_os_str() == "examples");
    is_one_of(&NOT_SOURCES) || is_of_examples && is_one_of(&OF_EXAMPLES)
}

#[cfg(test)]
mod tests {
    use super::no_path_of_this_machine;
    use crate::process::root;

    #[test]
    fn a_path_of_this_machine_is_found() {
        let root = root().expect("cargo says where the sources are");
        let bytes = [b"\x7fELF ", root.to_string_lossy().as_bytes(), b"/src\0"].concat();
        assert!(no_path_of_this_machine("app.elf", &bytes).is_err());
        assert!(no_path_of_this_machine("app.elf", b"\x7fELF src\0").is_ok());
    }
}
