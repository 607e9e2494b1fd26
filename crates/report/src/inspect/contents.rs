//! What the payload of a layout, a release or an OTP blob says, and the auxiliary area of an image; believed by nobody.

use geometry::{address, bytes, numbered};
use image_format::auxiliary::Auxiliary;
use image_format::layout::{GroupView, LayoutBody, MEMORY_COMMANDS, ROLE_BACKUP, ROLE_STAGING, groups};
use image_format::otp::{OtpBlob, OtpBody};
use image_format::release::{Directory, LEAD, ReleaseBody};
use image_format::{Body, Chunks, Header, ImageBody, Kind, Memory, SignedHeader, SoftwareCrypto};
use serde_json::Value;

use crate::json;
use crate::text::{counted, hex, thousands};

/// For people and for programs.
#[derive(Default)]
pub struct Contents {
    /// Lines.
    pub lines: Vec<String>,
    /// The same; null for a trust set, and an image without digests of its chunks.
    pub json: Value,
}

impl Contents {
    /// What a file of this kind says; nothing if its payload is not of the kind's form, which `verify` judges.
    pub fn of(kind: Kind, file: &[u8]) -> Self {
        match kind {
            Kind::Layout => layout(file),
            Kind::Release => release(file),
            Kind::OtpBlob => otp(file),
            Kind::Image => image(file),
            Kind::Trust => None,
        }
        .unwrap_or_default()
    }
}

fn payload<B: Body>(file: &[u8]) -> Option<(SignedHeader<B>, &[u8])> {
    let header = *Header::<B>::read(&mut Memory::file(file)).ok()?.unauthenticated();
    let payload = file.get(header.payload_start() as usize..header.auxiliary_start() as usize)?;
    Some((header, payload))
}

fn image(file: &[u8]) -> Option<Contents> {
    let header = *Header::<ImageBody>::read(&mut Memory::file(file)).ok()?.unauthenticated();
    let (start, end) = (header.auxiliary_start(), header.artefact_size());
    let area = file.get(start as usize..end as usize)?;
    let chunks = Auxiliary::parse(area, header.envelope.payload_size.get(), start).ok()?.chunks?;
    let lines = vec![format!("{} of {}", counted(chunks.digests().len(), "chunk"), bytes(chunks.size()))];
    Some(Contents { lines, json: json!({ "chunk_size": chunks.size(), "chunk_digests": digests(&chunks) }) })
}

/// SHA-256 of each chunk of a payload.
fn digests(chunks: &Chunks<'_>) -> Vec<String> {
    chunks.digests().iter().map(|digest| hex(digest)).collect()
}

/// Not the data itself: it may have a secret in it.
fn otp(file: &[u8]) -> Option<Contents> {
    let (header, payload) = payload::<OtpBody>(file)?;
    let blob = OtpBlob::parse(&header, payload).ok()?;
    let board = String::from_utf8_lossy(&header.body.board).trim_end_matches('\0').to_owned();
    let (at, size) = (header.body.data_address.get(), header.body.data_size.get());
    let count = blob.mask.iter().map(|mask| mask.count_ones()).sum::<u32>();
    let locked = (0..).zip(blob.locks.iter()).filter(|(_, lock)| **lock == 0);
    let blocks: Vec<u32> = locked.map(|(block, _)| block).collect();
    let locks = match blocks.len() {
        0 => "no locks".to_owned(),
        _ => format!("locks {} for ever", numbered("block", blocks.iter().copied())),
    };
    let lines = vec![
        format!("board {board}: {size} bytes at {}, of which {} bits count", address(at), thousands(count.into())),
        locks,
    ];
    let json = json!({ "board": board, "address": at, "size": size, "bits": count, "locks": blocks });
    Some(Contents { lines, json })
}

fn layout(file: &[u8]) -> Option<Contents> {
    let (header, payload) = payload::<LayoutBody>(file)?;
    let mut contents = Contents { lines: Vec::new(), json: json!([]) };
    for group in groups(&header, payload).ok()? {
        let (lines, json) = slots(&group);
        contents.lines.extend(lines);
        contents.json.as_array_mut()?.push(json);
    }
    Some(contents)
}

/// A slot group: its fingerprint and slots.
fn slots(group: &GroupView<'_>) -> (Vec<String>, Value) {
    let fingerprint = hex(&group.fingerprint(&mut SoftwareCrypto));
    let regions: Vec<_> = group.regions().collect();
    let mut lines = vec![format!("slot group {fingerprint}")];
    let mut json = Vec::new();
    for slot in group.slots() {
        let role = match slot.role {
            ROLE_STAGING => "staging",
            ROLE_BACKUP => "backup",
            _ => "run",
        };
        let region = regions.get(usize::from(slot.region)).map(|region| region.region);
        let has_address = region.is_some_and(|region| region.memory != MEMORY_COMMANDS);
        let start = region.map_or(0, |region| region.base.get()).saturating_add(slot.offset.get());
        let place = if has_address { address(start) } else { format!("+{start:#X}") };
        let size = bytes(slot.size.get());
        lines.push(format!("  {role:<8}{place}  {size:>6}  payload runs at {}", address(slot.run_address.get())));
        json.push(json!({
            "role": role, "address": has_address.then_some(start), "offset": slot.offset.get(), "size": slot.size.get(),
            "run_address": slot.run_address.get(),
        }));
    }
    (lines, json!({ "fingerprint": fingerprint, "slots": json }))
}

fn release(file: &[u8]) -> Option<Contents> {
    let (header, payload) = payload::<ReleaseBody>(file)?;
    let directory = Directory::parse(&header, payload).ok()?;
    let mut contents = Contents { lines: Vec::new(), json: json!([]) };
    for (offset, member) in directory.members() {
        let is_lead = member.flags.get() & LEAD != 0;
        let (id, size) = (hex(&member.image_id), member.size.get());
        let lead = if is_lead { ", lead" } else { "" };
        let chunks = directory.chunks(member);
        let count = chunks.digests().len();
        contents.lines.push(format!(
            "member at {:>9}  {:>11} bytes  image id {id}, {count} chunks of {}{lead}",
            thousands(offset.into()),
            thousands(size.into()),
            bytes(chunks.size()),
        ));
        contents.json.as_array_mut()?.push(json!({
            "offset": offset, "size": size, "image_id": id, "payload_size": member.payload_size.get(), "lead": is_lead,
            "chunks": count, "chunk_size": chunks.size(), "chunk_digests": digests(&chunks),
        }));
    }
    Some(contents)
}
