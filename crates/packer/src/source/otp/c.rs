//! In C: a reader that stands for itself, and a function for each field.

use std::fmt::{self, Write as _};

use image_format::otp::FieldKind;
use manifest::plan::otp::{Field, Otp};

use super::{covered, describe, function, sums};

/// The reader: the same in every header.
const READER: &str = include_str!("reader.h");

/// For memories without an error correction code, which do not fault.
const DIRECT: &str = "
/* Reads the memory where it lies: a `read` for waxseal_otp_memory. */
static inline int waxseal_otp_direct(void *context, uint32_t offset, uint8_t *bytes, uint32_t size)
{
    const volatile uint8_t *memory = (const volatile uint8_t *)(uintptr_t)(WAXSEAL_OTP_ADDRESS + offset);
    uint32_t i;
    (void)context;
    for (i = 0; i < size; i++) {
        bytes[i] = memory[i];
    }
    return 0;
}
";

/// What stands behind the constants. The header includes nothing but stdint.h.
pub fn functions(otp: &Otp) -> Result<String, fmt::Error> {
    let mut text = format!("#include <stdint.h>\n\n{READER}");
    if otp.unit == 1 {
        text.push_str(DIRECT);
    }
    // Sums first: the fields that they cover ask them.
    let (sums, others): (Vec<&Field>, Vec<&Field>) =
        otp.fields.iter().partition(|field| field.kind.value == FieldKind::Crc32);
    for field in sums {
        sum(&mut text, otp, field)?;
    }
    for field in others {
        match field.kind.value {
            FieldKind::Counter => counter(&mut text, otp, field)?,
            _ => value(&mut text, otp, field)?,
        }
    }
    Ok(text)
}

/// Offset, size of the values, copies, complement: as the reader's functions take them.
fn place(field: &Field) -> String {
    let (at, size) = (field.at.value, field.value_size());
    format!("0x{at:02X}u, {size}u, {}u, {}", field.copies, u8::from(field.has_complement))
}

fn sum(text: &mut String, otp: &Otp, field: &Field) -> fmt::Result {
    writeln!(text, "\n/* {} */", describe(otp, field))?;
    writeln!(text, "static inline uint16_t {}(const waxseal_otp_memory *memory)\n{{", check(field))?;
    writeln!(text, "    uint32_t crc = 0xFFFFFFFFu;")?;
    for (index, name) in covered(field).into_iter().enumerate() {
        let Some(other) = otp.field(name) else { continue };
        let add = format!("code = waxseal_otp_add(memory, {}, &crc);", place(other));
        match index {
            0 => writeln!(text, "    uint16_t {add}")?,
            _ => writeln!(text, "    if (code == WAXSEAL_OTP_OK) {{\n        {add}\n    }}")?,
        }
    }
    let (at, copies, complement) = (field.at.value, field.copies, u8::from(field.has_complement));
    writeln!(text, "    if (code == WAXSEAL_OTP_OK) {{")?;
    writeln!(text, "        code = waxseal_otp_sum(memory, 0x{at:02X}u, {copies}u, {complement}, crc);\n    }}")?;
    writeln!(text, "    return code;\n}}")
}

fn check(sum: &Field) -> String {
    format!("waxseal_otp_check_{}", function(&sum.name.value))
}

fn counter(text: &mut String, otp: &Otp, field: &Field) -> fmt::Result {
    let name = function(&field.name.value);
    let (at, steps, unit) = (field.at.value, field.steps(otp.unit), otp.unit);
    writeln!(text, "\n/* {} */", describe(otp, field))?;
    writeln!(text, "static inline uint32_t waxseal_otp_read_{name}(const waxseal_otp_memory *memory)\n{{")?;
    writeln!(text, "    return waxseal_otp_count(memory, 0x{at:02X}u, {steps}u, {unit}u);\n}}")
}

/// How C holds values of a type.
enum Holding {
    /// As they stand: bytes.
    Bytes,
    /// As a number of this type.
    Number(&'static str),
    /// As another type, which a function makes: the type, what stands behind the name, the function's call without the place to
    /// write to, which is its last argument.
    Made(&'static str, String, String),
}

fn holding(field: &Field) -> Holding {
    let length = field.length;
    match field.kind.value {
        FieldKind::U8 | FieldKind::Enum => Holding::Number("uint8_t"),
        FieldKind::U16 | FieldKind::OtpVersion => Holding::Number("uint16_t"),
        FieldKind::U32 => Holding::Number("uint32_t"),
        FieldKind::U64 => Holding::Number("uint64_t"),
        FieldKind::Ascii => {
            Holding::Made("char", format!("[{}]", length + 1), format!("waxseal_otp_text(BYTES, {length}u"))
        }
        FieldKind::Date => Holding::Made("waxseal_otp_date", String::new(), "waxseal_otp_day(BYTES".to_owned()),
        _ => Holding::Bytes,
    }
}

fn value(text: &mut String, otp: &Otp, field: &Field) -> fmt::Result {
    let (name, count, length) = (function(&field.name.value), field.count, field.length);
    let holding = holding(field);
    let many = if count > 1 { format!("[{count}]") } else { String::new() };
    let parameter = match &holding {
        Holding::Bytes => format!("uint8_t value{many}[{length}]"),
        Holding::Number(kind) if count > 1 => format!("{kind} value{many}"),
        Holding::Number(kind) => format!("{kind} *value"),
        Holding::Made(kind, behind, _) if count == 1 && behind.is_empty() => format!("{kind} *value"),
        Holding::Made(kind, behind, _) => format!("{kind} value{many}{behind}"),
    };
    writeln!(text, "\n/* {} */", describe(otp, field))?;
    writeln!(
        text,
        "static inline uint16_t waxseal_otp_read_{name}(const waxseal_otp_memory *memory, {parameter})\n{{"
    )?;
    let is_revision = field.kind.value == FieldKind::Revision;
    let loops = count > 1 && (is_revision || !matches!(holding, Holding::Bytes));
    if loops {
        writeln!(text, "    uint32_t i;")?;
    }
    let bytes = match &holding {
        Holding::Bytes if count > 1 => "value[0]",
        Holding::Bytes => "value",
        _ => {
            writeln!(text, "    uint8_t bytes[{}];", field.value_size())?;
            "bytes"
        }
    };
    writeln!(text, "    uint16_t code = waxseal_otp_values(memory, {}, {bytes});", place(field))?;
    for sum in sums(otp, field) {
        writeln!(text, "    if (code == WAXSEAL_OTP_OK) {{\n        code = {}(memory);\n    }}", check(sum))?;
    }
    if let Some(step) = step(field, &holding) {
        match loops {
            true => {
                writeln!(
                    text,
                    "    for (i = 0; code == WAXSEAL_OTP_OK && i < {count}u; i++) {{\n        {step}\n    }}"
                )?;
            }
            false => writeln!(text, "    if (code == WAXSEAL_OTP_OK) {{\n        {step}\n    }}")?,
        }
    }
    writeln!(text, "    return code;\n}}")
}

/// What is done with one value out of its bytes. `None`: nothing.
fn step(field: &Field, holding: &Holding) -> Option<String> {
    let (length, is_one) = (field.length, field.count == 1);
    let source = if is_one { "bytes".to_owned() } else { format!("bytes + i * {length}u") };
    let target = if is_one { "*value" } else { "value[i]" };
    Some(match holding {
        Holding::Bytes if field.kind.value == FieldKind::Revision => {
            let value = if is_one { "value" } else { "value[i]" };
            format!("code = waxseal_otp_is_text({value}, {length}u, 0x21u);")
        }
        Holding::Bytes => return None,
        Holding::Number(kind) => {
            let number = format!("{target} = ({kind})waxseal_otp_number({source}, {length}u);");
            if field.words.is_empty() {
                return Some(number);
            }
            let known: Vec<String> = field.words.iter().map(|(_, word)| format!("{target} == {word}u")).collect();
            let code = format!("code = {} ? WAXSEAL_OTP_OK : WAXSEAL_OTP_REFUSED_FORM;", known.join(" || "));
            format!("{number}\n        {code}")
        }
        Holding::Made(_, behind, call) => {
            let value = match (is_one, behind.is_empty()) {
                (true, _) => "value",
                (false, true) => "&value[i]",
                (false, false) => "value[i]",
            };
            format!("code = {}, {value});", call.replace("BYTES", &source))
        }
    })
}
