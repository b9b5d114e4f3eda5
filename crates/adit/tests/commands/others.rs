//! Servers not ours.

use std::fs;
use std::process::Command;
use std::time::{Duration, Instant};

use adit_testkit::packets::{Allowance, Role, assert_is_suffix_from_key_frame, read};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::{Process, free_port};

use super::{PATIENCE, clip, ended, run, start, text};

#[test]
fn ffmpeg_that_listens_takes_what_is_published() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let sent = clip(&folder, 300);
    let written = folder.path().join("taken.flv");
    let url = format!("rtmp://127.0.0.1:{}/live/name", free_port());
    let mut command = peers.ffmpeg(Peer::Ffmpeg5);
    command.args(["-listen", "1", "-i", &url, "-c", "copy", "-f", "flv"]);
    let listener = Process::start("ffmpeg", command.arg(&written));
    publish_when_it_listens(text(&sent), &url);
    ended(listener).assert_code(0);
    let coded = |path| read(path).iter().filter(|packet| packet.is_coded()).count();
    assert!(
        coded(&written) + 4 >= coded(&sent),
        "{} of {}",
        coded(&written),
        coded(&sent)
    );
}

/// The peer serves one connection, so asking whether it is there would use it up.
fn publish_when_it_listens(input: &str, url: &str) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let published = run(&["publish", input, url]);
        if published.code != 3 || Instant::now() > deadline {
            published.assert_code(0);
            return;
        }
        std::thread::sleep(Duration::from_millis(50));
    }
}

#[test]
fn q226_ffmpeg_that_listens_is_played_from_although_it_sends_on_the_stream_of_the_connection() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let sent = clip(&folder, 300);
    let url = format!("rtmp://127.0.0.1:{}/live/name", free_port());
    let mut command = peers.ffmpeg(Peer::Ffmpeg5);
    command.args([
        "-re",
        "-i",
        text(&sent),
        "-c",
        "copy",
        "-f",
        "flv",
        "-listen",
        "1",
        &url,
    ]);
    let listener = Process::start("ffmpeg", &mut command);
    let written = folder.path().join("played.flv");
    let deadline = Instant::now() + PATIENCE;
    let played = loop {
        let played = run(&["play", &url, "-o", text(&written), "--json"]);
        if played.code != 3 || Instant::now() > deadline {
            break played;
        }
        std::thread::sleep(Duration::from_millis(50));
    };
    played.assert_code(0);
    drop(listener);
    let coded = |path| read(path).iter().filter(|packet| packet.is_coded()).count();
    assert!(
        coded(&written) + 4 >= coded(&sent),
        "{} of {}",
        coded(&written),
        coded(&sent)
    );
}

#[test]
fn nginx_carries_what_is_published_to_who_plays() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let port = free_port();
    let module = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
    if !fs::exists(module).unwrap_or(false) {
        return;
    }
    let config = folder.path().join("nginx.conf");
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let at = folder.path().display();
    let content = format!(
        "load_module {module}; daemon off; master_process off; {user} pid {at}/pid; error_log {at}/log warn;\n\
         events {{ worker_connections 64; }}\n\
         rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}\n"
    );
    fs::write(&config, content).unwrap();
    let mut command = Command::new(peers.path(Peer::Nginx));
    command.arg("-p").arg(folder.path()).arg("-c").arg(&config);
    command.arg("-e").arg(folder.path().join("log"));
    let nginx = Process::start_listening("nginx", &mut command, port, PATIENCE);
    let url = format!("rtmp://127.0.0.1:{port}/live/name");
    let sent = clip(&folder, 300);
    let written = folder.path().join("played.flv");
    let player = start(&["play", &url, "-o", text(&written), "--json"]);
    player.stderr_line("not started yet", PATIENCE);
    run(&["publish", text(&sent), &url]).assert_code(0);
    let played = ended(player);
    played.assert_code(0);
    let (sent, written) = (read(&sent), read(&written));
    let keys = |packets: &[adit_testkit::packets::Packet]| {
        packets
            .iter()
            .filter(|packet| packet.role() == Role::Key)
            .count()
    };
    assert!(keys(&written) > 0 && keys(&written) <= keys(&sent));
    assert_is_suffix_from_key_frame("nginx", &sent, &written, Allowance::NONE);
    drop(nginx);
}
