//! Media as data: frames, timestamps, FLV, legacy and enhanced audio and video headers.

mod frame;
mod timestamp;

pub use frame::{Frame, FrameFlags, FrameKind};
pub use timestamp::Timestamp;
