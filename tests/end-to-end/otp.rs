//! One-time-programmable memory: example r3.

use std::fs;

use waxseal_tests::{Project, repository};

use crate::empty;

/// Example r3 in a folder of its own.
fn r3() -> Project {
    let project = empty();
    for name in ["r3.toml", "boards.csv", "keys/release.pub.pem", "keys/line.pub.pem"] {
        project.write(name, fs::read(repository().join("examples/r3").join(name)).unwrap());
    }
    project
}

#[test]
fn the_blocks_and_what_lies_in_them() {
    let project = r3();
    let map = project.waxseal("map r3.toml").exits(0).stdout;
    let page = fs::read_to_string(repository().join("examples/r3/README.md")).unwrap();
    assert!(page.contains(&map), "{map}");
    let json = project.waxseal("map r3.toml --format json").exits(0).json();
    let otp = &json["result"]["otp"];
    assert_eq!((otp["used"].as_u64(), otp["fields"].as_array().map(Vec::len)), (Some(358), Some(8)));
}

#[test]
fn a_check_says_how_much_is_used() {
    let said = ["note: OTP: 8 fields, 2 stages, 358 of 1024 bytes used", "0 errors, 1 warning", "WX0129"];
    r3().waxseal("check r3.toml").exits(0).says(&said);
}

#[test]
fn flash_and_otp_in_one_map() {
    let project = empty();
    let manifest = repository().join("tests/manifests/good_otp_counter.toml");
    project.write("m.toml", fs::read(manifest).unwrap());
    project.waxseal("map m.toml").exits(0).says(&["security counter", "rollback 40-7F: 64 steps, a byte each"]);
}

/// There is nothing to build or to link in a manifest about OTP alone, and that is said.
#[test]
fn no_image_is_made_of_otp_alone() {
    let project = r3();
    project.waxseal("build r3.toml --key none.pem --out out").exits(1).says(&["no image"]);
    assert_eq!(project.list("out"), [] as [String; 0]);
}
