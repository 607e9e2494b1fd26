//! Images that come together, in a release or in a factory image: each is judged with the others as companions.

use image_format::Digest;
use packer::Judge;
use serde_json::Value;

use super::{Input, Question, Stopped};
use crate::verdict::{Basis, Verdict};

/// An image that came with others.
pub struct Member {
    /// What it is called.
    pub name: String,
    pub judge: Judge,
    pub basis: Basis,
    pub file: Vec<u8>,
}

/// What came of all of them.
pub struct Together {
    /// Whether each of them is accepted.
    pub accepted: bool,
    /// In words.
    pub text: String,
    /// For programs.
    pub members: Vec<Value>,
    /// Inputs that were not judged of one of them.
    pub not_judged: Vec<&'static str>,
}

impl Together {
    /// Judges them all, with companions that were given beside them.
    ///
    /// # Errors
    /// A companion that was given and is refused.
    pub fn judge(question: &Question<'_>, members: &[Member]) -> Result<Self, Stopped> {
        let given = question.companions()?;
        let mut verdicts: Vec<Verdict<'_>> = members
            .iter()
            .map(|member| Verdict::new(member.judge.clone(), member.basis.clone(), &member.file))
            .collect();
        let present: Vec<Digest> = verdicts.iter().filter_map(Verdict::id).chain(given).collect();
        let companions = (!question.waives(Input::Companions)).then_some(present);
        let mut together = Self { accepted: true, text: String::new(), members: Vec::new(), not_judged: Vec::new() };
        for (Member { name, .. }, verdict) in members.iter().zip(&mut verdicts) {
            verdict.set_companions(companions.clone());
            let report = verdict.report(name);
            together.accepted &= verdict.is_accepted();
            together.text.push_str(&report.text);
            together.members.push(report.result.unwrap_or(Value::Null));
            for input in verdict.waived() {
                if !together.not_judged.contains(&input) {
                    together.not_judged.push(input);
                }
            }
        }
        Ok(together)
    }
}
