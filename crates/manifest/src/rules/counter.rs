//! Where a security counter is kept.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::names;
use crate::plan::{Area, Boot, CounterStore, Extent, Loader, Use};
use crate::source::Spanned;
use crate::spec::{self, Manifest};

/// Sectors that a counter needs: one can be erased while the other holds the value.
pub(crate) const SECTORS: usize = 2;

/// WX0410: a counter area has a sector to spare.
pub fn check_sectors(name: &Spanned<String>, extent: &Extent, purpose: Spanned<Use>, report: &mut Vec<Diagnostic>) {
    if purpose.value == Use::Counter && extent.sectors.len() < SECTORS {
        let title = format!("`{}` keeps a counter in one sector", name.value);
        let error = Diagnostic::error(codes::COUNTER_SECTORS, title);
        report.push(
            error
                .at(extent.span, "two at least: one can be erased while the other holds the counter")
                .see(purpose.entry, "the boot loader's counter"),
        );
    }
}

/// WX0415: a place keeps one number, and so one image's counter.
pub fn check_shared(spec: &Manifest, report: &mut Vec<Diagnostic>) {
    let images = spec.images.iter().flat_map(|images| images.value.iter());
    let stores: Vec<_> = images
        .filter_map(|(name, image)| Some((name, image.counter_store.as_ref()?, *image.security_counter)))
        .filter(|(_, store, _)| store.value != "images")
        .collect();
    for (index, (name, store, counter)) in stores.iter().enumerate() {
        let same = |(_, first, _): &&(&Spanned<String>, &Spanned<String>, _)| first.value == store.value;
        let Some((first_name, first, first_counter)) = stores.iter().take(index).find(same) else { continue };
        let title = format!("`{}` and `{}` would have one counter", first_name.value, name.value);
        let mut error = Diagnostic::error(codes::SHARED_COUNTER, title)
            .at(store.entry, "the same place, which keeps one number")
            .see(first.span, "kept here already");
        for counter in [first_counter, counter].into_iter().flatten() {
            error = error.see(counter.span, "the highest confirmed one counts for both");
        }
        report
            .push(error.help(
                "give each image an area of its own; a pinned companion needs no counter: the lead's id pins it",
            ));
    }
}

/// What an image's counter is kept in, and that there is something if the image has a counter.
pub fn store(
    image: &Spanned<spec::Image>,
    spec: &Manifest,
    areas: Option<&[Area]>,
    boot: Option<&Boot>,
    report: &mut Vec<Diagnostic>,
) -> Option<Spanned<CounterStore>> {
    let Some(store) = &*image.counter_store else {
        if let Some(counter) = image.security_counter.filter(|_| !image.counter_store.is_written) {
            let error = Diagnostic::error(codes::MISSING_KEY, "`counter-store` is required with a `security-counter`");
            let help = match boot.map(|boot| boot.loader.value) {
                Some(Loader::None) => "counter-store = \"images\": nothing keeps it, only images hold it",
                _ => "counter-store = \"areas.NAME\", an area with use = \"counter\"",
            };
            report.push(error.at(counter.entry, "nothing on the device keeps it").help(help));
        }
        return None;
    };
    let declared: Vec<_> = spec.areas.iter().flat_map(|areas| areas.names()).map(|name| name.value.as_str()).collect();
    let nobody = boot.filter(|boot| boot.loader.value == Loader::None);
    if let Some(boot) = nobody {
        if store.value == "images" {
            return None;
        }
        let error = Diagnostic::error(codes::WRONG_VALUE, "without a boot loader, `counter-store` must be \"images\"");
        let error = error.at(store.span, "nobody raises this one");
        report.push(error.see(boot.loader.span, "no boot loader").edit(
            "only images hold it",
            store.span,
            "\"images\"",
        ));
        return None;
    }
    if let Some(field) = store.strip_prefix("otp.fields.") {
        return in_otp(store, field, spec, report);
    }
    let Some(area) = store.strip_prefix("areas.") else {
        let label = match store.value.as_str() {
            "images" => "only without a boot loader: this one needs a place of its own",
            _ => "the path of an area or a field in this file",
        };
        let title = "`counter-store` must be the path of an area or a field: \"areas.NAME\", \"otp.fields.NAME\"";
        report.push(Diagnostic::error(codes::WRONG_VALUE, title).at(store.span, label));
        return None;
    };
    if !declared.contains(&area) {
        let error = Diagnostic::error(codes::NOTHING, format!("there is no area `{area}`"));
        report.push(match names::nearest(area, declared.iter().copied()) {
            Some(near) => error.at(store.span, format!("did you mean `areas.{near}`?")),
            None => error.at(store.span, format!("declared: {}", names::list(declared.iter().copied(), "and"))),
        });
        return None;
    }
    if let Some(found) =
        areas?.iter().find(|found| found.name.value == area).filter(|area| area.purpose.value != Use::Counter)
    {
        let error = Diagnostic::error(codes::WRONG_VALUE, format!("area `{area}` keeps no counter"));
        report.push(error.at(store.span, "named here").see(found.purpose.span, "must be \"counter\""));
    }
    Some(store.with(CounterStore::Area(area.to_owned())))
}

/// A field of one-time-programmable memory that keeps the counter. Whether it can is judged when its size is known.
fn in_otp(
    store: &Spanned<String>,
    field: &str,
    spec: &Manifest,
    report: &mut Vec<Diagnostic>,
) -> Option<Spanned<CounterStore>> {
    let declared = spec.otp.iter().flat_map(|otp| otp.fields.iter()).flat_map(|fields| fields.names());
    let declared: Vec<&str> = declared.map(|name| name.value.as_str()).collect();
    if declared.contains(&field) {
        return Some(store.with(CounterStore::Otp(field.to_owned())));
    }
    let error = Diagnostic::error(codes::NOTHING, format!("there is no field `{field}`"));
    report.push(match names::nearest(field, declared.iter().copied()) {
        Some(near) => error.at(store.span, format!("did you mean `otp.fields.{near}`?")),
        None => error.at(store.span, format!("declared: {}", names::list(declared, "and"))),
    });
    None
}
