//! The seeds of every target, and inputs that once failed, run without libFuzzer.

use std::{fs, path::Path};

#[track_caller]
fn check(target: &str, run: fn(&[u8])) {
    let seeds = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("seeds")
        .join(target);
    let mut files: Vec<_> = fs::read_dir(seeds)
        .unwrap()
        .map(|file| file.unwrap().path())
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{target} has no seeds");
    for file in files {
        println!("{}", file.display());
        run(&fs::read(file).unwrap());
    }
}

#[test]
fn the_seeds_of_every_target_pass() {
    check("amf0", adit_fuzz::amf::amf0);
    check("amf3", adit_fuzz::amf::amf3);
    check("chunk_reader", adit_fuzz::chunk::chunk_reader);
    check("flv", adit_fuzz::flv::flv);
    check("handshake", adit_fuzz::handshake::handshake);
    check("sniff", adit_fuzz::sniff::sniff);
    check("tunnel_path", adit_fuzz::path::tunnel_path);
}
