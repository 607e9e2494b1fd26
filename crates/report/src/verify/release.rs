//! `verify` of a release: its directory, and each member as the image that it is.

use std::fmt::Write as _;

use image_format::release::{Directory, ReleaseBody};
use image_format::{Check, Digest, Header, Kind, Memory};
use manifest::plan::{Date, RoleName};
use packer::Judge;

use super::together::{Member, Together};
use super::{Input, Question, Stopped};
use crate::exit::{Exit, Failure};
use crate::findings::Report;
use crate::json;
use crate::refusal;
use crate::text::{counted, hex};

/// Judges a release's file: the directory by those who sign releases, each member by those who sign images, for its own slot and
/// with the others as companions.
pub fn judge(question: &Question<'_>, file: &[u8]) -> Result<Report, Stopped> {
    let authority = &question.authority;
    let signers = question.signers(RoleName::Release)?;
    let plan = authority.plan();
    if plan.is_none() {
        question.require_of_manifest()?;
    }
    let device = plan.filter(|_| !question.waives(Input::Device)).map(|(_, plan)| plan.product.device());
    let judge = Judge {
        device: device.map_or(Check::Waived, Check::Require),
        ..Judge::of_signers(&signers.public(), signers.threshold)
    };
    let outcome = judge.judge_whole(Kind::Release, &mut Memory::file(file));
    let mut text = format!("{}, a release\n", question.name);
    text.push_str(&question.given_signatures(&signers));
    text.push_str(&question.line("device", device.map(|device| super::ids(plan, &device))));
    let mut result = json!({ "kind": "release", "verified": false });
    if let Err(error) = &outcome {
        let _ = write!(text, "refused: {}", refusal::describe(error, file));
        result["refusal"] = refusal::to_json(error, file);
        return Ok(Report { exit: Exit::Refused, result: Some(result), ..Report::done(text) });
    }
    // It was judged: what the header and the directory say is authentic.
    let Some(contents) = Contents::of(file) else {
        return Err(Failure::new(Exit::Failed, "a release that was accepted cannot be read").into());
    };
    let expired = question.expiry(contents.expires)?;
    let last_day = contents
        .expires
        .map(|days| Date::of_days(days).map_or(format!("{days} days after 1970-01-01"), |date| date.to_string()));
    let expiry = last_day.as_ref().map(|day| format!("the last day is {day}"));
    if expiry.is_some() {
        text.push_str(&question.line("expiry", expiry.filter(|_| !question.waives(Input::Expiry))));
    }
    let _ =
        writeln!(text, "  found   release id {}, of {}", hex(&contents.id), counted(contents.members.len(), "image"));
    let mut members = Vec::new();
    for (number, member) in contents.members.iter().enumerate() {
        let (judge, basis, file) = question.image(member.to_vec(), None)?;
        members.push(Member { name: format!("member {}", number + 1), judge, basis, file });
    }
    let Together { accepted, text: of_members, members, not_judged: of_images } = Together::judge(question, &members)?;
    text.push_str(&of_members);
    let mut not_judged = super::waived(&[
        (Input::Device, device.is_none()),
        (Input::Expiry, contents.expires.is_some() && question.waives(Input::Expiry)),
    ]);
    let but = super::but(&not_judged);
    not_judged.extend(of_images.into_iter().filter(|input| *input != Input::Device.word()));
    let _ = match (accepted, expired) {
        (true, false) => writeln!(text, "release verified{but}"),
        (true, true) => writeln!(text, "refused: the release has expired"),
        (false, _) => writeln!(text, "refused: not all of its images are accepted"),
    };
    let verified = accepted && !expired;
    result["verified"] = json!(verified);
    result["release_id"] = json!(hex(&contents.id));
    result["expires"] = json!(last_day);
    result["expired"] = json!(expired);
    result["members"] = json!(members);
    result["not_judged"] = json!(not_judged);
    let exit = if verified { Exit::Done } else { Exit::Refused };
    Ok(Report { exit, result: Some(result), ..Report::done(text) })
}

/// What an accepted release says.
struct Contents<'a> {
    id: Digest,
    /// Days since 1970-01-01.
    expires: Option<u32>,
    members: Vec<&'a [u8]>,
}

impl<'a> Contents<'a> {
    fn of(file: &'a [u8]) -> Option<Self> {
        let header = Header::<ReleaseBody>::read(&mut Memory::file(file)).ok()?;
        let header = header.unauthenticated();
        let payload = file.get(header.payload_start() as usize..header.auxiliary_start() as usize)?;
        let directory = Directory::parse(header, payload).ok()?;
        let member = |(offset, member): (u32, &image_format::release::Member)| {
            file.get(offset as usize..)?.get(..member.size.get() as usize)
        };
        let expires = header.body.expires.get();
        Some(Self {
            id: header.id(&mut image_format::SoftwareCrypto),
            expires: (expires > 0).then_some(expires),
            members: directory.members().map(member).collect::<Option<_>>()?,
        })
    }
}

impl Question<'_> {
    /// Whether a release has expired on the day that the command line says.
    ///
    /// # Errors
    /// A day of expiry, and no day to compare it with.
    fn expiry(&self, expires: Option<u32>) -> Result<bool, Failure> {
        let Some(expires) = expires.filter(|_| !self.waives(Input::Expiry)) else { return Ok(false) };
        match self.date {
            Some(date) => Ok(date.days() > expires),
            None => {
                self.require(&[Input::Expiry])?;
                Ok(false)
            }
        }
    }
}

/// A day: `2027-06-30`.
///
/// # Errors
/// What it has to be.
pub fn parse_date(text: &str) -> Result<Date, String> {
    let mut numbers = text.splitn(3, '-').map(str::parse::<u16>);
    let date = match (numbers.next(), numbers.next(), numbers.next()) {
        (Some(Ok(year)), Some(Ok(month)), Some(Ok(day))) => {
            u8::try_from(month).ok().zip(u8::try_from(day).ok()).and_then(|(month, day)| Date::new(year, month, day))
        }
        _ => None,
    };
    date.ok_or_else(|| "a day: 2027-06-30".to_owned())
}
