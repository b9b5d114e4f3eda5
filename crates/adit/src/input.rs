//! What is published: frames of a file, of standard input, or of the built-in clip, read by a thread of its own.

use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read};
use std::num::NonZeroU32;
use std::path::Path;
use std::thread;

use adit_client::media::flv::{FlvError, Next, Reader};
use adit_client::media::pace::{Loop, NothingToRepeat};
use adit_client::media::pattern::{Pattern, PatternError, PatternOptions};
use adit_client::media::{Frame, FrameKind};
use bytes::BytesMut;
use thiserror::Error;
use tokio::sync::mpsc;

use crate::connect::in_words;
use crate::ui;

/// Frames read ahead.
const AHEAD: usize = 32;
/// Bytes read at once.
const PIECE: usize = 64 * 1024;

/// What is to be published.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Input {
    /// FLV on standard input.
    Stdin,
    /// The built-in clip.
    Pattern(PatternOptions),
    /// An FLV file.
    File(String),
}

/// How often a file is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Turns {
    /// So many times.
    Count(NonZeroU32),
    /// Without end.
    Endless,
}

impl Turns {
    /// Without a repetition.
    pub(crate) const ONE: Self = Self::Count(NonZeroU32::MIN);
}

/// Why there are no more frames.
#[derive(Debug, Error)]
pub(crate) enum InputError {
    /// The system does not let it be read.
    #[error("{}", in_words(.0))]
    Io(#[from] io::Error),
    /// It is no FLV, or damaged.
    #[error(transparent)]
    Flv(#[from] FlvError),
    /// It is a file of another kind.
    #[error("this is {0}, not FLV")]
    Other(&'static str),
    /// It ends in the middle of a tag, after tags that are good.
    #[error("{0}")]
    Torn(FlvError),
    /// It cannot be repeated.
    #[error(transparent)]
    Nothing(#[from] NothingToRepeat),
    /// Nothing at all.
    #[error("there is nothing in it")]
    Nil,
    /// It ends before anything was to be seen or heard.
    #[error("there is no audio or video in it")]
    Empty,
}

/// The frames in order; an error is the last.
#[derive(Debug)]
pub(crate) struct Frames {
    /// Taken from the reader and not given yet.
    early: VecDeque<Frame>,
    reader: mpsc::Receiver<Result<Frame, InputError>>,
}

impl Frames {
    /// The next frame, or `None` at the end. Cancel-safe.
    pub(crate) async fn recv(&mut self) -> Option<Result<Frame, InputError>> {
        match self.early.pop_front() {
            Some(frame) => Some(Ok(frame)),
            None => self.reader.recv().await,
        }
    }

    /// Waits until it is certain that something can be seen or heard; nothing is lost. Cancel-safe.
    ///
    /// # Errors
    /// Why there is nothing to be seen or heard.
    pub(crate) async fn check(&mut self) -> Result<(), InputError> {
        while self.early.len() < AHEAD {
            let frame = self.reader.recv().await.ok_or(InputError::Empty)??;
            let is_media = frame.kind() != FrameKind::Data;
            self.early.push_back(frame);
            if is_media {
                break;
            }
        }
        Ok(())
    }
}

impl Input {
    /// What `text` on the command line means.
    ///
    /// # Errors
    /// When it begins as a pattern, and is none.
    pub(crate) fn parse(text: &str) -> Result<Self, PatternError> {
        match text {
            "-" => Ok(Self::Stdin),
            _ if text.starts_with("pattern:") => text.parse().map(Self::Pattern),
            "pattern" => Ok(Self::Pattern(PatternOptions::default())),
            _ => Ok(Self::File(text.to_owned())),
        }
    }

    /// How people call it.
    pub(crate) fn name(&self) -> String {
        match self {
            Self::Stdin => "standard input".to_owned(),
            Self::Pattern(options) => options.to_string(),
            Self::File(path) => path.clone(),
        }
    }

    /// Begins to read. A file is opened at once, so that a wrong name is told before anybody is connected to.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub(crate) fn open(self, turns: Turns) -> io::Result<Frames> {
        let (frames, taker) = mpsc::channel(AHEAD);
        let source = match self {
            Self::Stdin => Source::Flv(Box::new(io::stdin())),
            Self::Pattern(options) => Source::Pattern(Box::new(Pattern::new(options))),
            Self::File(path) => {
                let file = File::open(&path)?;
                if file.metadata()?.is_dir() {
                    return Err(io::ErrorKind::IsADirectory.into());
                }
                Source::File(path, file)
            }
        };
        thread::Builder::new()
            .name("input".to_owned())
            .spawn(move || source.read(turns, &Taker(frames)))?;
        Ok(Frames {
            early: VecDeque::new(),
            reader: taker,
        })
    }
}

enum Source {
    Flv(Box<dyn Read + Send>),
    File(String, File),
    Pattern(Box<Pattern>),
}

/// Whoever takes the frames.
struct Taker(mpsc::Sender<Result<Frame, InputError>>);

/// Nobody takes frames any more.
struct Gone;

impl Taker {
    fn give(&self, frame: Frame) -> Result<(), Gone> {
        self.0.blocking_send(Ok(frame)).map_err(|_| Gone)
    }
}

impl Source {
    fn read(self, turns: Turns, taker: &Taker) {
        let outcome = match self {
            Self::Pattern(pattern) => {
                for frame in *pattern {
                    if taker.give(frame).is_err() {
                        return;
                    }
                }
                Ok(())
            }
            Self::Flv(stream) => turn(stream, &mut Loop::new(), taker),
            Self::File(path, file) => read_file(&path, file, turns, taker),
        };
        if let Err(error) = outcome
            && taker.0.blocking_send(Err(error)).is_err()
        {
            tracing::debug!("nobody reads the input any more");
        }
    }
}

fn read_file(path: &str, file: File, turns: Turns, taker: &Taker) -> Result<(), InputError> {
    let mut clip = Loop::new();
    let mut file = Some(file);
    let mut torn = false;
    let mut left = match turns {
        Turns::Count(count) => Some(count.get()),
        Turns::Endless => None,
    };
    while left != Some(0) {
        let again = if let Some(first) = file.take() {
            first
        } else {
            clip.begin_again()?;
            File::open(Path::new(path))?
        };
        match turn(again, &mut clip, taker) {
            // Whoever wrote it was stopped in the middle of a tag.
            Err(InputError::Torn(error)) => {
                if !std::mem::replace(&mut torn, true) {
                    ui::note(&format!("{path} is {error}; all before that is published"));
                }
            }
            turn => turn?,
        }
        if taker.0.is_closed() {
            break;
        }
        left = left.map(|count| count.saturating_sub(1));
    }
    Ok(())
}

/// Reads FLV once, to its end or until nobody takes frames any more.
fn turn(mut input: impl Read, clip: &mut Loop, taker: &Taker) -> Result<(), InputError> {
    let mut reader = Reader::new();
    let mut has_media = false;
    let mut is_begun = false;
    let mut head = Head::default();
    loop {
        let next = reader.poll().map_err(|error| match error {
            FlvError::Truncated { .. } if has_media => InputError::Torn(error),
            FlvError::NotFlv { .. } => match head.kind() {
                Some(kind) => InputError::Other(kind),
                None => error.into(),
            },
            error => error.into(),
        });
        match next? {
            Next::Tag(tag) => {
                let frame = tag.into_frame().and_then(|frame| clip.frame(frame));
                if let Some(frame) = frame {
                    has_media |= frame.kind() != FrameKind::Data;
                    if taker.give(frame).is_err() {
                        return Ok(());
                    }
                }
            }
            Next::NeedMore => {
                let mut piece = BytesMut::zeroed(PIECE);
                let count = read(&mut input, &mut piece)?;
                if count == 0 {
                    if !is_begun {
                        return Err(InputError::Nil);
                    }
                    reader.handle_eof();
                } else {
                    is_begun = true;
                    piece.truncate(count);
                    head.note(&piece);
                    reader.handle_input(piece.freeze());
                }
            }
            Next::End if !has_media => return Err(InputError::Empty),
            Next::End => return Ok(()),
            _ => {}
        }
    }
}

/// The first bytes of an input, to tell what it is if it is no FLV.
#[derive(Debug, Default)]
struct Head(Vec<u8>);

impl Head {
    fn note(&mut self, piece: &[u8]) {
        let missing = HEAD.saturating_sub(self.0.len()).min(piece.len());
        self.0
            .extend_from_slice(piece.get(..missing).unwrap_or_default());
    }

    /// How people call a file that begins so.
    fn kind(&self) -> Option<&'static str> {
        let at = |place: usize, bytes: &[u8]| {
            self.0
                .get(place..)
                .is_some_and(|rest| rest.starts_with(bytes))
        };
        let box_of_mp4 = ["ftyp", "moov", "mdat", "moof", "styp", "free", "wide"];
        if box_of_mp4.iter().any(|kind| at(4, kind.as_bytes())) {
            Some("MP4 or MOV")
        } else if at(0, b"\x1A\x45\xDF\xA3") {
            Some("Matroska (MKV or WebM)")
        } else if at(0, b"G") && at(PACKET_OF_TS, b"G") {
            Some("MPEG-TS")
        } else if at(0, b"RIFF") && at(8, b"AVI ") {
            Some("AVI")
        } else {
            None
        }
    }
}

/// Bytes of a packet of MPEG-TS, each of which begins with the same.
const PACKET_OF_TS: usize = 188;
/// Bytes that tell what a file is.
const HEAD: usize = PACKET_OF_TS + 1;

fn read(input: &mut impl Read, piece: &mut [u8]) -> io::Result<usize> {
    loop {
        match input.read(piece) {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            outcome => return outcome,
        }
    }
}

#[cfg(test)]
mod tests;
