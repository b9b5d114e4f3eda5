//! An application that lets in others than the rest: less and more than `[access]`, by every transport and every output.

use std::fs;
use std::net::SocketAddr;
use std::thread;
use std::time::Instant;

use adit_testkit::process::Process;
use adit_testkit::server::Transport;

use crate::matrix::{WEBSOCKET, get};
use crate::station::{
    ANY_KEY, MISSING, OWN_KEY, PATIENCE, Station, WRONG, check, outcome, signed, token,
};

/// `open` asks for nothing, `shut` lets nobody in, `own` has keys of its own and free play; the others are as `[access]` says. A rule goes
/// before all of that.
const DIFFERENT: &str = "
[server]
media = 'MEDIA'
[access]
publish = 'key'
play = 'key'
keys = 'KEYS'
signing_secrets = ['SECRET']
tokens.secret = 'SECRET'
[[access.rules]]
actions = ['publish', 'record']
app = 'shut'
stream = 'excepted*'
need = 'nothing'
[apps.open]
publish = 'anyone'
play = 'anyone'
[apps.shut]
publish = 'nobody'
play = 'nobody'
[apps.own]
play = 'anyone'
keys = 'OWNED'
";

/// What all of them begin with.
const SHUT: &str = "nobody may";
const NOBODY_PUBLISHES: &str =
    "nobody may publish to this application: apps.shut.publish = \"nobody\"";
const NOBODY_PLAYS: &str =
    "nobody may play anything of this application: apps.shut.play = \"nobody\"";

/// What is done where, with what, and what comes of it.
fn attempts() -> Vec<(&'static str, &'static str, String, Result<(), &'static str>)> {
    let (none, any) = (String::new, || format!("key={ANY_KEY}"));
    let own = || format!("key={OWN_KEY}");
    vec![
        ("publish", "open/test", none(), Ok(())),
        ("record", "open/test", none(), Ok(())),
        ("publish", "shut/test", none(), Err(NOBODY_PUBLISHES)),
        ("publish", "shut/test", any(), Err(NOBODY_PUBLISHES)),
        (
            "publish",
            "shut/test",
            token("publish", "shut/*", 600),
            Err(NOBODY_PUBLISHES),
        ),
        ("record", "shut/test", any(), Err(NOBODY_PUBLISHES)),
        ("record", "shut/excepted-2", none(), Ok(())),
        ("publish", "own/test", none(), Err(MISSING)),
        ("publish", "own/test", own(), Ok(())),
        ("record", "own/test", own(), Ok(())),
        ("publish", "own/test", any(), Ok(())),
        ("publish", "own/room/test", own(), Ok(())),
        ("publish", "live/test", own(), Err(WRONG)),
        ("publish", "live/test", none(), Err(MISSING)),
        ("publish", "live/test", any(), Ok(())),
        // Names that only look like theirs are others.
        ("publish", "opened/test", none(), Err(MISSING)),
        ("publish", "open/room/test", none(), Ok(())),
        ("play", "open/on-air", none(), Ok(())),
        ("play", "own/on-air", none(), Ok(())),
        ("play", "live/on-air", none(), Err(MISSING)),
        (
            "play",
            "live/on-air",
            signed("play", "live/on-air", 600),
            Ok(()),
        ),
        ("play", "shut/excepted", none(), Err(NOBODY_PLAYS)),
        (
            "play",
            "shut/excepted",
            signed("play", "shut/excepted", 600),
            Err(NOBODY_PLAYS),
        ),
    ]
}

#[test]
fn every_transport_of_rtmp_asks_for_what_the_application_asks_for() {
    for pair in Transport::ALL.chunks(2) {
        thread::scope(|scope| {
            for transport in pair {
                scope.spawn(|| check_rtmp(*transport));
            }
        });
    }
}

fn check_rtmp(transport: Transport) {
    let station = Station::open(DIFFERENT);
    let _on_air = all_on_air(&station);
    for (verb, path, query, expected) in attempts() {
        let path = if query.is_empty() {
            path.to_owned()
        } else {
            format!("{path}?{query}")
        };
        let url = station.url(transport, "", &path);
        let mut command = match verb {
            "play" => {
                let mut command = station.command(&["play"], &url);
                command.args(["--duration", "200ms", "--wait", "20s", "--retry", "none"]);
                command
            }
            _ => station.publisher(&url, "200ms"),
        };
        if verb == "record" {
            command.args(["--as", "record"]);
        }
        let said = outcome(&mut command);
        check(
            said,
            expected,
            &format!("{verb} {transport:?} {path}"),
            &station,
        );
    }
    station.server.assert_sound();
}

/// A stream of each application.
fn all_on_air(station: &Station) -> Vec<Process> {
    let any = format!("?key={ANY_KEY}");
    let streams = [
        ("open/on-air", ""),
        ("own/on-air", &*any),
        ("live/on-air", &any),
        ("shut/excepted", ""),
    ];
    let publishers = streams.map(|(path, query)| {
        let url = station.url(Transport::Rtmp, "", &format!("{path}{query}"));
        Process::start("publisher", &mut station.publisher(&url, "30m"))
    });
    let begun = Instant::now();
    while station.server.log().matches("publish started").count() < publishers.len() {
        assert!(begun.elapsed() < PATIENCE, "{}", station.server.log());
        thread::yield_now();
    }
    publishers.into()
}

#[test]
fn every_output_of_http_and_every_list_asks_for_what_the_application_asks_for() {
    let station = Station::open(DIFFERENT);
    let address = station.server.address();
    let _on_air = all_on_air(&station);
    let nothing = |_: &str| String::new();
    let right = |place: &str| signed("play", place, 600);
    for (place, shown, expected) in [
        ("open/on-air", nothing as fn(&str) -> String, 200),
        ("own/on-air", nothing, 200),
        ("live/on-air", nothing, 401),
        ("live/on-air", right, 200),
        ("shut/excepted", nothing, 403),
        ("shut/excepted", right, 403),
        // Whether it is there is nobody's business who may not play it.
        ("shut/absent", nothing, 403),
        ("live/absent", nothing, 401),
        ("own/absent", nothing, 404),
    ] {
        let query = shown(place);
        for (output, fields) in [(".flv", ""), (".flv", WEBSOCKET), ("/index.m3u8", "")] {
            let path = format!("{place}{output}?{query}");
            let status = settled(address, &path, fields);
            // What upgrades is not OK, but switching protocols.
            let status = if status == 101 { 200 } else { status };
            assert_eq!(
                status,
                expected,
                "{path} {fields}\n{}",
                station.server.log()
            );
        }
    }
    for (query, expected) in [
        (String::new(), &["open/on-air", "own/on-air"][..]),
        (
            token("play", "live/*", 600),
            &["live/on-air", "open/on-air", "own/on-air"],
        ),
        (token("play", "shut/*", 600), &["open/on-air", "own/on-air"]),
    ] {
        let (_, answer) = get(address, &format!("streams.json?{query}"), "");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let list: serde_json::Value = serde_json::from_str(body).unwrap();
        let streams = list["streams"].as_array().unwrap().iter();
        let mut places: Vec<_> = streams.map(|it| it["path"].as_str().unwrap()).collect();
        places.sort_unstable();
        assert_eq!(places, expected, "{query}");
    }
    station.server.assert_sound();
}

/// The status, once a stream that is packaged has something to show.
fn settled(server: SocketAddr, path: &str, fields: &str) -> u16 {
    let begun = Instant::now();
    loop {
        let (status, text) = get(server, path, fields);
        if status != 503 {
            return status;
        }
        assert!(begun.elapsed() < PATIENCE, "{text}");
    }
}

#[test]
fn a_reload_changes_who_publishes_to_an_application_and_cuts_nobody_off() {
    let rest = "[access]\npublish = 'anyone'\n[apps.live]\npublish = ";
    let station = Station::open(&format!("{rest}'anyone'\n"));
    let url = station.url(Transport::Rtmp, "", "live/first");
    let first = Process::start("publisher", &mut station.publisher(&url, "30m"));
    station.server.log_line("publish started", PATIENCE);
    fs::write(station.file("adit.toml"), format!("{rest}'nobody'\n")).unwrap();
    station
        .server
        .log_line("was read again changed=apps.live.publish", PATIENCE);
    for (path, expected) in [("live/second", Err(SHUT)), ("other/second", Ok(()))] {
        let url = station.url(Transport::Rtmp, "", path);
        let said = outcome(&mut station.publisher(&url, "200ms"));
        check(said, expected, path, &station);
    }
    assert!(!first.has_ended(), "{}", first.stderr());
    let (_, list) = get(station.server.address(), "streams.json", "");
    assert!(list.contains("\"first\""), "{list}");
    station.server.assert_sound();
}

#[test]
fn one_application_that_takes_a_key_has_the_first_one_made() {
    let start = |config: &str| Station::open(&format!("[access]\npublish = 'anyone'\n{config}"));
    let key_file = |station: &Station| {
        let certificate = station.server.certificate();
        let state = certificate.ancestors().nth(2).unwrap();
        state.join("publish-key")
    };
    let station = start("[apps.closed]\npublish = 'key'\n");
    let key = station.server.printed("    test?key=");
    assert!(key_file(&station).exists());
    for (path, expected) in [
        ("open/test".to_owned(), Ok(())),
        ("closed/test".to_owned(), Err(MISSING)),
        (format!("closed/test?key={key}"), Ok(())),
    ] {
        let url = station.url(Transport::Rtmp, "", &path);
        let said = outcome(&mut station.publisher(&url, "200ms"));
        check(said, expected, &path, &station);
    }
    let with_own = start("[apps.own]\npublish = 'key'\nkeys = 'OWNED'\n");
    assert!(!key_file(&with_own).exists());
}
