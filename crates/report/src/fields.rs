//! The header's fields by name, out of the tables that `image-format` generates: no offset is known here.

use geometry::address;
use image_format::layout::LayoutBody;
use image_format::otp::OtpBody;
use image_format::release::ReleaseBody;
use image_format::{Envelope, Field, FrontHead, ImageBody, ImageHeader, Kind, SignaturePlace, Structure, Version};

use crate::text;

/// A field of the header that holds no others.
#[derive(Clone, Debug)]
pub struct Leaf {
    /// Names from the header down: `envelope.payload_size`.
    pub path: String,
    /// Offset in the artefact, in bytes.
    pub offset: u32,
    field: &'static Field,
}

impl Leaf {
    /// Its bytes, if the file is long enough.
    pub fn bytes<'a>(&self, file: &'a [u8]) -> Option<&'a [u8]> {
        let start = self.offset as usize;
        file.get(start..start + self.field.size as usize)
    }

    /// Its number, if it is one.
    pub fn number(&self, file: &[u8]) -> Option<u32> {
        let bytes = self.bytes(file)?;
        match self.field.type_name {
            "U16" => Some(u16::from_le_bytes(bytes.try_into().ok()?).into()),
            "U32" => Some(u32::from_le_bytes(bytes.try_into().ok()?)),
            _ => None,
        }
    }

    /// Whether it is reserved, and so zero.
    pub fn is_reserved(&self) -> bool {
        self.field.name.starts_with("reserved")
    }

    /// Its value for people.
    pub fn show(&self, file: &[u8]) -> Option<String> {
        let bytes = self.bytes(file)?;
        Some(match self.number(file) {
            Some(number) if self.field.name.ends_with("address") => address(number),
            Some(number) => text::thousands(number.into()),
            None => text::hex(bytes),
        })
    }
}

/// The fields of the header of an artefact of this kind by ascending offset.
pub fn of(kind: Kind) -> Vec<Leaf> {
    let body = match kind {
        Kind::Image => ImageBody::FIELDS,
        Kind::Layout => LayoutBody::FIELDS,
        Kind::Release => ReleaseBody::FIELDS,
        Kind::OtpBlob => OtpBody::FIELDS,
        // Reserved: nothing says what is in it.
        Kind::Trust => &[],
    };
    let mut leaves = Vec::new();
    collect("envelope.", 0, Envelope::FIELDS, &mut leaves);
    collect("body.", Envelope::SIZE, body, &mut leaves);
    leaves
}

fn collect(path: &str, base: u32, fields: &'static [Field], leaves: &mut Vec<Leaf>) {
    for field in fields {
        let (path, offset) = (format!("{path}{}", field.name), base + field.offset);
        match nested(field.type_name) {
            Some(inner) => collect(&format!("{path}."), offset, inner, leaves),
            None => leaves.push(Leaf { path, offset, field }),
        }
    }
}

/// The fields of a structure that stands inside another.
fn nested(type_name: &str) -> Option<&'static [Field]> {
    fn of<S: Structure>(type_name: &str) -> Option<&'static [Field]> {
        (S::NAME == type_name).then_some(S::FIELDS)
    }
    of::<Envelope>(type_name).or_else(|| of::<ImageBody>(type_name)).or_else(|| of::<Version>(type_name))
}

/// What lies at an offset of an artefact of this kind; `envelope` if its header's form was found right.
pub fn name_at(offset: u32, kind: Kind, envelope: Option<&Envelope>) -> String {
    let leaves = of(kind);
    if let Some(leaf) = leaves.iter().find(|leaf| (leaf.offset..leaf.offset + leaf.field.size).contains(&offset)) {
        return format!("header field {}", leaf.path);
    }
    if offset < FrontHead::SIZE {
        return format!("signature place {}", offset.saturating_sub(ImageHeader::SIZE) / SignaturePlace::SIZE + 1);
    }
    let Some(envelope) = envelope else { return "behind the header".to_owned() };
    let front = envelope.front_size.get();
    let payload_end = front.saturating_add(envelope.payload_size.get());
    match offset {
        _ if offset < front => "critical records",
        _ if offset < payload_end => "payload",
        _ if offset < payload_end.saturating_add(envelope.auxiliary_size.get()) => "auxiliary area",
        _ if kind == Kind::Release => "the images behind the release's own part",
        _ => "behind the artefact's end",
    }
    .to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_byte_of_the_header_is_in_one_field() {
        for kind in [Kind::Image, Kind::Layout, Kind::Release, Kind::OtpBlob] {
            let mut end = 0;
            for leaf in of(kind) {
                assert_eq!(leaf.offset, end, "{}", leaf.path);
                end = leaf.offset + leaf.field.size;
            }
            assert_eq!(end, ImageHeader::SIZE);
        }
    }

    #[test]
    fn places_have_names() {
        assert_eq!(name_at(0, Kind::Image, None), "header field envelope.magic");
        assert_eq!(name_at(Envelope::SIZE, Kind::Release, None), "header field body.member_count");
        assert_eq!(name_at(ImageHeader::SIZE - 1, Kind::Image, None), "header field body.reserved");
        assert_eq!(name_at(ImageHeader::SIZE, Kind::Image, None), "signature place 1");
        assert_eq!(name_at(FrontHead::SIZE - 1, Kind::Image, None), "signature place 4");
        assert_eq!(name_at(FrontHead::SIZE, Kind::Image, None), "behind the header");
    }
}
