//! A client for tests that publishes, plays and keeps the media that comes.

use std::net::SocketAddr;

use adit_rtmp::Timestamp;
use adit_rtmp::command::{ClientCommand, Connect, Play, Publish, PublishKind};
use adit_rtmp::session::{ClientEvent, ClientSession, MediaKind};
use bytes::Bytes;

use crate::support::{Hear, Wire, words};

pub(crate) type Client = Wire<Media>;

/// The audio and video that has come.
#[derive(Default)]
pub(crate) struct Media(pub(crate) Vec<(MediaKind, u32, Bytes)>);

impl Client {
    /// Connects to the application `live` and creates a stream.
    pub(crate) async fn connect(server: SocketAddr) -> Self {
        let connect = Connect::new("live", "rtmp://localhost/live");
        let mut client = Self::ask_for(server, connect, Media::default()).await;
        client.create_stream().await;
        client
    }

    pub(crate) async fn publish(&mut self, name: &str) {
        self.publish_as(name, PublishKind::Live).await;
    }

    pub(crate) async fn publish_as(&mut self, name: &str, kind: PublishKind) {
        self.ask(ClientCommand::Publish(Publish::new(name, kind)))
            .await;
    }

    pub(crate) async fn play(&mut self, name: &str) {
        self.ask(ClientCommand::Play(Play::new(name))).await;
    }

    /// Sends a command on the stream.
    pub(crate) async fn ask(&mut self, command: ClientCommand) {
        self.command(self.stream, command).await;
    }

    pub(crate) async fn send(&mut self, kind: MediaKind, at_ms: u32, payload: &[u8]) {
        let at = Timestamp::from_ms(at_ms);
        let payload = Bytes::copy_from_slice(payload);
        self.session
            .send_media(self.stream, kind, at, &payload)
            .expect("publishing");
        self.flush().await;
    }

    /// Goes on until `count` media messages have come, and takes them.
    pub(crate) async fn until_media(&mut self, count: usize) -> Vec<(MediaKind, u32, Bytes)> {
        let media = self.wait_for(|client| {
            let media = &mut client.heard.0;
            (media.len() >= count).then(|| media.drain(..count).collect())
        });
        let media = media.await;
        assert!(
            media.is_some(),
            "{} of {count} media messages; seen: {:?}",
            self.heard.0.len(),
            self.seen
        );
        media.unwrap_or_default()
    }
}

impl Hear for Media {
    fn hear(&mut self, _: &mut ClientSession, event: ClientEvent) -> Option<String> {
        match event {
            // What the server says about the stream itself (`|RtmpSampleAccess`) is none of its media.
            ClientEvent::Media {
                kind: MediaKind::Data,
                ..
            } => None,
            ClientEvent::Media {
                kind,
                timestamp,
                payload,
                ..
            } => {
                self.0.push((kind, timestamp.ms(), payload));
                None
            }
            ClientEvent::Status { status, .. } => Some(words(&status)),
            ClientEvent::Response(response) => Some(match response.status() {
                Some(status) => words(&status),
                None => "response".to_owned(),
            }),
            other => Some(format!("{other:?}")),
        }
    }
}
