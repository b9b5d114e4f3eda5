//! Shared objects of a running `adit serve`: nobody misses a change, and what is kept survives a kill.
#![cfg(test)]

use std::collections::BTreeMap;
use std::env;
use std::path::Path;
use std::time::{Duration, Instant};

use adit_testkit::hostile::{HostileProxy, Mischief};
use adit_testkit::members::{Change, Member, Persistence, Speaks};
use adit_testkit::peers::say;
use adit_testkit::random::seed;
use adit_testkit::server::AditServer;
use adit_testkit::tunnel::Tunnel;
use bytes::BytesMut;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::runtime::Runtime;
use tokio::sync::Barrier;
use tokio::time::{Interval, interval, timeout};

const MEMBERS: usize = 100;
const OBJECTS: [&str; 10] = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"];

/// Ten changes a second of each member.
const PERIOD: Duration = Duration::from_millis(100);

/// The longest that a member may wait for the last change, or to be let in.
const PATIENCE: Duration = Duration::from_mins(1);

#[test]
fn a_hundred_members_of_ten_objects_see_every_change_in_the_same_order_half_of_them_through_a_reordering_proxy()
 {
    let seconds = if env::var_os("ADIT_SOAK").is_some() {
        60
    } else {
        5
    };
    let seed = seed();
    say(&format!("{seconds} s: ADIT_SEED={seed}"));
    let server = AditServer::start(env!("CARGO_BIN_EXE_adit"));
    let changes = seconds * 10;
    let per_object = MEMBERS / OBJECTS.len();
    let wanted = per_object * usize::try_from(changes).unwrap();
    let began = Instant::now();
    let seen = runtime().block_on(async {
        let mut tasks = Vec::new();
        let barrier = std::sync::Arc::new(Barrier::new(MEMBERS));
        for number in 0..MEMBERS {
            let (address, barrier) = (server.address(), std::sync::Arc::clone(&barrier));
            let place = number / OBJECTS.len();
            let speaks = if place.is_multiple_of(3) {
                Speaks::Amf3
            } else {
                Speaks::Amf0
            };
            let object = OBJECTS[number % OBJECTS.len()];
            let slot = format!("member {number}");
            let seed = seed.wrapping_add(u64::try_from(number).unwrap());
            let member = Member::new(object, Persistence::Temporary, slot, speaks, seed);
            tasks.push(tokio::spawn(async move {
                // Connections of one address are let in at a rate.
                tokio::time::sleep(Duration::from_millis(40) * u32::try_from(number).unwrap())
                    .await;
                let line = if place.is_multiple_of(2) {
                    let proxy = HostileProxy::start(address, Mischief::Reorder, seed).await;
                    let tunnel = Tunnel::open(proxy.address(), 4).await.unwrap();
                    Line::Tunnel(Box::new(tunnel), proxy)
                } else {
                    Line::Socket(TcpStream::connect(address).await.unwrap())
                };
                let mut client = Client::new(member, line);
                client.until(Member::has_joined).await;
                barrier.wait().await;
                client.ticks = interval(PERIOD);
                for _ in 0..changes {
                    client.until_tick().await;
                    client.member.set();
                }
                client.until(|member| member.seen().len() >= wanted).await;
                client.finish();
                (object, client.member.seen().to_vec())
            }));
        }
        let mut seen = BTreeMap::<_, Vec<Vec<Change>>>::new();
        for task in tasks {
            let (object, changes) = task.await.unwrap();
            seen.entry(object).or_default().push(changes);
        }
        seen
    });
    for (object, members) in &seen {
        assert_eq!(members.len(), per_object);
        let first = &members[0];
        assert_eq!(first.len(), wanted, "object {object}");
        assert!(
            members.iter().all(|other| other == first),
            "object {object}"
        );
        // One step of the object each, and none left out.
        let versions: Vec<_> = first.iter().map(|change| change.version).collect();
        assert!(versions.windows(2).all(|pair| pair[1] == pair[0] + 1));
    }
    say(&format!(
        "{} changes seen by {per_object} members each, 0 lost, {:?}",
        wanted * OBJECTS.len(),
        began.elapsed()
    ));
    server.assert_sound();
}

#[test]
fn what_was_accepted_a_second_before_a_kill_is_there_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects");
    let mut last = 0;
    for round in 0..4 {
        let server = serve(&file);
        let accepted = runtime().block_on(async {
            let mut client = persistent_client(&server).await;
            let slot = |change: &Change| change.slot == "n";
            let found = client.member.seen().iter().find(|change| slot(change));
            let found = found.map_or(0, |change| change.value);
            assert!(found >= last, "round {round}: {found} after {last}");
            say(&format!(
                "round {round}: {found} is there, {last} had to be"
            ));
            client.member.go_on_from(found);
            let mut accepted = Vec::new();
            let began = Instant::now();
            client.ticks = interval(Duration::from_millis(10));
            while began.elapsed() < Duration::from_millis(1_900 + 130 * round) {
                client.until_tick().await;
                client.member.set();
                accepted.push((Instant::now(), client.member.accepted()));
            }
            accepted
        });
        let killed = Instant::now();
        drop(server);
        let before = accepted
            .iter()
            .filter(|(at, _)| killed.duration_since(*at) >= Duration::from_secs(1));
        last = before.map(|(_, number)| *number).max().unwrap();
        assert!(last > 0);
    }
}

#[test]
fn a_file_that_is_damaged_is_told_at_the_start_with_what_to_do() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("objects");
    std::fs::write(&file, "not what it should be ".repeat(1_000)).unwrap();
    let state = folder.path().join("state");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_adit"))
        .args(["serve", "--listen", "127.0.0.1:0", "--objects"])
        .arg(&file)
        .arg("--state-dir")
        .arg(state)
        .output()
        .unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{told}");
    assert!(
        told.contains("this is not a file of shared objects"),
        "{told}"
    );
    assert!(told.contains("move it away"), "{told}");
}

fn runtime() -> Runtime {
    Runtime::new().unwrap()
}

fn serve(file: &Path) -> AditServer {
    AditServer::start_with(env!("CARGO_BIN_EXE_adit"), |command| {
        command.arg("--objects").arg(file);
    })
}

/// A member of a persistent object, that has heard what there is.
async fn persistent_client(server: &AditServer) -> Client {
    let slot = "n".to_owned();
    let member = Member::new("kept", Persistence::Persistent, slot, Speaks::Amf0, 7);
    let socket = TcpStream::connect(server.address()).await.unwrap();
    let mut client = Client::new(member, Line::Socket(socket));
    client.until(Member::has_joined).await;
    client
}

/// A member and its way to the server.
struct Client {
    member: Member,
    line: Line,
    ticks: Interval,
    unsent: BytesMut,
}

enum Line {
    Socket(TcpStream),
    /// The proxy has no other guest, so that it delays requests of this one only.
    Tunnel(Box<Tunnel>, HostileProxy),
}

impl Client {
    fn new(member: Member, line: Line) -> Self {
        Self {
            member,
            line,
            ticks: interval(PERIOD),
            unsent: BytesMut::new(),
        }
    }

    /// Goes on until something holds of the member.
    async fn until(&mut self, holds: impl Fn(&Member) -> bool) {
        let began = Instant::now();
        while !holds(&self.member) {
            let seen = self.member.seen().len();
            assert!(began.elapsed() < PATIENCE, "{seen} changes seen");
            drop(timeout(PERIOD, self.turn()).await);
        }
    }

    /// Goes on until it is time for the next change.
    async fn until_tick(&mut self) {
        loop {
            let tick = timeout(Duration::ZERO, self.ticks.tick());
            if tick.await.is_ok() {
                return;
            }
            drop(timeout(self.ticks.period() / 4, self.turn()).await);
        }
    }

    /// Sends what there is and takes one answer. May be given up at any moment.
    async fn turn(&mut self) {
        let output = self.member.output();
        let input = match &mut self.line {
            Line::Socket(socket) => {
                self.unsent.extend_from_slice(&output);
                while !self.unsent.is_empty() {
                    socket.write_buf(&mut self.unsent).await.unwrap();
                }
                let mut buffer = BytesMut::with_capacity(16 * 1024);
                let count = socket.read_buf(&mut buffer).await.unwrap();
                assert!(count > 0, "the server has hung up");
                buffer.freeze()
            }
            Line::Tunnel(tunnel, _) => {
                if !output.is_empty() {
                    tunnel.send(output);
                }
                // Something has to be under way for the server to answer.
                if tunnel.has_room() {
                    tunnel.idle();
                }
                tunnel.answer().await.unwrap()
            }
        };
        self.member.feed(input).unwrap();
    }

    /// The proxy had nothing to complain about, and did its mischief.
    fn finish(&self) {
        if let Line::Tunnel(_, proxy) = &self.line {
            assert_eq!(proxy.complaints(), [""; 0]);
            assert!(proxy.mischief_done() > 0);
        }
    }
}
