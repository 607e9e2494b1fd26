//! Profiles: who signs on the bench and in production.

use waxseal_tests::Project;

use crate::r1b;

/// r1b with two more keys: one signs on the bench, the two others in production.
fn two_profiles() -> Project {
    let project = r1b();
    let mut text = String::from_utf8(project.read("r1b.toml")).unwrap();
    for name in ["ci", "lead"] {
        project.run(["key", "new", &format!("keys/{name}")]).exits(0);
        text += &format!("\n[keys.{name}]\npublic = \"keys/{name}.pub.pem\"\n");
    }
    text += "\n[profiles.bench.roles.image]\nkeys = [\"release\"]\n";
    text += "\n[profiles.production.roles.image]\nkeys = [\"ci\", \"lead\"]\nthreshold = 2\n";
    project.write("r1b.toml", text);
    project
}

#[test]
fn check_judges_every_profile() {
    let project = two_profiles();
    project.waxseal("check r1b.toml").exits(0).says(&["r1b.toml: profiles bench, production: 0 errors, 0 warnings"]);
    let run = project.waxseal("check r1b.toml --profile bench").exits(0);
    run.says(&["r1b.toml: profile bench: 0 errors, 0 warnings"]);
    let json = project.waxseal("check r1b.toml --profile bench --format json").exits(0).json();
    assert_eq!(json["result"]["profile"], "bench");
    assert_eq!(json["result"]["profiles"][1], "production");
    project.edit("r1b.toml", "threshold = 2", "threshold = 3");
    project.waxseal("check r1b.toml").exits(1).says(&["WX0002", "must be from 1 to 2"]);
}

#[test]
fn nothing_is_signed_while_no_profile_is_chosen() {
    let project = two_profiles();
    let run = project.waxseal("build r1b.toml --key keys/release.pem --out out").exits(1);
    let run =
        run.says(&["error[WX0011]", "[profiles.bench.roles.image]", "help: --profile bench, or --profile production"]);
    // Whether the key is the right one depends on the profile.
    assert!(!run.stderr.contains("WX0504"), "{}", run.stderr);
    assert_eq!(project.list("out"), [""; 0]);
    project.waxseal("map r1b.toml").exits(0);
    project.waxseal("gen linker r1b.toml --slot a").exits(0);
}

#[test]
fn a_profile_decides_whose_signatures_count() {
    let project = two_profiles();
    let keys = "--key keys/ci.pem --key keys/lead.pem";
    project.waxseal(&format!("build r1b.toml --profile production {keys} --out out")).exits(0);
    project.waxseal("build r1b.toml --profile production --key keys/ci.pem --out one").exits(1).says(&["WX0504"]);
    project.waxseal("build r1b.toml --profile bench --key keys/release.pem --out bench").exits(0);
    let verify = "verify out/app.a.bin --manifest r1b.toml --revision B";
    project.waxseal(&format!("{verify} --profile production")).exits(0);
    project.waxseal(&format!("{verify} --profile bench")).exits(1).says(&["refused"]);
    project.waxseal(verify).exits(1).says(&["error[WX0011]"]);
    project.waxseal("inspect out/app.a.bin --manifest r1b.toml --profile production").exits(0).says(&["lead"]);
}

#[test]
fn a_profile_that_does_not_exist_is_wrong_usage() {
    let project = two_profiles();
    for command in ["check", "map", "show", "gen linker --slot a", "build --out out"] {
        let run = project.waxseal(&format!("{command} r1b.toml --profile prod")).exits(2);
        run.says(&["--profile prod: r1b.toml has no such profile", "its profiles: bench, production"]);
    }
    let run = r1b().waxseal("check r1b.toml --profile prod").exits(2);
    run.says(&["it has none: leave --profile out"]);
    let run = project.waxseal("verify r1b.toml --key keys/ci.pub.pem --without revision --profile bench").exits(2);
    run.says(&["of which manifest?"]);
    project.waxseal("inspect r1b.toml --profile bench").exits(2).says(&["of which manifest?"]);
}

#[test]
fn show_tells_what_the_chosen_profile_says() {
    let project = two_profiles();
    let run = project.waxseal("show r1b.toml --profile bench").exits(0);
    let said: Vec<_> = run.stdout.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
    for line in ["profile \"bench\" command line", "profiles.bench.roles.image.threshold 1 default: one key"] {
        assert!(said.iter().any(|said| said == line), "{line} is missing in\n{}", run.stdout);
    }
}
