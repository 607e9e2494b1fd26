//! `waxseal explain`.

use std::fs;

use waxseal_tests::repository;

use crate::empty;

#[test]
fn a_page_has_rule_fix_and_example() {
    empty().waxseal("explain wx0115").exits(0).says(&[
        "WX0115: write protection covers",
        "A write protection bit covers",
        "Fix: Let the protected slot end",
        "Hardware rule L15",
        "error[WX0115]: write protection of `boot` also covers sector 3",
        "= fact: OPTCR.nWRP in dual-bank mode",
    ]);
}

#[test]
fn a_code_that_does_not_exist_has_a_nearest() {
    empty().waxseal("explain WX0165").exits(2).says(&["no code `WX0165`", "the nearest is WX01", "lists all codes"]);
}

/// The numbers of refusals are no codes of a manifest's, and are asked for all the same.
#[test]
fn the_number_of_a_refusal_is_told() {
    let says = ["no code `701`", "a refusal of the judgement, PayloadDigest", "does not match the digest"];
    empty().waxseal("explain 701").exits(2).says(&says);
    empty().waxseal("explain 700").exits(2).says(&["the nearest is WX"]);
}

/// The list, the pages and the document are of the same codes.
#[test]
fn every_code_of_the_document_is_explained() {
    let document = fs::read_to_string(repository().join("schema/diagnostics.md")).unwrap();
    let listed = empty().waxseal("explain").exits(0).stdout;
    let documented: Vec<_> = document.lines().filter_map(|line| line.strip_prefix("### ")).collect();
    let codes: Vec<_> = listed.lines().filter_map(|line| line.split(' ').next()).collect();
    assert_eq!(codes, documented);
    for code in codes {
        let page = empty().waxseal(&format!("explain {code}")).exits(0).stdout;
        assert!(page.starts_with(code) && page.split_whitespace().count() > 25, "{page}");
    }
}
