use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::{Broker, BrokerConfig, Publication, PublisherInfo, StreamKey};
use adit_net::http::NotFound;
use tokio_util::sync::CancellationToken;

use super::None;
use crate::access::Access;
use crate::config::ServerConfig;
use crate::control::{Connections, Events, Phase};
use crate::mirror::Mirrors;
use crate::outputs::{Outputs, Parts};
use crate::relays::{self, Relays};
use crate::settings::Live;

fn outputs(broker: &Broker, streams: usize, idle: Duration) -> (Outputs, CancellationToken) {
    let mut config = ServerConfig::default();
    config.outputs.hls.streams = streams;
    config.outputs.hls.idle = idle;
    let access = Access::new(config.access.clone());
    let phase = Arc::<Phase>::default();
    let stop = phase.stop().clone();
    let live = Live::new(&config, access);
    let relays = Relays::new(relays::Parts {
        broker: broker.clone(),
        events: Events::default(),
        live: live.clone(),
        recordings: None,
        mirrors: Mirrors::default(),
        stop: stop.clone(),
    });
    let outputs = Outputs::new(Parts {
        live,
        broker: broker.clone(),
        connections: Connections::new(Events::default(), stop.clone()),
        relays,
        phase,
        next: Arc::new(NotFound),
    });
    (outputs, stop)
}

fn key(name: &str) -> StreamKey {
    StreamKey::new("", "live", "_definst_", name).unwrap()
}

fn publish(broker: &Broker, name: &str) -> Publication {
    let publisher = PublisherInfo::new("1", "here");
    broker
        .publish(key(name), publisher, Instant::now())
        .unwrap()
}

#[tokio::test]
async fn as_many_streams_are_packaged_as_may_be_and_not_one_more() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, stop) = outputs(&broker, 2, Duration::from_mins(1));
    let _publications = ["a", "b", "c"].map(|name| publish(&broker, name));
    let stream = |name: &str, begins| outputs.0.hls.stream(&outputs.0, &key(name), begins);
    assert_eq!(
        stream("a", false).err(),
        Some(None::NotLive),
        "a segment begins nothing"
    );
    assert_eq!(stream("none", true).err(), Some(None::NotLive));
    for name in ["a", "b", "a", "b"] {
        assert!(stream(name, true).is_ok(), "{name}");
    }
    assert!(stream("a", false).is_ok());
    assert_eq!(stream("c", true).err(), Some(None::TooMany));
    let refused = outputs
        .stats()
        .limits()
        .find(|(key, _)| *key == "hls.streams");
    assert_eq!(refused.unwrap().1, 1);
    stop.cancel();
    outputs.drained().await;
    assert_eq!(outputs.0.hls.len(), 0, "nothing is left");
    assert!(broker.streams().iter().all(|stream| stream.readers == 0));
}

#[tokio::test]
async fn what_nobody_asks_for_is_packaged_no_more() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, _stop) = outputs(&broker, 2, Duration::from_millis(1));
    let _publication = publish(&broker, "a");
    let stream = outputs.0.hls.stream(&outputs.0, &key("a"), true).unwrap();
    let mut changes = stream.changes();
    let ended = changes.wait_for(|_| stream.window().ended);
    tokio::time::timeout(Duration::from_secs(10), ended)
        .await
        .unwrap()
        .unwrap();
    while outputs.0.hls.len() > 0 {
        tokio::task::yield_now().await;
    }
    assert!(outputs.0.hls.stream(&outputs.0, &key("a"), false).is_err());
}

#[tokio::test]
async fn a_stream_that_has_ended_is_there_for_a_while_and_another_one_takes_its_place() {
    let broker = Broker::new(BrokerConfig::default());
    let (outputs, _stop) = outputs(&broker, 2, Duration::from_mins(1));
    let publication = publish(&broker, "a");
    let first = outputs.0.hls.stream(&outputs.0, &key("a"), true).unwrap();
    drop(publication);
    let mut changes = first.changes();
    drop(changes.wait_for(|_| first.window().ended).await.unwrap());
    let again = outputs.0.hls.stream(&outputs.0, &key("a"), true).unwrap();
    assert!(
        Arc::ptr_eq(&first, &again),
        "what is left of it is still played"
    );
    let _publication = publish(&broker, "a");
    let segment = outputs.0.hls.stream(&outputs.0, &key("a"), false).unwrap();
    assert!(Arc::ptr_eq(&first, &segment));
    let second = outputs.0.hls.stream(&outputs.0, &key("a"), true).unwrap();
    assert!(!Arc::ptr_eq(&first, &second));
}
