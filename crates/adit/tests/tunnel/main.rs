//! `adit tunnel` between a real encoder and a real far side: ffmpeg, our server, and a squid that forbids CONNECT.
//!
//! `ADIT_SOAK=600` in the environment makes the publish through the proxy so many seconds long, and the break 20 s.
#![cfg(test)]

mod support;

use std::thread::sleep;
use std::time::Duration;

use adit_testkit::packets::Packet;
use adit_testkit::peers::Peers;
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;
use support::{ADIT, Gate, Lengths, Proxy, Scene, Tunnel, adit, coded_as_in, media, stop};

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// Long enough that nothing hides it: shorter words are in too many sentences.
const KEY: &str = "live/studio-key";

#[test]
fn a_publish_through_a_proxy_that_forbids_connect_arrives_as_it_was_sent() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let Some(proxy) = Proxy::start() else {
        return;
    };
    let (scene, far) = Scene::new(peers);
    let flags = ["--strategy", "standard", "--proxy", &proxy.url()];
    let tunnel = Tunnel::start(&scene.url("rtmpt", "live"), &flags);
    let recording = scene.record("studio-key");
    let lasting = Lengths::from_environment().publish;
    let mut encoder = scene.encoder(&tunnel.url(KEY), lasting);
    let connected = tunnel.says("connected to ", PATIENCE);
    let way = format!("by rtmpt:{} via {}", far.address().port(), proxy.url());
    assert!(connected.contains(&way), "{connected}");
    assert!(!connected.contains("studio-key"), "{connected}");
    let status = encoder.wait(PATIENCE + lasting);
    assert!(status.success(), "{encoder}");
    let (sent, got) = (media(&scene.sent()), recording.finish(PATIENCE));
    assert!(!sent.is_empty());
    assert_eq!(got.len(), sent.len(), "{}", tunnel.process);
    assert!(got == sent, "altered on the way");
    stop(tunnel.process);
    far.assert_sound();
}

#[test]
fn the_encoder_stays_connected_while_the_far_side_is_away() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let (scene, far) = Scene::new(peers);
    let gate = Gate::before(&scene);
    let tunnel = Tunnel::start(&gate.url("live"), &[]);
    let before = scene.record("studio-key");
    let away = Lengths::from_environment().away;
    let mut encoder = scene.encoder(&tunnel.url(KEY), away * 2 + Duration::from_secs(12));
    tunnel.says("connected to ", PATIENCE);
    sleep(Duration::from_secs(3));
    // It is killed, and nobody hears a word of it.
    gate.shut();
    drop(far);
    let lost = tunnel.says("the encoder stays connected", PATIENCE);
    assert!(lost.contains("next try in"), "{lost}");
    let before = before.finish(PATIENCE);
    sleep(away);
    let far = scene.far_again();
    // The recorder is there first, so that it sees where the relay goes on.
    let after = scene.record("studio-key");
    far.log_line("play waits", PATIENCE);
    gate.open();
    let recovered = tunnel.says("again by", PATIENCE);
    assert!(recovered.contains("nothing left out"), "{recovered}");
    let status = encoder.wait(PATIENCE + away * 2);
    assert!(status.success(), "{encoder}");
    let after = after.finish(PATIENCE);
    let sent: Vec<Packet> = media(&scene.sent());
    let sent = coded_as_in(&sent, &sent);
    let (before, after) = (coded_as_in(&sent, &before), coded_as_in(&sent, &after));
    assert!(sent.starts_with(&before), "altered before the break");
    assert!(sent.ends_with(&after), "altered after the break");
    let (early, late) = (before.len(), after.len());
    assert!(
        early + late >= sent.len(),
        "a gap: {early} and {late} of {}",
        sent.len()
    );
    stop(tunnel.process);
    far.assert_sound();
}

#[test]
fn a_key_that_the_far_side_refuses_ends_ffmpeg_with_an_error() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let (scene, far) = Scene::new(peers);
    let tunnel = Tunnel::start(&scene.url("rtmp", "live"), &[]);
    let _first = scene.encoder(&scene.url("rtmp", KEY), PATIENCE);
    far.log_line("publish started", PATIENCE);
    let mut second = scene.encoder(&tunnel.url(KEY), Duration::from_secs(5));
    assert!(!second.wait(PATIENCE).success(), "{second}");
    let refused = tunnel.says("the encoder was refused", PATIENCE);
    assert!(refused.contains("already published"), "{refused}");
    assert!(!refused.contains("studio-key"), "{refused}");
    stop(tunnel.process);
}

#[test]
fn a_far_side_that_is_not_there_is_said_at_once_and_refuses_each_encoder() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let (scene, far) = Scene::new(peers);
    let url = scene.url("rtmp", "live");
    drop(far);
    let tunnel = Tunnel::start(&url, &[]);
    tunnel.says("refuses port", PATIENCE);
    tunnel.says("whoever publishes or plays here tries again", PATIENCE);
    let mut encoder = scene.encoder(&tunnel.url(KEY), Duration::from_secs(5));
    assert!(!encoder.wait(PATIENCE).success(), "{encoder}");
    stop(tunnel.process);
}

#[test]
fn a_port_that_is_taken_is_an_error() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let listen = taken.local_addr().unwrap().to_string();
    let mut tunnel = adit(&["tunnel", "rtmp://127.0.0.1:1/live", "--listen", &listen]);
    assert_eq!(tunnel.wait(PATIENCE).code(), Some(1), "{tunnel}");
}

#[test]
fn a_tunnel_to_itself_is_a_usage_error() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let port = free.local_addr().unwrap().port().to_string();
    drop(free);
    let url = format!("rtmp://localhost:{port}/live");
    let mut tunnel = adit(&["tunnel", &url, "--listen", &port]);
    assert_eq!(tunnel.wait(PATIENCE).code(), Some(2), "{tunnel}");
    assert!(tunnel.stderr().contains("this tunnel itself"), "{tunnel}");
}

#[test]
fn a_port_alone_is_open_to_this_machine_only() {
    let arguments = ["tunnel", "rtmp://127.0.0.1:1/live", "--listen", ":0"];
    let tunnel = adit(&arguments);
    let first = tunnel.stdout_lines("listening on ", 1, PATIENCE);
    assert!(first[0].starts_with("127.0.0.1:"), "{tunnel}");
    tunnel.stderr_line("refuses port", PATIENCE);
    assert!(!tunnel.stderr().contains("whoever reaches"), "{tunnel}");
    stop(tunnel);
}

#[test]
fn encoders_are_told_apart_in_a_log_with_times() {
    let far = AditServer::start(ADIT);
    let tunnel = Tunnel::start(&far.url(Transport::Rtmp, "live"), &["--no-trial"]);
    let publish = |app: &str| {
        let url = tunnel.url(&format!("{app}/studio-key"));
        adit(&["publish", "pattern:320x180,200k", &url])
    };
    let mut first = publish("live");
    let connected = tunnel.says("#1 publish: connected to ", PATIENCE);
    // As in the log of the server: 2026-11-22T22:16:16.123456Z
    let time = connected.split_whitespace().next().unwrap();
    assert!(time.ends_with('Z') && time.contains('T'), "{connected}");
    let mut second = publish("live");
    let refused = tunnel.says("#2 publish: the encoder was refused: #1 from ", PATIENCE);
    assert!(!refused.contains("studio-key"), "{refused}");
    assert!(!second.wait(PATIENCE).success(), "{second}");
    let player = adit(&["play", &tunnel.url("other/nothing-there")]);
    tunnel.says("#3 play: the player names the application other", PATIENCE);
    tunnel.says("#3 play: the player waits", PATIENCE);
    first.signal(Signal::INT);
    first.wait(PATIENCE);
    tunnel.says("#1 publish: rtmp://", PATIENCE);
    drop(player);
    assert!(
        !tunnel.process.stderr().contains("can be reached"),
        "{}",
        tunnel.process
    );
    stop(tunnel.process);
}

#[test]
fn an_address_that_is_none_is_a_usage_error() {
    let mut tunnel = adit(&["tunnel", "http://127.0.0.1/live"]);
    assert_eq!(tunnel.wait(PATIENCE).code(), Some(2), "{tunnel}");
}
