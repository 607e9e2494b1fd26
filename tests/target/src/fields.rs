//! The vectors for readers of one-time-programmable memory, read on the host and on a Cortex-M7.

use core::fmt::{self, Write};

use image_format::Memory;
use image_format::otp::{FieldRefusal, OtpLayout, Text};

include!(concat!(env!("OUT_DIR"), "/fields.rs"));

/// A layout, a memory, a question about a field, and the answer.
pub struct Field {
    /// Its name in the index.
    pub name: &'static str,
    /// Which field lies where.
    pub layout: &'static [u8],
    /// The memory.
    pub memory: &'static [u8],
    /// An offset that cannot be read.
    pub unreadable: Option<u32>,
    /// The field's number.
    pub field: usize,
    /// What is asked: `read`, `checked`, `text`, `sum` or `count`.
    pub question: &'static str,
    /// The answer, if the code is 0: hex of values, the text, a count.
    pub answer: &'static str,
    /// The refusal's number.
    pub code: u16,
}

/// Bytes of the largest value that a vector asks for.
const LARGEST: usize = 64;

impl Field {
    /// Asks, and writes the answer. The refusal's number, or 0.
    ///
    /// # Errors
    /// Those of the writer.
    pub fn ask(&self, out: &mut impl Write) -> Result<u16, fmt::Error> {
        let memory = Memory::file(self.memory);
        let mut memory = self.unreadable.map_or(memory, |offset| memory.unreadable_at(offset));
        match self.answer(&mut memory, out) {
            Ok(written) => written.map(|()| 0),
            Err(refusal) => Ok(refusal.number()),
        }
    }

    fn answer(&self, memory: &mut Memory<'_>, out: &mut impl Write) -> Result<fmt::Result, FieldRefusal> {
        let layout = OtpLayout::parse(self.layout)?;
        let mut hex = |bytes: &[u8]| bytes.iter().try_for_each(|byte| write!(out, "{byte:02x}"));
        Ok(match self.question {
            "read" => {
                let found = layout.fields().nth(self.field).ok_or(FieldRefusal::NoSuchField)?;
                let size = usize::try_from(found.field.value_size()).unwrap_or(usize::MAX);
                let mut buffer = [0; LARGEST];
                let buffer = buffer.get_mut(..size).ok_or(FieldRefusal::BufferSize)?;
                layout.read(self.field, memory, buffer)?;
                hex(buffer)
            }
            "checked" => hex(layout.bytes::<8, 1>(self.field, memory)?.as_flattened()),
            "text" => {
                let [text] = layout.values::<8, 1, _>(self.field, memory, Text::new)?;
                out.write_str(text.as_str())
            }
            "sum" => {
                layout.check_sum(self.field, memory)?;
                Ok(())
            }
            "count" => write!(out, "{}", layout.counter(self.field, memory)?),
            _ => Err(fmt::Error),
        })
    }
}

#[cfg(test)]
mod tests {
    extern crate std;

    use std::string::String;

    use super::FIELDS;

    #[test]
    fn each_vector_is_answered_as_the_index_says() {
        for field in FIELDS {
            let mut answer = String::new();
            let code = field.ask(&mut answer).expect("a string takes everything");
            assert_eq!((answer.as_str(), code), (field.answer, field.code), "{}", field.name);
        }
    }
}
