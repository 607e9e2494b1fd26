//! The C declarations of crates/boot-c, for schema/waxseal.h: cbindgen reads them from the source.

use std::fs;

use cbindgen::{Builder, Config, DocumentationStyle, Language, Style};

use crate::process::{Failure, Outcome, root};

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
    let mut builder = Builder::new();
    for module in ["lib.rs", "flash.rs", "config.rs", "session.rs", "stage.rs", "verify.rs"] {
        let path = folder.join(module);
        let source = fs::read_to_string(&path).map_err(Failure::at(&path))?;
        for line in source.lines() {
            if let Some(name) = item(line, "pub const ") {
                config.export.rename.insert(name.to_owned(), format!("WAXSEAL_{name}"));
            } else if let Some(name) = item(line, "pub struct ") {
                config.export.rename.insert(name.to_owned(), format!("waxseal_{}", name.to_lowercase()));
            }
        }
        builder = builder.with_src(path);
    }
    let bindings =
        builder.with_config(config).generate().map_err(|error| Failure::new(format!("cbindgen: {error}")))?;
    let mut text = Vec::new();
    bindings.write(&mut text);
    let text = String::from_utf8_lossy(&text).replace(" * # Safety\n *\n", " * Requires:\n");
    Ok(text.trim().to_owned())
}

/// The name that a line declares.
fn item<'a>(line: &'a str, keyword: &str) -> Option<&'a str> {
    line.strip_prefix(keyword)?.split(|letter: char| !letter.is_alphanumeric() && letter != '_').next()
}
