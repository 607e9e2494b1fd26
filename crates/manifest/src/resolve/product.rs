//! Who makes the device, and what it is.

use image_format::record::is_revision;
use uuid::Uuid;

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::Product;
use crate::source::Spanned;
use crate::spec;

/// The product with the ids that its names make.
pub fn resolve(table: &spec::Product, report: &mut Report) -> Option<Product> {
    let revisions = revisions(table, report);
    let (vendor, class) = ((*table.vendor).clone()?, (*table.class).clone()?);
    let vendor_id = Uuid::new_v5(&Uuid::NAMESPACE_DNS, vendor.as_bytes());
    let class_id = Uuid::new_v5(&vendor_id, class.as_bytes());
    Some(Product { vendor, class, vendor_id: vendor_id.into_bytes(), class_id: class_id.into_bytes(), revisions })
}

fn revisions(table: &spec::Product, report: &mut Report) -> Vec<[u8; 4]> {
    let mut revisions: Vec<Spanned<[u8; 4]>> = Vec::new();
    for text in table.revisions.iter().flat_map(|list| &list.value.0) {
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
    revisions.into_iter().map(|revision| revision.value).collect()
}
