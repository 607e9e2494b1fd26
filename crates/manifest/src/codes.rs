//! The one list of diagnostic codes: `waxseal explain` and the documentation are written from it.
//!
//! Codes are extend-only: none is renumbered, and none gets another meaning. WX00xx judge the file's form; WX01nn is the
//! hardware rule L nn; WX02nn judges images that go together; WX03nn one-time-programmable memory; WX04nn is what a boot
//! loader's life depends on, refusal nn of the boot design; WX05nn judges what is built: inputs and keys.

/// What there is to know about a diagnostic, apart from the case at hand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Code {
    /// `WX0108`.
    pub id: &'static str,
    /// What it says, in a few words.
    pub title: &'static str,
    /// The rule, and the reason for it.
    pub rule: &'static str,
    /// What to do.
    pub fix: &'static str,
    /// A manifest that is told it, out of tests/manifests. `None` where it takes an input file.
    pub example: Option<Example>,
}

/// A manifest as an example.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Example {
    /// Its file name.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
}

/// Declares each code once: a constant, and its place in [`ALL`].
macro_rules! codes {
    ($(
        $name:ident = $id:literal, $title:literal, rule: $rule:literal, fix: $fix:literal $(, example: $example:literal)?;
    )*) => {
        $(
            #[doc = $title]
            pub const $name: Code =
                Code { id: $id, title: $title, rule: $rule, fix: $fix, example: codes!(@example $($example)?) };
        )*

        /// All codes, in ascending order.
        pub const ALL: &[Code] = &[$($name),*];

        /// Their ids alone: who only asks whether there is a code does not need the texts.
        pub const IDS: &[&str] = &[$($id),*];
    };
    (@example) => { None };
    (@example $example:literal) => {
        Some(Example {
            name: concat!($example, ".toml"),
            text: include_str!(concat!("../../../tests/manifests/", $example, ".toml")),
        })
    };
}

codes! {
    SYNTAX = "WX0000", "not TOML",
        rule: "A manifest is TOML 1.0. Where a line is not, what follows could mean anything, so nothing else in the file \
            is judged until it is.",
        fix: "Correct the line. Integers have no leading zeros, strings have quotes, a table's header stands alone on its line.",
        example: "err_leading_zero";
    UNKNOWN_KEY = "WX0001", "unknown key",
        rule: "A key that nobody reads is a wish that nobody fulfils: a misspelt `write-protect` would leave the boot loader \
            open. So every key must be known, and so must the option bytes of the part.",
        fix: "Take the key that the message names, or remove it. `not supported yet` marks keys of a later version.",
        example: "err_unknown_key";
    WRONG_VALUE = "WX0002", "wrong type or value",
        rule: "Each key has one type, and its value must make sense for it: sizes are integers or strings with K or M \
            (1024), sector ranges are strings in the reference manual's numbers, choices are among those listed.",
        fix: "Write a value of the type and range that the message names.",
        example: "err_not_bytes";
    MISSING_KEY = "WX0003", "required key missing",
        rule: "What decides about hardware, trust or loss has no default, since a guess would be right on one board and \
            wrong on the next.",
        fix: "Add the key to the table that the message points at.",
        example: "err_raise_missing";
    TWICE = "WX0004", "defined twice",
        rule: "Nothing overrides anything: a value stands in exactly one place, a name means one thing, a slot belongs to one \
            image, and of two keys that exclude each other one is written.",
        fix: "Keep one of the two places.",
        example: "err_slot_of_two_images";
    NOTHING = "WX0005", "reference to nothing",
        rule: "Slots, areas, keys and regions are referred to by name, and what is referred to must be declared.",
        fix: "Correct the name, or declare what it should stand for.",
        example: "err_unknown_slot";
    INLINE_TABLE = "WX0006", "inline table that other tools refuse",
        rule: "A manifest is TOML 1.0, where an inline table stands on one line and has no comma behind its last value. This \
            tool reads TOML 1.1 too; editors and Python 3.11's tomllib do not, and they may read the same file in your build.",
        fix: "Write it on one line, or as a table of its own: [lints.WX0114].",
        example: "warn_inline_tables";
    ABSOLUTE_PATH = "WX0007", "path of one machine",
        rule: "Paths are relative to the manifest and have forward slashes, so that the same manifest builds on every \
            machine. An absolute path, a backslash or a ~ is right on one machine only.",
        fix: "Write the path relative to the folder that the manifest lies in.",
        example: "warn_path_of_one_machine";
    BAD_NAME = "WX0008", "name that cannot be used",
        rule: "Names of slots, areas, memories, images and keys become identifiers in generated C and Rust, and profiles are typed: names start with a small \
            letter and go on with small letters, digits and dashes. `flash`, `bank1`, `bank2` and `otp` are the hardware's.",
        fix: "Rename it, and what refers to it.",
        example: "err_names";
    LINT = "WX0009", "lint that cannot have its way",
        rule: "A lint lets a warning pass, for a reason that others can read, or makes an error of it. An error stays one: what \
            it refuses would not work. And a lint that lets pass what nobody says hides the next one who does.",
        fix: "Remove the lint, or correct what the error names.",
        example: "err_lint_allows_an_error";
    INCLUDE = "WX0010", "include that brings in no fragment",
        rule: "A manifest includes fragments: files that say `fragment = true`, bring whole tables, and include nothing \
            themselves. So a whole manifest is never taken for a part of another, and whoever reads a manifest sees all \
            files of it.",
        fix: "Write `fragment = true` in the file that is included, and name every file in the manifest's own `include`.",
        example: "err_includes_itself";
    PROFILE = "WX0011", "no profile chosen",
        rule: "A profile fills in roles that the manifest leaves open, such as other keys on the bench than in production. Which \
            one counts is said with each build, by nobody but the one who builds: a default or an environment variable would \
            one day choose whom a board trusts.",
        fix: "Pass --profile NAME with one of the profiles that the message names.";
    ADDRESS = "WX0101", "address that contradicts the layout",
        rule: "Region and sectors decide where a slot lies. A typed `address` is only an assertion, and it must be right. A \
            32-bit address has eight hexadecimal digits; a ninth turned 0x0800_0000 into 2^31 on a real board, where a \
            release build's driver wrote nothing and complained about nothing.",
        fix: "Correct the address, or leave it out: it follows from region and sectors.",
        example: "err_address_of_nine_digits";
    REGION_END = "WX0102", "not inside one region",
        rule: "A slot or area lies in one region. Banks have rules and sometimes a gap of their own between them, and the \
            banks of a part can be exchanged, so nothing may straddle their border.",
        fix: "Choose sectors, or offset and size, that end within the region.",
        example: "err_straddles_banks";
    SECTOR_BOUNDARY = "WX0103", "not on a sector boundary",
        rule: "Flash is erased by whole sectors: what shares a sector with something else is erased with it. So every slot \
            and area starts and ends on a sector boundary of the sector map that the option bytes select.",
        fix: "Use `sectors`, or move offset and size to the boundaries that the message names.",
        example: "err_not_on_sector_boundary";
    MODE = "WX0104", "bank mode missing or contradicted",
        rule: "Geometry is a function of the part and its option bytes: on an STM32F767ZI, nDBANK changes the size of every \
            sector. Boards of one batch can differ, so an option that selects the sector map or the run address has no \
            default, and regions must be those of the mode.",
        fix: "Read the option bytes of a board and write them under device.options.",
        example: "err_mode_missing";
    UNKNOWN_SECTOR = "WX0105", "no such sector",
        rule: "Sectors carry the reference manual's numbers, for this part in this mode. A sector number that does not exist \
            is reported by the hardware as a write protection error, which misleads.",
        fix: "Take numbers from the sector map that the message names.",
        example: "err_unknown_sector";
    OVERLAP = "WX0106", "two things in one sector",
        rule: "A sector is the smallest range that can be erased. Two slots or areas that share one would erase each other.",
        fix: "Give each its own sectors.",
        example: "err_overlap";
    LINK_ADDRESS = "WX0108", "linked for another place",
        rule: "Code runs where it was linked for. With two slots and banks that are not exchanged, each slot runs where it is \
            stored, so each needs a build of its own: vector table and reset vector hold absolute addresses.",
        fix: "Link once for each slot, with the memory map that `waxseal gen linker` writes for it.";
    UNLIKE_BANKS = "WX0109", "slots that banks do not exchange for one another",
        rule: "Banks are exchanged as wholes: what is at an offset in one bank comes to the same offset of the other. So the two \
            slots of bank-swap lie one in each bank, with the same offset and the same size, and run at one address.",
        fix: "Give both slots the same offset and size in their banks, and the same `run-alias` or none.",
        example: "err_banks_unlike";
    ERASE_SELECTOR = "WX0111", "unproven what an erase hits after an exchange",
        rule: "Once banks are exchanged, programming goes by address, and an erase goes by sector number. On some parts that \
            number means the bank in silicon: an update then erases the image that runs. Where the device database has \
            no evidence, only a measurement can tell.",
        fix: "Measure it on a board, and write device.facts.erase-after-swap with value and source.",
        example: "warn_bank_swap";
    BOOT_ADDRESS = "WX0112", "boot address that does not start the boot loader",
        rule: "BOOT_ADD0 holds bits 29 to 14 of an address, not the address, so a typed number is easily wrong by 2^14. It \
            is given as the name of a slot, that slot starts on a multiple of 16K, and it is the boot loader's: anything \
            else would start code that nobody judged.",
        fix: "Write the name of the boot loader's slot.",
        example: "err_boot_address_register_value";
    DUAL_BOOT_ONE_BANK = "WX0113", "dual boot with one bank",
        rule: "nDBOOT = 0 asks the boot ROM to choose between two banks, and nDBANK = 1 leaves only one. The pair is invalid; \
            a user saw the bank exchange latch and do nothing in that state.",
        fix: "Set nDBOOT = 1, or use two banks.",
        example: "err_dual_boot_with_one_bank";
    NO_BOOT_PIN = "WX0114", "no recovery by the BOOT0 pin",
        rule: "With nDBANK = 0 and nDBOOT = 0 the BOOT0 pin is ignored and only BOOT_ADD0 is used, so a board cannot be \
            recovered through the ROM's boot loader by that pin.",
        fix: "Set nDBOOT = 1, or make sure that a debugger reaches every board.",
        example: "err_banks_exchanged";
    WRITE_PROTECTION = "WX0115", "write protection covers what must be erased",
        rule: "A write protection bit covers one sector or a group, depending on the bank mode. Sectors that an update, a \
            counter or the application must erase cannot share a bit with the boot loader: the erase would fail in the \
            field.",
        fix: "Let the protected slot end where a bit's sectors end, and keep everything else outside.",
        example: "err_protects_the_counter";
    UNPROVEN_UNIT = "WX0119", "unproven how the flash is programmed",
        rule: "What is programmed is whole program units, and on flash with error correction whole ECC words, once per erase; gaps \
            hold what erased flash reads as. Where the device database has no evidence for one of these, headers and state \
            words would be laid out by a guess, which a board answers with words that fault when they are read.",
        fix: "Look it up or measure it, and write device.facts, or the facts of the memory, with value and source.",
        example: "err_unit_unproven";
    IN_PLACE = "WX0122", "states written over one another on flash with ECC",
        rule: "A word with error correction has hidden check bits. A second write of the word combines both sets of them, and a \
            later read is corrected into something that nobody wrote: 7 over 3 was read as 15 on a real board. So on such \
            flash each state has a program unit of its own, written once per erase.",
        fix: "Leave `encoding` and `values` out: each state then has a program unit of its own.",
        example: "err_r4";
    STATE_ORDER = "WX0123", "states that cannot follow one another in place",
        rule: "A word that is written again without an erase can only lose one bits (or zero bits, where flash erases to zero), and \
            a state that looks like erased flash is no state. So each value follows from the one before it by changing bits \
            in that direction only. Some flash without a code takes nothing but all zeros over what was written, or nothing at all.",
        fix: "Choose values that only change bits away from the erased value, or leave `encoding` out.",
        example: "err_states_out_of_order";
    CAPACITY = "WX0125", "no room in the slot",
        rule: "A slot holds a header, the payload and its auxiliary area, and at its end the state words of the update. What \
            is left for the payload must be enough.",
        fix: "Give the slot more sectors, or make the firmware smaller.";
    OTP_DATA = "WX0128", "data outside one-time-programmable memory",
        rule: "Fields lie inside the part's one-time-programmable memory. Behind it are lock bytes, and on some parts the \
            unique id: a write that runs over the end locks blocks for ever. Where a part has no such memory, or nobody \
            has shown how it is programmed, there is no layout.",
        fix: "Move the field to the place that the message names, or choose a part whose memory is proven.",
        example: "err_otp_beyond_the_end";
    OTP_LOCK = "WX0129", "lock that nobody has seen to work",
        rule: "A lock cannot be taken back. Lock bytes are 0x00 or 0xFF and nothing else, and they are written by a step of \
            their own, after the data was read back: a vendor's tool once wrote junk into the neighbours of a single \
            lock byte. What a tool was never seen to lock, and parts that have nothing to lock with, are said.",
        fix: "Try it on a scrap board first, or leave `lock` out where the part has no locks.",
        example: "err_otp_lock_without_locks";
    OTP_UNIT = "WX0130", "half a program unit",
        rule: "Many parts program their one-time-programmable memory in units of 2, 8 or 16 bytes with an error correction \
            code, each once. A unit of which one station writes a half is lost for the other half; a vendor's tool that \
            wrote half a unit lost the cell. So what one stage programs shares no unit with anybody else, and copies of \
            a value share none among themselves.",
        fix: "Move the field to a unit of its own, or program both in one stage.",
        example: "err_otp_unit_of_two_stages";
    OTP_COUNTER = "WX0131", "counter that cannot count in this memory",
        rule: "A counter in one-time-programmable memory spends a program unit for each step: with an error correction code \
            no bit of a unit can follow later. So a counter starts on a unit and has it for itself. On some parts reading \
            a blank unit, which a counter does, raises an NMI.",
        fix: "Start the counter on a multiple of the program unit, behind what others program.",
        example: "err_otp_counter_in_a_unit";
    ONE_DIE = "WX0132", "who writes the die that code runs from is not said",
        rule: "A memory with one die cannot be fetched from while it is programmed or erased, unless the operation is suspended. Code \
            that runs from it and writes it must leave it first, with its interrupts. Where the driver is linked is nothing \
            that a manifest can see, so its author says it.",
        fix: "Write `writer` in the memory's table: ram, or suspend where the bus allows it.",
        example: "err_writer_missing";
    CACHED_WRITES = "WX0133", "memory attribute that writes or fetches cannot have",
        rule: "The core sees external memory as cached by default. Commands and data that stay in the cache never reach the chip, \
            the debugger shows them nevertheless, and after a power cycle they are gone. Commands go to the base of the chip, so \
            it is the whole chip that must not be cached while it is written. Device memory, in turn, is never fetched from.",
        fix: "Use program-as = \"device\" (or non-cacheable), and execute-as = \"write-through\" (or non-cacheable).",
        example: "err_written_through_the_cache";
    MPU_COVER = "WX0134", "slot that no region of the MPU covers",
        rule: "Only the slot that code runs from may be executable, and the rest of the memory not. On Armv7-M a region of the memory \
            protection unit is a power of two in size, a multiple of it in address, and eighths of it can be left out.",
        fix: "Move the slot, or let it grow, to the offset and size that the message computes.",
        example: "err_slot_not_covered";
    PLACE_WORD = "WX0135", "word where an offset belongs",
        rule: "Top and bottom are not places: data sheets call the lowest addresses the bottom, people draw them at the top of the \
            page, and a boot block is at either end by the order code. Offsets count from the base of the region.",
        fix: "Write the offset in bytes that the message computes for the end you mean.",
        example: "err_top";
    OWN_BANK = "WX0136", "boot loader that erases the bank it runs in",
        rule: "While a bank of internal flash is programmed or erased, reading the same bank waits. A boot loader that copies an \
            image within its own bank stands still for the time of each erase, and a watchdog does not.",
        fix: "Put the boot loader or the image into the other bank, or choose a watchdog that outlasts an erase.",
        example: "warn_overwrite_in_the_own_bank";
    SECOND_CORE = "WX0139", "flash of a second core",
        rule: "On parts with a radio, a second core runs its own firmware from the end of the same flash, and an option byte says from which \
            sector on. The first core can neither read nor write there: a slot that reaches into it looks right until the first update. \
            The border is the radio firmware's, which has another size with each release, so it has no default.",
        fix: "Read the option byte of a board with the radio firmware that you ship, leave room for the next one, and write it under device.options.",
        example: "err_flash_of_the_radio";
    UNMET = "WX0211", "requirement that the release does not meet",
        rule: "An image says with `requires` which versions of another one it works with. A release brings all its images \
            together, so it is itself what satisfies the requirement, or nothing does: a board would get a pair that nobody \
            has tested. Hosts judge this; a version that the command line says is judged when the release is built.",
        fix: "Correct the version or the range, or bring the image that satisfies it.",
        example: "err_requirement_unmet";
    WAITING = "WX0212", "images that wait for one another",
        rule: "With commit = \"each\" an image becomes current by itself, after those that it requires. Images that require one \
            another, directly or by way of others, have no order then: whichever came first would run with an old one.",
        fix: "Use commit = \"together\", or drop one of the requirements.",
        example: "err_requirements_in_a_circle";
    COMPANIONS = "WX0213", "companions that cannot be pinned",
        rule: "The lead of a release holds the image ids of its companions, and the boot loader starts it with exactly these. An \
            id covers the ids that are pinned in it, so there is one lead, its companions have none of their own, and \
            it is firmware. A companion has one build, or one for each build of the lead: slot by slot, in the order of `slots`. It \
            runs on every revision that the lead runs on.",
        fix: "Let one image name all the others, once each, for the same revisions.",
        example: "err_companions_of_companions";
    COMMIT = "WX0214", "commit that nobody carries out",
        rule: "With commit = \"together\" the boot loader starts the lead only with the companions that it pins. So it takes a boot \
            loader and companions, and where companions are pinned images cannot become current each by itself: between \
            the first and the last, the lead would be refused.",
        fix: "Use commit = \"together\" with companions and a boot loader, and commit = \"each\" without.",
        example: "err_companions_with_commit_each";
    LOCKED_COUNTER = "WX0301", "counter in a block that is locked",
        rule: "A stage locks every block that it fills, for ever. A counter counts in the field, for as long as the device \
            lives: in a locked block it would stand still, and no update could ever raise it.",
        fix: "Move the counter to a block that no stage fills.",
        example: "err_r3";
    OTP_OVERLAP = "WX0302", "two fields in the same bytes",
        rule: "What was programmed once cannot be programmed otherwise. Two fields that share a byte spoil each other, in every \
            board that was ever made.",
        fix: "Move one of the fields to the place that the message names.",
        example: "err_otp_overlap";
    OTP_BLOCK = "WX0303", "field in a block that is locked by then",
        rule: "Stages program one after the other, and one that locks closes every block that it fills. A later stage can \
            program nothing there any more.",
        fix: "Move the field to a block of its own stage, or let the last of the two stages lock.",
        example: "err_otp_locked_before";
    OTP_SUM = "WX0304", "sum over what is not there yet",
        rule: "A CRC is programmed once, with its stage. It covers fields that are there by then and never change: fields of \
            the same stage or of earlier ones, each once; no counter, no other sum.",
        fix: "Take the field out of `over`, or program the sum in a later stage.",
        example: "err_otp_sums";
    COUNTER_STEPS = "WX0305", "counter beyond its steps",
        rule: "A counter in one-time-programmable memory can be raised as often as it has units. An image whose security \
            counter is higher could be started, but no board could ever remember it, and every older image would go on \
            to be accepted.",
        fix: "Give the field more steps before the first board is made, or lower the image's security counter.",
        example: "err_otp_counter_too_small";
    SWAP = "WX0401", "sector-wise swap",
        rule: "Swapping two slots sector by sector wears both, needs a record for each sector that power may cut, and cannot be done \
            where the sectors of the two slots differ in size. Overwrite with a backup gives the same way back, with sectors \
            of any size.",
        fix: "Use strategy = \"overwrite\" with `download`, and `backup` for the way back.",
        example: "err_swap_move";
    NO_EXCHANGE = "WX0402", "banks that nothing exchanges",
        rule: "bank-swap without a boot loader relies on a boot ROM that starts either of two banks; under waxseal's boot loader on \
            a bit that exchanges the banks until the next reset, as SYSCFG_MEMRMP.SWP_FB of an F76x or F77x does. Parts with one \
            bank, a mode with one bank, and parts of which no such bit is proven have no such thing: the second slot would never run.",
        fix: "Choose the mode with two banks, without a boot loader nDBOOT = 0; or another strategy: direct-xip with a build for each slot, \
            or overwrite with one that is copied.",
        example: "err_bank_swap_with_one_bank";
    OPTION_SWAP = "WX0403", "banks exchanged by option bytes",
        rule: "Option bytes are erased and written again as a whole. A power cut in between can leave read protection or another \
            bank mode, and on some families the exchange then goes by a number that means the other bank. So the boot loader \
            does not program them, and cannot exchange banks where nothing else does.",
        fix: "Use strategy = \"direct-xip\", with a build for each bank; or \"overwrite\", with one that is copied.",
        example: "err_bank_swap_by_option_bytes";
    BANK_EXCHANGE = "WX0404", "banks exchanged before the boot loader runs",
        rule: "With nDBOOT = 0 the boot ROM chooses the bank before the boot loader runs, and whatever is there starts \
            unjudged. A boot loader that judges images needs nDBOOT = 1, and with bank-swap it exchanges the banks itself.",
        fix: "Set nDBOOT = 1.",
        example: "err_banks_exchanged";
    REVERT = "WX0405", "revert that nobody carries out",
        rule: "Tries and reverts are a boot loader's work, and it needs the old image whole. Without a boot loader nobody counts \
            starts, and nobody starts the old image again; with two whole images it always does. Losing the way back is a \
            decision, so `revert = \"never\"` is written where it is so, and nowhere else.",
        fix: "Write revert = \"never\" where nothing can revert, and remove what only a boot loader obeys.",
        example: "err_revert_without_boot_loader";
    ONE_LINK_ADDRESS = "WX0407", "one build for two run addresses",
        rule: "With direct-xip each slot runs at its own address, and nothing maps one over the other, so a single build can \
            run in one of them only.",
        fix: "Name one file for each slot under `inputs`.",
        example: "err_one_build_for_two_slots";
    SMALL_COPY = "WX0408", "slot too small for a copy",
        rule: "With overwrite the whole image is staged in one slot and copied to another, and a backup takes the whole old one. \
            A smaller slot would cut an image off that the larger one can hold.",
        fix: "Make `download` and `backup` at least as large as the slot that the image runs from.",
        example: "err_download_too_small";
    EXTERNAL = "WX0409", "what a boot loader cannot vouch for in external memory",
        rule: "Whoever reaches the pins of an external memory reads and changes it. So boot loader, security counter and state logs \
            lie in internal flash, code that runs in place is accepted by name (xip = \"accept-physical\"), and what writes a \
            serial memory that code runs from is in RAM, since the controller leaves memory-mapped mode for it.",
        fix: "Move it to internal flash; or for code, write what is accepted, or copy it inside: strategy = \"overwrite\".",
        example: "err_xip_not_accepted";
    COUNTER_SECTORS = "WX0410", "counter without a spare sector",
        rule: "The security counter is a log: before its sector is erased, the value must stand in another one, or a power \
            cut would lose it. So a counter area has two sectors at least.",
        fix: "Give the area one more sector.",
        example: "err_counter_in_one_sector";
    STRICT_RAISE = "WX0411", "strict raise leaves no way back",
        rule: "With raise = \"strict\" the counter follows the confirmed image at once. From then on the old slot's image is \
            below the counter: it can no longer be started if the new one turns out bad.",
        fix: "Use raise = \"keep-fallback\", unless starting the old image is worse than a device that does not start.",
        example: "warn_strict_raise";
    PAYLOAD_OFFSET = "WX0412", "header size that code cannot follow",
        rule: "The payload starts behind the header area, with the vector table: its offset must be a multiple of the \
            table's alignment, and the area must hold header and signatures and stay within what a boot loader copies to \
            RAM. All slots of an image have the same one, since the layout fingerprint has one payload offset.",
        fix: "Leave `header` out (1K), or write one of the sizes that the message names, the same for all slots of the image.",
        example: "err_header_not_aligned";
    SINGLE_COMPANION = "WX0413", "companion that its lead cannot go back to",
        rule: "The old lead pins the old companion by its id. If the lead can be reverted and the companion has only one \
            place, an update replaces what the old lead needs: going back ends at a lead that is refused. Nor may an image be \
            updated in the field whose lead is not.",
        fix: "Give the companion a second slot, with strategy = \"direct-xip\".",
        example: "err_companion_with_one_slot";
    LOADER = "WX0414", "strategy that the loader cannot carry out",
        rule: "Who starts the images decides which strategies there are: without a boot loader, reset starts one place, or one \
            of two banks that the ROM exchanges. Two slots that run where they are stored need a boot loader that chooses. waxseal's \
            copies, and exchanges banks, only for what it starts: a companion, which nothing starts, stays where an update writes it. It \
            exchanges banks from the first one, where reset starts it, and for images that run at their own addresses, not at an alias.",
        fix: "Choose a strategy that fits `boot.loader`, or another loader; for a companion direct-xip.",
        example: "err_direct_xip_without_boot_loader";
    SHARED_COUNTER = "WX0415", "two images with one counter",
        rule: "What keeps a security counter keeps one number. Two images that share it are both judged by it: once the one with the \
            higher counter is confirmed, the other one is below it, and can no longer start.",
        fix: "Give each image an area of its own. A companion needs no counter: its lead pins it by id, and has one.",
        example: "err_counter_shared";
    UNDECLARED_ECC = "WX0416", "external memory whose error correction is undeclared",
        rule: "Some external memories have an error correction code over 16 bytes or more, which data sheets mention in passing: \
            a unit of that size is then programmed once per erase, whatever the program command allows. No table says it \
            for all of a family, so the manifest does, with the source that its author read.",
        fix: "Read the data sheet, and write memories.NAME.facts.ecc-word with value (none, or bytes) and source.",
        example: "err_ecc_undeclared";
    MOVED = "WX0417", "something in banks that are exchanged",
        rule: "Banks are exchanged as wholes. What code reaches by its address in one of them, another image or settings, is \
            seen in the other one while they are exchanged, and what is seen at its address is something else. The boot loader \
            runs before that, and reaches its counter and its logs as the banks are in silicon.",
        fix: "Put it into another memory; or use strategy = \"direct-xip\", with a build for each slot: banks then stay where they are.",
        example: "err_bank_swap_moves_settings";
    INPUT = "WX0501", "input that is no firmware",
        rule: "What is packed is firmware: an executable 32-bit Arm ELF file, Intel HEX, or a BIN that begins at the payload \
            address; told by content, not by name. Another machine's file, an object file, a damaged or cut-off file or an \
            image that is sealed already would be signed and then not start.",
        fix: "Give the file that the linker or objcopy wrote, whole.";
    STRAY = "WX0502", "bytes outside the slot",
        rule: "An image holds what lies in its slot. Bytes for option bytes, OTP or another memory are never filled up to and \
            never dropped in silence: the first would make a huge image, the second a wrong one.",
        fix: "Leave the section out of the file, or give it a load address inside the slot (`AT> FLASH`).";
    VECTORS = "WX0503", "vector table that cannot start",
        rule: "The core takes its stack pointer and its first instruction from the first two words at the run address. The table \
            must be aligned for the part's number of interrupts, the stack must be in RAM, the reset vector odd (Thumb) and \
            inside the image.",
        fix: "Put the vector table first, and link for this slot with the memory map of `waxseal gen linker`.";
    SIGNERS = "WX0504", "wrong or missing signing key",
        rule: "An image that fewer keys have signed than the boot loader asks for does not boot, so it is not written. Private \
            keys are matched with the manifest's public keys; one that belongs to no key of the role helps nobody.",
        fix: "Pass the private half of the role's keys with --key, once for each.";
    UNSEALABLE = "WX0505", "image that cannot be sealed",
        rule: "What the packer makes is judged by the boot loader's own function before it is written. Whatever that function \
            refuses is not written, for whatever reason.",
        fix: "Follow the reason that the message gives; if there is none that you can act on, this is a fault of waxseal: report it.";
    LOADER_LAYOUT = "WX0511", "boot loader of another layout",
        rule: "A boot loader refuses every image that is made for another layout than the one that it embeds. A factory image of \
            the two would be a board that never starts its application, so none is written.",
        fix: "Build the boot loader with the layout.bin that `waxseal build --no-factory` writes, then build again.";
    LOWER_VERSION = "WX0521", "version that falls",
        rule: "The lock file beside the manifest says which version was built last. A build of a lower one is a mistake far more often than a wish: hosts that compare versions would never offer it.",
        fix: "Give the image a higher version; or --accept-lower-version, for a branch that maintains an old one.";
    LOWER_COUNTER = "WX0522", "security counter that falls",
        rule: "A device refuses an image whose security counter is below its own, and that never falls. An image with a lower counter than one that was built already is refused by every device that took that one.",
        fix: "Give the image at least the counter that the message names; or --accept-lower-counter, if that build never left the house.";
    CHANGED_LAYOUT = "WX0523", "layout that changes",
        rule: "A boot loader embeds the layout of its device and refuses images for another one; it is not replaced in the field. So a changed layout makes an image that no device out there can ever install.",
        fix: "Put slots, areas, header sizes, tries and strategy back as they were; or --accept-changed-layout, before the first device has left.";
    LOCKED = "WX0524", "build that differs from the locked one",
        rule: "With --locked a build makes exactly what the lock file says, from inputs with the same digests, or nothing: what was built and tested before is what is released.",
        fix: "Build from the same inputs; or build without --locked, and commit the lock file that this writes.";
    OTHER_LOCK = "WX0525", "lock file of another product",
        rule: "A lock file belongs to one manifest. Judged by another product's, versions and counters would pass that fall, or be refused that rise.",
        fix: "Keep manifests in folders of their own, or give each its lock file with --lock.";
    COUNTER_JUMP = "WX0526", "security counter that jumps",
        rule: "A device's counter never falls, in one-time-programmable memory not even with a probe. A number that was typed wrong raises it for \
            good: images with the counter that was meant are refused from then on, and the steps are spent. So a build raises a counter by no \
            more than a boot loader does for one confirmation, update.largest-counter-step.",
        fix: "Give the image the next counter; or --accept-counter-jump, if so many steps at once are meant.";
}

/// The code of this id.
pub fn find(id: &str) -> Option<Code> {
    ALL.iter().copied().find(|code| code.id == id)
}

/// The code whose id is most like this one, of two equally near the lower.
pub fn nearest(id: &str) -> Option<Code> {
    ALL.iter().copied().min_by_key(|code| strsim::damerau_levenshtein(code.id, id))
}

#[cfg(test)]
mod tests {
    use super::{ALL, nearest};

    #[test]
    fn codes_ascend_and_explain_themselves() {
        assert!(ALL.is_sorted_by(|a, b| a.id < b.id));
        for code in ALL {
            assert!(code.id.len() == 6 && code.id.starts_with("WX"), "{}", code.id);
            let text = [code.title, code.rule, code.fix].join(" ");
            assert!(!text.contains("  "), "{}: {text}", code.id);
            let words = text.split_whitespace().count();
            assert!(words >= 25, "{} says only {words} words", code.id);
        }
    }

    /// Refusal 6, an erase after an exchange of banks, is rule L11 of the hardware.
    #[test]
    fn each_refusal_of_the_boot_design_has_a_code() {
        for refusal in (1..=13).filter(|refusal| *refusal != 6) {
            let id = format!("WX04{refusal:02}");
            assert!(ALL.iter().any(|code| code.id == id), "{id}");
        }
    }

    #[test]
    fn a_misspelt_id_has_a_nearest_code() {
        assert_eq!(nearest("WX0161").map(|code| code.id), Some("WX0101"));
        assert_eq!(nearest("WX115").map(|code| code.id), Some("WX0115"));
    }
}
