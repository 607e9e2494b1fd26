//! The lock file, waxseal.lock: what was built last. It lies beside the manifest and is committed with it, for only there does
//! anybody notice that a version or a counter goes back, or that a changed layout orphans every device in the field.

use std::collections::BTreeMap;
use std::ops::Range;

use image_format::Digest;
use manifest::codes::{self, Code};
use manifest::diagnostic::Diagnostic;
use manifest::plan::{Image, Placement, Plan, Version};
use manifest::source::Span;
use serde::{Deserialize, Serialize};

use crate::Input;

/// Version of the file's form.
const FORM: u32 = 1;

/// What stands above the first key.
const HEAD: &str = "\
# What `waxseal build` built last. Commit it beside the manifest: a build refuses a version or a security counter that falls, and
# a layout that changes.

";

/// A lock file.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Lock {
    form: u32,
    /// Whose manifest it is.
    pub vendor: String,
    /// Of which product class.
    pub class: String,
    /// The images by name. One that the manifest no longer has stays: its counter is not to be forgotten.
    pub images: BTreeMap<String, LockedImage>,
}

/// An image as it was built last.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedImage {
    /// Its version.
    #[serde(with = "text")]
    pub version: Version,
    /// Its security counter.
    pub security_counter: u32,
    /// Fingerprint of its slot group, in hex.
    pub layout: String,
    /// What the command line said, as the manifest's keys are called: `version`, `inputs.a`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub command_line: Vec<String>,
    /// Its input for each slot.
    pub inputs: BTreeMap<String, LockedInput>,
}

/// An input.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LockedInput {
    /// The file as the manifest names it. `None`: the command line did, and its paths are this machine's.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// SHA-256 of the file, in hex.
    pub sha256: String,
}

/// A version as people write it.
mod text {
    use manifest::plan::Version;
    use serde::de::Error as _;
    use serde::{Deserialize as _, Deserializer, Serializer};

    pub fn serialize<S: Serializer>(version: &Version, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(version)
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Version, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(D::Error::custom)
    }
}

/// Why a text is no lock file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoLock {
    /// What is wrong.
    pub why: String,
    /// Where in the text.
    pub place: Option<Range<usize>>,
}

/// Losses that are wanted this once.
#[derive(Clone, Copy, Debug, Default)]
pub struct Accepted {
    /// A version below the last one.
    pub lower_version: bool,
    /// A security counter below the last one.
    pub lower_counter: bool,
    /// A security counter far above the last one.
    pub counter_jump: bool,
    /// Another layout.
    pub changed_layout: bool,
}

impl Lock {
    /// Reads a lock file.
    ///
    /// # Errors
    /// Anything but a lock file of this form.
    pub fn parse(text: &str) -> Result<Self, NoLock> {
        let lock: Self =
            toml::from_str(text).map_err(|error| NoLock { why: error.message().to_owned(), place: error.span() })?;
        if lock.form != FORM {
            let why = format!("form {}, made by a newer version of waxseal; this one knows {FORM}", lock.form);
            return Err(NoLock { why, place: None });
        }
        Ok(lock)
    }

    /// The file.
    pub fn to_text(&self) -> String {
        // Maps of text, numbers and tables: nothing that TOML cannot hold.
        HEAD.to_owned() + &toml::to_string(self).unwrap_or_default()
    }

    /// The lock after a build of these inputs, each with its SHA-256, in which the command line said the versions of these images: of images that are not in the plan,
    /// what the last one said.
    pub fn after(plan: &Plan, inputs: &[(Input<'_>, Digest)], versions: &[&str], last: Option<&Self>) -> Self {
        let mut images = last.map_or_else(BTreeMap::new, |last| last.images.clone());
        images.extend(
            plan.images.iter().map(|image| (image.name.value.clone(), LockedImage::of(image, inputs, versions))),
        );
        Self { form: FORM, vendor: plan.product.vendor.value.clone(), class: plan.product.class.value.clone(), images }
    }
}

impl LockedImage {
    fn of(image: &Image, inputs: &[(Input<'_>, Digest)], versions: &[&str]) -> Self {
        let of_image = inputs.iter().filter(|(input, _)| input.image == image.name.value);
        let locked = |(input, digest): &(Input<'_>, Digest)| {
            let placement = image.placements.iter().find(|placement| placement.slot.value == input.slot);
            let file = placement.and_then(|placement| Some(placement.input.as_ref()?.value.clone()));
            (input.slot.to_owned(), LockedInput { file, sha256: ::hex::encode(digest) })
        };
        let version = versions.contains(&image.name.value.as_str()).then(|| "version".to_owned());
        let open = image.placements.iter().filter(|placement| placement.input.is_none());
        let slots = open.map(|placement| format!("inputs.{}", placement.slot.value));
        let mut command_line: Vec<String> = version.into_iter().chain(slots).collect();
        // The order of a list in the manifest says nothing.
        command_line.sort();
        Self {
            // An image without a version is not built.
            version: image.version.value.unwrap_or_default(),
            security_counter: image.security_counter.value,
            layout: ::hex::encode(image.fingerprint),
            command_line,
            inputs: of_image.map(locked).collect(),
        }
    }
}

/// What a build would lose against the last one, but for what is accepted.
pub fn losses(plan: &Plan, last: &Lock, now: &Lock, accepted: Accepted) -> Vec<Diagnostic> {
    if (&last.vendor, &last.class) != (&now.vendor, &now.class) {
        let theirs = format!("{} {}", last.vendor, last.class);
        let error = Diagnostic::error(codes::OTHER_LOCK, format!("the lock file is of another product: {theirs}"));
        let error = error.at(plan.product.class.span, format!("this is {} {}", now.vendor, now.class));
        return vec![error.help("--lock FILE gives each of several manifests in a folder a lock file of its own")];
    }
    let mut found = Vec::new();
    for image in &plan.images {
        let name = &image.name.value;
        let (Some(before), Some(after)) = (last.images.get(name), now.images.get(name)) else { continue };
        let mut loss = |code: Code, title: String, span: Span, label: String, option: &str, why: &str| {
            let error = Diagnostic::error(code, title).at(span, label);
            found.push(error.help(why).help(format!("--{option} accepts it this once")));
        };
        if after.version < before.version && !accepted.lower_version {
            loss(
                codes::LOWER_VERSION,
                format!("the version of `{name}` falls"),
                image.version.span,
                format!("{}; the last build was {}", after.version, before.version),
                "accept-lower-version",
                "a version that was built may be out in the field: give this one a higher number",
            );
        }
        if after.security_counter < before.security_counter && !accepted.lower_counter {
            loss(
                codes::LOWER_COUNTER,
                format!("the security counter of `{name}` falls"),
                image.security_counter.span().unwrap_or(image.name.span),
                format!("{}; the last build had {}", after.security_counter, before.security_counter),
                "accept-lower-counter",
                "devices that took the last one refuse this image",
            );
        }
        let step = plan.update.largest_counter_step.value;
        if after.security_counter > before.security_counter.saturating_add(step) && !accepted.counter_jump {
            loss(
                codes::COUNTER_JUMP,
                format!("the security counter of `{name}` jumps"),
                image.security_counter.span().unwrap_or(image.name.span),
                format!("{}; the last build had {}", after.security_counter, before.security_counter),
                "accept-counter-jump",
                "devices never take their counter back, and raise it by largest-counter-step at most for one image: is there a digit too many?",
            );
        }
        if after.layout != before.layout && !accepted.changed_layout {
            loss(
                codes::CHANGED_LAYOUT,
                format!("the layout of `{name}` is another one"),
                image.name.span,
                format!("fingerprint {}; the last build's was {}", short(&after.layout), short(&before.layout)),
                "accept-changed-layout",
                "boot loaders in the field embed the last layout and refuse this image: slots, header sizes, areas, strategy, sector \
                 map and the number of tries belong to it",
            );
        }
    }
    found
}

fn short(digest: &str) -> &str {
    digest.get(..16).unwrap_or(digest)
}

/// What differs from the last build, where nothing may: inputs, versions, counters, layouts, and what the command line says.
pub fn differences(plan: &Plan, last: &Lock, now: &Lock) -> Vec<Diagnostic> {
    let mut found = Vec::new();
    for image in &plan.images {
        let name = &image.name.value;
        let Some(after) = now.images.get(name) else { continue };
        let Some(before) = last.images.get(name) else {
            found.push(differs(
                image.name.span,
                format!("`{name}` is not in the lock file"),
                "no build of it yet".to_owned(),
            ));
            continue;
        };
        for Placement { slot, input, .. } in &image.placements {
            let span = input.as_ref().map_or(slot.span, |input| input.span);
            let (old, new) = (before.inputs.get(&slot.value), after.inputs.get(&slot.value));
            let digest = |input: Option<&LockedInput>| {
                input.map_or_else(|| "none".to_owned(), |input| short(&input.sha256).to_owned())
            };
            if old != new {
                let title = format!("the input of `{name}` for slot `{}` is another one", slot.value);
                found.push(differs(span, title, format!("sha256 {}; locked is {}", digest(new), digest(old))));
            }
        }
        let mut other = |what: &str, span: Span, old: String, new: String| {
            if old != new {
                found.push(differs(
                    span,
                    format!("{what} of `{name}` is another one"),
                    format!("{new}; locked is {old}"),
                ));
            }
        };
        other("the version", image.version.span, before.version.to_string(), after.version.to_string());
        let counter = image.security_counter.span().unwrap_or(image.name.span);
        other("the security counter", counter, before.security_counter.to_string(), after.security_counter.to_string());
        other("the layout", image.name.span, short(&before.layout).to_owned(), short(&after.layout).to_owned());
        other(
            "what the command line says",
            image.name.span,
            before.command_line.join(", "),
            after.command_line.join(", "),
        );
    }
    found
}

fn differs(span: Span, title: String, label: String) -> Diagnostic {
    let error = Diagnostic::error(codes::LOCKED, title).at(span, label);
    error.help("without --locked, `waxseal build` takes it and writes the lock file anew; then commit that")
}
