//! Turns an index of vectors into `static CASES`, so that a target without files judges the same table as the host.

use std::{env, error::Error, fmt::Write as _, fs, path::Path};

use serde::Deserialize;

/// Names another index than the committed one: `cargo xtask bench` measures with its own image.
const VARIABLE: &str = "WAXSEAL_VECTORS";

#[derive(Deserialize)]
struct Index {
    vectors: Vec<Vector>,
    /// Where the image that a boot loader starts is to be, if the index has one.
    boot: Option<Boot>,
}

/// The vectors for readers of one-time-programmable memory.
#[derive(Deserialize)]
struct Fields {
    fields: Vec<Field>,
}

#[derive(Deserialize)]
struct Field {
    name: String,
    layout: String,
    memory: String,
    unreadable: Option<u32>,
    field: usize,
    question: String,
    answer: Option<String>,
    code: u16,
}

#[derive(Deserialize)]
struct Boot {
    /// Canonical bytes of a slot group.
    group: String,
    /// Offset of a slot of its first region, which holds the first vector.
    slot_offset: u32,
}

#[derive(Deserialize)]
struct Vector {
    name: String,
    kind: Kind,
    file: String,
    policy: Policy,
    slot: Option<u32>,
    fault: Option<u32>,
    code: u16,
    offset: u32,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Kind {
    Image,
    Layout,
    Release,
    #[serde(rename = "otp")]
    OtpBlob,
}

#[derive(Deserialize)]
struct Policy {
    keys: Vec<String>,
    threshold: u8,
    device: Option<Device>,
    revision: Option<String>,
    place: Option<Place>,
    counter: Option<u32>,
}

#[derive(Deserialize)]
struct Device {
    vendor_id: String,
    class_id: String,
}

#[derive(Deserialize)]
struct Place {
    layout: String,
    run_address: u32,
    payload_offset: u32,
}

fn main() -> Result<(), Box<dyn Error>> {
    let here = env::var("CARGO_MANIFEST_DIR")?;
    let index = env::var(VARIABLE).unwrap_or_else(|_| format!("{here}/../vectors/index.json"));
    println!("cargo::rerun-if-env-changed={VARIABLE}");
    println!("cargo::rerun-if-changed={index}");
    let text = fs::read_to_string(&index).map_err(|e| format!("{index}: {e}; `cargo xtask vectors` writes it"))?;
    let Index { vectors, boot } = serde_json::from_str::<Index>(&text).map_err(|e| format!("{index}: {e}"))?;
    if vectors.is_empty() {
        return Err(format!("{index}: no vectors, so nothing would be tested").into());
    }

    let folder = Path::new(&index).parent().ok_or("the index of vectors lies in no folder")?;
    let mut table = String::from("/// The vectors of the index, in its order.\npub static CASES: &[Case] = &[\n");
    for vector in &vectors {
        let file = folder.join(&vector.file);
        println!("cargo::rerun-if-changed={}", file.display());
        write_case(&mut table, vector, &fs::canonicalize(&file).map_err(|e| format!("{}: {e}", file.display()))?)?;
    }
    table.push_str("];\n");
    let (group, offset) = match boot {
        Some(Boot { group, slot_offset }) => (hex(&group, group.len() / 2)?, slot_offset),
        None => ("[0; 0]".to_owned(), 0),
    };
    writeln!(table, "/// The slot group that the first vector is for; empty if the index names none.")?;
    writeln!(table, "pub static GROUP: &[u8] = &{group};")?;
    writeln!(table, "/// Offset in the group's first region of the slot that holds it.")?;
    writeln!(table, "pub const SLOT_OFFSET: u32 = {offset};")?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("cases.rs"), table)?;
    fs::write(Path::new(&env::var("OUT_DIR")?).join("fields.rs"), fields(&here)?)?;

    // Where the linker finds memory.x, which only the programs for the target use.
    println!("cargo::rerun-if-changed={here}/memory.x");
    println!("cargo::rustc-link-search={here}");
    Ok(())
}

/// `fields.json` as a table.
fn fields(here: &str) -> Result<String, Box<dyn Error>> {
    let index = format!("{here}/../vectors/fields.json");
    println!("cargo::rerun-if-changed={index}");
    let Fields { fields } = serde_json::from_str(&fs::read_to_string(&index).map_err(|e| format!("{index}: {e}"))?)?;
    let mut table = String::from("/// The vectors, in the index's order.\npub static FIELDS: &[Field] = &[\n");
    for field in &fields {
        let Field { name, layout, memory, unreadable, field, question, answer, code } = field;
        let (layout, memory) = (hex(layout, layout.len() / 2)?, hex(memory, memory.len() / 2)?);
        writeln!(
            table,
            "    Field {{ name: {name:?}, layout: &{layout}, memory: &{memory}, unreadable: {unreadable:?},"
        )?;
        let answer = answer.clone().unwrap_or_default();
        writeln!(table, "        field: {field}, question: {question:?}, answer: {answer:?}, code: {code} }},")?;
    }
    Ok(table + "];\n")
}

fn write_case(table: &mut String, vector: &Vector, file: &Path) -> Result<(), Box<dyn Error>> {
    let policy = &vector.policy;
    let keys = policy.keys.iter().map(|key| hex(key, 32)).collect::<Result<Vec<_>, _>>()?.join(", ");
    let device = policy.device.as_ref().map(|device| {
        let (vendor, class) = (hex(&device.vendor_id, 16)?, hex(&device.class_id, 16)?);
        Ok::<_, String>(format!("Device {{ vendor_id: {vendor}, class_id: {class} }}"))
    });
    let place = policy.place.as_ref().map(|place| {
        let Place { layout, run_address, payload_offset } = place;
        let layout = hex(layout, 32)?;
        Ok::<_, String>(format!(
            "Place {{ layout: {layout}, run_address: {run_address}, payload_offset: {payload_offset} }}"
        ))
    });
    writeln!(table, "    Case {{")?;
    writeln!(table, "        name: {:?},", vector.name)?;
    writeln!(table, "        kind: Kind::{:?},", vector.kind)?;
    writeln!(table, "        image: &Aligned(*include_bytes!({file:?})).0,")?;
    writeln!(table, "        slot: {:?},", vector.slot)?;
    writeln!(table, "        fault: {:?},", vector.fault)?;
    writeln!(table, "        keys: &[{keys}],")?;
    writeln!(table, "        threshold: {},", policy.threshold)?;
    writeln!(table, "        device: {},", check(device.transpose()?))?;
    writeln!(table, "        revision: {},", check(policy.revision.as_deref().map(|text| hex(text, 4)).transpose()?))?;
    writeln!(table, "        place: {},", check(place.transpose()?))?;
    writeln!(table, "        counter: {},", check(policy.counter.map(|lowest| lowest.to_string())))?;
    writeln!(table, "        verdict: ({}, {}),", vector.code, vector.offset)?;
    writeln!(table, "    }},")?;
    Ok(())
}

fn check(value: Option<String>) -> String {
    value.map_or_else(|| "Check::Waived".into(), |value| format!("Check::Require({value})"))
}

/// The Rust array of `size` bytes that `text` names in hexadecimal.
fn hex(text: &str, size: usize) -> Result<String, String> {
    let wrong = || format!("`{text}` is not {size} bytes in hexadecimal");
    if text.len() != 2 * size || !text.is_ascii() {
        return Err(wrong());
    }
    let bytes = (0..size).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16));
    Ok(format!("{:?}", bytes.collect::<Result<Vec<_>, _>>().map_err(|_| wrong())?))
}
