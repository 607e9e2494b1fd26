//! `waxseal simulate`: power cuts on a manifest's own geometry.

use serde_json::Value;

use waxseal_tests::repository;

use crate::r1b;

#[test]
fn images_made_for_it() {
    let project = r1b();
    let run = project.waxseal("simulate r1b.toml --seed 7 --cuts 2 --format json").exits(0);
    let result = &serde_json::from_str::<Value>(&run.stdout).unwrap()["result"];
    let scenarios = result["scenarios"].as_array().unwrap();
    let names: Vec<_> = scenarios.iter().filter_map(|scenario| scenario["scenario"].as_str()).collect();
    assert_eq!(names, ["install", "revert", "downgrade"]);
    for scenario in scenarios {
        assert_eq!((&scenario["image"], &scenario["survived"]), (&"app".into(), &true.into()));
        assert!(scenario["cuts"].as_u64().unwrap() > 90, "{scenario}");
    }
    assert_eq!(result["not_simulated"], Value::Array(Vec::new()));
}

#[test]
fn sealed_images() {
    let project = r1b();
    project.build();
    let run = project.waxseal("simulate r1b.toml --old out/app.a.bin --new out/app.b.bin --cuts 2").exits(0);
    assert_eq!(run.stdout.matches(": survived\n").count(), 2, "an image cannot be made older: {}", run.stdout);
    // The slots change places: the old image must be one for the first slot.
    project
        .waxseal("simulate r1b.toml --old out/app.b.bin --new out/app.a.bin")
        .exits(1)
        .says(&["the old image is refused: OtherRunAddress (505), where an image runs at 0x0802_0400"]);
    let mut flipped = project.read("out/app.b.bin");
    flipped[2000 % 1024 + 1024] ^= 1;
    project.write("flipped.bin", flipped);
    project
        .waxseal("simulate r1b.toml --old out/app.a.bin --new flipped.bin")
        .exits(1)
        .says(&["the new image is refused: PayloadDigest (701)"]);
    project.write("noise.bin", [0x55; 4096]);
    for file in ["noise.bin", "build/app-a.elf"] {
        project
            .waxseal(&format!("simulate r1b.toml --old {file} --new out/app.b.bin"))
            .exits(1)
            .says(&["is no sealed image: NotSealed (201)", "give it what `waxseal build` wrote"]);
    }
    let other = repository().join("tests/manifests/good_revisions.toml").display().to_string();
    let arguments = ["simulate", &other, "--old", "out/app.a.bin", "--new", "out/app.b.bin"];
    let reason = "there is nothing to simulate: `app`: the old image is of another slot group";
    project.run(arguments).exits(1).says(&[reason]);
    project.waxseal("simulate r1b.toml --old out/app.a.bin").exits(2);
    project.waxseal("simulate r1b.toml --old missing.bin --new out/app.b.bin").exits(3);
}

/// The smallest sectors of any part, 128 bytes, which erase to zero.
#[test]
fn sectors_that_are_smaller_than_a_header() {
    let project = r1b();
    let text = project.waxseal("new --part STM32L082CZ").exits(0).stdout;
    let text = text.replace("vendor = \"\"", "vendor = \"acme.example\"").replace("class  = \"\"", "class = \"panel\"");
    project.write("m.toml", text);
    project.waxseal("simulate m.toml --scenario install --replay 12:0:wavering").exits(0).says(&["1 power cut"]);
}

#[test]
fn a_run_is_played_again() {
    let project = r1b();
    let replay = "simulate r1b.toml --seed 7 --scenario install --replay";
    project.waxseal(&format!("{replay} 12:0:wavering,14:before")).exits(0).says(&["1 run, 2 power cuts"]);
    project.waxseal(&format!("{replay} 12:0:wavering,14:before --svg run.svg")).exits(0);
    let picture = String::from_utf8(project.read("run.svg")).unwrap();
    assert!(
        picture.contains("<title id=\"title\">app, install: power cuts 12:0:wavering,14:before</title>"),
        "{picture}"
    );
    assert_eq!((picture.matches(">cut<").count(), picture.contains(">new<")), (2, true), "{picture}");
    assert!(picture.matches("class=\"program\"").count() > 20 && picture.contains("slot 1: states"), "{picture}");
    // A cut that no run reaches was not tried.
    for cuts in ["5000:before", "12:before,5000:before"] {
        let run = project.waxseal(&format!("{replay} {cuts} --svg none.svg")).exits(1);
        run.says(&["there is nothing to simulate: `app`: not all of the cuts", "install has operations 0 to "]);
    }
    assert!(!project.path("none.svg").exists());
    project.waxseal(&format!("{replay} 14:before,12:before")).exits(2).says(&["12 is not behind the one before it"]);
    project.waxseal(&format!("{replay} 12:sideways")).exits(2).says(&["is no power cut"]);
    project.waxseal("simulate r1b.toml --replay 12:before").exits(2);
}

#[test]
fn what_no_boot_loader_of_waxseal_updates_is_not_simulated() {
    let corpus = repository().join("tests/manifests");
    for (manifest, reason) in [
        ("good_data_without_boot_loader.toml", "not simulated: no boot loader of waxseal starts it"),
        ("good_fixed_under_boot_loader.toml", "not simulated: it is fixed"),
    ] {
        let manifest = corpus.join(manifest).display().to_string();
        let run = r1b().run(["simulate", &manifest]).exits(0).says(&[reason, "= help: "]);
        assert!(!run.stdout.contains("survived"), "{}", run.stdout);
        let last = "nothing was simulated: no power cut was tried, and nothing is known of any\n";
        assert!(run.stdout.ends_with(last), "{}", run.stdout);
        let run = r1b().run(["simulate", &manifest, "--format", "json"]).exits(0);
        let result = &serde_json::from_str::<Value>(&run.stdout).unwrap()["result"];
        assert_eq!(result["simulated"], Value::Bool(false));
        r1b().run(["simulate", &manifest, "--scenario", "install"]).exits(1).says(&["there is nothing to simulate"]);
    }
}

#[test]
fn a_lead_is_played_with_what_it_pins() {
    let manifest = repository().join("examples/e1/e1.toml").display().to_string();
    let arguments = ["simulate", &manifest, "--cuts", "1", "--scenario", "install", "--format", "json"];
    let run = r1b().run(arguments).exits(0);
    let result = &serde_json::from_str::<Value>(&run.stdout).unwrap()["result"];
    let scenarios = result["scenarios"].as_array().unwrap();
    assert_eq!(scenarios.len(), 1, "{}", run.stdout);
    assert_eq!(scenarios[0]["companions"], serde_json::json!(["radio"]));
    // More than the lead alone takes: the radio's 12 KiB too.
    assert!(scenarios[0]["operations"].as_u64().unwrap() > 100, "{}", run.stdout);
    assert_eq!(result["not_simulated"][0]["image"], "radio");
    let arguments = ["simulate", &manifest, "--cuts", "1", "--scenario", "alone"];
    r1b().run(arguments).exits(0).says(&["app + radio  alone"]);
    let reason = "there is nothing to simulate: `app`: alone: it pins no companions";
    r1b().waxseal("simulate r1b.toml --scenario alone").exits(1).says(&[reason]);
}

/// The picture that the README of examples/boot shows. UPDATE_GOLDEN=1 writes it.
#[test]
fn the_picture_of_an_example() {
    let folder = repository().join("examples/boot");
    let (manifest, golden) = (folder.join("boot.toml"), folder.join("power-cuts.svg"));
    let project = r1b();
    let line = "--seed 7 --scenario install --replay 12:0:wavering,20:before --svg run.svg";
    let arguments = ["simulate", manifest.to_str().unwrap()].into_iter().chain(line.split(' '));
    project.run(arguments).exits(0);
    if std::env::var_os("UPDATE_GOLDEN").is_some() {
        std::fs::write(&golden, project.read("run.svg")).unwrap();
    }
    assert!(
        project.read("run.svg") == std::fs::read(&golden).unwrap(),
        "{} is another: UPDATE_GOLDEN=1",
        golden.display()
    );
}
