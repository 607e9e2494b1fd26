//! WX0405: who can start the old image again, and what the manifest says of it.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Boot, Loader, Revert, Strategy};
use crate::spec::Manifest;

/// Where nothing can revert, `revert = "never"` is written, and nothing that only a revert gives a sense.
pub fn check(spec: &Manifest, boot: Option<&Boot>, report: &mut Vec<Diagnostic>) {
    let Some(boot) = boot else { return };
    let images = spec.images.iter().flat_map(|images| images.value.iter());
    // Of an image that is never replaced there is no old one, and other strategies are refused without a boot loader.
    let mut replaced =
        images.filter_map(|(_, image)| *image.strategy).filter(|found| found.value == Strategy::BankSwap);
    let table = spec.update.as_ref();
    let revert = table.and_then(|table| *table.revert);
    let nobody = boot.loader.value == Loader::None;
    match revert {
        Some(revert) if nobody && revert.value == Revert::Automatic => {
            let error = Diagnostic::error(codes::REVERT, "nobody can start the old image again");
            let error = error.at(revert.span, "who?").see(boot.loader.span, "there is no boot loader");
            report.push(error.edit("say that you know", revert.span, "\"never\""));
        }
        Some(revert) if !nobody && revert.value == Revert::Never => {
            let error = Diagnostic::error(codes::REVERT, "the boot loader reverts whatever the file says");
            let error = error.at(revert.span, "not where both images stay whole");
            report.push(error.see(boot.loader.span, "starts the other image when all tries are used"));
        }
        None if nobody && table.is_none_or(|table| !table.revert.is_written) => {
            if let Some(strategy) = replaced.next() {
                let error = Diagnostic::error(codes::MISSING_KEY, "`revert = \"never\"` must be written here");
                let error = error.at(strategy.span, "an update replaces the image");
                let error = error.see(boot.loader.span, "and nobody can start the old one again");
                report.push(error.help("[update] revert = \"never\" says that you know"));
            }
        }
        _ => {}
    }
    let Some(table) = table.filter(|_| nobody) else { return };
    let entries = [
        ("tries", table.tries.map(|tries| tries.entry)),
        ("raise", table.raise.map(|raise| raise.entry)),
        ("largest-counter-step", table.largest_counter_step.map(|step| step.entry)),
    ];
    for (key, entry) in entries {
        let Some(entry) = entry else { continue };
        let error = Diagnostic::error(codes::REVERT, format!("`{key}` is a boot loader's to obey"));
        report.push(error.at(entry, "nobody reads it").see(boot.loader.span, "there is no boot loader"));
    }
}
