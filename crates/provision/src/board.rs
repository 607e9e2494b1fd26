//! From records to what each field of each board is to hold.

use std::fmt;

use geometry::sort::{sort_by, sort_by_key};
use image_format::crc::Crc32;
use image_format::trust::{RoleHead, TrustHead};
use image_format::{SoftwareCrypto, sha256};
use manifest::otp::{form, from_number, show, to_number};
use manifest::plan::otp::{Field, Otp, Source};
use manifest::plan::{Plan, Role, RoleName};
use zerocopy::IntoBytes as _;
use zeroize::Zeroizing;

use crate::claim::Taken;
use crate::records::{Finding, Records, Row, judge_titles};

/// Most bytes of a board's name: what a sealed blob has room for.
const NAME: usize = 32;

/// What a board's fields come from.
pub struct Inputs<'a> {
    /// The checked plan.
    pub plan: &'a Plan,
    /// Its one-time-programmable memory.
    pub otp: &'a Otp,
    /// Secrets of boards.
    pub secrets: &'a dyn Secrets,
    /// Titles of the records that no field takes, and that are passed over.
    pub ignored: &'a [String],
    /// In the order of the fields: what every board has. `None`: each has its own.
    same: Vec<Option<Result<Vec<u8>, String>>>,
}

impl<'a> Inputs<'a> {
    /// `keys` are the plan's public keys, in its order.
    pub fn new(
        plan: &'a Plan,
        otp: &'a Otp,
        keys: &[[u8; 32]],
        secrets: &'a dyn Secrets,
        ignored: &'a [String],
    ) -> Self {
        let same = |field: &Field| match &field.source {
            Source::Value(text) => Some(form(field, &plan.product.revisions).parse(text)),
            Source::Version => Some(Ok(otp.version.value.to_le_bytes().to_vec())),
            Source::Role(role) => Some(key_hash(plan, keys, role)),
            _ => None,
        };
        Self { plan, otp, secrets, ignored, same: otp.fields.iter().map(same).collect() }
    }
}

/// Where secrets come from. Several boards are made at a time.
pub trait Secrets: Sync {
    /// The secret of this name for a board.
    ///
    /// # Errors
    /// Why there is none.
    fn read(&self, board: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, String>;
}

/// One board.
#[derive(Clone, Debug)]
pub struct Board {
    /// What the field `otp.board` says.
    pub name: String,
    /// The line of the records that it stands in, from 1.
    pub line: u64,
    /// Its values, in the order of the fields. The device's own have none.
    pub values: Vec<Value>,
}

/// The values of a field on one board. A secret shows nothing of itself.
#[derive(Clone, PartialEq, Eq)]
pub struct Value {
    /// Name of the field.
    pub field: String,
    /// Its bytes, without copies and complement.
    pub bytes: Zeroizing<Vec<u8>>,
    /// Whether nobody is to see them.
    pub is_secret: bool,
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bytes: &[u8] = if self.is_secret { &[] } else { &self.bytes };
        f.debug_struct("Value").field("field", &self.field).field("bytes", &bytes).finish()
    }
}

impl Value {
    /// For people; of a secret the first bytes of its digest.
    pub fn show(&self, field: &Field) -> String {
        if !self.is_secret {
            return show(field, &self.bytes);
        }
        let digest = sha256(&mut SoftwareCrypto, &self.bytes);
        format!("secret, sha256 {}...", hex::encode(&digest[..4]))
    }

    /// All bytes of the field: with copies, or with the complement.
    pub fn placed(&self, field: &Field) -> Vec<u8> {
        let mut bytes = self.bytes.repeat(field.copies.into());
        if field.has_complement {
            bytes.extend(self.bytes.iter().map(|byte| !byte));
        }
        bytes
    }
}

impl Board {
    /// The values of the field of this name.
    pub fn value(&self, field: &str) -> Option<&Value> {
        self.values.iter().find(|value| value.field == field)
    }
}

/// All boards of the records.
///
/// # Errors
/// Everything that is wrong: titles that are missing or no field's, cells that are none of their field's type, boards and numbers that stand there twice, numbers
/// outside their range, secrets that are not there.
pub fn boards(inputs: &Inputs<'_>, records: &Records) -> Result<Vec<Board>, Vec<Finding>> {
    let mut findings = judge_titles(inputs.otp, &records.columns, inputs.ignored);
    if !findings.is_empty() {
        return Err(findings);
    }
    let mut taken = Taken::default();
    let mut boards = Vec::new();
    for row in &records.rows {
        match board(inputs, records, row) {
            Ok(board) => {
                findings.extend(taken.add(inputs.otp, &board));
                boards.push(board);
            }
            Err(found) => findings.extend(found),
        }
    }
    if findings.is_empty() { Ok(boards) } else { Err(findings) }
}

/// The title of the column that a field's cell stands under: until a ledger gives numbers out, the records say them.
pub(crate) fn column(field: &Field) -> Option<&str> {
    match &field.source {
        Source::Column(column) => Some(column),
        Source::Range(_) => Some(&field.name),
        _ => None,
    }
}

/// One board of the records. Whether another one has its name or its numbers is not judged.
///
/// # Errors
/// Everything that is wrong with its row.
pub fn board(inputs: &Inputs<'_>, records: &Records, row: &Row) -> Result<Board, Vec<Finding>> {
    let mut findings = Vec::new();
    let otp = inputs.otp;
    let Some(naming) = otp.field(&otp.board) else { return Err(findings) };
    let cell = |field: &Field| column(field).and_then(|column| records.cell(row, column)).unwrap_or_default();
    let name = cell(naming).to_owned();
    let mut values: Vec<Value> = Vec::new();
    for (field, same) in otp.fields.iter().zip(&inputs.same) {
        let value = match &field.source {
            Source::Column(_) | Source::Range(_) if is_rounded(cell(field)) => Err(
                "a spreadsheet has rounded it: make its column text there, and take the values from where they came"
                    .into(),
            ),
            Source::Column(_) => form(field, &inputs.plan.product.revisions).parse(cell(field)).map(Zeroizing::new),
            Source::Range(range) => allocated(otp, field, range, cell(field)).map(Zeroizing::new),
            Source::Secret(secret) => inputs.secrets.read(&name, secret).and_then(|bytes| sized(field, bytes)),
            _ => match same {
                Some(value) => value.clone().map(Zeroizing::new),
                None => continue,
            },
        };
        match value.and_then(|bytes| programmed(field, bytes)) {
            Ok(bytes) => {
                let is_secret = matches!(field.source, Source::Secret(_));
                values.push(Value { field: field.name.value.clone(), bytes, is_secret });
            }
            Err(why) => findings.push(match column(field) {
                Some(title) => Finding::of(row.line, title, of_cell(cell(field), &why)),
                None => Finding::of(row.line, &field.name, why),
            }),
        }
    }
    let title = column(naming).unwrap_or_default();
    if !is_name(&name) && !findings.iter().any(|finding| finding.column.as_deref() == Some(title)) {
        let why = format!("a board's name is 1 to {NAME} letters, digits, dots, dashes, colons and underscores");
        findings.push(Finding::of(row.line, title, of_cell(&name, &why)));
    }
    if !findings.is_empty() {
        return Err(findings);
    }
    for field in &otp.fields {
        let Source::Over(covered) = &field.source else { continue };
        let mut crc = Crc32::new();
        let covered = covered.iter().filter_map(|name| values.iter().find(|value| value.field == name.value));
        covered.for_each(|value| crc.update(&value.bytes));
        let bytes = Zeroizing::new(crc.finish().to_le_bytes().to_vec());
        values.push(Value { field: field.name.value.clone(), bytes, is_secret: false });
    }
    let place = |value: &Value| otp.field(&value.field).map(|field| field.at.value);
    sort_by_key(&mut values, place);
    Ok(Board { name, line: row.line, values })
}

/// What is wrong with a cell, and what stands in it.
fn of_cell(cell: &str, why: &str) -> String {
    if cell.is_empty() { format!("{why}; the cell is empty") } else { format!("{why}; the cell says `{cell}`") }
}

fn is_name(name: &str) -> bool {
    let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.:".contains(&byte);
    (1..=NAME).contains(&name.len()) && name.bytes().all(is_part) && !name.starts_with('.')
}

/// What spreadsheets make of a number with many digits: `1.23457E+11`. The others are lost.
fn is_rounded(cell: &str) -> bool {
    let is_number = |text: &str| !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    let Some((digits, exponent)) = cell.split_once("E+") else { return false };
    let (whole, rest) = digits.split_once(['.', ',']).unwrap_or((digits, "0"));
    is_number(whole) && is_number(rest) && is_number(exponent)
}

/// The numbers of a field that comes from a range: the cell has the first one, the others follow it.
fn allocated(otp: &Otp, field: &Field, range: &str, cell: &str) -> Result<Vec<u8>, String> {
    let range = otp.allocation(range).ok_or("there is no such range")?;
    let mut one = form(field, &[]);
    one.count = 1;
    let first = to_number(field.kind.value, &one.parse(cell)?);
    let mut bytes = Vec::new();
    for step in 0..u64::from(field.count) {
        let number = first.checked_add(step).filter(|number| (range.first.value..=range.last.value).contains(number));
        let Some(number) = number else {
            let what = if field.count == 1 { "it is" } else { "it, or what follows it, is" };
            let show =
                |number| from_number(field.kind.value, number).map_or(String::new(), |bytes| show(field, &bytes));
            let (first, last) = (show(range.first.value), show(range.last.value));
            return Err(format!("{what} outside the range `{}`, {first} to {last}", range.name.value));
        };
        bytes.extend(from_number(field.kind.value, number).ok_or("it does not fit into the field")?);
    }
    Ok(bytes)
}

fn sized(field: &Field, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, String> {
    let wanted = field.value_size();
    if u32::try_from(bytes.len()) == Ok(wanted) {
        Ok(bytes)
    } else {
        Err(format!("{} bytes, and {wanted} are wanted", bytes.len()))
    }
}

/// What reads like a memory that nobody wrote cannot be told from it.
fn programmed(field: &Field, bytes: Zeroizing<Vec<u8>>) -> Result<Zeroizing<Vec<u8>>, String> {
    if !field.has_complement && bytes.iter().all(|byte| *byte == 0xFF) {
        return Err("all bits are ones: nobody could tell it from a field that was never programmed".into());
    }
    Ok(bytes)
}

fn key_hash(plan: &Plan, keys: &[[u8; 32]], role: &str) -> Result<Vec<u8>, String> {
    let name = RoleName::ALL.into_iter().find(|name| name.name() == role);
    let role = name.and_then(|name| plan.role(name)).ok_or("nothing says whose keys these are: --profile may")?;
    let bytes = trust_bytes(plan, role, keys).ok_or("a key of the role is not there")?;
    Ok(sha256(&mut SoftwareCrypto, &bytes).to_vec())
}

/// The trust set that has this one role and epoch 0, which a field of type key-hash holds the digest of. `keys` are the plan's
/// in its order. `None` if one of the role's is not among them.
pub fn trust_bytes(plan: &Plan, role: &Role, keys: &[[u8; 32]]) -> Option<Vec<u8>> {
    let key = |name: &String| keys.get(plan.keys.iter().position(|key| key.name.value == *name)?).copied();
    let mut keys: Vec<[u8; 32]> = role.keys.iter().map(key).collect::<Option<_>>()?;
    sort_by(&mut keys, Ord::cmp);
    let head = TrustHead { format: 1.into(), role_count: 1, reserved: 0, epoch: 0.into() };
    let key_count = u8::try_from(keys.len()).ok()?;
    let role = RoleHead { role: role.name.number(), threshold: role.threshold.value, key_count, reserved: 0 };
    Some([head.as_bytes(), role.as_bytes(), keys.as_bytes()].concat())
}
