//! Where played frames go: a file or standard output, written by a thread of its own.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};
use std::thread;

use adit_client::media::record::{Patch, Recorder, StartTime};
use adit_client::media::{Frame, FrameKind};
use bytes::{Bytes, BytesMut};
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Duration, Instant, timeout};

use crate::connect::Failure;

/// Tags that wait for the disk or the player.
const WAITING: usize = 64;
/// Bytes of data messages that wait for the first picture or sound.
const EARLY: usize = 64 * 1024;
/// How often the duration at the beginning of a file is brought up to date.
const PATCH_EVERY: Duration = Duration::from_secs(5);

/// Whether a file that exists may be overwritten.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Overwrite {
    /// It is left alone.
    Refused,
    /// It is.
    Allowed,
}

/// Takes frames and writes FLV that opens whenever writing stops.
#[derive(Debug)]
pub(crate) struct Output {
    path: PathBuf,
    end: End,
    recorder: Recorder,
    /// What comes before the first picture or sound; nothing once that was there.
    early: Option<BytesMut>,
    pieces: mpsc::Sender<Piece>,
    written: oneshot::Receiver<io::Result<()>>,
    patched: Instant,
}

/// What the thread is given.
#[derive(Debug)]
enum Piece {
    Append(Bytes),
    Patch(Vec<Patch>),
}

/// Who may end it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum End {
    /// We alone: a file, or a pipe with a name whose reader was to stay.
    Ours,
    /// The player behind standard output too.
    Theirs,
}

/// How much is written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Written {
    /// The size of the file.
    pub(crate) bytes: u64,
    /// How long it plays, without the gaps that were closed up.
    pub(crate) time: Duration,
}

/// Nobody takes what is written: the player has gone, or the disk is full.
#[derive(Debug)]
pub(crate) struct Closed;

enum Place {
    Stdout,
    File { path: PathBuf, overwrite: Overwrite },
}

impl Output {
    /// A player behind standard output.
    ///
    /// # Errors
    /// When the system gives no thread.
    pub(crate) fn stdout() -> Result<Self, Failure> {
        Self::start(Path::new("standard output"), Place::Stdout)
    }

    /// A file. It is made with the first picture or sound, so that nothing is overwritten by a stream that is not there.
    ///
    /// # Errors
    /// When it exists and may not be overwritten, or cannot be written.
    pub(crate) fn file(path: &Path, overwrite: Overwrite) -> Result<Self, Failure> {
        let output = |why| Failure::Output {
            path: path.to_owned(),
            why,
        };
        match fs::metadata(path) {
            Ok(about) if about.is_dir() => {
                return Err(output(io::ErrorKind::IsADirectory.into()));
            }
            Ok(about) if about.is_file() && overwrite == Overwrite::Refused => {
                return Err(Failure::Exists {
                    path: path.to_owned(),
                });
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let folder = path.parent().filter(|folder| *folder != Path::new(""));
                if let Some(folder) = folder {
                    fs::metadata(folder).map_err(|why| Failure::Output {
                        path: folder.to_owned(),
                        why,
                    })?;
                }
            }
            Err(error) => return Err(output(error)),
        }
        let place = Place::File {
            path: path.to_owned(),
            overwrite,
        };
        Self::start(path, place)
    }

    fn start(path: &Path, place: Place) -> Result<Self, Failure> {
        let end = match place {
            Place::Stdout => End::Theirs,
            Place::File { .. } => End::Ours,
        };
        let (pieces, taken) = mpsc::channel(WAITING);
        let (done, written) = oneshot::channel();
        thread::Builder::new()
            .name("output".to_owned())
            .spawn(move || {
                // Whoever waited for it may have given up.
                drop(done.send(write(&place, taken)));
            })?;
        Ok(Self {
            path: path.to_owned(),
            end,
            recorder: Recorder::new(StartTime::Zero),
            early: Some(BytesMut::new()),
            pieces,
            written,
            patched: Instant::now(),
        })
    }

    /// Takes the next frame; waits while the disk or the player is behind. If it is given up while it waits, the frame is not taken
    /// and does not count.
    ///
    /// # Errors
    /// When nobody takes it; [`finish`](Self::finish) knows why.
    pub(crate) async fn push(&mut self, frame: &Frame) -> Result<(), Closed> {
        let place = self.pieces.reserve().await.map_err(|_| Closed)?;
        let Ok(piece) = self.recorder.push(frame) else {
            tracing::warn!("a frame of 16 MiB or more fits no FLV file, it is left out");
            return Ok(());
        };
        let piece = match self.early.take() {
            Some(mut early) => {
                early.extend_from_slice(&piece);
                if frame.kind() == FrameKind::Data && early.len() < EARLY {
                    self.early = Some(early);
                    return Ok(());
                }
                early.freeze()
            }
            None => piece,
        };
        if !piece.is_empty() {
            place.send(Piece::Append(piece));
        }
        if self.patched.elapsed() >= PATCH_EVERY {
            let place = self.pieces.reserve().await.map_err(|_| Closed)?;
            self.patched = Instant::now();
            place.send(Piece::Patch(self.recorder.patches()));
        }
        Ok(())
    }

    /// Says that what comes now belongs to a new connection.
    pub(crate) fn restart(&mut self) {
        self.recorder.restart();
    }

    /// What is written so far.
    pub(crate) fn written(&self) -> Written {
        if self.early.is_some() {
            return Written::default();
        }
        Written {
            bytes: self.recorder.bytes(),
            time: self.recorder.duration(),
        }
    }

    /// Writes what is left, if that is possible `within` the time.
    ///
    /// # Errors
    /// What went wrong with the output, if anything did. That the player behind standard output has gone is no error.
    pub(crate) async fn finish(self, within: Duration) -> Result<(), Failure> {
        let patches = self.recorder.finish();
        let finished = timeout(within, async {
            // If nobody takes them, the reason is told below.
            drop(self.pieces.send(Piece::Patch(patches)).await);
            drop(self.pieces);
            self.written.await
        });
        let outcome = match finished.await {
            Ok(Ok(outcome)) => outcome,
            Ok(Err(_)) => Err(io::Error::other("the thread that writes it has ended")),
            Err(_) => Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "what was left to write was not taken in time",
            )),
        };
        match outcome {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe && self.end == End::Theirs => {
                Ok(())
            }
            outcome => outcome.map_err(|why| Failure::Output {
                path: self.path,
                why,
            }),
        }
    }
}

fn write(place: &Place, mut pieces: mpsc::Receiver<Piece>) -> io::Result<()> {
    let mut file: Option<Sink> = None;
    while let Some(piece) = pieces.blocking_recv() {
        match (piece, &mut file) {
            (Piece::Append(bytes), Some(sink)) => sink.append(&bytes)?,
            (Piece::Append(bytes), None) => {
                let sink = file.insert(Sink::open(place)?);
                sink.append(&bytes)?;
            }
            (Piece::Patch(patches), Some(sink)) => sink.patch(&patches)?,
            (Piece::Patch(_), None) => {}
        }
    }
    Ok(())
}

/// An open output.
enum Sink {
    Stdout,
    /// What can be written at any place.
    File(File),
    /// A pipe or a device.
    Stream(File),
}

impl Sink {
    fn open(place: &Place) -> io::Result<Self> {
        let Place::File { path, overwrite } = place else {
            return Ok(Self::Stdout);
        };
        let mut options = OpenOptions::new();
        options.write(true);
        let special = fs::metadata(path).is_ok_and(|about| !about.is_file());
        match overwrite {
            _ if special => return Ok(Self::Stream(options.open(path)?)),
            Overwrite::Refused => options.create_new(true),
            Overwrite::Allowed => options.create(true).truncate(true),
        };
        Ok(Self::File(options.open(path)?))
    }

    /// One write for each piece, which is whole tags.
    fn append(&mut self, bytes: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::stdout().lock();
                out.write_all(bytes)?;
                out.flush()
            }
            Self::File(file) | Self::Stream(file) => file.write_all(bytes),
        }
    }

    fn patch(&self, patches: &[Patch]) -> io::Result<()> {
        let Self::File(file) = self else {
            return Ok(());
        };
        for patch in patches {
            file.write_all_at(&patch.bytes, patch.offset)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
