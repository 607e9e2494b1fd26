//! Who makes the device, and what it is.

use image_format::record::is_revision;
use uuid::Uuid;

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::Product;
use crate::read::{Field, List};
use crate::source::Spanned;
use crate::spec::{self, Manifest};

/// The product with the ids that its names make.
pub fn resolve(table: &spec::Product, report: &mut Report) -> Option<Product> {
    let revisions = revisions(&table.revisions, report).into_iter().map(|revision| revision.value).collect();
    let (vendor, class) = ((*table.vendor).clone()?, (*table.class).clone()?);
    let vendor_id = Uuid::new_v5(&Uuid::NAMESPACE_DNS, vendor.as_bytes());
    let class_id = Uuid::new_v5(&vendor_id, class.as_bytes());
    Some(Product { vendor, class, vendor_id: vendor_id.into_bytes(), class_id: class_id.into_bytes(), revisions })
}

/// The revisions that an image runs on: those that it names, each of them one of the product's, or all.
pub fn of_image(image: &spec::Image, product: Option<&Product>, spec: &Manifest, report: &mut Report) -> Vec<[u8; 4]> {
    let named = revisions(&image.revisions, report);
    let Some(product) = product else { return Vec::new() };
    if !image.revisions.is_written {
        return product.revisions.clone();
    }
    for revision in named.iter().filter(|revision| !product.revisions.contains(&revision.value)) {
        let title = format!("`{}` is no revision of this product", text(&revision.value));
        let error = Diagnostic::error(codes::NOTHING, title);
        let all = spec.product.as_ref().and_then(|product| product.revisions.as_ref());
        report.push(match all {
            Some(all) => error.at(revision.span, "no board has it").see(all.span, "all that there are"),
            None => error.at(revision.span, "no `revisions` in `product`: the board's revision is not compared"),
        });
    }
    named.into_iter().map(|revision| revision.value).filter(|revision| product.revisions.contains(revision)).collect()
}

/// A revision without its padding.
pub fn text(revision: &[u8; 4]) -> String {
    String::from_utf8_lossy(revision).trim_end_matches('\0').to_owned()
}

fn revisions(list: &Field<List<String>>, report: &mut Report) -> Vec<Spanned<[u8; 4]>> {
    let mut revisions: Vec<Spanned<[u8; 4]>> = Vec::new();
    for text in list.iter().flat_map(|list| &list.value.0) {
        let mut padded = [0; 4];
        padded.iter_mut().zip(text.bytes()).for_each(|(to, from)| *to = from);
        if text.len() > padded.len() || !is_revision(&padded) {
            let error = Diagnostic::error(codes::WRONG_VALUE, format!("`{}` is no hardware revision", text.value));
            report.push(error.at(text.span, "1 to 4 printable ASCII characters"));
        } else if let Some(first) = revisions.iter().find(|first| first.value == padded) {
            let error = Diagnostic::error(codes::TWICE, format!("revision `{}` is listed twice", text.value));
            report.push(error.at(text.span, "again here").see(first.span, "first here"));
        } else {
            revisions.push(text.with(padded));
        }
    }
    revisions
}
