//! Whether quotation marks part a text into the cells that they should (RFC 4180). The csv crate asks no such thing: behind a mark that nobody
//! closes, it takes all further rows for one cell, and says nothing.

/// A quotation mark that would make one cell of several.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stray {
    /// It is opened in this line and never closed.
    Open(u64),
    /// It is opened in the first line and closed in the second, where the cell goes on.
    Within(u64, u64),
}

/// How far a cell was read.
#[derive(Debug)]
enum Cell {
    Start,
    Plain,
    /// In quotation marks that are opened in this line.
    Quoted(u64),
    /// Behind a mark that ends the cell, or is the first of two.
    Closed(u64),
}

/// Follows the cells of a text, byte by byte. Lines end with LF.
#[derive(Debug)]
pub(crate) struct Cells {
    /// The line of the next byte, from 1.
    line: u64,
    cell: Cell,
    stray: Option<Stray>,
}

impl Cells {
    pub(crate) fn new() -> Self {
        Self { line: 1, cell: Cell::Start, stray: None }
    }

    pub(crate) fn byte(&mut self, byte: u8) {
        self.cell = match (&self.cell, byte) {
            (Cell::Quoted(opened), b'"') => Cell::Closed(*opened),
            (Cell::Quoted(opened), _) | (Cell::Closed(opened), b'"') => Cell::Quoted(*opened),
            (_, b',' | b'\n') => Cell::Start,
            (Cell::Start, b'"') => Cell::Quoted(self.line),
            // A byte order mark stands before the first cell.
            (Cell::Start, 0xEF | 0xBB | 0xBF) if self.line == 1 => Cell::Start,
            (Cell::Closed(opened), _) => {
                self.stray.get_or_insert(Stray::Within(*opened, self.line));
                Cell::Plain
            }
            (Cell::Start | Cell::Plain, _) => Cell::Plain,
        };
        self.line += u64::from(byte == b'\n');
    }

    /// The text ends here, which may be said again.
    pub(crate) fn end(&mut self) {
        if let Cell::Quoted(opened) = std::mem::replace(&mut self.cell, Cell::Start) {
            self.stray.get_or_insert(Stray::Open(opened));
        }
    }

    /// The first stray mark so far, once.
    pub(crate) fn stray(&mut self) -> Option<Stray> {
        self.stray.take()
    }
}

#[cfg(test)]
mod tests {
    use super::{Cells, Stray};

    #[test]
    fn marks_that_part_no_cells() {
        for (text, expected) in [
            ("a,\"b\nc\",\"d\"\"e\"\n\"\"\n5\" pipe,f\n", None),
            ("\u{feff}\"a\",b\n", None),
            ("a\nb,\"c\nd\n", Some(Stray::Open(2))),
            ("a\nb,\"c\nd,\"e\n", Some(Stray::Within(2, 3))),
            ("\"a\" ,b\n", Some(Stray::Within(1, 1))),
        ] {
            let mut cells = Cells::new();
            text.bytes().for_each(|byte| cells.byte(byte));
            cells.end();
            assert_eq!(cells.stray(), expected, "{text}");
            assert_eq!(cells.stray(), None);
        }
    }
}
