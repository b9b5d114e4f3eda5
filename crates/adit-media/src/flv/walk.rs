//! Going through the tags of a file from header to header, without their bodies.

use std::io::{self, Read, Seek};

use super::reader::{file_header, joined_header};
use super::{FILTERED, FileHeader, FlvError, TAG_HEAD_BYTES, TYPE, TagKind};
use crate::classify::{self, Class, Coding};
use crate::source::Source;
use crate::{FrameFlags, FrameKind, Timestamp};

/// Bytes of a body that are looked at: enough to tell what an ordinary one is.
const LOOK_BYTES: usize = 160;
const POINTER_BYTES: u64 = 4;

/// A tag as a walk sees it: its header, and what the beginning of its body says.
#[derive(Clone, Copy, Debug)]
pub(crate) struct TagHead {
    /// Where the tag begins.
    pub(crate) offset: u64,
    /// Where its body ends and its back pointer begins.
    pub(crate) body_end: u64,
    pub(crate) kind: TagKind,
    pub(crate) size: u32,
    pub(crate) at: Timestamp,
    pub(crate) filtered: bool,
    pub(crate) flags: FrameFlags,
    /// How its first track is coded.
    pub(crate) coding: Option<Coding>,
    pub(crate) pointer: Pointer,
}

/// The back pointer behind a tag.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pointer {
    Right,
    /// Another number.
    Wrong(u32),
    /// The file ends before it is over.
    Missing,
}

/// What comes next in a file.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Step {
    Tag(TagHead),
    /// The file ends where a tag could begin.
    End,
    /// Here begins what is no whole tag.
    Torn(u64),
}

/// Where a walk is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Walker {
    next: u64,
}

impl TagHead {
    /// Where the next tag begins.
    pub(crate) const fn end(&self) -> u64 {
        self.body_end.saturating_add(POINTER_BYTES)
    }

    /// Where the body begins.
    pub(crate) const fn body(&self) -> u64 {
        self.offset.saturating_add(TAG_HEAD_BYTES as u64)
    }

    /// Whether it is of a type that FLV has.
    pub(crate) const fn is_known(&self) -> bool {
        self.kind.is_known()
    }

    /// Whether it is audio or video.
    pub(crate) const fn is_media(&self) -> bool {
        matches!(
            self.kind,
            TagKind::Frame(FrameKind::Audio | FrameKind::Video)
        )
    }

    /// Whether a decoder can start with it.
    pub(crate) const fn is_key_frame(&self) -> bool {
        self.flags.is_key_frame() && !self.filtered
    }
}

impl Walker {
    /// Reads the file header, and stands before the first tag.
    pub(crate) fn begin<S: Read + Seek>(
        source: &mut Source<S>,
    ) -> io::Result<Result<(Self, FileHeader), FlvError>> {
        let bytes = source.peek(0, 9)?;
        let Ok(bytes) = <[u8; 9]>::try_from(bytes) else {
            return Ok(Err(match bytes {
                [f, l, v, ..] if [*f, *l, *v] != *b"FLV" => FlvError::NotFlv {
                    found: [*f, *l, *v],
                },
                _ => FlvError::Truncated { offset: 0 },
            }));
        };
        Ok(file_header(bytes).map(|header| {
            let next = u64::from(header.data_offset).saturating_add(POINTER_BYTES);
            (Self { next }, header)
        }))
    }

    /// Stands where a tag begins.
    pub(crate) const fn at(offset: u64) -> Self {
        Self { next: offset }
    }

    /// Where the next tag would begin.
    pub(crate) const fn offset(self) -> u64 {
        self.next
    }

    /// The next tag. Whatever it is, the walk stays within the file.
    pub(crate) fn step<S: Read + Seek>(&mut self, source: &mut Source<S>) -> io::Result<Step> {
        loop {
            let offset = self.next;
            let len = source.len();
            let bytes = source.peek(offset, TAG_HEAD_BYTES + LOOK_BYTES)?;
            let Some((head, look)) = bytes.split_first_chunk::<TAG_HEAD_BYTES>() else {
                return Ok(if bytes.is_empty() {
                    Step::End
                } else {
                    Step::Torn(offset)
                });
            };
            if let Some(header) = joined_header(*head) {
                let size = u64::from(header.data_offset).saturating_add(POINTER_BYTES);
                self.next = offset.saturating_add(size);
                continue;
            }
            let Some(mut tag) = tag(offset, *head, look, len) else {
                return Ok(Step::Torn(offset));
            };
            tag.pointer = pointer(&tag, source)?;
            if !is_whole(&tag, source)? {
                return Ok(Step::Torn(offset));
            }
            self.next = tag.end();
            return Ok(Step::Tag(tag));
        }
    }
}

/// The tag with this header, if its body ends within the file.
fn tag(offset: u64, head: [u8; TAG_HEAD_BYTES], look: &[u8], len: u64) -> Option<TagHead> {
    let [kind, s1, s2, s3, t1, t2, t3, top, ..] = head;
    let size = u32::from_be_bytes([0, s1, s2, s3]);
    let body_end = offset
        .checked_add(TAG_HEAD_BYTES as u64)?
        .checked_add(u64::from(size))?;
    if body_end > len {
        return None;
    }
    let look = usize::try_from(size).map_or(look, |size| look.get(..size).unwrap_or(look));
    let filtered = kind & FILTERED != 0;
    let kind = TagKind::from_bits(kind & TYPE);
    let flags = flags(kind, look);
    Some(TagHead {
        offset,
        body_end,
        kind,
        size,
        at: Timestamp::from_ms(u32::from_be_bytes([top, t1, t2, t3])),
        filtered,
        flags,
        coding: coding(kind, look, flags),
        pointer: Pointer::Missing,
    })
}

fn flags(kind: TagKind, look: &[u8]) -> FrameFlags {
    match kind {
        TagKind::Frame(kind) => {
            let Class { flags, .. } = classify::class(kind, look);
            flags
        }
        TagKind::Other(_) => FrameFlags::NONE,
    }
}

fn coding(kind: TagKind, look: &[u8], flags: FrameFlags) -> Option<Coding> {
    match kind {
        TagKind::Frame(kind) => classify::coding(kind, look, flags),
        TagKind::Other(_) => None,
    }
}

fn pointer<S: Read + Seek>(tag: &TagHead, source: &mut Source<S>) -> io::Result<Pointer> {
    let bytes = source.peek(tag.body_end, 4)?;
    let Ok(bytes) = <[u8; 4]>::try_from(bytes) else {
        return Ok(Pointer::Missing);
    };
    let found = u32::from_be_bytes(bytes);
    let expected = tag.size.saturating_add(11);
    Ok(if found == expected {
        Pointer::Right
    } else {
        Pointer::Wrong(found)
    })
}

/// A tag that its back pointer does not confirm is one if it is of a known type and the file ends or goes on behind it.
/// What a crash of the machine leaves is not: zeros, or another file's old blocks.
fn is_whole<S: Read + Seek>(tag: &TagHead, source: &mut Source<S>) -> io::Result<bool> {
    match tag.pointer {
        Pointer::Right => return Ok(true),
        Pointer::Missing => return Ok(tag.kind.is_known()),
        Pointer::Wrong(_) if !tag.kind.is_known() => return Ok(false),
        Pointer::Wrong(_) => {}
    }
    let len = source.len();
    let bytes = source.peek(tag.end(), TAG_HEAD_BYTES)?;
    let Ok(head) = <[u8; TAG_HEAD_BYTES]>::try_from(bytes) else {
        return Ok(bytes.is_empty());
    };
    let next = self::tag(tag.end(), head, &[], len);
    Ok(joined_header(head).is_some() || next.is_some_and(|next| next.kind.is_known()))
}
