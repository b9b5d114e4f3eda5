//! What a running `adit serve --media` records: every packet, one recording after another, and whole files whatever ends the server.
#![cfg(test)]

mod faults;
mod stage;

use std::env;
use std::path::Path;
use std::thread::sleep;
use std::time::Duration;

use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{self, Packet};
use adit_testkit::peers::{Peer, QUIET, say};
use adit_testkit::process::Process;
use adit_testkit::random::{Random, seed};
use adit_testkit::server::{Transport, json};

use self::stage::{PATIENCE, Stage, coded, wait_until};

/// Streams that are recorded when the server is killed.
const STREAMS: usize = 20;

/// What a kill may cost of each.
const LOSS_MS: u32 = 1_000;

/// Asserts that `recorded` has the bodies of `expected`, and none before its time.
fn assert_same(recorded: &[Packet], expected: &[Packet]) {
    let bodies = |packets: &[Packet]| -> Vec<_> {
        let bodies = packets.iter().map(|it| (it.kind, it.body.clone()));
        bodies
            .map(|(kind, body)| (kind == packets::Kind::Video, body))
            .collect()
    };
    assert_eq!(recorded.len(), expected.len());
    assert!(bodies(recorded) == bodies(expected));
    let mut pairs = recorded.windows(2);
    assert!(pairs.all(|pair| pair[0].at_ms <= pair[1].at_ms));
}

#[test]
fn what_is_recorded_appended_and_recorded_anew_has_every_packet_in_time() {
    let Some(stage) = Stage::set(150) else { return };
    let server = stage.serve(&[]);
    let once = coded(&stage.source);
    let file = stage.file("cam");
    stage.record(&server, Transport::Rtmp, "cam", "record");
    stage.assert_whole(&file);
    assert_eq!(coded(&file), once);

    stage.record(&server, Transport::Rtmpts, "cam", "append");
    stage.assert_whole(&file);
    let recorded = coded(&file);
    assert_same(&recorded, &[&once[..], &once[..]].concat());
    let (last, next) = (&recorded[once.len() - 1], &recorded[once.len()]);
    assert!((1..=100).contains(&(next.at_ms - last.at_ms)));
    for transport in Transport::ALL {
        assert_eq!(coded(&stage.play(&server, transport, "cam")), recorded);
    }
    // librtmp takes messages so short for empty ones.
    let mut kept = recorded.clone();
    kept.retain(|it| it.body.len() > 5 || it.kind == packets::Kind::Audio && it.body.len() > 1);
    assert_eq!(coded(&stage.dump(&server, "cam")), kept);

    stage.record(&server, Transport::Rtmpt, "cam", "record");
    assert_eq!(coded(&file), once);
    assert_eq!(coded(&stage.file("cam~1")), recorded);
    stage.assert_whole(&stage.file("cam~1"));
    // Nobody asked for this one.
    let mut publisher = stage.publish(&server, Transport::Rtmp, "live", "live");
    assert!(publisher.wait(PATIENCE).success(), "{publisher}");
    assert!(!stage.file("live").exists());
    server.assert_sound();
}

#[test]
fn what_ffmpeg_publishes_is_recorded_whole_where_everything_is() {
    let Some(stage) = Stage::set(1) else { return };
    let server = stage.serve(&["--record"]);
    let clip = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 3);
    let source = clip.make(stage.peers, stage.folder.path());
    for (peer, name) in [(Peer::Ffmpeg5, "five"), (Peer::Ffmpeg9, "nine")] {
        let mut command = stage.peers.ffmpeg(peer);
        command.args(QUIET).arg("-re").arg("-i").arg(&source);
        command.args(["-c", "copy", "-f", "flv"]);
        let url = server.url(Transport::Rtmp, &format!("live/{name}"));
        Process::run("ffmpeg", command.arg(url), PATIENCE);
        stage.wait_for_the_end(name);
        stage.assert_whole(&stage.file(name));
        assert_same(&coded(&stage.file(name)), &coded(&source));
    }
    server.assert_sound();
}

#[test]
fn a_server_that_is_asked_to_stop_finishes_what_it_records() {
    let Some(stage) = Stage::set(2_300) else {
        return;
    };
    let server = stage.serve(&["--record"]);
    let names = ["a", "b", "c"];
    let publishers = names.map(|name| stage.publish(&server, Transport::Rtmp, name, "live"));
    let source = coded(&stage.source);
    wait_until("the beginning", || {
        names.iter().all(|name| stage.file(name).exists())
    });
    sleep(Duration::from_secs(1));
    let (status, log) = server.stop();
    assert!(status.success(), "{status}\n{log}");
    for (name, publisher) in names.iter().zip(publishers) {
        let sent = last_sent(publisher, &stage.source);
        stage.wait_for_the_end(name);
        let file = stage.file(name);
        stage.assert_whole(&file);
        let recorded = coded(&file);
        assert_eq!(recorded, source[..recorded.len()]);
        let lost = sent.saturating_sub(recorded.last().unwrap().at_ms);
        assert!(lost <= LOSS_MS, "{name}: {lost} ms of {sent}\n{log}");
    }
}

/// The time of the last frame of the source that a publisher has sent, once it has noticed that nobody listens any more.
fn last_sent(mut publisher: Process, source: &Path) -> u32 {
    publisher.wait(PATIENCE);
    let frames = json(publisher.stdout().trim())["frames"].as_u64().unwrap();
    let frames = usize::try_from(frames).unwrap();
    assert!(frames > 10, "{publisher}");
    packets::read(source)[frames - 1].at_ms
}

/// Twenty streams are recorded; `ADIT_SOAK` is for fifty rounds.
#[test]
fn a_kill_costs_a_second_of_what_is_recorded_at_most_and_every_file_opens() {
    let rounds = if env::var_os("ADIT_SOAK").is_some() {
        50
    } else {
        1
    };
    let seed = seed();
    let mut random = Random::new(seed);
    let mut worst = 0;
    for round in 1..=rounds {
        let Some(stage) = Stage::set(2_300) else {
            return;
        };
        let lost = kill(&stage, Duration::from_millis(500 + random.below(2_000)));
        worst = worst.max(lost);
        say(&format!(
            "round {round}: {lost} ms lost at most, ADIT_SEED={seed}"
        ));
    }
    say(&format!(
        "{rounds} kills of {STREAMS} recordings: {worst} ms lost at most"
    ));
}

/// Kills a server so long after its last recording has begun, looks at what is there, starts it again and looks once more. Gives the
/// largest loss.
fn kill(stage: &Stage, after: Duration) -> u32 {
    let server = stage.serve(&["--record"]);
    let names: Vec<_> = (0..STREAMS).map(|number| format!("cam{number}")).collect();
    let mut publishers = Vec::new();
    for (name, transport) in names.iter().zip(Transport::ALL.into_iter().cycle()) {
        publishers.push(stage.publish(&server, transport, name, "live"));
        // Connections of one address are let in at a rate.
        sleep(Duration::from_millis(40));
    }
    wait_until("the beginning", || {
        names.iter().all(|name| stage.file(name).exists())
    });
    sleep(after);
    drop(server);
    let sent = publishers
        .into_iter()
        .map(|it| last_sent(it, &stage.source));
    let sent: Vec<_> = sent.collect();
    let worst = look(stage, &names, &sent);
    for name in &names {
        stage.assert_opens(&stage.file(name));
    }
    let server = stage.serve(&["--record"]);
    for name in &names {
        stage.wait_for_the_end(name);
        stage.assert_whole(&stage.file(name));
    }
    assert_eq!(look(stage, &names, &sent), worst);
    server.assert_sound();
    worst
}

/// Compares the recordings with what was sent, and gives the largest loss in milliseconds.
fn look(stage: &Stage, names: &[String], sent: &[u32]) -> u32 {
    let source = coded(&stage.source);
    let mut worst = 0;
    for (name, sent) in names.iter().zip(sent) {
        let recorded = coded(&stage.file(name));
        assert_eq!(recorded, source[..recorded.len()], "{name}");
        let lost = sent - recorded.last().map_or(0, |packet| packet.at_ms);
        assert!(lost <= LOSS_MS, "{name}: {lost} ms of {sent} are lost");
        worst = worst.max(lost);
    }
    worst
}
