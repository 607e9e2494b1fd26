//! Packs schema/devices into the form that the library carries: for each family its facts and its parts, as JSON, deflated. A
//! family is unpacked when a part of it is asked for, and not before.
//!
//! All are deflated as if they followed one family's text, which the reader unpacks first: what they share with it takes no room.
//! That is 25 KB instead of 40.
//!
//! JSON, because its reader is small: with TOML's, the code to read the files took four times as much as they do.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};

/// The best that deflate can do.
const LEVEL: i32 = 10;
/// Deflate alone, without zlib's head and sum, and its full window of 32 KiB.
const WINDOW_BITS: i32 = -15;
/// The family that shares most with the others, by trying each.
const FIRST: &str = "stm32l4";

fn main() -> Result<(), Box<dyn Error>> {
    let devices = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("../../schema/devices");
    let out = PathBuf::from(env::var("OUT_DIR")?);
    println!("cargo::rerun-if-changed={}", devices.display());

    let first = format!("{FIRST}.toml");
    let first = text(&[&devices.join(&first), &devices.join("parts").join(&first)])?;
    let mut code = format!("static FIRST: Deflated = {};\n", deflated(&out, "first", &first, "")?);

    let files = toml_files(&devices.join("parts"))?;
    code += &format!("static FAMILIES: [Packed; {}] = [\n", files.len());
    for parts in files {
        let name = parts.file_name().ok_or("a file without a name")?;
        let stem = parts.file_stem().and_then(|stem| stem.to_str()).ok_or("a file name that is not UTF-8")?;
        let deflated = deflated(&out, stem, &text(&[&devices.join(name), &parts])?, &first)?;
        writeln!(code, "    Packed::new({:?}, {deflated}),", stem.to_ascii_uppercase())?;
    }
    code.push_str("];\n");
    let memories = deflated(&out, "memories", &text(&[&devices.join("memories.toml")])?, &first)?;
    writeln!(code, "static MEMORIES: Deflated = {memories};")?;
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

/// Files as JSON, each with a zero byte behind it.
fn text(files: &[&Path]) -> Result<String, Box<dyn Error>> {
    let mut all = String::new();
    for file in files {
        let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
        all.push_str(&serde_json::to_string(&table)?);
        all.push('\0');
    }
    Ok(all)
}

/// Writes a text, deflated behind another one, and returns the expression that stands for it.
fn deflated(out: &Path, name: &str, text: &str, behind: &str) -> Result<String, Box<dyn Error>> {
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, WINDOW_BITS, 0));
    // The reader has this already. It ends on a whole byte, where the text's own blocks begin.
    compress_to_output(&mut compressor, behind.as_bytes(), TDEFLFlush::Sync, |_| true);
    let mut bytes = Vec::new();
    let (status, _) = compress_to_output(&mut compressor, text.as_bytes(), TDEFLFlush::Finish, |packed| {
        bytes.extend(packed);
        true
    });
    if status != TDEFLStatus::Done {
        return Err(format!("{name}: {status:?}").into());
    }
    fs::write(out.join(name), bytes)?;
    let size = text.len();
    Ok(format!("Deflated {{ size: {size}, bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }}"))
}
