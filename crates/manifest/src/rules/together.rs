//! WX0211, WX0212, WX0214: what images require of one another, and how they become current.

use crate::codes;
use crate::diagnostic::Diagnostic;
use crate::plan::{Boot, Commit, Loader, Plan, Version, VersionRange};
use crate::source::{Span, Spanned};
use crate::spec::{Image, Manifest};

/// An image that requires others: its name, and each requirement with the other's name.
type Requiring<'a> = (&'a Spanned<String>, Vec<(&'a Spanned<String>, &'a Spanned<VersionRange>)>);

/// Requirements that the release does not meet or that nobody can install, and a commit that nobody carries out.
pub fn check(spec: &Manifest, boot: Option<&Boot>, report: &mut Vec<Diagnostic>) {
    let commit = spec.update.as_ref().and_then(|update| *update.commit);
    let all: Vec<(&Spanned<String>, &Spanned<Image>)> =
        spec.images.iter().flat_map(|images| images.value.iter()).collect();
    let requiring: Vec<Requiring<'_>> = all
        .iter()
        .map(|(name, image)| (*name, image.requires.iter().flat_map(|table| table.value.iter()).collect()))
        .collect();
    for (name, required) in &requiring {
        for (other, range) in required {
            let found = all.iter().find(|(name, _)| name.value == other.value);
            let version = found.and_then(|(_, image)| *image.version);
            if other.value == name.value {
                let error = Diagnostic::error(codes::WAITING, format!("`{}` requires itself", name.value));
                report.push(error.at(other.entry, "an image is always of its own version"));
            } else if let (Some(version), Some((_, image))) = (version, found) {
                let input = image.input.as_ref().map(|input| input.value.0.as_str());
                report.extend(judge(name, range, version, input, commit));
            }
        }
    }
    let circles: Vec<_> = (0..requiring.len()).filter_map(|start| circle(start, &requiring)).collect();
    if let Some(each) = commit.filter(|commit| commit.value == Commit::Each) {
        report.extend(circles.iter().map(|links| waiting(links, each)));
    }
    if boot.is_some_and(|boot| boot.loader.value == Loader::Waxseal) && !is_written(spec) {
        report.extend(first_link(&all).map(|link| missing(spec, link, circles.is_empty())));
    }
    check_commit(commit, &all, boot, report);
}

/// WX0211 for the versions that the command line has said: whoever has all versions calls it before anything is sealed.
pub fn unmet(plan: &Plan) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    let commit = plan.update.commit.span().map(|span| Spanned { value: plan.update.commit.value, span, entry: span });
    for image in &plan.images {
        for requirement in &image.requires {
            let Some(other) = plan.image(&requirement.image.value) else { continue };
            let Some(version) = other.version.value else { continue };
            let input = other.placements.iter().find_map(|placement| placement.input.as_ref());
            let input = input.map(|input| input.value.as_str());
            found.extend(judge(&image.name, &requirement.range, other.version.with(version), input, commit));
        }
    }
    found
}

/// Whether a version is in a range that is required of it. `input` is the file of the image that has the version.
fn judge(
    by: &str,
    range: &Spanned<VersionRange>,
    version: Spanned<Version>,
    input: Option<&str>,
    commit: Option<Spanned<Commit>>,
) -> Option<Diagnostic> {
    if range.contains(version.value) {
        return None;
    }
    let error = Diagnostic::error(codes::UNMET, format!("no image of this release satisfies what `{by}` requires"));
    let error = error.at(range.span, format!("`{by}` requires this"));
    let mut error = error.see(version.span, format!("the release brings {}", version.value));
    if let Some(commit) = commit {
        error = error.see(
            commit.span,
            match commit.value {
                Commit::Together => "and they become current together: no board would ever have a pair that works",
                Commit::Each => "each becomes current by itself, and this one nobody could install",
            },
        );
    }
    let named = input.and_then(|input| Some((input, version_in(input).filter(|named| range.contains(*named))?)));
    Some(match named {
        Some((input, named)) => {
            let file = input.rsplit('/').next().unwrap_or(input);
            error.help(format!("the input is named {file}: is the version {named}, and `version` out of date?"))
        }
        None => error,
    })
}

/// The version that a file's name has in it: 2.1.4 of radio-2.1.4.bin.
fn version_in(path: &str) -> Option<Version> {
    let name = path.rsplit('/').next()?;
    let words = name.split(|letter: char| !letter.is_ascii_digit() && letter != '.');
    words.map(|word| word.trim_matches('.')).find_map(|word| word.parse().ok())
}

/// The requirements on a way from an image back to itself, over later images only; so each circle is found once, at its
/// first image.
fn circle<'a>(start: usize, images: &[Requiring<'a>]) -> Option<Vec<&'a Spanned<String>>> {
    let find = |name: &str| images.iter().position(|(found, _)| found.value == name);
    let mut ways: Vec<(usize, Vec<&Spanned<String>>)> = vec![(start, Vec::new())];
    let mut seen = Vec::new();
    while let Some((index, way)) = ways.pop() {
        for (other, _) in images.get(index).iter().flat_map(|(_, required)| required) {
            let Some(next) = find(&other.value).filter(|next| *next >= start && *next != index) else { continue };
            let way = [way.as_slice(), &[*other]].concat();
            if next == start {
                return Some(way);
            }
            if !seen.contains(&next) {
                seen.push(next);
                ways.push((next, way));
            }
        }
    }
    None
}

/// Images that wait for one another.
fn waiting(links: &[&Spanned<String>], each: Spanned<Commit>) -> Diagnostic {
    let title = "images that become current each by itself require one another";
    let mut error = Diagnostic::error(codes::WAITING, title);
    for (index, link) in links.iter().enumerate() {
        let text = format!("`{}` must be current first", link.value);
        error = if index == 0 { error.at(link.entry, text) } else { error.see(link.entry, text) };
    }
    error.see(each.span, "and none can be the first").edit("all of them at once", each.span, "\"together\"")
}

/// That somebody carries the commit out.
fn check_commit(
    commit: Option<Spanned<Commit>>,
    images: &[(&Spanned<String>, &Spanned<Image>)],
    boot: Option<&Boot>,
    report: &mut Vec<Diagnostic>,
) {
    let pinning = images.iter().find_map(|(name, image)| Some((*name, image.companions.as_ref()?)));
    let nobody = boot.filter(|boot| boot.loader.value == Loader::None);
    let error = |title: &str| Diagnostic::error(codes::COMMIT, title);
    match (commit, pinning) {
        (_, Some((_, list))) if nobody.is_some() => {
            let error = error("nobody looks for companions").at(list.entry, "no boot loader starts them together");
            report.push(nobody.iter().fold(error, |error, boot| error.see(boot.loader.span, "there is none")));
        }
        (Some(commit), None) if commit.value == Commit::Together => {
            let text = "all become current, or none";
            report.push(match (nobody, images) {
                (Some(boot), _) => error("nobody commits images together")
                    .at(commit.span, text)
                    .see(boot.loader.span, "no boot loader"),
                (None, [_] | []) => error("one image has nothing to go together with").at(commit.span, text),
                (None, [(lead, _), others @ ..]) => {
                    let names: Vec<&str> = others.iter().map(|(name, _)| name.value.as_str()).collect();
                    let title = "`companions` are required with commit = \"together\"";
                    Diagnostic::error(codes::MISSING_KEY, title).at(commit.span, "which image pins the others?").help(
                        format!(
                            "companions = {names:?} in [images.{}]: the boot loader then starts it with exactly these",
                            lead.value
                        ),
                    )
                }
            });
        }
        (Some(commit), Some((name, list))) if commit.value == Commit::Each => {
            let title = format!("`{}` pins its companions, and each becomes current by itself", name.value);
            let error = error(&title).at(commit.span, "the one that comes first would not fit the others");
            report.push(error.see(list.entry, "starts with exactly these").edit(
                "all of them at once",
                commit.span,
                "\"together\"",
            ));
        }
        _ => {}
    }
}

fn is_written(spec: &Manifest) -> bool {
    spec.update.as_ref().is_some_and(|update| update.commit.is_written)
}

/// The first place that ties one image to another.
fn first_link(images: &[(&Spanned<String>, &Spanned<Image>)]) -> Option<Span> {
    images.iter().find_map(|(_, image)| {
        let required = image.requires.as_ref().and_then(|table| table.value.names().next());
        required.map(|name| name.entry).or(image.companions.as_ref().map(|list| list.entry))
    })
}

/// `have_order`: whether one can be installed after the other.
fn missing(spec: &Manifest, link: Span, have_order: bool) -> Diagnostic {
    let title = "`commit` is required in `update` if images require one another";
    let error = Diagnostic::error(codes::MISSING_KEY, title);
    let error = match &*spec.update {
        Some(table) => error.at(table.entry, "no `commit` here").see(link, "they go together"),
        None => error.at(link, "they go together; there is no [update]"),
    };
    let error = error.help("commit = \"together\": all become current, or none");
    if have_order { error.help("commit = \"each\": each by itself, what is required first") } else { error }
}
