//! The public page and the console in a real browser, Debian's Chromium.
//!
//! The tests themselves are the scripts in `browser/`; here are the server, the clip, and where things are. Screenshots
//! are left in `target/browser` to be looked at.
#![cfg(test)]

use std::fs;
use std::path::Path;
use std::time::Duration;

use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::peers::{Peer, Peers, say, target};
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;

/// How long all tests of a script may take together on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(5);

#[test]
fn the_public_page_lists_and_plays_live_streams() {
    let Some(peers) = Peers::with(&[Peer::Chromium, Peer::Ffmpeg9]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let clip =
        Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 30).make(peers, folder.path());
    let server = AditServer::start(env!("CARGO_BIN_EXE_adit"));
    let shots = target().join("browser");
    fs::create_dir_all(&shots).unwrap();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let mut command = peers.node(&scripts.join("page.mjs"));
    command
        .env("CLIP", &clip)
        .env("SERVER", server.address().to_string())
        .env("SHOTS", &shots);
    say(&Process::run("browser", &mut command, PATIENCE));
}
