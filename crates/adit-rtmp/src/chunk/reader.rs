//! Chunks to messages.

use std::time::Instant;

use bytes::Bytes;

use super::ChunkError;
use super::budget::Budget;
use super::guard::Guard;
use super::header::{Fields, HEADER_MAX, Header, repeats};
use super::input::Input;
use super::stream::{Role, Stream};
use crate::id::{ChunkSize, ChunkStreamId};
use crate::limits::{ChunkLimits, INPUT_PIECES};
use crate::message::{ControlMessage, Message, MessageKind};

/// Puts messages together from chunks; bytes in, messages out.
///
/// Feed it a piece, then poll until it gives [`Next::NeedMore`]. To put the peer under back-pressure,
/// stop polling, and read nothing more from the carrier while [`ChunkReader::waiting`] is not 0.
///
/// Set Chunk Size and Abort take effect here, exactly between two chunks, and are handed on for
/// information. The payload of a message is copied once, out of the input into a buffer of its exact
/// size; the reader never keeps a piece of input beyond [`Next::NeedMore`].
#[derive(Debug)]
pub struct ChunkReader {
    input: Input,
    chunk_size: ChunkSize,
    /// Chunk streams with a history, in the order of their first chunk.
    streams: Vec<Stream>,
    /// The chunk whose payload is being read.
    open: Option<OpenChunk>,
    guard: Guard,
    budget: Budget,
    throttle: Throttle,
    failed: Option<ChunkError>,
}

/// What [`ChunkReader::poll`] found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// The next message.
    Message(Message),
    /// All input is used up.
    NeedMore,
    /// The peer sends chunks faster than allowed: nothing more before this time, though input waits.
    Throttled(Instant),
}

/// How much the peer is trusted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Phase {
    /// Before `connect` was accepted.
    #[default]
    BeforeConnect,
    /// After it.
    Connected,
}

#[derive(Clone, Copy, Debug)]
struct OpenChunk {
    /// Where in `streams`; they are never removed.
    stream: usize,
    /// Bytes of its payload that have not come.
    left: u32,
}

#[derive(Clone, Copy, Debug, Default)]
struct Throttle {
    until: Option<Instant>,
    count: u64,
}

/// What is at the start of the input.
enum Found {
    Header(Header),
    NeedMore,
    Throttled(Instant),
}

impl ChunkReader {
    /// A reader at the start of the chunk stream, with chunks of 128 bytes and the limits that hold
    /// before `connect`.
    pub fn new(limits: ChunkLimits) -> Self {
        Self {
            input: Input::default(),
            chunk_size: ChunkSize::DEFAULT,
            streams: Vec::new(),
            open: None,
            budget: Budget::new(limits.chunk_headers),
            guard: Guard::new(limits),
            throttle: Throttle::default(),
            failed: None,
        }
    }

    /// Sets which limits hold from the next chunk on.
    pub fn set_phase(&mut self, phase: Phase) {
        self.guard.phase = phase;
    }

    /// Stores input until [`ChunkReader::poll`] takes it.
    pub fn feed(&mut self, input: Bytes) {
        if self.failed.is_some() {
            return;
        }
        if self.input.pieces_behind() >= INPUT_PIECES {
            self.fail(ChunkError::NotPolled);
            return;
        }
        self.input.feed(input);
    }

    /// The next message.
    ///
    /// # Errors
    ///
    /// See [`ChunkError`]; the same error is given for ever after.
    pub fn poll(&mut self, now: Instant) -> Result<Next, ChunkError> {
        match self.failed {
            Some(error) => Err(error),
            None => self.read(now).inspect_err(|error| self.fail(*error)),
        }
    }

    /// Bytes of input that wait to be parsed; none after [`Next::NeedMore`].
    pub fn waiting(&self) -> usize {
        self.input.unseen()
    }

    /// Whether the input so far ends inside a header, a chunk or a message.
    pub fn is_inside_message(&self) -> bool {
        self.input.len() > 0
            || self.open.is_some()
            || self.streams.iter().any(Stream::is_inside_message)
    }

    /// When a throttled reader goes on.
    pub fn throttled_until(&self) -> Option<Instant> {
        self.throttle.until
    }

    /// How often the reader was throttled.
    pub fn throttles(&self) -> u64 {
        self.throttle.count
    }

    /// The size of the peer's chunks.
    pub fn chunk_size(&self) -> ChunkSize {
        self.chunk_size
    }

    fn fail(&mut self, error: ChunkError) {
        self.failed = Some(error);
        self.input = Input::default();
        self.streams = Vec::new();
        self.open = None;
    }

    fn read(&mut self, now: Instant) -> Result<Next, ChunkError> {
        loop {
            if self.open.is_none() {
                match self.find_header(now)? {
                    Found::Header(header) => self.open(&header)?,
                    Found::NeedMore => return Ok(Next::NeedMore),
                    Found::Throttled(until) => return Ok(Next::Throttled(until)),
                }
            }
            if !self.read_payload() {
                return Ok(Next::NeedMore);
            }
            if let Some(message) = self.close()? {
                return Ok(Next::Message(message));
            }
        }
    }

    /// Reads a header off the input, if there is a whole one and the peer may send it.
    fn find_header(&mut self, now: Instant) -> Result<Found, ChunkError> {
        let mut scratch = [0; HEADER_MAX];
        let bytes = self.input.peek(&mut scratch);
        if bytes.is_empty() {
            return Ok(Found::NeedMore);
        }
        let Some((header, len)) = self.parse(bytes) else {
            self.input.stash();
            return Ok(Found::NeedMore);
        };
        if let Err(until) = self.budget.take(now) {
            self.throttle.count = self.throttle.count.saturating_add(
                // Polled again before the time is up, it is the same pause.
                u64::from(self.throttle.until != Some(until)),
            );
            self.throttle.until = Some(until);
            return Ok(Found::Throttled(until));
        }
        self.throttle.until = None;
        if self.budget.is_flooded() {
            self.guard.admit_flood(self.chunk_size)?;
        }
        self.input.advance(len);
        Ok(Found::Header(header))
    }

    /// The header at the start of `bytes` with its length, a repeated extended timestamp included;
    /// `None` if more bytes are needed.
    fn parse(&self, bytes: &[u8]) -> Option<(Header, usize)> {
        let header = Header::read(bytes)?;
        let extended = match header.fields {
            Fields::Type3 => self.find(header.csid).and_then(|stream| stream.extended),
            _ => None,
        };
        let Some(extended) = extended else {
            return Some((header, header.len));
        };
        let repeated = repeats(bytes.get(header.len..)?, extended)?;
        Some((
            header,
            header.len.saturating_add(if repeated { 4 } else { 0 }),
        ))
    }

    /// Opens the chunk of a header.
    fn open(&mut self, header: &Header) -> Result<(), ChunkError> {
        let index = self.index(header)?;
        let Some(stream) = self.streams.get_mut(index) else {
            return Ok(());
        };
        let role = stream.apply(&header.fields)?;
        let (kind, length) = (stream.kind(), stream.length());
        let left = stream.remaining().min(self.chunk_size.get());
        if role == Role::Begins {
            self.guard.admit_message(kind, length)?;
            if length > left {
                // The one that begins is among them already; one of a single chunk never is.
                let unfinished = self
                    .streams
                    .iter()
                    .filter(|stream| stream.is_inside_message());
                self.guard.admit_unfinished(unfinished.count())?;
            }
        }
        self.guard.admit_chunk(left)?;
        self.open = Some(OpenChunk {
            stream: index,
            left,
        });
        Ok(())
    }

    /// Reads payload of the open chunk; whether it is complete.
    fn read_payload(&mut self) -> bool {
        let Some(open) = &mut self.open else {
            return true;
        };
        let Some(stream) = self.streams.get_mut(open.stream) else {
            return true;
        };
        while open.left > 0 {
            let waiting = self.input.len();
            let piece = self.input.chunk();
            let left = usize::try_from(open.left).unwrap_or(usize::MAX);
            let piece = piece.get(..left).unwrap_or(piece);
            if piece.is_empty() {
                return false;
            }
            let count = piece.len();
            stream.append(piece, waiting);
            self.input.advance(count);
            open.left = open
                .left
                .saturating_sub(u32::try_from(count).unwrap_or(u32::MAX));
        }
        true
    }

    /// Closes the open chunk, which is complete; gives the message that it completes.
    fn close(&mut self) -> Result<Option<Message>, ChunkError> {
        let Some(open) = self.open.take() else {
            return Ok(None);
        };
        let Some(stream) = self.streams.get_mut(open.stream) else {
            return Ok(None);
        };
        if stream.is_inside_message() {
            return Ok(None);
        }
        self.guard.release(stream.length());
        let message = stream.take_message();
        match message.kind {
            MessageKind::SetChunkSize | MessageKind::Abort => {
                match ControlMessage::decode(message.kind, &message.payload)? {
                    Some(ControlMessage::SetChunkSize(size)) => self.chunk_size = size,
                    Some(ControlMessage::Abort(csid)) => self.abort(csid),
                    _ => {}
                }
            }
            _ => {}
        }
        Ok(Some(message))
    }

    /// Throws the unfinished message of a chunk stream away; one that has none, or does not exist,
    /// is left alone.
    fn abort(&mut self, csid: u32) {
        let unfinished =
            |stream: &&mut Stream| stream.csid.get() == csid && stream.is_inside_message();
        if let Some(stream) = self.streams.iter_mut().find(unfinished) {
            self.guard
                .release(stream.length().saturating_sub(stream.remaining()));
            stream.abort();
        }
    }

    fn find(&self, csid: ChunkStreamId) -> Option<&Stream> {
        self.streams.iter().find(|stream| stream.csid == csid)
    }

    /// Where the chunk stream of a header is; it begins with this header if it is new.
    fn index(&mut self, header: &Header) -> Result<usize, ChunkError> {
        if let Some(index) = self
            .streams
            .iter()
            .position(|stream| stream.csid == header.csid)
        {
            return Ok(index);
        }
        let Some(stream) = Stream::begin(header.csid, &header.fields) else {
            let format = if header.fields == Fields::Type3 { 3 } else { 2 };
            return Err(ChunkError::NoHistory {
                csid: header.csid,
                format,
            });
        };
        let index = self.streams.len();
        self.guard.admit_stream(index)?;
        if self.streams.is_empty() {
            // Control messages and commands; whoever is idle uses no other.
            self.streams.reserve_exact(2);
        }
        self.streams.push(stream);
        Ok(index)
    }

    /// Memory that is kept between messages.
    #[cfg(test)]
    pub(super) fn heap(&self) -> usize {
        self.streams.capacity() * size_of::<Stream>()
            + self.streams.iter().map(Stream::heap).sum::<usize>()
    }
}
