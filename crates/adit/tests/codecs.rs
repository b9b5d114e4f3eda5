//! What ffmpeg can put into FLV passes untouched, to a player that was there before the publisher and to one that came after.
#![cfg(test)]

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
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

/// An application that takes H.264 and AAC alone, and one that takes no video.
const PICKY: &str = "
[api]
listen = '127.0.0.1:0'
token = 'a-token-of-this-test'
[apps.strict.codecs]
video = ['h264']
audio = ['aac']
[apps.radio.codecs]
video = []
";

/// A server with applications that do not take everything, and its folder.
fn picky() -> (AditServer, tempfile::TempDir) {
    let folder = tempfile::tempdir().unwrap();
    let config = folder.path().join("adit.toml");
    std::fs::write(&config, PICKY).unwrap();
    let server = AditServer::start_with(env!("CARGO_BIN_EXE_adit"), |command| {
        command.arg("--config").arg(&config);
    });
    (server, folder)
}

/// What becomes of a clip that ffmpeg publishes, and what ffmpeg says.
fn publish(peers: Peers, peer: Peer, file: &Path, url: &str) -> (bool, String) {
    let mut command = peers.ffmpeg(peer);
    command.args(["-v", "error", "-re", "-i"]).arg(file);
    command.args(["-c", "copy", "-f", "flv", url]);
    let mut process = Process::start(format!("{peer}"), &mut command);
    let status = process.wait(PATIENCE);
    (status.success(), process.stderr())
}

#[test]
fn an_application_takes_the_codecs_of_its_list_and_says_which_when_others_come() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let (server, folder) = picky();
    let clip = |name: &str, video, audio| {
        let folder = folder.path().join(name);
        std::fs::create_dir(&folder).unwrap();
        Clip::new(video, audio, 3).make(peers, &folder)
    };
    let common = clip("common", Some(VideoCodec::H264), Some(AudioCodec::Aac));
    let hevc = clip("hevc", Some(VideoCodec::Hevc), Some(AudioCodec::Aac));
    let mp3 = clip("mp3", None, Some(AudioCodec::Mp3));
    let aac = clip("aac", None, Some(AudioCodec::Aac));
    let no_hevc = Err("strict takes no hevc; video may be h264");
    let no_mp3 = Err("strict takes no mp3; audio may be aac");
    let no_video = Err("radio takes no video, and this is h264");
    for (peer, file, path, expected) in [
        (Peer::Ffmpeg9, &common, "strict/common", Ok(())),
        (Peer::Ffmpeg9, &hevc, "strict/hevc", no_hevc),
        (Peer::Ffmpeg9, &mp3, "strict/mp3", no_mp3),
        (Peer::Ffmpeg5, &mp3, "strict/mp3-old", no_mp3),
        (Peer::Ffmpeg9, &aac, "radio/aac", Ok(())),
        (Peer::Ffmpeg9, &common, "radio/video", no_video),
        (Peer::Ffmpeg9, &hevc, "live/hevc", Ok(())),
    ] {
        for transport in [Transport::Rtmp, Transport::Rtmpt] {
            let (succeeded, said) = publish(peers, peer, file, &server.url(transport, path));
            let told = expected.err().unwrap_or_default();
            assert!(
                succeeded == expected.is_ok() && said.contains(told),
                "{path} by {peer} over {transport:?}: {said}\n{}",
                server.log()
            );
        }
    }
    let refused = server.log();
    for line in ["app=\"strict\" stream=\"hevc\"", "strict takes no hevc"] {
        assert!(refused.contains(line), "{line}: {refused}");
    }
    server.assert_sound();
}

#[test]
fn our_own_publisher_ends_with_what_it_was_told() {
    let (server, _folder) = picky();
    let url = server.url(Transport::Rtmp, "radio/test");
    let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_adit"));
    command.args(["publish", "pattern:160x96@10,100k", "--duration", "30s"]);
    command.args(["--retry", "none", &url]);
    let mut process = Process::start("publisher", &mut command);
    let status = process.wait(PATIENCE);
    let said = process.stdout() + &process.stderr();
    assert!(
        !status.success() && said.contains("radio takes no video, and this is h264"),
        "{said}"
    );
    assert_eq!(refused(&server), "1");
    server.assert_sound();
}

/// What the counter of publications says that ended for their codec.
fn refused(server: &AditServer) -> String {
    let api = server.printed("api on http://");
    let mut socket = TcpStream::connect(&api).unwrap();
    let request = format!(
        "GET /metrics HTTP/1.1\r\nHost: {api}\r\nAuthorization: Bearer a-token-of-this-test\r\nConnection: close\r\n\r\n"
    );
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    let name = "adit_publications_of_other_codecs_total ";
    let mut lines = answer.lines().filter_map(|line| line.strip_prefix(name));
    lines.next().unwrap_or(&answer).to_owned()
}
