//! Streams that go to other servers.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use adit_testkit::packets::read;
use adit_testkit::peers::{Peer, Peers, lacks};
use adit_testkit::process::{Process, free_port};
use adit_testkit::server::{AditServer, Transport};
use rustix::process::Signal;
use tempfile::TempDir;

use crate::support::{ADIT, PATIENCE, Relaying, adit, carried, coded, is_running, table};

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
