//! What the boot loader writes before it does something that cannot be taken back, and which image it keeps to.

use boot::{Action, Config, Counter as _, Decision, Raise, Session, boot};
use flash_model::{Cut, CutPlace, Restart, Torn};
use image_format::log::{Entry, EntryBytes, EntryKind, LogForm, Strategy};
use zerocopy::{FromBytes as _, IntoBytes as _};

use crate::application::Update;
use crate::bench::Bench;
use crate::board::Board;
use crate::counter::AnyCounter;
use crate::device::{Before, Device, Operation};
use crate::devices::benches;
use crate::memo::Memo;

fn bench(name: &str) -> Bench {
    let all = benches(false, 7).expect("benches");
    all.into_iter().find(|bench| bench.name == name).expect("a bench")
}

/// One whose counter follows all the way, with an image of counter 3 for the second slot.
fn strict() -> Bench {
    let mut bench = bench("L476/direct-xip").with_other();
    bench.raise = Raise::Strict;
    bench
}

/// Starts a board by this configuration. What was decided, and what was about to be done.
fn decide(board: &mut Board<'_>, config: Config<'_>) -> (Decision, Vec<Before>) {
    board.chip.restart(Restart::PowerUp);
    let mut notes = Vec::new();
    let device = Device { chip: &mut board.chip, notes: Some(&mut notes), registers: board.bench.registers() };
    let mut session = Session::open(config, device, Memo::default()).expect("opens");
    let decision = boot(&mut session, &mut AnyCounter::of(&config));
    (decision, notes)
}

/// The entry that an operation writes.
fn entry(before: &Before) -> Option<Entry> {
    let Operation::Program { bytes, .. } = &before.operation else { return None };
    EntryBytes::read_from_prefix(bytes).ok()?.0.decode()
}

fn place(form: &LogForm, entry: Entry) -> Vec<u8> {
    let mut place = entry.encode().as_bytes().to_vec();
    place.resize(form.place_size() as usize, 0);
    place
}

/// Takes a slot's log out of use, but for so many places.
fn fill_but(board: &mut Board<'_>, slot: usize, left: u32) {
    let (form, next) = (board.form(slot), board.log(slot).next);
    board.fill(slot, next..form.places() - left, &vec![form.spent(); form.place_size() as usize]);
}

/// A board that runs that image, confirmed; nobody has raised the counter.
fn confirmed(bench: &Bench) -> Board<'_> {
    let update = Update::new(bench.newer().expect("another image")).expect("an image");
    let mut board = Board::new(bench);
    board.session(|session| update.stage(session, 0, 0)).expect("stages");
    assert_eq!(board.start().slot(), 1);
    board.session(|session| session.confirm(1)).expect("confirms");
    board
}

#[test]
fn the_counter_rises_by_a_step_behind_an_okay_that_stays() {
    use EntryKind::{Count, Okay};
    let bench = strict();
    let config = Config { largest_step: 2, ..bench.config() };
    let mut board = confirmed(&bench);
    let (decision, notes) = decide(&mut board, config);
    assert_eq!(decision.raised, Some(2));
    let entries: Vec<EntryKind> = notes.iter().filter_map(entry).map(|entry| entry.kind).collect();
    assert_eq!(entries, [Okay, Okay, Count, Count, Okay]);
    // Once for each confirmation, though the image's is higher still.
    let (decision, notes) = decide(&mut board, config);
    assert_eq!((decision.raised, notes.len()), (None, 0));
    let device = &mut Device { chip: &mut board.chip, notes: None, registers: bench.registers() };
    assert_eq!(AnyCounter::of(&config).read(device), Ok(2));
}

#[test]
fn the_counter_stays_where_the_log_has_no_room_to_say_so() {
    let bench = strict();
    // A power-up spends two places.
    for (left, raised) in [(5, None), (6, Some(3))] {
        let mut board = confirmed(&bench);
        fill_but(&mut board, 1, left);
        assert_eq!(decide(&mut board, bench.config()).0.raised, raised, "{left} places");
    }
}

/// A tool writes an image into a slot and leaves the log, which speaks for another one.
#[test]
fn an_image_that_its_log_does_not_name_waits_for_the_last_resort() {
    let bench = bench("L476/direct-xip");
    let mut board = Board::new(&bench);
    let slot = bench.group().slots()[1];
    bench.load(&mut board.chip, slot.region, slot.offset.get(), &bench.images().new).expect("fits");
    let ready = place(&board.form(1), Entry::new(EntryKind::Ready, 5, &[9; 32]));
    board.fill(1, 0..2, &ready);
    assert_eq!(board.start().slot(), 0);
    let first = bench.group().slots()[0];
    board.chip.program(first.region.into(), first.offset.get(), &[0; 256]).expect("programs");
    assert_eq!(board.start().slot(), 1);
}

#[test]
fn an_image_whose_log_takes_no_try_is_not_tried() {
    for name in ["L476/direct-xip", "L476/overwrite-backup"] {
        let bench = bench(name);
        let update = Update::new(&bench.images().new).expect("an image");
        let mut board = Board::new(&bench);
        board.session(|session| update.stage(session, 0, 0)).expect("stages");
        if bench.strategy() == Strategy::OverwriteWithBackup {
            // Installed, and tried once.
            assert_eq!(*board.start().image().id(), update.id);
        }
        let logged = if bench.strategy() == Strategy::DirectXip { 1 } else { 0 };
        fill_but(&mut board, logged, 0);
        for _ in 0..3 {
            assert_ne!(*board.start().image().id(), update.id, "{name}");
        }
    }
}

/// The last TRY is torn, and reads as nothing again once the device has gone back: then the log says so for good.
#[test]
fn an_image_that_the_device_went_back_from_does_not_return() {
    for name in ["L476/direct-xip", "F746/direct-xip", "F767ZG-small/bank-swap"] {
        let bench = bench(name);
        let update = Update::new(&bench.images().new).expect("an image");
        let mut board = Board::new(&bench);
        board.start();
        board.session(|session| update.stage(session, 0, 0)).expect("stages");
        for _ in 1..bench.tries {
            assert_eq!(board.start().slot(), 1);
        }
        let (decision, notes) = decide(&mut board.clone(), bench.config());
        assert!(!matches!(decision.action, Action::Recover(_)));
        let is_try = |before: &&Before| entry(before).is_some_and(|entry| entry.kind == EntryKind::Try);
        let operation = notes.iter().find(is_try).expect("a try").chip.operations();
        for torn in Torn::ALL {
            let mut board = board.clone();
            board.chip.cut_at(Cut { operation, place: CutPlace::Inside { unit: 0, torn } });
            decide(&mut board, bench.config());
            assert!(board.chip.is_off());
            let slots: Vec<usize> = (0..8).map(|_| board.start_after(Restart::PowerUp).slot()).collect();
            assert!(
                slots.is_sorted_by(|before, after| before >= after) && slots.ends_with(&[0]),
                "{name}, {torn:?}: {slots:?}"
            );
        }
    }
}
