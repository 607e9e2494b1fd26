//! The slot that a file is about.

use image_format::{Header, ImageBody, Memory};
use manifest::plan::{Image, Placement, Plan};

use crate::exit::Failure;

/// The slot that was named, or else the one that the image says it runs in; the first one if it says nothing of the kind.
/// That it does run there is for others to judge.
///
/// # Errors
/// No image runs in the slot that was named, or there is none at all.
pub fn find<'a>(
    manifest: &str,
    plan: &'a Plan,
    slot: Option<&str>,
    file: &[u8],
) -> Result<(&'a Image, &'a Placement), Failure> {
    let places =
        || plan.images.iter().flat_map(|image| image.placements.iter().map(move |placement| (image, placement)));
    let found = match slot {
        Some(slot) => places().find(|(_, placement)| placement.slot.value == *slot),
        None => {
            let header = Header::read(&mut Memory::file(file)).ok();
            let claimed = header.map(|header: Header<ImageBody>| {
                let body = &header.unauthenticated().body;
                (body.layout, body.run_address.get())
            });
            let claims = |image: &Image, placement: &Placement| Some((image.fingerprint, placement.run_address));
            let runs = |placement: &Placement| Some(placement.run_address) == claimed.map(|(_, address)| address);
            places()
                .find(|(image, placement)| claims(image, placement) == claimed)
                .or_else(|| places().find(|(_, placement)| runs(placement)))
                .or_else(|| places().next())
        }
    };
    found.ok_or_else(|| {
        let slots: Vec<_> = places().map(|(_, placement)| placement.slot.value.as_str()).collect();
        if slots.is_empty() {
            return Failure::usage(format!("{manifest} has no image by which the file could be judged"))
                .help("of one-time-programmable memory alone, what is judged is the sealed blob, board.otp");
        }
        let asked = slot.unwrap_or_default();
        Failure::usage(format!("{manifest}: no image runs in a slot `{asked}`"))
            .help(format!("images run in: {}", slots.join(", ")))
    })
}
