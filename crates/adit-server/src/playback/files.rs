//! Files that are played: found, opened and read on threads that may wait for a disk.

use std::fmt;
use std::fs::File;
use std::future::Future;
use std::io;
use std::net::IpAddr;
use std::path::PathBuf;
use std::pin::Pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use adit_media::flv::FileTracks;
use adit_media::vod::{Recording, VodError};
use adit_media::{Frame, FrameKind, Timestamp};
use adit_net::plain_words;
use adit_rtmp::command::{Location, NamePrefix};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::task::spawn_blocking;

use super::counters::Counters;
use super::doubts::Doubts;
use super::share::{Share, Shares};
use super::watched::{Interest, Watched};
use crate::limits::playback::{DATA_MESSAGES, DATA_SEARCH_BYTES, FILES_OPEN, READERS};
use crate::media_root::{BadName, MediaFormat, MediaRoot};
use crate::recording::is_marked;

/// Work on a file, somewhere else. Dropping it while it waits for its turn takes it back.
pub(super) type Job<T> = Pin<Box<dyn Future<Output = Result<T, OpenError>> + Send>>;

/// The files under the root for media, as players see them. Clones share the limits.
#[derive(Clone)]
pub(crate) struct Files {
    inner: Arc<Inner>,
    /// What whoever plays may take of them; without, all.
    share: Option<Arc<Share>>,
}

struct Inner {
    root: MediaRoot,
    handles: Arc<Semaphore>,
    readers: Arc<Semaphore>,
    shares: Arc<Shares>,
    counters: Counters,
    doubts: Doubts,
}

/// Which file a player means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// The virtual host it is on.
    pub(crate) host: Box<str>,
    /// The identity of the stream.
    pub(crate) location: Location,
    /// What stood before the name.
    pub(crate) prefix: Option<NamePrefix>,
}

/// What data messages of a recording are told when.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DataMessages {
    /// In their time.
    InTime,
    /// All at the beginning.
    AtOnce,
}

/// A file that is open to be played. It occupies one of the handles until it is dropped.
pub(super) struct Opened {
    pub(super) recording: Recording<Watched>,
    /// Data messages from the part that was searched, and how far that was.
    pub(super) data: Vec<Frame>,
    pub(super) searched_until: Option<Timestamp>,
    place: Place,
    _handles: Handles,
    _interest: Option<Interest>,
}

/// Where a file is, and who is told when something is wrong with it.
struct Place {
    path: PathBuf,
    growth: Growth,
    doubts: Doubts,
}

/// Whether more of a file is to come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Growth {
    /// It was being recorded when it was opened, and ends where that was.
    Growing,
    Done,
}

/// One of the handles of all, and one of the share.
struct Handles {
    _of_all: OwnedSemaphorePermit,
    _of_share: Option<OwnedSemaphorePermit>,
}

/// Why a file is not played; `Display` says so to the person who asked for it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum OpenError {
    /// There is none of that name.
    #[error("there is no recording of that name")]
    NotFound,
    /// There cannot be one of that name.
    #[error("there is no recording of that name: {0}")]
    BadName(BadName),
    /// It cannot be played.
    #[error(transparent)]
    Vod(VodError),
    /// It cannot be opened.
    #[error("the recording cannot be opened: {0}")]
    Io(String),
    /// It has neither sound nor pictures.
    #[error("the recording has neither sound nor pictures")]
    Empty,
    /// Too many are open.
    #[error("this server plays as many recordings as it can; try again later")]
    Busy,
    /// It ends before the place that was asked for.
    #[error("the recording ends at {} s", f64::from(ends_at.ms()) / 1000.0)]
    TooShort {
        /// Where it ends.
        ends_at: Timestamp,
    },
    /// Reading it met a defect of ours.
    #[error("the recording cannot be read because of a defect of the server")]
    Defect,
}

impl Files {
    /// The files under `root`.
    pub(crate) fn new(root: MediaRoot) -> Self {
        Self::with_handles(root, FILES_OPEN)
    }

    /// The same with another limit of open files.
    pub(super) fn with_handles(root: MediaRoot, handles: usize) -> Self {
        let inner = Arc::new(Inner {
            root,
            handles: Arc::new(Semaphore::new(handles)),
            readers: Arc::new(Semaphore::new(READERS)),
            shares: Arc::default(),
            counters: Counters::default(),
            doubts: Doubts::default(),
        });
        Self { inner, share: None }
    }

    /// The same for a client that comes from there, of which one address may take a share.
    pub(crate) fn shared_by(&self, peer: IpAddr) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            share: self.inner.shares.of(peer),
        }
    }

    /// How often each limit was hit, by its key; never where there are no files.
    pub(crate) fn limits(files: Option<&Self>) -> [(&'static str, u64); 3] {
        match files {
            Some(files) => files.inner.counters.limits(),
            None => Counters::default().limits(),
        }
    }

    /// A playlist was full.
    pub(super) fn playlist_full(&self) {
        self.inner.counters.playlist_full();
    }

    /// How long a recording is.
    pub(crate) fn length(&self, wanted: Wanted) -> Job<Duration> {
        let opening = self.open(wanted, DataMessages::InTime);
        Box::pin(async move { opening.await.map(|opened| opened.recording.duration()) })
    }

    /// Opens what is wanted.
    pub(super) fn open(&self, wanted: Wanted, data: DataMessages) -> Job<Box<Opened>> {
        let Some(handles) = self.handles() else {
            return Box::pin(async { Err(OpenError::Busy) });
        };
        let root = self.inner.root.clone();
        let doubts = self.inner.doubts.clone();
        let interest = Interest::default();
        let waits = Arc::downgrade(&interest);
        let opening = self.run(move || {
            let (file, place) = find(&root, &wanted, doubts)?;
            open(file, place, data, &waits, handles)
        });
        Box::pin(async move {
            let opened = opening.await??;
            Ok(Box::new(Opened {
                _interest: Some(interest),
                ..opened
            }))
        })
    }

    fn handles(&self) -> Option<Handles> {
        let counters = &self.inner.counters;
        let of_share = match &self.share {
            None => None,
            Some(share) => match share.handle() {
                None => {
                    counters.share_refused();
                    return None;
                }
                handle => handle,
            },
        };
        let Ok(of_all) = Arc::clone(&self.inner.handles).try_acquire_owned() else {
            counters.file_refused();
            return None;
        };
        Some(Handles {
            _of_all: of_all,
            _of_share: of_share,
        })
    }

    /// Does `work` on a thread that may wait for a disk, when it is its turn.
    pub(super) fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> Job<T> {
        let readers = Arc::clone(&self.inner.readers);
        let share = self.share.clone();
        Box::pin(async move {
            // First of its own share, so that nobody waits in the queue of all who may not read yet.
            let of_share = match &share {
                Some(share) => share.turn().await,
                None => None,
            };
            let turn = (of_share, readers.acquire_owned().await.ok());
            let done = spawn_blocking(move || {
                let done = work();
                drop(turn);
                done
            });
            done.await.map_err(|_| OpenError::Defect)
        })
    }
}

#[cfg(test)]
impl Files {
    /// How many addresses have a share.
    pub(super) fn addresses(&self) -> usize {
        self.inner.shares.count()
    }

    /// How many files the operator was told of.
    pub(super) fn doubtful(&self) -> usize {
        self.inner.doubts.count()
    }

    /// How many lines were left about files that cannot be read; they are none then.
    pub(super) fn take_unreadable_lines(&self) -> u32 {
        self.inner.doubts.take_lines()
    }

    /// How many more reads may run.
    pub(super) fn readers_left(&self) -> usize {
        self.inner.readers.available_permits()
    }
}

impl fmt::Debug for Files {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Files").field(&self.inner.root).finish()
    }
}

/// Opens the file and, where asked for, searches it for data messages. Blocks.
fn open(
    file: File,
    place: Place,
    data: DataMessages,
    interest: &Weak<()>,
    handles: Handles,
) -> Result<Opened, OpenError> {
    match read_head(file, data, interest) {
        Ok((recording, (data, searched_until))) => Ok(Opened {
            recording,
            data,
            searched_until,
            place,
            _handles: handles,
            _interest: None,
        }),
        Err(error) => {
            // That nobody waits any more is all that is wrong then, perhaps.
            if interest.strong_count() > 0 {
                match &error {
                    OpenError::Io(_) | OpenError::Vod(VodError::Io(_)) => place.unreadable(&error),
                    error => place.unplayable(error),
                }
            }
            Err(error)
        }
    }
}

fn read_head(
    file: File,
    data: DataMessages,
    interest: &Weak<()>,
) -> Result<(Recording<Watched>, Searched), OpenError> {
    let again = file
        .try_clone()
        .map_err(|error| OpenError::Io(plain_words(&error)))?;
    let watched = |file| Watched::new(file, Weak::clone(interest));
    let mut recording = Recording::open(watched(file)).map_err(OpenError::Vod)?;
    if recording.tracks() == FileTracks::Neither {
        return Err(OpenError::Empty);
    }
    let searched = match data {
        DataMessages::InTime => (Vec::new(), None),
        DataMessages::AtOnce => {
            let found = search_data(&mut recording)?;
            recording = recording.reopen(watched(again)).map_err(OpenError::Vod)?;
            found
        }
    };
    Ok((recording, searched))
}

impl Opened {
    /// It was read to its end.
    pub(super) fn ended(&self) {
        if let Some(byte) = self.recording.ends_early() {
            self.place.torn(byte);
        }
    }

    /// It cannot be read on.
    pub(super) fn broke(&self, error: &VodError) {
        match error {
            VodError::Io(_) => self.place.unreadable(error),
            error => self.place.unplayable(error),
        }
    }
}

impl Place {
    fn unreadable(&self, error: &dyn fmt::Display) {
        self.doubts.unreadable(&self.path, error);
    }

    fn unplayable(&self, error: &dyn fmt::Display) {
        // Nothing may be in it yet.
        if self.growth == Growth::Done {
            self.doubts.unplayable(&self.path, error);
        }
    }

    fn torn(&self, byte: u64) {
        if self.growth == Growth::Done {
            self.doubts.torn(&self.path, byte);
        }
    }
}

/// The first file of a kind that is meant. Blocks.
fn find(root: &MediaRoot, wanted: &Wanted, doubts: Doubts) -> Result<(File, Place), OpenError> {
    let Location {
        application,
        instance,
        name,
    } = &wanted.location;
    for format in MediaFormat::candidates(wanted.prefix) {
        let path = root
            .file(&wanted.host, application, instance, name, *format)
            .map_err(OpenError::BadName)?;
        // Before it is opened: what ends in the meantime may be whole, and what begins ends where it was.
        let growth = if is_marked(&path) {
            Growth::Growing
        } else {
            Growth::Done
        };
        match root.read(&path) {
            Ok(file) => {
                let place = Place {
                    path,
                    growth,
                    doubts,
                };
                return Ok((file, place));
            }
            Err(error) if is_absent(&error) => {}
            Err(error) => {
                let error = OpenError::Io(plain_words(&error));
                doubts.unreadable(&path, &error);
                return Err(error);
            }
        }
    }
    Err(OpenError::NotFound)
}

fn is_absent(error: &io::Error) -> bool {
    use io::ErrorKind::{InvalidInput, NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory | InvalidInput)
}

/// Data messages of a recording, apart from its metadata, and how far it was searched for them.
type Searched = (Vec<Frame>, Option<Timestamp>);

fn search_data(recording: &mut Recording<Watched>) -> Result<Searched, OpenError> {
    let (mut found, mut until, mut bytes) = (Vec::new(), None, 0_usize);
    while bytes < DATA_SEARCH_BYTES && found.len() < DATA_MESSAGES {
        let Some(frame) = recording.next_frame().map_err(OpenError::Vod)? else {
            break;
        };
        bytes = bytes.saturating_add(frame.payload().len());
        if frame.kind() == FrameKind::Data && !frame.flags().is_metadata() {
            until = Some(frame.at());
            found.push(frame);
        }
    }
    Ok((found, until))
}
