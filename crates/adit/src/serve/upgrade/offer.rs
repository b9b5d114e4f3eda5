//! The server that runs: what it gives to the one that takes over.

use std::fs;
use std::io;
use std::os::fd::{AsFd as _, OwnedFd};
use std::os::unix::fs::{DirBuilderExt as _, MetadataExt as _, PermissionsExt as _};
use std::os::unix::net::UnixStream as BlockingStream;
use std::path::{Path, PathBuf};
use std::time::Duration;

use adit_server::{Listener, Question, Visitors};
use tokio::net::{UnixListener, UnixStream};
use tokio::time::timeout;
use tracing::{debug, info, warn};

use super::super::api::Bound;
use super::wire::{Ear, Mouth, ends};
use super::{ALL, API, FILES, GREETING, LATE, LINK, READY, SERVING, SOCKET, YOURS};

/// The sockets of a server once more.
#[derive(Debug)]
pub(in crate::serve) struct Shares {
    ports: Vec<OwnedFd>,
    api: Option<OwnedFd>,
}

/// The sockets of a server, for the one that takes over. Dropping it takes the offer back.
#[derive(Debug)]
pub(in crate::serve) struct Offer {
    shares: Shares,
    listener: UnixListener,
    place: Place,
}

/// A server that is ready to serve the same sockets.
#[derive(Debug)]
pub(in crate::serve) struct Successor {
    mouth: Mouth,
    ear: Ear,
}

impl Shares {
    /// Those of the ports, and that of the API if there is one.
    ///
    /// # Errors
    /// The system has no descriptors for them.
    pub(in crate::serve) fn of(listeners: &[Listener], api: Option<&Bound>) -> io::Result<Self> {
        Ok(Self {
            ports: listeners
                .iter()
                .map(Listener::share)
                .collect::<Result<_, _>>()?,
            api: api.map(Bound::share).transpose()?,
        })
    }

    /// Offers them in `state_directory`. Where that is not possible the log says why, and nobody takes over.
    pub(in crate::serve) fn offer(self, state_directory: &Path, over: Over) -> Option<Offer> {
        let offer = Offer::make(self, state_directory, over);
        offer
            .inspect_err(|error| info!(%error, "no other server can take over from this one"))
            .ok()
    }
}

impl Offer {
    fn make(shares: Shares, state_directory: &Path, over: Over) -> io::Result<Self> {
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(state_directory)?;
        let path = super::socket(state_directory);
        if over == Over::Nobody && BlockingStream::connect(&path).is_ok() {
            let words = "another server with the same state directory is there already";
            return Err(io::Error::new(io::ErrorKind::AddrInUse, words));
        }
        let (place, listener) = Place::take(path)?;
        Ok(Self {
            shares,
            listener,
            place,
        })
    }

    /// A server that has the sockets and is ready to serve them. Those that come to nothing leave everything as it is. Cancel-safe: one
    /// that was about to be ready finds nobody.
    pub(in crate::serve) async fn taken(&self) -> Successor {
        loop {
            let stream = match self.listener.accept().await {
                Ok((stream, _)) => stream,
                Err(error) => {
                    debug!(%error, "nobody could be let in who wants to take over");
                    tokio::time::sleep(PAUSE).await;
                    continue;
                }
            };
            match timeout(PREPARATION, self.hand_out(stream)).await {
                Ok(Ok(Some(successor))) => return successor,
                // A look at whether somebody is here.
                Ok(Ok(None)) => {}
                Ok(Err(error)) => {
                    warn!(%error, "another server wanted to take over and did not; this one goes on");
                }
                Err(_) => warn!(
                    "another server wanted to take over and was not ready in time; this one goes on"
                ),
            }
        }
    }

    /// Ends the offer, and leaves its place to the successor, which takes it for its own.
    pub(in crate::serve) fn leave(mut self) {
        self.place.is_left = true;
    }

    async fn hand_out(&self, stream: UnixStream) -> io::Result<Option<Successor>> {
        let (mouth, mut ear) = ends(stream)?;
        match ear.hear().await?.as_deref() {
            None => return Ok(None),
            Some(GREETING) => {}
            Some(_) => {
                return Err(io::Error::other(
                    "it is another version, of which nothing is known here",
                ));
            }
        }
        for socket in &self.shares.ports {
            mouth.say(SOCKET, Some(socket.as_fd())).await?;
        }
        if let Some(api) = &self.shares.api {
            mouth.say(API, Some(api.as_fd())).await?;
        }
        mouth.say(ALL, None).await?;
        match ear.hear().await?.as_deref() {
            Some(READY) => Ok(Some(Successor { mouth, ear })),
            Some(_) => Err(io::Error::other("it says what is not understood")),
            None => Err(io::Error::other("it has ended before it was ready")),
        }
    }
}

impl Successor {
    /// The process.
    pub(in crate::serve) fn process(&self) -> Option<u32> {
        self.mouth.process()
    }

    /// Tells it that the files are its own now, and is ready when it serves.
    ///
    /// # Errors
    /// It has gone, or does not serve in time.
    pub(in crate::serve) async fn serves(&mut self, visitors: &Visitors) -> io::Result<()> {
        let serves = async {
            self.mouth.say(FILES, None).await?;
            loop {
                match self.ear.hear().await?.as_deref() {
                    Some(SERVING) => return Ok(()),
                    // Whoever has come to it already may ask for what is here.
                    Some(line) => link(line, &mut self.ear, visitors)?,
                    None => return Err(io::Error::other("it has ended before it served")),
                }
            }
        };
        let in_time = timeout(BEGINNING, serves).await;
        in_time.unwrap_or_else(|_| Err(io::Error::other("it did not serve in time")))
    }

    /// Tells it that it is not to serve any more.
    pub(in crate::serve) async fn refuse(self) {
        if let Err(error) = self.mouth.say(LATE, None).await {
            debug!(%error, "the server that was about to take over has ended");
        }
    }

    /// Tells it that everything is its own now.
    ///
    /// # Errors
    /// It has gone.
    pub(in crate::serve) async fn give(&self) -> io::Result<()> {
        self.mouth.say(YOURS, None).await
    }

    /// From now on answers what it asks about those who are still here.
    pub(in crate::serve) fn serve(self, visitors: Visitors) {
        let Self { mouth, mut ear } = self;
        tokio::spawn(async move {
            // It is there for as long as this one is.
            let _mouth = mouth;
            while let Ok(Some(line)) = ear.hear().await {
                if let Err(error) = link(&line, &mut ear, &visitors) {
                    warn!(%error, "the server that has taken over asks for something that is not understood");
                }
            }
        });
    }
}

/// Serves a connection that the successor hands over.
fn link(line: &str, ear: &mut Ear, visitors: &Visitors) -> io::Result<()> {
    let stream = BlockingStream::from(ear.descriptor()?);
    stream.set_nonblocking(true)?;
    let stream = UnixStream::from_std(stream)?;
    let (what, rest) = line.split_once(' ').unwrap_or((line, ""));
    if what == LINK {
        let asker = rest.parse().map_err(io::Error::other)?;
        visitors.serve(stream, asker);
        return Ok(());
    }
    let mut questions = Question::ALL.into_iter();
    let Some(question) = questions.find(|it| it.as_str() == what) else {
        return Err(io::Error::other("it says what is not understood"));
    };
    visitors.answer(question, stream);
    Ok(())
}

/// Who had the place before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::serve) enum Over {
    /// Nobody that is still there.
    Nobody,
    /// The server that was taken over.
    Predecessor,
}

/// The file of the socket. Dropping it removes the file, unless another server has put its own there.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Device and number of the file.
    file: (u64, u64),
    /// Another server puts its own there, or has.
    is_left: bool,
}

impl Place {
    fn take(path: PathBuf) -> io::Result<(Self, UnixListener)> {
        let mut own = path.clone().into_os_string();
        own.push(format!(".{}", std::process::id()));
        let own = PathBuf::from(own);
        drop(fs::remove_file(&own));
        let listener = UnixListener::bind(&own)?;
        // Nobody finds it before it is closed to others.
        let placed = fs::set_permissions(&own, fs::Permissions::from_mode(0o600))
            .and_then(|()| fs::metadata(&own))
            .and_then(|about| fs::rename(&own, &path).map(|()| about));
        let about = placed.inspect_err(|_| drop(fs::remove_file(&own)))?;
        let file = (about.dev(), about.ino());
        let place = Self {
            path,
            file,
            is_left: false,
        };
        Ok((place, listener))
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let is_own = fs::metadata(&self.path).is_ok_and(|it| (it.dev(), it.ino()) == self.file);
        if is_own && !self.is_left {
            drop(fs::remove_file(&self.path));
        }
    }
}

/// How long a server that takes over may read its configuration and certificate.
const PREPARATION: Duration = Duration::from_mins(2);
/// How long a server that takes over may take to open its files and serve. Meanwhile both have the ports, and nobody has to wait.
const BEGINNING: Duration = Duration::from_secs(30);
/// How long to wait when nobody can be let in.
const PAUSE: Duration = Duration::from_millis(100);
