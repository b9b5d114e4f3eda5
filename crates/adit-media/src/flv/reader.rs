//! Reading FLV, as the bytes come in.

use bytes::Bytes;

use super::input::{Input, Small};
use super::{FILTERED, FileHeader, FileTracks, TAG_HEAD_BYTES, TYPE, Tag, TagKind};
use crate::Timestamp;
use crate::limits::{FLV_EAGER_BYTES, FLV_HEADER_BYTES, FLV_TAG_BYTES};

const FILE_HEADER_BYTES: u32 = 9;
const BACK_POINTER_BYTES: u32 = 4;
/// What is read of a file header where a tag header was expected.
const JOINED_BYTES: u32 = 11;

/// What [`Reader::poll`] gives.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Next {
    /// The file header, first and once.
    Header(FileHeader),
    /// The next tag.
    Tag(Tag),
    /// Everything fed so far has been read.
    NeedMore,
    /// The input has ended, after a whole tag.
    End,
}

/// Why a file could not be read on. The reader stays failed and repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FlvError {
    /// The input does not begin as an FLV file. The fault is the file's.
    #[error("this is not FLV: it begins with \"{}\"", found.escape_ascii())]
    NotFlv {
        /// The first three bytes.
        found: [u8; 3],
    },
    /// The header says that data begins inside the header, or further away than allowed.
    #[error("the data offset {offset} is not between 9 and {FLV_HEADER_BYTES}")]
    DataOffset {
        /// What it says.
        offset: u32,
    },
    /// A tag is larger than the reader accepts: a limit.
    #[error("the tag at byte {offset} has {size} bytes, {limit} are allowed")]
    TagTooLong {
        /// Where the tag begins.
        offset: u64,
        /// Its declared size.
        size: u32,
        /// The limit.
        limit: u32,
    },
    /// Something stood where a tag should begin, and no tag was found behind it.
    #[error("damaged at byte {offset}: what begins there is no tag")]
    Damaged {
        /// Where the last good tag ends.
        offset: u64,
    },
    /// The input ended inside the header or a tag. The tags before it are good.
    #[error("truncated at byte {offset}: the input ends inside what begins there")]
    Truncated {
        /// Where the unfinished part begins.
        offset: u64,
    },
}

/// Reads an FLV file in pieces of any size: feed with [`Self::handle_input`], then
/// [`Self::poll`] until it says [`Next::NeedMore`].
///
/// What other programs write wrongly and can be read all the same is read: wrong track flags
/// a data offset past 9, wrong back pointers, a missing last one. Files may follow
/// one another, as in `cat a.flv b.flv`, each with its last back pointer: further headers are stepped
/// over, and times are those of the tags, so they begin anew. What it keeps between calls is what was fed and
/// not polled, and the tag that is coming in.
#[derive(Debug)]
pub struct Reader {
    input: Input,
    eof: bool,
    /// Where the header or tag that is being read begins.
    begin: u64,
    /// Where something stood that is hardly a tag, if nothing since is one for certain.
    doubt: Option<u64>,
    tag_limit: u32,
    state: State,
}

#[derive(Debug)]
enum State {
    FileHeader(Small<9>),
    /// Bytes to step over: the rest of a long file header, a back pointer.
    Skip {
        left: u32,
        what: Skipped,
    },
    TagHeader(Small<TAG_HEAD_BYTES>),
    Body {
        tag: Tag,
        size: usize,
        body: Vec<u8>,
    },
    Failed(FlvError),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Skipped {
    Header,
    BackPointer,
}

impl Default for Reader {
    fn default() -> Self {
        Self::new()
    }
}

impl Reader {
    /// A reader at the start of a file, which accepts tags up to 10 MiB.
    pub fn new() -> Self {
        Self::with_tag_limit(FLV_TAG_BYTES)
    }

    /// A reader that accepts tag bodies up to `bytes`, at most 2^24 − 1 because larger ones cannot
    /// be written.
    pub fn with_tag_limit(bytes: u32) -> Self {
        Self {
            input: Input::default(),
            eof: false,
            begin: 0,
            doubt: None,
            tag_limit: bytes,
            state: State::FileHeader(Small::new()),
        }
    }

    /// Feeds the next bytes of the file; a failed reader drops them.
    pub fn handle_input(&mut self, input: Bytes) {
        if !matches!(self.state, State::Failed(_)) {
            self.input.push(input);
        }
    }

    /// Says that the file ends with what has been fed.
    pub fn handle_eof(&mut self) {
        self.eof = true;
    }

    /// Bytes read from the start of the file.
    pub fn offset(&self) -> u64 {
        self.input.read()
    }

    /// The next piece of the file.
    ///
    /// # Errors
    /// [`FlvError`] when the file cannot be read on; the same one every time from then on.
    pub fn poll(&mut self) -> Result<Next, FlvError> {
        let next = self.advance().map_err(|error| match (error, self.doubt) {
            (FlvError::Truncated { .. } | FlvError::TagTooLong { .. }, Some(offset)) => {
                FlvError::Damaged { offset }
            }
            (error, _) => error,
        });
        if let Err(error) = next {
            self.state = State::Failed(error);
            self.input.clear();
        }
        next
    }

    fn advance(&mut self) -> Result<Next, FlvError> {
        loop {
            match &mut self.state {
                State::Failed(error) => return Err(*error),
                State::FileHeader(bytes) => {
                    let Some(bytes) = self.input.small(bytes) else {
                        return self.starved();
                    };
                    let header = file_header(bytes)?;
                    let left = header.data_offset.saturating_sub(FILE_HEADER_BYTES);
                    self.skip(left, Skipped::Header);
                    return Ok(Next::Header(header));
                }
                State::Skip { left, what } => {
                    *left = left.saturating_sub(self.input.skip(*left));
                    match (*left, *what) {
                        (0, Skipped::Header) => self.skip(BACK_POINTER_BYTES, Skipped::BackPointer),
                        (0, Skipped::BackPointer) => {
                            self.begin = self.input.read();
                            self.state = State::TagHeader(Small::new());
                        }
                        _ => return self.starved(),
                    }
                }
                State::TagHeader(bytes) => {
                    let Some(bytes) = self.input.small(bytes) else {
                        return self.starved();
                    };
                    if let Some(header) = joined_header(bytes) {
                        self.doubt = None;
                        let size = header.data_offset.saturating_add(BACK_POINTER_BYTES);
                        self.skip(size.saturating_sub(JOINED_BYTES), Skipped::BackPointer);
                        continue;
                    }
                    self.weigh(bytes);
                    self.state = tag_header(bytes, self.begin, self.tag_limit)?;
                }
                State::Body { size, body, .. } => {
                    self.input.fill(body, *size);
                    if body.len() < *size {
                        return self.starved();
                    }
                    return Ok(self.finish_tag());
                }
            }
        }
    }

    /// Whether this is the header of a tag: a type that FLV has and the stream 0, which other bytes hardly happen to be.
    fn weigh(&mut self, [kind, .., s1, s2, s3]: [u8; TAG_HEAD_BYTES]) {
        if !TagKind::from_bits(kind & TYPE).is_known() {
            self.doubt.get_or_insert(self.begin);
        } else if [s1, s2, s3] == [0; 3] {
            self.doubt = None;
        }
    }

    fn skip(&mut self, left: u32, what: Skipped) {
        self.state = State::Skip { left, what };
    }

    fn finish_tag(&mut self) -> Next {
        let skip = State::Skip {
            left: BACK_POINTER_BYTES,
            what: Skipped::BackPointer,
        };
        let State::Body {
            mut tag, mut body, ..
        } = std::mem::replace(&mut self.state, skip)
        else {
            return Next::NeedMore;
        };
        body.shrink_to_fit();
        tag.payload = body.into();
        Next::Tag(tag)
    }

    /// All input is read. Where may a file end? After a whole tag, or inside its back pointer.
    fn starved(&self) -> Result<Next, FlvError> {
        if !self.eof {
            return Ok(Next::NeedMore);
        }
        match &self.state {
            State::Skip {
                what: Skipped::BackPointer,
                ..
            } => Ok(Next::End),
            State::TagHeader(bytes) if bytes.is_empty() => Ok(Next::End),
            _ => Err(FlvError::Truncated { offset: self.begin }),
        }
    }
}

pub(super) fn file_header(bytes: [u8; 9]) -> Result<FileHeader, FlvError> {
    let [f, l, v, version, flags, offset @ ..] = bytes;
    if [f, l, v] != *b"FLV" {
        return Err(FlvError::NotFlv { found: [f, l, v] });
    }
    let data_offset = u32::from_be_bytes(offset);
    if !(FILE_HEADER_BYTES..=FLV_HEADER_BYTES).contains(&data_offset) {
        return Err(FlvError::DataOffset {
            offset: data_offset,
        });
    }
    Ok(FileHeader {
        version,
        tracks: FileTracks::from_flags(flags),
        data_offset,
    })
}

/// The header of a file that follows another one, read where a tag would begin. As a tag it would be of an unknown
/// type and of 5 MB.
pub(super) fn joined_header(bytes: [u8; TAG_HEAD_BYTES]) -> Option<FileHeader> {
    let [header @ .., _, _] = bytes;
    let header = file_header(header).ok()?;
    (header.version == 1).then_some(header)
}

fn tag_header(bytes: [u8; TAG_HEAD_BYTES], offset: u64, limit: u32) -> Result<State, FlvError> {
    let [kind, s1, s2, s3, t1, t2, t3, top, i1, i2, i3] = bytes;
    let size = u32::from_be_bytes([0, s1, s2, s3]);
    let too_long = FlvError::TagTooLong {
        offset,
        size,
        limit,
    };
    if size > limit {
        return Err(too_long);
    }
    let tag = Tag {
        kind: TagKind::from_bits(kind & TYPE),
        filtered: kind & FILTERED != 0,
        at: Timestamp::from_ms(u32::from_be_bytes([top, t1, t2, t3])),
        stream_id: u32::from_be_bytes([0, i1, i2, i3]),
        payload: Bytes::new(),
        offset,
    };
    let size = usize::try_from(size).map_err(|_| too_long)?;
    let body = Vec::with_capacity(size.min(FLV_EAGER_BYTES));
    Ok(State::Body { tag, size, body })
}
