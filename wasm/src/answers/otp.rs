//! One-time-programmable memory: from records to what a station programs, and what is left to do on a board.

use js_sys::Array;
use manifest::Plan;
use manifest::plan::otp::{Otp, Stage};
use provision::{Board, Contents, Finding, Inputs, LockState, Records, Secrets, Verdict, boards, plan};
use report::Report;
use report::exit::{Exit, Failure};
use report::json;
use report::otp::files::{BoardFiles, File};
use report::otp::{otp_of, read_back, records, sheet, show, stage};
use report::value::Value;
use wasm_bindgen::prelude::*;
use zeroize::Zeroizing;

use super::answer::answer;
use super::files::Files;
use crate::argument::Argument;
use crate::object::{bytes, object, with};

#[wasm_bindgen(typescript_custom_section)]
const TYPES: &str = include_str!("otp.ts");

/// Reads records: CSV with a line of titles, a row for each board. `result.boards` if all is right, else `result.findings`
/// with the line and the column's title of each thing that is wrong.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "otpBoards", unchecked_return_type = "Answer<Boards>")]
pub fn otp_boards(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RecordFile")] records: JsValue,
) -> Result<JsValue, JsValue> {
    let job = Job::of(manifest, records)?;
    let read = job.with_otp(|plan, otp| {
        Ok(match job.boards(plan, otp)? {
            Ok(boards) => Report { result: Some(records::to_json(otp, &boards)), ..Report::done(String::new()) },
            Err(findings) => {
                let result = Some(json!({ "findings": records::findings_to_json(&findings) }));
                let text = records::wrong(&job.name, &findings).to_string();
                Report { exit: Exit::Refused, result, ..Report::done(text) }
            }
        })
    });
    answer("otp", read)
}

/// Makes the files of all boards: data, locks apart, and the sheet with the lines to type; the command's `otp build` without
/// ledger and signatures. Nothing is written anywhere. `files` has them, by the paths of that command.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "otpBuild", unchecked_return_type = "Answer<Batch> & { files: NamedFile[] }")]
pub fn otp_build(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RecordFile")] records: JsValue,
    #[wasm_bindgen(unchecked_optional_param_type = "StageOptions")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let job = Job::of(manifest, records)?;
    let options = Argument::options(options);
    let wanted = options.optional("stage")?.map(|stage| stage.string()).transpose()?;
    let mut files: Vec<(String, Zeroizing<Vec<u8>>)> = Vec::new();
    let made = job.with_otp(|plan, otp| {
        let boards = job.boards(plan, otp)?.map_err(|findings| records::wrong(&job.name, &findings))?;
        let stages: Vec<&Stage> = match &wanted {
            Some(name) => vec![stage(otp, Some(name))?],
            None => otp.stages.iter().collect(),
        };
        let mut results = Vec::new();
        for stage in stages {
            let folder = &stage.name.value;
            let manifest = job.files.loaded()?.file_name();
            let mut text = sheet::heading(manifest, &plan.device.part.name, otp, stage, "");
            for board in &boards {
                let BoardFiles { contents, data, lock, .. } = BoardFiles::new(otp, stage, board);
                let names = sheet::Names { manifest, records: &job.name, options: "" };
                let (data, mut bytes): (Vec<_>, Vec<_>) =
                    data.into_iter().map(|File { piece, bytes }| (piece, bytes)).unzip();
                let (lock, lock_bytes) = lock.map(|File { piece, bytes }| (piece, bytes)).unzip();
                text.push_str(&sheet::board(&names, otp, stage, &board.name, (&data, lock.as_ref()), &contents));
                bytes.extend(lock_bytes);
                let paths = data.iter().chain(&lock).map(|piece| format!("{folder}/{}", piece.file));
                files.extend(paths.zip(bytes));
                results.push(json!({
                    "board": board.name, "stage": folder, "locks": contents.locks, "blob": Value::Null,
                    "data": data.iter().map(|piece| piece_of(folder, piece)).collect::<Vec<_>>(),
                    "lock": lock.as_ref().map(|piece| piece_of(folder, piece)),
                }));
            }
            files.push((format!("{folder}/sheet.txt"), Zeroizing::new(text.into_bytes())));
        }
        Ok(Report { result: Some(json!({ "boards": results, "ledger": Value::Null })), ..Report::done(String::new()) })
    });
    let list = Array::new();
    for (path, content) in &files {
        list.push(&object(&[("path", path.into()), ("bytes", bytes(content))])?);
    }
    with(answer("otp", made)?, "files", list.into())
}

fn piece_of(folder: &str, piece: &sheet::Piece) -> Value {
    json!({ "file": format!("{folder}/{}", piece.file), "address": piece.address, "size": piece.size })
}

/// What is left to do on a board, byte by byte, out of what was read back of it: the command's `otp plan`.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "otpPlan", unchecked_return_type = "Answer<OtpPlan>")]
pub fn otp_plan(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
    #[wasm_bindgen(unchecked_param_type = "RecordFile")] records: JsValue,
    #[wasm_bindgen(unchecked_param_type = "PlanOptions")] options: JsValue,
) -> Result<JsValue, JsValue> {
    let job = Job::of(manifest, records)?;
    let options = Argument::new("options", options);
    let wanted = options.optional("stage")?.map(|stage| stage.string()).transpose()?;
    let board = options.property("board")?.string()?;
    let dump = options.property("readback")?.content()?;
    let planned = job.with_otp(|whole, otp| {
        let stage = stage(otp, wanted.as_deref())?;
        let boards = job.boards(whole, otp)?.map_err(|findings| records::wrong(&job.name, &findings))?;
        let board = boards
            .iter()
            .find(|own| own.name == board)
            .ok_or_else(|| Failure::new(Exit::Refused, format!("{} has no board {board}", job.name)))?;
        let found = read_back(otp, "the read-back", &dump)?;
        let contents = Contents::new(otp, board, &stage.name);
        let planned = plan(otp, &stage.name, &contents, &found);
        let is_stopped = planned.verdict() >= Verdict::Locked;
        let owner = is_stopped.then(|| report::otp::plan::owner(otp, stage, &boards, &found)).flatten();
        let is_damaged = planned.locks.iter().any(|lock| matches!(lock.state, LockState::Damaged(_)));
        let exit = if is_stopped || is_damaged { Exit::Refused } else { Exit::Done };
        let result = Some(report::otp::plan::to_json(otp, board, &planned, owner));
        let text = report::otp::plan::text(otp, stage, board, &planned, owner);
        Ok(Report { exit, result, ..Report::done(text) })
    });
    answer("otp", planned)
}

/// What firmware reads of a board, out of what was read back of it: the command's `otp show`.
///
/// @throws TypeError if an argument is not of its declared type.
#[wasm_bindgen(js_name = "otpShow", unchecked_return_type = "Answer<OtpFields>")]
pub fn otp_show(
    #[wasm_bindgen(unchecked_param_type = "ManifestFiles")] manifest: JsValue,
    #[wasm_bindgen(unchecked_param_type = "Uint8Array")] readback: JsValue,
) -> Result<JsValue, JsValue> {
    let files = Files::of(&Argument::new("manifest", manifest))?;
    let dump = Argument::new("readback", readback).content()?;
    let shown = files.loaded().and_then(|loaded| {
        loaded.with_plan(|plan| {
            let otp = otp_of(loaded, plan)?;
            let found = read_back(otp, "the read-back", &dump)?;
            show::report(otp, &found)
        })
    });
    answer("otp", shown)
}

/// A manifest and records.
pub struct Job {
    files: Files,
    /// What the records are called.
    pub name: String,
    text: String,
    ignored: Vec<String>,
    secrets: Secret,
}

impl Job {
    /// Reads both.
    pub fn of(manifest: JsValue, records: JsValue) -> Result<Self, JsValue> {
        let records = Argument::new("records", records);
        let mut secrets = Vec::new();
        if let Some(given) = records.optional("secrets")? {
            for (board, own) in given.entries()? {
                for (name, secret) in own.entries()? {
                    secrets.push((board.clone(), name, Zeroizing::new(secret.content()?)));
                }
            }
        }
        let name = records.optional("name")?.map(|name| name.string()).transpose()?;
        Ok(Self {
            files: Files::of(&Argument::new("manifest", manifest))?,
            name: name.unwrap_or_else(|| "records.csv".to_owned()),
            text: records.property("text")?.string()?,
            ignored: records.optional("ignored")?.map(|titles| titles.strings()).transpose()?.unwrap_or_default(),
            secrets: Secret(secrets),
        })
    }

    /// Does what needs the plan's OTP.
    pub fn with_otp(&self, work: impl FnOnce(&Plan, &Otp) -> Result<Report, Failure>) -> Result<Report, Failure> {
        let loaded = self.files.loaded()?;
        loaded.with_plan(|plan| work(plan, otp_of(loaded, plan)?))
    }

    /// The boards of the records, or what is wrong with these.
    pub fn boards(&self, plan: &Plan, otp: &Otp) -> Result<Result<Vec<Board>, Vec<Finding>>, Failure> {
        let keys: Vec<[u8; 32]> = self.files.public_keys(plan)?.iter().map(|key| *key.bytes()).collect();
        let inputs = Inputs::new(plan, otp, &keys, &self.secrets, &self.ignored);
        Ok(Records::parse(self.text.as_bytes()).and_then(|records| boards(&inputs, &records)))
    }
}

/// Secrets by board and name.
struct Secret(Vec<(String, String, Zeroizing<Vec<u8>>)>);

impl Secrets for Secret {
    fn read(&self, board: &str, name: &str) -> Result<Zeroizing<Vec<u8>>, String> {
        let found = self.0.iter().find(|(of, own, _)| of == board && own == name).map(|(_, _, secret)| secret.clone());
        found.ok_or_else(|| format!("the secret `{name}` of this board was not handed in"))
    }
}
