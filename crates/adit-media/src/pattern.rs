//! A test clip made on the spot: colour bars, a clock that counts frames, a box that moves, a beep each second.
//!
//! ```text
//!  white yellow cyan green magenta red blue black     75 % bars, BT.709
//!         ▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓▓                   minutes : seconds : frames
//!  ───────────────────────██────────────────────────  a box, one step a frame, to and fro
//! ```
//!
//! Both encoders are written here and do just this: the picture consists of macroblocks of one colour each, which H.264
//! carries exactly, and the sound is one tone. [`Pattern`] is an iterator without end, clock or chance.

mod aac;
mod bits;
mod error;
mod h264;
mod options;
mod padding;
mod picture;
mod rate;

use std::iter::FusedIterator;
use std::vec;

use bytes::{BufMut, Bytes, BytesMut};

pub use error::PatternError;
pub use options::{PatternOptions, PatternSound};
pub use rate::PictureRate;

use crate::{Frame, FrameKind, Timestamp};
use aac::Beeper;
use h264::Encoder;
use padding::Padding;

/// The frames of the test clip, first its metadata and sequence headers, then media in the order of time, without end.
///
/// Timestamps begin at 0. Video frames are due at `n · 1000 / fps` ms, audio frames at `n · 64 / 3` ms, both rounded
/// down; with a tie video comes first. Equal options give equal frames.
///
/// ```
/// use adit_media::pattern::{Pattern, PatternOptions};
///
/// let options: PatternOptions = "pattern:1280x720@30,2.5M".parse()?;
/// let first: Vec<_> = Pattern::new(options).take(4).collect();
/// assert!(first[0].flags().is_metadata());
/// assert!(first[1].flags().is_sequence_header() && first[2].flags().is_sequence_header());
/// assert!(first[3].flags().is_key_frame());
/// # Ok::<(), adit_media::pattern::PatternError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Pattern {
    options: PatternOptions,
    /// Those of [`Self::headers`] that are to come.
    begin: vec::IntoIter<Frame>,
    video: Encoder,
    padding: Padding,
    audio: Option<Beeper>,
    pictures: u64,
    sounds: u64,
}

impl Pattern {
    /// The clip from its beginning.
    pub fn new(options: PatternOptions) -> Self {
        let mut pattern = Self {
            options,
            begin: Vec::new().into_iter(),
            video: Encoder::new(&options),
            padding: Padding::new(&options),
            audio: match options.sound() {
                PatternSound::Beep => Some(Beeper::new()),
                PatternSound::None => None,
            },
            pictures: 0,
            sounds: 0,
        };
        pattern.begin = pattern.headers().into_iter();
        pattern
    }

    /// What the clip was asked to be.
    pub const fn options(&self) -> &PatternOptions {
        &self.options
    }

    /// What every player needs first, at 0: `onMetaData`, the AVC configuration, and with sound the AAC configuration.
    pub fn headers(&self) -> Vec<Frame> {
        let mut headers = vec![
            frame(0, FrameKind::Data, metadata(&self.options)),
            frame(0, FrameKind::Video, self.video.sequence_header()),
        ];
        if self.audio.is_some() {
            headers.push(frame(0, FrameKind::Audio, aac::sequence_header()));
        }
        headers
    }

    fn picture(&mut self, at: u64) -> Frame {
        let room = self.padding.room(self.pictures);
        let payload = self.video.picture(self.pictures, |slice_bytes| {
            room.saturating_sub(slice_bytes)
        });
        self.padding.spent(payload.len());
        self.pictures = self.pictures.wrapping_add(1);
        frame(at, FrameKind::Video, payload)
    }
}

impl Iterator for Pattern {
    type Item = Frame;

    /// The next frame; there is always one.
    fn next(&mut self) -> Option<Frame> {
        if let Some(header) = self.begin.next() {
            return Some(header);
        }
        let picture_at = picture_ms(&self.options, self.pictures);
        if let Some(audio) = &self.audio
            && aac::frame_ms(self.sounds) < picture_at
        {
            let sound = frame(
                aac::frame_ms(self.sounds),
                FrameKind::Audio,
                audio.frame(self.sounds),
            );
            self.sounds = self.sounds.wrapping_add(1);
            return Some(sound);
        }
        Some(self.picture(picture_at))
    }
}

impl FusedIterator for Pattern {}

/// When picture `n` is due, in milliseconds.
fn picture_ms(options: &PatternOptions, n: u64) -> u64 {
    let rate = options.rate();
    n.saturating_mul(rate.thousandths().into()) / u64::from(rate.nominal().max(1))
}

/// A frame at `ms` on a clock that does not wrap, brought to one that does.
fn frame(ms: u64, kind: FrameKind, payload: Bytes) -> Frame {
    let wrapped = u32::try_from(ms & u64::from(u32::MAX)).unwrap_or_default();
    Frame::classify(Timestamp::from_ms(wrapped), kind, payload)
}

/// `onMetaData` with the members that encoders write [FLV E.5].
fn metadata(options: &PatternOptions) -> Bytes {
    let mut members: Vec<(&str, f64)> = vec![
        ("width", options.width().into()),
        ("height", options.height().into()),
        ("framerate", options.rate().per_second()),
        ("videocodecid", 7.0),
        ("videodatarate", options.video_kbps().into()),
    ];
    if options.sound() == PatternSound::Beep {
        members.extend([
            ("audiocodecid", 10.0),
            ("audiosamplerate", aac::RATE_HZ.into()),
            ("audiosamplesize", 16.0),
            ("audiochannels", 2.0),
        ]);
    }
    let mut out = BytesMut::new();
    out.put_slice(b"\x02\x00\x0AonMetaData\x08");
    out.put_u32(u32::try_from(members.len()).unwrap_or(0).saturating_add(1));
    for (name, number) in members {
        put_name(name, &mut out);
        out.put_u8(0);
        out.put_f64(number);
    }
    put_name("encoder", &mut out);
    out.put_u8(2);
    put_name("Adit test pattern", &mut out);
    out.put_slice(&[0, 0, 9]);
    out.freeze()
}

fn put_name(name: &str, out: &mut BytesMut) {
    out.put_u16(u16::try_from(name.len()).unwrap_or(0));
    out.put_slice(name.as_bytes());
}

#[cfg(test)]
mod tests;
