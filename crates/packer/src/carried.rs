//! A sealed image out of a file that says where its bytes go (Intel HEX, DfuSe), or out of a slot that was read back.
//!
//! What is beside the image is not forgotten: whoever flashes the file writes it too.

use std::ops::Range;

use geometry::Part;
use geometry::sort::sort_by_key;
use image_format::log::{LogForm, PlaceState, read_place};
use image_format::{Header, ImageBody, ImageHeader, Kind, Memory};
use manifest::plan::{Image, Placement, Plan, Slot};

use crate::dfuse::{self, DfuError};
use crate::firmware::Segment;
use crate::hex::{self, HexError};

/// An image that was taken out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Carried {
    /// The image as a file of its own.
    pub file: Vec<u8>,
    /// Addresses of other bytes that mean something: none of the image, not erased, no state words.
    pub rest: Vec<Range<u32>>,
}

/// Why no image was taken out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CarriedError {
    /// A damaged HEX file.
    #[error(transparent)]
    Hex(#[from] HexError),
    /// A damaged DfuSe file.
    #[error(transparent)]
    Dfu(#[from] DfuError),
    /// No header where one belongs.
    #[error("no sealed image in it")]
    None,
    /// Only a layout says which one counts.
    #[error("{0} sealed images in it")]
    Several(usize),
    /// A byte of the image is not there.
    #[error("the image's byte at 0x{0:08X} is not in it")]
    Missing(u32),
    /// A tool would program both, and what is judged is one of them.
    #[error("it has two bytes for 0x{0:08X}: each address has one")]
    Twice(u32),
}

/// The bytes of a file that has addresses, by ascending address, none of them twice; `None` for any other file.
///
/// # Errors
/// A damaged file; two bytes for one address.
pub fn segments(file: &[u8]) -> Option<Result<Vec<Segment<'_>>, CarriedError>> {
    if hex::is_hex(file) {
        return Some(hex::segments(file).map_err(CarriedError::from).and_then(in_order));
    }
    dfuse::is_dfuse(file).then(|| {
        let targets = dfuse::read(file)?;
        let elements = targets.into_iter().flat_map(|target| {
            let name = target.name;
            target.elements.into_iter().map(move |element| Segment {
                name: name.clone(),
                address: element.address,
                bytes: element.bytes,
            })
        });
        in_order(elements.collect())
    })
}

/// The same with the addresses where a part's flash is programmed: none is an alias.
///
/// # Errors
/// As [`segments`].
pub fn on_part<'a>(part: &Part, file: &'a [u8]) -> Option<Result<Vec<Segment<'a>>, CarriedError>> {
    Some(segments(file)?.and_then(|mut segments| {
        for segment in &mut segments {
            segment.address = part.canonical(segment.address);
        }
        in_order(segments)
    }))
}

/// By ascending address.
fn in_order(mut segments: Vec<Segment<'_>>) -> Result<Vec<Segment<'_>>, CarriedError> {
    sort_by_key(&mut segments, |segment| segment.address);
    let overlap = segments.windows(2).find(|pair| pair[0].end() > pair[1].address.into());
    match overlap.map(|pair| pair[1].address) {
        Some(address) => Err(CarriedError::Twice(address)),
        None => Ok(segments),
    }
}

/// The places of the plan where these bytes have a header.
pub fn places<'a>(plan: &'a Plan, segments: &[Segment<'_>]) -> Vec<(&'a Image, &'a Placement)> {
    let all = plan.images.iter().flat_map(|image| image.placements.iter().map(move |placement| (image, placement)));
    all.filter(|(_, placement)| copy(segments, placement.front_address, 8).is_ok_and(|bytes| is_image(&bytes)))
        .collect()
}

/// The image of a slot, from where the layout has it.
///
/// # Errors
/// No image there, or not all of it.
pub fn in_slot(plan: &Plan, placement: &Placement, segments: &[Segment<'_>]) -> Result<Carried, CarriedError> {
    let slot = plan.slot(&placement.slot.value).ok_or(CarriedError::None)?;
    at(segments, placement.front_address, Some(placement.payload_address), Some((slot, placement)))
}

/// The only image, where no layout says where to look: its header starts a run of bytes. A payload that does not follow it
/// starts another one.
///
/// # Errors
/// No image, several, or not all of it.
pub fn anywhere(segments: &[Segment<'_>]) -> Result<Carried, CarriedError> {
    let fronts: Vec<u32> =
        segments.iter().filter(|segment| is_image(&segment.bytes)).map(|segment| segment.address).collect();
    match fronts[..] {
        [front] => at(segments, front, None, None),
        [] => Err(CarriedError::None),
        _ => Err(CarriedError::Several(fronts.len())),
    }
}

fn is_image(bytes: &[u8]) -> bool {
    bytes.starts_with(&Kind::Image.magic())
}

fn at(
    segments: &[Segment<'_>],
    front: u32,
    payload: Option<u32>,
    slot: Option<(&Slot, &Placement)>,
) -> Result<Carried, CarriedError> {
    let head = copy(segments, front, image_format::FRONT_HEAD_SIZE)?;
    let Ok(header) = Header::<ImageBody>::read(&mut Memory::file(&head)) else {
        // The judge says what is wrong with it.
        return Ok(Carried { file: head, rest: Vec::new() });
    };
    let header: &ImageHeader = header.unauthenticated();
    let (front_size, size) = (header.payload_start(), header.artefact_size() - header.payload_start());
    let lowest = segments.first().map_or(0, |segment| segment.address);
    let behind = if header.body.payload_offset.get() == 0 { lowest } else { front.saturating_add(front_size) };
    let payload = payload.unwrap_or(behind);
    let file = [copy(segments, front, front_size)?, copy(segments, payload, size)?].concat();
    let of_image = [front..front.saturating_add(front_size), payload..payload.saturating_add(size)];
    Ok(Carried { file, rest: rest(segments, &of_image, slot) })
}

/// The bytes of a range, out of segments by ascending address.
fn copy(segments: &[Segment<'_>], start: u32, size: u32) -> Result<Vec<u8>, CarriedError> {
    let mut bytes = Vec::new();
    while bytes.len() < size as usize {
        let address = start.checked_add(bytes.len() as u32).ok_or(CarriedError::Missing(u32::MAX))?;
        let (below, _) = segments.split_at(segments.partition_point(|segment| segment.address <= address));
        let holds = |segment: &&Segment<'_>| u64::from(address) < segment.end();
        let segment = below.last().filter(holds).ok_or(CarriedError::Missing(address))?;
        let from = &segment.bytes[(address - segment.address) as usize..];
        bytes.extend_from_slice(&from[..from.len().min(size as usize - bytes.len())]);
    }
    Ok(bytes)
}

/// What is beside the image: in its slot, neither erased nor a state word.
fn rest(segments: &[Segment<'_>], image: &[Range<u32>], slot: Option<(&Slot, &Placement)>) -> Vec<Range<u32>> {
    let states = slot.map_or_else(Vec::new, |(slot, placement)| states(segments, slot, placement));
    let erased = slot.and_then(|(slot, _)| slot.extent.region.erased.as_ref()).map_or(0xFF, |erased| erased.value);
    let mut found: Vec<Range<u32>> = Vec::new();
    for segment in segments {
        let addresses = segment.address..=u32::try_from(segment.end() - 1).unwrap_or(u32::MAX);
        for (address, byte) in addresses.zip(segment.bytes.iter()) {
            let is_blank = slot.is_some_and(|(slot, _)| slot.extent.range.contains(&address)) && *byte == erased;
            if is_blank || image.iter().chain(&states).any(|range| range.contains(&address)) {
                continue;
            }
            match found.last_mut() {
                Some(last) if last.end == address => last.end = address.saturating_add(1),
                _ => found.push(address..address.saturating_add(1)),
            }
        }
    }
    found
}

/// The places of the slot's state log that hold an entry, or were taken out of use.
fn states(segments: &[Segment<'_>], slot: &Slot, placement: &Placement) -> Vec<Range<u32>> {
    let log = placement.state_address..placement.state_address.saturating_add(placement.state_size);
    let region = &slot.extent.region;
    let erased = region.erased.as_ref().map_or(0xFF, |erased| erased.value);
    let form = region.unit().and_then(|unit| LogForm::new(placement.state_size, unit, erased));
    let inside =
        placement.state_area.is_none() && log.start >= slot.extent.range.start && log.end <= slot.extent.range.end;
    let (Some(form), true) = (form, inside) else { return Vec::new() };
    let bytes: Vec<u8> = log.clone().map(|address| copy(segments, address, 1).map_or(erased, |byte| byte[0])).collect();
    let entries = (0..form.places()).filter(|number| {
        matches!(read_place(&mut Memory::file(&bytes), &form, *number), PlaceState::Valid(_) | PlaceState::Spent)
    });
    entries
        .filter_map(|number| Some(log.start + form.offset(number)?))
        .map(|start| start..start + form.place_size())
        .collect()
}
