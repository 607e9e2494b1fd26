//! `waxseal show`.

use crate::r1b;

#[test]
fn every_value_has_its_line_or_its_reason() {
    let project = r1b();
    let run = project.waxseal("show r1b.toml").exits(0);
    let line = |key: &str| run.stdout.lines().find(|line| line.split("  ").next() == Some(key)).unwrap_or_default();
    for (key, value, origin) in [
        ("product.vendor", "\"acme.example\"", "  r1b.toml:5"),
        ("device.options.nDBANK", "0", "  r1b.toml:11"),
        ("images.app.type", "\"firmware\"", "  default"),
        ("update.revert", "\"automatic\"", "  default: the loader can, with two slots"),
        ("roles.image.threshold", "1", "  default: the only key"),
    ] {
        let line = line(key);
        assert!(line.contains(value) && line.ends_with(origin), "{key}: {line:?} in\n{}", run.stdout);
    }
}

/// As many values as lines of the manifest have one.
#[test]
fn no_value_is_left_out() {
    let project = r1b();
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    let written = manifest.lines().filter(|line| line.contains('=') && !line.starts_with('#')).count();
    let shown = project.waxseal("show r1b.toml --format json").exits(0).json();
    let values = shown["result"]["values"].as_array().unwrap();
    assert_eq!(values.iter().filter(|value| value["origin"] == "file").count(), written);
}

#[test]
fn what_the_command_line_says_is_shown() {
    let project = r1b();
    project.edit("r1b.toml", "inputs.b         = \"build/app-b.elf\"\n", "");
    project.edit("r1b.toml", "version          = \"1.4.0\"", "version-from = \"command-line\"");
    let line = "show r1b.toml --input app.b=build/app-b.elf --image-version app=2.0.1 --format json";
    let shown = project.waxseal(line).exits(0).json();
    let values = shown["result"]["values"].as_array().unwrap();
    let given = values.iter().filter(|value| value["origin"] == "command line");
    let given: Vec<_> = given.map(|value| (value["key"].as_str().unwrap(), value["value"].as_str().unwrap())).collect();
    assert_eq!(given, [("images.app.version", "\"2.0.1\""), ("images.app.inputs.b", "\"build/app-b.elf\"")]);
}

#[test]
fn a_wrong_manifest_is_told_so() {
    let project = r1b();
    project.edit("r1b.toml", "\"2-3\"", "\"1-3\"");
    assert_eq!(project.waxseal("show r1b.toml").exits(1).says(&["WX0106"]).stdout, "");
}
