//! Streams that come from other servers, and go there.

use std::fs;
use std::path::Path;
use std::process::Command;

use adit_testkit::packets::{Allowance, assert_is_suffix_from_key_frame};
use adit_testkit::peers::{Peer, Peers};
use adit_testkit::process::{Process, free_port};
use adit_testkit::server::Transport;
use serde_json::Value;
use tempfile::TempDir;

use crate::support::{PATIENCE, Relaying, carried, coded, table};

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
