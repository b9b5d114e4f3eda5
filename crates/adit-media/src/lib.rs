//! Media as data: frames, timestamps, FLV, legacy and enhanced audio and video headers.
//!
//! A [`Frame`] is one audio, video or data message with the facts a relay acts on, read once from
//! its header. [`video`] and [`audio`] take a header apart completely, [`flv`] reads and writes
//! files. Payloads are never changed: what a publisher sent is what players get.
//!
//! This crate never knows RTMP chunks and commands, sockets, tokio, stream names, clocks.

pub mod audio;
mod classify;
pub mod data;
mod enhanced;
mod error;
mod flags;
pub mod flv;
pub mod fmp4;
mod fourcc;
mod frame;
pub mod limits;
mod mark;
pub mod pace;
pub mod pattern;
mod points;
mod read;
pub mod record;
pub mod repair;
#[cfg(test)]
mod samples;
mod source;
mod timestamp;
pub mod verify;
pub mod video;
pub mod vod;

pub use classify::{HeaderPurpose, HeaderSlot};
pub use enhanced::Layout;
pub use error::HeaderError;
pub use flags::{FrameFlags, FrameKind};
pub use fourcc::FourCc;
pub use frame::Frame;
pub use mark::CodecMark;
pub use timestamp::Timestamp;
