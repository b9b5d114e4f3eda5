//! `adit verify` tells whole files from others, and where they are damaged.

use std::fs::{self, File};
use std::path::Path;
use std::process::Command;

use adit_client::media::repair::repair;
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::json;

use super::{PATIENCE, clip, run, text};

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
fn nobody_waits_for_what_is_no_regular_file() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe.flv");
    let made = Command::new("mkfifo").arg(&pipe).status().unwrap();
    assert!(made.success());
    for path in [&*pipe, folder.path()] {
        let bad = run(&["verify", text(path)]);
        bad.assert_code(1);
        assert!(bad.out.contains("no regular file"), "{}", bad.out);
        let bad = run(&["verify", "--json", text(path)]);
        bad.assert_code(1);
        assert_eq!(json(&bad.out)["whole"], false);
    }
}

#[test]
fn nothing_to_look_at_is_a_usage_error() {
    run(&["verify"]).assert_code(2);
}

#[test]
fn a_sound_file_of_ffmpeg_with_a_seek_index_by_its_own_clock_is_whole() {
    let Some(peers) = Peers::with(&[Peer::Ffmpeg5]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let (source, film) = (clip(&folder, 300), folder.path().join("film.mp4"));
    let indexed = folder.path().join("indexed.flv");
    let ffmpeg = |from: &Path, to: &Path, more: &[&str]| {
        let mut command = Command::new(peers.path(Peer::Ffmpeg5));
        command.args(["-v", "error", "-i", text(from), "-c", "copy"]);
        let command = command.args(more).arg(to);
        Process::run("ffmpeg", command, PATIENCE);
    };
    ffmpeg(&source, &film, &[]);
    let index = ["-output_ts_offset", "0.023", "-flvflags"];
    ffmpeg(
        &film,
        &indexed,
        &[&index[..], &["add_keyframe_index"]].concat(),
    );
    let whole = run(&["verify", text(&indexed)]);
    whole.assert_code(0);
    assert!(whole.out.contains("indexed.flv: whole: "), "{}", whole.out);
    let told = run(&["verify", "--json", text(&indexed)]).json();
    let findings = told["findings"].as_array().unwrap();
    assert!(findings.iter().all(|it| it["warning"] == true), "{told}");

    let other = run(&["verify", text(&film)]);
    other.assert_code(1);
    assert_eq!(other.error(), "no FLV files: 1 of 1");
    assert!(
        other
            .out
            .contains("film.mp4: verify is for FLV files, and this is an MP4 file"),
        "{}",
        other.out
    );
}
