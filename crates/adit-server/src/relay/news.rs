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

impl Direction {
    /// Who is at the local end.
    const fn client(self) -> &'static str {
        match self {
            Self::Push => "the encoder",
            Self::Pull => "the player",
        }
    }
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
    /// The stream, by a number that no other has; one connection may have several.
    pub stream: u64,
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

impl fmt::Display for News {
    /// One line for people.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let far = &self.far;
        let here = self.direction.client();
        match &self.what {
            Happening::Connected { rung, took } => {
                write!(f, "connected to {far} by {rung} in {} ms", took.as_millis())
            }
            Happening::Refused { reason } => write!(f, "{here} was refused: {far}: {reason}"),
            Happening::Taken { holder } => {
                write!(f, "{here} was refused: {holder} publishes it already")
            }
            Happening::OtherApplication { named } => write!(
                f,
                "{here} names the application {named}, but it goes to {far}, as the URL of the tunnel says"
            ),
            Happening::Waiting => {
                write!(
                    f,
                    "{here} waits, {far} has not started or sends nothing yet"
                )
            }
            Happening::Broken {
                cause,
                again_in,
                is_ending,
            } => write!(
                f,
                "lost {far}: {cause}; {here} {}, next try in {}",
                state(*is_ending),
                Lasting(*again_in)
            ),
            Happening::Moving { description } => {
                write!(f, "{far} asks to connect again{}", Words(description))
            }
            Happening::Recovered {
                rung,
                after,
                skipped,
                repeated,
            } => write!(
                f,
                "connected to {far} again by {rung} after {}: {skipped}, {repeated} sent again",
                Lasting(*after)
            ),
            Happening::Skipped(skipped) => write!(f, "{far} is too slow: {skipped}"),
            Happening::Ended {
                frames,
                lasted,
                undelivered,
            } => write!(
                f,
                "{far}: ended after {}, {frames} messages{}",
                Lasting(*lasted),
                Undelivered(*undelivered)
            ),
            Happening::GivenUp { reason } => {
                write!(f, "{far} is given up, {here} too: {reason}")
            }
        }
    }
}

/// How whoever published here is while the far side is away.
fn state(is_ending: bool) -> &'static str {
    if is_ending {
        "has ended, what is left waits"
    } else {
        "stays connected"
    }
}

/// What the far side says about it, if it says anything.
struct Words<'a>(&'a str);

impl fmt::Display for Words<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            "" => Ok(()),
            words => write!(f, ": {words}"),
        }
    }
}

/// What is said of frames that did not arrive, if there are any.
struct Undelivered(u64);

impl fmt::Display for Undelivered {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0 {
            0 => Ok(()),
            count => write!(f, ", up to {count} did not arrive"),
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
pub(crate) struct Teller {
    pub(crate) connection: ConnectionId,
    pub(crate) stream: u64,
    pub(crate) direction: Direction,
    pub(crate) far: String,
    pub(crate) news: Option<mpsc::Sender<News>>,
}

impl Teller {
    pub(crate) fn tell(&self, what: Happening) {
        let news = News {
            connection: self.connection,
            stream: self.stream,
            direction: self.direction,
            far: self.far.clone(),
            what,
        };
        let (connection, direction) = (self.connection.get(), self.direction);
        let Some(listener) = &self.news else {
            info!(connection, "{direction}: {news}");
            return;
        };
        // Whoever takes the news tells them.
        debug!(connection, "{direction}: {news}");
        if listener.try_send(news).is_err() {
            debug!("nobody takes news");
        }
    }
}

#[cfg(test)]
mod tests;
