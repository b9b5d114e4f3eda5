use std::collections::VecDeque;
use std::net::Ipv4Addr;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::{Broker, Publication, PublisherInfo, StreamKey};
use adit_media::{Frame, FrameKind, Timestamp};
use adit_rtmp::command::{
    ClientCommand, Connect, PauseForm, PauseState, Play, PlayStart, StatusCode,
};
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession, MediaKind};
use adit_rtmp::{MessageStreamId, Seed};
use bytes::{Buf as _, Bytes, BytesMut};
use proptest::prelude::*;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpSocket;
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::time::timeout;

use super::Fanout;
use crate::control::Control;
use crate::{Listener, Server, ServerConfig};

const PATIENCE: Duration = Duration::from_secs(20);

/// A server with a stream, to which frames are given one by one.
struct Lab {
    address: std::net::SocketAddr,
    fanout: Fanout,
    broker: Broker,
    control: Control,
    publication: Option<Publication>,
    /// How many frames there were.
    count: u32,
    _stop: oneshot::Sender<()>,
}

/// A client that plays.
struct Player {
    socket: TcpStream,
    session: ClientSession,
    msid: MessageStreamId,
    /// Numbers of frames, and words.
    seen: VecDeque<Seen>,
    received: u64,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Seen {
    Frame(u32),
    Word(&'static str),
}

fn key() -> StreamKey {
    StreamKey::new("", "live", "_definst_", "show").unwrap()
}

/// A frame that tells its number; kind and length depend on it. Every tenth is a key frame.
fn frame(number: u32) -> Frame {
    let (kind, first) = match number % 5 {
        0 if number.is_multiple_of(10) => (FrameKind::Video, [0x17, 1]),
        0..=2 => (FrameKind::Video, [0x27, 1]),
        _ => (FrameKind::Audio, [0xaf, 1]),
    };
    let len = usize::try_from(u64::from(number) * 7919 % 9000).unwrap();
    let mut payload = first.to_vec();
    payload.extend(number.to_be_bytes());
    payload.resize(payload.len() + len, number.to_le_bytes()[0]);
    let at = Timestamp::from_ms(number.wrapping_mul(10));
    Frame::classify(at, kind, payload.into())
}

impl Lab {
    fn start() -> Self {
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        let server = Server::new(ServerConfig::default(), vec![listener]);
        let (stop, told) = oneshot::channel();
        let mut lab = Self {
            address: server.local_addrs()[0],
            fanout: server.fanout().clone(),
            broker: server.broker().clone(),
            control: server.control(),
            publication: None,
            count: 0,
            _stop: stop,
        };
        tokio::spawn(server.run(async move { drop(told.await) }));
        lab.publish();
        lab
    }

    fn publish(&mut self) {
        let publisher = PublisherInfo::new("test", "here");
        let publication = self.broker.publish(key(), publisher, Instant::now());
        self.publication = Some(publication.unwrap());
    }

    /// Sends the next frame at once, whatever the latency.
    fn push(&mut self) {
        self.burst(1);
    }

    /// Sends some frames together.
    fn burst(&mut self, frames: u32) {
        let publication = self.publication.as_mut().unwrap();
        let now = Instant::now();
        for number in self.count..self.count + frames {
            publication.push(now, frame(number));
        }
        if let Some(due) = publication.next_flush() {
            publication.flush(due);
        }
        self.count += frames;
    }

    /// Players that have seen the frame before the next one.
    async fn players(&mut self, count: usize) -> Vec<Player> {
        let mut players = Vec::new();
        for _ in 0..count {
            players.push(Player::connect(self.address, None).await);
        }
        while !self.count.is_multiple_of(10) || self.count == 0 {
            self.push();
        }
        self.push();
        for player in &mut players {
            player.until(&Seen::Frame(self.count - 1)).await;
            player.seen.clear();
        }
        players
    }

    /// Pushes frames until so many players are on lanes.
    async fn until_riders(&mut self, wanted: usize, players: &mut [Player]) {
        let begin = Instant::now();
        while self.fanout.count().players != wanted {
            assert!(
                begin.elapsed() < PATIENCE,
                "{} on lanes, not {wanted}",
                self.fanout.count().players
            );
            self.push();
            for player in &mut *players {
                player.until(&Seen::Frame(self.count - 1)).await;
            }
        }
        for player in players {
            player.seen.clear();
        }
    }

    /// What the server says that it has sent to all.
    fn sent(&self) -> u64 {
        let all = self.control.connections();
        all.iter().map(|one| one.counts.sent_bytes).sum()
    }
}

impl Player {
    async fn connect(address: std::net::SocketAddr, receive_buffer: Option<u32>) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        if let Some(bytes) = receive_buffer {
            socket.set_recv_buffer_size(bytes).unwrap();
        }
        let session =
            ClientSession::new(Instant::now(), ClientConfig::default(), &Seed::new([7; 32]));
        let mut player = Self {
            socket: socket.connect(address).await.unwrap(),
            session,
            msid: MessageStreamId::CONNECTION,
            seen: VecDeque::new(),
            received: 0,
        };
        let connect = Connect::new("live", "rtmp://localhost/live");
        player.session.connect(connect).unwrap();
        player.until(&Seen::Word("connected")).await;
        player.session.create_stream().unwrap();
        player.until(&Seen::Word("created")).await;
        let mut play = Play::new("show");
        play.start = PlayStart::Live;
        player.send(ClientCommand::Play(play)).await;
        player.until(&Seen::Word("NetStream.Play.Start")).await;
        player
    }

    async fn send(&mut self, command: ClientCommand) {
        self.session.send_command(self.msid, command).unwrap();
        self.flush().await;
    }

    async fn flush(&mut self) {
        let out = self.session.output();
        let bytes = out.copy_to_bytes(out.remaining());
        self.socket.write_all(&bytes).await.unwrap();
    }

    /// Reads until it has seen `wanted`.
    async fn until(&mut self, wanted: &Seen) {
        while !self.seen.contains(wanted) {
            self.flush().await;
            let mut buffer = BytesMut::with_capacity(64 * 1024);
            let read = timeout(PATIENCE, self.socket.read_buf(&mut buffer)).await;
            let seen = &self.seen;
            let read = read.unwrap_or_else(|_| panic!("no {wanted:?} after {seen:?}"));
            let read = read.unwrap();
            assert!(read > 0, "over before {wanted:?}, after {seen:?}");
            self.received += u64::try_from(read).unwrap();
            self.session.handle_input(Instant::now(), buffer.freeze());
            while let Some(event) = self.session.poll_event(Instant::now()).unwrap() {
                self.take(event);
            }
        }
    }

    fn take(&mut self, event: ClientEvent) {
        let seen = match event {
            ClientEvent::Connected(_) => Seen::Word("connected"),
            ClientEvent::StreamCreated { msid, .. } => {
                self.msid = msid;
                Seen::Word("created")
            }
            ClientEvent::Status { status, .. } => {
                let known = [
                    "NetStream.Play.Start",
                    "NetStream.Play.UnpublishNotify",
                    "NetStream.Play.PublishNotify",
                    "NetStream.Pause.Notify",
                    "NetStream.Unpause.Notify",
                    "NetStream.Play.InsufficientBW",
                ];
                let code = status.code().map_or("", StatusCode::as_str);
                match known.into_iter().find(|known| *known == code) {
                    Some(known) => Seen::Word(known),
                    None => return,
                }
            }
            ClientEvent::Media {
                kind: MediaKind::Data,
                ..
            } => return,
            ClientEvent::Media {
                timestamp, payload, ..
            } => Seen::Frame(Self::checked(timestamp.ms(), &payload)),
            _ => return,
        };
        self.seen.push_back(seen);
    }

    /// The number of a frame, which is whole and has its time.
    fn checked(at: u32, payload: &Bytes) -> u32 {
        let number = u32::from_be_bytes(payload[2..6].try_into().unwrap());
        assert!(payload == frame(number).payload(), "frame {number}");
        assert_eq!(at, number * 10, "frame {number}");
        number
    }

    fn frames(&mut self) -> Vec<u32> {
        let all = self.seen.drain(..);
        let frame = |seen| match seen {
            Seen::Frame(number) => Some(number),
            Seen::Word(_) => None,
        };
        all.filter_map(frame).collect()
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn players_of_a_lane_get_every_frame_once_in_order_and_all_of_it_is_counted() {
    let mut lab = Lab::start();
    let mut players = lab.players(6).await;
    lab.until_riders(6, &mut players).await;
    let first = lab.count;
    for _ in 0..200 {
        lab.push();
    }
    for player in &mut players {
        player.until(&Seen::Frame(lab.count - 1)).await;
        assert_eq!(player.frames(), (first..lab.count).collect::<Vec<_>>());
    }
    // What is sent through the lane is told at the latest when it is left.
    for player in &mut players {
        let pause = ClientCommand::Pause {
            state: PauseState::Paused,
            position_ms: 0,
            form: PauseForm::Plain,
        };
        player.send(pause).await;
        player.until(&Seen::Word("NetStream.Pause.Notify")).await;
    }
    let received: u64 = players.iter().map(|player| player.received).sum();
    assert_eq!(lab.sent(), received);
    assert_eq!(lab.fanout.count().players, 0);
}

/// Some of so many that a round takes more than one turn.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn players_that_do_not_read_are_put_off_and_the_others_get_everything_in_time() {
    let mut lab = Lab::start();
    let mut players = Vec::new();
    let mut slow = Vec::new();
    for some in [1, 20, 20] {
        slow.push(Player::connect(lab.address, Some(16 * 1024)).await);
        players.extend(lab.players(some).await);
    }
    let all = players.len() + slow.len();
    while lab.fanout.count().players != all || lab.count % 10 != 2 {
        lab.push();
        for player in players.iter_mut().chain(&mut slow) {
            player.seen.clear();
            player.until(&Seen::Frame(lab.count - 1)).await;
        }
    }
    for player in players.iter_mut().chain(&mut slow) {
        player.seen.clear();
    }
    let first = lab.count;
    while lab.fanout.count().players > players.len() {
        lab.burst(10);
        for player in &mut players {
            player.until(&Seen::Frame(lab.count - 1)).await;
        }
        assert!(lab.count < first + 5000, "they took everything");
    }
    for player in players.iter_mut().chain(&mut slow) {
        player.until(&Seen::Frame(lab.count - 1)).await;
        assert_eq!(player.frames(), (first..lab.count).collect::<Vec<_>>());
    }
    players.extend(slow);
    lab.until_riders(all, &mut players).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_stream_with_few_readers_has_no_lane() {
    let mut lab = Lab::start();
    let mut players = lab.players(3).await;
    for _ in 0..30 {
        lab.push();
        for player in &mut players {
            player.until(&Seen::Frame(lab.count - 1)).await;
        }
        assert_eq!(lab.fanout.count().lanes, 0);
    }
    players.extend(lab.players(1).await);
    lab.until_riders(4, &mut players).await;
}

/// Nobody knows what was sent to whom: to go on could only be wrong.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn players_of_a_lane_that_panicked_are_ended_at_once_and_may_come_again() {
    let mut lab = Lab::start();
    let mut players = lab.players(6).await;
    lab.until_riders(6, &mut players).await;
    let lane = Arc::clone(&lab.fanout.lanes()[&key()][0]);
    let panic = AssertUnwindSafe(|| lane.leave(0, |_| panic!("a test")));
    assert!(catch_unwind(panic).is_err());
    lab.push();
    for mut player in players {
        let mut rest = Vec::new();
        let end = timeout(PATIENCE, player.socket.read_to_end(&mut rest)).await;
        end.expect("not ended").unwrap();
    }
    let mut players = lab.players(6).await;
    lab.until_riders(6, &mut players).await;
    assert_eq!(lab.fanout.lanes_of(&key()), 1);
}

/// What happens between players and stream.
#[derive(Clone, Copy, Debug)]
enum Step {
    /// So many frames come together.
    Push(u32),
    /// A player asks something, which takes it off its lane.
    Ask(usize),
    /// A player reads up to the newest frame.
    Read(usize),
}

fn steps(players: usize) -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        1 => Just(Step::Push(1)),
        1 => (1..8_u32).prop_map(Step::Push),
        1 => (0..players).prop_map(Step::Ask),
        1 => (0..players).prop_map(Step::Read),
    ];
    prop::collection::vec(step, 1..300)
}

async fn take(count: usize, steps: Vec<Step>) {
    let mut lab = Lab::start();
    let mut players = lab.players(count).await;
    lab.until_riders(count, &mut players).await;
    let first = lab.count;
    lab.push();
    for step in steps {
        match step {
            Step::Push(frames) => lab.burst(frames),
            Step::Ask(chosen) => {
                let method = "nothing of the kind".to_owned();
                players[chosen].session.call(method, Vec::new()).unwrap();
                players[chosen].flush().await;
            }
            Step::Read(chosen) => players[chosen].until(&Seen::Frame(lab.count - 1)).await,
        }
    }
    for player in &mut players {
        player.until(&Seen::Frame(lab.count - 1)).await;
        assert_eq!(player.frames(), (first..lab.count).collect::<Vec<_>>());
    }
    lab.until_riders(count, &mut players).await;
}

fn run(count: usize, steps: Vec<Step>) {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(take(count, steps));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whoever_asks_something_misses_nothing(steps in steps(6)) {
        run(6, steps);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(4))]

    /// So many that a round takes more than one turn, in which some go and others come.
    #[test]
    fn whoever_asks_something_amid_a_round_misses_nothing(steps in steps(70)) {
        run(70, steps);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn all_hear_of_an_end_and_get_the_next_publication_from_its_first_frame_on() {
    let mut lab = Lab::start();
    let mut players = lab.players(6).await;
    for _ in 0..5 {
        lab.until_riders(6, &mut players).await;
        let first = lab.count;
        for _ in 0..3 {
            lab.push();
        }
        lab.publication = None;
        lab.publish();
        lab.push();
        for player in &mut players {
            player.until(&Seen::Frame(lab.count - 1)).await;
            let seen: Vec<_> = player.seen.drain(..).collect();
            let mut wanted: Vec<_> = (first..first + 3).map(Seen::Frame).collect();
            wanted.push(Seen::Word("NetStream.Play.UnpublishNotify"));
            wanted.push(Seen::Word("NetStream.Play.PublishNotify"));
            wanted.push(Seen::Frame(first + 3));
            assert_eq!(seen, wanted);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lanes_end_with_their_players_and_nothing_is_left_of_the_stream() {
    let mut lab = Lab::start();
    let mut players = lab.players(200).await;
    lab.until_riders(200, &mut players).await;
    assert_eq!(lab.fanout.lanes_of(&key()), 2);
    drop(players);
    lab.publication = None;
    let begin = Instant::now();
    while lab.fanout.lanes_of(&key()) > 0 || lab.broker.stream(&key()).is_some() {
        assert!(
            begin.elapsed() < PATIENCE,
            "{:?}",
            lab.broker.stream(&key())
        );
        tokio::task::yield_now().await;
    }
    assert_eq!(lab.fanout.count().players, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn one_that_is_kicked_goes_at_once() {
    let mut lab = Lab::start();
    let mut players = lab.players(6).await;
    lab.until_riders(6, &mut players).await;
    let all = lab.control.connections();
    lab.control.kick(all[0].id.get(), "a test").unwrap();
    let begin = Instant::now();
    while lab.control.connections().len() > 5 {
        assert!(begin.elapsed() < PATIENCE);
        tokio::task::yield_now().await;
    }
    assert_eq!(lab.fanout.count().players, 5);
}
