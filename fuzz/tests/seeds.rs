//! The seeds of every target, and inputs that once failed, run without libFuzzer.

use std::{fs, io, path::Path};

type Target = fn(&[u8]);

#[expect(clippy::print_stdout, reason = "shown when a seed fails")]
fn check(target: &str, run: Target) -> io::Result<()> {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut files = Vec::new();
    for file in fs::read_dir(seeds)? {
        files.push(file?.path());
    }
    files.sort();
    assert!(!files.is_empty(), "{target} has no seeds");
    for file in files {
        println!("{}", file.display());
        run(&fs::read(file)?);
    }
    Ok(())
}

const TARGETS: [(&str, Target); 12] = [
    ("amf0", adit_fuzz::amf::amf0),
    ("amf3", adit_fuzz::amf::amf3),
    ("chunk_reader", adit_fuzz::chunk::chunk_reader),
    ("flv", adit_fuzz::flv::flv),
    ("flv_recording", adit_fuzz::recording::flv_recording),
    ("handshake", adit_fuzz::handshake::handshake),
    ("mp4_recording", adit_fuzz::recording::mp4_recording),
    ("server_session", adit_fuzz::session::server_session),
    ("shared_object", adit_fuzz::shared_object::shared_object),
    ("sniff", adit_fuzz::sniff::sniff),
    ("tunnel_path", adit_fuzz::path::tunnel_path),
    ("tunnel_server", adit_fuzz::tunnel::tunnel_server),
];

#[test]
fn the_seeds_of_every_target_pass() -> io::Result<()> {
    TARGETS
        .iter()
        .try_for_each(|(target, run)| check(target, *run))
}

#[test]
fn no_target_is_forgotten_here() -> io::Result<()> {
    let targets = Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz_targets");
    let mut names = Vec::new();
    for file in fs::read_dir(targets)? {
        names.extend(file?.path().file_stem().map(ToOwned::to_owned));
    }
    names.sort();
    assert_eq!(names, TARGETS.map(|(target, _)| target));
    Ok(())
}
