//! Chunk streams: messages to bytes and back.

mod error;
mod reader;
mod writer;

pub use self::error::ChunkError;
pub use self::reader::{ChunkReader, Next, Phase};
pub use self::writer::{ChunkWriter, MediaHead, TooLong, encode_tail};
