//! HTTP-FLV.

use std::path::Path;
use std::time::Duration;

use adit_testkit::cast::{Flush, Publisher};
use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{self, Packet};
use adit_testkit::peers::{Peer, Peers, QUIET};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use bytes::Bytes;

use crate::support::{ADIT, PATIENCE, ask, get, publish, wait_until_live};

/// Whoever waits for a stream gets every packet of it, byte for byte and at the same time.
fn check_untouched(clip: Clip, peer: Peer) {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let source = clip.make(peers, folder.path());
    let server = AditServer::start(ADIT);
    let address = server.address();
    let viewer = std::thread::spawn(move || get(address, "/live/cam.flv?wait=30"));
    // It waits before there is anything.
    std::thread::sleep(Duration::from_millis(500));
    let sent = folder.path().join("sent.flv");
    let mut publisher = Publisher::start(
        peers,
        peer,
        &source,
        &server.url(Transport::Rtmp, "live/cam"),
        Flush::Each,
        &sent,
        Path::new("/dev/null"),
    );
    publisher.process().wait(PATIENCE);
    let answer = viewer.join().unwrap();
    assert_eq!(answer.status, 200);
    assert_eq!(answer.field("content-type"), Some("video/x-flv"));
    let media = |packets: Vec<Packet>| -> Vec<Packet> {
        let is_media = |packet: &Packet| packet.kind != packets::Kind::Data;
        packets.into_iter().filter(is_media).collect()
    };
    let received = media(packets::parse(Bytes::from(answer.body)));
    let sent = media(packets::read(&sent));
    assert_eq!(received.len(), sent.len());
    for (received, sent) in received.iter().zip(&sent) {
        assert_eq!(received, sent);
    }
    server.assert_sound();
}

#[test]
fn h264_and_aac_come_through_byte_for_byte() {
    let clip = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 3);
    check_untouched(clip, Peer::Ffmpeg5);
}

#[test]
fn enhanced_codecs_come_through_byte_for_byte() {
    let clip = Clip::new(Some(VideoCodec::Av1), Some(AudioCodec::Opus), 3);
    check_untouched(clip, Peer::Ffmpeg9);
}

#[test]
fn ffmpeg_plays_a_stream_that_is_under_way_from_the_beginning_of_time() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let server = AditServer::start(ADIT);
    let _publisher = publish(&server, "cam", 60);
    wait_until_live(server.address(), "cam");
    std::thread::sleep(Duration::from_secs(2));
    for peer in [Peer::Ffmpeg5, Peer::Ffmpeg9] {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("got.flv");
        let mut command = peers.ffmpeg(peer);
        command.args(QUIET).arg("-i");
        command.arg(format!("http://{}/live/cam.flv", server.address()));
        command
            .args(["-t", "2", "-c", "copy", "-copyts"])
            .arg(&file);
        let mut process = Process::start("ffmpeg", &mut command);
        assert!(process.wait(PATIENCE).success(), "{process}");
        assert_eq!(process.stderr(), "", "{peer}");
        let got = packets::read(&file);
        let first = got.iter().find(|packet| packet.is_coded()).unwrap();
        assert!(first.at_ms < 100, "{peer}: {first:?}");
        let pictures = got
            .iter()
            .filter(|packet| packet.kind == packets::Kind::Video);
        assert!(pictures.count() >= 50, "{peer}");
    }
    server.assert_sound();
}

#[test]
fn what_is_not_there_or_not_asked_for_rightly_is_answered_in_words() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    for (method, path, fields, status) in [
        ("GET", "/live/none.flv", "", 404),
        ("HEAD", "/live/none.flv", "", 404),
        ("GET", "/live/none.flv?wait=1", "", 404),
        ("GET", "/live/..%2f..%2fetc%2fpasswd.flv", "", 404),
        ("GET", "/live/%00.flv", "", 404),
        ("GET", "/.flv", "", 404),
        ("GET", "/live//x.flv", "", 404),
        ("POST", "/live/none.flv", "Content-Length: 0\r\n", 405),
        ("DELETE", "/live/none.flv", "", 405),
        ("OPTIONS", "/live/none.flv", "Origin: http://x\r\n", 204),
        ("GET", "/live/none/index.m3u8", "", 404),
        ("GET", "/live/none/media.m3u8?_HLS_msn=1", "", 404),
        ("GET", "/live/none/1-0.m4s", "", 404),
        ("GET", "/live/none/1-0.mp4", "", 404),
        ("GET", "/live/none.m3u8?a=b", "", 307),
    ] {
        let answer = ask(address, method, path, fields);
        assert_eq!(answer.status, status, "{method} {path}: {answer:?}");
        assert!(
            !answer.body.windows(6).any(|word| word == b"passwd"),
            "nothing is repeated"
        );
        if status == 404 && !path.contains("//") && !path.contains("/.") && !path.contains('%') {
            assert_eq!(
                answer.field("access-control-allow-origin"),
                Some("*"),
                "{path}"
            );
        }
    }
    let moved = get(address, "/live/none.m3u8?a=b");
    assert_eq!(moved.field("location"), Some("./none/index.m3u8?a=b"));
    // The name decoded may look like a path of ours; it stays one name.
    let moved = get(address, "/live/x%2findex.m3u8");
    assert_eq!(moved.field("location"), Some("./x%2findex/index.m3u8"));
    server.assert_sound();
}

#[test]
fn a_stream_that_ends_ends_its_viewers_and_leaves_nothing_behind() {
    let server = AditServer::start(ADIT);
    let address = server.address();
    // As many as come in the last moments, some of them too late.
    let mut publisher = publish(&server, "cam", 3);
    wait_until_live(address, "cam");
    let viewers: Vec<_> = (0..100)
        .map(|count| {
            std::thread::spawn(move || {
                std::thread::sleep(Duration::from_millis(count * 40));
                get(address, "/live/cam.flv")
            })
        })
        .collect();
    publisher.wait(PATIENCE);
    let mut played = 0;
    for viewer in viewers {
        let answer = viewer.join().unwrap();
        match answer.status {
            200 => {
                played += 1;
                assert!(answer.body.starts_with(b"FLV\x01\x05"));
                packets::parse(Bytes::from(answer.body));
            }
            404 => {}
            other => panic!("{other}"),
        }
    }
    assert!(played > 10, "{played}");
    assert_eq!(ask(address, "HEAD", "/live/cam.flv", "").status, 404);
    server.assert_sound();
}
