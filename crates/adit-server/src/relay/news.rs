//! What a relay tells about its connections to the far side.

use std::fmt;
use std::time::Duration;

use adit_client::strategy::Rung;
use tokio::sync::mpsc;
use tracing::{debug, info};

use super::backlog::Skipped;
use crate::server::ConnectionId;

/// In which direction a stream goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// A local encoder publishes at the far side.
    Push,
    /// A local player plays from the far side.
    Pull,
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Push => "publish",
            Self::Pull => "play",
        })
    }
}

/// Something that happened to the far side of one stream.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct News {
    /// The local connection that asked for the stream first; the server's log has the same number.
    pub connection: ConnectionId,
    /// Which way the stream goes.
    pub direction: Direction,
    /// Where to, or from; without its secrets.
    pub far: String,
    /// What happened.
    pub what: Happening,
}

/// What happened.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Happening {
    /// The far side lets the stream in for the first time.
    Connected {
        /// The way that won.
        rung: Box<Rung>,
        /// From the first attempt to the answer.
        took: Duration,
    },
    /// The far side cannot be reached or does not let the stream in; whoever asked here was refused.
    Refused {
        /// Why.
        reason: String,
    },
    /// A local encoder was refused without asking the far side, because another one publishes there.
    Taken {
        /// Who does, for people.
        holder: String,
    },
    /// The local client names another application than the address of the relay, which wins.
    OtherApplication {
        /// The one it names.
        named: String,
    },
    /// The far side lets a player in, and nothing comes: the stream has not started.
    Waiting,
    /// The connection is lost, or could not be made again.
    Broken {
        /// Why.
        cause: String,
        /// When it is tried again.
        again_in: Duration,
        /// Whether whoever published here has ended, so that only what is left is still to be delivered.
        is_ending: bool,
    },
    /// The far side asks for a new connection.
    Moving {
        /// Why, as it says.
        description: String,
    },
    /// The far side has the stream again.
    Recovered {
        /// The way that won.
        rung: Box<Rung>,
        /// From the break to the answer.
        after: Duration,
        /// What the far side did not get.
        skipped: Skipped,
        /// How many frames are sent a second time, because nobody knows whether they arrived.
        repeated: u64,
    },
    /// The far side was too slow.
    Skipped(Skipped),
    /// It is over, as whoever published or played here wanted.
    Ended {
        /// Frames that were relayed.
        frames: u64,
        /// How long it lasted.
        lasted: Duration,
        /// How many frames did not leave, or may not have arrived when the last connection ended without a goodbye.
        undelivered: u64,
    },
    /// It is over because the far side is, and whoever published or played here is told so.
    GivenUp {
        /// Why.
        reason: String,
    },
}

impl fmt::Display for Happening {
    /// One line for a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Connected { rung, took } => {
                write!(f, "connected by {rung} in {} ms", took.as_millis())
            }
            Self::Refused { reason } => write!(f, "refused: {reason}"),
            Self::Taken { holder } => write!(f, "refused: {holder} publishes it already"),
            Self::OtherApplication { named } => {
                write!(f, "the application is not {named}, which the client names")
            }
            Self::Waiting => f.write_str("waits for the stream to start"),
            Self::Broken {
                cause, again_in, ..
            } => {
                write!(f, "{cause}; next try in {}", Lasting(*again_in))
            }
            Self::Moving { description } if description.is_empty() => {
                f.write_str("the server asks to connect again")
            }
            Self::Moving { description } => {
                write!(f, "the server asks to connect again: {description}")
            }
            Self::Recovered {
                rung,
                after,
                skipped,
                repeated,
            } => write!(
                f,
                "connected again by {rung} after {}, {skipped}, {repeated} messages sent again",
                Lasting(*after)
            ),
            Self::Skipped(skipped) => write!(f, "the far side is too slow: {skipped}"),
            Self::Ended {
                frames,
                lasted,
                undelivered: 0,
            } => write!(f, "ended after {}, {frames} messages", Lasting(*lasted)),
            Self::Ended {
                frames,
                lasted,
                undelivered,
            } => write!(
                f,
                "ended after {}, {frames} messages, up to {undelivered} did not arrive",
                Lasting(*lasted)
            ),
            Self::GivenUp { reason } => write!(f, "given up: {reason}"),
        }
    }
}

impl fmt::Display for Skipped {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.frames {
            0 => f.write_str("nothing left out")?,
            frames => write!(f, "{frames} messages of {} left out", Lasting(self.lasting))?,
        }
        match self.unsure {
            0 => Ok(()),
            unsure => write!(f, ", up to {unsure} may be lost"),
        }
    }
}

/// A time span for people: milliseconds below a second, then tenths of a second, then minutes and hours.
#[derive(Clone, Copy, Debug)]
pub struct Lasting(pub Duration);

impl fmt::Display for Lasting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = self.0.as_secs();
        match seconds {
            0 => write!(f, "{} ms", self.0.as_millis()),
            1..60 => write!(f, "{seconds}.{} s", self.0.subsec_millis() / 100),
            60..3600 => write!(f, "{} min {} s", seconds / 60, seconds % 60),
            _ => write!(f, "{} h {} min", seconds / 3600, seconds / 60 % 60),
        }
    }
}

/// Tells what happens to one stream: in the log, and to whoever asked for news.
#[derive(Clone, Debug)]
pub(super) struct Teller {
    pub(super) connection: ConnectionId,
    pub(super) direction: Direction,
    pub(super) far: String,
    pub(super) news: Option<mpsc::Sender<News>>,
}

impl Teller {
    pub(super) fn tell(&self, what: Happening) {
        let Self {
            connection,
            direction,
            far,
            news,
        } = self;
        let number = connection.get();
        let Some(news) = news else {
            info!(connection = number, far, "{direction}: {what}");
            return;
        };
        // Whoever takes the news tells them.
        debug!(connection = number, far, "{direction}: {what}");
        let told = news.try_send(News {
            connection: *connection,
            direction: *direction,
            far: far.clone(),
            what,
        });
        if told.is_err() {
            debug!("nobody takes news");
        }
    }
}

#[cfg(test)]
mod tests;
