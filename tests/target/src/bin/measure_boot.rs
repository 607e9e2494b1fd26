//! The whole boot decision, of which judging an image is the largest part: how many instructions, and how much stack. One slot has
//! the index's image, the other is erased, and so are logs and counter.
#![no_std]
#![no_main]

use core::hint::black_box;

use boot::{Action, AreaCounter, Config, Fault, Flash, Raise, Session, boot};
use cortex_m_rt::entry;
use image_format::trust::{Role, RoleHead, TrustHead};
use image_format::{Check, SoftwareCrypto};
use semihosting::{println, process};
use vectors::{
    CASES, Case, GROUP, SLOT_OFFSET,
    machine::{Counter, stack_used},
};
use zerocopy::IntoBytes as _;

/// Flash that is erased but for an image in its first region.
struct Memories {
    image: &'static [u8],
}

impl Flash for Memories {
    fn settle(&mut self, _: u8) -> Result<(), Fault> {
        Ok(())
    }

    fn read(&mut self, region: u8, offset: u32, buffer: &mut [u8]) -> Result<(), Fault> {
        let start = if region == 0 { offset.checked_sub(SLOT_OFFSET) } else { None };
        let stored = start.and_then(|start| self.image.get(start as usize..)).unwrap_or_default();
        let (copied, erased) = buffer.split_at_mut(stored.len().min(buffer.len()));
        copied.copy_from_slice(&stored[..copied.len()]);
        erased.fill(0xFF);
        Ok(())
    }

    /// Nothing is written when nobody has confirmed anything.
    fn program(&mut self, _: u8, _: u32, _: &[u8]) -> Result<(), Fault> {
        Err(Fault)
    }

    fn erase(&mut self, _: u8, _: u32) -> Result<(), Fault> {
        Err(Fault)
    }

    fn register(&mut self, _: u32) -> u32 {
        0
    }
}

#[entry]
fn main() -> ! {
    let counter = Counter::start();
    let accepted = black_box(CASES).first().is_some_and(decide);
    let (instructions, stack) = (counter.instructions(), stack_used());
    println!("instructions {instructions}");
    println!("stack {stack}");
    process::exit(i32::from(!accepted))
}

fn decide(case: &Case) -> bool {
    let head = TrustHead { format: 1.into(), role_count: 1, reserved: 0, epoch: 0.into() };
    let role = RoleHead { role: Role::Image.number(), threshold: 1, key_count: 1, reserved: 0 };
    let mut trust = [0; size_of::<TrustHead>() + size_of::<RoleHead>() + 32];
    let Some(key) = case.keys.first() else { return false };
    trust.iter_mut().zip(head.as_bytes().iter().chain(role.as_bytes()).chain(key)).for_each(|(to, from)| *to = *from);
    let Check::Require(device) = case.device else { return false };
    let config = Config {
        layout: black_box(GROUP),
        trust: &trust,
        trust_digest: Check::Waived,
        device,
        revision: case.revision,
        present: &[],
        tries: 3,
        raise: Raise::KeepFallback,
        largest_step: 1,
    };
    let Ok(mut session) = Session::open(config, Memories { image: case.image }, SoftwareCrypto) else { return false };
    let Some(mut counter) = AreaCounter::of(&config) else { return false };
    match &boot(&mut session, &mut counter).action {
        Action::Boot(start) => start.entry().is_some(),
        _ => false,
    }
}
