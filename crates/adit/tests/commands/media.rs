//! What is published is what is played, by every transport.

use std::fs;

use adit_testkit::packets::{Allowance, assert_is_suffix_from_key_frame, read};
use adit_testkit::server::{AditServer, Transport};

use super::{ADIT, PATIENCE, adit, clip, ended, run, shell, start, text};
use adit_testkit::process::Process;

#[test]
fn a_published_file_is_what_a_player_writes_by_all_four_transports() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let sent = clip(&folder, 240);
    let certificate = server.certificate();
    for transport in Transport::ALL {
        let name = transport.scheme();
        let url = server.url(transport, &format!("live/{name}"));
        let trust = ["--ca-file", text(&certificate)];
        let written = folder.path().join(format!("{name}.flv"));
        let play = ["play", &url, "-o", text(&written), "--json"];
        let player = start(&[&play[..], &trust].concat());
        server.log_line(&format!("stream=\"{name}\""), PATIENCE);

        let publish = ["publish", text(&sent), &url, "--json"];
        let published = run(&[&publish[..], &trust].concat());
        published.assert_code(0);
        let summary = published.json();
        assert_eq!(summary["ended"], "complete", "{summary}");
        assert_eq!(summary["transport"], name, "{summary}");
        assert_eq!(summary["frames"], 240, "{summary}");

        let played = ended(player);
        played.assert_code(0);
        let summary = played.json();
        assert_eq!(summary["ended"], "unpublished", "{summary}");
        assert_eq!(summary["port"], server.address().port(), "{summary}");
        assert_eq!(
            summary["rung"],
            format!("{name}:{}", server.address().port())
        );
        // Metadata does not count as media.
        assert_eq!(summary["frames"], 239, "{summary}");
        assert!(summary["first_media_ms"].as_u64() >= summary["connect_ms"].as_u64());
        assert_is_suffix_from_key_frame(name, &read(&sent), &read(&written), Allowance::NONE);
    }
    server.assert_sound();
}

#[test]
fn a_player_behind_standard_output_gets_flv_and_nothing_else() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let sent = clip(&folder, 200);
    let url = server.url(Transport::Rtmp, "live/piped");
    let written = folder.path().join("piped.flv");
    let script = "\"$0\" play \"$1\" -o - > \"$2\"";
    let mut command = shell(script, &[&url, text(&written)]);
    let player = Process::start("adit play", &mut command);
    server.log_line("stream=\"piped\"", PATIENCE);
    run(&["publish", text(&sent), &url]).assert_code(0);
    ended(player).assert_code(0);
    assert_is_suffix_from_key_frame("pipe", &read(&sent), &read(&written), Allowance::NONE);
}

#[test]
fn standard_input_is_published_as_well() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let sent = clip(&folder, 150);
    let url = server.url(Transport::Rtmpt, "live/stdin");
    let written = folder.path().join("stdin.flv");
    let player = start(&["play", &url, "-o", text(&written)]);
    server.log_line("stream=\"stdin\"", PATIENCE);
    let script = "exec \"$0\" publish - \"$1\" < \"$2\"";
    let mut command = shell(script, &[&url, text(&sent)]);
    let publisher = Process::start("adit publish", &mut command);
    ended(publisher).assert_code(0);
    ended(player).assert_code(0);
    assert_is_suffix_from_key_frame("stdin", &read(&sent), &read(&written), Allowance::NONE);
}

#[test]
fn a_clip_goes_on_without_a_gap_when_it_begins_again() {
    let server = AditServer::start(ADIT);
    let folder = tempfile::tempdir().unwrap();
    let sent = clip(&folder, 80);
    let url = server.url(Transport::Rtmp, "live/again");
    let written = folder.path().join("again.flv");
    let player = start(&["play", &url, "-o", text(&written)]);
    server.log_line("stream=\"again\"", PATIENCE);
    run(&["publish", text(&sent), &url, "--loop=3"]).assert_code(0);
    ended(player).assert_code(0);
    let coded = |packets: Vec<adit_testkit::packets::Packet>| {
        packets
            .into_iter()
            .filter(adit_testkit::packets::Packet::is_coded)
            .collect::<Vec<_>>()
    };
    let (sent, got) = (coded(read(&sent)), coded(read(&written)));
    assert_eq!(got.len(), 3 * sent.len());
    let bodies = |packets: &[adit_testkit::packets::Packet]| {
        packets
            .iter()
            .map(|packet| packet.body.clone())
            .collect::<Vec<_>>()
    };
    assert_eq!(
        bodies(&got),
        [bodies(&sent), bodies(&sent), bodies(&sent)].concat()
    );
    // Within a track no step is longer than 50 ms.
    for kind in [
        adit_testkit::packets::Kind::Audio,
        adit_testkit::packets::Kind::Video,
    ] {
        let times: Vec<u32> = got
            .iter()
            .filter(|packet| packet.kind == kind)
            .map(|packet| packet.at_ms)
            .collect();
        assert!(
            times
                .windows(2)
                .all(|pair| (1..=50).contains(&(pair[1] - pair[0]))),
            "{times:?}"
        );
    }
}

#[test]
fn a_publisher_comes_back_after_a_break_with_headers_and_a_key_frame() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().join("state");
    let first = AditServer::start_with(ADIT, |command| {
        command.arg("--state-dir").arg(&state);
    });
    let address = first.address().to_string();
    let url = first.url(Transport::Rtmp, "live/back");
    let publisher = start(&["publish", "pattern:320x180,100k,key=1", &url, "--json"]);
    // It knows itself that it publishes: a first connection that fails is not tried again.
    publisher.stderr_line("publishing", PATIENCE);
    drop(first);
    publisher.stderr_line("trying again", PATIENCE);
    let second = AditServer::start_with(ADIT, |command| {
        command
            .args(["--listen", &address, "--state-dir"])
            .arg(&state);
    });
    second.log_line("publish started", PATIENCE);
    let written = folder.path().join("back.flv");
    run(&["record", &url, "-o", text(&written), "--duration", "1s"]).assert_code(0);
    publisher.signal(rustix::process::Signal::INT);
    let published = ended(publisher);
    published.assert_code(130);
    let summary = published.json();
    assert_eq!(summary["ended"], "interrupted", "{summary}");
    assert_eq!(summary["reconnects"], 1, "{summary}");
    let packets = read(&written);
    let headers = packets
        .iter()
        .filter(|packet| packet.role() == adit_testkit::packets::Role::Configuration);
    assert!(headers.count() >= 2, "{packets:?}");
    second.log_line("publish stopped", PATIENCE);
    assert!(fs::metadata(&written).unwrap().len() > 10_000);
}

#[test]
fn without_certificates_of_authorities_what_needs_none_works_and_nobody_is_trusted() {
    let server = AditServer::start(ADIT);
    let publish = |transport, more: &[&str]| {
        let url = server.url(transport, "live/name");
        let pattern = [
            "publish",
            "pattern:160x96@10,100k",
            &url,
            "--duration",
            "300ms",
            "--retry",
            "none",
        ];
        let mut command = adit(&[&pattern[..], more].concat());
        command
            .env("SSL_CERT_FILE", "/dev/null")
            .env("SSL_CERT_DIR", "/nonexistent");
        ended(Process::start("adit publish", &mut command))
    };
    publish(Transport::Rtmp, &[]).assert_code(0);
    let refused = publish(Transport::Rtmps, &[]);
    refused.assert_code(3);
    assert!(
        refused.err.contains("does not trust") || refused.err.contains("--ca-file"),
        "{}",
        refused.err
    );
    let certificate = server.certificate();
    publish(Transport::Rtmps, &["--ca-file", text(&certificate)]).assert_code(0);
}
