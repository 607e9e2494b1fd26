//! The command as its users meet it: files in, exit code, text and files out.

// A test that cannot prepare its files has failed.
#![allow(clippy::unwrap_used)]

mod bank_swap;
mod build;
mod check;
mod compare;
mod devices;
mod diff;
mod documented;
mod explain;
mod external;
mod factory;
mod findings;
mod flash;
mod flash_factory;
mod generate;
mod images;
mod include;
mod inputs;
mod judged;
mod key;
mod key_files;
mod ledger;
mod linker;
mod loader;
mod lock;
mod manual;
mod new;
mod openssl;
mod otp;
mod otp_batch;
mod otp_burn;
mod otp_firmware;
mod otp_golden;
mod otp_ledger;
mod otp_records;
mod otp_sealed;
mod outputs;
mod plan;
mod postgresql;
mod preflight;
mod profile;
mod readme;
mod release;
mod show;
mod sign;
mod simulate;
mod streams;
mod svg;
mod unprotect;
mod verify;
mod walk;

use waxseal_tests::Project;

/// The command under test.
const WAXSEAL: &str = env!("CARGO_BIN_EXE_waxseal");

fn empty() -> Project {
    Project::empty(WAXSEAL)
}

fn r1b() -> Project {
    Project::r1b(WAXSEAL)
}
