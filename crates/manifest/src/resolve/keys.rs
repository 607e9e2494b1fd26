//! Keys.

use super::Report;
use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Key, Signer};
use crate::source::{Resolved, Spanned};
use crate::spec::Manifest;

/// All keys.
pub fn resolve(spec: &Manifest, report: &mut Report) -> Option<Vec<Key>> {
    if spec.is_otp_alone() && !spec.keys.is_written {
        return Some(Vec::new());
    }
    let table = spec.keys.as_ref()?;
    if table.names().next().is_none() {
        let error = Diagnostic::error(codes::MISSING_KEY, "a manifest needs a key");
        report.push(error.at(table.entry, "no key here"));
    }
    let mut keys: Vec<Key> = Vec::new();
    for (name, key) in table.iter() {
        let Some(public) = key.public.as_ref().map(Spanned::text) else { continue };
        if let Some(first) = keys.iter().find(|first| first.public.value == public.value) {
            let error =
                Diagnostic::error(codes::TWICE, format!("`{}` and `{}` are one key", first.name.value, name.value));
            report.push(error.at(public.span, "the same file").see(first.public.span, "first here"));
        }
        keys.push(Key {
            name: name.clone(),
            public,
            signer: Resolved::new(*key.signer, Signer::File, "default"),
            epoch: Resolved::new(*key.epoch, 0, "default"),
        });
    }
    Some(keys)
}
