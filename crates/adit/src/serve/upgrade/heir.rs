//! The server that takes over: what it gets from the one that runs, and how it reaches it afterwards.

use std::io;
use std::net::TcpListener;
use std::os::fd::AsFd as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use adit_server::{Asker, Elsewhere, Link, LinkFuture, Listener, Question};
use thiserror::Error;
use tokio::net::UnixStream;
use tokio::sync::SetOnce;
use tokio::time::timeout;
use tracing::{debug, info, warn};

use super::wire::{Ear, Mouth, ends};
use super::{ALL, API, FILES, GREETING, LATE, LINK, READY, SERVING, SOCKET, YOURS};

/// What the server that runs hands over.
#[derive(Debug)]
pub(in crate::serve) struct Heir {
    mouth: Mouth,
    ear: Ear,
    place: PathBuf,
    sockets: Vec<Listener>,
    api: Option<TcpListener>,
}

/// A server that is about to take over.
#[derive(Debug)]
pub(in crate::serve) struct Accession {
    predecessor: Arc<Predecessor>,
    ear: Ear,
    place: PathBuf,
}

/// The server that runs could not be taken over.
#[derive(Debug, Error)]
#[error("the server that listens on {} does not hand over: {cause}", place.display())]
pub(crate) struct TakeoverError {
    place: PathBuf,
    cause: io::Error,
}

impl Heir {
    /// What the server with this state directory hands over; `None` if none is there.
    ///
    /// # Errors
    /// It does not do so.
    pub(in crate::serve) async fn of(
        state_directory: &Path,
    ) -> Result<Option<Self>, TakeoverError> {
        let place = super::socket(state_directory);
        let Ok(stream) = UnixStream::connect(&place).await else {
            return Ok(None);
        };
        let given = timeout(PATIENCE, receive(stream)).await;
        let given = given.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        match given {
            Ok((mouth, ear, sockets, api)) => Ok(Some(Self {
                mouth,
                ear,
                place,
                sockets,
                api,
            })),
            Err(cause) => Err(TakeoverError { place, cause }),
        }
    }

    /// The sockets of its ports.
    pub(in crate::serve) fn take_sockets(&mut self) -> Vec<Listener> {
        std::mem::take(&mut self.sockets)
    }

    /// The socket of its API.
    pub(in crate::serve) fn take_api(&mut self) -> Option<TcpListener> {
        self.api.take()
    }

    /// Everything else is prepared: the other server closes its files.
    ///
    /// # Errors
    /// It has gone, or does not answer.
    pub(in crate::serve) async fn files(self) -> Result<Accession, TakeoverError> {
        let Self {
            mouth,
            mut ear,
            place,
            ..
        } = self;
        let agreed = async {
            mouth.say(READY, None).await?;
            match ear.hear().await?.as_deref() {
                Some(FILES) => Ok(()),
                Some(LATE) => Err(io::Error::other(GIVEN_UP)),
                Some(_) => Err(io::Error::other("it says what is not understood")),
                None => Err(io::Error::other("it has ended")),
            }
        };
        let agreed = timeout(PATIENCE, agreed).await;
        let agreed = agreed.unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()));
        agreed.map_err(|cause| TakeoverError {
            place: place.clone(),
            cause,
        })?;
        let is_there = Arc::new(AtomicBool::new(true));
        Ok(Accession {
            predecessor: Arc::new(Predecessor {
                mouth,
                is_there,
                has_given: SetOnce::new(),
            }),
            ear,
            place,
        })
    }
}

impl Accession {
    /// The server that is taken over.
    pub(in crate::serve) fn predecessor(&self) -> Arc<dyn adit_server::Predecessor> {
        Arc::clone(&self.predecessor) as Arc<dyn adit_server::Predecessor>
    }

    /// This server serves: the other one lets go. Where that one has ended meanwhile, there is nobody else to serve.
    ///
    /// # Errors
    /// It has given up waiting and goes on, or does not answer.
    pub(in crate::serve) async fn take_over(self) -> Result<(), TakeoverError> {
        let Self {
            predecessor,
            mut ear,
            place,
        } = self;
        let heard = timeout(PATIENCE, async {
            // That it has gone is heard too.
            predecessor.mouth.say(SERVING, None).await.ok();
            ear.hear().await
        });
        let refused = |cause| Err(TakeoverError { place, cause });
        match heard.await {
            Err(_) => return refused(io::ErrorKind::TimedOut.into()),
            Ok(Ok(Some(line))) => match line.as_str() {
                YOURS => drop(predecessor.has_given.set(())),
                LATE => return refused(io::Error::other(GIVEN_UP)),
                _ => return refused(io::Error::other("it says what is not understood")),
            },
            Ok(Ok(None) | Err(_)) => {
                warn!("the server that was about to be taken over has ended; this one serves");
                predecessor.is_there.store(false, Ordering::Release);
                return Ok(());
            }
        }
        let process = predecessor.mouth.process();
        info!(process, "took over from the server that ran");
        predecessor.notice_end(ear);
        Ok(())
    }
}

async fn receive(
    stream: UnixStream,
) -> io::Result<(Mouth, Ear, Vec<Listener>, Option<TcpListener>)> {
    let (mouth, mut ear) = ends(stream)?;
    mouth.say(GREETING, None).await?;
    let (mut sockets, mut api) = (Vec::new(), None);
    loop {
        match ear.hear().await?.as_deref() {
            Some(SOCKET) => {
                let socket = TcpListener::from(ear.descriptor()?);
                sockets.push(Listener::from_socket(socket)?);
            }
            Some(API) => api = Some(TcpListener::from(ear.descriptor()?)),
            Some(ALL) => return Ok((mouth, ear, sockets, api)),
            Some(_) => return Err(io::Error::other("it says what is not understood")),
            None => return Err(io::Error::other("it refuses")),
        }
    }
}

/// The server that was taken over, for as long as it drains.
#[derive(Debug)]
struct Predecessor {
    mouth: Mouth,
    is_there: Arc<AtomicBool>,
    /// Everything is this server's.
    has_given: SetOnce<()>,
}

impl Predecessor {
    fn notice_end(&self, mut ear: Ear) {
        let seen = Arc::clone(&self.is_there);
        tokio::spawn(async move {
            // It has nothing more to say, but its end is noticed.
            while let Ok(Some(_)) = ear.hear().await {}
            seen.store(false, Ordering::Release);
            info!("the server that was taken over has ended");
        });
    }

    /// A connection for what `line` asks.
    async fn link(&self, line: &str) -> Option<Box<dyn Link>> {
        let linked = async {
            let (own, other) = UnixStream::pair()?;
            self.mouth.say(line, Some(other.as_fd())).await?;
            io::Result::Ok(own)
        };
        match linked.await {
            Ok(link) => Some(Box::new(link)),
            Err(error) => {
                debug!(%error, "the server that was taken over is not reached");
                None
            }
        }
    }
}

impl Elsewhere for Predecessor {
    fn connect(&self, asker: Asker) -> LinkFuture<'_> {
        Box::pin(async move { self.link(&format!("{LINK} {asker}")).await })
    }

    fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Acquire)
    }
}

impl adit_server::Predecessor for Predecessor {
    fn ask(&self, question: Question) -> LinkFuture<'_> {
        Box::pin(async move {
            // A server that does not know this one would take it for a reason not to be taken over.
            if question == Question::Hand {
                self.has_given.wait().await;
            }
            self.link(question.as_str()).await
        })
    }
}

const GIVEN_UP: &str = "it has given up waiting and goes on";

/// How long the other server may take for an answer.
const PATIENCE: Duration = Duration::from_secs(30);
