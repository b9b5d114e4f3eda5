//! The public page and the console in a real browser, Debian's Chromium.
//!
//! The tests themselves are the scripts in `browser/`; here are the server, the clip, and where things are. Screenshots
//! are left in `target/browser` to be looked at.
#![cfg(test)]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::peers::{Peer, Peers, say, target};
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;

/// How long all tests of a script may take together on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(5);

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

#[test]
fn the_public_page_lists_and_plays_live_streams() {
    let Some(peers) = Peers::with(&[Peer::Chromium, Peer::Ffmpeg9]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let clip = clip(peers, folder.path());
    let server = AditServer::start(ADIT);
    run(peers, "page.mjs", &server, &clip, |_| {});
}

#[test]
fn the_console_shows_what_happens_and_has_a_hand_on_it() {
    let Some(peers) = Peers::with(&[Peer::Chromium, Peer::Ffmpeg9]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let clip = clip(peers, folder.path());
    let media = folder.path().join("media");
    fs::create_dir(&media).unwrap();
    let far = AditServer::start(ADIT);
    let server = AditServer::start_with(ADIT, |command| {
        command
            .args(["--api", "127.0.0.1:0", "--media"])
            .arg(&media)
            .env("ADIT_SERVER__RELAY_NETWORKS", "127.0.0.0/8");
    });
    let api = server.printed("api on http://");
    let token = fs::read_to_string(server.printed("api token in ")).unwrap();
    run(peers, "console.mjs", &server, &clip, |command| {
        command.env("API", api).env("TOKEN", token.trim());
        command.env("FAR", far.address().to_string());
    });
}

#[test]
fn viewers_go_on_when_another_server_takes_over() {
    let Some(peers) = Peers::with(&[Peer::Chromium, Peer::Ffmpeg9]) else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let clip = clip(peers, folder.path());
    let state = folder.path().join("state");
    let server = AditServer::start_with(ADIT, |command| {
        command.args(["--drain-timeout", "1h", "--state-dir"]);
        command.arg(&state);
    });
    run(peers, "takeover.mjs", &server, &clip, |command| {
        command.env("ADIT", ADIT).env("STATE", &state);
    });
}

fn clip(peers: Peers, folder: &Path) -> PathBuf {
    Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 30).make(peers, folder)
}

/// Runs one script to its end; what it prints says how each of its tests went.
fn run(
    peers: Peers,
    script: &str,
    server: &AditServer,
    clip: &Path,
    more: impl FnOnce(&mut Command),
) {
    let shots = target().join("browser");
    fs::create_dir_all(&shots).unwrap();
    let scripts = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/browser");
    let mut command = peers.node(&scripts.join(script));
    command
        .env("CLIP", clip)
        .env("SERVER", server.address().to_string())
        .env("SHOTS", &shots);
    more(&mut command);
    say(&Process::run(script, &mut command, PATIENCE));
}
