//! Recorded streams as sources: FLV and MP4 files as frames, from any place on.
//!
//! ```text
//! Recording::open(source) ─▶ duration, tracks
//!        │ seek(at) ─▶ the time of the key frame at or before
//!        └ next_frame() ─▶ onMetaData · sequence headers · frames in decoding order … None
//! ```
//!
//! The source is whatever can be read and sought; nothing is opened here. What a file holds in memory is bounded by
//! [`limits`](crate::limits) whatever it says, and a file that ends too early is one that ends there.

mod flv;
pub(crate) mod metadata;
mod mp4;

use std::io::{self, Read, Seek};
use std::time::Duration;

use crate::flv::{FileTracks, FlvError};
use crate::source::Source;
use crate::{FourCc, Frame, Timestamp};

/// A recorded stream, opened to be played.
///
/// At first it stands at its beginning. What it gives is what a player needs in that order: `onMetaData`, the sequence
/// headers, frames; after [`seek`](Self::seek) again metadata and the headers that hold there, then the key frame.
///
/// ```
/// use adit_media::{Timestamp, flv, pattern::Pattern, vod::Recording};
///
/// let mut file = bytes::BytesMut::new();
/// flv::encode_header(flv::FileTracks::AudioVideo, &mut file);
/// for frame in Pattern::new("pattern:".parse()?).take(500) {
///     flv::encode_frame(&frame, &mut file)?;
/// }
///
/// let mut recording = Recording::open(std::io::Cursor::new(file))?;
/// assert_eq!(recording.seek(Timestamp::from_ms(3000))?, Timestamp::from_ms(2000));
/// while let Some(frame) = recording.next_frame()? {
///     assert!(!frame.flags().is_coded() || frame.at().ms() >= 2000);
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Recording<S>(Format<S>);

#[derive(Debug)]
enum Format<S> {
    Flv(flv::Flv<S>),
    Mp4(Box<mp4::Mp4<S>>),
}

/// Why a file cannot be played, or not on.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VodError {
    /// The source could not be read.
    #[error("the file cannot be read: {0}")]
    Io(#[from] io::Error),
    /// It is neither FLV nor MP4.
    #[error("{}", unknown(found))]
    UnknownFormat {
        /// Its first bytes, at most eight.
        found: Vec<u8>,
    },
    /// It begins as FLV and goes on as something else.
    #[error(transparent)]
    Flv(#[from] FlvError),
    /// The structure of an MP4 file makes no sense.
    #[error("the MP4 box {name} at byte {offset} {problem}")]
    Mp4 {
        /// The box.
        name: FourCc,
        /// Where it begins.
        offset: u64,
        /// What is wrong with it.
        problem: String,
    },
    /// An MP4 file without its table of contents: one that was not finished, or of which the end is missing.
    #[error("the MP4 file has no moov box, as if it was not finished")]
    Unfinished,
    /// There is nothing in it that can be played.
    #[error("nothing in the file can be played{}", list(left_out))]
    NothingToPlay {
        /// What it has instead.
        left_out: Vec<FourCc>,
    },
    /// A frame is larger than allowed: a limit.
    #[error("the frame at byte {offset} has {size} bytes, {limit} are allowed")]
    FrameTooLong {
        /// Where it begins.
        offset: u64,
        /// Its size.
        size: u32,
        /// The limit.
        limit: u32,
    },
}

fn list(codecs: &[FourCc]) -> String {
    let names: Vec<_> = codecs.iter().map(FourCc::to_string).collect();
    if names.is_empty() {
        String::new()
    } else {
        format!(": it has {}", names.join(", "))
    }
}

/// What a file is not, by its first bytes.
fn unknown(found: &[u8]) -> String {
    if found.is_empty() {
        return "the file is empty".to_owned();
    }
    let found = found.escape_ascii();
    format!("this is neither FLV nor MP4: it begins with \"{found}\"")
}

impl<S: Read + Seek> Recording<S> {
    /// Opens a file of either format, told by its first bytes.
    ///
    /// Of FLV the seek index is taken if the file has a true one; otherwise the headers of all tags are read, which takes
    /// a moment for a large file. Of MP4 the tables are read.
    ///
    /// # Errors
    /// [`VodError`] when it cannot be read or is no such file. A file that ends inside a frame is none: it is played up
    /// to there, see [`ends_early`](Self::ends_early).
    pub fn open(source: S) -> Result<Self, VodError> {
        let mut source = Source::new(source)?;
        let found = source.peek(0, 8)?;
        if found.starts_with(b"FLV") {
            return flv::Flv::open(source).map(|flv| Self(Format::Flv(flv)));
        }
        if found.get(4..).is_some_and(mp4::is_first_box) {
            let mp4 = mp4::Mp4::open(source)?;
            return Ok(Self(Format::Mp4(Box::new(mp4))));
        }
        Err(VodError::UnknownFormat {
            found: found.to_vec(),
        })
    }

    /// The same recording read from another source of the same bytes, from its beginning, without reading the index again.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn reopen<T: Read + Seek>(&self, source: T) -> Result<Recording<T>, VodError> {
        let source = Source::new(source)?;
        Ok(Recording(match &self.0 {
            Format::Flv(flv) => Format::Flv(flv.reopen(source)),
            Format::Mp4(mp4) => Format::Mp4(Box::new(mp4.reopen(source))),
        }))
    }

    /// From the first frame to the end of the last.
    pub fn duration(&self) -> Duration {
        match &self.0 {
            Format::Flv(flv) => flv.duration(),
            Format::Mp4(mp4) => mp4.duration(),
        }
    }

    /// When its first frame is by its own clock; mostly 0.
    pub fn begins_at(&self) -> Timestamp {
        match &self.0 {
            Format::Flv(flv) => flv.begins_at(),
            Format::Mp4(mp4) => mp4.begins_at(),
        }
    }

    /// What will be played of it.
    pub fn tracks(&self) -> FileTracks {
        match &self.0 {
            Format::Flv(flv) => flv.tracks(),
            Format::Mp4(mp4) => mp4.tracks(),
        }
    }

    /// Tracks that cannot be played, or are second ones, by their codec or handler. Of FLV there are none.
    pub fn left_out(&self) -> &[FourCc] {
        match &self.0 {
            Format::Flv(_) => &[],
            Format::Mp4(mp4) => mp4.left_out(),
        }
    }

    /// Where the file ends although what begins there is not whole, in bytes; as far as is known until now.
    pub fn ends_early(&self) -> Option<u64> {
        match &self.0 {
            Format::Flv(flv) => flv.ends_early(),
            Format::Mp4(mp4) => mp4.ends_early(),
        }
    }

    /// Goes to the last key frame at or before `at` by the clock of the recording, and tells when it is. Before the first
    /// one it goes to the beginning, and behind the end to the last. Of sound alone every frame is a key frame.
    ///
    /// Where files were joined and time begins anew, only the part before is found.
    ///
    /// # Errors
    /// When the source cannot be read.
    pub fn seek(&mut self, at: Timestamp) -> Result<Timestamp, VodError> {
        match &mut self.0 {
            Format::Flv(flv) => flv.seek(at),
            Format::Mp4(mp4) => Ok(mp4.seek(at)),
        }
    }

    /// The next frame; `None` at the end.
    ///
    /// Frames come in the order of the file or, of MP4, in that of their decoding times. Metadata is always at 0, as
    /// ffmpeg wants it (Q-164), and sequence headers after a seek are at the time of the key frame.
    ///
    /// # Errors
    /// When the source cannot be read, or a frame is longer than 10 MiB. The frame behind such a one can be read.
    pub fn next_frame(&mut self) -> Result<Option<Frame>, VodError> {
        match &mut self.0 {
            Format::Flv(flv) => flv.next_frame(),
            Format::Mp4(mp4) => mp4.next_frame(),
        }
    }
}

#[cfg(test)]
mod tests;
