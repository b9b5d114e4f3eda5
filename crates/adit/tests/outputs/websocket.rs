//! WebSocket-FLV.

use adit_testkit::packets;
use adit_testkit::process::Process;
use adit_testkit::server::AditServer;
use futures_util::{SinkExt as _, StreamExt as _};
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_tungstenite::tungstenite::client::IntoClientRequest as _;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::{Error, Message};
use tokio_tungstenite::{WebSocketStream, client_async};

use crate::support::{ADIT, PATIENCE, ask, publish, wait_until_live};

pub(crate) async fn connect(
    server: &AditServer,
    path: &str,
    origin: Option<&str>,
) -> Result<WebSocketStream<TcpStream>, Error> {
    let address = server.address();
    let mut request = format!("ws://{address}{path}")
        .into_client_request()
        .unwrap();
    if let Some(origin) = origin {
        let fields = request.headers_mut();
        fields.insert("Origin", origin.parse().unwrap());
    }
    let stream = TcpStream::connect(address).await.unwrap();
    client_async(request, stream)
        .await
        .map(|(socket, _)| socket)
}

/// A server with so many seconds of `cam`, which can be played.
async fn live(seconds: u32) -> (AditServer, Process) {
    let server = AditServer::start(ADIT);
    let publisher = publish(&server, "cam", seconds);
    let address = server.address();
    tokio::task::spawn_blocking(move || wait_until_live(address, "cam"))
        .await
        .unwrap();
    (server, publisher)
}

/// The next message.
pub(crate) async fn next(socket: &mut WebSocketStream<TcpStream>) -> Message {
    let message = timeout(PATIENCE, socket.next()).await;
    message
        .expect("in time")
        .expect("one more")
        .expect("a message")
}

#[tokio::test]
async fn each_message_is_the_file_header_or_one_tag_and_the_end_says_why() {
    let (server, _publisher) = live(4).await;
    let mut socket = connect(&server, "/live/cam.flv", Some("http://elsewhere"))
        .await
        .unwrap();
    socket.send(Message::Ping("here?".into())).await.unwrap();
    let (mut file, mut messages, mut ponged) = (Vec::new(), 0, false);
    let reason = loop {
        match next(&mut socket).await {
            Message::Binary(bytes) => {
                if messages == 0 {
                    assert_eq!(&bytes[..5], b"FLV\x01\x05");
                } else {
                    let tag = packets::parse(
                        [&b"FLV\x01\x05\0\0\0\x09\0\0\0\0"[..], &bytes]
                            .concat()
                            .into(),
                    );
                    assert_eq!(tag.len(), 1, "one tag in a message");
                }
                messages += 1;
                file.extend_from_slice(&bytes);
            }
            Message::Pong(payload) => {
                ponged = true;
                assert_eq!(payload.as_ref(), b"here?");
            }
            Message::Close(frame) => break frame.unwrap(),
            other => panic!("{other:?}"),
        }
    };
    assert!(ponged);
    assert_eq!(reason.code, CloseCode::Normal);
    assert_eq!(reason.reason.as_str(), "the stream has ended");
    let packets = packets::parse(file.into());
    assert_eq!(packets.len() + 1, messages);
    assert!(packets.iter().filter(|packet| packet.is_coded()).count() > 60);
    server.assert_sound();
}

#[tokio::test]
async fn whoever_says_too_much_is_told_so() {
    let (server, _publisher) = live(30).await;
    let mut socket = connect(&server, "/live/cam.flv", None).await.unwrap();
    socket
        .send(Message::Binary(vec![0; 4_096].into()))
        .await
        .unwrap();
    socket.send(Message::Text("hello".into())).await.unwrap();
    for _ in 0..10 {
        assert!(
            matches!(next(&mut socket).await, Message::Binary(_)),
            "a little is no harm"
        );
    }
    socket
        .send(Message::Binary(vec![0; 4_097].into()))
        .await
        .unwrap();
    let code = loop {
        match timeout(PATIENCE, socket.next()).await.expect("in time") {
            Some(Ok(Message::Close(frame))) => break frame.map(|frame| frame.code),
            Some(Ok(_)) => {}
            Some(Err(_)) | None => break None,
        }
    };
    assert_eq!(code, Some(CloseCode::Size));
    server.assert_sound();
}

#[tokio::test]
async fn handshakes_that_are_none_are_refused() {
    let server = AditServer::start(ADIT);
    let _publisher = publish(&server, "cam", 30);
    let address = server.address();
    tokio::task::spawn_blocking(move || {
        wait_until_live(address, "cam");
        let key = "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
        for (fields, status) in [
            (
                format!("Upgrade: websocket\r\nSec-WebSocket-Version: 8\r\n{key}"),
                426,
            ),
            (
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\n".to_owned(),
                400,
            ),
            (
                "Upgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: x\r\n"
                    .to_owned(),
                400,
            ),
        ] {
            let answer = ask(address, "GET", "/live/cam.flv", &fields);
            assert_eq!(answer.status, status, "{fields}: {answer:?}");
        }
    })
    .await
    .unwrap();
    let refused = connect(&server, "/live/none.flv", None).await;
    match refused {
        Err(Error::Http(response)) => assert_eq!(response.status(), 404),
        other => panic!("{other:?}"),
    }
    server.assert_sound();
}

#[tokio::test]
async fn a_server_that_stops_says_goodbye() {
    let (server, _publisher) = live(30).await;
    let mut socket = connect(&server, "/live/cam.flv", None).await.unwrap();
    for _ in 0..5 {
        next(&mut socket).await;
    }
    let stopped = tokio::task::spawn_blocking(move || server.stop());
    let code = loop {
        if let Message::Close(frame) = next(&mut socket).await {
            break frame.unwrap().code;
        }
    };
    // The stream ends with the server, and which of the two is seen first does not matter.
    assert!(
        matches!(code, CloseCode::Away | CloseCode::Normal),
        "{code:?}"
    );
    // The library answers the goodbye when it is asked for more.
    assert!(timeout(PATIENCE, socket.next()).await.unwrap().is_none());
    let (status, log) = stopped.await.unwrap();
    assert!(status.success(), "{log}");
}
