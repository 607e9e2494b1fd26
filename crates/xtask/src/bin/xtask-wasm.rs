//! Builds the generated part of the npm package: `wasm/pkg`, or the entries of it that are named. A program of its own, because
//! wasm-bindgen takes long to build.

#[expect(dead_code, reason = "the main program uses the rest")]
#[path = "../cargo.rs"]
mod cargo;
#[path = "../entries.rs"]
mod entries;
#[expect(dead_code, reason = "the main program uses the rest")]
#[path = "../process.rs"]
mod process;
#[expect(dead_code, reason = "the main program uses the rest")]
#[path = "../tools.rs"]
mod tools;

use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{Command, ExitCode},
};

use wasm_bindgen_cli_support::Bindgen;

use crate::entries::ENTRIES;
use crate::process::{Failure, Outcome, finish, root, run, target_folder};

/// The profile in Cargo.toml.
const PROFILE: &str = "web";
/// sha2 chooses its back end by a cfg, not by a feature. The compact one takes 5 KB less of 34 with gzip, and a fifth more
/// time (8 MiB in 90 ms instead of 75, Node 20).
const COMPACT_SHA2: &str = "--cfg=sha2_backend_soft=\"compact\"";

fn main() -> ExitCode {
    match make_package(&env::args().skip(1).collect::<Vec<_>>()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {failure}");
            ExitCode::from(failure.code)
        }
    }
}

fn make_package(only: &[String]) -> Outcome {
    let package = root()?.join("wasm/pkg");
    if only.is_empty() && package.exists() {
        fs::remove_dir_all(&package).map_err(Failure::at(&package))?;
    }
    for (name, feature) in ENTRIES.into_iter().filter(|(name, _)| only.is_empty() || only.iter().any(|own| own == name))
    {
        bind(&build(feature)?, name, &package)?;
        let node = package.join(format!("{name}.node.mjs"));
        fs::write(&node, for_node(name)).map_err(Failure::at(&node))?;
        for file in [format!("{name}_bg.wasm"), format!("{name}.js")] {
            show_size(&package, &file)?;
        }
    }
    Ok(())
}

/// Builds the crate with a feature, and returns where its WebAssembly is until the next build.
fn build(feature: &str) -> Outcome<PathBuf> {
    tools::ensure_target(cargo::WASM)?;
    let mut build = cargo::for_target("build", cargo::WASM, PROFILE)?;
    build.args(["--package", "waxseal-wasm", "--no-default-features", "--features", feature]);
    let flags: Vec<_> = [COMPACT_SHA2.to_owned()].into_iter().chain(cargo::without_folders()).collect();
    // The flags are separated by the ASCII unit separator, so that a path may have spaces.
    run(build.env("CARGO_ENCODED_RUSTFLAGS", flags.join("\x1f")))?;
    Ok(target_folder()?.join(cargo::WASM).join(PROFILE).join("waxseal_wasm.wasm"))
}

/// The entry for Node, which does not fetch files.
fn for_node(name: &str) -> String {
    format!(
        r#"// The WebAssembly is loaded when the module is.
import {{ readFileSync }} from "node:fs";
import {{ initSync }} from "./{name}.js";

initSync({{ module: readFileSync(new URL("./{name}_bg.wasm", import.meta.url)) }});

export * from "./{name}.js";
// Does nothing any more, so that what is written for browsers runs here too.
export {{ default }} from "./{name}.js";
"#
    )
}

/// An ES module for browsers, whose caller says when its WebAssembly is loaded; in Node, [`for_node`]'s does.
fn bind(library: &Path, name: &str, package: &Path) -> Outcome {
    Bindgen::new()
        .input_path(library)
        .out_name(name)
        .typescript(true)
        .omit_default_module_path(false)
        // Names of functions and of tools are of no use to users.
        .remove_name_section(true)
        .remove_producers_section(true)
        .web(true)
        .and_then(|bindgen| bindgen.generate(package))
        .map_err(|error| Failure::new(format!("{}: {error:#}", library.display())))
}

fn show_size(package: &Path, name: &str) -> Outcome {
    let file = package.join(name);
    let size = fs::metadata(&file).map_err(Failure::at(&file))?.len();
    let packed = finish(Command::new("gzip").args(["-9", "-n", "-c"]).arg(&file))?;
    if !packed.status.success() {
        return Err(Failure::new(format!("gzip {}: {}", file.display(), packed.status)));
    }
    println!("wasm/pkg/{name}: {size} bytes, {} with gzip", packed.stdout.len());
    Ok(())
}
