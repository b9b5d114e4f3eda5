//! Tests: what the page lists, and where its files are.

use super::{LISTED_STREAMS, file, list, path};
use adit_broker::{Broker, BrokerConfig, PublisherInfo, StreamKey, SubscribeOptions};
use adit_net::http::{HeaderMap, StatusCode};
use adit_rtmp::command::DEFAULT_INSTANCE;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};

fn key(application: &str, instance: &str, name: &str) -> StreamKey {
    StreamKey::new("", application, instance, name).unwrap()
}

/// What is listed of these live streams for a visitor who may see those that `may_see` says.
fn listed(keys: &[StreamKey], may_see: impl Fn(&StreamKey) -> bool) -> Vec<Value> {
    let broker = Broker::new(BrokerConfig::default());
    let began = Instant::now();
    let publisher = PublisherInfo::new("1", "192.0.2.7");
    let publications: Vec<_> = keys
        .iter()
        .map(|key| broker.publish(key.clone(), publisher.clone(), began))
        .collect();
    // Somebody waits for a stream that nobody publishes.
    let waiting = broker.subscribe(
        key("live", DEFAULT_INSTANCE, "none"),
        SubscribeOptions::default(),
    );
    let now = began + Duration::from_millis(1500);
    // Two watch the first of them, and what relays or records it is no viewer.
    let players: HashMap<_, _> = keys
        .first()
        .map(|key| (key.clone(), 2))
        .into_iter()
        .collect();
    let relay = keys
        .first()
        .map(|key| broker.subscribe(key.clone(), SubscribeOptions::default()));
    let response = list(&broker.streams(), &players, &["flv"], may_see, now);
    drop((publications, waiting, relay));
    assert_eq!(response.headers()["content-type"], "application/json");
    let body: Value = serde_json::from_slice(response.body()).unwrap();
    assert_eq!(body["outputs"], json!(["flv"]));
    body["streams"].as_array().unwrap().clone()
}

#[test]
fn live_streams_are_listed_with_the_paths_of_their_outputs() {
    let keys = [
        key("live", "room 1", "b/c"),
        key("live", DEFAULT_INSTANCE, "a"),
    ];
    let streams = listed(&keys, |_| true);
    assert_eq!(
        streams,
        [
            json!({"path": "live/a", "application": "live", "name": "a", "publication": 2, "since_ms": 1500, "viewers": 0}),
            json!({"path": "live/room%201/b/c", "application": "live", "instance": "room 1", "name": "b/c", "publication": 1, "since_ms": 1500, "viewers": 2}),
        ]
    );
}

#[test]
fn what_a_visitor_may_not_see_is_not_listed() {
    let keys = ["open", "secret"].map(|name| key("live", DEFAULT_INSTANCE, name));
    let streams = listed(&keys, |key| key.name() == "open");
    assert_eq!(streams.len(), 1);
    assert_eq!(streams[0]["name"], "open");
    assert!(listed(&keys, |_| false).is_empty());
}

#[test]
fn a_stream_that_no_address_leads_to_is_not_listed() {
    let keys =
        ["..", ".", "a//b", "a/../b", "...", "a.b"].map(|name| key("live", DEFAULT_INSTANCE, name));
    let streams = listed(&keys, |_| true);
    let names: Vec<_> = streams.iter().map(|stream| &stream["name"]).collect();
    assert_eq!(names, ["...", "a.b"]);
}

#[test]
fn as_many_streams_are_listed_as_allowed_and_not_one_more() {
    for (live, shown) in [
        (LISTED_STREAMS, LISTED_STREAMS),
        (LISTED_STREAMS + 1, LISTED_STREAMS),
    ] {
        let keys: Vec<_> = (0..live)
            .map(|number| key("live", DEFAULT_INSTANCE, &number.to_string()))
            .collect();
        assert_eq!(listed(&keys, |_| true).len(), shown);
    }
}

#[test]
fn a_path_needs_no_more_escaping_whatever_the_name_is() {
    for (name, expected) in [
        ("camera-1_a.b~c", "live/camera-1_a.b~c"),
        (
            "<img src=x onerror=alert(1)>",
            "live/%3Cimg%20src%3Dx%20onerror%3Dalert%281%29%3E",
        ),
        ("a?b#c%d\\e\"f", "live/a%3Fb%23c%25d%5Ce%22f"),
        ("ü", "live/%C3%BC"),
        ("javascript:x", "live/javascript%3Ax"),
    ] {
        assert_eq!(path(&key("live", DEFAULT_INSTANCE, name)), expected);
    }
}

#[test]
fn the_page_and_its_files_are_found_and_those_of_the_console_are_not() {
    for (path, is_found) in [
        ("/", true),
        ("/connection-test", true),
        ("/_adit/page/page.js", true),
        ("/_adit/shared/player.js", true),
        ("/_adit/vendor/mpegts.js", true),
        ("/_adit/console/console.js", false),
        ("/_adit/console/index.html", false),
        ("/_adit/", false),
        ("/_adit/README.md", false),
        ("/index.html", false),
        ("/page/page.js", false),
    ] {
        let response = file(path, &HeaderMap::new());
        assert_eq!(
            response.is_some_and(|it| it.status() == StatusCode::OK),
            is_found,
            "{path}"
        );
    }
}
