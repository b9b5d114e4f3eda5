//! The configurations of docs/in-front.md, run by the programs they are for, with Adit behind them.
#![cfg(test)]

use std::fs;
use std::process::Command;
use std::time::Duration;

use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::{Process, free_port};
use adit_testkit::server::{AditServer, json};
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");
const PAGE: &str = include_str!("../../../docs/in-front.md");

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// The configuration in `language` of the page, with every `(as it stands there, in place of it)`.
fn example(language: &str, changes: &[(&str, String)]) -> String {
    let begin = format!("```{language}\n");
    let (_, rest) = PAGE.split_once(&begin).expect("the page has it");
    let (block, _) = rest.split_once("```").expect("it ends");
    changes.iter().fold(block.to_owned(), |text, (from, to)| {
        assert!(text.contains(from), "no {from} in:\n{text}");
        text.replace(from, to)
    })
}

fn nginx(peers: Peers, folder: &TempDir, config: &str, port: u16) -> Process {
    let at = folder.path().display();
    let is_root = rustix::process::geteuid().is_root();
    let user = if is_root { "user root;" } else { "" };
    let paths = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
        .map(|kind| format!("{kind}_temp_path {at}/{kind};"));
    let file = folder.path().join("nginx.conf");
    let paths = paths.join(" ");
    let content = format!(
        "daemon off; master_process off; {user} pid {at}/pid; error_log {at}/log warn;\n\
         events {{ worker_connections 64; }}\nhttp {{ access_log off; {paths}\n{config}\n}}\n"
    );
    fs::write(&file, content).unwrap();
    let mut command = Command::new(peers.path(Peer::Nginx));
    command.arg("-p").arg(folder.path()).arg("-c").arg(&file);
    command.arg("-e").arg(folder.path().join("log"));
    Process::start_listening("nginx", &mut command, port, PATIENCE)
}

fn haproxy(peers: Peers, folder: &TempDir, config: &str, port: u16) -> Process {
    let file = folder.path().join("haproxy.cfg");
    fs::write(&file, config).unwrap();
    let mut command = Command::new(peers.path(Peer::Haproxy));
    command.arg("-db").arg("-f").arg(&file);
    Process::start_listening("haproxy", &mut command, port, PATIENCE)
}

/// Publishes to one address and plays from another one at the same time; gives how many frames the player got.
fn carried(publish: &str, play: &str, certificate: &std::path::Path) -> u64 {
    let adit = |arguments: &[&str]| {
        let mut command = Command::new(ADIT);
        command
            .args(arguments)
            .args(["--proxy", "none", "--ca-file"]);
        command.arg(certificate).env("NO_COLOR", "1");
        command
    };
    let mut sending = adit(&["publish", "pattern:", publish, "--duration", "8s"]);
    let mut sending = Process::start("adit publish", &mut sending);
    let mut playing = adit(&["play", play, "--duration", "2s", "--json"]);
    let played = Process::run("adit play", &mut playing, PATIENCE);
    assert!(sending.wait(PATIENCE).success(), "{sending}");
    let figures = json(played.lines().last().unwrap_or_default());
    assert_eq!(figures["ended"], "duration", "{played}");
    figures["frames"].as_u64().unwrap()
}

#[test]
fn haproxy_passes_every_transport_on_and_adit_knows_who_it_is() {
    let Some(peers) = Peers::with(&[Peer::Haproxy]) else {
        return;
    };
    let server = AditServer::start_with(ADIT, |command| {
        command.args(["--trust-proxy", "127.0.0.1/32"]);
    });
    let folder = TempDir::new().unwrap();
    let [one, two, three] = [free_port(), free_port(), free_port()];
    let config = example(
        "haproxy",
        &[
            ("bind :1935", format!("bind 127.0.0.1:{one}")),
            ("bind :80", format!("bind 127.0.0.1:{two}")),
            ("bind :443", format!("bind 127.0.0.1:{three}")),
            ("127.0.0.1:1936", server.address().to_string()),
        ],
    );
    let haproxy = haproxy(peers, &folder, &config, one);
    let ways = [
        (
            format!("rtmp://localhost:{one}"),
            format!("rtmps://localhost:{three}"),
        ),
        (
            format!("rtmpt://localhost:{two}"),
            format!("rtmpts://localhost:{three}"),
        ),
    ];
    for (at, (publish, play)) in ways.iter().enumerate() {
        let [publish, play] = [publish, play].map(|url| format!("{url}/live/{at}"));
        let frames = carried(&publish, &play, &server.certificate());
        assert!(frames > 10, "{frames} from {play}\n{haproxy}");
    }
    let log = server.log();
    let opened = |line: &&str| line.contains(" opened ") && line.contains("transport=rtmps");
    let line = log.lines().find(opened).unwrap();
    // The port that haproxy was reached on, not the one it reached Adit on.
    assert!(line.contains(&format!("local=127.0.0.1:{three}")), "{line}");
}

#[test]
fn nginx_passes_the_tunnel_on() {
    let Some(peers) = Peers::with(&[Peer::Nginx]) else {
        return;
    };
    // Nginx says for whom it asks, and those are not local.
    let server = AditServer::start_with(ADIT, |command| {
        command.args(["--publish", "anyone"]);
    });
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let config = example(
        "nginx",
        &[
            ("listen 80", format!("listen 127.0.0.1:{port}")),
            ("127.0.0.1:8080", server.address().to_string()),
        ],
    );
    let nginx = nginx(peers, &folder, &config, port);
    let url = format!("rtmpt://localhost:{port}/live/name");
    let frames = carried(&url, &url, &server.certificate());
    assert!(frames > 10, "{frames}\n{nginx}");
    let log = server.log();
    assert!(log.contains("transport=rtmpt"), "{log}");
}
