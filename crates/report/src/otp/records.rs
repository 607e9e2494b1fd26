//! What records say of boards, or what is wrong with them, row by row.

use manifest::plan::otp::Otp;
use provision::{Board, Finding, MOST_FINDINGS, Value as Content};
use serde_json::Value;

use crate::exit::{Exit, Failure};
use crate::json;
use crate::text::hex;

/// The failure of records in which all this is wrong.
pub fn wrong(name: &str, findings: &[Finding]) -> Failure {
    let count = if findings.len() == 1 { "is" } else { "are" };
    let title = format!(
        "{} thing{} {count} wrong with {name}, and nothing was written",
        findings.len(),
        if findings.len() == 1 { "" } else { "s" }
    );
    let failure = Failure::new(Exit::Refused, title);
    let told = findings.iter().take(MOST_FINDINGS);
    let failure = told.fold(failure, |failure, finding| failure.help(format!("{name}:{finding}")));
    if findings.len() < MOST_FINDINGS {
        return failure;
    }
    failure.help(format!("no more than {MOST_FINDINGS} are told: there may be others"))
}

/// The boards of records for programs. A secret's bytes are not shown.
pub fn to_json(otp: &Otp, boards: &[Board]) -> Value {
    let value = |content: &Content| {
        let shown = otp.field(&content.field).map(|field| content.show(field));
        let bytes = (!content.is_secret).then(|| hex(&content.bytes));
        json!({ "field": content.field, "value": shown, "bytes": bytes, "secret": content.is_secret })
    };
    let board = |board: &Board| {
        let values: Vec<_> = board.values.iter().map(value).collect();
        json!({ "board": board.name, "line": board.line, "values": values })
    };
    json!({ "boards": boards.iter().map(board).collect::<Vec<_>>() })
}

/// What is wrong with records for programs: line, column's title (null: the whole row), text.
pub fn findings_to_json(findings: &[Finding]) -> Value {
    let finding = |finding: &Finding| json!({ "line": finding.line, "column": finding.column, "text": finding.text });
    findings.iter().map(finding).collect()
}
