//! The examples are servers that let clients in.
#![expect(
    clippy::expect_used,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]
#![expect(dead_code, reason = "an example has a main function of its own")]

#[path = "../examples/application.rs"]
mod application;
#[path = "../examples/chat.rs"]
mod chat;
#[path = "../examples/live.rs"]
mod live;
#[path = "../examples/vod.rs"]
mod vod;

use adit_amf::amf0::Value;
use adit_client::network::{ConnectorConfig, GivenProxy, InsecureTls, TlsClient};
use adit_client::{Client, ConnectOptions, Intent, NetConnection, Target};
use adit_server::Server;

async fn connected(server: Server, application: &str) -> NetConnection {
    let address = server.local_addrs().first().copied().expect("it listens");
    tokio::spawn(server.run(std::future::pending()));
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let client = Client::new(ConnectorConfig::new(tls), GivenProxy::None);
    let target = Target::parse(&format!("rtmp://{address}/{application}")).unwrap();
    let options = ConnectOptions::new(Intent::Play);
    client.connect(&target, &options).await.expect(application)
}

fn anywhere() -> std::net::SocketAddr {
    "127.0.0.1:0".parse().expect("an address")
}

#[tokio::test]
async fn a_server_in_a_few_lines_runs() {
    let server = live::server(anywhere()).unwrap();
    connected(server, "anything").await.close().await;
}

#[tokio::test]
async fn an_application_of_its_own_answers_calls() {
    let club = connected(application::server(anywhere()).unwrap(), "club").await;
    let sum = club.call("add", vec![1.0.into(), 2.0.into()]).await;
    assert_eq!(sum.unwrap(), [Value::from(3.0)]);
    assert_eq!(
        club.call("people", vec![]).await.unwrap(),
        [Value::from(1.0)]
    );
    let wrong = club
        .call("add", vec!["1".into()])
        .await
        .expect_err("a text");
    assert!(wrong.to_string().contains("add wants numbers"), "{wrong}");
}

#[tokio::test]
async fn a_server_of_recordings_knows_how_long_they_are() {
    let directory = tempfile::tempdir().unwrap();
    std::fs::create_dir(directory.path().join("vod")).unwrap();
    // Pictures that nobody can decode, at 0 and 1 s.
    let mut file = b"FLV\x01\x01\0\0\0\x09\0\0\0\0".to_vec();
    for at in [[0, 0, 0], [0, 3, 0xE8]] {
        let [a, b, c] = at;
        file.extend([9, 0, 0, 4, a, b, c, 0, 0, 0, 0, 0x12, 0, 0, 0]);
        file.extend(15_u32.to_be_bytes());
    }
    std::fs::write(directory.path().join("vod/film.flv"), file).unwrap();
    let server = vod::server(anywhere(), directory.path()).unwrap();
    let viewer = connected(server, "vod").await;
    let length = viewer.stream_length(&"film".into()).await.unwrap();
    assert!(
        length.is_some_and(|length| length.as_secs() >= 1),
        "{length:?}"
    );
    assert_eq!(viewer.stream_length(&"nothing".into()).await.unwrap(), None);
}

#[tokio::test]
async fn a_server_of_chat_rooms_remembers_what_was_said() {
    let chat = connected(chat::server(anywhere()).unwrap(), "chat").await;
    chat.call("say", vec!["hello".into()]).await.unwrap();
    let history = chat.call("history", vec![]).await.unwrap();
    assert!(format!("{history:?}").contains("guest 1"), "{history:?}");
}
