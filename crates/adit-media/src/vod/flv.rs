//! Playing FLV files.

mod index;

use std::collections::VecDeque;
use std::io::{Read, Seek};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::VodError;
use crate::flv::{FileTracks, Step, TagHead, TagKind, Walker};
use crate::limits::FLV_TAG_BYTES;
use crate::points::Point;
use crate::source::Source;
use crate::{Frame, FrameKind, Timestamp};
use index::Index;

/// An FLV file that is played.
#[derive(Debug)]
pub(super) struct Flv<S> {
    source: Source<S>,
    index: Arc<Index>,
    walker: Walker,
    /// What comes before what the walk finds.
    pending: VecDeque<Frame>,
    ends_early: Option<u64>,
}

impl<S: Read + Seek> Flv<S> {
    pub(super) fn open(mut source: Source<S>) -> Result<Self, VodError> {
        let index = Index::read(&mut source)?;
        Ok(Self::new(source, Arc::new(index)))
    }

    fn new(source: Source<S>, index: Arc<Index>) -> Self {
        let mut this = Self {
            source,
            walker: Walker::at(index.begin),
            pending: VecDeque::new(),
            ends_early: index.torn,
            index,
        };
        this.rewind();
        this
    }

    pub(super) fn reopen<T: Read + Seek>(&self, source: Source<T>) -> Flv<T> {
        Flv::new(source, Arc::clone(&self.index))
    }

    pub(super) fn duration(&self) -> Duration {
        self.index.scan.extent.duration()
    }

    pub(super) fn begins_at(&self) -> Timestamp {
        let at = self.index.scan.extent.first().unwrap_or(0);
        let offset = self.index.begin;
        Point { at, offset }.timestamp()
    }

    pub(super) fn tracks(&self) -> FileTracks {
        self.index.scan.extent.tracks()
    }

    pub(super) const fn ends_early(&self) -> Option<u64> {
        self.ends_early
    }

    #[cfg(test)]
    pub(super) fn is_told(&self) -> bool {
        self.index.is_told
    }

    /// Goes to the beginning.
    fn rewind(&mut self) {
        self.walker = Walker::at(self.index.begin);
        self.pending.clear();
        self.pending.extend(self.index.metadata.clone());
    }

    pub(super) fn seek(&mut self, at: Timestamp) -> Result<Timestamp, VodError> {
        let target = i64::from(at.ms());
        if let Some(tag) = self.find(target)? {
            return Ok(self.stand_before(&tag));
        }
        if self.index.is_told {
            // The index of the file was not true after all.
            self.index = Arc::new(Index::scanned(&mut self.source)?);
            self.ends_early = self.index.torn;
            if let Some(tag) = self.find(target)? {
                return Ok(self.stand_before(&tag));
            }
        }
        self.rewind();
        Ok(self.begins_at())
    }

    fn stand_before(&mut self, tag: &TagHead) -> Timestamp {
        self.walker = Walker::at(tag.offset);
        self.pending.clear();
        self.pending.extend(self.index.metadata.clone());
        let headers = self.index.headers_at(tag.offset);
        self.pending.extend(
            headers
                .into_iter()
                .map(|header| header.with_timestamp(tag.at)),
        );
        tag.at
    }

    /// The last tag at or before `target` where playing can begin; `None` if there is none, or the index is wrong.
    fn find(&mut self, target: i64) -> Result<Option<TagHead>, VodError> {
        let mut bound = target;
        while let Some(point) = self.index.scan.points().before(bound) {
            let Some((tag, at)) = self.find_from(point, target)? else {
                return Ok(None);
            };
            if at <= target {
                return Ok(Some(tag));
            }
            // The index rounds its times.
            bound = point.at.saturating_sub(1);
        }
        Ok(None)
    }

    /// The last such tag from `point` to the next place that the index knows, and its time. The index may leave out key
    /// frames; that at `point` is given even if it comes after `target`.
    fn find_from(&mut self, point: Point, target: i64) -> Result<Option<(TagHead, i64)>, VodError> {
        let end = self.index.scan.points().behind(point.offset);
        let by_sound = self.tracks() == FileTracks::Audio;
        let mut walker = Walker::at(point.offset);
        let mut found: Option<(TagHead, i64)> = None;
        while end.is_none_or(|end| walker.offset() <= end.offset)
            && let Step::Tag(tag) = walker.step(&mut self.source)?
        {
            let is_point = tag.is_key_frame() || by_sound && tag.is_media() && tag.flags.is_coded();
            found = match found {
                None if is_point && point.is_near(&tag) => {
                    let off = i64::from(tag.at.since(point.timestamp()));
                    Some((tag, point.at.saturating_add(off)))
                }
                None => return Ok(None),
                Some((last, time)) if is_point => {
                    let step = i64::from(tag.at.since(last.at));
                    let next = time.saturating_add(step);
                    if next > target || step < 0 {
                        break;
                    }
                    Some((tag, next))
                }
                same => same,
            };
        }
        Ok(found)
    }

    pub(super) fn next_frame(&mut self) -> Result<Option<Frame>, VodError> {
        if let Some(frame) = self.pending.pop_front() {
            return Ok(Some(frame));
        }
        loop {
            let tag = match self.walker.step(&mut self.source)? {
                Step::Tag(tag) => tag,
                Step::End => return Ok(None),
                Step::Torn(offset) => {
                    self.ends_early = Some(offset);
                    return Ok(None);
                }
            };
            let TagKind::Frame(kind) = tag.kind else {
                continue;
            };
            if self.index.metadata_at == Some(tag.offset) {
                continue;
            }
            let Some(frame) = read(&mut self.source, &tag, kind)? else {
                self.ends_early = Some(tag.offset);
                self.walker = Walker::at(tag.offset);
                return Ok(None);
            };
            return Ok(Some(frame));
        }
    }
}

/// The tag as a frame; `None` if the file has become shorter.
fn read<S: Read + Seek>(
    source: &mut Source<S>,
    tag: &TagHead,
    kind: FrameKind,
) -> Result<Option<Frame>, VodError> {
    if tag.size > FLV_TAG_BYTES {
        return Err(VodError::FrameTooLong {
            offset: tag.offset,
            size: tag.size,
            limit: FLV_TAG_BYTES,
        });
    }
    let size = usize::try_from(tag.size).unwrap_or(usize::MAX);
    let body = source.read(tag.body(), size)?;
    Ok(body.map(|body| Frame::classify(tag.at, kind, Bytes::from(body))))
}
