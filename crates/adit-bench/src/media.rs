//! The stream every benchmark sends: when each message is due, what is in it, and how a player
//! tells that it came whole.
//!
//! ```text
//! video  | 17/27 01 | cts 0 0 0 | NAL unit length u32 | NAL unit header | mark | pattern … | tail |
//! audio  | AF 01                                                        | mark | pattern … | tail |
//! mark   | sequence u32 | sent, monotonic ns u64 | timestamp ms u32 | payload length u32 |
//! tail   | sequence u32 | its complement u32 |
//! ```
//! All numbers are big endian. The bytes are laid out as AVC and AAC `[FLV E.4.2.1, E.4.3.1]`, so
//! any server relays them; nothing ever decodes them.

use std::{sync::LazyLock, time::Duration};

/// The rhythm and the sizes of a stream.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Profile {
    /// Video messages a second.
    pub(crate) video_per_second: u64,
    /// Audio messages a second.
    pub(crate) audio_per_second: u64,
    /// Video messages from one key frame to the next.
    pub(crate) gop: u64,
    /// Payload of a key frame, in bytes.
    pub(crate) key_bytes: usize,
    /// Payload of any other video message, in bytes.
    pub(crate) inter_bytes: usize,
    /// Payload of an audio message, in bytes.
    pub(crate) audio_bytes: usize,
}

/// 2.5 Mbit/s: 30 video messages of 10,250 bytes on average and 43 audio messages a second.
pub(crate) const STANDARD: Profile = Profile {
    video_per_second: 30,
    audio_per_second: 43,
    gop: 60,
    key_bytes: LARGEST_BYTES,
    inter_bytes: 9_950,
    audio_bytes: 280,
};

/// 1 Mbit/s in the same rhythm.
pub(crate) const MEGABIT: Profile = Profile {
    video_per_second: 30,
    audio_per_second: 43,
    gop: 60,
    key_bytes: 12_545,
    inter_bytes: 3_616,
    audio_bytes: 280,
};

/// 191 kbit/s in 46 messages a second, as small cameras send it.
pub(crate) const SMALL: Profile = Profile {
    video_per_second: 15,
    audio_per_second: 31,
    gop: 30,
    key_bytes: 5_000,
    inter_bytes: 1_196,
    audio_bytes: 130,
};

/// No payload of any profile is longer.
const LARGEST_BYTES: usize = 27_950;

impl Profile {
    /// Payload bytes a second of the whole stream, averaged over a GOP.
    pub(crate) fn bytes_per_second(&self) -> u64 {
        let size = |bytes: usize| u64::try_from(bytes).unwrap_or_default();
        let gop = size(self.key_bytes) + (self.gop - 1) * size(self.inter_bytes);
        gop * self.video_per_second / self.gop + self.audio_per_second * size(self.audio_bytes)
    }

    /// Payload length of a message, in bytes.
    fn payload_len(&self, content: Content) -> usize {
        match content {
            Content::Key => self.key_bytes,
            Content::Inter => self.inter_bytes,
            Content::Audio => self.audio_bytes,
        }
    }
}

/// RTMP message type of audio.
pub(crate) const AUDIO: u8 = 8;
/// RTMP message type of video.
pub(crate) const VIDEO: u8 = 9;

const NANOS: u64 = 1_000_000_000;
/// Audio is due a little after the video it goes with, as encoders send it.
const AUDIO_LAG_NS: u64 = 7_000_000;

const VIDEO_PREFIX: usize = 10;
const AUDIO_PREFIX: usize = 2;
const MARK: usize = 20;
const TAIL: usize = 8;
const HEAD: usize = VIDEO_PREFIX + MARK;

const PATTERN_STARTS: usize = 1 << 15;

/// Pseudo-random bytes that payloads are cut from; a message's sequence number says where.
static PATTERN: LazyLock<Vec<u8>> = LazyLock::new(|| {
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    };
    std::iter::repeat_with(next)
        .flatten()
        .take(PATTERN_STARTS + LARGEST_BYTES)
        .collect()
});

/// `length` bytes of the pattern of message `sequence`, from `offset` on.
fn pattern(sequence: u32, offset: usize, length: usize) -> &'static [u8] {
    let start = usize::try_from(sequence.wrapping_mul(7919)).unwrap_or_default() % PATTERN_STARTS;
    PATTERN
        .get(start + offset..start + offset + length)
        .unwrap_or_default()
}

/// What a message is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Content {
    Key,
    Inter,
    Audio,
}

impl Content {
    /// The RTMP message type.
    pub(crate) fn kind(self) -> u8 {
        match self {
            Self::Key | Self::Inter => VIDEO,
            Self::Audio => AUDIO,
        }
    }
}

/// A message of the schedule.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Planned {
    /// When it is to be sent, counted from the start of the stream.
    pub(crate) due: Duration,
    pub(crate) content: Content,
    /// Payload length in bytes.
    pub(crate) payload_len: usize,
    /// Counts all messages of the stream, audio and video together, from 0.
    pub(crate) sequence: u32,
}

impl Planned {
    /// The RTMP timestamp in milliseconds.
    pub(crate) fn timestamp(&self) -> u32 {
        u32::try_from(self.due.as_millis()).unwrap_or(u32::MAX)
    }

    /// Appends the payload. `sent_ns` is the monotonic time of sending.
    pub(crate) fn write_payload(&self, sent_ns: u64, out: &mut Vec<u8>) {
        let len = self.payload_len;
        let field = |number: usize| u32::try_from(number).unwrap_or(u32::MAX).to_be_bytes();
        let start = out.len();
        match self.content {
            Content::Key => out.extend_from_slice(&[0x17, 1, 0, 0, 0]),
            Content::Inter => out.extend_from_slice(&[0x27, 1, 0, 0, 0]),
            Content::Audio => out.extend_from_slice(&[0xAF, 1]),
        }
        if self.content != Content::Audio {
            let header_bytes = out.len() - start + 4;
            out.extend_from_slice(&field(len - header_bytes));
            out.push(if self.content == Content::Key {
                0x65
            } else {
                0x41
            });
        }
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&sent_ns.to_be_bytes());
        out.extend_from_slice(&self.timestamp().to_be_bytes());
        out.extend_from_slice(&field(len));
        let body = len - TAIL - (out.len() - start);
        out.extend_from_slice(pattern(self.sequence, 0, body));
        out.extend_from_slice(&self.sequence.to_be_bytes());
        out.extend_from_slice(&(!self.sequence).to_be_bytes());
    }
}

/// All messages of the stream in the order they are due, without end.
#[derive(Debug)]
pub(crate) struct Schedule {
    profile: &'static Profile,
    videos: u64,
    audios: u64,
}

impl Schedule {
    pub(crate) fn new(profile: &'static Profile) -> Self {
        Self {
            profile,
            videos: 0,
            audios: 0,
        }
    }
}

impl Default for Schedule {
    fn default() -> Self {
        Self::new(&STANDARD)
    }
}

impl Iterator for Schedule {
    type Item = Planned;

    fn next(&mut self) -> Option<Planned> {
        let profile = self.profile;
        let video_due = self.videos * NANOS / profile.video_per_second;
        let audio_due = self.audios * NANOS / profile.audio_per_second + AUDIO_LAG_NS;
        let sequence = u32::try_from(self.videos + self.audios).ok()?;
        let (due, content) = if audio_due < video_due {
            self.audios += 1;
            (audio_due, Content::Audio)
        } else {
            let key = self.videos.is_multiple_of(profile.gop);
            self.videos += 1;
            (video_due, if key { Content::Key } else { Content::Inter })
        };
        Some(Planned {
            due: Duration::from_nanos(due),
            content,
            payload_len: profile.payload_len(content),
            sequence,
        })
    }
}

/// The AVC sequence header: High profile, level 3.1, 1280×720 `[FLV E.4.3.1]`.
pub(crate) const AVC_HEADER: [u8; 48] = [
    0x17, 0, 0, 0, 0, // key frame, AVC, sequence header, composition time
    1, 0x64, 0, 0x1F, 0xFF, 0xE1, 0, 26, // version, profile, level, one SPS of 26 bytes
    0x67, 0x64, 0, 0x1F, 0xAC, 0xD9, 0x40, 0x50, 5, 0xBB, 1, 0x10, 0, //
    0, 3, 0, 0x10, 0, 0, 3, 3, 0xC0, 0xF1, 0x83, 0x19, 0x60, //
    1, 0, 6, 0x68, 0xEB, 0xE3, 0xCB, 0x22, 0xC0, // one PPS of 6 bytes
];

/// The AAC sequence header: low complexity, 44.1 kHz, stereo `[FLV E.4.2.1]`.
pub(crate) const AAC_HEADER: [u8; 4] = [0xAF, 0, 0x12, 0x10];

/// What a whole payload says of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    pub(crate) sequence: u32,
    /// Monotonic time of sending, in nanoseconds.
    pub(crate) sent_ns: u64,
    /// The RTMP timestamp it was sent with, in milliseconds.
    pub(crate) timestamp: u32,
    /// The payload length it was sent with, in bytes.
    pub(crate) len: usize,
}

impl Mark {
    fn read(bytes: &[u8]) -> Option<Self> {
        let (sequence, rest) = bytes.split_first_chunk::<4>()?;
        let (sent, rest) = rest.split_first_chunk::<8>()?;
        let (timestamp, rest) = rest.split_first_chunk::<4>()?;
        let (len, _) = rest.split_first_chunk::<4>()?;
        Some(Self {
            sequence: u32::from_be_bytes(*sequence),
            sent_ns: u64::from_be_bytes(*sent),
            timestamp: u32::from_be_bytes(*timestamp),
            len: usize::try_from(u32::from_be_bytes(*len)).ok()?,
        })
    }
}

/// What a received audio or video message turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Received {
    /// A codec's sequence header.
    Header,
    Key(Mark),
    Inter(Mark),
    Audio(Mark),
    Corrupt,
}

/// Checks one message at a time as its pieces arrive, without keeping them.
///
/// Head, length and tail of each message are checked; the pattern between them only when the
/// caller asks for it, which costs one comparison of memory.
#[derive(Debug, Clone)]
pub(crate) struct Checker {
    head: [u8; HEAD],
    tail: [u8; TAIL],
    mark: Option<Mark>,
    pattern_differs: bool,
}

impl Checker {
    pub(crate) fn new() -> Self {
        Self {
            head: [0; HEAD],
            tail: [0; TAIL],
            mark: None,
            pattern_differs: false,
        }
    }

    /// Takes the piece at `offset` of a message of type `kind` and `len` bytes. `in_full` says by
    /// sequence number whether the pattern is to be compared too.
    pub(crate) fn piece(
        &mut self,
        (kind, len): (u8, usize),
        offset: usize,
        bytes: &[u8],
        in_full: impl Fn(u32) -> bool,
    ) {
        if offset == 0 {
            self.mark = None;
            self.pattern_differs = false;
        }
        let head = HEAD
            - if kind == AUDIO {
                VIDEO_PREFIX - AUDIO_PREFIX
            } else {
                0
            };
        let end = offset + bytes.len();
        if offset < head {
            copy_overlap(&mut self.head, 0, offset, bytes);
            if end >= head {
                self.mark = self.head.get(head - MARK..head).and_then(Mark::read);
            }
        }
        let tail = len.saturating_sub(TAIL);
        if end > tail {
            copy_overlap(&mut self.tail, tail, offset, bytes);
        }
        let Some(mark) = self.mark.filter(|mark| in_full(mark.sequence)) else {
            return;
        };
        let (from, to) = (offset.max(head), end.min(tail));
        if from < to {
            let given = bytes.get(from - offset..to - offset).unwrap_or_default();
            self.pattern_differs |= given != pattern(mark.sequence, from - head, given.len());
        }
    }

    /// What the message of type `kind` and `len` bytes is, once all its pieces have been given.
    pub(crate) fn finish(&self, (kind, len): (u8, usize)) -> Received {
        let [first, packet_type, ..] = self.head;
        if packet_type == 0 && len >= 2 {
            return Received::Header;
        }
        let [s0, s1, s2, s3, c0, c1, c2, c3] = self.tail;
        let closing = u32::from_be_bytes([s0, s1, s2, s3]);
        let complement = u32::from_be_bytes([c0, c1, c2, c3]);
        match self.mark {
            Some(mark)
                if mark.len == len
                    && mark.sequence == closing
                    && closing == !complement
                    && !self.pattern_differs =>
            {
                match (kind, first) {
                    (AUDIO, _) => Received::Audio(mark),
                    (_, 0x17) => Received::Key(mark),
                    _ => Received::Inter(mark),
                }
            }
            _ => Received::Corrupt,
        }
    }
}

/// Copies what `bytes`, lying at `offset`, share with `window`, lying at `start`.
fn copy_overlap(window: &mut [u8], start: usize, offset: usize, bytes: &[u8]) {
    let to = window.iter_mut().skip(offset.saturating_sub(start));
    let from = bytes.iter().skip(start.saturating_sub(offset));
    for (to, from) in to.zip(from) {
        *to = *from;
    }
}

#[cfg(test)]
mod tests;
