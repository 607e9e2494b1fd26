//! What no two boards may share.

use std::collections::BTreeMap;

use image_format::otp::FieldKind;
use manifest::otp::{show, to_number};
use manifest::plan::otp::{Allocation, Field, Otp, Source};

use crate::board::{Board, column};
use crate::records::Finding;

/// A value that belongs to one board: its name, an address, a number of a range.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claim<'a> {
    /// The field that it stands in.
    pub field: &'a Field,
    /// What it is: `board`, `eui48`, `range NAME`. Values of different kinds never collide.
    pub kind: String,
    /// The value.
    pub value: Own,
}

/// A board's own value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Own {
    /// A number, or an address as one.
    Number(u64),
    /// Anything else.
    Text(String),
}

/// What a board's name is, as a kind.
pub const BOARD: &str = "board";

/// What a range's numbers are: addresses are addresses, whichever range they are of.
pub fn kind_of(field: &Field, range: &Allocation) -> String {
    match field.kind.value {
        kind @ (FieldKind::Eui48 | FieldKind::Eui64) => kind.word().to_owned(),
        _ => format!("range {}", range.name.value),
    }
}

/// The values that no two boards may share, the name first.
pub fn claims<'a>(otp: &'a Otp, board: &Board) -> Vec<Claim<'a>> {
    let mut claims = Vec::new();
    if let Some(field) = otp.field(&otp.board) {
        claims.push(Claim { field, kind: BOARD.to_owned(), value: Own::Text(board.name.clone()) });
    }
    for field in &otp.fields {
        let Some(value) = board.value(&field.name) else { continue };
        let kind = match (&field.source, field.kind.value) {
            (Source::Range(range), _) => otp.allocation(range).map(|range| kind_of(field, range)),
            (Source::Column(_), kind @ (FieldKind::Eui48 | FieldKind::Eui64)) => Some(kind.word().to_owned()),
            (Source::Column(_), FieldKind::Uuid) => {
                let kind = field.kind.value.word().to_owned();
                claims.push(Claim { field, kind, value: Own::Text(show(field, &value.bytes)) });
                None
            }
            _ => None,
        };
        let Some(kind) = kind else { continue };
        let length = usize::try_from(field.length).unwrap_or(usize::MAX).max(1);
        let numbers = value.bytes.chunks(length).map(|one| Own::Number(to_number(field.kind.value, one)));
        claims.extend(numbers.map(|value| Claim { field, kind: kind.clone(), value }));
    }
    claims
}

/// What boards before this one have: lines by kind and value.
#[derive(Debug, Default)]
pub struct Taken(BTreeMap<(String, Own), u64>);

impl Taken {
    /// Adds a board's values; of each that another board has, or that the board has twice, a finding.
    pub fn add(&mut self, otp: &Otp, board: &Board) -> Vec<Finding> {
        let mut findings: Vec<Finding> = Vec::new();
        for Claim { field, kind, value } in claims(otp, board) {
            let title = column(field).unwrap_or(&field.name);
            let is_name = kind == BOARD;
            let Some(first) = self.0.insert((kind, value), board.line) else { continue };
            let text = match (is_name, first == board.line, field.count) {
                (true, ..) => format!("board {} stands in line {first} already", board.name),
                (_, true, _) => "the board has it twice".to_owned(),
                (_, _, 1) => format!("line {first} has it already"),
                _ => format!("line {first} has it already, or one of those that follow it"),
            };
            let finding = Finding::of(board.line, title, text);
            // A pair of addresses is one cell.
            if findings.last() != Some(&finding) {
                findings.push(finding);
            }
        }
        findings
    }
}
