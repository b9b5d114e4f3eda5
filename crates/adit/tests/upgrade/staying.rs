//! What the API of the new server can do with those who stayed with the old one.

use std::fs;
use std::net::SocketAddr;

use adit_testkit::honest::Honest;
use serde_json::Value;
use tempfile::TempDir;

use super::support::{PATIENCE, ask_as, ended, serve_at, until};
use super::taking_over::take_over;

/// The API of whichever server has it now.
struct Api {
    address: SocketAddr,
    token: String,
}

impl Api {
    async fn ask(&self, first: &str) -> (u16, Value) {
        let answer = ask_as(self.address, &self.token, first).await;
        let (head, body) = answer.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap().parse().unwrap();
        let body = serde_json::from_str(body);
        (status, body.unwrap_or_else(|_| panic!("{answer}")))
    }

    /// The only stream, once there is one.
    async fn stream(&self) -> Value {
        let (_, mut streams) = self.ask("GET /api/v1/streams").await;
        let first = streams["items"].get_mut(0);
        first.map(Value::take).unwrap_or_default()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_publisher_who_stayed_is_shown_recorded_and_sent_away_by_the_new_server() {
    let (state, media) = (TempDir::new().unwrap(), TempDir::new().unwrap());
    let root = media.path().to_str().unwrap();
    let at_first = "127.0.0.1:0".parse().unwrap();
    let flags = [
        "--api",
        "127.0.0.1:0",
        "--media",
        root,
        "--drain-timeout",
        "1h",
    ];
    let old = serve_at(at_first, state.path(), &flags);
    let address = old.printed("api on http://");
    let token = fs::read_to_string(state.path().join("api-token")).unwrap();
    let api = Api {
        address: address.parse().unwrap(),
        token: token.trim().to_owned(),
    };
    let mut publisher = Honest::start(old.address(), "stays").await;
    publisher.check(PATIENCE).await.unwrap();
    let peer = api.stream().await["peer"].clone();
    let next = take_over(&old, &state, &["--api", &address, "--media", root]);
    until("it is shown whose the stream is", || async {
        let stream = api.stream().await;
        stream["stayed"] == true && stream["peer"] == peer
    })
    .await;
    let id = api.stream().await["id"].as_str().unwrap().to_owned();
    let recording = format!("/api/v1/streams/{id}/recording");
    assert_eq!(api.ask(&format!("POST {recording}")).await.0, 200);
    assert_eq!(api.ask(&format!("DELETE {recording}")).await.0, 200);
    publisher.check(PATIENCE).await.unwrap();
    let kick = format!("POST /api/v1/streams/{id}/kick");
    let (status, answer) = api.ask(&kick).await;
    assert_eq!(status, 200, "{answer}");
    publisher.check(PATIENCE).await.unwrap_err();
    drop(publisher);
    // He was the last one there.
    let log = ended(old).await;
    assert!(log.contains("ended from outside"), "{log}");
    until("it is over here too", || async {
        api.ask(&kick).await.0 == 404
    })
    .await;
    next.assert_sound();
}
