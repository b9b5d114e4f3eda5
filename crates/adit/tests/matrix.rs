//! Every peer publishes and every peer plays, by every transport, through one port of one server.
//!
//! A row of the table is one pair of publisher and player. The packets received are the packets sent, byte for byte, with
//! the same timestamps, from the joining key frame to the end; where a peer itself cannot use a transport, the row holds
//! the peer's own error, and the test is that the peer still says just that.
#![cfg(test)]

use std::fmt::Write as _;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use adit_testkit::cast::{Capture, Flush, Player, Publisher, allowance, known_failure, pause};
use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{Match, Packet, is_suffix_from_key_frame};
use adit_testkit::peers::{Peer, Peers, say, target};
use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};

/// Who publishes.
const PUBLISHERS: [Peer; 2] = [Peer::Ffmpeg5, Peer::Ffmpeg9];

/// Who plays.
const PLAYERS: [Peer; 3] = [Peer::Ffmpeg5, Peer::Ffmpeg9, Peer::Rtmpdump];

/// How much media a player must have had before the publisher stops.
const PLAYED_SECONDS: u32 = 3;

/// Length of the clip: more than a loaded machine needs to let twelve players join and play.
const CLIP_SECONDS: u32 = 60;

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(45);

#[test]
fn every_peer_plays_what_every_peer_publishes_by_every_transport_on_one_port() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let began = Instant::now();
    let folder = tempfile::tempdir().unwrap();
    let clip = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), CLIP_SECONDS)
        .make(peers, folder.path());
    let server = AditServer::start(env!("CARGO_BIN_EXE_adit"));
    let stage = Stage {
        peers,
        server: &server,
        clip: &clip,
        folder: folder.path(),
    };

    let mut rows: Vec<Row> = Vec::new();
    for publisher in PUBLISHERS {
        for transport in Transport::ALL {
            rows.extend(stage.publish(publisher, transport));
        }
    }

    let table = table(peers, &rows, began.elapsed());
    say(&table);
    fs::write(target().join("matrix.txt"), &table).unwrap();
    server.assert_sound();
    assert_eq!(rows.len(), PUBLISHERS.len() * PLAYERS.len() * 16);
    let failed: Vec<String> = rows.iter().filter_map(Row::failure).collect();
    assert!(
        failed.is_empty(),
        "{} pairs failed\n{}\n\n{}",
        failed.len(),
        failed.join("\n\n"),
        server.log()
    );
    let (status, log) = server.stop();
    assert!(status.success(), "the server ended with {status}\n{log}");
}

struct Stage<'a> {
    peers: Peers,
    server: &'a AditServer,
    clip: &'a Path,
    folder: &'a Path,
}

impl Stage<'_> {
    /// One publisher and all players of its stream at once.
    fn publish(&self, peer: Peer, transport: Transport) -> Vec<Row> {
        let name = format!("{peer}-{}", transport.scheme()).replace(' ', "");
        let url = self.server.url(transport, &format!("live/{name}"));
        let sent = self.folder.join(format!("{name}.sent.flv"));
        let certificate = self.server.certificate();
        let mut publisher = Publisher::start(
            self.peers,
            peer,
            self.clip,
            &url,
            flush(peer),
            &sent,
            &certificate,
        );
        if let Some(error) = known_failure(peer, transport) {
            let outcome = fails_as_known(peer, publisher.process(), error);
            return pairs((peer, transport))
                .map(|pair| Row {
                    pair,
                    outcome: outcome.clone(),
                })
                .collect();
        }
        publisher.wait_for_media(1, PATIENCE);
        let mut playing: Vec<(Pair, Player)> = pairs((peer, transport))
            .map(|pair| (pair, self.play(&name, pair)))
            .collect();
        let deadline = Instant::now() + PATIENCE;
        while !playing
            .iter()
            .all(|(pair, player)| pair.cannot_play().is_some() || player.has_media(PLAYED_SECONDS))
        {
            if Instant::now() > deadline
                || playing.iter_mut().any(|(pair, player)| {
                    pair.cannot_play().is_none() && player.process().has_ended()
                })
            {
                break;
            }
            pause();
        }
        let sent = publisher.finish(PATIENCE);
        playing
            .iter_mut()
            .map(|(pair, player)| Row {
                pair: *pair,
                outcome: judge(*pair, player, &sent),
            })
            .collect()
    }

    fn play(&self, name: &str, pair: Pair) -> Player {
        let (peer, transport) = pair.player;
        let url = self.server.url(transport, &format!("live/{name}"));
        let file = self
            .folder
            .join(format!("{name}.{peer}-{}.flv", transport.scheme()).replace(' ', ""));
        Player::start(
            self.peers,
            peer,
            Capture::Demuxed,
            &url,
            &file,
            &self.server.certificate(),
        )
    }
}

/// Who publishes and who plays, each by which transport.
#[derive(Clone, Copy)]
struct Pair {
    publisher: (Peer, Transport),
    player: (Peer, Transport),
}

impl Pair {
    fn cannot_play(self) -> Option<&'static str> {
        known_failure(self.player.0, self.player.1)
    }
}

fn pairs(publisher: (Peer, Transport)) -> impl Iterator<Item = Pair> {
    PLAYERS
        .into_iter()
        .flat_map(|peer| Transport::ALL.map(|transport| (peer, transport)))
        .map(move |player| Pair { publisher, player })
}

/// What came of a pair.
#[derive(Clone)]
enum Outcome {
    Matched(Match),
    /// Who, and what it says.
    PeerCannot(Peer, &'static str),
    Failed(String),
}

struct Row {
    pair: Pair,
    outcome: Outcome,
}

impl Row {
    fn failure(&self) -> Option<String> {
        match &self.outcome {
            Outcome::Failed(why) => Some(format!("{}: {why}", self.names())),
            _ => None,
        }
    }

    fn names(&self) -> String {
        let ((publisher, up), (player, down)) = (self.pair.publisher, self.pair.player);
        format!(
            "{publisher:8} {:6}  {player:8} {:6}",
            up.scheme(),
            down.scheme()
        )
    }
}

/// One of the publishers gathers messages before it posts them, as ffmpeg does by default, and keeps the last of them to
/// itself; the other posts each message, so that the very last one is compared too.
fn flush(publisher: Peer) -> Flush {
    match publisher {
        Peer::Ffmpeg5 => Flush::EveryTenth,
        _ => Flush::Each,
    }
}

fn fails_as_known(peer: Peer, process: &mut Process, error: &'static str) -> Outcome {
    let status = process.wait(PATIENCE);
    if status.success() || !process.stderr().contains(error) {
        return Outcome::Failed(format!(
            "expected its own `{error}`; it ended with {status}\n{process}"
        ));
    }
    Outcome::PeerCannot(peer, error)
}

fn judge(pair: Pair, player: &mut Player, sent: &[Packet]) -> Outcome {
    if let Some(error) = pair.cannot_play() {
        return fails_as_known(pair.player.0, player.process(), error);
    }
    if let Err(error) = player.process().wait_until(Instant::now() + PATIENCE) {
        return Outcome::Failed(format!("it did not end with the stream; {error}"));
    }
    let (publisher, transport) = pair.publisher;
    let allowance = allowance((flush(publisher), transport), player);
    match is_suffix_from_key_frame(sent, &player.received(), allowance) {
        Ok(matched) => Outcome::Matched(matched),
        Err(difference) => Outcome::Failed(format!("{difference}\n{}", player.process())),
    }
}

fn table(peers: Peers, rows: &[Row], took: Duration) -> String {
    let mut text = String::new();
    for peer in PLAYERS {
        writeln!(text, "{peer}: {}", peers.version(peer)).unwrap();
    }
    writeln!(
        text,
        "\npublisher by      player   by      packets  joined at  result"
    )
    .unwrap();
    for row in rows {
        let names = row.names();
        match &row.outcome {
            Outcome::Matched(matched) => {
                let Match {
                    packets,
                    joined_at_ms,
                    kept_back,
                    ..
                } = matched;
                let end = match kept_back {
                    0 => String::new(),
                    _ => format!(
                        ", but for the last {kept_back}, which the publisher kept to itself"
                    ),
                };
                writeln!(
                    text,
                    "{names}  {packets:7}  {joined_at_ms:6} ms  identical{end}"
                )
                .unwrap();
            }
            Outcome::PeerCannot(who, why) => {
                writeln!(
                    text,
                    "{names}        -          -  {who} says itself: {why}"
                )
                .unwrap();
            }
            Outcome::Failed(_) => writeln!(text, "{names}        -          -  FAILED").unwrap(),
        }
    }
    let count =
        |wanted: fn(&Outcome) -> bool| rows.iter().filter(|row| wanted(&row.outcome)).count();
    writeln!(
        text,
        "\n{} pairs: {} identical, {} where the peer itself cannot, {} failed; {} s",
        rows.len(),
        count(|outcome| matches!(outcome, Outcome::Matched(_))),
        count(|outcome| matches!(outcome, Outcome::PeerCannot(..))),
        count(|outcome| matches!(outcome, Outcome::Failed(_))),
        took.as_secs()
    )
    .unwrap();
    text
}
