//! Who may publish and play at `adit serve`, by every transport, with nothing, something wrong, something that has expired, and
//! something that is right.
#![cfg(test)]

mod applications;
mod callbacks;
mod matrix;
mod pages;
mod station;

use std::fs;
use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::thread;

use adit_testkit::server::{AditServer, Transport};

use self::station::{ADIT, MISSING, Station, check, outcome};

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
    let station = Station::open("");
    let first = station.server.printed("    test?key=");
    let port = reverse_proxy(station.server.address());
    let publish = |place: &str| {
        let mut command = Command::new(ADIT);
        command.args(["publish", "pattern:160x96@10,100k", "--duration", "1s"]);
        command.args(["--retry", "none"]);
        outcome(command.arg(format!("rtmpt://127.0.0.1:{port}/{place}")))
    };
    check(publish("live/test"), Err(MISSING), "passed on", &station);
    let with_key = publish(&format!("live/test?key={first}"));
    check(with_key, Ok(()), "passed on with the key", &station);
    let url = station.server.url(Transport::Rtmpt, "live/test");
    let direct = outcome(&mut station.publisher(&url, "1s"));
    check(direct, Ok(()), "direct", &station);
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
