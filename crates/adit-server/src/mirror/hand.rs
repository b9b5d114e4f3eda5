//! A hand on streams whose publishers stayed with the server that this one has taken over from.
//!
//! ```text
//! wish     u8 │ name, as for a stream
//!          1  │ length u16, the reason      who publishes it is sent away
//!          2                                it is recorded no more
//!          3                                what is known about it, whenever that changes, until it ends or the other side goes
//! outcome  of 1 and 2: u8 (0 done, 1 not found, 2 it cannot be now, 3 it failed) │ length u16, words
//! about    of 3: length u16, where the publisher is │ u8, whether it is recorded
//! ```
//!
//! A server whose own predecessor has the publisher asks that one.

use std::io;
use std::sync::atomic::Ordering;
use std::time::Duration;

use adit_broker::StreamKey;
use adit_net::http::Link;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::{interval, timeout};

use super::{Mirrors, Question, counted, garbled, name, read_name, read_text};
use crate::control::{ControlError, publishers};
use crate::server::Shared;

/// What a server says about a stream of which it has the publisher.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct About {
    /// Where the publisher is, in words.
    pub(crate) peer: String,
    /// Whether the stream is recorded there.
    pub(crate) is_recorded: bool,
}

/// Does what the other side wishes, or tells it what it wants to know.
pub(super) async fn serve(shared: &Shared, mut link: impl Link) -> io::Result<()> {
    let wish = link.read_u8().await?;
    let key = read_name(&mut link).await?;
    let outcome = match wish {
        KICK => {
            let reason = read_text(&mut link).await?;
            let kicked = publishers::kick(shared, &key, &reason).await;
            kicked.map(drop)
        }
        STOP_RECORDING => publishers::stop_recording(shared, &key).await,
        LOOK => return tell(shared, &key, link).await,
        _ => return Err(garbled()),
    };
    link.write_all(&written(&outcome)).await?;
    link.shutdown().await
}

async fn tell(shared: &Shared, key: &StreamKey, mut link: impl Link) -> io::Result<()> {
    let mut told = None;
    let mut looks = interval(LOOKS);
    loop {
        // Both arms are cancel-safe. The other side says nothing more, so what is heard is that it has gone.
        tokio::select! {
            _ = looks.tick() => {}
            _ = link.read_u8() => return Ok(()),
        }
        let Some(about) = publishers::about(shared, key) else {
            return link.shutdown().await;
        };
        if told.as_ref() != Some(&about) {
            let mut bytes = counted(&about.peer);
            bytes.push(u8::from(about.is_recorded));
            link.write_all(&bytes).await?;
            told = Some(about);
        }
    }
}

impl Mirrors {
    /// Sends whoever publishes this stream there away.
    pub(crate) async fn kick(&self, key: &StreamKey, reason: &str) -> Result<(), ControlError> {
        let absent = "nobody publishes this stream";
        self.wish(KICK, key, &counted(reason), absent).await
    }

    /// Has it recorded no more there.
    pub(crate) async fn stop_recording(&self, key: &StreamKey) -> Result<(), ControlError> {
        let absent = "this stream is not being recorded";
        self.wish(STOP_RECORDING, key, &[], absent).await
    }

    /// What is known about it there at this moment.
    pub(crate) async fn look(&self, key: &StreamKey) -> Result<About, ControlError> {
        let looked = async {
            let mut link = self.take(LOOK, key, &[]).await?;
            read_about(&mut link).await
        };
        self.in_time(looked).await
    }

    /// Hears what is known about it there, whenever that changes.
    ///
    /// # Errors
    /// The other server says no more; it may be one that does not know this question.
    pub(super) async fn listen(
        &self,
        key: &StreamKey,
        mut heard: impl FnMut(About),
    ) -> io::Result<()> {
        let mut link = self.take(LOOK, key, &[]).await?;
        loop {
            heard(read_about(&mut link).await?);
            self.0.is_understood.store(true, Ordering::Relaxed);
        }
    }

    async fn wish(
        &self,
        wish: u8,
        key: &StreamKey,
        rest: &[u8],
        absent: &'static str,
    ) -> Result<(), ControlError> {
        let answered = async {
            let mut link = self.take(wish, key, rest).await?;
            Ok((link.read_u8().await?, read_text(&mut link).await?))
        };
        match self.in_time(answered).await? {
            (DONE, _) => Ok(()),
            (NOT_FOUND, _) => Err(ControlError::NotFound(absent)),
            (CONFLICT, words) => Err(ControlError::Conflict(words)),
            (_, words) => Err(ControlError::Failed(words)),
        }
    }

    /// A connection on which this was said.
    async fn take(&self, wish: u8, key: &StreamKey, rest: &[u8]) -> io::Result<Box<dyn Link>> {
        let predecessor = self.0.predecessor.get();
        let predecessor = predecessor.ok_or(io::ErrorKind::NotConnected)?;
        let link = predecessor.ask(Question::Hand).await;
        let mut link = link.ok_or(io::ErrorKind::NotConnected)?;
        let said = [&[wish], &*name(key), rest].concat();
        link.write_all(&said).await?;
        Ok(link)
    }

    async fn in_time<T>(
        &self,
        answered: impl Future<Output = io::Result<T>>,
    ) -> Result<T, ControlError> {
        let failed = |words: &str| Err(ControlError::Failed(words.to_owned()));
        match timeout(PATIENCE, answered).await {
            Ok(Ok(answer)) => {
                self.0.is_understood.store(true, Ordering::Relaxed);
                Ok(answer)
            }
            Err(_) => failed("the server that this one took over from does not answer"),
            Ok(Err(_)) if !self.is_there() => {
                failed("the server that this one took over from has ended")
            }
            Ok(Err(error)) if error.kind() == io::ErrorKind::NotConnected => {
                failed("the server that this one took over from is not reached")
            }
            // It hangs up on what it does not understand.
            Ok(Err(error))
                if error.kind() != io::ErrorKind::InvalidData
                    && !self.0.is_understood.load(Ordering::Relaxed) =>
            {
                Err(ControlError::Unavailable(EARLIER))
            }
            Ok(Err(_)) => failed(
                "the connection to the server that this one took over from broke; whether it has done this is not known",
            ),
        }
    }

    fn is_there(&self) -> bool {
        let predecessor = self.0.predecessor.get();
        predecessor.is_some_and(|it| it.is_there())
    }
}

async fn read_about(link: &mut impl Link) -> io::Result<About> {
    Ok(About {
        peer: read_text(link).await?,
        is_recorded: link.read_u8().await? != 0,
    })
}

fn written(outcome: &Result<(), ControlError>) -> Vec<u8> {
    let (code, words) = match outcome {
        Ok(()) => (DONE, String::new()),
        Err(error) => {
            let code = match error {
                ControlError::NotFound(_) => NOT_FOUND,
                ControlError::Conflict(_) | ControlError::Unavailable(_) => CONFLICT,
                ControlError::Failed(_) => FAILED,
            };
            (code, error.to_string())
        }
    };
    [&[code], &*counted(&words)].concat()
}

const EARLIER: &str = "the server that this one took over from, which has the publisher, is of a version that cannot be asked for this; \
    SIGTERM to its process ends all that it still has";

const KICK: u8 = 1;
const STOP_RECORDING: u8 = 2;
const LOOK: u8 = 3;

const DONE: u8 = 0;
const NOT_FOUND: u8 = 1;
const CONFLICT: u8 = 2;
const FAILED: u8 = 3;

/// How often it is looked whether something has changed.
const LOOKS: Duration = Duration::from_secs(1);
/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
