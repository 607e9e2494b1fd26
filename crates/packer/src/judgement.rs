//! What a build made is judged before anybody has it, several files at a time.

use image_format::{Body, Crypto, Digest, Kind};
use manifest::codes;
use manifest::diagnostic::Diagnostic;
use manifest::source::Span;

use crate::built::Built;
use crate::hashed::Piece;
use crate::judge::Scattered;
use crate::signing::Signing;
use crate::{Draft, Judge, PrivateKey};

/// Stands in for the signatures that are still missing while an artefact is judged. Everybody knows it, so nobody trusts it;
/// what it signs is never written.
const STAND_IN: [u8; 32] = [0; 32];

/// What an artefact is judged as.
#[derive(Clone, Copy, Debug)]
pub enum Of {
    /// The image of this id.
    Image(Digest),
    /// The release, or a file that stands alone.
    Kind(Kind),
}

/// An artefact that nobody has judged yet.
#[derive(Debug)]
pub struct Judgement {
    of: Of,
    judge: Judge,
    /// Front area, or all but the members of a release, with the stand-in's signature, where others are missing.
    stand_in: Option<Vec<u8>>,
    /// What a refusal says, and of which place.
    title: String,
    span: Span,
}

impl Judgement {
    /// The judgement of what this draft becomes when they sign it.
    pub fn new<B: Body, P: AsRef<[u8]>>(
        draft: &Draft<B, P>,
        of: Of,
        judge: Judge,
        signing: &Signing<'_>,
        title: String,
        span: Span,
    ) -> Self {
        if signing.missing == 0 {
            return Self { of, judge, stand_in: None, title, span };
        }
        let key = PrivateKey::from_seed(&STAND_IN);
        let judge = Judge { keys: vec![*key.public().bytes()], threshold: 1, ..judge };
        let places = [key.sign(draft.to_sign())];
        let stand_in = match of {
            Of::Image(_) => draft.front(&places),
            Of::Kind(_) => draft.seal(&places),
        };
        Self { of, judge, stand_in: Some(stand_in), title, span }
    }

    /// The parts of the file, which may be an image or the release.
    pub fn parts<'b>(&self, built: &'b Built<'_>) -> Vec<&'b [u8]> {
        match self.of {
            Of::Image(id) => {
                let image = built.images.iter().find(|artefact| artefact.id == id);
                image.map_or_else(Vec::new, |image| image.parts().to_vec())
            }
            Of::Kind(_) => built.release_parts(),
        }
    }

    /// What of the file was hashed while it was made, in its order: an image's payload, or the chunks of a release. `chunks` are the
    /// digests of the images' chunks of this size.
    pub fn hashed<'b>(&self, built: &'b Built<'_>, chunks: &[Vec<Digest>], log2: u8) -> Vec<Piece<'b>> {
        let Of::Image(id) = self.of else {
            let of_member = |index: &usize| {
                let (image, digests) = (built.images.get(*index)?, chunks.get(*index)?);
                Some(image.payload.chunks(1 << log2).zip(digests.iter().copied()))
            };
            return built.members.iter().filter_map(of_member).flatten().collect();
        };
        let image = built.images.iter().find(|artefact| artefact.id == id);
        image.map(|image| (&*image.payload, image.payload_digest)).into_iter().collect()
    }

    /// Judges a file, as it will be written: nothing is handed out that was not.
    ///
    /// # Errors
    /// The rule that is broken.
    pub fn pronounce<'a>(&'a self, mut parts: Vec<&'a [u8]>, crypto: &mut impl Crypto) -> Result<(), Vec<Diagnostic>> {
        if let (Some(first), Some(stand_in)) = (parts.first_mut(), &self.stand_in) {
            *first = stand_in;
        }
        let source = &mut Scattered(&parts);
        let (reader, verdict) = match self.of {
            Of::Image(_) => ("the boot loader", self.judge.judge_source_by(source, crypto).map(drop)),
            Of::Kind(kind) => ("a reader", self.judge.judge_whole_by(kind, source, crypto)),
        };
        verdict.map_err(|error| {
            let why = format!("{reader} would refuse it: {error}");
            vec![Diagnostic::error(codes::UNSEALABLE, self.title.clone()).at(self.span, why)]
        })
    }
}
