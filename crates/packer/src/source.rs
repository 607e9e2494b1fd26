//! Constants for a firmware's own sources: one list, written as a C header or as Rust; and what reads its one-time-programmable
//! memory.

mod layout;
mod mpu;
mod otp;
mod trust;

use std::collections::BTreeSet;
use std::fmt::{self, Write as _};

pub use layout::layout;
pub use mpu::mpu;
pub use otp::otp;
pub use trust::{trust, trust_set};

/// Bytes in a line of a generated source.
const BYTES_IN_LINE: usize = 12;

/// Why there is no such source.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SourceError {
    /// Two constants would have one name.
    #[error(
        "two constants would be called {0}: rename a slot, an area, a memory or a word, such as `a-state` beside `a`"
    )]
    Collision(String),
    /// No role has keys.
    #[error("nothing says whose signatures a board takes: no role has keys")]
    NoRoles,
    /// The core has no memory protection unit, or nobody recorded which.
    #[error("the core ({0}) has no memory protection unit that waxseal knows")]
    NoMpu(String),
    /// Nothing to protect.
    #[error("no external memory with an address has `execute-as` or `program-as`")]
    NoMemory,
    /// The unit has no such region.
    #[error("no single region of the memory protection unit covers {0}")]
    Uncovered(String),
    /// A reader would refuse the trust set.
    #[error("a reader would refuse these keys: {0}")]
    Trust(image_format::Error),
}

/// A file of constants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Source {
    /// What it is about, in one word: it becomes the header's guard.
    pub subject: &'static str,
    /// What it is and what made it, in lines.
    pub about: Vec<String>,
    /// Its groups.
    pub sections: Vec<Section>,
    /// What stands behind them, in the language that it is rendered in.
    pub code: String,
}

/// Constants that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Section {
    /// What they are about.
    pub title: String,
    /// The constants.
    pub constants: Vec<Constant>,
}

/// A constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Constant {
    /// Its name in capitals, without the prefix that C needs.
    pub name: String,
    /// What it is, with its unit.
    pub doc: String,
    /// Its value.
    pub value: Value,
}

/// The value of a constant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// A number that people read in hex.
    Hex(u32),
    /// A number that people count with.
    Number(u32),
    /// Bytes.
    Bytes(Vec<u8>),
    /// Pairs of register values.
    Pairs(Vec<[u32; 2]>),
    /// ASCII text.
    Text(String),
}

/// The language of a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// C99 and C++17: preprocessor constants with the prefix `WAXSEAL_`; bytes and pairs are initialisers of an array.
    C,
    /// Rust, for a module of its own.
    Rust,
}

impl Section {
    /// An empty section.
    pub fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), constants: Vec::new() }
    }

    /// Adds a constant.
    pub fn add(&mut self, name: impl AsRef<str>, doc: impl Into<String>, value: Value) {
        self.constants.push(Constant { name: identifier(name.as_ref()), doc: doc.into(), value });
    }
}

/// A name in capitals: what is no letter or digit becomes an underscore.
fn identifier(name: &str) -> String {
    let capital = |letter: char| if letter.is_ascii_alphanumeric() { letter.to_ascii_uppercase() } else { '_' };
    name.chars().map(capital).collect()
}

/// A text that stays within a comment of a line, whatever a file is called.
pub fn comment(text: &str) -> String {
    text.replace(char::is_control, " ").replace("*/", "* /")
}

impl Source {
    /// The file.
    ///
    /// # Errors
    /// [`SourceError::Collision`].
    pub fn render(&self, language: Language) -> Result<String, SourceError> {
        let mut names = BTreeSet::new();
        let constants = self.sections.iter().flat_map(|section| &section.constants);
        if let Some(again) = constants.into_iter().find(|constant| !names.insert(&constant.name)) {
            return Err(SourceError::Collision(again.name.clone()));
        }
        // A string takes whatever is written to it.
        Ok(match language {
            Language::C => self.c().unwrap_or_default(),
            Language::Rust => self.rust().unwrap_or_default(),
        })
    }

    fn c(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        let guard = format!("WAXSEAL_{}_H", identifier(self.subject));
        writeln!(text, "/* {} */", self.about.iter().map(|line| comment(line)).collect::<Vec<_>>().join("\n * "))?;
        writeln!(text, "#ifndef {guard}\n#define {guard}")?;
        for section in &self.sections {
            writeln!(text, "\n/* {} */\n", section.title)?;
            for Constant { name, doc, value } in &section.constants {
                writeln!(text, "/* {doc} */")?;
                write!(text, "#define WAXSEAL_{name} ")?;
                match value {
                    Value::Hex(value) => writeln!(text, "0x{value:08X}u")?,
                    Value::Number(value) => writeln!(text, "{value}u")?,
                    Value::Text(value) => writeln!(text, "\"{value}\"")?,
                    Value::Bytes(bytes) => {
                        let lines = lines(bytes);
                        writeln!(text, "{{ \\\n    {} \\\n}}", lines.join(", \\\n    "))?;
                        writeln!(text, "#define WAXSEAL_{name}_BYTES {}u", bytes.len())?;
                    }
                    Value::Pairs(pairs) => {
                        let pair = |[one, other]: &[u32; 2]| format!("{{ 0x{one:08X}u, 0x{other:08X}u }}");
                        let pairs: Vec<_> = pairs.iter().map(pair).collect();
                        writeln!(text, "{{ \\\n    {} \\\n}}", pairs.join(", \\\n    "))?;
                        writeln!(text, "#define WAXSEAL_{name}_COUNT {}u", pairs.len())?;
                    }
                }
            }
        }
        if !self.code.is_empty() {
            writeln!(text, "\n{}", self.code.trim_end())?;
        }
        writeln!(text, "\n#endif")?;
        Ok(text)
    }

    fn rust(&self) -> Result<String, fmt::Error> {
        let mut text = String::new();
        self.about.iter().try_for_each(|line| writeln!(text, "// {}", comment(line)))?;
        for section in &self.sections {
            writeln!(text, "\n// {}\n", section.title)?;
            for Constant { name, doc, value } in &section.constants {
                writeln!(text, "/// {doc}")?;
                write!(text, "pub const {name}: ")?;
                match value {
                    Value::Hex(value) => writeln!(text, "u32 = 0x{:04X}_{:04X};", value >> 16, value & 0xFFFF)?,
                    Value::Number(value) => writeln!(text, "u32 = {value};")?,
                    Value::Text(value) => writeln!(text, "&str = \"{value}\";")?,
                    Value::Bytes(bytes) => {
                        writeln!(text, "[u8; {}] = [\n    {},\n];", bytes.len(), lines(bytes).join(",\n    "))?;
                    }
                    Value::Pairs(pairs) => {
                        let hex = |word: u32| format!("0x{:04X}_{:04X}", word >> 16, word & 0xFFFF);
                        let pair = |[one, other]: &[u32; 2]| format!("[{}, {}]", hex(*one), hex(*other));
                        let lines: Vec<_> = pairs.iter().map(pair).collect();
                        writeln!(text, "[[u32; 2]; {}] = [\n    {},\n];", pairs.len(), lines.join(",\n    "))?;
                    }
                }
            }
        }
        if !self.code.is_empty() {
            writeln!(text, "\n{}", self.code.trim_end())?;
        }
        Ok(text)
    }
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let hex = |bytes: &[u8]| bytes.iter().map(|byte| format!("0x{byte:02X}")).collect::<Vec<_>>().join(", ");
    bytes.chunks(BYTES_IN_LINE).map(hex).collect()
}

#[cfg(test)]
mod tests {
    use super::{Language, Section, Source, SourceError, Value, comment};

    fn sample() -> Source {
        let mut section = Section::new("Things.");
        section.add("slot-a-START", "Address.", Value::Hex(0x0802_0000));
        section.add("count", "How many.", Value::Number(7));
        section.add("part", "Its name.", Value::Text("STM32F767ZI".to_owned()));
        section.add("id", "Bytes.", Value::Bytes((0..13).collect()));
        Source {
            subject: "test",
            about: vec!["One.".to_owned(), "Two.".to_owned()],
            sections: vec![section],
            code: String::new(),
        }
    }

    #[test]
    fn c() {
        let expected = "\
/* One.
 * Two. */
#ifndef WAXSEAL_TEST_H
#define WAXSEAL_TEST_H

/* Things. */

/* Address. */
#define WAXSEAL_SLOT_A_START 0x08020000u
/* How many. */
#define WAXSEAL_COUNT 7u
/* Its name. */
#define WAXSEAL_PART \"STM32F767ZI\"
/* Bytes. */
#define WAXSEAL_ID { \\
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B, \\
    0x0C \\
}
#define WAXSEAL_ID_BYTES 13u

#endif
";
        assert_eq!(sample().render(Language::C).expect("a string"), expected);
    }

    #[test]
    fn two_of_one_name_are_refused() {
        let mut source = sample();
        source.sections[0].add("slot-a_start", "Again.", Value::Number(1));
        let refused = SourceError::Collision("SLOT_A_START".to_owned());
        assert_eq!(source.render(Language::C), Err(refused.clone()));
        assert_eq!(source.render(Language::Rust), Err(refused));
    }

    #[test]
    fn comments_do_not_end_early() {
        assert_eq!(comment("a */ b\nc"), "a * / b c");
    }

    #[test]
    fn rust() {
        let expected = "\
// One.
// Two.

// Things.

/// Address.
pub const SLOT_A_START: u32 = 0x0802_0000;
/// How many.
pub const COUNT: u32 = 7;
/// Its name.
pub const PART: &str = \"STM32F767ZI\";
/// Bytes.
pub const ID: [u8; 13] = [
    0x00, 0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x07, 0x08, 0x09, 0x0A, 0x0B,
    0x0C,
];
";
        assert_eq!(sample().render(Language::Rust).expect("a string"), expected);
    }
}
