//! `NetConnection` and `NetStream` against a scripted server on loopback.
#![cfg(test)]

mod answers;
mod ends;
mod media;
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "not every test needs all of it")]
mod support;

use std::sync::{Arc, Mutex};
use std::time::Duration;

use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::rtmp::command::PublishKind;
use adit_client::rtmp::session::{MediaKind, ServerEvent};
use adit_client::{Intent, NetConnection, NetStream, Target};
use bytes::Bytes;
use support::{Server, accept, client, options};

pub(crate) const SOON: Duration = Duration::from_secs(10);

pub(crate) fn frame(at: u32, kind: FrameKind, payload: &'static [u8]) -> Frame {
    Frame::classify(Timestamp::from_ms(at), kind, Bytes::from_static(payload))
}

/// Everything that a server has received as media: kind, time, payload.
pub(crate) type Received = Arc<Mutex<Vec<(MediaKind, u32, Bytes)>>>;

pub(crate) async fn connected(target: &Target, intent: Intent) -> NetConnection {
    client().connect(target, &options(intent)).await.unwrap()
}

/// A connection with a stream that is published.
pub(crate) async fn publisher(target: &Target) -> (NetConnection, NetStream) {
    let connection = connected(target, Intent::Publish).await;
    let mut stream = connection.create_stream().await.unwrap();
    stream
        .publish(target.name(), PublishKind::Live)
        .await
        .unwrap();
    (connection, stream)
}

pub(crate) fn collecting() -> (Server, Received) {
    let received = Received::default();
    let seen = Arc::clone(&received);
    let server = Server::start(move |_, session, event| {
        if let Some(ServerEvent::Media {
            kind,
            timestamp,
            payload,
            ..
        }) = accept(session, event)
        {
            seen.lock().unwrap().push((kind, timestamp.ms(), payload));
        }
    });
    (server, received)
}
