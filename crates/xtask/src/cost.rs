//! What verifier and boot loader cost on a Cortex-M7, and the guard that it does not grow unnoticed.
//!
//! tests/target/cost.toml has the figures; MEASURED.md's table is made from it, and `cargo xtask test` measures anew.

use std::{collections::BTreeMap, env, fs, path::PathBuf};

use crate::{
    cargo::Profile,
    process::{Failure, Outcome, root, target_folder},
    qemu, sample, verifier,
};

/// Figures by their name, for one profile.
type Figures = BTreeMap<String, u64>;

/// A figure of the file.
struct Figure {
    name: &'static str,
    /// What MEASURED.md says of it.
    label: &'static str,
    /// Digits behind the point: the file has whole numbers.
    decimals: u32,
    /// What was asked for, with the profile that it was asked of.
    goal: Option<(Profile, u64)>,
}

const fn figure(name: &'static str, label: &'static str) -> Figure {
    Figure { name, label, decimals: 0, goal: None }
}

impl Figure {
    const fn goal(self, profile: Profile, value: u64) -> Self {
        Figure { goal: Some((profile, value)), ..self }
    }
}

/// All figures, in MEASURED.md's order.
const FIGURES: [Figure; 9] = [
    figure("crypto-flash", "SHA-256 and Ed25519, bytes of flash").goal(Profile::Size, 18_500),
    figure("verifier-flash", "the verifier with them, bytes of flash").goal(Profile::Size, 22_500),
    figure("verifier-instructions", "judging the image, instructions"),
    Figure { decimals: 1, ..figure("sha256-instructions-x10", "SHA-256, instructions per byte") },
    figure("ed25519-instructions", "one Ed25519 verification, instructions"),
    figure("verifier-stack", "stack, bytes"),
    figure("boot-flash", "the boot loader with the verifier, bytes of flash"),
    figure("boot-instructions", "boot decision, one of two slots with an image, instructions")
        .goal(Profile::Speed, 12_000_000),
    figure("boot-stack", "its stack, bytes"),
];

/// The programs that are measured.
const PROGRAMS: [&str; 5] = ["measure-empty", "measure-crypto", "measure-verify", "measure-primitives", "measure-boot"];
/// Bytes of the payload of the image that they judge.
const PAYLOAD: usize = 256 * 1024;
/// By how much a figure may exceed the file's, in thousandths: another linker, another order of functions.
const TOLERANCE: u64 = 5;

/// What a changed figure asks for.
const HOW: &str =
    "A commit that is worth it writes the new figures: UPDATE_GOLDEN=1 cargo xtask test cost && cargo xtask gen";

/// Measures both profiles, and fails if a figure has grown by more than 0.5 %.
pub fn check() -> Outcome {
    let measured = measure()?;
    if env::var_os("UPDATE_GOLDEN").is_some() {
        let path = file()?;
        fs::write(&path, document(&measured)).map_err(Failure::at(&path))?;
    }
    let committed = committed()?;
    let mut grown = Vec::new();
    for (profile, figures) in &measured {
        for Figure { name, .. } in &FIGURES {
            let (now, before) = (value(figures, name)?, value(of(&committed, *profile)?, name)?);
            if now * 1000 > before * (1000 + TOLERANCE) {
                grown.push(format!("{} profile, {name}: {now}, and cost.toml has {before}", word(*profile)));
            } else if now * (1000 + TOLERANCE) < before * 1000 {
                println!("{} profile, {name}: {now}, less than the {before} of cost.toml. {HOW}", word(*profile));
            }
        }
    }
    if !grown.is_empty() {
        return Err(Failure::new(format!("more than 0.5 % above what is committed:\n  {}\n{HOW}", grown.join("\n  "))));
    }
    println!("{} figures in two profiles, none above what is committed", FIGURES.len());
    Ok(())
}

/// Measures, and prints MEASURED.md's table of it.
pub fn print() -> Outcome {
    print!("{}", render(&measure()?)?);
    Ok(())
}

/// MEASURED.md's table, out of the committed figures.
pub fn table() -> Outcome<String> {
    render(&committed()?)
}

fn measure() -> Outcome<[(Profile, Figures); 2]> {
    let index = sample::write(&target_folder()?.join("bench"), PAYLOAD)?;
    let measure = |profile: Profile| {
        verifier::build(profile, Some(&index), &PROGRAMS)?;
        let lines = |program: &str| qemu::run(&profile.program(program)?);
        let (whole, parts, boot) = (lines("measure-verify")?, lines("measure-primitives")?, lines("measure-boot")?);
        let hashed = 10 * said(&parts, "sha256_instructions")? / said(&parts, "sha256_bytes")?;
        let signatures = said(&parts, "ed25519_instructions")? / said(&parts, "ed25519_verifications")?;
        let flash = |program| verifier::size(profile, program);
        let figures = [
            ("crypto-flash", flash("measure-crypto")?),
            ("verifier-flash", flash("measure-verify")?),
            ("verifier-instructions", said(&whole, "instructions")?),
            ("sha256-instructions-x10", hashed),
            ("ed25519-instructions", signatures),
            ("verifier-stack", said(&whole, "stack")?),
            ("boot-flash", flash("measure-boot")?),
            ("boot-instructions", said(&boot, "instructions")?),
            ("boot-stack", said(&boot, "stack")?),
        ];
        Ok::<_, Failure>((profile, figures.map(|(name, value)| (name.to_owned(), value)).into()))
    };
    Ok([measure(Profile::Size)?, measure(Profile::Speed)?])
}

/// The number behind `name` in lines of a name and a number.
fn said(lines: &str, name: &str) -> Outcome<u64> {
    let value = lines.lines().find_map(|line| line.strip_prefix(name)?.trim().parse().ok());
    value.ok_or_else(|| Failure::new(format!("no figure `{name}` in what the program on the target wrote:\n{lines}")))
}

fn file() -> Outcome<PathBuf> {
    Ok(root()?.join("tests/target/cost.toml"))
}

const fn word(profile: Profile) -> &'static str {
    match profile {
        Profile::Size => "size",
        Profile::Speed => "speed",
    }
}

fn committed() -> Outcome<[(Profile, Figures); 2]> {
    let path = file()?;
    let text = fs::read_to_string(&path).map_err(Failure::at(&path))?;
    let wrong = |error: String| Failure::new(format!("{}: {error}", path.display()));
    let tables: BTreeMap<String, Figures> = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    let table = |profile: Profile| {
        let table = tables.get(word(profile)).cloned();
        Ok::<_, Failure>((profile, table.ok_or_else(|| wrong(format!("no table `{}`", word(profile))))?))
    };
    Ok([table(Profile::Size)?, table(Profile::Speed)?])
}

fn document(measured: &[(Profile, Figures); 2]) -> String {
    let mut text = "# What judging and booting an image of 256 KiB costs on a Cortex-M7 in QEMU. `cargo xtask test cost` fails above 0.5 % more.\n\
                    # Written by UPDATE_GOLDEN=1 cargo xtask test cost; MEASURED.md's table by `cargo xtask gen`.\n"
        .to_owned();
    for (profile, figures) in measured {
        text += &format!("\n[{}]\n", word(*profile));
        for (name, value) in FIGURES.iter().filter_map(|figure| figures.get_key_value(figure.name)) {
            text += &format!("{name} = {value}\n");
        }
    }
    text
}

fn of(all: &[(Profile, Figures); 2], profile: Profile) -> Outcome<&Figures> {
    let found = all.iter().find(|(candidate, _)| *candidate == profile);
    Ok(&found.ok_or_else(|| Failure::new("a profile is missing"))?.1)
}

fn value(figures: &Figures, name: &str) -> Outcome<u64> {
    figures.get(name).copied().ok_or_else(|| Failure::new(format!("cost.toml has no `{name}`. {HOW}")))
}

fn render(all: &[(Profile, Figures); 2]) -> Outcome<String> {
    let mut text = "| | size profile | speed profile | goal |\n| --- | ---: | ---: | ---: |\n".to_owned();
    for Figure { name, label, decimals, goal } in &FIGURES {
        let shown = |profile| Ok::<_, Failure>(number(value(of(all, profile)?, name)?, *decimals));
        let goal = goal.map_or(String::new(), |(profile, most)| format!("{} ({})", grouped(most), word(profile)));
        text += &format!("| {label} | {} | {} | {goal} |\n", shown(Profile::Size)?, shown(Profile::Speed)?);
    }
    Ok(text)
}

fn number(value: u64, decimals: u32) -> String {
    match decimals {
        0 => grouped(value),
        _ => format!("{:.*}", decimals as usize, value as f64 / f64::from(10_u32.pow(decimals))),
    }
}

/// Digits in groups of three.
pub fn grouped(value: u64) -> String {
    let digits = value.to_string();
    let separated = digits.chars().rev().enumerate().flat_map(|(i, digit)| {
        let comma = (i > 0 && i % 3 == 0).then_some(',');
        comma.into_iter().chain([digit])
    });
    separated.collect::<Vec<_>>().into_iter().rev().collect()
}

#[cfg(test)]
mod tests {
    use super::{FIGURES, committed, grouped, number, of, said};
    use crate::{cargo::Profile, process::Outcome};

    #[test]
    fn digits_come_in_groups_of_three() {
        assert_eq!([7, 700, 7000, 1_234_567].map(grouped), ["7", "700", "7,000", "1,234,567"]);
        assert_eq!(number(361, 1), "36.1");
    }

    #[test]
    fn a_figure_that_was_not_written_is_an_error() {
        let lines = "instructions 12\nstack 34\n";
        assert_eq!(said(lines, "stack").ok(), Some(34));
        assert!(said(lines, "bytes").is_err());
    }

    #[test]
    fn the_file_has_each_figure_and_no_other() -> Outcome {
        let all = committed()?;
        for profile in [Profile::Size, Profile::Speed] {
            let names: Vec<_> = of(&all, profile)?.keys().map(String::as_str).collect();
            let mut expected = FIGURES.map(|figure| figure.name);
            expected.sort_unstable();
            assert_eq!(names, expected);
        }
        Ok(())
    }
}
