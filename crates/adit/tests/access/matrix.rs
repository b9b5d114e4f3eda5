//! Every output, every verb, and whatever may be shown for it: nothing, what is wrong, what has expired, what is for something else,
//! and what is right.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::thread;
use std::time::Instant;

use adit_testkit::process::Process;
use adit_testkit::server::Transport;

use crate::station::{
    ANY_KEY, ASKED, EXPIRED, KEY, MISSING, PATIENCE, Station, WRONG, WRONG_LOGIN, check, outcome,
    signed, token,
};

/// All takes a proof; to connect that of an application of its own, and to have recorded where publishing takes none.
const STRICT: &str = "
[server]
media = 'MEDIA'
[access]
publish = 'key'
play = 'key'
keys = 'KEYS'
signing_secrets = ['SECRET']
tokens.secret = 'SECRET'
[[access.rules]]
actions = ['connect']
app = 'closed'
need = 'proof'
[[access.rules]]
actions = ['publish']
app = 'tape'
need = 'nothing'
[[access.rules]]
actions = ['publish']
app = 'cameras'
need = 'proof'
by = ['key']
";

/// Encoders that show nothing else are asked to log in then.
const LOGINS: &str = "
[encoders]
users = 'USERS'
";

/// What is wrong, always the same so that it counts as one guess.
const WRONG_TOKEN: &str = "token=abcdefgh";
const WRONG_KEY: &str = "key=wrong-key-1";
const WRONG_SIGNATURE: &str =
    "expires=4000000000&signature=00000000000000000000000000000000000000000000000000000000000000ff";
const LOGIN: &str = "cam:s3cret-one";
const BAD_LOGIN: &str = "cam:s3cret-two";

/// What somebody shows, by RTMP in the address and by HTTP there or in a field.
#[derive(Debug)]
struct Shown {
    login: &'static str,
    query: String,
}

fn query(query: impl Into<String>) -> Shown {
    Shown {
        login: "",
        query: query.into(),
    }
}

fn login(login: &'static str) -> Shown {
    Shown {
        login,
        query: String::new(),
    }
}

/// What may be shown for doing `verb` at `place`, and what comes of it.
fn proofs(verb: &str, place: &str) -> Vec<(Shown, Result<(), &'static str>)> {
    let action = if verb == "record" { "publish" } else { verb };
    let other = if action == "play" { "publish" } else { "play" };
    // A place that is only an application has no streams that a token could name.
    let streams = if place.contains('/') {
        place.to_owned()
    } else {
        format!("{place}/*")
    };
    let key = if verb == "play" {
        // A key to publish with is none to play with.
        Err(MISSING)
    } else {
        Ok(())
    };
    // A token for anything in an application lets connect to it.
    let for_else = if verb == "connect" {
        Ok(())
    } else {
        Err(WRONG)
    };
    vec![
        (query(""), Err(MISSING)),
        (query(WRONG_TOKEN), Err(WRONG)),
        (query(WRONG_SIGNATURE), Err(WRONG)),
        (query(signed(action, place, -60)), Err(EXPIRED)),
        (query(token(action, &streams, -60)), Err(EXPIRED)),
        (query(signed(action, "live/elsewhere", 600)), Err(WRONG)),
        (query(token(action, "live/elsewhere", 600)), Err(WRONG)),
        (query(token(other, &streams, 600)), for_else),
        (query(format!("key={ANY_KEY}")), key),
        (query(signed(action, place, 600)), Ok(())),
        (query(token(action, &streams, 600)), Ok(())),
    ]
}

/// What is done, and where.
const VERBS: [(&str, &str); 4] = [
    ("connect", "closed"),
    ("publish", "live/test"),
    ("play", "live/on-air"),
    ("record", "tape/test"),
];

#[test]
fn every_transport_of_rtmp_asks_for_the_same_to_connect_publish_play_and_record() {
    for (verb, place) in VERBS {
        // Two at a time.
        for pair in Transport::ALL.chunks(2) {
            thread::scope(|scope| {
                for transport in pair {
                    scope.spawn(|| check_rtmp(*transport, verb, place));
                }
            });
        }
    }
}

/// On a server of its own, for what is wrong is counted by address.
fn check_rtmp(transport: Transport, verb: &str, place: &str) {
    let station = Station::open(STRICT);
    let by_key = format!("live/on-air?key={ANY_KEY}");
    let _publisher = (verb == "play").then(|| on_air(&station, "", &by_key));
    let tries = |shown: &Shown, expected| {
        let said = attempt(&station, (verb, transport), place, shown);
        let what = format!("{verb} {transport:?} {shown:?}");
        check(said, expected, &what, &station);
    };
    for (shown, expected) in proofs(verb, place) {
        tries(&shown, expected);
    }
    if verb != "play" {
        tries(&query(WRONG_KEY), Err(WRONG));
    }
    assert_silent(&station, &[ANY_KEY, "wrong-key-1", "signature="]);
    if matches!(verb, "publish" | "record") {
        check_login(transport, verb, place);
    }
}

/// Where encoders are asked to log in, what else they have does in place of it.
fn check_login(transport: Transport, verb: &str, place: &str) {
    let station = Station::open(&format!("{LOGINS}{STRICT}"));
    let logins = [
        (login(LOGIN), Ok(())),
        (login(BAD_LOGIN), Err(WRONG_LOGIN)),
        (query(""), Err(ASKED)),
    ];
    let others = [
        (query(WRONG_KEY), Err(WRONG)),
        (query(format!("key={ANY_KEY}")), Ok(())),
        (query(signed("publish", place, 600)), Ok(())),
        (query(token("publish", place, -60)), Err(EXPIRED)),
    ];
    for (shown, expected) in logins.into_iter().chain(others) {
        let said = attempt(&station, (verb, transport), place, &shown);
        let what = format!("{verb} {transport:?} {shown:?} with logins");
        check(said, expected, &what, &station);
    }
    // Nobody is asked where a login would not do.
    let by_key = query(format!("key={ANY_KEY}"));
    for (shown, expected) in [(login(LOGIN), Err(MISSING)), (by_key, Ok(()))] {
        let said = attempt(&station, ("publish", transport), "cameras/test", &shown);
        let what = format!("{transport:?} {shown:?} where keys alone count");
        check(said, expected, &what, &station);
    }
    assert_silent(&station, &["s3cret", ANY_KEY]);
}

/// Publishes `live/on-air`.
fn on_air(station: &Station, login: &str, path: &str) -> Process {
    let url = station.url(Transport::Rtmp, login, path);
    let publisher = Process::start("publisher", &mut station.publisher(&url, "30m"));
    station.server.log_line("publish started", PATIENCE);
    publisher
}

#[test]
fn a_key_stands_for_the_name_it_is_for_and_is_seen_nowhere() {
    for transport in Transport::ALL {
        let station = Station::open(STRICT);
        for (path, expected) in [
            (format!("live/{KEY}"), Ok(())),
            (format!("live/studio?key={KEY}"), Ok(())),
            (format!("live/other?key={KEY}"), Err(WRONG)),
            (format!("other/{KEY}"), Err(WRONG)),
        ] {
            let url = station.url(transport, "", &path);
            let said = outcome(&mut station.publisher(&url, "200ms"));
            check(said, expected, &format!("{transport:?} {path}"), &station);
        }
        assert!(station.server.log().contains("studio"));
        assert_silent(&station, &[KEY]);
    }
}

/// Nothing that is secret stands in the log.
fn assert_silent(station: &Station, secrets: &[&str]) {
    let log = station.server.log();
    for secret in secrets {
        assert!(!log.contains(secret), "{secret} in {log}");
    }
    station.server.assert_sound();
}

/// How it ended that somebody tried to do this.
fn attempt(
    station: &Station,
    (verb, transport): (&str, Transport),
    place: &str,
    shown: &Shown,
) -> (bool, String) {
    let query = match shown.query.as_str() {
        "" => String::new(),
        query => format!("?{query}"),
    };
    let url = station.url(transport, shown.login, &format!("{place}{query}"));
    let mut command = match verb {
        "connect" => {
            let mut command = station.command(&["call", "--no-answer"], &url);
            command.arg("nothing");
            command
        }
        "play" => {
            let mut command = station.command(&["play"], &url);
            command.args(["--duration", "200ms", "--wait", "20s", "--retry", "none"]);
            command
        }
        _ => {
            let mut command = station.publisher(&url, "200ms");
            if verb == "record" {
                command.args(["--as", "record"]);
            }
            command
        }
    };
    outcome(&mut command)
}

/// The head of an answer, and what came with it; all of it where it ends.
pub(crate) fn get(server: SocketAddr, path: &str, fields: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    let is_whole = |answer: &[u8]| {
        let text = String::from_utf8_lossy(answer);
        let (head, body) = text.split_once("\r\n\r\n")?;
        let head = head.to_ascii_lowercase();
        let length = head
            .lines()
            .find_map(|line| line.strip_prefix("content-length: "));
        let is_text = head.contains("mpegurl") || head.contains("json") || head.contains("plain");
        Some(!is_text || length.is_some_and(|length| body.len() >= length.parse().unwrap()))
    };
    while is_whole(&answer) != Some(true) {
        let count = socket.read(&mut part).unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..count]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    (text.split(' ').nth(1).unwrap().parse().unwrap(), text)
}

pub(crate) const WEBSOCKET: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn every_output_of_http_asks_for_the_same_as_rtmp() {
    let station = Station::open(&format!("{LOGINS}{STRICT}"));
    let address = station.server.address();
    let _publisher = on_air(&station, LOGIN, "live/on-air");
    let right = token("play", "live/*", 600);
    let media = playlist(address, &right);
    let address_in = |tag: &str| {
        let line = media.lines().find(|line| line.starts_with(tag)).unwrap();
        let uri = line
            .split("URI=\"")
            .nth(1)
            .unwrap()
            .split('"')
            .next()
            .unwrap();
        uri.split('?').next().unwrap().to_owned()
    };
    let segment = media
        .lines()
        .find(|line| line.contains(".m4s?") && !line.starts_with('#'));
    let segment = segment.unwrap().split('?').next().unwrap().to_owned();
    let outputs = [
        ("live/on-air.flv".to_owned(), "", 200),
        ("live/on-air.flv".to_owned(), WEBSOCKET, 101),
        ("live/on-air/index.m3u8".to_owned(), "", 200),
        ("live/on-air/media.m3u8".to_owned(), "", 200),
        (format!("live/on-air/{}", address_in("#EXT-X-MAP")), "", 200),
        (format!("live/on-air/{segment}"), "", 200),
        (
            format!("live/on-air/{}", address_in("#EXT-X-PART:")),
            "",
            200,
        ),
    ];
    for (query, field, is_right) in http_proofs() {
        for (path, upgrade, yes) in &outputs {
            let fields = format!("{field}{upgrade}");
            let (status, said) = get(address, &format!("{path}?{query}"), &fields);
            let expected = if is_right { *yes } else { 401 };
            assert_eq!(status, expected, "{path} {upgrade} {query} {field}: {said}");
            assert_eq!(
                status == 401,
                said.to_lowercase().contains("www-authenticate:"),
                "{said}"
            );
        }
        let (status, list) = get(address, &format!("streams.json?{query}"), &field);
        assert_eq!(status, 200);
        assert_eq!(list.contains("on-air"), is_right, "{query} {field}: {list}");
        // Whether it is there is nobody's business who may not play it.
        if !is_right {
            for path in ["live/absent.flv", "live/absent/index.m3u8"] {
                let (status, _) = get(address, &format!("{path}?{query}"), &field);
                assert_eq!(status, 401, "{path} {query} {field}");
            }
        }
    }
    station.server.assert_sound();
}

/// A query and a field, and whether they let see `live/on-air`.
fn http_proofs() -> Vec<(String, String, bool)> {
    let place = "live/on-air";
    let bearer = |query: String| format!("Authorization: Bearer {}\r\n", &query["token=".len()..]);
    let basic = |login: &str| {
        let mut command = std::process::Command::new("sh");
        command.args(["-c", "printf %s \"$1\" | openssl base64 -A", "sh", login]);
        let coded = String::from_utf8(command.output().unwrap().stdout).unwrap();
        format!("Authorization: Basic {coded}\r\n")
    };
    let none = String::new;
    let mut all: Vec<_> = proofs("play", place)
        .into_iter()
        .map(|(shown, expected)| (shown.query, none(), expected.is_ok()))
        .collect();
    all.extend([
        (none(), bearer(WRONG_TOKEN.to_owned()), false),
        (none(), bearer(token("play", place, -60)), false),
        (none(), bearer(token("publish", place, 600)), false),
        (none(), bearer(token("play", place, 600)), true),
        (none(), basic(BAD_LOGIN), false),
        (none(), basic("nobody:s3cret-one"), false),
        (none(), basic(LOGIN), true),
        (WRONG_TOKEN.to_owned(), basic(LOGIN), true),
    ]);
    all
}

/// The playlist of segments, once there are some.
fn playlist(server: SocketAddr, query: &str) -> String {
    let begun = Instant::now();
    loop {
        let (status, text) = get(server, &format!("live/on-air/media.m3u8?{query}"), "");
        if status == 200 && text.contains("#EXTINF") {
            return text;
        }
        let is_soon = status == 503 || status == 200;
        assert!(is_soon && begun.elapsed() < PATIENCE, "{text}");
    }
}

#[test]
fn a_visitor_sees_in_the_list_what_he_may_play_unless_a_rule_says_otherwise() {
    let hidden = "
[[access.rules]]
actions = ['list']
stream = 'hidden'
need = 'refused'
[[access.rules]]
actions = ['list']
stream = 'known'
need = 'nothing'
";
    let station = Station::open(&format!("{STRICT}{hidden}"));
    let address = station.server.address();
    let begun = Instant::now();
    let mut publishers = Vec::new();
    for (count, name) in ["hidden", "known", "one", "two"].into_iter().enumerate() {
        let path = format!("live/{name}?key={ANY_KEY}");
        let url = station.url(Transport::Rtmp, "", &path);
        publishers.push(Process::start(
            "publisher",
            &mut station.publisher(&url, "30m"),
        ));
        while station.server.log().matches("publish started").count() <= count {
            assert!(begun.elapsed() < PATIENCE, "{}", station.server.log());
            thread::yield_now();
        }
    }
    let all = token("play", "live/*", 600);
    for (query, expected) in [
        (String::new(), &["known"][..]),
        (WRONG_TOKEN.to_owned(), &["known"]),
        (token("play", "live/one", 600), &["known", "one"]),
        (signed("play", "live/two", 600), &["known", "two"]),
        (token("play", "live/hidden", 600), &["known"]),
        (token("play", "other/*", 600), &["known"]),
        (all.clone(), &["known", "one", "two"]),
    ] {
        let (_, answer) = get(address, &format!("streams.json?{query}"), "");
        let (_, body) = answer.split_once("\r\n\r\n").unwrap();
        let list: serde_json::Value = serde_json::from_str(body).unwrap();
        let names = list["streams"].as_array().unwrap().iter();
        let names: Vec<_> = names.map(|it| it["name"].as_str().unwrap()).collect();
        assert_eq!(names, expected, "{query}");
    }
    // A token that is right for one stream is no guess at the others, however many come with one from the same address.
    for count in 0..12 {
        let query = token("play", "live/one", 600 + count);
        let (_, list) = get(address, &format!("streams.json?{query}"), "");
        assert!(list.contains("\"one\""), "{list}");
    }
    assert_eq!(get(address, &format!("live/one.flv?{all}"), "").0, 200);
    // What no list shows is played all the same by who knows of it.
    assert_eq!(get(address, &format!("live/hidden.flv?{all}"), "").0, 200);
    station.server.assert_sound();
}
