//! The sealed layout: the slot groups of a plan, for boot loaders to embed and for hosts to judge images by.

use image_format::MIN_FRONT;
use image_format::layout::LayoutBody;
use manifest::plan::{Image, Plan};

use crate::Draft;
use crate::artefact::{Contents, DraftError};

/// The layout before its signatures: each image's slot group once, by ascending fingerprint, so that the order of the manifest's
/// tables says nothing.
///
/// # Errors
/// [`DraftError::Size`].
pub fn draft(plan: &Plan) -> Result<Draft<LayoutBody>, DraftError> {
    let mut groups: Vec<&Image> = plan.images.iter().collect();
    groups.sort_by_key(|image| image.fingerprint);
    groups.dedup_by_key(|image| image.fingerprint);
    let count = u16::try_from(groups.len()).map_err(|_| DraftError::Size)?;
    Draft::new(Contents {
        device: plan.product.device(),
        front_size: MIN_FRONT,
        body: LayoutBody { group_count: count.into(), reserved: [0; 94] },
        records: &[],
        payload: groups.iter().flat_map(|image| image.group.iter().copied()).collect(),
        auxiliary: Vec::new(),
    })
}
