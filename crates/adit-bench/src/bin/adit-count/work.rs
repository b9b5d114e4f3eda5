//! The pieces of work that are counted.

use std::{
    error::Error,
    hint::black_box,
    time::{Duration, Instant},
};

use adit_amf::{Limits, amf0};
use adit_rtmp::{
    ChunkSize, MessageStreamId, Timestamp,
    chunk::{ChunkReader, ChunkWriter, MediaHead, Next, encode_tail},
    limits::ChunkLimits,
    message::{ControlMessage, MediaKind, Message},
    out::OutQueue,
};
use adit_rtmpt::{Request, RequestId, Sequence, ServerTunnel, TunnelConfig, path};
use bytes::{Buf, Bytes, BytesMut};

/// Bytes of a video and of an audio message.
const VIDEO: usize = 10_250;
const AUDIO: usize = 280;
/// What encoders set as their chunk size.
const CHUNK: u32 = 4096;

/// One thing the server does again and again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Work {
    /// Reads a video message in chunks and an audio message.
    ChunkRead,
    /// Makes the shared form of a video message, and one player's bytes of it.
    ChunkForm,
    /// Decodes the arguments of a `connect`.
    AmfDecode,
    /// Takes an `idle` of a tunnel and answers it with a video message.
    TunnelRequest,
}

impl Work {
    pub(crate) const ALL: [Self; 4] = [
        Self::ChunkRead,
        Self::ChunkForm,
        Self::AmfDecode,
        Self::TunnelRequest,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::ChunkRead => "chunk-read",
            Self::ChunkForm => "chunk-form",
            Self::AmfDecode => "amf-decode",
            Self::TunnelRequest => "tunnel-request",
        }
    }

    /// Does it so many times, a millisecond apart.
    pub(crate) fn run(self, times: u32) -> Result<(), Box<dyn Error>> {
        match self {
            Self::ChunkRead => chunk_read(times),
            Self::ChunkForm => chunk_form(times),
            Self::AmfDecode => amf_decode(times),
            Self::TunnelRequest => tunnel_request(times),
        }
    }
}

fn message(kind: MediaKind, len: usize) -> Message {
    Message {
        kind: kind.message_kind(),
        timestamp: Timestamp::from_ms(40),
        msid: MessageStreamId::new(1),
        csid: kind.csid(),
        payload: vec![0x27; len].into(),
    }
}

fn chunk_size() -> Result<ChunkSize, Box<dyn Error>> {
    Ok(ChunkSize::new(CHUNK).ok_or("a chunk size out of range")?)
}

fn chunk_read(times: u32) -> Result<(), Box<dyn Error>> {
    let mut writer = ChunkWriter::new();
    let mut out = OutQueue::new();
    writer.write_control(&ControlMessage::SetChunkSize(chunk_size()?), &mut out);
    let opening = out.copy_to_bytes(out.len());
    writer.write(&message(MediaKind::Video, VIDEO), &mut out)?;
    writer.write(&message(MediaKind::Audio, AUDIO), &mut out)?;
    let wire = out.copy_to_bytes(out.len());

    let start = Instant::now();
    let mut reader = ChunkReader::new(ChunkLimits::default());
    reader.feed(opening);
    while reader.poll(start)? != Next::NeedMore {}
    for time in 0..times {
        reader.feed(wire.clone());
        let now = start + Duration::from_millis(u64::from(time));
        while let Next::Message(message) = reader.poll(now)? {
            black_box(message);
        }
    }
    Ok(())
}

fn chunk_form(times: u32) -> Result<(), Box<dyn Error>> {
    let payload = Bytes::from(vec![0x27; VIDEO]);
    let mut out = OutQueue::new();
    for time in 0..times {
        let kind = MediaKind::Video;
        let tail = encode_tail(black_box(&payload), kind.csid(), chunk_size()?, None);
        let at = Timestamp::from_ms(time);
        MediaHead::new(kind, at, MessageStreamId::new(1), VIDEO)?.push(&mut out);
        out.push(tail);
        while out.has_remaining() {
            let len = black_box(out.chunk()).len();
            out.advance(len);
        }
    }
    Ok(())
}

fn amf_decode(times: u32) -> Result<(), Box<dyn Error>> {
    let object = amf0::Object::new()
        .with("app", "live")
        .with("type", "nonprivate")
        .with("flashVer", "FMLE/3.0 (compatible; FMSc/1.0)")
        .with("swfUrl", "rtmp://127.0.0.1:1935/live")
        .with("tcUrl", "rtmp://127.0.0.1:1935/live")
        .with("fpad", amf0::Value::Boolean(false))
        .with("capabilities", 239.0)
        .with("audioCodecs", 3575.0)
        .with("videoCodecs", 252.0)
        .with("videoFunction", 1.0);
    let values = [
        amf0::Value::from("connect"),
        amf0::Value::from(1.0),
        amf0::Value::from(object),
    ];
    let mut body = BytesMut::new();
    amf0::encode_all(&values, &mut body)?;
    let body = body.freeze();
    let limits = Limits::default();
    for _ in 0..times {
        black_box(amf0::decode_all(black_box(body.clone()), &limits)?);
    }
    Ok(())
}

fn tunnel_request(times: u32) -> Result<(), Box<dyn Error>> {
    let start = Instant::now();
    let mut tunnel = ServerTunnel::new(start, TunnelConfig::default());
    let payload = Bytes::from(vec![0x27; VIDEO]);
    for time in 0..times {
        let now = start + Duration::from_millis(u64::from(time));
        let target = "/idle/0123456789abcdef0123456789abcdef/7";
        black_box(path::parse(black_box(target)).is_ok());
        let sequence = Sequence::new(u64::from(time));
        let id = RequestId::new(u64::from(time));
        tunnel.handle_request(now, id, Request::Idle { sequence });
        let mut data = payload.clone();
        tunnel.write(now, &mut data);
        let mut answered = 0;
        while let Some((_, reply)) = tunnel.poll_reply(now) {
            answered += 1;
            reply.into_body().into_segments().for_each(|segment| {
                black_box(segment);
            });
        }
        if answered == 0 || !data.is_empty() {
            return Err("the tunnel did not take and answer its request".into());
        }
    }
    Ok(())
}
