use std::time::{Duration, Instant};

use super::super::look::{Server, Transport};
use super::*;

fn stream(name: &str, bits: u64, players: u64) -> Stream {
    Stream {
        application: "live".to_owned(),
        instance: "_definst_".to_owned(),
        name: name.to_owned(),
        live_seconds: Some(61),
        players,
        bits_per_second: Some(bits),
        ..Stream::default()
    }
}

fn look(streams: Vec<Stream>) -> Look {
    let mut server = Server {
        version: "1.2.3".to_owned(),
        ..Server::default()
    };
    let transport = Transport {
        connections: 3,
        received_bytes: 1_000_000,
        publishers: 1,
        players: 2,
        ..Transport::default()
    };
    server.transports.insert("rtmpt".to_owned(), transport);
    server
        .transports
        .insert("rtmps".to_owned(), Transport::default());
    Look {
        at: Instant::now(),
        server,
        total: streams.len(),
        streams,
    }
}

fn names(view: &mut View) -> Vec<String> {
    let lines = view.lines(200, 40);
    let streams = lines.iter().filter_map(|line| line.strip_prefix("live/"));
    streams
        .map(|line| line.split(' ').next().unwrap().to_owned())
        .collect()
}

#[test]
fn streams_are_ordered_by_what_keys_choose() {
    let mut view = View::default();
    view.take(look(vec![
        stream("a", 10, 5),
        stream("b", 30, 1),
        stream("c", 20, 9),
    ]));
    assert_eq!(names(&mut view), ["b", "c", "a"]);
    assert_eq!(view.press(Key::NextSort), Press::Heard);
    assert_eq!(names(&mut view), ["c", "a", "b"]);
    view.press(Key::Reverse);
    assert_eq!(names(&mut view), ["b", "a", "c"]);
    view.press(Key::Reverse);
    view.press(Key::SortBefore);
    view.press(Key::SortBefore);
    assert_eq!(names(&mut view), ["a", "b", "c"]);
    assert_eq!(view.press(Key::Quit), Press::Quit);
}

#[test]
fn what_does_not_fit_is_scrolled_to() {
    let mut view = View::default();
    let many = (0..100).map(|number| stream(&format!("s{number:02}"), 1, 1));
    view.take(look(many.collect()));
    let first = view.lines(80, 24);
    assert_eq!(first.len(), 24);
    assert!(
        first[23].starts_with("streams 1 to 17 of 100"),
        "{}",
        first[23]
    );
    for _ in 0..500 {
        view.press(Key::Down);
    }
    let last = view.lines(80, 24);
    assert!(last[22].starts_with("live/s99"), "{last:?}");
    // No key is lost at the end.
    view.press(Key::Up);
    assert!(view.lines(80, 24)[22].starts_with("live/s98"));
    // The smallest terminal shows something.
    assert_eq!(view.lines(10, 2).len(), 2);
}

#[test]
fn rates_are_those_between_two_looks_and_trouble_is_told() {
    let mut view = View::default();
    let before = look(Vec::new());
    let mut now = before.clone();
    now.at = before.at + Duration::from_secs(2);
    let transport = now.server.transports.get_mut("rtmpt").unwrap();
    transport.received_bytes += 500_000;
    view.take(before);
    view.take(now);
    let text = view.lines(usize::MAX, usize::MAX).join("\n");
    assert!(
        text.contains("adit 1.2.3") && text.contains("2.00 Mbit/s"),
        "{text}"
    );
    assert!(!text.contains("rtmps"), "nobody uses it: {text}");
    view.hear(Some(Err("it is gone".to_owned())));
    let text = view.lines(usize::MAX, usize::MAX).join("\n");
    assert!(
        text.contains("old: it is gone") && text.contains("2.00 Mbit/s"),
        "{text}"
    );
}
