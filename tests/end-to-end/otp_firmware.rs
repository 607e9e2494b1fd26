//! What firmware reads of one-time-programmable memory: the C accessors against the Rust ones, which go through image-format.

use std::fmt::Write as _;
use std::io::Write as _;
use std::process::{Command, Stdio};

use image_format::Memory;
use image_format::otp::FieldKind;
use manifest::plan::otp::{Field, Otp};
use vectors::otp::{ANSWERS, BROKEN, DUMPS, read};
use waxseal_tests::{Project, Run};

use crate::otp_golden::PARTS;

/// Strict C99 and C++17, with what finds a read or a write beyond an object.
const COMPILERS: [(&str, &[&str]); 2] = [("gcc", &["-x", "c", "-std=c99"]), ("g++", &["-x", "c++", "-std=c++17"])];
const STRICT: [&str; 9] = [
    "-Wall",
    "-Wextra",
    "-Wpedantic",
    "-Wconversion",
    "-Werror",
    "-O1",
    "-g",
    "-fsanitize=address,undefined",
    "-fno-sanitize-recover=all",
];

/// A program that reads images from its input, an offset that faults before each, and writes a line for each accessor.
fn program(otp: &Otp) -> String {
    let mut text = String::from(
        "#include \"otp.h\"\n#include <inttypes.h>\n#include <stdio.h>\n#include <string.h>\n\n\
         static uint8_t image[WAXSEAL_OTP_SIZE];\nstatic uint32_t fault;\n\n\
         static int read_image(void *context, uint32_t offset, uint8_t *bytes, uint32_t size)\n{\n\
         \x20   if (context != image || size > 32u || offset > sizeof image || size > sizeof image - offset) {\n\
         \x20       return 2;\n    }\n\
         \x20   if (fault >= offset && fault - offset < size) {\n        return 1;\n    }\n\
         \x20   memcpy(bytes, image + offset, size);\n    return 0;\n}\n\n\
         static void hex(const uint8_t *bytes, size_t size)\n{\n    size_t i;\n\
         \x20   for (i = 0; i < size; i++) {\n        printf(\"%02x\", bytes[i]);\n    }\n}\n\n\
         int main(void)\n{\n    waxseal_otp_memory memory;\n    uint16_t code;\n    size_t i;\n    uint8_t where[4];\n\
         \x20   memory.read = read_image;\n    memory.context = image;\n    (void)i;\n    (void)hex;\n\
         \x20   while (fread(where, 1, 4, stdin) == 4 && fread(image, 1, sizeof image, stdin) == sizeof image) {\n\
         \x20       fault = (uint32_t)waxseal_otp_number(where, 4);\n",
    );
    for field in &otp.fields {
        accessor(&mut text, field);
    }
    text + "    }\n    return 0;\n}\n"
}

fn accessor(text: &mut String, field: &Field) {
    let name = field.name.value.replace('-', "_");
    let (count, length) = (field.count, field.length);
    if field.kind.value == FieldKind::Counter {
        let print = "printf(\"%\" PRIu32 \"\\n\"";
        let _ =
            writeln!(text, "        printf(\"read_{name} \");\n        {print}, waxseal_otp_read_{name}(&memory));");
        return;
    }
    if field.kind.value == FieldKind::Crc32 {
        let _ = writeln!(
            text,
            "        code = waxseal_otp_check_{name}(&memory);\n        printf(\"check_{name} \");\n\
             \x20       if (code) printf(\"refused %u\\n\", code); else printf(\"right\\n\");"
        );
        return;
    }
    // The C type of one value, and how one is printed.
    let (kind, one) = match field.kind.value {
        FieldKind::U8 | FieldKind::Enum => ("uint8_t", "printf(\"%u\", VALUE);"),
        FieldKind::U16 | FieldKind::OtpVersion => ("uint16_t", "printf(\"%u\", VALUE);"),
        FieldKind::U32 => ("uint32_t", "printf(\"%\" PRIu32, VALUE);"),
        FieldKind::U64 => ("uint64_t", "printf(\"%\" PRIu64, VALUE);"),
        FieldKind::Ascii => ("char", "printf(\"%s\", VALUE);"),
        FieldKind::Date => ("waxseal_otp_date", "printf(\"%u-%u-%u\", VALUE.year, VALUE.month, VALUE.day);"),
        _ => ("uint8_t", "hex(VALUE, sizeof VALUE);"),
    };
    let is_array = matches!(kind, "char") || one.starts_with("hex");
    let inner = match field.kind.value {
        FieldKind::Ascii => format!("[{}]", length + 1),
        _ if is_array => format!("[{length}]"),
        _ => String::new(),
    };
    let outer = if count > 1 { format!("[{count}]") } else { String::new() };
    let argument = if count > 1 || is_array { "value" } else { "&value" };
    let print = match count {
        1 => one.replace("VALUE", "value"),
        _ => format!(
            "for (i = 0; i < {count}; i++) {{ printf(i ? \",\" : \"\"); {} }}",
            one.replace("VALUE", "value[i]")
        ),
    };
    let _ = writeln!(
        text,
        "        {{\n            {kind} value{outer}{inner};\n\
         \x20           code = waxseal_otp_read_{name}(&memory, {argument});\n            printf(\"read_{name} \");\n\
         \x20           if (code) {{ printf(\"refused %u\", code); }} else {{ {print} }}\n            printf(\"\\n\");\n        }}"
    );
}

/// The fields of a golden part.
fn plan(project: &Project, manifest: &str) -> Otp {
    let text = String::from_utf8(project.read(manifest)).unwrap();
    manifest::check(&manifest::Source { name: manifest.into(), text }).plan.unwrap().otp.unwrap()
}

/// What the C program says of images.
fn said(project: &Project, program: &str, images: &[(Vec<u8>, Option<u32>)]) -> String {
    let mut child = Command::new(project.path(program)).stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
    let mut input = child.stdin.take().unwrap();
    let bytes: Vec<u8> = images
        .iter()
        .flat_map(|(image, fault)| [&fault.unwrap_or(u32::MAX).to_le_bytes()[..], image].concat())
        .collect();
    let writer = std::thread::spawn(move || input.write_all(&bytes).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{}", output.status);
    String::from_utf8(output.stdout).unwrap()
}

/// What the Rust accessors say of images, as the C program writes it.
fn expected(part: &str, images: &[(Vec<u8>, Option<u32>)]) -> String {
    let mut lines = String::new();
    for (image, fault) in images {
        let memory = Memory::file(image);
        let memory = fault.map_or(memory, |offset| memory.unreadable_at(offset));
        let mut told = String::new();
        read(part, "", &memory, &mut told).unwrap();
        told.lines().for_each(|line| lines.push_str(&(line.trim_start_matches(part).trim_start().to_owned() + "\n")));
    }
    lines
}

/// The golden memory, the blank one and the broken ones; then the golden one with every byte of a field changed in some way or
/// unreadable: each is read alike.
fn images(part: &str, otp: &Otp) -> Vec<(Vec<u8>, Option<u32>)> {
    let (_, golden) = DUMPS.iter().find(|(name, _)| *name == part).unwrap();
    let mut images = vec![(golden.to_vec(), None), (vec![0xFF; golden.len()], None)];
    for broken in BROKEN.iter().filter(|broken| broken.part == part) {
        let mut image = golden.to_vec();
        broken.bytes.iter().for_each(|(at, value)| image[*at] = *value);
        images.push((image, broken.fault));
    }
    for at in otp.fields.iter().flat_map(Field::range) {
        images.push((golden.to_vec(), Some(at)));
        let index = at as usize;
        for value in [golden[index] ^ 1 << (at % 8), 0x00, 0xFF] {
            let mut image = golden.to_vec();
            image[index] = value;
            images.push((image, None));
        }
        // The field behind it as nobody programmed it.
        let mut image = golden.to_vec();
        image[index..].fill(0xFF);
        images.push((image, None));
    }
    images
}

#[test]
fn c_reads_what_rust_reads() {
    for golden in &PARTS {
        let project = golden.project();
        let otp = plan(&project, &golden.manifest());
        project.waxseal(&format!("gen otp-c {} -o otp.h", golden.manifest())).exits(0);
        project.write("read.c", program(&otp));
        let images = images(golden.name, &otp);
        let expected = expected(golden.name, &images);
        for (compiler, language) in COMPILERS {
            let mut compile = Command::new(compiler);
            compile.current_dir(project.path(".")).args(language).args(STRICT).args(["read.c", "-o", "read"]);
            let run = Run::of(&mut compile);
            assert_eq!((run.exit, run.stderr.as_str()), (Some(0), ""), "{compiler}, {}", golden.name);
            let said = said(&project, "read", &images);
            let differs = said.lines().zip(expected.lines()).enumerate().find(|(_, (said, expected))| said != expected);
            if let Some((line, (said, expected))) = differs {
                let image = line / otp.fields.len();
                panic!("{compiler}, {}, image {image}: C says `{said}`, Rust `{expected}`", golden.name);
            }
            assert_eq!(said.lines().count(), images.len() * otp.fields.len(), "{}", golden.name);
        }
    }
}

/// The answers that the Cortex-M7 gives too name every accessor of every part.
#[test]
fn every_accessor_is_read() {
    for golden in &PARTS {
        let project = golden.project();
        for field in &plan(&project, &golden.manifest()).fields {
            let name = field.name.value.replace('-', "_");
            let verb = if field.kind.value == FieldKind::Crc32 { "check" } else { "read" };
            assert!(ANSWERS.contains(&format!("{} done {verb}_{name} ", golden.name)), "{name}");
        }
    }
}

/// The header is of use where no operating system is, on the core of the parts, without a library.
#[test]
fn the_header_compiles_for_a_cortex_m7() {
    let compiler = "arm-none-eabi-gcc";
    for golden in &PARTS {
        let project = golden.project();
        project.waxseal(&format!("gen otp-c {} -o otp.h", golden.manifest())).exits(0);
        project.write("user.c", "#include \"otp.h\"\n");
        let mut compile = Command::new(compiler);
        compile.current_dir(project.path(".")).args(["-mcpu=cortex-m7", "-mthumb", "-std=c99", "-ffreestanding"]);
        let strict = ["-Wall", "-Wextra", "-Wpedantic", "-Wconversion", "-Werror", "-fsyntax-only", "user.c"];
        Run::of(compile.args(strict)).exits(0);
    }
}

/// What cannot be generated is told.
#[test]
fn no_accessors_without_a_memory_or_with_one_name_for_two_words() {
    crate::r1b().waxseal("gen otp-c r1b.toml").exits(1).says(&["describes no one-time-programmable memory"]);
    let golden = &PARTS[1];
    let project = golden.project();
    project.edit(&golden.manifest(), "dark-green = 7", "dark-green = 7, dark_green = 8");
    project.waxseal("gen otp-c f722.toml").exits(1).says(&["two constants would be called OTP_COLOR_DARK_GREEN"]);
    project.waxseal("gen otp-rust f722.toml").exits(1).says(&["two constants would be called ColorWord::DarkGreen"]);
}
