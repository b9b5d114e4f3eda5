//! A client that publishes numbered messages and plays its own stream, and knows of each byte whether it came back.

use adit_rtmp::command::{Connect, Play, PublishKind, StatusCode};
use adit_rtmp::message::MediaKind;
use adit_rtmp::session::{ClientEvent, ClientSession};
use adit_rtmp::{MessageStreamId, Timestamp};
use bytes::{BufMut as _, Bytes, BytesMut};

use crate::random::Random;
use crate::session;

/// One RTMP connection with two message streams: one publishes, the other plays what is published. No I/O.
///
/// Message `n` has the timestamp `n` and a body that follows from `n` alone. What is played must be message 0, 1, 2 and so
/// on, byte for byte; anything else is an error that says what came instead of what.
#[derive(Debug)]
pub struct Numbered {
    session: ClientSession,
    name: String,
    plays: Option<MessageStreamId>,
    publishes: Option<MessageStreamId>,
    published: Published,
    sent: u64,
    received: u64,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Published {
    NotYet,
    Now,
}

impl Numbered {
    /// A client that will publish `live/NAME`.
    pub fn new(name: &str, seed: u64) -> Self {
        let connect = Connect::new("live", "rtmp://localhost/live");
        Self {
            session: session::connecting(connect, seed),
            name: name.to_owned(),
            plays: None,
            publishes: None,
            published: Published::NotYet,
            sent: 0,
            received: 0,
        }
    }

    /// Takes bytes from the server.
    ///
    /// # Errors
    ///
    /// What the server did wrong.
    pub fn feed(&mut self, bytes: Bytes) -> Result<(), String> {
        session::feed(&mut self.session, bytes);
        while let Some(event) = session::poll(&mut self.session)? {
            self.take(event)?;
        }
        Ok(())
    }

    /// What is to be sent to the server by now; may be empty.
    pub fn output(&mut self) -> Bytes {
        session::output(&mut self.session)
    }

    /// Whether a message may be sent: the stream is published, and not too many are on their way.
    pub fn has_room(&self) -> bool {
        self.published == Published::Now && self.under_way() < WINDOW
    }

    /// Publishes the next message.
    pub fn send(&mut self) {
        let (kind, payload) = payload(self.sent);
        let msid = self.publishes.expect("a stream is published");
        self.session
            .send_media(msid, kind, timestamp(self.sent), &payload)
            .expect("it is connected");
        self.sent += 1;
    }

    /// How many messages were sent.
    pub fn sent(&self) -> u64 {
        self.sent
    }

    /// How many of them came back.
    pub fn received(&self) -> u64 {
        self.received
    }

    /// How many have not come back yet.
    pub fn under_way(&self) -> u64 {
        self.sent - self.received
    }

    fn take(&mut self, event: ClientEvent) -> Result<(), String> {
        match event {
            ClientEvent::Connected(_) => {
                self.session
                    .create_stream()
                    .map_err(|error| error.to_string())?;
            }
            ClientEvent::StreamCreated { msid, .. } => self.use_stream(msid)?,
            ClientEvent::Status { status, .. } if status.is_error() => {
                return Err(format!("{status:?}"));
            }
            ClientEvent::Status { msid, status }
                if Some(msid) == self.publishes
                    && status.code() == Some(StatusCode::PublishStart) =>
            {
                self.published = Published::Now;
            }
            ClientEvent::Media {
                msid,
                kind,
                timestamp,
                payload,
            } if Some(msid) == self.plays && kind != MediaKind::Data => {
                self.compare(kind, timestamp, &payload)?;
            }
            ClientEvent::Rejected { .. }
            | ClientEvent::StreamRefused { .. }
            | ClientEvent::Closed { .. } => {
                return Err(format!("{event:?}"));
            }
            _ => {}
        }
        Ok(())
    }

    /// The first stream plays, the second publishes, so not even the first message can be missed.
    fn use_stream(&mut self, msid: MessageStreamId) -> Result<(), String> {
        let outcome = if self.plays.is_none() {
            self.plays = Some(msid);
            self.session
                .play(msid, Play::new(self.name.as_str()))
                .and_then(|()| self.session.create_stream().map(|_| ()))
        } else {
            self.publishes = Some(msid);
            self.session
                .publish(msid, self.name.as_str(), PublishKind::Live)
        };
        outcome.map_err(|error| error.to_string())
    }

    fn compare(&mut self, kind: MediaKind, at: Timestamp, got: &Bytes) -> Result<(), String> {
        let number = self.received;
        let (wanted_kind, wanted) = payload(number);
        if number >= self.sent {
            return Err(format!(
                "message {number} came back, which was never sent: {got:02x?}"
            ));
        }
        if (kind, at, got) != (wanted_kind, timestamp(number), &wanted) {
            let other = (0..self.sent)
                .rev()
                .take(500)
                .find(|each| payload(*each).1 == got);
            return Err(format!(
                "instead of message {number} ({wanted_kind:?}, {} bytes) came {kind:?} at {} ms, {} bytes{}",
                wanted.len(),
                at.ms(),
                got.len(),
                other.map_or_else(String::new, |other| format!(", which is message {other}"))
            ));
        }
        self.received += 1;
        Ok(())
    }
}

/// The body of message `number`: a codec header, the number, and bytes that follow from it. The first is a key frame.
fn payload(number: u64) -> (MediaKind, Bytes) {
    let mut random = Random::new(number);
    let mut body = BytesMut::new();
    let kind = match number % 8 {
        0 => {
            body.put_slice(&[0x17, 1, 0, 0, 0]);
            MediaKind::Video
        }
        4 => {
            body.put_slice(&[0x27, 1, 0, 0, 0]);
            MediaKind::Video
        }
        _ => {
            body.put_slice(&[0xaf, 1]);
            MediaKind::Audio
        }
    };
    body.put_u64(number);
    let length = if random.one_in(64) {
        6000
    } else {
        random.size_below(300)
    };
    body.put_slice(&random.bytes(length));
    (kind, body.freeze())
}

fn timestamp(number: u64) -> Timestamp {
    Timestamp::from_ms(u32::try_from(number).expect("a test sends fewer"))
}

/// Messages on their way at most: far fewer than a server may hold back for a slow player.
const WINDOW: u64 = 64;
