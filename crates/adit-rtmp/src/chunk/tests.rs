#![expect(clippy::cast_possible_truncation, reason = "test values are small")]

mod control;
mod headers;
mod limits;
mod properties;
mod timestamps;
mod writer;

use std::time::{Duration, Instant};

use bytes::Bytes;

use super::{ChunkError, ChunkReader, Next, Phase};
use crate::id::{ChunkStreamId, MessageStreamId};
use crate::limits::ChunkLimits;
use crate::message::{Message, MessageKind};
use crate::time::Timestamp;

/// An arbitrary moment; only the distance to it matters.
fn start() -> Instant {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(moment);
    *START
}

#[expect(
    clippy::disallowed_methods,
    reason = "there is no other way to make an Instant"
)]
fn moment() -> Instant {
    Instant::now()
}

fn seconds(seconds: u64) -> Instant {
    start() + Duration::from_secs(seconds)
}

fn reader() -> ChunkReader {
    let mut reader = ChunkReader::new(ChunkLimits::default());
    reader.set_phase(Phase::Connected);
    reader
}

fn csid(id: u32) -> ChunkStreamId {
    ChunkStreamId::new(id).unwrap()
}

/// Polls a reader dry.
fn drain(reader: &mut ChunkReader) -> Result<Vec<Message>, ChunkError> {
    let mut messages = Vec::new();
    loop {
        match reader.poll(start())? {
            Next::Message(message) => messages.push(message),
            Next::NeedMore => return Ok(messages),
            Next::Throttled(until) => panic!("throttled until {until:?}"),
        }
    }
}

/// Feeds pieces, polling after each.
fn read(reader: &mut ChunkReader, pieces: &[&[u8]]) -> Result<Vec<Message>, ChunkError> {
    let mut messages = Vec::new();
    for piece in pieces {
        reader.feed(Bytes::copy_from_slice(piece));
        messages.extend(drain(reader)?);
    }
    Ok(messages)
}

/// What is compared of a message: type, time, message stream, payload.
type Seen = (u8, u32, u32, Vec<u8>);

fn seen(messages: &[Message]) -> Vec<Seen> {
    messages
        .iter()
        .map(|m| {
            (
                m.kind.id(),
                m.timestamp.ms(),
                m.msid.get(),
                m.payload.to_vec(),
            )
        })
        .collect()
}

/// Checks the messages of a chunk stream, fed whole, byte by byte, and split in two anywhere.
#[track_caller]
fn check(wire: &Wire, expected: &[Seen]) {
    let whole = read(&mut reader(), &[&wire.0]).unwrap();
    assert_eq!(seen(&whole), expected);
    let bytes: Vec<&[u8]> = wire.0.chunks(1).collect();
    assert_eq!(
        read(&mut reader(), &bytes),
        Ok(whole.clone()),
        "byte by byte"
    );
    for at in 0..wire.0.len().min(400) {
        let (one, two) = wire.0.split_at(at);
        assert_eq!(
            read(&mut reader(), &[one, two]),
            Ok(whole.clone()),
            "split at {at}"
        );
        let mut unpolled = reader();
        unpolled.feed(Bytes::copy_from_slice(one));
        unpolled.feed(Bytes::copy_from_slice(two));
        assert_eq!(
            drain(&mut unpolled),
            Ok(whole.clone()),
            "two pieces, split at {at}"
        );
    }
}

#[track_caller]
fn check_error(wire: &Wire, expected: ChunkError) {
    let mut whole = reader();
    assert_eq!(read(&mut whole, &[&wire.0]), Err(expected));
    let bytes: Vec<&[u8]> = wire.0.chunks(1).collect();
    assert_eq!(read(&mut reader(), &bytes), Err(expected), "byte by byte");
    whole.feed(Bytes::from_static(&[2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]));
    assert_eq!(
        whole.poll(start()),
        Err(expected),
        "a failed reader stays failed"
    );
}

fn audio(timestamp: u32, msid: u32, payload: &[u8]) -> Seen {
    (8, timestamp, msid, payload.to_vec())
}

/// Chunks, written out by hand.
#[derive(Clone, Debug, Default)]
struct Wire(Vec<u8>);

impl Wire {
    fn new() -> Self {
        Self::default()
    }

    fn bytes(mut self, bytes: &[u8]) -> Self {
        self.0.extend_from_slice(bytes);
        self
    }

    fn number(self, number: u32, bytes: usize) -> Self {
        self.bytes(&number.to_be_bytes()[4 - bytes..])
    }

    fn basic(self, format: u8, csid: u32) -> Self {
        match csid {
            0..64 => self.bytes(&[format << 6 | csid as u8]),
            64..320 => self.bytes(&[format << 6, (csid - 64) as u8]),
            _ => self
                .bytes(&[format << 6 | 1])
                .bytes(&((csid - 64) as u16).to_le_bytes()),
        }
    }

    /// `time` is the 24-bit field as it stands.
    fn type0(self, csid: u32, time: u32, len: u32, kind: u8, msid: u32) -> Self {
        self.basic(0, csid)
            .number(time, 3)
            .number(len, 3)
            .bytes(&[kind])
            .bytes(&msid.to_le_bytes())
    }

    fn type1(self, csid: u32, delta: u32, len: u32, kind: u8) -> Self {
        self.basic(1, csid)
            .number(delta, 3)
            .number(len, 3)
            .bytes(&[kind])
    }

    fn type2(self, csid: u32, delta: u32) -> Self {
        self.basic(2, csid).number(delta, 3)
    }

    fn type3(self, csid: u32) -> Self {
        self.basic(3, csid)
    }

    /// An extended timestamp field.
    fn ext(self, value: u32) -> Self {
        self.number(value, 4)
    }

    /// A whole control message of four bytes on chunk stream 2.
    fn control(self, kind: u8, number: u32) -> Self {
        self.type0(2, 0, 4, kind, 0).number(number, 4)
    }
}

/// `len` bytes that are not all the same, starting with `first`.
fn body(first: u8, len: usize) -> Vec<u8> {
    (0..len).map(|index| (index % 251) as u8 ^ first).collect()
}

fn message(kind: u8, timestamp: u32, msid: u32, on: u32, payload: Vec<u8>) -> Message {
    Message {
        kind: MessageKind::from_id(kind),
        timestamp: Timestamp::from_ms(timestamp),
        msid: MessageStreamId::new(msid),
        csid: csid(on),
        payload: payload.into(),
    }
}
