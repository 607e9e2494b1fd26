//! WX0405: who can start the old image again, and what the manifest says of it.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Boot, Loader, Revert, Strategy};
use crate::source::Span;
use crate::spec::{Image, Manifest};

/// Where nothing can revert, `revert = "never"` is written, and nothing that only a revert gives a sense.
pub fn check(spec: &Manifest, boot: Option<&Boot>, report: &mut Vec<Diagnostic>) {
    let Some(boot) = boot else { return };
    let images = || spec.images.iter().flat_map(|images| images.value.iter());
    let nobody = boot.loader.value == Loader::None;
    let lost = images().find_map(|(_, image)| loses_the_old_image(image, nobody));
    let kept = !nobody && images().any(|(_, image)| keeps_the_old_image(image));
    let table = spec.update.as_ref();
    let revert = table.and_then(|table| *table.revert);
    match (lost, revert) {
        (Some(span), _) if kept => {
            let error = Diagnostic::error(codes::REVERT, "one image can revert, and another cannot");
            report.push(error.at(span, "give this one a `backup` slot"));
        }
        (_, Some(revert)) if !kept && (nobody || lost.is_some()) && revert.value == Revert::Automatic => {
            let error = Diagnostic::error(codes::REVERT, "nobody can start the old image again");
            let error = match lost {
                Some(span) if !nobody => error.at(revert.span, "from where?").see(span, "an update overwrites it"),
                _ => error.at(revert.span, "who?").see(boot.loader.span, "there is no boot loader"),
            };
            report.push(error.edit("say that you know", revert.span, "\"never\""));
        }
        (None, Some(revert)) if kept && revert.value == Revert::Never => {
            let error = Diagnostic::error(codes::REVERT, "the boot loader reverts whatever the file says");
            let error = error.at(revert.span, "not where the old image stays whole");
            report.push(error.see(boot.loader.span, "starts the old image when all tries are used"));
        }
        (Some(span), None) if table.is_none_or(|table| !table.revert.is_written) => {
            let error = Diagnostic::error(codes::MISSING_KEY, "`revert = \"never\"` must be written here");
            let error = error.at(span, "an update replaces the image");
            let error = error.see(boot.loader.span, "and nobody can start the old one again");
            report.push(error.help("[update] revert = \"never\" says that you know"));
        }
        _ => {}
    }
    let Some(table) = table else { return };
    let of_loader = [table.raise.map(|raise| raise.entry), table.largest_counter_step.map(|step| step.entry)];
    let idle = of_loader.into_iter().filter(|_| nobody).flatten();
    let tries = table.tries.map(|tries| tries.entry).filter(|_| nobody || (lost.is_some() && !kept));
    for entry in tries.into_iter().chain(idle) {
        let error = Diagnostic::error(codes::REVERT, "nobody obeys this").at(entry, "nobody reads it");
        let why =
            if nobody { "there is no boot loader" } else { "without the old image there is nothing to try against" };
        report.push(error.see(lost.filter(|_| !nobody).unwrap_or(boot.loader.span), why));
    }
}

/// The strategy of an image whose update leaves nothing to go back to. Without a boot loader other strategies than bank-swap
/// are refused anyway.
fn loses_the_old_image(image: &Image, nobody: bool) -> Option<Span> {
    let strategy = (*image.strategy)?;
    let lost = match strategy.value {
        Strategy::BankSwap => nobody,
        Strategy::Overwrite => !nobody && !image.backup.is_written,
        Strategy::Fixed | Strategy::DirectXip => false,
    };
    lost.then_some(strategy.span)
}

fn keeps_the_old_image(image: &Image) -> bool {
    image.strategy.is_some_and(|strategy| match strategy.value {
        Strategy::DirectXip | Strategy::BankSwap => true,
        Strategy::Overwrite => image.backup.is_written,
        Strategy::Fixed => false,
    })
}
