//! Who may publish and play at `adit serve`, by every transport, with nothing, something wrong, something that has expired, and
//! something that is right.
#![cfg(test)]

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;
use std::time::Duration;

use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

const KEY: &str = "5f3a61c09be84d5a";
const SECRET: &str = "0123456789abcdef0123456789abcdef";

/// As in `docs/access.md`: how anyone signs an address, and makes a token.
const SIGN: &str = r#"
e=$(($(date +%s) + SECONDS_FROM_NOW))
s=$(printf "$ACTION\n/$PLACE\n$e" | openssl dgst -sha256 -hmac "$SECRET" -r | cut -d' ' -f1)
printf "expires=$e&signature=$s"
"#;
const TOKEN: &str = r#"
b64() { openssl base64 -A | tr '+/' '-_' | tr -d '='; }
h=$(printf '{"alg":"HS256"}' | b64)
c=$(printf '{"exp":%s,"action":"%s","app":"live","stream":"*"}' $(($(date +%s) + SECONDS_FROM_NOW)) "$ACTION" | b64)
s=$(printf "$h.$c" | openssl dgst -sha256 -hmac "$SECRET" -binary | b64)
printf "token=$h.$c.$s"
"#;

fn shell(script: &str, action: &str, place: &str, seconds: i64) -> String {
    let script = script.replace("SECONDS_FROM_NOW", &seconds.to_string());
    let mut command = Command::new("sh");
    command.args(["-c", &script]).env("SECRET", SECRET);
    let output = command
        .env("ACTION", action)
        .env("PLACE", place)
        .output()
        .unwrap();
    assert!(output.status.success(), "{output:?}");
    String::from_utf8(output.stdout).unwrap()
}

/// A server by a configuration, and the folder of what that names.
struct Station {
    server: AditServer,
    _folder: TempDir,
}

impl Station {
    fn open(access: &str, keys: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("keys");
        fs::write(&list, keys).unwrap();
        fs::set_permissions(&list, fs::Permissions::from_mode(0o600)).unwrap();
        let config = folder.path().join("adit.toml");
        let text = access.replace("KEYS", &list.display().to_string());
        fs::write(&config, text).unwrap();
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--config").arg(&config);
        });
        Self {
            server,
            _folder: folder,
        }
    }

    fn command(&self, what: &[&str], transport: Transport, place: &str) -> Command {
        let mut command = Command::new(ADIT);
        let (verb, rest) = what.split_first().unwrap();
        command.arg(verb).args(rest);
        command.arg(self.server.url(transport, place));
        if matches!(transport, Transport::Rtmps | Transport::Rtmpts) {
            command.arg("--ca-file").arg(self.server.certificate());
        }
        command.args(["--retry", "none"]);
        command
    }

    fn publisher(&self, transport: Transport, place: &str, duration: &str) -> Command {
        let mut command = self.command(&["publish", "pattern:160x96@10,100k"], transport, place);
        command.args(["--duration", duration]);
        command
    }

    /// How publishing a second ended, and what was said.
    fn publish(&self, transport: Transport, place: &str) -> (bool, String) {
        outcome(&mut self.publisher(transport, place, "1s"))
    }

    fn play(&self, transport: Transport, place: &str) -> (bool, String) {
        let mut command = self.command(&["play"], transport, place);
        command.args(["--duration", "200ms", "--wait", "20s"]);
        outcome(&mut command)
    }
}

fn outcome(command: &mut Command) -> (bool, String) {
    let mut process = Process::start("adit", command);
    let status = process.wait(PATIENCE);
    (status.success(), process.stdout() + &process.stderr())
}

#[track_caller]
fn check(
    (succeeded, said): (bool, String),
    expected: Result<(), &str>,
    (verb, transport): (&str, Transport),
    server: &AditServer,
) {
    let log = server.log();
    match expected {
        Ok(()) => assert!(succeeded, "{verb} {transport:?}: {said}\n{log}"),
        Err(words) => assert!(
            !succeeded && said.contains(words),
            "{verb} {transport:?}: {said}\n{log}"
        ),
    }
}

const MISSING: &str = "whoever runs the server gives it out";
const WRONG: &str = "what came with this request does not do";
const EXPIRED: &str = "has expired";

fn strict() -> Station {
    let access = format!(
        "[access]\npublish = 'key'\nplay = 'key'\nkeys = 'KEYS'\nsigning_secrets = ['{SECRET}']\ntokens.secret = '{SECRET}'\n"
    );
    Station::open(&access, &format!("{KEY} live/studio\n"))
}

#[test]
fn every_transport_asks_for_the_same_to_publish() {
    let station = strict();
    let sign = |seconds| shell(SIGN, "publish", "live/studio", seconds);
    let token = |action, seconds| shell(TOKEN, action, "", seconds);
    let tries = [
        ("live/studio".to_owned(), Err(MISSING)),
        ("live/studio?key=wrong-key".to_owned(), Err(WRONG)),
        (format!("live/studio?{}", sign(-60)), Err(EXPIRED)),
        (
            format!("live/studio?{}", token("publish", -60)),
            Err(EXPIRED),
        ),
        (format!("live/studio?{}", token("play", 60)), Err(WRONG)),
        (format!("live/other?key={KEY}"), Err(WRONG)),
        (format!("live/{KEY}"), Ok(())),
        (format!("live/studio?key={KEY}"), Ok(())),
        (format!("live/studio?{}", sign(60)), Ok(())),
        (format!("live/studio?{}", token("publish", 60)), Ok(())),
    ];
    for transport in Transport::ALL {
        for (place, expected) in &tries {
            let outcome = station.publish(transport, place);
            check(outcome, *expected, ("publish", transport), &station.server);
        }
    }
    // It was published under its public name, and the key stands nowhere.
    let log = station.server.log();
    assert!(
        log.contains("studio") && !log.contains(KEY) && !log.contains("wrong-key"),
        "{log}"
    );
    station.server.assert_sound();
}

#[test]
fn every_transport_asks_for_the_same_to_play() {
    let station = strict();
    let name = format!("live/{KEY}");
    let publisher = Process::start(
        "publisher",
        &mut station.publisher(Transport::Rtmp, &name, "10m"),
    );
    station.server.log_line("publish started", PATIENCE);
    let sign = |seconds| shell(SIGN, "play", "live/studio", seconds);
    let token = |action, seconds| shell(TOKEN, action, "", seconds);
    let tries = [
        ("live/studio".to_owned(), Err(MISSING)),
        ("live/studio?token=wrong".to_owned(), Err(WRONG)),
        (format!("live/studio?{}", sign(-60)), Err(EXPIRED)),
        (format!("live/studio?{}", token("play", -60)), Err(EXPIRED)),
        // A key to publish with is none to play with.
        (format!("live/studio?key={KEY}"), Err(MISSING)),
        (format!("live/studio?{}", sign(60)), Ok(())),
        (format!("live/studio?{}", token("play", 60)), Ok(())),
    ];
    for transport in Transport::ALL {
        for (place, expected) in &tries {
            let outcome = station.play(transport, place);
            check(outcome, *expected, ("play", transport), &station.server);
        }
    }
    drop(publisher);
    station.server.assert_sound();
}

/// The status of a request, and the beginning of what follows.
fn get(server: SocketAddr, path: &str, field: &str) -> (u16, String) {
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = Vec::new();
    let mut part = [0; 4096];
    while !answer.windows(4).any(|window| window == b"\r\n\r\n") {
        let count = socket.read(&mut part).unwrap();
        assert_ne!(count, 0, "{}", String::from_utf8_lossy(&answer));
        answer.extend_from_slice(&part[..count]);
    }
    let text = String::from_utf8_lossy(&answer).into_owned();
    let status = text.split(' ').nth(1).unwrap().parse().unwrap();
    (status, text)
}

#[test]
fn http_flv_and_the_list_ask_for_the_same_as_rtmp() {
    let station = strict();
    let name = format!("live/{KEY}");
    let publisher = Process::start(
        "publisher",
        &mut station.publisher(Transport::Rtmp, &name, "10m"),
    );
    station.server.log_line("publish started", PATIENCE);
    let sign = |seconds| shell(SIGN, "play", "live/studio", seconds);
    let token = |action, seconds| shell(TOKEN, action, "", seconds);
    let bearer = |query: String| format!("Authorization: Bearer {}\r\n", &query["token=".len()..]);
    let tries = [
        (String::new(), String::new(), 401),
        ("token=wrong".into(), String::new(), 401),
        (token("publish", 60), String::new(), 401),
        (format!("key={KEY}"), String::new(), 401),
        (sign(-60), String::new(), 401),
        (token("play", -60), String::new(), 401),
        (String::new(), bearer(token("play", -60)), 401),
        (sign(60), String::new(), 200),
        (token("play", 60), String::new(), 200),
        (String::new(), bearer(token("play", 60)), 200),
    ];
    let address = station.server.address();
    for (query, field, expected) in &tries {
        let (status, said) = get(address, &format!("live/studio.flv?{query}"), field);
        assert_eq!(status, *expected, "{query} {field}: {said}");
        // Whether it is there is nobody's business who may not play it.
        let (status, _) = get(address, &format!("live/absent.flv?{query}"), field);
        assert_eq!(
            status == 401,
            *expected == 401 || query.contains("signature")
        );
        let path = format!("streams.json?{query}");
        let field = format!("{field}Connection: close\r\n");
        let listed = listed(address, &path, &field);
        assert_eq!(listed, *expected == 200, "{query} {field}");
    }
    drop(publisher);
    station.server.assert_sound();
}

/// Whether the list shows the stream; it never shows the key.
fn listed(server: SocketAddr, path: &str, field: &str) -> bool {
    let mut socket = TcpStream::connect(server).unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let request = format!("GET /{path} HTTP/1.1\r\nHost: localhost\r\n{field}\r\n");
    socket.write_all(request.as_bytes()).unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).unwrap();
    assert!(
        answer.starts_with("HTTP/1.1 200") && !answer.contains(KEY),
        "{answer}"
    );
    answer.contains("studio")
}

#[test]
fn at_first_whoever_is_here_may_publish_and_a_key_for_others_is_made_and_shown_once() {
    let state = tempfile::tempdir().unwrap();
    let start = || {
        AditServer::start_with(ADIT, |command| {
            command.arg("--state-dir").arg(state.path());
        })
    };
    let server = start();
    let key = server.printed("    test?key=");
    let file = state.path().join("publish-key");
    let kept = fs::read_to_string(&file).unwrap();
    assert_eq!(kept, format!("{key} *\n"));
    assert_eq!(key.len(), 32);
    let mode = fs::metadata(&file).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(!server.log().contains(&key));
    drop(server);
    // The same key, and it is not shown again.
    let server = start();
    let said = server.printed("publishing is free from this machine");
    assert!(said.contains(&file.display().to_string()), "{said}");
    assert_eq!(fs::read_to_string(&file).unwrap(), kept);
}

/// A reverse proxy in front of a server: it says that it passes requests on, as nginx does when it is told to. Gives its port.
fn reverse_proxy(server: SocketAddr) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (client.unwrap(), TcpStream::connect(server).unwrap());
            let (mut answers, mut back) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            thread::spawn(move || io::copy(&mut answers, &mut back));
            thread::spawn(move || pass_on(client, server));
        }
    });
    port
}

fn pass_on(mut client: TcpStream, mut server: TcpStream) {
    let mut bytes = [0; 8192];
    while let Ok(count @ 1..) = client.read(&mut bytes) {
        let mut passed = bytes[..count].to_vec();
        let line = b" HTTP/1.1\r\n";
        if let Some(at) = passed.windows(line.len()).position(|window| window == line) {
            let field = b"X-Forwarded-For: 203.0.113.7\r\n".iter().copied();
            passed.splice(at + line.len()..at + line.len(), field);
        }
        if server.write_all(&passed).is_err() {
            break;
        }
    }
}

#[test]
fn what_a_reverse_proxy_on_this_machine_passes_on_is_not_taken_for_local() {
    let station = Station::open("", "");
    let first = station.server.printed("    test?key=");
    let port = reverse_proxy(station.server.address());
    let publish = |place: &str| {
        let mut command = Command::new(ADIT);
        command.args(["publish", "pattern:160x96@10,100k", "--duration", "1s"]);
        command.args(["--retry", "none"]);
        outcome(command.arg(format!("rtmpt://127.0.0.1:{port}/{place}")))
    };
    let by = ("publish", Transport::Rtmpt);
    check(publish("live/test"), Err(MISSING), by, &station.server);
    check(
        publish(&format!("live/test?key={first}")),
        Ok(()),
        by,
        &station.server,
    );
    let direct = station.publish(Transport::Rtmpt, "live/test");
    check(direct, Ok(()), by, &station.server);
}

/// A configuration that is refused, and what is said.
fn check_refused(access: &str, keys: &str, told: &str) {
    let folder = tempfile::tempdir().unwrap();
    let list = folder.path().join("keys");
    fs::write(&list, keys).unwrap();
    let config = folder.path().join("adit.toml");
    fs::write(&config, access.replace("KEYS", &list.display().to_string())).unwrap();
    let mut command = Command::new(ADIT);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state-dir"]);
    command
        .arg(Path::new(folder.path()))
        .arg("--config")
        .arg(&config);
    let (succeeded, said) = outcome(&mut command);
    assert!(
        !succeeded && said.contains(told) && !said.contains("hush"),
        "{said}"
    );
}

#[test]
fn what_is_wrong_with_the_configuration_of_access_is_told_without_its_secrets() {
    check_refused(
        "[access]\nkeys = 'KEYS'\n",
        "hush live/a\n",
        "keys, line 1: a key of fewer than 8",
    );
    check_refused(
        "[access]\ntokens.secret = 'hush'\n",
        "",
        "access.tokens.secret: a secret for tokens",
    );
    check_refused(
        "[access]\nsigning_secrets = ['hush']\n",
        "",
        "access.signing_secrets: a secret",
    );
    check_refused(
        "[[access.rules]]\nneed = 'nothing'\n",
        "",
        "a rule without actions",
    );
    check_refused(
        "[access.callbacks]\npublish = 'rtmp://a/b'\n",
        "",
        "http:// or https://",
    );
    check_refused("[access]\npublish = 'everybody'\n", "", "anyone");
}
