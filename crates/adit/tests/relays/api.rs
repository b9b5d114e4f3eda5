//! Relays that come and go: by a reload, by the API, over a restart and a takeover.

use std::fs;
use std::process::Command;

use adit_testkit::process::Process;
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;
use serde_json::{Value, json};

use crate::support::{ADIT, PATIENCE, Relaying, adit, is_running, table, write};

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
