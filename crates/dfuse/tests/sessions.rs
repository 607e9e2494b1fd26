//! Whole sessions with a simulated device: what works, each thing that goes wrong, and a cable pulled before each transfer.

use std::ops::Range;

use dfuse::{
    Effect, Error, Event, Failure, Fault, Journal, MemoryMap, Moment, Outcome, Phase, Plain, Request, Session,
    Simulated, State, Status, StatusCode, Step, Task, TaskError,
};

const FLASH: &str = "@Internal Flash  /0x08000000/04*001Kg,01*004Kg";
const BLOCK: u16 = 256;

fn map(string: &str) -> MemoryMap {
    string.parse().expect(string)
}

/// A device whose sectors hold something old.
fn device(faults: &[Fault]) -> Simulated<Plain> {
    let mut memory = Plain::of(&map(FLASH));
    memory.bytes.fill(0x5A);
    let mut device = Simulated::new(memory, vec![FLASH.to_owned()], BLOCK).expect("a device");
    device.faults = faults.to_vec();
    device
}

/// Runs a task to its end, and counts the transfers.
fn run(device: &mut Simulated<Plain>, task: Task) -> (Result<Outcome, Failure>, u32) {
    let mut session = Session::new(&map(FLASH), device.transfer_size(), task).expect("a task that the map allows");
    let mut transfers = 0;
    let mut event = Event::Start;
    for _ in 0..100_000 {
        let effect = session.next(event);
        transfers += u32::from(matches!(effect, Effect::Out { .. } | Effect::In { .. }));
        match effect {
            Effect::Finished(outcome) => return (Ok(outcome), transfers),
            Effect::Failed(failure) => return (Err(failure), transfers),
            _ => event = device.perform(&effect),
        }
    }
    panic!("the session does not end");
}

/// Two sectors, and an image over one and a part of the other whose size is no multiple of a block.
fn update() -> Task {
    Task::Write {
        steps: vec![
            Step::Erase { address: 0x0800_0400 },
            Step::Erase { address: 0x0800_0800 },
            Step::Program { address: 0x0800_0400, bytes: image() },
        ],
    }
}

fn image() -> Vec<u8> {
    (0..1300_u32).map(|i| (i * 7 + i / 256) as u8).collect()
}

const ERASED: [Range<u32>; 2] = [0x0800_0400..0x0800_0800, 0x0800_0800..0x0800_0C00];
const PROGRAMMED: Range<u32> = 0x0800_0400..0x0800_0914;

/// Memory as the update leaves it.
fn updated() -> Plain {
    let mut memory = device(&[]).memory;
    ERASED.iter().for_each(|sector| memory.range(sector).fill(0xFF));
    memory.range(&PROGRAMMED).copy_from_slice(&image());
    memory
}

fn failed(faults: &[Fault]) -> Error {
    run(&mut device(faults), update()).0.expect_err("a failure").error
}

#[test]
fn an_update_is_erased_programmed_and_read_back() {
    let mut device = device(&[]);
    assert_eq!(run(&mut device, update()).0, Ok(Outcome::Written));
    assert!(device.memory == updated());
}

#[test]
fn a_range_is_read_whatever_its_length() {
    let mut device = device(&[]);
    device.memory = updated();
    for end in [0x0800_0401, 0x0800_0500, 0x0800_0501, 0x0800_0914, 0x0800_2000] {
        let range = 0x0800_0400..end;
        let wanted = device.memory.range(&range).to_vec();
        assert_eq!(run(&mut device, Task::Read { range }).0, Ok(Outcome::Read(wanted)));
    }
}

#[test]
fn leaving_ends_the_session() {
    let mut device = device(&[]);
    assert_eq!(run(&mut device, Task::Leave { address: 0x0800_0000 }).0, Ok(Outcome::Left));
}

/// What devices do that are not broken.
#[test]
fn quirks_are_borne() {
    for faults in [[Fault::StatusStalls(0)], [Fault::StaysBusy], [Fault::Slow(20)]] {
        let mut device = device(&faults);
        assert_eq!(run(&mut device, update()).0, Ok(Outcome::Written), "{faults:?}");
        assert!(device.memory == updated(), "{faults:?}");
    }
}

#[test]
fn an_error_of_the_last_session_is_cleared() {
    let mut device = device(&[Fault::Status(Moment::Erase(0), StatusCode(0x0E))]);
    run(&mut device, update()).0.expect_err("a failure");
    device.faults.clear();
    assert_eq!(run(&mut device, update()).0, Ok(Outcome::Written));
}

#[test]
fn errors_are_told_apart() {
    assert_eq!(failed(&[Fault::Status(Moment::Erase(0), StatusCode::TARGET)]), Error::Address(0x0800_0400));
    assert_eq!(failed(&[Fault::Status(Moment::Program(0), StatusCode::VENDOR)]), Error::ReadProtected);
    assert!(matches!(
        failed(&[Fault::Status(Moment::Program(0), StatusCode(6))]),
        Error::Reported { address: 0x0800_0400, .. }
    ));
    assert!(matches!(failed(&[Fault::ShortReads]), Error::Short { wanted: 256, got: 255, .. }));
    assert_eq!(failed(&[Fault::StaysBusy, Fault::Deaf]), Error::Stuck(State::BUSY));
}

#[test]
fn a_protected_flash_is_left_alone() {
    let mut device = device(&[]);
    device.memory.read_protected = true;
    let before = device.memory.clone();
    for task in [update(), Task::Read { range: 0x0800_0000..0x0800_0010 }] {
        assert_eq!(run(&mut device, task).0.expect_err("protected").error, Error::ReadProtected);
    }
    assert!(device.memory == before);
}

/// Bits that the erase did not set, and that programming cannot.
#[test]
fn what_reads_back_differently_is_no_success() {
    let mut device = device(&[]);
    let task = Task::Write { steps: vec![Step::Program { address: 0x0800_0400, bytes: vec![0x5A, 0xFF] }] };
    let error = run(&mut device, task).0.expect_err("not erased").error;
    assert_eq!(error, Error::ReadBack { address: 0x0800_0401, wanted: 0xFF, found: 0x5A });
}

#[test]
fn a_cancelled_session_leaves_the_device_idle() {
    let mut device = device(&[]);
    let mut session = Session::new(&map(FLASH), BLOCK, update()).expect("a task");
    let (mut event, mut last) = (Event::Start, None);
    let failure = loop {
        let effect = session.next(event);
        event = match &effect {
            Effect::Failed(failure) => break failure.clone(),
            Effect::Finished(outcome) => panic!("it went on: {outcome:?}"),
            Effect::Progress { phase: Phase::Program, done: 512.., .. } => Event::Cancel,
            effect => device.perform(effect),
        };
        if let (Effect::In { request: Request::GetStatus, .. }, Event::Received(answer)) = (&effect, &event) {
            last = Status::read(answer);
        }
    };
    assert_eq!(last.map(|status| status.state), Some(State::IDLE));
    let programmed = std::iter::once(0x0800_0400..0x0800_0600).collect();
    assert_eq!(failure.error, Error::Cancelled);
    assert_eq!(failure.journal, Journal { erased: ERASED.to_vec(), programmed, doubtful: None });
    assert_eq!(run(&mut device, update()).0, Ok(Outcome::Written));
}

/// The cable is pulled before each transfer in turn: the journal is true, and the same plan finishes the work.
#[test]
fn unplugged_anywhere() {
    let (_, transfers) = run(&mut device(&[]), update());
    for at in 0..transfers {
        let mut device = device(&[Fault::Unplugged(Moment::Transfer(at))]);
        let failure = run(&mut device, update()).0.expect_err("unplugged");
        assert_eq!(failure.error, Error::Gone, "at {at}");
        is_true(&failure.journal, &mut device.memory);
        let mut device = device.reconnect();
        assert_eq!(run(&mut device, update()).0, Ok(Outcome::Written), "at {at}");
        assert!(device.memory == updated(), "at {at}");
    }
}

/// One stall in each place: either borne or reported, and never a wrong success.
#[test]
fn stalled_anywhere() {
    let (_, transfers) = run(&mut device(&[]), update());
    for at in 0..transfers {
        let mut device = device(&[Fault::Stalled(Moment::Transfer(at))]);
        match run(&mut device, update()).0 {
            Ok(_) => assert!(device.memory == updated(), "at {at}"),
            Err(failure) => {
                assert_eq!(failure.error, Error::Stalls, "at {at}");
                is_true(&failure.journal, &mut device.memory);
            }
        }
    }
}

/// A fault meets the erase or the block that it names, and leaves of it what it says.
#[test]
fn moments_are_erases_and_blocks() {
    let at = |fault| run(&mut device(&[fault]), update()).0.expect_err("it goes wrong");
    let erased = at(Fault::Unplugged(Moment::Erase(1)));
    assert_eq!((erased.error, erased.journal.doubtful), (Error::Gone, Some(ERASED[1].clone())));
    let programmed = at(Fault::Stalled(Moment::Program(2)));
    let before = std::iter::once(0x0800_0400..0x0800_0600).collect();
    assert_eq!((programmed.error, programmed.journal.programmed), (Error::Stalls, before));
    let mut mute = device(&[Fault::Mute(Moment::Program(5))]);
    assert_eq!(run(&mut mute, update()).0.expect_err("it says nothing more").error, Error::Stalls);
    assert!(mute.memory == updated(), "what it says nothing of is done");
    assert_eq!(at(Fault::Unplugged(Moment::Read(5))).journal.programmed, vec![PROGRAMMED]);
    assert_eq!(run(&mut device(&[Fault::StaysBusyIn(Moment::Program(1))]), update()).0, Ok(Outcome::Written));
}

/// What the journal says was done is done, and where it says nothing everything is as it was.
fn is_true(journal: &Journal, memory: &mut Plain) {
    let mut expected = device(&[]).memory;
    for sector in &journal.erased {
        expected.range(sector).fill(0xFF);
    }
    for range in &journal.programmed {
        let image = image();
        let offset = (range.start - PROGRAMMED.start) as usize;
        let bytes = &image[offset..offset + (range.end - range.start) as usize];
        expected.range(range).copy_from_slice(bytes);
    }
    if let Some(doubtful) = &journal.doubtful {
        let found = memory.range(doubtful).to_vec();
        expected.range(doubtful).copy_from_slice(&found);
    }
    assert!(*memory == expected, "{journal:?}");
}

#[test]
fn what_a_map_rules_out_is_never_sent() {
    let refused = |string: &str, task: Task| Session::new(&map(string), BLOCK, task).expect_err("refused");
    let erase = |address| Task::Write { steps: vec![Step::Erase { address }] };
    let program = |address, size| Task::Write { steps: vec![Step::Program { address, bytes: vec![0; size] }] };
    const OTP: &str = "@OTP Memory   /0x1FF0F000/01*1024 e";
    const OPTIONS: &str = "@Option Bytes  /0x1FFF0000/01*032 e";
    assert!(matches!(refused(FLASH, erase(0x0800_0401)), TaskError::NoSector { address: 0x0800_0401, .. }));
    assert!(matches!(refused(FLASH, erase(0x0900_0000)), TaskError::NoSector { .. }));
    assert!(matches!(refused(FLASH, program(0x0800_1FFF, 2)), TaskError::NotAllowed { what: "programmed", .. }));
    assert!(matches!(refused(FLASH, program(0x0800_0000, 0)), TaskError::Empty(0x0800_0000)));
    assert!(matches!(refused(FLASH, program(0xFFFF_FFFF, 2)), TaskError::Long(0xFFFF_FFFF)));
    assert!(matches!(refused(FLASH, Task::Read { range: 0..4 }), TaskError::NotAllowed { what: "read", .. }));
    assert!(matches!(refused(OTP, erase(0x1FF0_F000)), TaskError::OneTimeProgrammable(_)));
    assert!(matches!(refused(OTP, Task::Leave { address: 0x1FF0_F000 }), TaskError::OneTimeProgrammable(_)));
    const DATA: &str = "@DATA Memory /0x08080000/2*3Ke";
    assert!(matches!(refused(OPTIONS, program(0x1FFF_0000, 4)), TaskError::OptionBytes(_)));
    let burn = Task::Program { address: 0x1FFF_0000, bytes: vec![0; 4] };
    assert!(matches!(refused(OPTIONS, burn), TaskError::OptionBytes(_)));
    assert!(matches!(refused(DATA, erase(0x0808_0000)), TaskError::NotAllowed { what: "erased", .. }));
}

#[test]
fn an_event_that_answers_nothing_ends_the_session() {
    let mut session = Session::new(&map(FLASH), BLOCK, update()).expect("a task");
    assert!(matches!(session.next(Event::Done), Effect::Failed(Failure { error: Error::Event, .. })));
    assert!(matches!(session.next(Event::Start), Effect::Failed(_)), "there is no next");
    let mut session = Session::new(&map(FLASH), BLOCK, update()).expect("a task");
    session.next(Event::Start);
    assert!(matches!(session.next(Event::Done), Effect::Failed(Failure { error: Error::Event, .. })));
}
