//! `waxseal diff`: how two artefacts or two manifests differ.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use clap::Args;
use geometry::address;
use image_format::layout::{LayoutBody, groups};
use image_format::release::{self, Directory, ReleaseBody};
use image_format::{
    Digest, Envelope, FrontHead, Header, ImageBody, Kind, Memory, SignaturePlace, SoftwareCrypto, Structure as _,
    sha256,
};
use manifest::{defaults, written};
use packer::diff::{Difference, diff};
use serde_json::{Value, json};
use zerocopy::FromBytes as _;

use crate::exit::{Exit, Failure};
use crate::load::Manifest;
use crate::report::{Format, Report};
use crate::text::{hex, thousands};
use crate::{fields, files};

/// Show how two sealed artefacts of one kind, or two manifests, differ.
///
/// Of an artefact: fields of the header, signatures, and whether the payload differs in code or only in filling. Nothing of it
/// is authentic: `verify` judges. The exit code is 1 if they differ.
#[derive(Debug, Args)]
#[command(after_help = "Example:\n  waxseal diff old/app.a.bin out/app.a.bin\n  waxseal diff r1b.toml r1c.toml")]
pub struct Command {
    /// An image, a layout, a release, or a manifest.
    a: PathBuf,
    /// Another one of the same kind.
    b: PathBuf,
    /// Whom the result is for.
    #[arg(long, value_enum, default_value_t)]
    pub format: Format,
}

/// One thing that differs; `None` where one of the two does not have it.
struct Row {
    what: String,
    a: Option<String>,
    b: Option<String>,
}

impl Row {
    fn new(what: impl Into<String>, a: Option<String>, b: Option<String>) -> Self {
        Self { what: what.into(), a, b }
    }
}

/// What differs, and what that means.
struct Found {
    kind: &'static str,
    rows: Vec<Row>,
    remarks: Vec<String>,
}

impl Command {
    /// Does it. Exit code 1 if something differs.
    ///
    /// # Errors
    /// Files that cannot be read, or that are not of one kind.
    pub fn run(&self) -> Result<Report, Failure> {
        let (a, b) = (files::read(&self.a)?, files::read(&self.b)?);
        let found = match (kind(&a), kind(&b)) {
            (Some(kind), Some(other)) if kind == other => artefacts(kind, &a, &b),
            (None, None) => manifests(&self.a, &self.b)?,
            (kind, other) => {
                let name = |kind: Option<Kind>| {
                    kind.map_or("no sealed artefact".to_owned(), |kind| format!("a sealed {}", kind.name()))
                };
                let title = format!(
                    "{} is {} and {} is {}: there is nothing to compare",
                    self.a.display(),
                    name(kind),
                    self.b.display(),
                    name(other)
                );
                return Err(Failure::new(Exit::Refused, title).help("give two of one kind"));
            }
        };
        let exit = if found.rows.is_empty() { Exit::Done } else { Exit::Refused };
        Ok(Report { exit, result: Some(to_json(&found)), ..Report::done(self.text(&found)) })
    }

    fn text(&self, found: &Found) -> String {
        if found.rows.is_empty() {
            return format!("{}s: the same\n", found.kind);
        }
        let width = found.rows.iter().map(|row| row.what.len()).max().unwrap_or(0);
        let mut text = format!("--- {}\n+++ {}\n", self.a.display(), self.b.display());
        for Row { what, a, b } in &found.rows {
            let _ = writeln!(text, "{what:<width$}  - {}", a.as_deref().unwrap_or("(nothing)"));
            let _ = writeln!(text, "{:<width$}  + {}", "", b.as_deref().unwrap_or("(nothing)"));
        }
        for remark in &found.remarks {
            let _ = writeln!(text, "{remark}");
        }
        text
    }
}

fn kind(file: &[u8]) -> Option<Kind> {
    Kind::ALL.into_iter().find(|kind| file.starts_with(&kind.magic()))
}

fn artefacts(kind: Kind, a: &[u8], b: &[u8]) -> Found {
    let mut rows = Vec::new();
    for leaf in fields::of(kind) {
        if leaf.bytes(a) != leaf.bytes(b) {
            rows.push(Row::new(&leaf.path, leaf.show(a), leaf.show(b)));
        }
    }
    let same_header = rows.is_empty();
    let mut remarks = Vec::new();
    let (signed_a, signed_b) = (signatures(a), signatures(b));
    // One key's signatures of two headers always differ, and of one header never.
    if signed_a != signed_b || same_header && places(a) != places(b) {
        rows.push(Row::new("signatures", Some(signed_a.clone()), Some(signed_b.clone())));
        if signed_a == signed_b {
            remarks.push("the same keys signed, and a signature differs: one of the two is damaged".to_owned());
        }
    }
    for (name, a, b) in parts(a).into_iter().zip(parts(b)).map(|((name, a), (_, b))| (name, a, b)) {
        let found = diff(a, b);
        if found.is_none() {
            continue;
        }
        rows.push(Row::new(name, Some(length(a)), Some(format!("{}: {}", length(b), describe(&found)))));
        if name == "payload" && kind == Kind::Image {
            remarks.push(if found.is_only_filling() {
                "the payloads differ in filling only: the same firmware, made into a BIN with another fill or padding \
                 (objcopy --gap-fill); each is an image of its own"
                    .to_owned()
            } else {
                "the payloads differ in content".to_owned()
            });
        }
    }
    let (a, b) = match kind {
        Kind::Release => unpaired(members(a), members(b), &mut rows),
        Kind::Layout => (listed(a), listed(b)),
        Kind::Image | Kind::OtpBlob | Kind::Trust => (Vec::new(), Vec::new()),
    };
    let only = |a: &[Digest], b: &[Digest]| -> Vec<String> {
        a.iter().filter(|id| !b.contains(id)).map(|id| hex(id)).collect()
    };
    let (only_a, only_b) = (only(&a, &b), only(&b, &a));
    let what = if kind == Kind::Release { "member" } else { "slot group" };
    rows.extend(only_a.into_iter().map(|id| Row::new(what, Some(id), None)));
    rows.extend(only_b.into_iter().map(|id| Row::new(what, None, Some(id))));
    if same_header && rows.iter().all(|row| row.what == "signatures") && !rows.is_empty() {
        remarks.push(format!("the same {}: only its signatures differ", kind.name()));
    }
    Found { kind: kind.name(), rows, remarks }
}

fn places(file: &[u8]) -> &[SignaturePlace] {
    FrontHead::ref_from_prefix(file).map(|(head, _)| &head.signatures[..]).unwrap_or_default()
}

/// Ids of the keys that signed, unjudged.
fn signatures(file: &[u8]) -> String {
    let used = places(file).iter().filter(|place| **place != SignaturePlace::UNUSED);
    let ids: Vec<String> = used.map(|place| hex(&place.key_id)).collect();
    if ids.is_empty() { "unsigned".to_owned() } else { ids.join(", ") }
}

/// What lies behind header and signatures, by the header's sizes.
fn parts(file: &[u8]) -> [(&'static str, &[u8]); 4] {
    let sizes = Envelope::ref_from_prefix(file).map(|(envelope, _)| {
        let [front, payload, auxiliary] = [envelope.front_size, envelope.payload_size, envelope.auxiliary_size];
        [front.get(), payload.get(), auxiliary.get()].map(|size| size as usize)
    });
    let [front, payload, auxiliary] = sizes.unwrap_or_default();
    let rest = file.get(FrontHead::SIZE as usize..).unwrap_or_default();
    let (records, rest) = rest.split_at(rest.len().min(front.saturating_sub(FrontHead::SIZE as usize)));
    let (payload, rest) = rest.split_at(rest.len().min(payload));
    let (auxiliary, rest) = rest.split_at(rest.len().min(auxiliary));
    [("records", records), ("payload", payload), ("auxiliary", auxiliary), ("behind it", rest)]
}

fn length(bytes: &[u8]) -> String {
    format!("{} bytes, sha256 {}", thousands(bytes.len() as u64), hex(&sha256(&mut SoftwareCrypto, bytes)))
}

fn describe(found: &Difference) -> String {
    let mut text = Vec::new();
    if let Some(first) = found.first {
        let fill = found.fill.map_or(String::new(), |(a, b)| format!(", all of them 0x{a:02X} and 0x{b:02X}"));
        text.push(format!("{} bytes differ, the first at offset {first:#X}{fill}", thousands(found.bytes as u64)));
    }
    if found.longer != 0 {
        let more = if found.longer > 0 { "more" } else { "fewer" };
        let padding = found.padding.map_or(String::new(), |value| format!(", all of them 0x{value:02X}"));
        text.push(format!("{} bytes {more}{padding}", thousands(found.longer.unsigned_abs())));
    }
    text.join("; ")
}

/// Fingerprints of a layout's groups; none of what cannot be read.
fn listed(file: &[u8]) -> Vec<Digest> {
    let Ok(header) = Header::<LayoutBody>::read(&mut Memory::file(file)) else { return Vec::new() };
    let found = groups(header.unauthenticated(), parts(file)[1].1);
    found.map(|found| found.map(|group| group.fingerprint(&mut SoftwareCrypto)).collect()).unwrap_or_default()
}

/// An image of a release, as its header says.
struct Member {
    id: Digest,
    /// Its run address, which the same image of another release has; 0 of data. `None`: no header that could be read.
    place: Option<u32>,
    text: String,
}

/// The images of a release; none of what cannot be read.
fn members(file: &[u8]) -> Vec<Member> {
    let Ok(header) = Header::<ReleaseBody>::read(&mut Memory::file(file)) else { return Vec::new() };
    let Ok(directory) = Directory::parse(header.unauthenticated(), parts(file)[1].1) else { return Vec::new() };
    let member = |(offset, member): (u32, &release::Member)| {
        let image = file.get(offset as usize..).unwrap_or_default();
        let header = Header::<ImageBody>::read(&mut Memory::file(image));
        let body = header.as_ref().map(|header| &header.unauthenticated().body);
        let text = body.map_or(String::new(), |body| {
            let version = &body.version;
            let (major, minor, patch) = (version.major, version.minor, version.patch);
            format!("version {major}.{minor}.{patch}, counter {}, ", body.security_counter)
        });
        let place = body.map(|body| body.run_address.get());
        Member { id: member.image_id, place: place.ok(), text: format!("{text}image id {}", hex(&member.image_id)) }
    };
    directory.members().map(member).collect()
}

/// Tells of the images that both releases have in one place what became of them, and hands out the ids of the others.
fn unpaired(a: Vec<Member>, b: Vec<Member>, rows: &mut Vec<Row>) -> (Vec<Digest>, Vec<Digest>) {
    let only = |own: &Member, other: &[Member]| {
        let mut there = other.iter().filter(|other| own.place.is_some() && other.place == own.place);
        there.next().filter(|_| there.next().is_none()).map(|found| (found.id, found.text.clone()))
    };
    let mut paired = Vec::new();
    for member in &a {
        let Some((id, text)) = only(member, &b).filter(|(id, _)| only_one(&a, member) && *id != member.id) else {
            continue;
        };
        let what = match member.place {
            Some(run @ 1..) => format!("image that runs at {}", address(run)),
            _ => "image of data".to_owned(),
        };
        rows.push(Row::new(what, Some(member.text.clone()), Some(text)));
        paired.extend([member.id, id]);
    }
    let rest =
        |members: Vec<Member>| members.into_iter().map(|member| member.id).filter(|id| !paired.contains(id)).collect();
    (rest(a), rest(b))
}

/// Whether no other image of a release has a member's place.
fn only_one(members: &[Member], member: &Member) -> bool {
    members.iter().filter(|other| other.place == member.place).count() == 1
}

/// Compares the values that hold, whoever chose them: a default that the other one writes out is no difference.
fn manifests(a: &Path, b: &Path) -> Result<Found, Failure> {
    let (a, b) = (values(a)?, values(b)?);
    let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
    let row = |key: &String| Row::new(key.clone(), a.get(key).cloned(), b.get(key).cloned());
    let rows = keys.into_iter().filter(|key| a.get(*key) != b.get(*key)).map(row).collect();
    Ok(Found { kind: "manifest", rows, remarks: Vec::new() })
}

fn values(path: &Path) -> Result<BTreeMap<String, String>, Failure> {
    let manifest = Manifest::read(path)?;
    let Some(plan) = manifest.draft() else {
        let title = format!("{} is neither a sealed artefact nor a manifest that means something", path.display());
        return Err(Failure::new(Exit::Refused, title).help(format!("waxseal check {}", path.display())));
    };
    let mut values: BTreeMap<String, String> =
        defaults::list(plan).into_iter().map(|default| (default.key, default.value)).collect();
    for (file, source) in manifest.sources.iter().enumerate() {
        values.extend(written::list(file, source).into_iter().map(|written| (written.key, written.value)));
    }
    Ok(values)
}

fn to_json(found: &Found) -> Value {
    let row = |Row { what, a, b }: &Row| json!({ "what": what, "a": a, "b": b });
    json!({
        "kind": found.kind,
        "same": found.rows.is_empty(),
        "differences": found.rows.iter().map(row).collect::<Vec<_>>(),
        "remarks": found.remarks,
    })
}
