//! Lends the client's way out to local encoders and players, as if they were connected to the far server itself.
//!
//! ```text
//!  encoder ─▶ driver ─▶ Publication ─▶ FrameLog ─▶ push: Backlog ─▶ NetStream ─▶ far server
//!   player ◀─ driver ◀─ Subscription ◀────────── pull: Publication ◀─ NetStream ◀─ far server
//! ```
//!
//! The local side is the server as it always is. A `publish` is answered when the far side has answered, with what it said; then a
//! task of its own carries the frames. When its connection breaks it makes another one, for as long as the local encoder publishes
//! and the [`Patience`] lasts; the encoder hears nothing of that. What came meanwhile, and what the far side had not acknowledged, is kept up to
//! [`BufferLimits`], and the new connection begins at a key frame, with metadata and sequence headers before it and with the
//! timestamps of the encoder.
//!
//! A `play` of what nobody publishes here is played at the far side, once for all local players, until a while after the last of
//! them has left.
//!
//! Which far stream a local one is: what the address of the relay says wins, its application and its stream, each with its query.
//! What it leaves open is taken from the local client.

mod backlog;
mod carried;
mod far;
mod interest;
mod news;
mod pressure;
pub(crate) mod pull;
mod push;
mod refusal;
mod retry;
mod source;
mod table;

use std::future::{Future, pending};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use adit_broker::{Broker, PublisherInfo, StreamKey, Subscription};
use adit_client::{Client, ConnectOptions, Destination, Intent, Target};
use adit_rtmp::command::StatusCode;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{sleep_until, timeout};
use tokio_util::sync::{CancellationToken, DropGuard};
use tokio_util::task::TaskTracker;

use crate::limits::relay as limits;
pub use crate::limits::relay::NEWS;
use crate::server::ConnectionId;

pub use self::backlog::{BufferLimits, Skipped};
pub(crate) use self::carried::Carried;
pub(crate) use self::far::{Far, Local};
pub(crate) use self::interest::Interest;
pub(crate) use self::news::Teller;
pub use self::news::{Direction, Happening, Lasting, News};
pub(crate) use self::pressure::Pressure;
use self::pull::Puller;
pub(crate) use self::push::Pusher;
pub(crate) use self::refusal::{Failure, Refusal};
pub use self::retry::Patience;
pub(crate) use self::retry::{Cause, Next, Retries, random_byte};
pub(crate) use self::source::Source;
use self::table::{Joined, Table};

/// A far side for everything that is published or played here.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RelayConfig {
    /// Makes the connections.
    pub client: Client,
    /// The far side: a server, or an application of it, or a stream.
    pub target: Target,
    /// How connections are made. What each is for is filled in, and those that publish ask for acknowledgements often.
    pub options: ConnectOptions,
    /// How long a broken connection is made again. Default: as long as somebody publishes or plays.
    pub patience: Patience,
    /// What is kept for a far side that is away or slow.
    pub buffer: BufferLimits,
    /// Who wants to hear what happens; [`NEWS`] is room enough.
    pub news: Option<mpsc::Sender<News>>,
}

impl RelayConfig {
    /// A relay to `target`.
    pub fn new(client: Client, target: Target, options: ConnectOptions) -> Self {
        Self {
            client,
            target,
            options,
            patience: Patience::default(),
            buffer: BufferLimits::default(),
            news: None,
        }
    }
}

/// Starts the tasks that relay, and knows which there are.
#[derive(Debug)]
pub(crate) struct Relay {
    config: RelayConfig,
    broker: Broker,
    publish: Arc<ConnectOptions>,
    play: Arc<ConnectOptions>,
    table: Arc<Table>,
    /// Streams so far that something was told of.
    streams: AtomicU64,
    tasks: TaskTracker,
    stop: CancellationToken,
}

/// The first answer of the far side.
pub(crate) type Answer = Pin<Box<dyn Future<Output = Result<(), Refusal>> + Send>>;

/// A local publication that is relayed. Dropping it tells that the local publisher has left.
#[derive(Debug)]
pub(crate) struct Push {
    end: oneshot::Receiver<String>,
    pressure: Pressure,
    _alive: DropGuard,
}

impl Push {
    /// Ready when the local publisher has to end, with the reason. Not to be polled after that.
    pub(crate) fn poll_end(&mut self, cx: &mut Context<'_>) -> Poll<String> {
        Pin::new(&mut self.end)
            .poll(cx)
            .map(|end| end.unwrap_or_else(|_| "a defect of the relay".to_owned()))
    }

    /// Ready when the local publisher may be read from.
    pub(crate) fn poll_open(&self, cx: &Context<'_>) -> Poll<()> {
        self.pressure.poll_open(cx)
    }
}

impl Relay {
    /// A relay whose streams are in `broker`, until `stop`.
    pub(crate) fn new(config: RelayConfig, broker: Broker, stop: CancellationToken) -> Self {
        Self {
            publish: Arc::new(options_for(Direction::Push, &config.options)),
            play: Arc::new(options_for(Direction::Pull, &config.options)),
            config,
            broker,
            table: Arc::default(),
            streams: AtomicU64::new(1),
            tasks: TaskTracker::new(),
            stop,
        }
    }

    /// Relays what `subscription` reads, which has seen nothing of its publication yet.
    ///
    /// # Errors
    /// The far side cannot have this stream.
    pub(crate) fn push(
        self: &Arc<Self>,
        connection: ConnectionId,
        local: Local<'_>,
        subscription: Subscription,
    ) -> Result<(Answer, Push), Refusal> {
        let key = subscription.key().clone();
        let refuse = |description: String| Refusal {
            code: StatusCode::PublishBadName,
            description,
        };
        let target =
            far::target(&self.config.target, local).map_err(|error| refuse(error.to_string()))?;
        let alive = CancellationToken::new();
        let claim = self.table.claim_push(&target, key, alive.clone());
        let teller = self.teller(connection, Direction::Push, &target);
        let Some(place) = claim else {
            let holder = "another encoder, with another key,".to_owned();
            teller.tell(Happening::Taken { holder });
            let description = format!("another stream is published to {target} already");
            return Err(refuse(description));
        };
        self.note_application(&teller, local);
        let (answer, answered) = oneshot::channel();
        let (end, ended) = oneshot::channel();
        let pressure = Pressure::default();
        let mut pusher = Pusher {
            source: Source::new(subscription, backlog::Backlog::new(self.config.buffer)),
            teller,
            far: self.far(target, &self.publish),
            retries: Retries::new(self.config.patience),
            pressure: pressure.clone(),
            carried: Carried::default(),
            end,
        };
        self.tasks.spawn(async move {
            // The publication before this one may still be saying goodbye.
            let free = pusher.source.keep_while(place.free()).await;
            if free.is_ok() {
                pusher.run(answer).await;
            } else {
                // Whoever comes next waits for this one only.
                place.free().await;
            }
        });
        let push = Push {
            end: ended,
            pressure,
            _alive: alive.drop_guard(),
        };
        let answer = within_ask(StatusCode::PublishBadName, async move {
            answered.await.unwrap_or_else(|_| Err(defect()))
        });
        Ok((answer, push))
    }

    /// Fetches a stream for one more player; nothing if it is published here.
    ///
    /// # Errors
    /// The far side cannot have this stream.
    pub(crate) fn pull(
        self: &Arc<Self>,
        connection: ConnectionId,
        local: Local<'_>,
        key: &StreamKey,
    ) -> Result<Option<(Answer, Interest)>, Refusal> {
        let target = far::target(&self.config.target, local).map_err(|error| Refusal {
            code: StatusCode::PlayStreamNotFound,
            description: error.to_string(),
        })?;
        let Some(joined) = self.table.join_pull(key) else {
            return Ok(None);
        };
        let Joined {
            mut answered,
            interest,
            begin,
        } = joined;
        if let Some((pull, answer)) = begin {
            let teller = self.teller(connection, Direction::Pull, &target);
            self.note_application(&teller, local);
            let puller = Puller {
                teller,
                local: pull::Local {
                    broker: self.broker.clone(),
                    key: key.clone(),
                    publisher: PublisherInfo::new("relay", target.to_string()),
                    publication: None,
                    carried: Carried::default(),
                },
                far: self.far(target, &self.play),
                retries: Retries::new(self.config.patience),
                answer,
            };
            let stop = self.stop.clone();
            self.tasks.spawn(async move {
                // Both arms are cancel-safe: neither is asked again.
                let unwanted = async {
                    tokio::select! {
                        () = stop.cancelled() => {}
                        () = pull.unwanted() => {}
                    }
                };
                puller.run(unwanted).await;
            });
        }
        let answer = within_ask(StatusCode::PlayFailed, async move {
            match answered.wait_for(Option::is_some).await.as_deref() {
                Ok(Some(answer)) => answer.clone(),
                _ => Err(defect()),
            }
        });
        Ok(Some((answer, interest)))
    }

    /// A local encoder was refused because `holder` publishes the stream already.
    pub(crate) fn note_taken(&self, connection: ConnectionId, holder: &PublisherInfo) {
        let PublisherInfo { session, peer, .. } = holder;
        let holder = format!("#{session} from {peer}");
        self.teller(connection, Direction::Push, &self.config.target)
            .tell(Happening::Taken { holder });
    }

    /// Once for each stream: whoever typed another application should know that it does not count.
    fn note_application(&self, teller: &Teller, local: Local<'_>) {
        if let Some(named) = far::other_application(&self.config.target, local) {
            teller.tell(Happening::OtherApplication { named });
        }
    }

    /// Ready when every task is done. No new one is started after the sessions have ended.
    pub(crate) async fn drained(&self) {
        self.tasks.close();
        self.tasks.wait().await;
    }

    fn far(&self, target: Target, options: &Arc<ConnectOptions>) -> Far {
        Far {
            client: self.config.client.clone(),
            options: Arc::clone(options),
            destination: Destination::new(target),
        }
    }

    fn teller(&self, connection: ConnectionId, direction: Direction, target: &Target) -> Teller {
        Teller {
            connection,
            stream: self.streams.fetch_add(1, Ordering::Relaxed),
            direction,
            far: target.to_string(),
            news: self.config.news.clone(),
        }
    }
}

/// How connections of one direction are made.
pub(crate) fn options_for(direction: Direction, options: &ConnectOptions) -> ConnectOptions {
    let mut options = options.clone();
    match direction {
        Direction::Push => {
            options.intent = Intent::Publish;
            options.session.window = options.session.window.min(limits::WINDOW);
        }
        Direction::Pull => options.intent = Intent::Play,
    }
    options
}

/// The answer, or a refusal when it takes too long.
fn within_ask(
    code: StatusCode,
    answer: impl Future<Output = Result<(), Refusal>> + Send + 'static,
) -> Answer {
    Box::pin(async move {
        timeout(limits::ASK, answer).await.unwrap_or_else(|_| {
            let seconds = limits::ASK.as_secs();
            Err(Refusal {
                code,
                description: format!("the server has not answered within {seconds} s"),
            })
        })
    })
}

/// Ready at this time, or never.
pub(crate) async fn until(time: Option<Instant>) {
    match time {
        Some(time) => sleep_until(time.into()).await,
        None => pending().await,
    }
}

/// So long from now.
fn after(span: Duration) -> Instant {
    let now = Instant::now();
    now.checked_add(span).unwrap_or(now)
}

fn defect() -> Refusal {
    Refusal {
        code: StatusCode::PublishDenied,
        description: "a defect of the relay".to_owned(),
    }
}

#[cfg(test)]
mod tests;
