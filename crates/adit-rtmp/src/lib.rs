//! RTMP as a state machine: handshake, chunk streams, messages, commands, sessions; no I/O.
//!
//! Bytes, the time and a [`Seed`] go in; events, bytes and the next deadline come out.

pub mod chunk;
pub mod command;
mod error;
pub mod handshake;
mod id;
pub mod limits;
pub mod message;
pub mod out;
mod seed;
pub mod session;
pub mod shared_object;
mod time;

pub use self::error::Fault;
pub use self::id::{ChunkSize, ChunkStreamId, MessageStreamId};
pub use self::seed::{Seed, SeedStream};
pub use self::time::Timestamp;
