//! Chunk streams: messages to bytes and back [RTMP 5.3].
//!
//! ```text
//! chunk   basic header 1–3 │ message header 0, 3, 7 or 11 │ extended timestamp 0 or 4 │ payload
//! basic   format 2 bits, chunk stream id
//! type 0  time u24 │ length u24 │ type u8 │ message stream id u32, low byte first
//! type 1  delta u24 │ length u24 │ type u8
//! type 2  delta u24
//! type 3  –
//! ```
//!
//! [`ChunkReader`] reads all of it, in any split; [`ChunkWriter`] begins each message with type 0 and
//! goes on with type 3, so that what it writes depends on nothing it wrote before. For media that
//! goes to many players, [`encode_tail`] makes the common part once and [`MediaHead`] the rest.
//!
//! ```
//! use std::time::Instant;
//!
//! use adit_rtmp::chunk::{ChunkReader, ChunkWriter, Next};
//! use adit_rtmp::limits::ChunkLimits;
//! use adit_rtmp::message::{ControlMessage, MessageKind};
//! use adit_rtmp::out::OutQueue;
//! use bytes::Buf;
//!
//! let mut out = OutQueue::new();
//! ChunkWriter::new().write_control(&ControlMessage::WindowAckSize(2_500_000), &mut out);
//!
//! let mut reader = ChunkReader::new(ChunkLimits::default());
//! reader.feed(out.copy_to_bytes(out.len()));
//! let Next::Message(message) = reader.poll(Instant::now())? else { panic!("a message") };
//! assert_eq!(message.kind, MessageKind::WindowAckSize);
//! assert_eq!(reader.poll(Instant::now())?, Next::NeedMore);
//! # Ok::<(), adit_rtmp::chunk::ChunkError>(())
//! ```

mod budget;
mod error;
mod guard;
mod header;
mod input;
mod reader;
mod stream;
mod writer;

pub use self::error::ChunkError;
pub use self::reader::{ChunkReader, Next, Phase};
pub use self::writer::{ChunkWriter, MediaHead, WriteError, encode_tail};

#[cfg(test)]
mod tests;
