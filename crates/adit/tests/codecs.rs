//! What ffmpeg can put into FLV passes untouched, to a player that was there before the publisher and to one that came after.
#![cfg(test)]

use std::path::Path;
use std::time::{Duration, Instant};

use adit_testkit::cast::{Capture, Flush, Player, Publisher, allowance};
use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{Packet, Role, assert_is_suffix_from_key_frame};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(45);

/// Media that a late player must have had before the publisher stops, in seconds.
const PLAYED_SECONDS: u32 = 2;

#[test]
fn h264_with_aac() {
    check(
        Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 40),
        &OLD_AND_NEW,
    );
}

#[test]
fn h264_alone() {
    check(Clip::new(Some(VideoCodec::H264), None, 40), &OLD_AND_NEW);
}

#[test]
fn aac_alone() {
    check(Clip::new(None, Some(AudioCodec::Aac), 40), &OLD_AND_NEW);
}

#[test]
fn mp3_alone() {
    check(Clip::new(None, Some(AudioCodec::Mp3), 40), &OLD_AND_NEW);
}

#[test]
fn hevc_with_aac() {
    check(
        Clip::new(Some(VideoCodec::Hevc), Some(AudioCodec::Aac), 40),
        &NEW,
    );
}

#[test]
fn av1_with_opus() {
    check(
        Clip::new(Some(VideoCodec::Av1), Some(AudioCodec::Opus), 40),
        &NEW,
    );
}

#[test]
fn opus_alone() {
    check(Clip::new(None, Some(AudioCodec::Opus), 40), &NEW);
}

/// How the message begins that says whether a player may look into samples.
const SAMPLE_ACCESS: &[u8] = b"\x02\x00\x11|RtmpSampleAccess";

/// Players of everything that Flash Player knew.
const OLD_AND_NEW: [(Peer, Capture); 4] = [
    (Peer::Ffmpeg5, Capture::Demuxed),
    (Peer::Ffmpeg9, Capture::Demuxed),
    (Peer::Ffmpeg9, Capture::Raw),
    (Peer::Rtmpdump, Capture::Raw),
];

/// Players of what came with enhanced RTMP; rtmpdump writes what it gets and looks inside nothing.
const NEW: [(Peer, Capture); 3] = [
    (Peer::Ffmpeg9, Capture::Demuxed),
    (Peer::Ffmpeg9, Capture::Raw),
    (Peer::Rtmpdump, Capture::Raw),
];

fn check(clip: Clip, players: &[(Peer, Capture)]) {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = clip.make(peers, folder.path());
    let server = AditServer::start_with(env!("CARGO_BIN_EXE_adit"), |command| {
        command.env("ADIT_LOG", "debug");
    });
    let url = server.url(Transport::Rtmp, "live/codec");
    let play = |when: &str, (peer, capture): (Peer, Capture)| {
        let file = folder
            .path()
            .join(format!("{when}.{peer}.{capture:?}.flv").replace(' ', ""));
        Player::start(peers, peer, capture, &url, &file, &server.certificate())
    };

    let mut early = play("before", (Peer::Ffmpeg9, Capture::Raw));
    wait_until_played(&server);
    let sent = folder.path().join("sent.flv");
    let mut publisher = Publisher::start(
        peers,
        Peer::Ffmpeg9,
        &file,
        &url,
        Flush::Each,
        &sent,
        &server.certificate(),
    );
    publisher.wait_for_media(1, PATIENCE);
    let mut late: Vec<(Capture, Player)> = players
        .iter()
        .map(|each| (each.1, play("after", *each)))
        .collect();
    for (_, player) in &mut late {
        player.wait_for_media(PLAYED_SECONDS, PATIENCE);
    }
    let sent = publisher.finish(PATIENCE);

    early.process().wait(PATIENCE);
    assert_all(&early.received(), &sent);
    for (capture, player) in &mut late {
        player.process().wait(PATIENCE);
        let (what, received) = (player.process().name().to_owned(), player.received());
        assert_is_suffix_from_key_frame(
            &what,
            &sent,
            &received,
            allowance((Flush::Each, Transport::Rtmp), player),
        );
        if *capture == Capture::Raw {
            assert_eq!(metadata(&received), metadata(&sent), "{what}: metadata");
        }
        decodes(peers, player.file());
    }
    server.assert_sound();
}

/// A player that waited for the stream gets what was sent and nothing else: every message from the first to the last, be it
/// metadata, configuration, media or the end of a sequence, in its place and with its own bytes and timestamp. Before it
/// comes one message of the server itself, which belongs to the answer to `play`.
fn assert_all(received: &[Packet], sent: &[Packet]) {
    let received = match received {
        [first, rest @ ..] if first.body.starts_with(SAMPLE_ACCESS) => rest,
        _ => received,
    };
    let longer = sent.len().max(received.len());
    let Some(at) = (0..longer).find(|&at| sent.get(at) != received.get(at)) else {
        return;
    };
    let near = |packets: &[Packet]| -> Vec<Packet> {
        let from = at.saturating_sub(3).min(packets.len());
        packets[from..].iter().take(8).cloned().collect()
    };
    panic!(
        "the waiting player: message {at} differs, of {} sent and {} received\nsent {:#?}\nreceived {:#?}",
        sent.len(),
        received.len(),
        near(sent),
        near(received),
    );
}

/// The bodies of `onMetaData` messages.
fn metadata(packets: &[Packet]) -> Vec<&[u8]> {
    let script = packets
        .iter()
        .filter(|packet| packet.role() == Role::Script);
    script
        .map(|packet| &*packet.body)
        .filter(|body| body.starts_with(b"\x02\x00\x0aonMetaData"))
        .collect()
}

/// A decoder takes the file without a complaint.
fn decodes(peers: Peers, file: &Path) {
    let mut command = peers.ffmpeg(Peer::Ffmpeg9);
    command.arg("-i").arg(file).args(["-f", "null", "-"]);
    let mut process = Process::start("decoder", &mut command);
    let status = process.wait(PATIENCE);
    assert!(
        status.success() && process.stderr().is_empty(),
        "{} does not decode\n{process}",
        file.display()
    );
}

/// Waits until the server has seen a player.
fn wait_until_played(server: &AditServer) {
    let deadline = Instant::now() + PATIENCE;
    while !server.log().contains("play waits") {
        assert!(
            Instant::now() < deadline,
            "no player in the log\n{}",
            server.log()
        );
        adit_testkit::cast::pause();
    }
}
