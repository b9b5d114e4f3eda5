//! A stream of the far side for local players, over as many connections as it takes.

use std::future::Future;
use std::time::{Duration, Instant};

use adit_amf::Text;
use adit_amf::amf0::{self, Value};
use adit_broker::{Broker, NameInUse, Publication, PublisherInfo, StreamKey};
use adit_client::connection::{ConnectionEvent, StreamEvent};
use adit_client::media::{Frame, FrameKind, Timestamp};
use adit_client::strategy::Rung;
use adit_client::{NetConnection, NetStream};
use adit_rtmp::command::{Play, Status, StatusCode};
use bytes::BytesMut;
use tokio::sync::watch;
use tokio::time::{sleep, timeout};
use tracing::debug;

use super::carried::Carried;
use super::far::Far;
use super::news::{Direction, Happening, Teller};
use super::refusal::{Failure, Refusal};
use super::retry::{Next, Retries, random_byte};
use super::{after, until};
use crate::limits::relay::DRAIN;

/// The first answer of the far side; nothing until it has come.
pub(in crate::relay) type FirstAnswer = Option<Result<(), Refusal>>;

/// The task of one pull.
pub(in crate::relay) struct Puller {
    pub(super) far: Far,
    pub(super) retries: Retries,
    pub(super) teller: Teller,
    pub(super) local: Local,
    pub(super) answer: watch::Sender<FirstAnswer>,
}

/// Where frames go to: a stream here, which begins with its first frame.
pub(crate) struct Local {
    pub(crate) broker: Broker,
    pub(crate) key: StreamKey,
    pub(crate) publisher: PublisherInfo,
    pub(crate) publication: Option<Publication>,
    pub(crate) carried: Carried,
}

/// Takes what the far side plays.
pub(crate) trait Taker {
    /// The next frame.
    ///
    /// # Errors
    /// The line is of no use for it.
    fn push(&mut self, frame: Frame) -> Result<(), Untaken>;

    /// The publication, while there is one.
    fn publication(&mut self) -> Option<&mut Publication>;

    /// Ends the publication: players hear that the publisher is gone.
    fn end(&mut self);

    /// Tells players that the publisher is gone when the far side does.
    fn note(&mut self, status: &Status) {
        let over = [
            StatusCode::PlayUnpublishNotify,
            StatusCode::PlayStop,
            StatusCode::PlayComplete,
        ];
        if status.code().is_some_and(|code| over.contains(&code)) {
            self.end();
        }
    }

    /// Withdraws what the far side withdraws, such as `onMetaData`.
    fn clear(&mut self, handler: Text) {
        let mut body = BytesMut::new();
        let words = ["@clearDataFrame".into(), Value::String(handler)];
        if let Some(publication) = self.publication()
            && amf0::encode_all(&words, &mut body).is_ok()
        {
            let frame = Frame::classify(Timestamp::ZERO, FrameKind::Data, body.freeze());
            publication.push(Instant::now(), frame);
        }
    }

    /// Shows players what is due.
    fn flush(&mut self) {
        if let Some(publication) = self.publication() {
            publication.flush(Instant::now());
        }
    }

    /// When frames that wait for company have to be shown to players after all.
    fn next_flush(&mut self) -> Option<Instant> {
        self.publication()
            .and_then(|publication| publication.next_flush())
    }
}

/// Why a frame is not taken.
pub(crate) enum Untaken {
    /// Somebody else publishes the stream here.
    Taken(NameInUse),
    /// It needs what was told before it, which another line would tell again.
    Headless,
    /// It may not be published here, and why.
    Unwanted(String),
}

impl From<NameInUse> for Untaken {
    fn from(in_use: NameInUse) -> Self {
        Self::Taken(in_use)
    }
}

/// A stream that the far side plays.
pub(crate) struct Line {
    connection: NetConnection,
    stream: NetStream,
    since: Instant,
}

/// Why a line is not used any more.
pub(crate) enum Over {
    Broken(Failure),
    /// Another connection is wanted.
    Moved,
    /// Somebody publishes the stream here.
    Taken,
}

impl Puller {
    /// Runs until it is unwanted, because the last player has left for a while, a local publisher has come, or the server stops;
    /// or until the far side is given up.
    pub(super) async fn run(mut self, unwanted: impl Future<Output = ()>) {
        let begun = Instant::now();
        // Neither arm is polled again after this.
        let failure = tokio::select! {
            biased;
            () = unwanted => None,
            failure = self.play(begun) => failure,
        };
        self.teller
            .tell(failure.unwrap_or_else(|| Happening::Ended {
                frames: self.local.carried.messages(),
                lasted: begun.elapsed(),
                undelivered: 0,
            }));
    }

    /// Plays; gives how the far side ended it, or nothing if somebody publishes here.
    async fn play(&mut self, begun: Instant) -> Option<Happening> {
        let mut line = match Line::open(&mut self.far).await {
            Ok(line) => line,
            Err(failure) => {
                let failure = failure.hiding(&self.far);
                let refusal = failure.refusal(Direction::Pull);
                self.answer.send_replace(Some(Err(refusal)));
                let reason = failure.reason;
                return Some(Happening::Refused { reason });
            }
        };
        self.teller.tell(Happening::Connected {
            rung: Box::new(line.connection.rung().clone()),
            took: begun.elapsed(),
        });
        self.answer.send_replace(Some(Ok(())));
        loop {
            let over = line
                .carry(&mut self.far, &mut self.local, &self.teller)
                .await;
            self.retries.note_connection(line.since, Instant::now());
            let broken = match over {
                Over::Taken => return None,
                Over::Moved => {
                    line.close().await;
                    None
                }
                Over::Broken(failure) => {
                    drop(line);
                    Some(failure.hiding(&self.far))
                }
            };
            line = match self.restore(broken).await {
                Ok(line) => line,
                Err(reason) => return Some(Happening::GivenUp { reason }),
            };
        }
    }

    /// Makes a new line after a break. The local publication stays, so that players do.
    async fn restore(&mut self, mut broken: Option<Failure>) -> Result<Line, String> {
        let since = Instant::now();
        loop {
            if let Some(failure) = broken.take() {
                let now = Instant::now();
                let next = self.retries.next(now, failure.cause, random_byte());
                let Next::After(again_in) = next else {
                    return Err(failure.reason);
                };
                let cause = failure.reason;
                self.teller.tell(Happening::Broken {
                    cause,
                    again_in,
                    is_ending: false,
                });
                sleep(again_in).await;
            }
            match Line::open(&mut self.far).await {
                Ok(line) => {
                    self.teller.tell(Happening::Recovered {
                        rung: Box::new(line.connection.rung().clone()),
                        after: since.elapsed(),
                        skipped: super::Skipped::default(),
                        repeated: 0,
                    });
                    return Ok(line);
                }
                Err(failure) => broken = Some(failure.hiding(&self.far)),
            }
        }
    }
}

impl Line {
    /// Connects and plays.
    pub(crate) async fn open(far: &mut Far) -> Result<Self, Failure> {
        let connection = far.connect().await?;
        let mut stream = connection.create_stream().await?;
        stream.play(Play::new(far.name().expose())).await?;
        Ok(Self {
            connection,
            stream,
            since: Instant::now(),
        })
    }

    /// The way that won.
    pub(crate) fn rung(&self) -> &Rung {
        self.connection.rung()
    }

    /// Since when.
    pub(crate) fn since(&self) -> Instant {
        self.since
    }

    /// Carries frames until something ends it.
    pub(crate) async fn carry(
        &mut self,
        far: &mut Far,
        local: &mut impl Taker,
        teller: &Teller,
    ) -> Over {
        let mut patience = Some(after(PATIENCE));
        loop {
            let flush = until(local.next_flush());
            // All arms are cancel-safe: queues keep what was not taken.
            tokio::select! {
                biased;
                event = self.connection.next_event() => match event {
                    Some(ConnectionEvent::ReconnectRequested { url, description }) => {
                        let order = far.destination.reconnect_requested(Instant::now(), &self.connection, url.as_deref());
                        if order.is_ok() {
                            let description = far.without_secrets(&description);
                            teller.tell(Happening::Moving { description });
                            return Over::Moved;
                        }
                    }
                    Some(ConnectionEvent::Ended(ended)) => return broken(&ended.to_string()),
                    Some(_) => {}
                    None => return broken("the connection is gone"),
                },
                () = flush => local.flush(),
                () = until(patience) => {
                    patience = None;
                    if local.publication().is_none() {
                        teller.tell(Happening::Waiting);
                    }
                }
                event = self.stream.next_event() => match event {
                    Some(StreamEvent::Frame(frame)) => {
                        match local.push(frame) {
                            Ok(()) => {}
                            Err(Untaken::Taken(in_use)) => {
                                debug!(%in_use, "somebody publishes here what was played");
                                return Over::Taken;
                            }
                            Err(Untaken::Headless) => return Over::Moved,
                            Err(Untaken::Unwanted(why)) => return Over::Broken(Failure::unwanted(why)),
                        }
                    }
                    Some(StreamEvent::Status(status)) if status.is_error() => {
                        return Over::Broken(Failure::refused(&status));
                    }
                    Some(StreamEvent::Status(status)) => local.note(&status),
                    Some(StreamEvent::ClearData(handler)) => local.clear(handler),
                    Some(_) => {}
                    None => return broken("the connection is gone"),
                },
            }
        }
    }

    /// Ends the play and the connection, in bounded time.
    pub(crate) async fn close(self) {
        let Self {
            connection, stream, ..
        } = self;
        let goodbye = async {
            drop(stream.close(None).await);
            connection.close().await;
        };
        drop(timeout(DRAIN, goodbye).await);
    }
}

impl Taker for Local {
    fn push(&mut self, frame: Frame) -> Result<(), Untaken> {
        let now = Instant::now();
        let publication = match &mut self.publication {
            Some(publication) => publication,
            none => none.insert(self.broker.publish(
                self.key.clone(),
                self.publisher.clone(),
                now,
            )?),
        };
        self.carried.note(frame.payload().len());
        publication.push(now, frame);
        Ok(())
    }

    fn publication(&mut self) -> Option<&mut Publication> {
        self.publication.as_mut()
    }

    fn end(&mut self) {
        self.publication = None;
    }
}

fn broken(cause: &str) -> Over {
    Over::Broken(Failure::new(cause))
}

/// Without a frame for so long after the answer, it is told that the stream is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
