//! Sealed files.

use packer::PublicKey;
use report::exit::Failure;
use report::verify::{Authority, Input, Question, Reader, parse_date, parse_revision};
use report::{Report, inspect};
use wasm_bindgen::prelude::*;

use super::answer::answer;
use super::files::Files;
use super::key::public_key;
use crate::argument::Argument;

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("artefact.ts");

#[cfg(feature = "manifest")]
#[wasm_bindgen(typescript_custom_section)]
const TYPES_BY_MANIFEST: &str = include_str!("by_manifest.ts");

/// Says what a file says of itself: a sealed image, layout, release or OTP blob, or the image in an Intel HEX or DfuSe file;
/// which of these it is, its content tells. **Nothing of it is authentic**: {@link verifyFile} judges.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "inspectFile", unchecked_return_type = "Answer<Inspected>")]
pub fn inspect_file(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] file: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "InspectOptions")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let bytes = Argument::new("file", file).content()?;
    let options = Argument::options(options);
    let name = name_of(&options)?;
    let Some(manifest) = options.optional("manifest")? else {
        return answer("inspect", Ok(inspect::report(&name, &bytes, &[])));
    };
    let files = Files::of(&manifest)?;
    let inspected = files.loaded().and_then(|loaded| {
        loaded.with_plan(|plan| {
            let keys = files.public_keys(plan)?;
            let names: Vec<_> =
                plan.keys.iter().zip(keys).map(|(key, public)| (public.id(), key.name.value.clone())).collect();
            Ok(inspect::report(&name, &bytes, &names))
        })
    });
    answer("inspect", inspected)
}

/// Judges a file as the boot loader will, by a manifest, a trust set, or keys: the command's `verify`. What it is, its
/// content tells, but for a `dump`. An input of the decision that is neither given nor waived in `without` is a failure.
/// `waxseal/inspect` reads no manifests.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "verifyFile", unchecked_return_type = "Answer<Verified>")]
pub fn verify_file(
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] file: JsValue,
    #[wasm_bindgen(unchecked_param_type = "VerifyOptions")] options: JsValue,
) -> Result<JsValue, JsValue> {
    judged("verify", file, options, |question, bytes| question.judge(bytes))
}

/// Puts the question to a judge.
pub fn judged(
    command: &str,
    file: JsValue,
    options: JsValue,
    judge: impl FnOnce(&Question<'_>, Vec<u8>) -> Result<Report, Failure>,
) -> Result<JsValue, JsValue> {
    let bytes = Argument::new("file", file).content()?;
    let options = Argument::new("options", options);
    let asked = Asked::of(&options)?;
    let signers = signers(&options)?;
    let Some(manifest) = options.optional("manifest")? else {
        let Some(signers) = signers else {
            return Err(
                options.refuse("has none of `manifest`, `trust` and `keys`: nothing says whose signatures count")
            );
        };
        return answer(command, signers.and_then(|authority| judge(&asked.question(authority)?, bytes)));
    };
    let files = Files::of(&manifest)?;
    let verified = files.loaded().and_then(|loaded| {
        loaded.with_plan(|plan| {
            let name = &loaded.name;
            let authority = match signers {
                Some(signers) => Authority::Both { name, plan, signers: Box::new(signers?) },
                None => Authority::Manifest { name, plan, public: files.public_keys(plan)? },
            };
            judge(&asked.question(authority)?, bytes)
        })
    });
    answer(command, verified)
}

/// Whose signatures count, if a trust set or keys say it.
fn signers(options: &Argument) -> Result<Option<Result<Authority<'static>, Failure>>, JsValue> {
    if let Some(trust) = options.optional("trust")? {
        return Ok(Some(Authority::of_set("trust set".to_owned(), trust.content()?)));
    }
    let Some(keys) = options.optional("keys")? else { return Ok(None) };
    let threshold = options.optional("threshold")?.map(|threshold| threshold.integer()).transpose()?;
    let threshold = threshold.map(|threshold| u8::try_from(threshold).unwrap_or(u8::MAX));
    let mut read: Result<Vec<(String, PublicKey)>, Failure> = Ok(Vec::new());
    for key in keys.elements()? {
        let (name, text) = (key.property("name")?.string()?, key.property("text")?.string()?);
        let public = public_key(&name, text.as_bytes());
        read = read.and_then(|mut keys| {
            keys.push((name, public?));
            Ok(keys)
        });
    }
    Ok(Some(read.and_then(|keys| Authority::of_keys(keys, threshold))))
}

/// What the caller asks beside the file and whom to trust.
struct Asked {
    name: String,
    slot: Option<String>,
    dump: bool,
    revision: Option<String>,
    companions: Vec<(String, Vec<u8>)>,
    date: Option<String>,
    without: Vec<String>,
}

impl Asked {
    fn of(options: &Argument) -> Result<Self, JsValue> {
        let text = |property| options.optional(property)?.map(|value| value.string()).transpose();
        let mut companions = Vec::new();
        if let Some(list) = options.optional("companions")? {
            for companion in list.elements()? {
                companions.push((companion.property("name")?.string()?, companion.property("bytes")?.content()?));
            }
        }
        Ok(Self {
            name: name_of(options)?,
            slot: text("slot")?,
            dump: options.optional("dump")?.map(|dump| dump.boolean()).transpose()?.unwrap_or(false),
            revision: text("revision")?,
            companions,
            date: text("date")?,
            without: options.optional("without")?.map(|inputs| inputs.strings()).transpose()?.unwrap_or_default(),
        })
    }

    fn question<'a>(&self, authority: Authority<'a>) -> Result<Question<'a>, Failure> {
        let wrong = |option: &str, why: String| Failure::usage(format!("`{option}` is not {why}"));
        let input = |word: &String| {
            let found = Input::ALL.into_iter().find(|input| input.word() == word);
            found.ok_or_else(|| wrong("without", format!("an input of the decision: {word}")))
        };
        let revision = self.revision.as_deref().map(parse_revision).transpose();
        let date = self.date.as_deref().map(parse_date).transpose();
        Ok(Question {
            reader: Reader::Page,
            name: self.name.clone(),
            authority,
            slot: self.slot.clone(),
            dump: self.dump,
            revision: revision.map_err(|why| wrong("revision", why))?,
            companions: self.companions.clone(),
            date: date.map_err(|why| wrong("date", why))?,
            without: self.without.iter().map(input).collect::<Result<_, _>>()?,
        })
    }
}

fn name_of(options: &Argument) -> Result<String, JsValue> {
    let name = options.optional("name")?.map(|name| name.string()).transpose()?;
    Ok(name.unwrap_or_else(|| "file".to_owned()))
}
