//! What is known of an FLV file before it is played.

use std::io::{self, Read, Seek};

use adit_amf::amf0::Object;

use super::{VodError, read};
use crate::flv::{Headers, Scan, Step, TagHead, TagKind, Walker};
use crate::points::Point;
use crate::source::Source;
use crate::vod::metadata;
use crate::{Frame, FrameKind};

/// So many tags are looked at before the index of the file is believed: metadata and headers are among them.
const FRONT_TAGS: usize = 256;
/// So many entries of the index of a file are compared with it.
const CHECKED_ENTRIES: usize = 64;
/// The members of metadata that describe the bytes of a file, not the stream.
const OF_THE_BYTES: [&str; 11] = [
    "filesize",
    "datasize",
    "videosize",
    "audiosize",
    "lastkeyframelocation",
    "hasKeyframes",
    "keyframes",
    "reserved",
    "spacer",
    "lasttimestamp",
    "fileSize",
];

/// Where things are in a file.
#[derive(Debug)]
pub(super) struct Index {
    /// Where the first tag begins.
    pub(super) begin: u64,
    pub(super) scan: Scan,
    /// What the recording is announced with, and which tag it stands for.
    pub(super) metadata: Option<Frame>,
    pub(super) metadata_at: Option<u64>,
    headers: Headers,
    pub(super) torn: Option<u64>,
    /// Whether the places are those the file tells.
    pub(super) is_told: bool,
}

impl Index {
    /// The index that the file has, if it is true; otherwise what is found.
    pub(super) fn read<S: Read + Seek>(source: &mut Source<S>) -> Result<Self, VodError> {
        let (mut this, mut walker, members) = Self::front(source)?;
        if this.torn.is_none()
            && let Some(points) = members.as_ref().and_then(metadata::index)
            && is_true(&points, source)?
        {
            this.is_told = true;
            for point in &points {
                this.scan.keys.push(*point);
            }
            let last = points.last().map_or(0, |last| last.offset);
            if last > walker.offset() {
                this.scan.extent.skip();
                walker = Walker::at(last);
            }
        }
        this.rest(source, walker, members)
    }

    /// What is found in the file, whatever it tells.
    pub(super) fn scanned<S: Read + Seek>(source: &mut Source<S>) -> Result<Self, VodError> {
        let (this, walker, members) = Self::front(source)?;
        this.rest(source, walker, members)
    }

    /// The first tags.
    fn front<S: Read + Seek>(
        source: &mut Source<S>,
    ) -> Result<(Self, Walker, Option<Object>), VodError> {
        let (mut walker, _) = Walker::begin(source)??;
        let mut this = Self {
            begin: walker.offset(),
            scan: Scan::new(),
            metadata: None,
            metadata_at: None,
            headers: Headers::new(),
            torn: None,
            is_told: false,
        };
        let mut members = None;
        for _ in 0..FRONT_TAGS {
            let Some(tag) = this.step(source, &mut walker)? else {
                break;
            };
            if this.metadata_at.is_none()
                && tag.flags.is_metadata()
                && let Ok(Some(frame)) = read(source, &tag, FrameKind::Data)
            {
                members = metadata::members(frame.payload());
                this.metadata_at = members.is_some().then_some(tag.offset);
            }
        }
        Ok((this, walker, members))
    }

    fn rest<S: Read + Seek>(
        mut self,
        source: &mut Source<S>,
        mut walker: Walker,
        members: Option<Object>,
    ) -> Result<Self, VodError> {
        if self.torn.is_none() {
            while self.step(source, &mut walker)?.is_some() {}
        }
        let mut members = members.unwrap_or_default();
        for name in OF_THE_BYTES {
            members.remove(name);
        }
        self.metadata = metadata::message(self.scan.extent.duration(), members);
        Ok(self)
    }

    fn step<S: Read + Seek>(
        &mut self,
        source: &mut Source<S>,
        walker: &mut Walker,
    ) -> Result<Option<TagHead>, VodError> {
        match walker.step(source)? {
            Step::Tag(tag) => {
                self.scan.push(&tag);
                self.header(source, &tag)?;
                Ok(Some(tag))
            }
            Step::End => Ok(None),
            Step::Torn(offset) => {
                self.torn = Some(offset);
                Ok(None)
            }
        }
    }

    /// Keeps a sequence header that is another one than before.
    fn header<S: Read + Seek>(
        &mut self,
        source: &mut Source<S>,
        tag: &TagHead,
    ) -> Result<(), VodError> {
        let TagKind::Frame(kind) = tag.kind else {
            return Ok(());
        };
        let is_header = tag.flags.is_sequence_header() && !tag.filtered;
        if is_header
            && self.headers.has_room(tag.size)
            && let Some(frame) = read(source, tag, kind)?
        {
            self.headers.push(tag.offset, &frame);
        }
        Ok(())
    }

    /// The sequence headers that hold at `offset`.
    pub(super) fn headers_at(&self, offset: u64) -> Vec<Frame> {
        self.headers.at(offset)
    }
}

/// Whether the entries that are compared with the file are key frames of their times, in order.
fn is_true<S: Read + Seek>(points: &[Point], source: &mut Source<S>) -> io::Result<bool> {
    let in_order = points.is_sorted_by(|one, next| one.at <= next.at && one.offset < next.offset);
    if !in_order {
        return Ok(false);
    }
    let every = points.len().div_ceil(CHECKED_ENTRIES).max(1);
    let some = points.iter().step_by(every).chain(points.last());
    for point in some {
        if point.key_frame(source)?.is_none() {
            return Ok(false);
        }
    }
    Ok(true)
}
