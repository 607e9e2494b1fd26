//! `waxseal completions` and `waxseal man`.

use std::process::Command;

use waxseal_tests::Run;

use crate::empty;

#[test]
fn bash_completes_with_it() {
    let project = empty();
    project.write("waxseal.bash", project.waxseal("completions bash").exits(0).stdout);
    let complete = |words: &str| {
        let script = format!(
            "source waxseal.bash; COMP_WORDS=(waxseal {words}); COMP_CWORD=$((${{#COMP_WORDS[@]}} - 1)); \
             _waxseal waxseal \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[@]}}\""
        );
        Run::of(Command::new("bash").current_dir(project.path(".")).args(["-c", &script])).exits(0).stdout
    };
    assert_eq!(complete("sig"), "sign\n");
    assert_eq!(complete("key n"), "new\n");
    assert_eq!(complete("build --k"), "--key\n");
}

#[test]
fn other_shells_have_one_too() {
    for shell in ["zsh", "fish", "powershell", "elvish"] {
        let script = empty().waxseal(&format!("completions {shell}")).exits(0).stdout;
        assert!(["sign", "export", "manifest"].iter().all(|word| script.contains(word)), "{shell}");
    }
    empty().waxseal("completions tcsh").exits(2);
}

#[test]
fn a_page_for_each_command() {
    let project = empty();
    project.waxseal("man man1").exits(0);
    let pages = project.list("man1");
    for page in ["waxseal.1", "waxseal-key.1", "waxseal-key-new.1", "waxseal-gen-linker.1", "waxseal-sign-attach.1"] {
        assert!(pages.iter().any(|name| name == page), "{page}: {pages:?}");
    }
    let page = String::from_utf8(project.read("man1/waxseal-key-new.1")).unwrap();
    assert!(page.contains("\n.TH waxseal-key-new 1 ") && page.contains("Encrypt the private key"), "{page}");
    // The same command makes the same pages.
    project.waxseal("man again").exits(0);
    assert!(pages.iter().all(|name| project.read(&format!("man1/{name}")) == project.read(&format!("again/{name}"))));
}

#[test]
fn the_schema_is_the_one_that_is_checked() {
    let schema = empty().waxseal("schema").exits(0).stdout;
    let file = waxseal_tests::repository().join("schema/manifest.schema.json");
    assert_eq!(schema, std::fs::read_to_string(file).unwrap());
}
