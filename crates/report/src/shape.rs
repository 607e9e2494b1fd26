//! Sealed files of any kind: what their headers have in common.

use image_format::layout::LayoutBody;
use image_format::otp::OtpBody;
use image_format::release::ReleaseBody;
use image_format::{Body, Digest, Envelope, Error, Header, ImageBody, Kind, Memory, SoftwareCrypto};

/// What the headers of all kinds say.
#[derive(Clone, Copy, Debug)]
pub struct Shape {
    /// What it is.
    pub kind: Kind,
    /// The first part of the header.
    pub envelope: Envelope,
    /// Bytes of the artefact.
    pub size: u32,
    /// Bytes that follow it in its file.
    pub following: u32,
    /// SHA-256 of the header.
    pub id: Digest,
}

impl Shape {
    /// Reads the header of whatever kind the magic names; of none, an image's reader says what is wrong.
    ///
    /// # Errors
    /// What is wrong with the header's form.
    pub fn read(file: &[u8]) -> Result<Self, Error> {
        fn of<B: Body>(file: &[u8]) -> Result<Shape, Error> {
            let header = Header::<B>::read(&mut Memory::file(file))?;
            let header = header.unauthenticated();
            let (envelope, size, following) = (header.envelope, header.artefact_size(), header.body.following());
            Ok(Shape { kind: B::KIND, envelope, size, following, id: header.id(&mut SoftwareCrypto) })
        }
        match kind(file) {
            Kind::Layout => of::<LayoutBody>(file),
            Kind::Release => of::<ReleaseBody>(file),
            Kind::OtpBlob => of::<OtpBody>(file),
            Kind::Image | Kind::Trust => of::<ImageBody>(file),
        }
    }
}

/// The kind that a file claims to be.
pub fn kind(file: &[u8]) -> Kind {
    Kind::ALL.into_iter().find(|kind| file.starts_with(&kind.magic())).unwrap_or(Kind::Image)
}

/// The word for a kind.
pub fn word(kind: Kind) -> &'static str {
    match kind {
        Kind::Image => "image",
        Kind::Layout => "layout",
        Kind::Release => "release",
        Kind::OtpBlob => "otp blob",
        Kind::Trust => "trust",
    }
}
