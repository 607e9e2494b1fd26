//! A text whose lines all end with LF, and which line a byte of it is in.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};

use crate::cells::{Cells, Stray};

/// Reads a text; CR LF and CR become LF. The csv crate takes a record to end with the CR, and counts lines one behind.
#[derive(Debug)]
pub(crate) struct Lines<R> {
    input: R,
    after_cr: bool,
    /// Bytes that were handed out.
    offset: u64,
    /// Offsets of line ends that were handed out, and are not counted in `line` yet: as many as the reader has in its buffer.
    ends: VecDeque<u64>,
    /// The line that begins behind all ends that were counted, from 1.
    line: u64,
    cells: Cells,
}

impl<R> Lines<R> {
    pub(crate) fn new(input: R) -> Self {
        Self { input, after_cr: false, offset: 0, ends: VecDeque::new(), line: 1, cells: Cells::new() }
    }

    /// A stray quotation mark in what was read so far, once.
    pub(crate) fn stray(&mut self) -> Option<Stray> {
        self.cells.stray()
    }

    /// The line of the record that is found from this offset on: it begins behind blank lines. Offsets never fall.
    pub(crate) fn line_at(&mut self, mut start: u64) -> u64 {
        while self.ends.front().is_some_and(|end| *end <= start) {
            start = start.max(self.ends.pop_front().map_or(0, |end| end + u64::from(end == start)));
            self.line += 1;
        }
        self.line
    }
}

impl<R: BufRead> Read for Lines<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            let input = self.input.fill_buf()?;
            let (mut taken, mut given) = (0, 0);
            for (byte, place) in input.iter().zip(0..) {
                if given == buffer.len() {
                    break;
                }
                taken = place + 1;
                let is_second_half = self.after_cr && *byte == b'\n';
                self.after_cr = *byte == b'\r';
                if is_second_half {
                    continue;
                }
                let byte = if self.after_cr { b'\n' } else { *byte };
                if byte == b'\n' {
                    self.ends.push_back(self.offset + given as u64);
                }
                self.cells.byte(byte);
                buffer[given] = byte;
                given += 1;
            }
            if input.is_empty() {
                self.cells.end();
            }
            let is_over = input.is_empty() || buffer.is_empty();
            self.input.consume(taken);
            self.offset += given as u64;
            // Half a line end alone is not the text's end.
            if given > 0 || is_over {
                return Ok(given);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{BufReader, Read as _};

    use super::Lines;

    #[test]
    fn every_line_end_is_one_byte_wherever_the_input_is_cut() {
        let text = b"a\r\nb\n\r\n\rc\r\r\nd\r";
        for size in 1..=text.len() {
            let mut found = String::new();
            let mut lines = Lines::new(BufReader::with_capacity(size, &text[..]));
            lines.read_to_string(&mut found).expect("read");
            assert_eq!(found, "a\nb\n\n\nc\n\nd\n", "{size}");
            // a, b, c behind two blank lines, d behind one; and behind everything.
            let lines: Vec<_> = [0, 2, 4, 8, 11].into_iter().map(|offset| lines.line_at(offset)).collect();
            assert_eq!(lines, [1, 2, 5, 7, 8], "{size}");
        }
    }
}
