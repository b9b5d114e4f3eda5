//! A live stream as an FLV file that can be opened whenever writing it stops.
//!
//! ```text
//! file header · onMetaData { duration, filesize, lasttimestamp, room for the seek index, … } · tags as they came
//!        ▲                       ▲         ▲            ▲                ▲
//!        └───────────────────────┴─────────┴────────────┴── at any time  └── at the end
//! ```

mod clock;
pub(crate) mod metadata;
pub(crate) mod setup;

use std::time::Duration;

use adit_amf::amf0::{self, Object, Value};
use bytes::{Bytes, BytesMut};

pub use clock::StartTime;

use crate::flv::{Extent, FileTracks, Headers, TagTooLong, encode_frame, encode_header};
use crate::limits::RECORD_INDEX_ENTRIES;
use crate::points::{Point, Points};
use crate::{Frame, FrameKind, Timestamp, data};
use clock::Clock;
use metadata::{Numbers, Places};
use setup::Setup;

/// Where the file header says which tracks there are.
const TRACKS_OFFSET: u64 = 4;

/// What a data message that marks a gap is called, in the field's own words [FLV E.5].
const CUE_POINT: &str = "onCuePoint";

/// Makes an FLV file of the frames of a live stream: bytes to append, and patches for its beginning.
///
/// What [`Self::push`] gives is whole tags, so a file to which each piece was appended by one write opens at whatever
/// moment the writer was killed. The file begins with `onMetaData`: the stream's own if it came first, with what it says
/// about another file taken out. Video begins at a key frame.
///
/// Time goes on when a stream begins anew within the recording: a track that jumps back, or ahead by more than 10 s, goes
/// on 40 ms after what was written last, and the other track follows it. Within a track time never goes back.
///
/// ```
/// use adit_media::{pattern::Pattern, record::{Recorder, StartTime}};
///
/// let mut recorder = Recorder::new(StartTime::Zero);
/// let mut file = Vec::new();
/// for frame in Pattern::new("pattern:".parse()?).take(100) {
///     // one write for each piece that is not empty
///     file.extend_from_slice(&recorder.push(&frame)?);
/// }
/// for patch in recorder.finish() {
///     // seek, write, and seek back to the end
///     let at = usize::try_from(patch.offset)?;
///     file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
/// }
/// assert_eq!(recorder.bytes(), u64::try_from(file.len())?);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone, Debug)]
pub struct Recorder {
    clock: Clock,
    bytes: u64,
    head: u64,
    waits_for_key: bool,
    left_out: u64,
    has_audio: bool,
    has_video: bool,
    keys: Points,
    headers: Headers,
    /// Those of `headers` that this stream sent, and not another before it.
    own: Headers,
    setup: Setup,
    places: Places,
}

/// Where a recording ends, so that it can go on there.
#[derive(Clone, Debug)]
pub(crate) struct Tail {
    pub(crate) bytes: u64,
    pub(crate) head: u64,
    pub(crate) extent: Extent,
    pub(crate) keys: Points,
    pub(crate) headers: Headers,
    pub(crate) setup: Setup,
    pub(crate) places: Places,
}

/// Why a stream had better go on in another file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Break {
    /// A track is coded, or has to be decoded, in another way.
    Codec,
    /// Time jumps: back by more than a second, or ahead by more than ten.
    Time,
}

/// Bytes that replace as many bytes of what was written before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Patch {
    /// Where they go, from the start of the file.
    pub offset: u64,
    /// The bytes.
    pub bytes: Bytes,
}

impl Recorder {
    /// At the start of an empty file.
    pub const fn new(start: StartTime) -> Self {
        Self {
            clock: Clock::new(start),
            bytes: 0,
            head: 0,
            waits_for_key: true,
            left_out: 0,
            has_audio: false,
            has_video: false,
            keys: Points::new(RECORD_INDEX_ENTRIES),
            headers: Headers::new(),
            own: Headers::new(),
            setup: Setup::new(),
            places: Places::OWN,
        }
    }

    /// At the end of a file that was recorded before.
    pub(crate) fn resume(tail: &Tail) -> Self {
        let tracks = tail.extent.tracks();
        Self {
            clock: Clock::behind(&tail.extent),
            bytes: tail.bytes,
            head: tail.head,
            has_audio: matches!(tracks, FileTracks::Audio | FileTracks::AudioVideo),
            has_video: matches!(tracks, FileTracks::Video | FileTracks::AudioVideo),
            keys: tail.keys.clone(),
            headers: tail.headers.clone(),
            setup: tail.setup.clone(),
            places: tail.places,
            ..Self::new(StartTime::Kept)
        }
    }

    /// What to append for `frame`, to be written at once: one tag, the first time behind the beginning of the file.
    /// Empty for what does not belong in a file: video before the first key frame, messages from server to player.
    ///
    /// # Errors
    /// [`TagTooLong`] when the frame has 16 MiB or more; it is left out and recording can go on.
    pub fn push(&mut self, frame: &Frame) -> Result<Bytes, TagTooLong> {
        if frame.payload().len() > crate::flv::TAG_BODY_BYTES {
            return Err(TagTooLong {
                bytes: frame.payload().len(),
            });
        }
        if !self.belongs(frame) {
            self.left_out = self.left_out.saturating_add(1);
            return Ok(Bytes::new());
        }
        let mut out = BytesMut::new();
        if frame.flags().is_metadata() {
            self.metadata(frame, &mut out)?;
        } else {
            if self.bytes == 0 {
                begin(&metadata::first(None), &mut out)?;
                self.head = length(&out);
            }
            let at = self.clock.time(frame);
            let offset = self.bytes.saturating_add(length(&out));
            encode_frame(&frame.clone().with_timestamp(at), &mut out)?;
            self.remember(frame, offset);
        }
        self.setup.note(frame);
        if frame.flags().is_coded() {
            self.has_audio |= frame.kind() == FrameKind::Audio;
            self.has_video |= frame.kind() == FrameKind::Video;
        }
        self.bytes = self.bytes.saturating_add(length(&out));
        Ok(out.freeze())
    }

    /// Says that the stream was published anew, so its timestamps have nothing to do with the earlier ones. A restart
    /// that is not told is noticed all the same when a track jumps.
    pub fn restart(&mut self) {
        self.clock.restart();
        self.waits_for_key = true;
    }

    /// Why `frame` had better begin another file: it is of another codec than this one, or by another clock. It can be recorded all
    /// the same; time goes on, and a file whose codec changes has no seek index.
    pub fn break_at(&self, frame: &Frame) -> Option<Break> {
        if self.headers.are_replaced_by(frame) || self.setup.is_left_by(frame) {
            Some(Break::Codec)
        } else {
            self.clock.is_left_by(frame).then_some(Break::Time)
        }
    }

    /// What a file has to begin with that goes on where this one ends: the newest metadata, and the sequence headers that hold,
    /// of the present stream: what was in the file before it came is not its.
    pub fn opening(&self) -> Vec<Frame> {
        let metadata = self.setup.metadata().cloned().into_iter();
        metadata.chain(self.own.at(u64::MAX)).collect()
    }

    /// Whether there is video in it.
    pub const fn has_video(&self) -> bool {
        self.has_video
    }

    /// Says that nothing was recorded for so long: time goes on so much later. A [`gap`](Self::gap) in front of it says so in the file.
    pub fn leap(&mut self, by: Duration) {
        self.clock.leap(by);
        self.waits_for_key = true;
    }

    /// What to append where frames are missing because they could not be written: a cue point named `gap` with `lost`, how
    /// long that was, and `frames`, how many [FLV E.5]. Video goes on at the next key frame.
    ///
    /// Empty while nothing is written, because then nothing is missing in the file.
    pub fn gap(&mut self, lost: Duration, frames: u64) -> Bytes {
        if self.bytes == 0 {
            return Bytes::new();
        }
        self.waits_for_key = true;
        let at = self.clock.newest();
        let lost_ms = i64::try_from(lost.as_millis()).unwrap_or(i64::MAX);
        let parameters = Object::new()
            .with("seconds", metadata::seconds(lost_ms))
            .with("frames", metadata::float(frames));
        let cue = Object::new()
            .with("name", "gap")
            .with("time", metadata::seconds(i64::from(at.ms())))
            .with("type", "event")
            .with("parameters", parameters);
        let mut body = BytesMut::new();
        let mut out = BytesMut::new();
        let values = [Value::from(CUE_POINT), Value::EcmaArray(cue)];
        let frame = |body: BytesMut| Frame::classify(at, FrameKind::Data, body.freeze());
        if amf0::encode_all(&values, &mut body).is_err()
            || encode_frame(&frame(body), &mut out).is_err()
        {
            // Neither happens: it is short and flat.
            return Bytes::new();
        }
        self.bytes = self.bytes.saturating_add(length(&out));
        out.freeze()
    }

    /// What to change near the beginning of the file for what was written so far: its tracks, duration, size and last
    /// time. A file without them opens too; they may be applied at any time, in any order.
    ///
    /// There are none while nothing is written.
    pub fn patches(&self) -> Vec<Patch> {
        if self.bytes == 0 {
            return Vec::new();
        }
        let tracks = match (self.has_audio, self.has_video) {
            (true, true) => FileTracks::AudioVideo,
            (true, false) => FileTracks::Audio,
            (false, true) => FileTracks::Video,
            (false, false) => FileTracks::Neither,
        };
        let mut patches = vec![tracks_patch(tracks)];
        patches.extend(self.places.numbers(Numbers {
            duration: self.duration().as_secs_f64(),
            file_size: self.bytes,
            last_time: metadata::seconds(self.clock.newest_ms()),
        }));
        patches
    }

    /// What to change at the end of the recording: what [`patches`](Self::patches) says, and the seek index, to be applied
    /// in this order. A file that is left in between opens as well, and [`repair`](crate::repair) makes it whole.
    ///
    /// A recording whose sequence headers changed has no index, because who goes by it would miss them.
    pub fn finish(&self) -> Vec<Patch> {
        let mut patches = self.patches();
        if !patches.is_empty() {
            let keys = self.keys.as_slice();
            let keys = if self.headers.have_changed() {
                &[]
            } else {
                keys
            };
            patches.extend(self.places.index(keys));
        }
        patches
    }

    /// The same without an index, where it is not known as a whole.
    pub(crate) fn unindexed(&self) -> Vec<Patch> {
        let mut patches = self.patches();
        if !patches.is_empty() {
            patches.extend(self.places.index(&[]));
        }
        patches
    }

    /// How long the recording is, from its first frame to the end of its last.
    pub fn duration(&self) -> Duration {
        self.clock.duration()
    }

    /// How many bytes at the beginning patches may change; what is behind them stays as it was given.
    pub const fn head_bytes(&self) -> u64 {
        self.head
    }

    /// The bytes given so far, which is the size of the file.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Frames that were left out.
    pub const fn left_out(&self) -> u64 {
        self.left_out
    }

    fn belongs(&mut self, frame: &Frame) -> bool {
        let flags = frame.flags();
        match frame.kind() {
            FrameKind::Audio => true,
            FrameKind::Video => {
                self.waits_for_key &= !flags.is_key_frame();
                !(self.waits_for_key && flags.is_coded())
            }
            FrameKind::Data => {
                let name = data::name(frame.payload());
                !flags.clears_metadata() && !name.is_some_and(|name| TO_PLAYERS.contains(&name))
            }
        }
    }

    /// Keeps what the seek index needs of a frame that is written at `offset`.
    fn remember(&mut self, frame: &Frame, offset: u64) {
        if frame.flags().is_sequence_header() {
            self.headers.push(offset, frame);
            self.own.push(offset, frame);
        } else if frame.flags().is_key_frame() {
            let at = self.clock.newest_video_ms();
            self.keys.push(Point { at, offset });
        }
    }

    /// Metadata of any time but 0 is a track of subtitles for ffmpeg (Q-164), so all of it is written at 0.
    fn metadata(&mut self, frame: &Frame, out: &mut BytesMut) -> Result<(), TagTooLong> {
        let members = metadata::members(frame.payload());
        let understood = members.is_some();
        let again = if self.bytes == 0 {
            begin(&metadata::first(members.as_ref()), out)?;
            self.head = length(out);
            None
        } else {
            members.as_ref().and_then(metadata::later)
        };
        if self.bytes > 0 || !understood {
            let payload = again.unwrap_or_else(|| frame.payload().clone());
            encode_frame(&at_zero(payload), out)?;
        }
        Ok(())
    }
}

/// Says which tracks a file has.
pub(crate) fn tracks_patch(tracks: FileTracks) -> Patch {
    Patch {
        offset: TRACKS_OFFSET,
        bytes: Bytes::copy_from_slice(&[tracks.flags()]),
    }
}

fn length(out: &BytesMut) -> u64 {
    u64::try_from(out.len()).unwrap_or(u64::MAX)
}

/// Data messages by which a server talks to a player.
const TO_PLAYERS: [&str; 2] = ["|RtmpSampleAccess", "onStatus"];

/// The file header and the first tag.
fn begin(metadata: &Bytes, out: &mut BytesMut) -> Result<(), TagTooLong> {
    encode_header(FileTracks::AudioVideo, out);
    encode_frame(&at_zero(metadata.clone()), out)
}

fn at_zero(payload: Bytes) -> Frame {
    Frame::classify(Timestamp::ZERO, FrameKind::Data, payload)
}

#[cfg(test)]
mod breaks_tests;
#[cfg(test)]
mod tests;
