//! SIGTERM: who is there goes on, and nobody comes in.

use adit_testkit::honest::Honest;
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::Transport;
use rustix::process::Signal;

use super::support::{
    ADIT, PATIENCE, Player, ask, assert_whole, ended, is_closed, serve, serve_at, until,
};

/// Runs a command of the program that goes on.
fn start(arguments: &[&str]) -> Process {
    let mut command = std::process::Command::new(ADIT);
    command.args(arguments).env("NO_COLOR", "1");
    Process::start("adit", &mut command)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_there_goes_on_until_done_and_nobody_else_comes_in() {
    let server = serve(&["--api", "127.0.0.1:0"]);
    let (address, log) = (server.address(), "draining");
    let api = server.printed("api on http://").parse().unwrap();
    let mut publisher = Honest::start(address, "stays").await;
    let mut player = Player::start(&server.url(Transport::Rtmp, "live/stays")).await;
    assert!(ask(api, "GET /readyz").await.starts_with("HTTP/1.1 200"));
    server.signal(Signal::TERM);
    server.log_line(log, PATIENCE);
    until("the port is closed", || is_closed(address)).await;
    let ready = ask(api, "GET /readyz").await;
    assert!(ready.starts_with("HTTP/1.1 503"), "{ready}");
    assert!(ready.contains("the server is draining"), "{ready}");
    publisher.check(PATIENCE).await.unwrap();
    player.goes_on().await;
    publisher.check(PATIENCE).await.unwrap();
    assert!(server.is_running());
    drop(player);
    publisher.check(PATIENCE).await.unwrap();
    publisher.vanish().await;
    ended(server).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_left_is_told_to_go_when_the_time_is_over_and_recordings_are_whole() {
    let media = tempfile::tempdir().unwrap();
    let folder = media.path().to_str().unwrap();
    let server = serve(&["--drain-timeout", "2s", "--media", folder, "--record"]);
    let mut publisher = Honest::start(server.address(), "left").await;
    let mut recorded = Honest::start(server.address(), "other").await;
    server.signal(Signal::TERM);
    server.log_line("draining", PATIENCE);
    publisher.check(PATIENCE).await.unwrap();
    recorded.check(PATIENCE).await.unwrap();
    let log = ended(server).await;
    assert!(
        log.contains("those who are left have had their time"),
        "{log}"
    );
    let told = publisher.check(PATIENCE).await.unwrap_err();
    assert!(told.contains("AppShutdown"), "{told}");
    for name in ["left", "other"] {
        assert_whole(&media.path().join(format!("live/{name}.flv")));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_signal_ends_it_at_once_and_in_order() {
    for second in [Signal::TERM, Signal::INT] {
        let server = serve(&["--drain-timeout", "1h"]);
        let mut publisher = Honest::start(server.address(), "again").await;
        server.signal(Signal::TERM);
        server.log_line("draining", PATIENCE);
        publisher.check(PATIENCE).await.unwrap();
        server.signal(second);
        ended(server).await;
        let told = publisher.check(PATIENCE).await.unwrap_err();
        assert!(told.contains("AppShutdown"), "{told}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn ctrl_c_waits_for_nobody() {
    let server = serve(&[]);
    let mut publisher = Honest::start(server.address(), "cut").await;
    server.signal(Signal::INT);
    let log = ended(server).await;
    assert!(!log.contains("draining"), "{log}");
    assert!(publisher.check(PATIENCE).await.is_err());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_nobody_uses_ends_at_once() {
    let server = serve(&["--drain-timeout", "1h"]);
    server.signal(Signal::TERM);
    ended(server).await;
}

/// Both understand a request to connect again: the publisher goes first, and the player follows its stream.
#[tokio::test(flavor = "multi_thread")]
async fn clients_that_can_are_asked_to_connect_again_and_find_the_next_server() {
    let state = tempfile::tempdir().unwrap();
    let server = serve(&["--drain-timeout", "1h"]);
    let (address, url) = (server.address(), server.url(Transport::Rtmp, "live/moves"));
    let publisher = start(&["publish", "pattern:320x180,200k,key=1", &url]);
    server.log_line("publish started", PATIENCE);
    let player = start(&["play", &url]);
    server.log_line("play started", PATIENCE);
    server.signal(Signal::TERM);
    // Nothing but the requests makes them leave.
    ended(server).await;
    let next = serve_at(address, state.path(), &[]);
    next.log_line("publish started", PATIENCE);
    next.log_line("play started", PATIENCE);
    for client in [&publisher, &player] {
        assert!(!client.has_ended(), "{client}");
    }
    next.assert_sound();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_player_that_cannot_connect_again_is_sent_off_when_its_stream_ends() {
    let Some(peers) = Peers::with(&[Peer::Rtmpdump]) else {
        return;
    };
    let server = serve(&["--drain-timeout", "1h"]);
    let publisher = Honest::start(server.address(), "over").await;
    let play = |stream: &str| {
        let mut command = std::process::Command::new(peers.path(Peer::Rtmpdump));
        command.args(["--live", "--timeout", "600", "-o", "/dev/null", "-r"]);
        Process::start("rtmpdump", command.arg(server.url(Transport::Rtmp, stream)))
    };
    let player = play("live/over");
    server.log_line("play started connection=2", PATIENCE);
    // Nobody publishes what this one waits for.
    let waiting = play("live/nothing");
    server.log_line("play waits connection=3", PATIENCE);
    server.signal(Signal::TERM);
    server.log_line("draining", PATIENCE);
    until("the one that waits is sent off", || async {
        waiting.has_ended()
    })
    .await;
    assert!(!player.has_ended(), "{player}");
    publisher.vanish().await;
    ended(server).await;
}
