//! Why a text is no pattern.

use super::PictureRate;
use super::options::{LARGEST, LONGEST_KEY_SECONDS, SMALLEST};
use super::rate::MOST_FPS;
use crate::limits::FLV_TAG_BYTES;

/// Why a text is no pattern. The fault is its writer's.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PatternError {
    /// It does not begin with `pattern:`.
    #[error("\"{text}\" does not begin with \"pattern:\"")]
    NotPattern {
        /// The whole text.
        text: String,
    },
    /// A part that means nothing.
    #[error(
        "\"{part}\" is no part of a pattern: expected a size as 1280x720, a rate as @30 or @29.97, both as 1280x720@30, \
         a bit rate as 2500k or 2.5M, key=2 (seconds), or no-audio"
    )]
    UnknownPart {
        /// The part.
        part: String,
    },
    /// A part that says what another one said.
    #[error("\"{part}\" says again what was said before")]
    Repeated {
        /// The second of them.
        part: String,
    },
    /// A width or height out of range.
    #[error("{width}x{height}: width and height must be even and between {SMALLEST} and {LARGEST}")]
    Size {
        /// Pixels.
        width: u32,
        /// Pixels.
        height: u32,
    },
    /// A number of pictures a second out of range.
    #[error("{fps} pictures a second: between 1 and {MOST_FPS} are possible")]
    Fps {
        /// Pictures a second.
        fps: u32,
    },
    /// A bit rate out of range.
    #[error("\"{part}\": bit rates go up to 100M")]
    Rate {
        /// The part.
        part: String,
    },
    /// A key frame interval out of range.
    #[error("key={seconds}: between 1 and {LONGEST_KEY_SECONDS} seconds are possible")]
    Key {
        /// Seconds.
        seconds: u32,
    },
    /// More than the highest level of H.264 has.
    #[error("{width}x{height}@{rate} is more than H.264 level 5.2 allows")]
    TooMuch {
        /// Pixels.
        width: u16,
        /// Pixels.
        height: u16,
        /// Pictures a second.
        rate: PictureRate,
    },
    /// A picture at this rate is more than one message takes.
    #[error(
        "{kbps}k at {rate} pictures a second makes messages of {bytes} bytes, {FLV_TAG_BYTES} are possible: \
         ask for a lower bit rate or more pictures"
    )]
    Message {
        /// The bit rate in kbit/s.
        kbps: u32,
        /// Pictures a second.
        rate: PictureRate,
        /// How long the largest message would be.
        bytes: u64,
    },
}
