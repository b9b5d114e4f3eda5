//! Whether an FLV file is whole, in words.

use std::fmt;
use std::io::{Read, Seek};
use std::time::Duration;

use adit_amf::amf0::{Object, Value};
use bytes::Bytes;

use crate::flv::{FileTracks, FlvError, Pointer, Scan, Step, TagHead, TagKind, Walker};
use crate::limits::{FLV_TAG_BYTES, VERIFY_FINDINGS};
use crate::record::metadata::{float, seconds};
use crate::source::Source;
use crate::vod::{VodError, metadata};
use crate::{FrameKind, Timestamp};

/// How far a duration or a last time may be off: what other programs think the last frame lasts, in milliseconds.
const TOLERANCE_MS: i64 = 500;

/// What was found in a file.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Report {
    /// Its length in bytes.
    pub bytes: u64,
    /// Its whole tags.
    pub tags: u64,
    /// Its key frames.
    pub key_frames: u64,
    /// From the first frame to the end of the last.
    pub duration: Duration,
    /// The tracks it has.
    pub tracks: FileTracks,
    /// What is wrong, in the order it was found: at most 100 findings.
    pub findings: Vec<Finding>,
    /// Further findings, which are not listed.
    pub unlisted: u64,
}

/// Something that is wrong with a file; `Display` says it in words.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub enum Finding {
    /// The file ends before its first tag.
    Empty,
    /// What begins here is no whole tag, and nothing behind it can be read.
    Torn {
        /// Where.
        offset: u64,
        /// Bytes from there to the end.
        bytes: u64,
    },
    /// A back pointer is not 11 more than the size of its tag.
    BackPointer {
        /// Where the tag begins.
        offset: u64,
        /// What the pointer says; `None` if the file ends in it.
        found: Option<u32>,
        /// What it should say.
        expected: u32,
    },
    /// A tag of a type that FLV does not have.
    UnknownTag {
        /// Where it begins.
        offset: u64,
        /// Its type.
        kind: u8,
    },
    /// Time goes back within a track.
    TimeGoesBack {
        /// Where the tag begins.
        offset: u64,
        /// The track.
        kind: FrameKind,
        /// The time before.
        from: Timestamp,
        /// Its time.
        to: Timestamp,
    },
    /// There is no `onMetaData`, or it cannot be read.
    NoMetadata,
    /// The duration that is told is not that of the frames.
    Duration {
        /// Seconds.
        told: f64,
        /// Seconds.
        is: f64,
    },
    /// The last time that is told is not that of the frames.
    LastTime {
        /// Seconds.
        told: f64,
        /// Seconds.
        is: f64,
    },
    /// The size that is told is not that of the file.
    FileSize {
        /// Bytes.
        told: f64,
        /// Bytes.
        is: u64,
    },
    /// The seek index cannot be read: its lists are not alike or too long, or it has what is no number.
    IndexUnreadable,
    /// No key frame begins at the place of an entry of the seek index.
    Index {
        /// Which entry, from 0.
        entry: usize,
        /// The time that is told, in milliseconds.
        at_ms: i64,
        /// The place that is told.
        offset: u64,
    },
    /// Entries of the seek index have the places of key frames and other times than these: a warning. FFmpeg counts them from the
    /// first frame, whenever that is.
    IndexTimes {
        /// How many.
        entries: u64,
        /// The first of them, from 0.
        entry: usize,
        /// The time that it tells, in milliseconds.
        told_ms: i64,
        /// The time of its key frame.
        is: Timestamp,
        /// The place of both.
        offset: u64,
    },
    /// The header tells other tracks than there are.
    Tracks {
        /// What it tells.
        told: FileTracks,
        /// What there is.
        is: FileTracks,
    },
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => write!(f, "the file ends before its first tag"),
            Self::Torn { offset, bytes } => write!(
                f,
                "at byte {offset} there is no whole tag, and {bytes} bytes to the end of the file"
            ),
            Self::BackPointer {
                offset,
                found: Some(found),
                expected,
            } => write!(
                f,
                "the back pointer of the tag at byte {offset} is {found} instead of {expected}"
            ),
            Self::BackPointer { offset, .. } => write!(
                f,
                "the file ends inside the back pointer of the tag at byte {offset}"
            ),
            Self::UnknownTag { offset, kind } => {
                write!(f, "the tag at byte {offset} is of the unknown type {kind}")
            }
            Self::TimeGoesBack {
                offset,
                kind,
                from,
                to,
            } => write!(
                f,
                "{} goes back from {from} to {to} with the tag at byte {offset}",
                name(*kind)
            ),
            _ => self.about_metadata(f),
        }
    }
}

impl Finding {
    /// The byte of the file where it is, unless it is about the file as a whole.
    pub const fn offset(&self) -> Option<u64> {
        match *self {
            Self::Torn { offset, .. }
            | Self::BackPointer { offset, .. }
            | Self::UnknownTag { offset, .. }
            | Self::TimeGoesBack { offset, .. }
            | Self::Index { offset, .. }
            | Self::IndexTimes { offset, .. } => Some(offset),
            _ => None,
        }
    }

    /// Whether the file is whole all the same.
    pub const fn is_warning(&self) -> bool {
        matches!(self, Self::IndexTimes { .. })
    }

    /// Says what is wrong with what the file tells about itself.
    fn about_metadata(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoMetadata => write!(f, "there is no onMetaData that can be read"),
            Self::Duration { told, is } => {
                write!(
                    f,
                    "duration is {told:.3} s in onMetaData, the frames last {is:.3} s"
                )
            }
            Self::LastTime { told, is } => write!(
                f,
                "lasttimestamp is {told:.3} s in onMetaData, the last frame is at {is:.3} s"
            ),
            Self::FileSize { told, is } => {
                write!(
                    f,
                    "filesize is {told} in onMetaData, the file has {is} bytes"
                )
            }
            Self::IndexUnreadable => write!(f, "the seek index in onMetaData cannot be read"),
            Self::Index {
                entry,
                at_ms,
                offset,
            } => write!(
                f,
                "entry {entry} of the seek index, {at_ms} ms at byte {offset}, is no key frame"
            ),
            Self::IndexTimes {
                entries,
                entry,
                told_ms,
                is,
                offset,
            } => write!(
                f,
                "{entries} entries of the seek index have other times than their key frames: entry {entry} says {told_ms} ms, and at byte {offset} is {is}"
            ),
            Self::Tracks { told, is } => write!(
                f,
                "the header tells of {}, the file has {}",
                tracks(*told),
                tracks(*is)
            ),
            _ => Ok(()),
        }
    }
}

const fn name(kind: FrameKind) -> &'static str {
    match kind {
        FrameKind::Audio => "audio",
        FrameKind::Video => "video",
        FrameKind::Data => "data",
    }
}

const fn tracks(tracks: FileTracks) -> &'static str {
    match tracks {
        FileTracks::AudioVideo => "audio and video",
        FileTracks::Audio => "audio alone",
        FileTracks::Video => "video alone",
        FileTracks::Neither => "neither audio nor video",
    }
}

impl Report {
    /// Whether nothing is wrong; there may be warnings.
    pub fn is_whole(&self) -> bool {
        self.findings.iter().all(Finding::is_warning)
    }

    fn add(&mut self, finding: Finding) {
        if self.findings.len() < VERIFY_FINDINGS {
            self.findings.push(finding);
        } else {
            self.unlisted = self.unlisted.saturating_add(1);
        }
    }
}

/// Looks at a whole FLV file: the chain of its tags and their back pointers, time within each track, and whether what the
/// file tells about itself is true: tracks, duration, last time, size, seek index. What it does not tell is not missed.
///
/// # Errors
/// [`VodError`] when the source cannot be read or is not FLV.
pub fn verify<S: Read + Seek>(source: S) -> Result<Report, VodError> {
    let mut source = Source::new(source)?;
    let mut report = Report {
        bytes: source.len(),
        tags: 0,
        key_frames: 0,
        duration: Duration::ZERO,
        tracks: FileTracks::Neither,
        findings: Vec::new(),
        unlisted: 0,
    };
    let (mut walker, header) = match Walker::begin(&mut source)? {
        Ok(begun) => begun,
        Err(FlvError::Truncated { .. }) => {
            report.add(Finding::Empty);
            return Ok(report);
        }
        Err(error) => return Err(error.into()),
    };
    let mut check = Check::default();
    let mut scan = Scan::new();
    loop {
        match walker.step(&mut source)? {
            Step::Tag(tag) => {
                check.tag(&tag, &mut report);
                scan.push(&tag);
                check.metadata(&tag, &mut source)?;
            }
            Step::End => break,
            Step::Torn(offset) => {
                let bytes = source.len().saturating_sub(offset);
                report.add(Finding::Torn { offset, bytes });
                break;
            }
        }
    }
    if report.tags == 0 && report.is_whole() {
        report.add(Finding::Empty);
        return Ok(report);
    }
    report.duration = scan.extent.duration();
    report.tracks = scan.extent.tracks();
    if header.tracks != report.tracks {
        report.add(Finding::Tracks {
            told: header.tracks,
            is: report.tracks,
        });
    }
    match &check.members {
        Some(members) => told_of_file(members, &scan, &mut source, &mut report)?,
        None => report.add(Finding::NoMetadata),
    }
    Ok(report)
}

/// What is remembered from tag to tag.
#[derive(Default)]
struct Check {
    audio: Option<Timestamp>,
    video: Option<Timestamp>,
    members: Option<Object>,
}

impl Check {
    fn tag(&mut self, tag: &TagHead, report: &mut Report) {
        report.tags = report.tags.saturating_add(1);
        report.key_frames = report
            .key_frames
            .saturating_add(u64::from(tag.is_key_frame()));
        let expected = tag.size.saturating_add(11);
        let pointer = |found| Finding::BackPointer {
            offset: tag.offset,
            found,
            expected,
        };
        match tag.pointer {
            Pointer::Right => {}
            Pointer::Wrong(found) => report.add(pointer(Some(found))),
            Pointer::Missing => report.add(pointer(None)),
        }
        let last = match tag.kind {
            TagKind::Other(kind) if !tag.is_known() => {
                report.add(Finding::UnknownTag {
                    offset: tag.offset,
                    kind,
                });
                return;
            }
            TagKind::Frame(FrameKind::Audio) => &mut self.audio,
            TagKind::Frame(FrameKind::Video) => &mut self.video,
            _ => return,
        };
        if !tag.flags.is_coded() {
            return;
        }
        if let (Some(from), TagKind::Frame(kind)) = (*last, tag.kind)
            && tag.at.is_before(from)
        {
            report.add(Finding::TimeGoesBack {
                offset: tag.offset,
                kind,
                from,
                to: tag.at,
            });
        }
        *last = Some(tag.at);
    }

    /// Keeps the first metadata.
    fn metadata<S: Read + Seek>(
        &mut self,
        tag: &TagHead,
        source: &mut Source<S>,
    ) -> Result<(), VodError> {
        if self.members.is_none() && tag.flags.is_metadata() && tag.size <= FLV_TAG_BYTES {
            let size = usize::try_from(tag.size).unwrap_or(0);
            let body = source.read(tag.body(), size)?;
            self.members = body.and_then(|body| metadata::members(&Bytes::from(body)));
        }
        Ok(())
    }
}

/// Compares what metadata tells with what is.
fn told_of_file<S: Read + Seek>(
    members: &Object,
    scan: &Scan,
    source: &mut Source<S>,
    report: &mut Report,
) -> Result<(), VodError> {
    let number = |name| members.property(name).and_then(Value::as_number);
    let is_off = |told: f64, is: f64| {
        (told - is).abs().is_nan() || (told - is).abs() > seconds(TOLERANCE_MS)
    };
    let is = report.duration.as_secs_f64();
    // Some programs count from 0, however late the first frame is.
    let end = seconds(scan.extent.end());
    if let Some(told) = number("duration")
        && is_off(told, is)
        && is_off(told, end)
    {
        report.add(Finding::Duration { told, is });
    }
    let is = seconds(scan.extent.newest());
    if let Some(told) = number("lasttimestamp")
        && is_off(told, is)
    {
        report.add(Finding::LastTime { told, is });
    }
    if let Some(told) = number("filesize")
        && (told - float(report.bytes)).abs() >= 1.0
    {
        report.add(Finding::FileSize {
            told,
            is: report.bytes,
        });
    }
    told_of_index(members, source, report)
}

/// Compares the seek index, if there is one, with the key frames.
fn told_of_index<S: Read + Seek>(
    members: &Object,
    source: &mut Source<S>,
    report: &mut Report,
) -> Result<(), VodError> {
    if members.property("keyframes").is_none() {
        return Ok(());
    }
    let Some(points) = metadata::index(members) else {
        report.add(Finding::IndexUnreadable);
        return Ok(());
    };
    let mut entries: u64 = 0;
    let mut first = None;
    for (entry, point) in points.iter().enumerate() {
        let Some(tag) = point.key_frame_there(source)? else {
            report.add(Finding::Index {
                entry,
                at_ms: point.at,
                offset: point.offset,
            });
            continue;
        };
        if !point.is_near(&tag) {
            entries = entries.saturating_add(1);
            first.get_or_insert((entry, point, tag.at));
        }
    }
    if let Some((entry, point, is)) = first {
        report.add(Finding::IndexTimes {
            entries,
            entry,
            told_ms: point.at,
            is,
            offset: point.offset,
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests;
