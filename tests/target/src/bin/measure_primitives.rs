//! The boot decision again, with the instructions of its two primitives apart.
#![no_std]
#![no_main]

use core::cell::Cell;

use cortex_m_rt::entry;
use image_format::{Crypto, Digest, Sha256, SoftwareCrypto};
use semihosting::{println, process};
use vectors::{CASES, machine::Counter};

/// What one primitive cost: calls or bytes, and instructions.
#[derive(Clone, Copy, Default)]
struct Cost {
    units: u64,
    instructions: u64,
}

impl Cost {
    fn add(total: &Cell<Self>, units: u64, counter: &Counter) {
        let Self { units: before, instructions } = total.get();
        total.set(Self { units: before + units, instructions: instructions + counter.instructions() });
    }
}

/// [`SoftwareCrypto`] with a counter around each call.
struct Metered<'a> {
    hashed: &'a Cell<Cost>,
    verified: &'a Cell<Cost>,
}

struct MeteredHash<'a> {
    hash: <SoftwareCrypto as Crypto>::Sha256,
    hashed: &'a Cell<Cost>,
}

impl Sha256 for MeteredHash<'_> {
    fn update(&mut self, bytes: &[u8]) {
        let counter = Counter::start();
        Sha256::update(&mut self.hash, bytes);
        Cost::add(self.hashed, bytes.len() as u64, &counter);
    }

    fn finish(self) -> Digest {
        let counter = Counter::start();
        let digest = Sha256::finish(self.hash);
        Cost::add(self.hashed, 0, &counter);
        digest
    }
}

impl<'a> Crypto for Metered<'a> {
    type Sha256 = MeteredHash<'a>;

    fn sha256(&mut self) -> Self::Sha256 {
        MeteredHash { hash: SoftwareCrypto.sha256(), hashed: self.hashed }
    }

    fn verify_ed25519(&mut self, key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
        let counter = Counter::start();
        let valid = SoftwareCrypto.verify_ed25519(key, message, signature);
        Cost::add(self.verified, 1, &counter);
        valid
    }
}

#[entry]
fn main() -> ! {
    let (hashed, verified) = (Cell::default(), Cell::default());
    let accepted = CASES.iter().all(|case| case.boot(&mut Metered { hashed: &hashed, verified: &verified }).is_ok());
    let (hashed, verified) = (hashed.get(), verified.get());
    println!("sha256_bytes {}", hashed.units);
    println!("sha256_instructions {}", hashed.instructions);
    println!("ed25519_verifications {}", verified.units);
    println!("ed25519_instructions {}", verified.instructions);
    process::exit(i32::from(!accepted))
}
