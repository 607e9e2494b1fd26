//! What a file says of itself. Nothing of it is believed.

mod contents;
mod trust;

use std::fmt::Write as _;
use std::ops::Range;

use geometry::address;
use image_format::record::{Record, Records};
use image_format::{
    Code, Digest, Error, FrontHead, KeyId, Kind, Revision, SignaturePlace, SoftwareCrypto, Structure as _, sha256,
};
use packer::carried::{self, Carried};
use serde_json::Value;
use zerocopy::FromBytes as _;

use self::contents::Contents;
use crate::exit::Exit;
use crate::fields::Leaf;
use crate::findings::Report;
use crate::json;
use crate::json::object;
use crate::shape::{Shape, kind, word};
use crate::text::{hex, thousands};
use crate::{fields, refusal};

/// What a file says of itself: a sealed one, the image in Intel HEX or DfuSe, or a trust set. `names` are those of keys. The exit code is 1
/// if something in it contradicts the format or itself.
pub fn report(name: &str, file: &[u8], names: &[(KeyId, String)]) -> Report {
    if let Some(report) = carried(name, file, names).or_else(|| trust::report(name, file, names)) {
        return report;
    }
    let view = View::new(file, names);
    let exit = if view.problems.is_empty() { Exit::Done } else { Exit::Refused };
    let result = Some(view.to_json());
    Report { exit, result, ..Report::done(view.text(name)) }
}

/// The image in a file with addresses, and these; `None` for any other file.
fn carried(name: &str, file: &[u8], names: &[(KeyId, String)]) -> Option<Report> {
    let refused = |why: String, text: String| Report {
        exit: Exit::Refused,
        result: Some(json!({ "authenticated": false, "size": file.len(), "why": why })),
        ..Report::done(format!("{text}wrong: {why}\n"))
    };
    let segments = match carried::segments(file)? {
        Ok(segments) => segments,
        Err(error) => return Some(refused(error.to_string(), format!("{name}\n"))),
    };
    let mut text = format!("{name}: {} bytes with addresses\n", thousands(file.len() as u64));
    for segment in &segments {
        let (last, count) = (segment.end().saturating_sub(1), thousands(segment.bytes.len() as u64));
        let last = address(u32::try_from(last).unwrap_or(u32::MAX));
        let _ = writeln!(text, "  {} to {last}  {count} bytes  {}", address(segment.address), segment.name);
    }
    Some(match carried::anywhere(&segments) {
        Ok(Carried { file: image, .. }) => {
            let view = View::new(&image, names);
            let exit = if view.problems.is_empty() { Exit::Done } else { Exit::Refused };
            Report { exit, result: Some(view.to_json()), ..Report::done(text + &view.text("the image in it")) }
        }
        Err(error) => refused(error.to_string(), text),
    })
}

/// The name of a key, if it is known.
fn name_of<'a>(id: &KeyId, names: &'a [(KeyId, String)]) -> Option<&'a str> {
    names.iter().find(|(known, _)| known == id).map(|(_, name)| name.as_str())
}

/// What there is to see in a file.
struct View<'a> {
    file: &'a [u8],
    /// `None` if the form is no header's.
    shape: Option<Shape>,
    /// What the payload says, in lines and for programs.
    contents: Contents,
    /// Id and name of each used signature place.
    signatures: Vec<(KeyId, Option<&'a str>)>,
    /// Hardware revisions, if a record names them.
    revisions: Option<Vec<String>>,
    /// Ids of images that must be there with it.
    companions: Vec<String>,
    areas: Vec<Area>,
    problems: Vec<Error>,
}

/// One of the parts behind the header and signatures, by what the header says.
struct Area {
    name: &'static str,
    range: Range<u32>,
    /// `None` if the file ends before the area does.
    digest: Option<Digest>,
    matches: bool,
}

impl<'a> View<'a> {
    fn new(file: &'a [u8], names: &'a [(KeyId, String)]) -> Self {
        let mut view = View {
            file,
            shape: None,
            contents: Contents::default(),
            signatures: Vec::new(),
            revisions: None,
            companions: Vec::new(),
            areas: Vec::new(),
            problems: Vec::new(),
        };
        match Shape::read(file) {
            Ok(shape) => view.look_inside(shape, names),
            Err(error) => view.problems.push(error),
        }
        view
    }

    fn look_inside(&mut self, shape: Shape, names: &'a [(KeyId, String)]) {
        self.shape = Some(shape);
        self.contents = Contents::of(shape.kind, self.file);
        if let Ok((head, _)) = FrontHead::ref_from_prefix(self.file) {
            let used = head.signatures.iter().filter(|place| **place != SignaturePlace::UNUSED);
            self.signatures = used.map(|place| (place.key_id, name_of(&place.key_id, names))).collect();
        }
        let envelope = &shape.envelope;
        let whole = shape.size.saturating_add(shape.following);
        let front = envelope.front_size.get();
        let payload_end = front.saturating_add(envelope.payload_size.get());
        match u32::try_from(self.file.len()).unwrap_or(u32::MAX) {
            size if size < whole => self.problem(Code::Truncated, size),
            size if size > whole => self.problem(Code::TrailingBytes, whole),
            _ => {}
        }
        self.area("records", FrontHead::SIZE..front, &envelope.records_digest, Code::RecordDigest);
        self.area("payload", front..payload_end, &envelope.payload_digest, Code::PayloadDigest);
        self.area("auxiliary", payload_end..shape.size, &envelope.auxiliary_digest, Code::AuxiliaryDigest);
        if let Some(records) = self.file.get(FrontHead::SIZE as usize..front as usize) {
            for record in Records::new(records, FrontHead::SIZE) {
                match record {
                    Ok(Record::Revisions(list)) => self.revisions = Some(list.iter().map(revision).collect()),
                    Ok(Record::Companions(list)) => self.companions = list.iter().map(|id| hex(id)).collect(),
                    Err(error) => self.problems.push(error),
                }
            }
        }
    }

    fn problem(&mut self, code: Code, offset: u32) {
        self.problems.push(Error { code, offset });
    }

    fn area(&mut self, name: &'static str, range: Range<u32>, promised: &Digest, code: Code) {
        let bytes = self.file.get(range.start as usize..range.end as usize);
        let digest = bytes.map(|bytes| sha256(&mut SoftwareCrypto, bytes));
        let matches = digest.as_ref() == Some(promised);
        if digest.is_some() && !matches {
            self.problem(code, range.start);
        }
        self.areas.push(Area { name, range, digest, matches });
    }

    /// The header's fields with their values, as far as the file goes; none if it is no artefact of ours.
    fn fields(&self) -> impl Iterator<Item = (Leaf, String)> {
        let sealed = !self.problems.iter().any(|problem| problem.code == Code::NotSealed);
        let leaves = if sealed { fields::of(kind(self.file)) } else { Vec::new() };
        leaves.into_iter().filter_map(|leaf| leaf.show(self.file).map(|value| (leaf, value)))
    }

    fn id(&self) -> Option<String> {
        self.shape.map(|shape| hex(&shape.id))
    }

    fn text(&self, name: &str) -> String {
        let mut text = format!(
            "{name}: {} bytes; not authenticated: nobody's signature was judged\n",
            thousands(self.file.len() as u64)
        );
        let fields: Vec<_> = self.fields().filter(|(leaf, _)| !leaf.is_reserved()).collect();
        text.push_str(if fields.is_empty() { "" } else { "header\n" });
        for (leaf, value) in fields {
            let _ = writeln!(text, "  {:<26}{value}", leaf.path);
        }
        if let Some(id) = self.id() {
            let _ = writeln!(text, "{} id\n  {id}\nsignatures, not judged", word(kind(self.file)));
            for (id, name) in &self.signatures {
                let _ = writeln!(text, "  {}  {}", hex(id), name.unwrap_or("(no name known)"));
            }
            if self.signatures.is_empty() {
                text.push_str("  none\n");
            }
            if kind(self.file) == Kind::Image {
                text.push_str(&self.records());
            }
            text.push_str("areas\n");
        }
        for Area { name, range, digest, matches } in &self.areas {
            let (offset, size) = (thousands(range.start.into()), thousands(range.len() as u64));
            let state = match digest {
                None => "the file ends before".to_owned(),
                Some(digest) if *matches => format!("sha256 {}, as the header says", hex(digest)),
                Some(digest) => format!("sha256 {}, not what the header says", hex(digest)),
            };
            let _ = writeln!(text, "  {name:<10}at {offset:>9}  {size:>11} bytes  {state}");
        }
        for line in &self.contents.lines {
            let _ = writeln!(text, "  {line}");
        }
        for problem in &self.problems {
            let _ = write!(text, "wrong: {}", refusal::describe(problem, self.file));
        }
        text
    }

    /// An image's critical records.
    fn records(&self) -> String {
        let mut text = "critical records\n".to_owned();
        match &self.revisions {
            Some(list) => {
                let _ = writeln!(text, "  hardware revisions  {}", list.join(", "));
            }
            None => text.push_str("  none: for every hardware revision\n"),
        }
        for id in &self.companions {
            let _ = writeln!(text, "  companion  {id}");
        }
        text
    }

    fn to_json(&self) -> Value {
        let field = |(leaf, value): (Leaf, String)| {
            (leaf.path.clone(), leaf.number(self.file).map_or(json!(value), |number| json!(number)))
        };
        let signature = |(id, name): &(KeyId, Option<&str>)| json!({ "key_id": hex(id), "name": name });
        let area = |area: &Area| {
            let Area { name, range, digest, matches } = area;
            let (digest, size) = (digest.map(|digest| hex(&digest)), range.len());
            json!({ "name": name, "offset": range.start, "size": size, "sha256": digest, "matches_header": matches })
        };
        json!({
            "authenticated": false,
            "size": self.file.len(),
            "header": object(self.fields().map(field)),
            "kind": self.shape.map(|shape| word(shape.kind)),
            "id": self.id(),
            "image_id": self.shape.filter(|shape| shape.kind == Kind::Image).and_then(|_| self.id()),
            "contents": self.contents.json,
            "signatures": self.signatures.iter().map(signature).collect::<Vec<_>>(),
            "revisions": self.revisions,
            "companions": self.companions,
            "areas": self.areas.iter().map(area).collect::<Vec<_>>(),
            "problems": self.problems.iter().map(|error| refusal::to_json(error, self.file)).collect::<Vec<_>>(),
        })
    }
}

/// A revision's text, without the zeros behind it. [`Records`] has seen that it is printable.
fn revision(bytes: &Revision) -> String {
    String::from_utf8_lossy(bytes).trim_end_matches('\0').to_owned()
}
