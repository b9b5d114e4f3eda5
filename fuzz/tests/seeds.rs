//! The seeds of every target, and inputs that once failed, run without libFuzzer.

use std::{fs, io, path::Path};

#[expect(clippy::print_stdout, reason = "shown when a seed fails")]
fn check(target: &str, run: fn(&[u8])) -> io::Result<()> {
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

#[test]
fn the_seeds_of_every_target_pass() -> io::Result<()> {
    check("amf0", adit_fuzz::amf::amf0)?;
    check("amf3", adit_fuzz::amf::amf3)?;
    check("chunk_reader", adit_fuzz::chunk::chunk_reader)?;
    check("flv", adit_fuzz::flv::flv)?;
    check("handshake", adit_fuzz::handshake::handshake)?;
    check("server_session", adit_fuzz::session::server_session)?;
    check("sniff", adit_fuzz::sniff::sniff)?;
    check("tunnel_path", adit_fuzz::path::tunnel_path)?;
    check("tunnel_server", adit_fuzz::tunnel::tunnel_server)?;
    Ok(())
}
