use std::net::SocketAddr;
use std::time::Instant;

use adit_broker::StreamKey;
use tokio_util::sync::CancellationToken;

use super::{Refused, Viewers, Wish};
use crate::control::{ConnectionSnapshot, Connections, Events, Way};
use crate::limits::outputs::HLS_VIEWER_GONE;
use crate::outputs::stats::OutputStats;
use crate::outputs::testing::watcher;

struct Stage {
    connections: Connections,
    viewers: Viewers,
    now: Instant,
}

impl Stage {
    fn new() -> Self {
        Self {
            viewers: Viewers::new(OutputStats::default()),
            connections: Connections::new(Events::default(), CancellationToken::new()),
            now: Instant::now(),
        }
    }

    fn asks(&self, peer: &str) -> Result<(), Refused> {
        self.asks_for(Wish::GoOn, peer)
    }

    fn asks_for(&self, wish: Wish, peer: &str) -> Result<(), Refused> {
        let key = StreamKey::new("", "live", "_definst_", "cam").unwrap();
        let address: SocketAddr = peer.parse().unwrap();
        self.viewers.asks(self.now, address.ip(), wish, || {
            watcher(&self.connections, Way::Hls, peer, &key)
        })
    }

    fn listed(&self) -> Vec<ConnectionSnapshot> {
        self.connections.snapshots()
    }
}

#[test]
fn all_that_comes_from_one_address_is_one_viewer() {
    let stage = Stage::new();
    for peer in ["192.0.2.1:1000", "192.0.2.1:1001", "192.0.2.2:1000"] {
        stage.asks(peer).unwrap();
        let peer: SocketAddr = peer.parse().unwrap();
        stage.viewers.gets(stage.now, peer.ip(), 100, None);
    }
    let sent: Vec<_> = stage
        .listed()
        .iter()
        .map(|it| (it.origin.way, it.counts.sent_bytes))
        .collect();
    assert_eq!(sent, [(Way::Hls, 200), (Way::Hls, 100)]);
    let listed = &stage.listed()[0];
    assert_eq!(listed.program.as_deref(), Some("a player"));
    assert_eq!(listed.uses[0].stream.name(), "cam");
}

#[test]
fn whoever_asks_for_nothing_for_a_while_is_gone_and_not_before() {
    let mut stage = Stage::new();
    stage.asks("192.0.2.1:1").unwrap();
    stage.now += HLS_VIEWER_GONE / 2;
    stage.asks("192.0.2.2:1").unwrap();
    stage.now += HLS_VIEWER_GONE.mul_f64(0.49);
    stage.viewers.sweep(stage.now);
    assert_eq!(stage.listed().len(), 2);
    stage.now += HLS_VIEWER_GONE.mul_f64(0.02);
    stage.viewers.sweep(stage.now);
    assert_eq!(stage.listed().len(), 1, "the other one was there later");
}

#[test]
fn who_is_told_to_go_gets_nothing_until_he_begins_again_or_was_gone() {
    let mut stage = Stage::new();
    let peer = "192.0.2.1:1";
    let kick = |stage: &Stage| {
        let id = stage.listed()[0].id;
        assert!(stage.connections.kick(id, "enough"));
        stage.viewers.sweep(stage.now);
        assert!(stage.listed().is_empty(), "not listed any more");
        assert_eq!(stage.asks(peer), Err(Refused));
    };
    stage.asks(peer).unwrap();
    kick(&stage);
    assert_eq!(stage.asks_for(Wish::Begin, peer), Ok(()));
    assert_eq!(stage.asks(peer), Ok(()));
    kick(&stage);
    stage.now += HLS_VIEWER_GONE;
    stage.viewers.sweep(stage.now);
    assert_eq!(stage.asks(peer), Ok(()));
}

#[test]
fn where_nobody_is_let_in_any_more_those_who_watch_go_on() {
    let stage = Stage::new();
    let (there, other) = ("192.0.2.1:1", "192.0.2.2:1");
    stage.asks_for(Wish::Begin, there).unwrap();
    assert_eq!(stage.asks_for(Wish::Stay, there), Ok(()));
    assert_eq!(stage.asks_for(Wish::Stay, other), Err(Refused));
    assert_eq!(stage.listed().len(), 1);
}
