//! The release: what it is called, when it expires, who is in it and in which order; and what images ask of one another.

use geometry::sort::sort_by_key;

use super::{Report, declared, refers_to, update};
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Commit, Image, ImageKind, Release, Requirement};
use crate::source::Spanned;
use crate::spec::{self, Manifest};

/// What an image requires, and its companions; says which of these are no images.
pub fn links(image: &spec::Image, spec: &Manifest, report: &mut Report) -> (Vec<Requirement>, Vec<Spanned<String>>) {
    let images = declared(&spec.images);
    let requires = image.requires.iter().flat_map(|requires| requires.value.iter());
    let requires: Vec<Requirement> =
        requires.map(|(image, range)| Requirement { image: image.clone(), range: range.clone() }).collect();
    let companions: Vec<_> = image.companions.iter().flat_map(|list| list.value.0.iter().cloned()).collect();
    for name in requires.iter().map(|requirement| &requirement.image).chain(&companions) {
        refers_to("image", name, &name.value, &images, report);
    }
    (requires, companions)
}

/// The release of all images; `None` if one of them is wrong.
pub fn resolve(spec: &Manifest, images: Option<&[Image]>, report: &mut Report) -> Option<Release> {
    if spec.is_otp_alone() {
        return Some(Release { label: None, expires: None, members: Vec::new(), lead: String::new() });
    }
    let table = spec.release.as_ref();
    let label = table.and_then(|table| (*table.label).clone());
    check_label(label.as_ref(), spec, report);
    // By name: the order of the file's tables changes no byte of a release.
    let mut images: Vec<&Image> = images?.iter().collect();
    sort_by_key(&mut images, |image| &image.name.value);
    let lead = lead(&images)?;
    Some(Release {
        label,
        expires: table.and_then(|table| *table.expires),
        members: members(&images, lead, update::commit(spec).value),
        lead: lead.name.value.clone(),
    })
}

/// The label is the name of a file, and so is the class where there is no label.
fn check_label(label: Option<&Spanned<String>>, spec: &Manifest, report: &mut Report) {
    const FORM: &str = "letters, digits, `.`, `-` and `_`, a letter or digit first, 64 at most";
    let is_written = spec.release.as_ref().is_some_and(|table| table.label.is_written);
    if let Some(label) = label.filter(|label| !names::is_file_name(label)) {
        let error = Diagnostic::error(codes::BAD_NAME, "`label` cannot be the name of a file");
        report.push(error.at(label.span, FORM));
    }
    let class = spec.product.as_ref().and_then(|product| product.class.as_ref());
    if let Some(class) = class.filter(|class| !is_written && !names::is_file_name(class)) {
        let error = Diagnostic::error(codes::MISSING_KEY, "`label` is required in `release`");
        let error = error.at(class.span, format!("its file cannot be named after this: {FORM}"));
        report.push(error.help("[release] label = \"NAME\""));
    }
}

/// The image that pins others; or else the first firmware, or the first image.
fn lead<'a>(images: &[&'a Image]) -> Option<&'a Image> {
    let mut images = images.iter().copied();
    let pins = images.clone().find(|image| !image.companions.is_empty());
    pins.or_else(|| images.clone().find(|image| image.kind.value == ImageKind::Firmware)).or_else(|| images.next())
}

/// The order of installing: with commit "together" the lead last, else what is required first; otherwise by name.
fn members(images: &[&Image], lead: &Image, commit: Commit) -> Vec<String> {
    let mut rest = images.to_vec();
    let mut order: Vec<String> = Vec::new();
    while !rest.is_empty() {
        let waits = |image: &&Image| match commit {
            Commit::Together => rest.len() > 1 && image.name.value == lead.name.value,
            Commit::Each => {
                image.requires.iter().any(|required| rest.iter().any(|other| other.name.value == required.image.value))
            }
        };
        // Images that wait for one another have been refused.
        let next = rest.iter().position(|image| !waits(image)).unwrap_or(0);
        order.push(rest.remove(next).name.value.clone());
    }
    order
}
