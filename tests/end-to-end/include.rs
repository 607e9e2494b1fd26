//! A manifest of several files.

use std::fs;

use waxseal_tests::Project;

use crate::r1b;

/// r1b in two files: what is before the images' table becomes a fragment in a folder of its own.
fn split() -> Project {
    let project = r1b();
    let text = String::from_utf8(project.read("r1b.toml")).unwrap();
    let (device, rest) = text.split_at(text.find("[device]").unwrap());
    let (board, images) = rest.split_at(rest.find("[images.app]").unwrap());
    let product = &device[device.find("[product]").unwrap()..];
    let release = images.find("[keys.release]").unwrap();
    let (images, key) = images.split_at(release);
    project.write("r1b.toml", format!("include = [\"boards/f767.toml\"]\n\n{product}{images}"));
    // The key's path is relative to the fragment now.
    project.write("boards/f767.toml", format!("fragment = true\n\n{board}{}", key.replace("\"keys/", "\"../keys/")));
    project
}

#[test]
fn several_files_are_built_as_one() {
    let whole = r1b();
    let parts = split();
    for name in ["release.pem", "release.pub.pem"] {
        parts.write(&format!("keys/{name}"), whole.read(&format!("keys/{name}")));
    }
    parts.waxseal("check r1b.toml").exits(0).says(&["r1b.toml + boards/f767.toml: 0 errors, 0 warnings"]);
    whole.build();
    parts.build();
    assert_eq!(whole.read("out/app.a.bin"), parts.read("out/app.a.bin"));
    parts.waxseal("verify out/app.b.bin --manifest r1b.toml --slot b --revision B").exits(0);
    assert_eq!(whole.waxseal("map r1b.toml").exits(0).stdout, parts.waxseal("map r1b.toml").exits(0).stdout);
}

/// Paths start from the file that they stand in, wherever the command runs.
#[test]
fn paths_of_a_fragment_are_its_own() {
    let project = split();
    fs::rename(project.path("keys"), project.path("boards/keys")).unwrap();
    project.edit("boards/f767.toml", "../keys/", "keys/");
    fs::create_dir(project.path("elsewhere")).unwrap();
    let mut command = project.command(["check", "../r1b.toml"]);
    let run = waxseal_tests::Run::of(command.current_dir(project.path("elsewhere"))).exits(0);
    assert!(!run.stdout.contains("cannot be read"), "{}", run.stdout);
    project.edit("boards/f767.toml", "keys/release", "keys/none");
    project.waxseal("check r1b.toml").exits(0).says(&["boards/keys/none.pub.pem cannot be read"]);
    project.waxseal("build r1b.toml --key boards/keys/release.pem --out out").exits(3).says(&["boards/f767.toml:"]);
}

#[test]
fn a_missing_fragment_is_named_with_the_line_that_includes_it() {
    let project = split();
    fs::remove_file(project.path("boards/f767.toml")).unwrap();
    project.waxseal("check r1b.toml").exits(3).says(&[
        "cannot read boards/f767.toml",
        "--> r1b.toml:1:12",
        "the path is relative to r1b.toml",
    ]);
    project.write("boards/f767.toml", b"fragment = true\n\xFF\n");
    project.waxseal("check r1b.toml").exits(1).says(&["boards/f767.toml:2"]);
}

#[test]
fn a_finding_in_a_fragment_is_shown_there_by_every_renderer() {
    let project = split();
    project.edit("boards/f767.toml", "\"2-3\"", "\"1-3\"");
    project.waxseal("check r1b.toml").exits(1).says(&["error[WX0106]", "--> boards/f767.toml:"]);
    let json = project.waxseal("check r1b.toml --format json").exits(1).json();
    let labels = json["diagnostics"][0]["labels"].as_array().unwrap();
    assert!(labels.iter().all(|label| label["file"] == "boards/f767.toml"), "{labels:?}");
    let sarif = project.waxseal("check r1b.toml --format sarif").exits(1).json();
    let place = &sarif["runs"][0]["results"][0]["locations"][0]["physicalLocation"];
    assert_eq!(place["artifactLocation"]["uri"], "boards/f767.toml");
    project.waxseal("check r1b.toml --format github").exits(1).says(&["::error file=boards/f767.toml,line="]);
}

#[test]
fn a_table_in_two_files_is_shown_in_both() {
    let project = split();
    project.edit("r1b.toml", "[images.app]", "[slots.a]\nregion = \"bank1\"\nsectors = \"4-11\"\n\n[images.app]");
    project.waxseal("check r1b.toml").exits(1).says(&[
        "error[WX0004]: `slots.a` is defined in two files",
        "------------------ which brings in the first",
        "^^^^^^^^^ second definition",
        "::: boards/f767.toml:",
        "--------- first definition",
    ]);
}

#[test]
fn a_fragment_is_checked_and_never_built() {
    let project = split();
    let run = project.waxseal("check boards/f767.toml").exits(0);
    run.says(&["note: this is a fragment", "boards/f767.toml: 0 errors, 0 warnings"]);
    for command in ["build --key keys/release.pem --out out", "map", "show", "gen linker --slot a"] {
        let run = project.waxseal(&format!("{command} boards/f767.toml")).exits(1);
        assert_eq!(run.says(&["boards/f767.toml is a fragment", "name a manifest that includes it"]).stdout, "");
    }
    project.edit("boards/f767.toml", "\"2-3\"", "\"1-3\"");
    project.waxseal("check boards/f767.toml").exits(1).says(&["WX0106"]);
    project.waxseal("map boards/f767.toml").exits(1).says(&["WX0106"]);
}

#[test]
fn every_value_names_its_file() {
    let project = split();
    let run = project.waxseal("show r1b.toml").exits(0);
    run.says(&["r1b.toml:4", "boards/f767.toml:4"]);
}

/// What the command line may fill in is the same wherever the line stands that leaves it open.
#[test]
fn the_command_line_fills_in_what_a_fragment_leaves_open() {
    let project = split();
    let text = String::from_utf8(project.read("r1b.toml")).unwrap();
    let (rest, images) = text.split_at(text.find("[images.app]").unwrap());
    project.write("r1b.toml", rest.replace("[\"boards/", "[\"parts/app.toml\", \"boards/"));
    project.write("parts/app.toml", format!("fragment = true\n\n{images}"));
    // The inputs' folder is the fragment's, and --input-dir takes the place of the manifest's.
    project.waxseal("check r1b.toml").exits(0).says(&["parts/build/app-a.elf is not there yet"]);
    fs::create_dir(project.path("built")).unwrap();
    fs::create_dir(project.path("built/parts")).unwrap();
    fs::rename(project.path("build"), project.path("built/parts/build")).unwrap();
    let build = "build r1b.toml --key keys/release.pem --out out --input-dir built";
    project.waxseal(build).exits(0).says(&["parts/build/app-a.elf"]);
    let version = "--image-version app=2.0.0";
    project.waxseal(&format!("{build} {version}")).exits(2).says(&["--> parts/app.toml:", "said already"]);
    project.waxseal(&format!("{build} --input app.a=other.elf")).exits(2).says(&["--> parts/app.toml:"]);
    project.edit("parts/app.toml", "version          = \"1.4.0\"", "version-from = \"command-line\"");
    project.waxseal(&format!("{build} {version}")).exits(0).says(&["app 2.0.0"]);
    project.waxseal("build r1b.toml --key keys/release.pem --out none").exits(3).says(&["--> parts/app.toml:"]);
}

#[test]
fn a_manifest_on_standard_input_includes_from_the_working_folder() {
    let project = split();
    let mut command = project.command(["check", "-"]);
    command.stdin(fs::File::open(project.path("r1b.toml")).unwrap());
    waxseal_tests::Run::of(&mut command).exits(0).says(&["<stdin> + boards/f767.toml: 0 errors"]);
    // A file of this name is a file.
    project.write("m.toml", "include = [\"-\"]\n");
    project.waxseal("check m.toml").exits(3).says(&["cannot read ./-", "--> m.toml:1:12"]);
}
