//! The C declarations of crates/boot-c, for schema/waxseal.h: cbindgen reads them from the source.

use std::{fmt::Write as _, fs};

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};

use crate::{
    header::comment,
    process::{Failure, Outcome, root},
};

/// The declarations, without guard and includes.
pub fn declarations() -> Outcome<String> {
    let folder = root()?.join("crates/boot-c/src");
    let mut config = Config {
        language: Language::C,
        style: Style::Both,
        cpp_compat: true,
        no_includes: true,
        tab_width: 4,
        documentation_style: DocumentationStyle::C,
        usize_is_size_t: true,
        ..Config::default()
    };
    let files = fs::read_dir(&folder).map_err(Failure::at(&folder))?.flatten();
    for path in files.map(|file| file.path()) {
        let source = fs::read_to_string(&path).map_err(Failure::at(&path))?;
        for line in source.lines() {
            if let Some(name) = item(line, "pub const ") {
                config.export.rename.insert(name.to_owned(), format!("WAXSEAL_{name}"));
            } else if let Some(name) = item(line, "pub struct ") {
                config.export.rename.insert(name.to_owned(), format!("waxseal_{}", name.to_lowercase()));
            }
        }
    }
    // From its root cbindgen finds the crate's modules; a module named beside it would be declared twice.
    let builder = Builder::new().with_src(folder.join("lib.rs")).with_config(config);
    let bindings = builder.generate().map_err(|error| Failure::new(format!("cbindgen: {error}")))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    Ok(readable(String::from_utf8_lossy(&text).trim()))
}

/// The declarations with comments in the rest of the header's form, and numbers that are patterns of bits as such.
fn readable(declarations: &str) -> String {
    let mut text = String::new();
    let mut lines = declarations.lines();
    while let Some(line) = lines.next() {
        let number = line.rsplit_once(' ').and_then(|(name, number)| Some((name, number.parse::<u32>().ok()?)));
        match number {
            _ if line.trim() == "/*" => {
                let words = lines.by_ref().map(str::trim).take_while(|line| *line != "*/");
                let words = words.map(|line| if line == "# Safety" { "Requires:" } else { line });
                let words: Vec<_> = words.filter(|line| !line.is_empty()).collect();
                let indent = &line[..line.len() - "/*".len()];
                let _ = comment(&mut text, indent, &words.join(" "));
            }
            Some((name, number)) if line.starts_with("#define ") => {
                let _ = match number {
                    ..0x1_0000 => writeln!(text, "{name} {number}u"),
                    _ => writeln!(text, "{name} 0x{number:08X}u"),
                };
            }
            _ => text = text + line + "\n",
        }
    }
    text.trim_end().to_owned()
}

/// The name that a line declares.
fn item<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    line.strip_prefix(keyword)?.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_function_is_declared_once() {
        let declarations = declarations().expect("declarations");
        let folder = root().expect("the root").join("crates/boot-c/src");
        let sources = fs::read_dir(folder).expect("the sources").flatten();
        let mut functions = 0;
        for source in sources.map(|file| fs::read_to_string(file.path()).expect("a source")) {
            for name in source.lines().filter_map(|line| item(line, "pub unsafe extern \"C\" fn ")) {
                assert_eq!(declarations.matches(&format!("uint32_t {name}(")).count(), 1, "{name}");
                functions += 1;
            }
        }
        assert!(functions > 10, "{functions} functions");
    }
}
