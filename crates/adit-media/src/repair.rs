//! FLV files that were not finished: where their last whole tag ends, what makes them whole, how a recording goes on.
//!
//! Nothing is written here. The caller truncates, applies the patches, and makes both lasting.

use std::io::{Read, Seek};
use std::time::Duration;

use bytes::Bytes;

use crate::flv::{
    Extent, FlvError, Headers, Pointer, Scan, Step, TAG_BODY_BYTES, TagHead, TagKind, Walker,
};
use crate::limits::RECORD_INDEX_ENTRIES;
use crate::points::Points;
use crate::record::metadata::Places;
use crate::record::setup::Setup;
use crate::record::{Patch, Recorder, Tail};
use crate::source::Source;
use crate::vod::VodError;
use crate::{Frame, FrameKind};

/// So many tags before a place that is known to be good are looked at.
const TAGS_BEFORE: usize = 256;

/// What makes an FLV file whole again.
#[derive(Clone, Debug)]
pub struct Repair {
    found: u64,
    tags: u64,
    is_indexed: bool,
    tail: Tail,
}

/// Looks for the end of the last whole tag of `source`, by the headers of its tags.
///
/// A tag is whole if its body and its back pointer are there. A wrong back pointer does not matter as long as another
/// tag follows (Q-158); zeros or other bytes that a crash of the machine left are no tags.
///
/// `known_good` is where a tag begins and everything before is known to be whole: 0 to look at the whole file, or what a
/// journal says; besides what is behind it some hundred tags before are looked at. From 0 the file gets a seek index; otherwise it is left without, and a player looks for key frames.
///
/// ```
/// use adit_media::{flv, pattern::Pattern, repair::repair, record::{Recorder, StartTime}};
///
/// let mut recorder = Recorder::new(StartTime::Zero);
/// let mut file = Vec::new();
/// for frame in Pattern::new("pattern:".parse()?).take(500) {
///     file.extend_from_slice(&recorder.push(&frame)?);
/// }
/// file.truncate(file.len() - 100);
///
/// let repair = repair(std::io::Cursor::new(&file), 0)?;
/// assert!(repair.lost_bytes() > 0);
/// file.truncate(usize::try_from(repair.bytes())?);
/// for patch in repair.patches() {
///     let at = usize::try_from(patch.offset)?;
///     file[at..at + patch.bytes.len()].copy_from_slice(&patch.bytes);
/// }
/// assert!(adit_media::verify::verify(std::io::Cursor::new(&file))?.is_whole());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// [`VodError`] when the source cannot be read or is not FLV. A file that ends inside its header, or before the first
/// tag is whole, is FLV of which nothing is left: [`Repair::bytes`] is 0.
pub fn repair<S: Read + Seek>(source: S, known_good: u64) -> Result<Repair, VodError> {
    let mut source = Source::new(source)?;
    let mut work = Work::new();
    let mut walker = match Walker::begin(&mut source)? {
        Ok((walker, _)) => walker,
        Err(FlvError::Truncated { .. }) => return Ok(work.done(source.len(), 0)),
        Err(error) => return Err(error.into()),
    };
    let begin = walker.offset();
    let mut end = 0;
    while let Some(tag) = work.step(&mut source, &mut walker, begin)? {
        end = tag.end();
        let is_ahead = known_good > end && known_good <= source.len();
        if is_ahead && work.is_indexed && work.knows_its_beginning() {
            // The last frames before are known too, so that the end of each track is.
            let before = step_back(&mut source, known_good, end)?;
            walker = Walker::at(before);
            end = before;
            work.scan.extent.skip();
            work.is_indexed = false;
        }
    }
    Ok(work.done(source.len(), end))
}

impl Repair {
    /// How long the file is when what is not whole is cut off; 0 when nothing is left.
    pub const fn bytes(&self) -> u64 {
        self.tail.bytes
    }

    /// How much of it is cut off.
    pub const fn lost_bytes(&self) -> u64 {
        self.found.saturating_sub(self.tail.bytes)
    }

    /// How many whole tags were looked at.
    pub const fn tags(&self) -> u64 {
        self.tags
    }

    /// From the first frame to the end of the last whole one.
    pub fn duration(&self) -> Duration {
        self.tail.extent.duration()
    }

    /// What to change near the beginning of the file once it is cut: tracks and, where the file has them, duration, size,
    /// last time and seek index. To be applied in this order.
    pub fn patches(&self) -> Vec<Patch> {
        let recorder = self.resume();
        if self.is_indexed {
            recorder.finish()
        } else {
            recorder.unindexed()
        }
    }

    /// A recorder that goes on behind the last whole tag, for `append`: time goes on 40 ms after the last frame, with a key
    /// frame. What it gives belongs at [`bytes`](Self::bytes). If that is 0 it begins anew.
    pub fn resume(&self) -> Recorder {
        Recorder::resume(&self.tail)
    }
}

/// What is known so far.
struct Work {
    scan: Scan,
    headers: Headers,
    setup: Setup,
    places: Places,
    head: u64,
    tags: u64,
    is_indexed: bool,
}

impl Work {
    const fn new() -> Self {
        Self {
            scan: Scan::new(),
            headers: Headers::new(),
            setup: Setup::new(),
            places: Places::NONE,
            head: 0,
            tags: 0,
            is_indexed: true,
        }
    }

    /// The next whole tag.
    fn step<S: Read + Seek>(
        &mut self,
        source: &mut Source<S>,
        walker: &mut Walker,
        begin: u64,
    ) -> Result<Option<TagHead>, VodError> {
        let Step::Tag(tag) = walker.step(source)? else {
            return Ok(None);
        };
        if tag.pointer == Pointer::Missing {
            return Ok(None);
        }
        if tag.offset == begin {
            let is_metadata =
                tag.flags.is_metadata() || tag.kind == TagKind::Frame(FrameKind::Data);
            let body = is_metadata.then(|| body(source, &tag)).transpose()?;
            self.head = tag.end();
            self.places = Places::find(begin, &body.flatten().unwrap_or_default());
        }
        if let TagKind::Frame(kind) = tag.kind
            && tag.flags.is_sequence_header()
            && self.headers.has_room(tag.size)
            && let Some(body) = body(source, &tag)?
        {
            let frame = Frame::classify(tag.at, kind, body);
            self.headers.push(tag.offset, &frame);
        }
        if let Some(coding) = tag.coding.filter(|_| !tag.filtered) {
            self.setup.note_coding(coding);
        }
        self.scan.push(&tag);
        self.tags = self.tags.saturating_add(1);
        Ok(Some(tag))
    }

    /// Whether the first frame is known, so that the length can be told.
    const fn knows_its_beginning(&self) -> bool {
        self.scan.extent.first().is_some()
    }

    fn done(self, found: u64, bytes: u64) -> Repair {
        let mut keys = Points::new(RECORD_INDEX_ENTRIES);
        for key in self.scan.keys.as_slice() {
            keys.push(*key);
        }
        let places = if bytes == 0 { Places::OWN } else { self.places };
        let extent = if bytes == 0 {
            Extent::default()
        } else {
            self.scan.extent
        };
        Repair {
            found,
            tags: self.tags,
            is_indexed: self.is_indexed,
            tail: Tail {
                bytes,
                head: self.head.min(bytes),
                extent,
                keys,
                headers: self.headers,
                setup: self.setup,
                places,
            },
        }
    }
}

/// Where a tag begins that is some tags before `offset`, by their back pointers, but not before `least`.
fn step_back<S: Read + Seek>(
    source: &mut Source<S>,
    mut offset: u64,
    least: u64,
) -> Result<u64, VodError> {
    for _ in 0..TAGS_BEFORE {
        let Some(pointer) = offset.checked_sub(4) else {
            break;
        };
        let bytes = <[u8; 4]>::try_from(source.peek(pointer, 4)?).unwrap_or_default();
        let size = u64::from(u32::from_be_bytes(bytes));
        let Some(before) = pointer.checked_sub(size).filter(|before| *before >= least) else {
            break;
        };
        match Walker::at(before).step(source)? {
            Step::Tag(tag) if tag.offset == before && tag.end() == offset => offset = before,
            _ => break,
        }
    }
    Ok(offset)
}

/// The body of a tag, of whatever size one can have.
fn body<S: Read + Seek>(source: &mut Source<S>, tag: &TagHead) -> Result<Option<Bytes>, VodError> {
    let size = usize::try_from(tag.size).unwrap_or(TAG_BODY_BYTES);
    Ok(source.read(tag.body(), size)?.map(Bytes::from))
}

#[cfg(test)]
mod tests;
