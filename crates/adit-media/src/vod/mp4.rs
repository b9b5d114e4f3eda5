//! Playing MP4 files, plain ones and those in fragments [ISO 14496-12].
//!
//! ```text
//! ftyp · moov { mvhd, trak { tkhd, edts { elst }, mdia { mdhd, hdlr, minf { stbl { stsd, stts, … } } } } … } · mdat
//! ```
//!
//! The tables of each track are kept as they are written, so memory is that of the tables and not of the samples they
//! describe. The first video track and the first audio track whose codec RTMP can carry are played, interleaved by time.

mod boxes;
mod config;
mod fragments;
mod table;
mod track;

use std::collections::VecDeque;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use adit_amf::amf0::Object;
use bytes::Bytes;

use super::{VodError, metadata};
use crate::flv::FileTracks;
use crate::limits::MP4_SAMPLE_BYTES;
use crate::source::Source;
use crate::{FourCc, Frame, FrameKind, Timestamp};
pub(super) use boxes::is_first_box;
use table::{Cursor, Sample};
use track::Track;

/// An MP4 file that is played.
#[derive(Debug)]
pub(super) struct Mp4<S> {
    source: Source<S>,
    movie: Arc<Movie>,
    video: Option<Cursor>,
    audio: Option<Cursor>,
    pending: VecDeque<Frame>,
    ends_early: Option<u64>,
}

/// What the file says about itself.
#[derive(Debug)]
struct Movie {
    video: Option<Track>,
    audio: Option<Track>,
    left_out: Vec<FourCc>,
    /// How much later than in the file everything is played, so that nothing is before 0, in milliseconds.
    shift: i64,
    metadata: Option<Frame>,
    /// When the first sample is, in milliseconds of the file.
    first: i64,
    duration: Duration,
}

impl<S: Read + Seek> Mp4<S> {
    pub(super) fn open(mut source: Source<S>) -> Result<Self, VodError> {
        let movie = Movie::read(&mut source)?;
        Ok(Self::new(source, Arc::new(movie)))
    }

    fn new(source: Source<S>, movie: Arc<Movie>) -> Self {
        let mut this = Self {
            source,
            video: None,
            audio: None,
            pending: VecDeque::new(),
            ends_early: None,
            movie,
        };
        this.stand(0, 0, Timestamp::ZERO);
        this
    }

    pub(super) fn reopen<T: Read + Seek>(&self, source: Source<T>) -> Mp4<T> {
        Mp4::new(source, Arc::clone(&self.movie))
    }

    pub(super) fn duration(&self) -> Duration {
        self.movie.duration
    }

    pub(super) fn begins_at(&self) -> Timestamp {
        self.movie.timestamp(self.movie.first)
    }

    pub(super) fn tracks(&self) -> FileTracks {
        match (&self.movie.audio, &self.movie.video) {
            (Some(_), Some(_)) => FileTracks::AudioVideo,
            (Some(_), None) => FileTracks::Audio,
            (None, Some(_)) => FileTracks::Video,
            (None, None) => FileTracks::Neither,
        }
    }

    pub(super) fn left_out(&self) -> &[FourCc] {
        &self.movie.left_out
    }

    pub(super) const fn ends_early(&self) -> Option<u64> {
        self.ends_early
    }

    pub(super) fn seek(&mut self, at: Timestamp) -> Timestamp {
        let movie = Arc::clone(&self.movie);
        let target = i64::from(at.ms()).saturating_sub(movie.shift);
        let (video, audio, at) = match (&movie.video, &movie.audio) {
            (Some(video), Some(audio)) => {
                let key = video.key_before(target);
                let at = video.time_of(key);
                (key, audio.first_at(at), at)
            }
            (Some(video), None) => {
                let key = video.key_before(target);
                (key, 0, video.time_of(key))
            }
            (None, Some(audio)) => {
                let sample = audio.key_before(target);
                (0, sample, audio.time_of(sample))
            }
            (None, None) => (0, 0, 0),
        };
        let at = movie.timestamp(at);
        self.stand(video, audio, at);
        at
    }

    /// Stands before these samples, and before the headers.
    fn stand(&mut self, video: u32, audio: u32, at: Timestamp) {
        let movie = &self.movie;
        self.video = movie.video.as_ref().map(|track| track.table.cursor(video));
        self.audio = movie.audio.as_ref().map(|track| track.table.cursor(audio));
        self.pending.clear();
        self.pending.extend(movie.metadata.clone());
        for track in [&movie.video, &movie.audio].into_iter().flatten() {
            let header = track.header.clone();
            self.pending
                .extend(header.map(|header| Frame::classify(at, track.kind(), header)));
        }
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, VodError> {
        if let Some(frame) = self.pending.pop_front() {
            return Ok(Some(frame));
        }
        let movie = Arc::clone(&self.movie);
        let video = next(movie.video.as_ref(), self.video.as_ref());
        let audio = next(movie.audio.as_ref(), self.audio.as_ref());
        let is_video = match (&video, &audio) {
            (None, None) => return Ok(None),
            (Some((_, _, video)), Some((_, _, audio))) => video <= audio,
            (video, _) => video.is_some(),
        };
        let (next, cursor) = if is_video {
            (video, &mut self.video)
        } else {
            (audio, &mut self.audio)
        };
        let (Some((track, sample, at)), Some(cursor)) = (next, cursor) else {
            return Ok(None);
        };
        if sample.size > MP4_SAMPLE_BYTES {
            cursor.advance(&track.table);
            return Err(VodError::FrameTooLong {
                offset: sample.offset,
                size: sample.size,
                limit: MP4_SAMPLE_BYTES,
            });
        }
        let size = usize::try_from(sample.size).unwrap_or(usize::MAX);
        let front = track.front(&sample);
        let body = self.source.read_behind(&front, sample.offset, size)?;
        let Some(payload) = body else {
            self.ends_early = Some(sample.offset);
            return Ok(None);
        };
        cursor.advance(&track.table);
        let frame = Frame::classify(movie.timestamp(at), track.kind(), Bytes::from(payload));
        Ok(Some(frame))
    }
}

/// The next sample of a track, and its time.
fn next<'a>(track: Option<&'a Track>, cursor: Option<&Cursor>) -> Option<(&'a Track, Sample, i64)> {
    let track = track?;
    let sample = cursor?.sample(&track.table)?;
    let at = track.ms(sample.dts);
    Some((track, sample, at))
}

impl Movie {
    fn read<S: Read + Seek>(source: &mut Source<S>) -> Result<Self, VodError> {
        let (tracks, mut left_out) = track::read_all(source)?;
        let (mut video, mut audio) = (None, None);
        for track in tracks {
            let place = match track.kind() {
                FrameKind::Video => &mut video,
                _ => &mut audio,
            };
            if place.is_none() {
                *place = Some(track);
            } else {
                left_out.push(track.name());
            }
        }
        let both = || [&video, &audio].into_iter().flatten();
        if both().next().is_none() {
            return Err(VodError::NothingToPlay { left_out });
        }
        let first = both().map(|track| track.time_of(0)).min().unwrap_or(0);
        let end = both().map(Track::end).max().unwrap_or(0);
        let shift = first.min(0).saturating_neg();
        let length = u64::try_from(end.saturating_sub(first)).unwrap_or(0);
        let duration = Duration::from_millis(length);
        let members = both().fold(Object::new(), |members, track| track.describe(members));
        Ok(Self {
            metadata: metadata::message(duration, members),
            video,
            audio,
            left_out,
            shift,
            first,
            duration,
        })
    }

    /// When something is played that is at `ms` in the file.
    fn timestamp(&self, ms: i64) -> Timestamp {
        let wrapped = ms.saturating_add(self.shift).rem_euclid(1 << 32);
        Timestamp::from_ms(u32::try_from(wrapped).unwrap_or(0))
    }
}

#[cfg(test)]
mod tests;
