//! Packs schema/devices into the form that the library carries: for each family its facts and its parts, as JSON, deflated. A
//! family is unpacked when a part of it is asked for, and not before.
//!
//! JSON, because its reader is small: with TOML's, the code to read the files took four times as much as they do.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

/// The best that deflate can do.
const LEVEL: u8 = 10;

fn main() -> Result<(), Box<dyn Error>> {
    let devices = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../schema/devices");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", devices.display());

    let files = toml_files(&devices.join("parts"))?;
    let mut code = format!("static FAMILIES: [Packed; {}] = [\n", files.len());
    for parts in files {
        let name = parts.file_name().ok_or("a file without a name")?;
        let packed = pack(&[&devices.join(name), &parts])?;
        let stem = parts.file_stem().and_then(|stem| stem.to_str()).ok_or("a file name that is not UTF-8")?;
        fs::write(out.join(stem), packed)?;
        let prefix = stem.to_ascii_uppercase();
        writeln!(code, "    Packed::new({prefix:?}, include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{stem}\"))),")?;
    }
    code.push_str("];\n");
    fs::write(out.join("memories"), pack(&[&devices.join("memories.toml")])?)?;
    code.push_str("static MEMORIES: &[u8] = include_bytes!(concat!(env!(\"OUT_DIR\"), \"/memories\"));\n");
    fs::write(out.join("packed.rs"), code)?;
    Ok(())
}

fn toml_files(folder: &Path) -> Result<Vec<PathBuf>, Box<dyn Error>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(|error| format!("{}: {error}", folder.display()))? {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "toml") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// Files as JSON, each with a zero byte behind it, deflated.
fn pack(files: &[&Path]) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut all = String::new();
    for file in files {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
        all.push_str(&serde_json::to_string(&table)?);
        all.push('\0');
    }
    Ok(miniz_oxide::deflate::compress_to_vec(all.as_bytes(), LEVEL))
}
