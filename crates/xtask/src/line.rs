//! `waxseal otp build` of many boards: against the machine's bare signing rate, and how much memory it takes.

use std::{
    fs,
    path::PathBuf,
    process::Command,
    thread,
    time::{Duration, Instant},
};

use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::scalar::{Scalar, clamp_integer};
use packer::{
    PrivateKey,
    known::{Claim, KnownKeys},
};
use sha2::{Digest as _, Sha512};

use crate::{
    cargo,
    cost::grouped,
    process::{Failure, Outcome, capture, finish, root, run, target_folder},
    tools,
};

/// Boards of a run that is timed.
const BOARDS: u64 = 20_000;
/// Runs of each; odd, so that one is in the middle.
const RUNS: usize = 5;
/// Boards of the runs whose memory is compared.
const MEMORY: [u64; 2] = [10_000, 100_000];
/// Signatures that are judged together.
const AT_A_TIME: usize = 16;
/// How long signing alone is timed.
const TIMED: Duration = Duration::from_secs(1);

/// The seed of the key `line` of example r3.
const SEED: [u8; 32] = [2; 32];
/// The same key as a file (PKCS#8, RFC 8410).
const LINE: &str = "-----BEGIN PRIVATE KEY-----\n\
    MC4CAQAwBQYDK2VwBCIEIAICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIC\n\
    -----END PRIVATE KEY-----\n";

/// A folder with example r3, and addresses enough.
struct Line {
    folder: PathBuf,
    waxseal: PathBuf,
}

/// Prints the figures.
pub fn compare() -> Outcome {
    tools::TIME.ensure()?;
    run(cargo::command("build")?.args(["--release", "--package", "waxseal"]))?;
    let line = Line { folder: target_folder()?.join("line"), waxseal: target_folder()?.join("release/waxseal") };
    line.prepare()?;
    let mut found = Vec::new();
    for _ in 0..RUNS {
        let [plain, bare, judged] = [Signing::Plain, Signing::Bare, Signing::Judged].map(signing_rate);
        line.init()?;
        let start = Instant::now();
        capture(&mut line.build(BOARDS))?;
        let boards = BOARDS as f64 / start.elapsed().as_secs_f64();
        found.push([boards / plain, boards / bare, judged / bare, boards, plain, bare, judged]);
    }
    let middle = |index: usize| {
        let mut values: Vec<f64> = found.iter().map(|run| run[index]).collect();
        values.sort_by(f64::total_cmp);
        values[RUNS / 2]
    };
    let rate = |index: usize| grouped(middle(index) as u64);
    println!("| `waxseal otp build` to tar, ledger on (SQLite) | |");
    println!("| --- | --: |");
    println!("| boards a second | {} |", rate(3));
    println!("| bare Ed25519 signatures a second, on all processors, without tables | {} |", rate(4));
    println!("| the same, with the tables that waxseal signs with | {} |", rate(5));
    println!("| with tables, each judged as a blob is | {} |", rate(6));
    println!("| boards, of bare signatures without tables | {:.2} |", middle(0));
    println!("| boards, of bare signatures with tables | {:.2} |", middle(1));
    println!("| judged signatures, of bare ones with tables | {:.2} |", middle(2));
    let mut peaks = Vec::new();
    for boards in MEMORY {
        // How far threads get ahead of one another differs from run to run.
        let mut found = (0..3).map(|_| line.peak(boards)).collect::<Outcome<Vec<u64>>>()?;
        found.sort_unstable();
        println!("| peak memory, {} boards, KiB | {} |", grouped(boards), grouped(found[1]));
        peaks.push(found[1] as f64);
    }
    println!("| peak memory, {} boards to {} | {:.2} |", grouped(MEMORY[1]), grouped(MEMORY[0]), peaks[1] / peaks[0]);
    println!();
    Ok(())
}

impl Line {
    fn prepare(&self) -> Outcome {
        let example = root()?.join("examples/r3");
        let keys = self.folder.join("keys");
        fs::create_dir_all(&keys).map_err(Failure::at(&keys))?;
        for name in ["keys/line.pub.pem", "keys/release.pub.pem"] {
            let (from, to) = (example.join(name), self.folder.join(name));
            fs::copy(&from, &to).map_err(Failure::at(&from))?;
        }
        let manifest = example.join("r3.toml");
        let text = fs::read_to_string(&manifest).map_err(Failure::at(&manifest))?;
        // Locally administered addresses: nobody's.
        let text =
            text.replace("00:00:5E:00:53:00", "02:00:00:00:00:00").replace("00:00:5E:00:53:FF", "02:00:00:FF:FF:FF");
        self.write("r3.toml", text)?;
        self.write("line.pem", LINE.to_owned())?;
        for boards in MEMORY.into_iter().chain([BOARDS]) {
            let rows: String = (0..boards).map(|board| format!("WX26{board:08},C,2026-11-20\n")).collect();
            self.write(&format!("{boards}.csv"), format!("serial,revision,made\n{rows}"))?;
        }
        Ok(())
    }

    fn write(&self, name: &str, text: String) -> Outcome {
        let path = self.folder.join(name);
        fs::write(&path, text).map_err(Failure::at(&path))
    }

    /// A new ledger.
    fn init(&self) -> Outcome {
        for name in ["line.db", "line.db-wal", "line.db-shm"] {
            let _ = fs::remove_file(self.folder.join(name));
        }
        capture(self.waxseal().args(["ledger", "init", "--ledger", "line.db"])).map(drop)
    }

    fn waxseal(&self) -> Command {
        let mut command = Command::new(&self.waxseal);
        command.current_dir(&self.folder);
        command
    }

    fn arguments(boards: u64) -> Vec<String> {
        let line = format!(
            "otp build r3.toml --records {boards}.csv --stage identity --key line.pem --ledger line.db --tar out.tar"
        );
        line.split(' ').map(str::to_owned).collect()
    }

    fn build(&self, boards: u64) -> Command {
        let mut command = self.waxseal();
        command.args(Self::arguments(boards));
        command
    }

    /// Most memory that a run had, in KiB.
    fn peak(&self, boards: u64) -> Outcome<u64> {
        self.init()?;
        let mut timed = Command::new("time");
        timed.args(["--format", "%M"]).arg(&self.waxseal).args(Self::arguments(boards)).current_dir(&self.folder);
        let said = String::from_utf8_lossy(&finish(&mut timed)?.stderr).into_owned();
        let peak = said.lines().last().and_then(|line| line.trim().parse().ok());
        peak.ok_or_else(|| Failure::new(format!("time says no memory: {said}")))
    }
}

/// What is timed over headers of 256 bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signing {
    /// As `ed25519-dalek` signs without its feature `fast`.
    Plain,
    /// As waxseal signs: with the tables of that feature, which `ed25519-dalek` has by default.
    Bare,
    /// The same, and judged, some at a time as a batch has them.
    Judged,
}

/// Signatures a second, on all processors, and nothing else done.
fn signing_rate(signing: Signing) -> f64 {
    let threads = thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let key = PrivateKey::from_seed(&SEED);
    let (public, known) = (*key.public().bytes(), KnownKeys::of([*key.public().bytes()]));
    let start = Instant::now();
    let count = || {
        let mut messages = [[0; 256]; AT_A_TIME];
        let mut count = 0_u64;
        while start.elapsed() < TIMED {
            let mut claims = Vec::new();
            for message in &mut messages {
                message[..8].copy_from_slice(&count.to_le_bytes());
                let signature = match signing {
                    Signing::Plain => sign_plainly(&SEED, &public, message),
                    Signing::Bare | Signing::Judged => key.sign(message).signature,
                };
                claims.push(Claim { key: public, message: &message[..], signature: std::hint::black_box(signature) });
                count += 1;
            }
            if signing == Signing::Judged && known.judge(&claims).contains(&false) {
                break;
            }
        }
        count
    };
    let total: u64 = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads).map(|_| scope.spawn(count)).collect();
        threads.into_iter().filter_map(|thread| thread.join().ok()).sum()
    });
    total as f64 / start.elapsed().as_secs_f64()
}

/// Ed25519 (RFC 8032 section 5.1.6) with a product that no table helps with: what `ed25519-dalek` computes without `fast`.
fn sign_plainly(seed: &[u8; 32], public: &[u8; 32], message: &[u8]) -> [u8; 64] {
    let hash = |parts: [&[u8]; 3]| -> [u8; 64] {
        let mut hash = Sha512::new();
        parts.iter().for_each(|part| hash.update(part));
        hash.finalize().into()
    };
    let expanded = hash([seed, &[], &[]]);
    let (secret, prefix) = expanded.split_at(32);
    let mut clamped = [0; 32];
    clamped.copy_from_slice(secret);
    let secret = Scalar::from_bytes_mod_order(clamp_integer(clamped));
    let nonce = Scalar::from_bytes_mod_order_wide(&hash([prefix, message, &[]]));
    let r = (nonce * ED25519_BASEPOINT_POINT).compress().0;
    let challenge = Scalar::from_bytes_mod_order_wide(&hash([&r, public, message]));
    let mut signature = [0; 64];
    signature[..32].copy_from_slice(&r);
    signature[32..].copy_from_slice((nonce + challenge * secret).as_bytes());
    signature
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_timed_signs() {
        let key = PrivateKey::from_seed(&SEED);
        let plain = sign_plainly(&SEED, key.public().bytes(), b"a header");
        assert_eq!(plain, key.sign(b"a header").signature);
    }
}
