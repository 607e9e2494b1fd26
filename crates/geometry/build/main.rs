//! Packs schema/devices into the form that the library carries: what each family's facts and parts say, in the order of the
//! declarations in src, deflated. A family is unpacked when a part of it is asked for, and not before.
//!
//! All are deflated as if they followed one family's bytes, which the reader unpacks first: what they share with it takes no room.

#![allow(
    dead_code,
    unused_imports,
    unused_macros,
    missing_docs,
    clippy::all,
    reason = "the library uses the rest of its modules"
)]

#[path = "../src/chips.rs"]
mod chips;
#[path = "../src/citation.rs"]
mod citation;
#[path = "../src/family.rs"]
mod family;
#[path = "../src/memory.rs"]
mod memory;
#[path = "../src/option.rs"]
mod option;
#[path = "../src/otp.rs"]
mod otp;
#[path = "../src/part.rs"]
mod part;
#[path = "../src/protection.rs"]
mod protection;
/// In place of the library's reader.
#[path = "pack.rs"]
mod read;
#[path = "../src/region.rs"]
mod region;
#[path = "../src/sort.rs"]
mod sort;

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use miniz_oxide::deflate::core::{
    CompressorOxide, TDEFLFlush, TDEFLStatus, compress_to_output, create_comp_flags_from_zip_params,
};

// The paths that the modules know one another by.
use chips::Chips;
use citation::{Citation, Evidence, Fact};
use family::Family;
use memory::Memories;
use option::{OptionByte, OptionKind, RegisterField, Selects, StoredOptions};
use otp::{BlankRead, Lock, Otp};
use part::{
    Alias, Corrected, Correction, EraseSelector, Mode, Part, Ram, Swap, SwapBit, Upstream, VectorTable, Window,
};
use protection::{PageProtection, WriteProtection};
use read::Pack;
use region::{Ecc, ReadWhileWrite, Region, Rewrite, Run, Sector, address, bytes, numbers, runs_of};

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

    let first = family(&devices, &format!("{FIRST}.toml"))?;
    let mut code = format!("static FIRST: Deflated = {};\n", deflated(&out, "first", &first, &[])?);

    let files = toml_files(&devices.join("parts"))?;
    code += &format!("static FAMILIES: [Packed; {}] = [\n", files.len());
    for parts in files {
        let name = parts.file_name().and_then(|name| name.to_str()).ok_or("a file name that is not UTF-8")?;
        let stem = name.trim_end_matches(".toml");
        let deflated = deflated(&out, stem, &family(&devices, name)?, &first)?;
        writeln!(code, "    Packed::new({:?}, {deflated}),", stem.to_ascii_uppercase())?;
    }
    code.push_str("];\n");
    let mut memories = Vec::new();
    pack::<Memories>(&devices.join("memories.toml"), &mut memories)?;
    let memories = deflated(&out, "memories", &memories, &first)?;
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

/// What a family's file of facts says, and behind it its file of parts.
fn family(devices: &Path, name: &str) -> Result<Vec<u8>, Box<dyn Error>> {
    let mut out = Vec::new();
    pack::<Family>(&devices.join(name), &mut out)?;
    pack::<Chips>(&devices.join("parts").join(name), &mut out)?;
    Ok(out)
}

/// Writes what a file says behind what is there.
fn pack<T: Pack>(file: &Path, out: &mut Vec<u8>) -> Result<(), Box<dyn Error>> {
    let text = fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
    let table: toml::Table = text.parse().map_err(|error| format!("{}: {error}", file.display()))?;
    T::pack(&table.into(), out).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(())
}

/// Writes bytes, deflated behind others, and returns the expression that stands for them.
fn deflated(out: &Path, name: &str, content: &[u8], behind: &[u8]) -> Result<String, Box<dyn Error>> {
    let mut compressor = CompressorOxide::new(create_comp_flags_from_zip_params(LEVEL, WINDOW_BITS, 0));
    // The reader has this already. It ends on a whole byte, where the content's own blocks begin.
    compress_to_output(&mut compressor, behind, TDEFLFlush::Sync, |_| true);
    let mut packed = Vec::new();
    let (status, _) = compress_to_output(&mut compressor, content, TDEFLFlush::Finish, |bytes| {
        packed.extend(bytes);
        true
    });
    if status != TDEFLStatus::Done {
        return Err(format!("{name}: {status:?}").into());
    }
    fs::write(out.join(name), packed)?;
    let size = content.len();
    Ok(format!("Deflated {{ size: {size}, bytes: include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}\")) }}"))
}
