//! `adit verify` tells whole files from others, and where they are damaged.

use std::fs::{self, File};

use adit_client::media::repair::repair;
use adit_testkit::server::json;

use super::{clip, run, text};

#[test]
fn whole_and_damaged_files_are_told_apart_and_the_place_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let whole = clip(&folder, 200);
    let mut bytes = fs::read(&whole).unwrap();
    for patch in repair(File::open(&whole).unwrap(), 0).unwrap().patches() {
        let at = usize::try_from(patch.offset).unwrap();
        bytes[at..][..patch.bytes.len()].copy_from_slice(&patch.bytes);
    }
    fs::write(&whole, &bytes).unwrap();
    let torn = folder.path().join("torn.flv");
    fs::write(&torn, &bytes[..bytes.len() - 20]).unwrap();
    let other = folder.path().join("other.flv");
    fs::write(&other, "this is no video").unwrap();
    let absent = folder.path().join("absent.flv");

    let good = run(&["verify", text(&whole)]);
    good.assert_code(0);
    assert!(good.out.contains("clip.flv: whole: "), "{}", good.out);
    assert!(good.err.is_empty(), "{}", good.err);

    let files = [&whole, &torn, &other, &absent].map(|path| text(path));
    let bad = run(&[&["verify"], &files[..]].concat());
    bad.assert_code(1);
    assert_eq!(bad.error(), "not whole: 3 of 4");
    assert!(bad.out.contains("torn.flv: not whole: "), "{}", bad.out);
    assert!(bad.out.contains("there is no whole tag"), "{}", bad.out);
    assert!(bad.out.contains("absent.flv: No such file"), "{}", bad.out);

    let bad = run(&[&["verify", "--json"], &files[..]].concat());
    bad.assert_code(1);
    let told: Vec<_> = bad.out.lines().map(json).collect();
    let verdicts: Vec<_> = told.iter().map(|file| file["whole"] == true).collect();
    assert_eq!(verdicts, [true, false, false, false], "{}", bad.out);
    assert_eq!(told[0]["bytes"], bytes.len());
    assert_eq!(told[0]["findings"].as_array().unwrap().len(), 0);
    let problem = &told[1]["findings"][0];
    let offset = problem["offset"].as_u64().unwrap();
    assert!(offset < told[1]["bytes"].as_u64().unwrap(), "{problem}");
    assert!(problem["problem"].as_str().unwrap().contains("whole tag"));
    assert!(told[2]["verdict"].as_str().is_some(), "{}", bad.out);
}

#[test]
fn nothing_to_look_at_is_a_usage_error() {
    run(&["verify"]).assert_code(2);
}
