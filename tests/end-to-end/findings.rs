//! Findings for other programs: SARIF and GitHub annotations.

use serde_json::Value;
use waxseal_tests::Project;

use crate::{empty, r1b};

/// A project whose manifest has a protection bit over the counter.
fn broken() -> Project {
    let project = r1b();
    project.edit("r1b.toml", "sectors       = \"0-1\"", "sectors       = \"0-2\"");
    project.edit("r1b.toml", "sectors = \"2-3\"", "sectors = \"3-4\"");
    project
}

/// What a SARIF log must have, by OASIS SARIF 2.1.0: log 3.13, run 3.14, tool 3.18, result 3.27, location 3.28, region 3.30,
/// fix 3.55.
fn check_log(log: &Value) -> &Value {
    assert_eq!(log["version"], "2.1.0");
    assert_eq!(log["$schema"], "https://json.schemastore.org/sarif-2.1.0.json");
    let run = &log["runs"][0];
    assert_eq!(run["tool"]["driver"]["name"], "waxseal");
    assert!(run["invocations"][0]["executionSuccessful"].is_boolean());
    let rules = run["tool"]["driver"]["rules"].as_array().unwrap();
    let region_is_right = |region: &Value| {
        let number = |name: &str| region[name].as_u64().unwrap_or_else(|| panic!("{region} has no {name}"));
        assert!(number("startLine") >= 1 && number("startColumn") >= 1);
        assert!((number("startLine"), number("startColumn")) <= (number("endLine"), number("endColumn")));
    };
    for result in run["results"].as_array().unwrap() {
        let rule = &rules[usize::try_from(result["ruleIndex"].as_u64().unwrap()).unwrap()];
        assert_eq!(rule["id"], result["ruleId"]);
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()));
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        let places = [&result["locations"], &result["relatedLocations"]];
        for place in places.into_iter().flat_map(|places| places.as_array().unwrap()) {
            assert!(place["physicalLocation"]["artifactLocation"]["uri"].is_string());
            region_is_right(&place["physicalLocation"]["region"]);
        }
        for change in result["fixes"].as_array().unwrap().iter().map(|fix| &fix["artifactChanges"][0]) {
            assert!(change["artifactLocation"]["uri"].is_string());
            region_is_right(&change["replacements"][0]["deletedRegion"]);
            assert!(change["replacements"][0]["insertedContent"]["text"].is_string());
        }
    }
    run
}

#[test]
fn findings_in_sarif() {
    let project = broken();
    project.edit("r1b.toml", "tries =", "tires =");
    project.edit("r1b.toml", "\"keep-fallback\"", "\"strict\"");
    for line in ["check r1b.toml", "build r1b.toml --key keys/release.pem --out out"] {
        let log = project.waxseal(&format!("{line} --format sarif")).exits(1).json();
        let run = check_log(&log);
        let results = run["results"].as_array().unwrap();
        let levels: Vec<_> = results.iter().map(|result| (&result["ruleId"], &result["level"])).collect();
        assert_eq!(levels[0], (&"WX0115".into(), &"error".into()), "{line}");
        assert!(levels.contains(&(&"WX0411".into(), &"warning".into())), "{line}: {levels:?}");
        let place = &results[0]["locations"][0]["physicalLocation"];
        assert_eq!(place["artifactLocation"]["uri"], "r1b.toml");
        assert_eq!(place["region"]["startLine"], 24, "{place}");
        assert_eq!(results[0]["relatedLocations"].as_array().unwrap().len(), 3);
        assert!(results.iter().any(|result| !result["fixes"].as_array().unwrap().is_empty()), "an edit is a fix");
    }
}

#[test]
fn nothing_found_and_nothing_read_differ_in_sarif() {
    let clean = r1b().waxseal("check r1b.toml --format sarif").exits(0).json();
    let run = check_log(&clean);
    assert_eq!(run["results"], serde_json::json!([]));
    assert_eq!(run["invocations"][0]["executionSuccessful"], true);
    let missing = empty().waxseal("check none.toml --format sarif").exits(3).json();
    let invocation = &check_log(&missing)["invocations"][0];
    assert_eq!((&invocation["executionSuccessful"], &invocation["exitCode"]), (&false.into(), &3.into()));
    let said = invocation["toolExecutionNotifications"][0]["message"]["text"].as_str().unwrap();
    assert!(said.contains("none.toml"), "{said}");
}

/// A warning that the manifest lets pass is a suppressed result, with its reason.
#[test]
fn an_allowed_warning_is_suppressed_in_sarif() {
    let project = r1b();
    project.edit("r1b.toml", "\"keep-fallback\"", "\"strict\"");
    let manifest = String::from_utf8(project.read("r1b.toml")).unwrap();
    project.write("r1b.toml", manifest + "\n[lints]\nWX0411 = { level = \"allow\", reason = \"for good\" }\n");
    for line in ["check r1b.toml", "build r1b.toml --key keys/release.pem --out out"] {
        let log = project.waxseal(&format!("{line} --format sarif")).exits(0).json();
        let results = check_log(&log)["results"].as_array().unwrap();
        assert_eq!((results.len(), &results[0]["ruleId"]), (1, &"WX0411".into()), "{line}");
        assert_eq!(results[0]["suppressions"][0]["justification"], "for good", "{line}");
    }
}

#[test]
fn findings_as_annotations() {
    let project = broken();
    for line in ["check r1b.toml", "build r1b.toml --key keys/release.pem --out out"] {
        let run = project.waxseal(&format!("{line} --format github")).exits(1);
        let start =
            "::error file=r1b.toml,line=24,endLine=24,col=1,endColumn=20,title=WX0115%3A write protection of `boot`";
        assert!(run.stdout.starts_with(start), "{line}: {}", run.stdout);
        assert!(run.stdout.contains("::asked for here%0Ahelp: \"0-1\" (32K)"), "{}", run.stdout);
        assert_eq!(run.stdout.lines().count(), 1, "{}", run.stdout);
    }
    assert_eq!(r1b().waxseal("check r1b.toml --format github").exits(0).stdout, "");
    let missing = empty().waxseal("check none.toml --format github").exits(3).stdout;
    assert!(missing.starts_with("::error title=waxseal::cannot read none.toml"), "{missing}");
}

#[test]
fn a_title_of_many_lines_is_one_annotation() {
    let project = empty();
    project.write("m.toml", "\"a\\n::error::b\" = 1\n");
    let run = project.waxseal("check m.toml --format github").exits(1);
    assert!(run.stdout.lines().all(|line| line.starts_with("::error file=m.toml,")), "{}", run.stdout);
}
