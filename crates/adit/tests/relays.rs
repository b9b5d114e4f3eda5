//! Relays of `adit serve` with servers that are not in this process: configuration, API, nginx, proxies.
#![cfg(test)]

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use adit_testkit::attack::Attacker;
use adit_testkit::clip::{AudioCodec, Clip, VideoCodec};
use adit_testkit::packets::{Allowance, Packet, assert_is_suffix_from_key_frame, read};
use adit_testkit::peers::{Peer, Peers, lacks};
use adit_testkit::process::{Process, free_port};
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;
use serde_json::{Value, json};
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long a step may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A server with a configuration and an API.
struct Relaying {
    server: AditServer,
    file: PathBuf,
    api: SocketAddr,
    folder: TempDir,
}

const TOKEN: &str = "a-token-of-these-tests";

impl Relaying {
    fn start(relays: &str) -> Self {
        let folder = TempDir::new().unwrap();
        let file = folder.path().join("adit.toml");
        write(&file, relays);
        Self::start_in(folder, file, &[])
    }

    fn start_in(folder: TempDir, file: PathBuf, flags: &[&str]) -> Self {
        let server = AditServer::start_with(ADIT, |command| {
            command.arg("--config").arg(&file).args(flags);
            command.arg("--state-dir").arg(folder.path().join("state"));
            for name in ["http_proxy", "https_proxy", "all_proxy", "no_proxy"] {
                command.env_remove(name).env_remove(name.to_uppercase());
            }
        });
        let api = server.printed("api on http://").parse().unwrap();
        Self {
            server,
            file,
            api,
            folder,
        }
    }

    /// Stops it, has `between` done, and starts the next one.
    fn again(self, between: impl FnOnce(&Path)) -> Self {
        let (status, log) = self.server.stop();
        assert!(status.success(), "{log}");
        between(self.folder.path());
        Self::start_in(self.folder, self.file, &[])
    }

    /// Has a relay start; gives its number.
    async fn relay(&self, asked: &Value) -> u64 {
        let (status, made) = self.ask("POST /api/v1/relays", &asked.to_string()).await;
        assert_eq!(status, 201, "{made:#}");
        made["id"].as_u64().unwrap()
    }

    async fn end(&self, id: u64) -> (u16, Value) {
        self.ask(&format!("DELETE /api/v1/relays/{id}"), "").await
    }

    /// The numbers of the relays that there are.
    async fn numbers(&self) -> Vec<u64> {
        let (_, all) = self.ask("GET /api/v1/relays", "").await;
        let all = all["items"].as_array().unwrap().iter();
        all.map(|relay| relay["id"].as_u64().unwrap()).collect()
    }

    /// Has the file say this, and waits until it has been read.
    async fn reload(&self, relays: &str) {
        write(&self.file, relays);
        let answer = self.ask("POST /api/v1/reload", "").await;
        assert_eq!(answer.0, 200, "{answer:?}");
    }

    /// What the API answers.
    async fn ask(&self, first: &str, body: &str) -> (u16, Value) {
        let mut peer = Attacker::connect(self.api).await;
        let head = format!(
            "{first} HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {TOKEN}\r\nConnection: close\r\n\
             Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
            self.api,
            body.len()
        );
        peer.write(head.as_bytes()).await;
        let ending = peer.ending(PATIENCE).await;
        let text = String::from_utf8(ending.received).unwrap();
        let (head, body) = text
            .split_once("\r\n\r\n")
            .unwrap_or_else(|| panic!("{text}"));
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        (status, serde_json::from_str(body).unwrap_or(Value::Null))
    }

    /// Waits until a relay is as it is wanted.
    async fn until(&self, id: u64, is_it: impl Fn(&Value) -> bool) -> Value {
        let by = Instant::now() + PATIENCE;
        loop {
            let (status, relay) = self.ask(&format!("GET /api/v1/relays/{id}"), "").await;
            assert_eq!(status, 200, "{relay}");
            if is_it(&relay) {
                return relay;
            }
            assert!(Instant::now() < by, "{relay:#}\n{}", self.server.log());
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }
}

fn write(file: &Path, relays: &str) {
    let text = format!("[api]\nlisten = \"127.0.0.1:0\"\ntoken = \"{TOKEN}\"\n{relays}");
    fs::write(file, text).unwrap();
}

fn is_running(relay: &Value) -> bool {
    relay["state"] == "running"
}

/// A table of the configuration.
fn table(application: &str, lines: &[(&str, &str)]) -> String {
    let lines = lines
        .iter()
        .map(|(key, value)| format!("{key} = {}", json!(value)));
    let lines: Vec<_> = lines.collect();
    format!("[[apps.{application}.relays]]\n{}\n", lines.join("\n"))
}

/// `adit` with arguments, and no proxy.
fn adit(arguments: &[&str]) -> Process {
    let mut command = Command::new(ADIT);
    command.args(arguments).args(["--proxy", "none"]);
    command.env("NO_COLOR", "1").env_remove("ADIT_LOG");
    Process::start(format!("adit {}", arguments[0]), &mut command)
}

/// Publishes a clip to the end while a recorder is at the far side; gives what was sent and what has come there.
fn carried(folder: &Path, name: &str, publish: &str, play: &str) -> (Vec<Packet>, Vec<Packet>) {
    let sent = folder.join(format!("{name}-sent.flv"));
    let sent_name = sent.to_str().unwrap();
    if !sent.exists() {
        clip(folder, &sent);
    }
    let got = folder.join(format!("{name}-got.flv"));
    let mut recorder = adit(&["play", play, "-o", got.to_str().unwrap(), "--json"]);
    recorder.stderr_line("not started yet", PATIENCE);
    let mut publisher = adit(&["publish", sent_name, publish]);
    assert!(publisher.wait(PATIENCE).success(), "{publisher}");
    recorder.wait(PATIENCE);
    (read(&sent), read(&got))
}

/// An FLV file of a few seconds.
fn clip(folder: &Path, file: &Path) {
    let peers = Peers::with(&[Peer::Ffmpeg5]).expect("asked for before");
    let made = Clip::new(Some(VideoCodec::H264), Some(AudioCodec::Aac), 4).make(peers, folder);
    fs::copy(made, file).unwrap();
}

fn coded(packets: &[Packet]) -> Vec<Packet> {
    packets
        .iter()
        .filter(|packet| packet.is_coded())
        .cloned()
        .collect()
}

#[tokio::test]
async fn a_stream_is_pushed_to_another_server_by_every_transport() {
    if Peers::with(&[Peer::Ffmpeg5]).is_none() {
        return;
    }
    let far = AditServer::start(ADIT);
    let certificate = far.certificate();
    for transport in Transport::ALL {
        let scheme = transport.scheme();
        let url = format!("{scheme}://localhost:{}/in", far.address().port());
        let relaying = Relaying::start(&table(
            "live",
            &[
                ("direction", "push"),
                ("stream", "*"),
                ("url", &url),
                ("proxy", "none"),
                ("ca_file", certificate.to_str().unwrap()),
            ],
        ));
        let (sent, got) = carried(
            relaying.folder.path(),
            scheme,
            &relaying
                .server
                .url(Transport::Rtmp, &format!("live/{scheme}")),
            &far.url(Transport::Rtmp, &format!("in/{scheme}")),
        );
        assert_eq!(coded(&got), coded(&sent), "{scheme}");
        let idle = relaying.until(1, |relay| relay["state"] == "idle").await;
        assert_eq!(idle["origin"], "configuration");
        relaying
            .server
            .log_line(&format!("relay connected by {scheme}"), PATIENCE);
    }
}

/// nginx with its RTMP module.
fn nginx(peers: Peers, folder: &Path, port: u16) -> Option<Process> {
    let module = "/usr/lib/nginx/modules/ngx_rtmp_module.so";
    if !fs::exists(module).unwrap_or(false) {
        return None;
    }
    let user = if rustix::process::geteuid().is_root() {
        "user root;"
    } else {
        ""
    };
    let at = folder.display();
    let config = folder.join("nginx.conf");
    let content = format!(
        "load_module {module}; daemon off; master_process off; {user} pid {at}/pid; error_log {at}/log warn;\n\
         events {{ worker_connections 64; }}\n\
         rtmp {{ access_log off; server {{ listen 127.0.0.1:{port}; application live {{ live on; }} }} }}\n"
    );
    fs::write(&config, content).unwrap();
    let mut command = Command::new(peers.path(Peer::Nginx));
    command.arg("-p").arg(folder).arg("-c").arg(&config);
    command.arg("-e").arg(folder.join("log"));
    Some(Process::start_listening(
        "nginx",
        &mut command,
        port,
        PATIENCE,
    ))
}

#[tokio::test]
async fn nginx_is_pushed_to_and_pulled_from() {
    let Some(peers) = Peers::with(&[Peer::Nginx, Peer::Ffmpeg5]) else {
        return;
    };
    let folder = TempDir::new().unwrap();
    let port = free_port();
    let Some(nginx) = nginx(peers, folder.path(), port) else {
        return;
    };
    let far = format!("rtmp://127.0.0.1:{port}/live");
    let push = table(
        "live",
        &[
            ("direction", "push"),
            ("stream", "*"),
            ("url", &far),
            ("proxy", "none"),
        ],
    );
    let pull = table(
        "back",
        &[
            ("direction", "pull"),
            ("stream", "cam"),
            ("url", &format!("{far}/name")),
            ("proxy", "none"),
        ],
    );
    // It does not say that a stream is over.
    let limits = "[limits]\npublisher.idle = \"3s\"";
    let relaying = Relaying::start(&format!("{push}\n{pull}\n{limits}"));
    let back = |relay: &Value| relay["streams"][0]["connections"] == 1;
    // Applications are in the order of their names: the one that pulls is the first.
    relaying.until(1, back).await;
    let (sent, got) = carried(
        relaying.folder.path(),
        "nginx",
        &relaying.server.url(Transport::Rtmp, "live/name"),
        &relaying.server.url(Transport::Rtmp, "back/cam"),
    );
    assert_is_suffix_from_key_frame("relays", &sent, &got, Allowance::NONE);
    assert_eq!(coded(&got).len(), coded(&sent).len(), "all of it");
    drop(nginx);
}

#[tokio::test]
async fn a_far_server_that_was_killed_gets_the_stream_again() {
    let far = AditServer::start(ADIT);
    let address = far.address().to_string();
    let url = far.url(Transport::Rtmp, "in");
    let relaying = Relaying::start(&table(
        "live",
        &[
            ("direction", "push"),
            ("stream", "cam"),
            ("url", &url),
            ("proxy", "none"),
        ],
    ));
    let here = relaying.server.url(Transport::Rtmp, "live/cam");
    let mut publisher = adit(&["publish", "pattern:", &here]);
    relaying.until(1, is_running).await;
    drop(far);
    let broken = relaying.until(1, |relay| relay["state"] == "waiting").await;
    let stream = &broken["streams"][0];
    assert!(
        stream["next_try_ms"].is_u64() && stream["last_error"].is_string(),
        "{broken:#}"
    );
    let far = AditServer::start_with(ADIT, |command| {
        command.args(["--listen", &address]);
    });
    let again = relaying.until(1, is_running).await;
    assert_eq!(again["streams"][0]["connections"], 2);
    let got = relaying.path("got.flv");
    let there = far.url(Transport::Rtmp, "in/cam");
    let mut player = adit(&[
        "play",
        &there,
        "-o",
        got.to_str().unwrap(),
        "--duration",
        "2s",
    ]);
    assert!(player.wait(PATIENCE).success(), "{player}");
    let coded = coded(&read(&got));
    assert!(coded.len() > 20, "{}", coded.len());
    assert!(
        publisher.wait_until(Instant::now()).is_err(),
        "it publishes still\n{publisher}"
    );
    publisher.signal(Signal::INT);
    publisher.wait(PATIENCE);
}

#[tokio::test]
async fn a_reload_leaves_alone_what_stays_and_nothing_secret_is_printed() {
    let far = AditServer::start(ADIT);
    let port = far.address().port();
    let relay = |name: &str, path: &str| {
        let url =
            format!("rtmp://somebody:hunter2hunter2@127.0.0.1:{port}/in/{path}?token=tokenabcdef");
        table(
            "live",
            &[
                ("direction", "push"),
                ("stream", name),
                ("url", &url),
                ("proxy", "none"),
            ],
        )
    };
    let one = relay("one", "streamkey11");
    let relaying = Relaying::start(&one);
    let mut publishers: Vec<_> = ["live/one", "live/two"]
        .map(|path| {
            adit(&[
                "publish",
                "pattern:",
                &relaying.server.url(Transport::Rtmp, path),
            ])
        })
        .into();
    relaying.until(1, is_running).await;
    relaying
        .reload(&format!("{one}\n{}", relay("two", "streamkey22")))
        .await;
    relaying.until(2, is_running).await;
    let (_, first) = relaying.ask("GET /api/v1/relays/1", "").await;
    assert_eq!(
        (
            &first["streams"][0]["connections"],
            &first["streams"][0]["failures"]
        ),
        (&json!(1), &json!(0))
    );
    // What is wrong changes nothing.
    write(&relaying.file, &relay("*", "streamkey33"));
    let (status, refused) = relaying.ask("POST /api/v1/reload", "").await;
    assert_eq!(status, 422);
    assert!(
        refused["message"].as_str().unwrap().contains("{stream}"),
        "{refused:#}"
    );
    relaying.until(1, is_running).await;
    // The first goes, the second stays.
    relaying.reload(&relay("two", "streamkey22")).await;
    assert_eq!(relaying.ask("GET /api/v1/relays/1", "").await.0, 404);
    let (_, second) = relaying.ask("GET /api/v1/relays/2", "").await;
    assert_eq!(second["streams"][0]["connections"], 1);
    let (status, refused) = relaying.ask("DELETE /api/v1/relays/2", "").await;
    assert_eq!((status, &refused["code"]), (409, &json!("conflict")));
    let (_, all) = relaying.ask("GET /api/v1/relays", "").await;
    assert_eq!(all["total"], 1);
    let (_, metrics) = relaying.ask("GET /metrics", "").await;
    let mut command = Command::new(ADIT);
    command
        .args(["config", "print", "--config"])
        .arg(&relaying.file);
    let printed = Process::run("adit config print", &mut command, PATIENCE);
    assert!(printed.contains("(hidden)"), "{printed}");
    for publisher in &mut publishers {
        publisher.signal(Signal::INT);
        publisher.wait(PATIENCE);
    }
    let told = format!(
        "{second:#}{all:#}{refused:#}{metrics}{printed}{}",
        relaying.server.log()
    );
    for secret in ["hunter2", "streamkey", "tokenabcdef", "somebody"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    assert!(
        told.contains(&format!("rtmp://***@127.0.0.1:{port}/in/***")),
        "{told}"
    );
}

#[tokio::test]
async fn relays_come_and_go_by_the_api_and_go_only_where_they_may() {
    let far = AditServer::start(ADIT);
    let port = far.address().port();
    let relaying = Relaying::start("[server]\nrelay_networks = [\"127.0.0.0/8\"]\n");
    let url = format!("rtmpt://127.0.0.1:{port}/in/{{stream}}");
    let asked = json!({"direction": "push", "stream": "live/*", "url": url}).to_string();
    let (status, made) = relaying.ask("POST /api/v1/relays", &asked).await;
    assert_eq!(status, 201, "{made:#}");
    assert_eq!(
        (&made["origin"], &made["state"]),
        (&json!("api"), &json!("idle"))
    );
    let id = made["id"].as_u64().unwrap();
    let (status, twice) = relaying.ask("POST /api/v1/relays", &asked).await;
    assert_eq!((status, &twice["code"]), (409, &json!("conflict")));
    let mut publisher = adit(&[
        "publish",
        "pattern:",
        &relaying.server.url(Transport::Rtmp, "live/cam"),
    ]);
    let running = relaying.until(id, is_running).await;
    let stream = &running["streams"][0];
    assert_eq!(
        (&stream["transport"], &stream["name"]),
        (&json!("rtmpt"), &json!("cam"))
    );
    relaying
        .until(id, |relay| {
            relay["streams"][0]["messages"].as_u64() > Some(50)
        })
        .await;
    assert_eq!(
        relaying
            .ask(&format!("DELETE /api/v1/relays/{id}"), "")
            .await
            .0,
        200
    );
    assert_eq!(
        relaying
            .ask(&format!("GET /api/v1/relays/{id}"), "")
            .await
            .0,
        404
    );
    assert_eq!(
        relaying
            .ask(&format!("DELETE /api/v1/relays/{id}"), "")
            .await
            .0,
        404
    );
    far.log_line("publish stopped", PATIENCE);
    publisher.signal(Signal::INT);
    publisher.wait(PATIENCE);
    for (url, expected) in [
        ("http://127.0.0.1/in", 400),
        ("file:///etc/passwd", 400),
        ("rtmp://{app}/in", 400),
        ("rtmp://10.0.0.1/in", 422),
        ("rtmp://169.254.169.254/latest", 422),
        ("rtmp://[::1]/in", 422),
        ("rtmp://[::ffff:10.0.0.1]/in", 422),
    ] {
        let asked = json!({"direction": "pull", "stream": "live/x", "url": url}).to_string();
        let (status, refused) = relaying.ask("POST /api/v1/relays", &asked).await;
        assert_eq!(status, expected, "{url} {refused:#}");
    }
    for wrong in [
        json!({"direction": "pull", "stream": "live", "url": "rtmp://far.example/in/x"}),
        json!({"direction": "both", "stream": "live/x", "url": "rtmp://far.example/in/x"}),
        json!({"direction": "push", "stream": "live/*", "url": "rtmp://far.example/in/x", "proxy": "http://p"}),
        json!({}),
    ] {
        let (status, refused) = relaying
            .ask("POST /api/v1/relays", &wrong.to_string())
            .await;
        assert_eq!(status, 400, "{wrong} {refused:#}");
    }
    assert_eq!(relaying.ask("GET /api/v1/relays", "").await.1["total"], 0);
}

/// Relays of the API may go to servers of the tests.
const LOOPBACK: &str = "[server]\nrelay_networks = [\"127.0.0.0/8\"]\n";

fn asked(direction: &str, stream: &str, url: &str) -> Value {
    json!({"direction": direction, "stream": stream, "url": url})
}

#[tokio::test]
async fn a_relay_of_the_api_goes_on_after_a_restart_with_its_secrets_and_the_authority_it_trusts() {
    let far = AditServer::start(ADIT);
    let port = far.address().port();
    let relaying = Relaying::start(LOOPBACK);
    let url = format!("rtmps://localhost:{port}/in/streamkey77?token=tokenabcdef");
    // Nobody knows the certificate of the far side.
    let distrusts = relaying.relay(&asked("pull", "live/x", &url)).await;
    let waiting = relaying
        .until(distrusts, |relay| relay["state"] == "waiting")
        .await;
    assert_eq!(waiting["own_ca"], false);
    assert!(
        waiting["reason"].as_str().unwrap().contains("certificate"),
        "{waiting:#}"
    );
    let mut trusts = asked("push", "live/cam", &url);
    trusts["ca_pem"] = json!("no certificate");
    let (status, refused) = relaying
        .ask("POST /api/v1/relays", &trusts.to_string())
        .await;
    assert_eq!(status, 400, "{refused:#}");
    trusts["ca_pem"] = json!(fs::read_to_string(far.certificate()).unwrap());
    let trusts = relaying.relay(&trusts).await;
    assert_eq!(relaying.end(distrusts).await.0, 200);
    let file = relaying.path("state/relays.json");
    let mode = std::os::unix::fs::PermissionsExt::mode(&fs::metadata(&file).unwrap().permissions());
    assert_eq!(mode & 0o777, 0o600);
    assert!(fs::read_to_string(&file).unwrap().contains("streamkey77"));

    // The next server has one of its configuration, too.
    let more = table(
        "live",
        &[
            ("direction", "push"),
            ("stream", "no"),
            ("url", "rtmp://far.example/in/no"),
        ],
    );
    let relaying =
        relaying.again(|folder| write(&folder.join("adit.toml"), &format!("{LOOPBACK}{more}")));
    assert_eq!(relaying.numbers().await, [trusts, trusts + 1]);
    let mut publisher = adit(&[
        "publish",
        "pattern:",
        &relaying.server.url(Transport::Rtmp, "live/cam"),
    ]);
    let running = relaying.until(trusts, is_running).await;
    assert_eq!(
        (
            &running["origin"],
            &running["own_ca"],
            &running["streams"][0]["transport"]
        ),
        (&json!("api"), &json!(true), &json!("rtmps"))
    );
    far.log_line("streamkey77", PATIENCE);
    publisher.signal(Signal::INT);
    publisher.wait(PATIENCE);
    let told = format!("{running:#}{waiting:#}{}", relaying.server.log());
    for secret in ["streamkey77", "tokenabcdef"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
    // What was ended does not come back, and no number is given twice.
    assert_eq!(relaying.end(trusts).await.0, 200);
    let relaying = relaying.again(|folder| write(&folder.join("adit.toml"), LOOPBACK));
    assert_eq!(relaying.numbers().await, [0; 0]);
    let next = relaying.relay(&asked("pull", "live/x", &url)).await;
    assert!(next > trusts, "{next}");
}

#[tokio::test]
async fn what_cannot_be_kept_or_found_again_is_told_and_stops_nobody() {
    let relaying = Relaying::start(LOOPBACK);
    let one = asked("push", "live/*", "rtmp://127.0.0.1:9/in");
    let id = relaying.relay(&one).await;
    // It may go there no more.
    let relaying = relaying.again(|folder| write(&folder.join("adit.toml"), ""));
    let refused = relaying
        .until(id, |relay| relay["state"] == "waiting")
        .await;
    assert!(
        refused["reason"]
            .as_str()
            .unwrap()
            .contains("server.relay_networks"),
        "{refused:#}"
    );
    // There is room for fewer.
    let relaying = relaying.again(|folder| write(&folder.join("adit.toml"), LOOPBACK));
    let other = relaying
        .relay(&asked("pull", "live/x", "rtmp://127.0.0.1:9/in"))
        .await;
    let fewer = format!("{LOOPBACK}[limits]\nrelay.total = 1\n");
    let relaying = relaying.again(|folder| write(&folder.join("adit.toml"), &fewer));
    assert_eq!(relaying.numbers().await, [id, other]);
    let cut = relaying
        .until(other, |relay| relay["state"] == "waiting")
        .await;
    assert!(
        cut["reason"]
            .as_str()
            .unwrap()
            .contains("limits.relay.total"),
        "{cut:#}"
    );
    assert_eq!(relaying.end(other).await.0, 200);
    // The file is no file.
    let place = relaying.path("state/relays.json");
    fs::remove_file(&place).unwrap();
    fs::create_dir(&place).unwrap();
    let (status, ended) = relaying.end(id).await;
    assert_eq!(status, 422, "{ended:#}");
    assert!(
        ended["message"].as_str().unwrap().contains("begins again"),
        "{ended:#}"
    );
    let (status, refused) = relaying.ask("POST /api/v1/relays", &one.to_string()).await;
    assert_eq!(status, 422, "{refused:#}");
    assert!(
        refused["message"].as_str().unwrap().contains("relays.json"),
        "{refused:#}"
    );
    assert_eq!(relaying.numbers().await, [0; 0]);
    // And then it is a damaged one.
    let relaying = relaying.again(|folder| {
        fs::remove_dir(folder.join("state/relays.json")).unwrap();
        fs::write(folder.join("state/relays.json"), "{\"secret").unwrap();
    });
    relaying
        .server
        .log_line("relays.json.damaged now", PATIENCE);
    assert!(!relaying.server.log().contains("{\"secret"));
    assert_eq!(relaying.numbers().await, [0; 0]);
    relaying.relay(&one).await;
    let aside = fs::read_to_string(relaying.path("state/relays.json.damaged")).unwrap();
    assert_eq!(aside, "{\"secret");
}

#[tokio::test]
async fn a_server_that_takes_over_has_the_relays_of_the_api() {
    let far = AditServer::start(ADIT);
    let relaying = Relaying::start(LOOPBACK);
    let url = far.url(Transport::Rtmp, "in/{stream}");
    let id = relaying.relay(&asked("push", "live/*", &url)).await;
    let publish = |url: &str| adit(&["publish", "pattern:", url]);
    let mut stays = publish(&relaying.server.url(Transport::Rtmp, "live/stays"));
    relaying.until(id, is_running).await;
    let address = relaying.server.address().to_string();
    let Relaying {
        server: old,
        file,
        folder,
        ..
    } = relaying;
    let next = Relaying::start_in(folder, file, &["--takeover", "--listen", &address]);
    old.log_line("another server has taken over", PATIENCE);
    assert_eq!(next.numbers().await, [id]);
    let mut comes = publish(&next.server.url(Transport::Rtmp, "live/comes"));
    let has = |name: &str, relay: &Value| {
        let streams = relay["streams"].as_array().unwrap();
        streams
            .iter()
            .any(|stream| stream["name"] == name && stream["state"] == "running")
    };
    next.until(id, |relay| has("comes", relay)).await;
    // What is taken out here is so for all servers to come.
    assert_eq!(next.end(id).await.0, 200);
    for publisher in [&mut stays, &mut comes] {
        publisher.signal(Signal::INT);
        publisher.wait(PATIENCE);
    }
    let (status, log) = tokio::task::spawn_blocking(move || old.wait(PATIENCE))
        .await
        .unwrap();
    assert!(status.success(), "{log}");
    let next = next.again(|_| {});
    assert_eq!(next.numbers().await, [0; 0]);
}

/// A squid on loopback with these rules.
fn squid(folder: &Path, rules: &str) -> Option<(Process, u16)> {
    let program = Path::new("/usr/sbin/squid");
    if !program.is_file() {
        lacks("squid; run tools/install-peers");
        return None;
    }
    // Where it is started by root it writes its log as somebody else.
    fs::set_permissions(folder, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let port = free_port();
    let at = folder.display();
    let config = folder.join("squid.conf");
    let text = format!(
        "http_port 127.0.0.1:{port}\nacl CONNECT method CONNECT\n{rules}\nhttp_access allow all\ncache deny all\naccess_log none\n\
         cache_log {at}/cache.log\npid_filename none\ncoredump_dir {at}\npinger_enable off\nshutdown_lifetime 1 seconds\nhosts_file none\n"
    );
    fs::write(&config, text).unwrap();
    let mut command = Command::new(program);
    command
        .args(["-N", "-n", &format!("relays{port}"), "-f"])
        .arg(&config);
    Some((
        Process::start_listening("squid", &mut command, port, PATIENCE),
        port,
    ))
}

#[tokio::test]
async fn a_relay_goes_through_proxies_that_let_only_some_things_through() {
    let far = AditServer::start_with(ADIT, |command| {
        // Who comes by a proxy that says so is not local.
        command.args(["--publish", "anyone"]);
    });
    let certificate = far.certificate();
    for (rules, scheme) in [
        ("http_access deny CONNECT", "rtmpt"),
        ("http_access deny !CONNECT", "rtmps"),
    ] {
        let folder = TempDir::new().unwrap();
        let Some((proxy, proxy_port)) = squid(folder.path(), rules) else {
            return;
        };
        let relaying = Relaying::start(&table(
            "live",
            &[
                ("direction", "push"),
                ("stream", "*"),
                ("url", &format!("{scheme}://{}/in", far.address())),
                ("proxy", &format!("http://127.0.0.1:{proxy_port}")),
                ("ca_file", certificate.to_str().unwrap()),
            ],
        ));
        let here = relaying
            .server
            .url(Transport::Rtmp, &format!("live/{scheme}"));
        let mut publisher = adit(&["publish", "pattern:", &here]);
        let running = relaying.until(1, is_running).await;
        let way = running["streams"][0]["way"].as_str().unwrap();
        assert!(
            way.starts_with(scheme) && way.contains(&format!("{proxy_port}")),
            "{way}"
        );
        relaying
            .until(1, |relay| {
                relay["streams"][0]["messages"].as_u64() > Some(50)
            })
            .await;
        publisher.signal(Signal::INT);
        publisher.wait(PATIENCE);
        drop(proxy);
    }
}
