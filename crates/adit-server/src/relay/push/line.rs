//! One connection of a push, from the accepted publish to its end.

use std::future::ready;
use std::time::{Duration, Instant};

use adit_client::connection::{ConnectionEvent, Ended, StreamError, StreamEvent};
use adit_client::media::Frame;
use adit_client::strategy::Rung;
use adit_client::{NetConnection, NetStream};
use adit_rtmp::command::PublishKind;
use tokio::time::{Interval, MissedTickBehavior, interval, timeout};
use tracing::debug;

use crate::limits::relay::{DRAIN, MOVE, STALL};
use crate::relay::after;
use crate::relay::backlog::Backlog;
use crate::relay::carried::Carried;
use crate::relay::far::Far;
use crate::relay::news::{Happening, Teller};
use crate::relay::pressure::Pressure;
use crate::relay::refusal::Failure;
use crate::relay::source::Source;

/// A stream that the far side has let in.
pub(super) struct Line {
    connection: NetConnection,
    stream: NetStream,
    since: Instant,
}

/// What a line works with.
pub(super) struct Carriage<'a> {
    pub(super) source: &'a mut Source,
    pub(super) far: &'a mut Far,
    pub(super) pressure: &'a Pressure,
    pub(super) teller: &'a Teller,
    /// Over all lines.
    pub(super) carried: &'a Carried,
}

/// Why a line is not used any more.
pub(super) enum Over {
    /// The local publisher has ended, and what it sent is on its way.
    Finished,
    /// The far side is gone, or does not take the stream any more.
    Broken(Failure),
    /// The far side wants a new connection, and the next frame is one to begin with.
    Moved,
}

/// What happened next on a line.
enum Step {
    Sent(Result<(), StreamError>),
    Pumped,
    Stream(Option<StreamEvent>),
    Connection(Option<ConnectionEvent>),
    Look,
}

impl Line {
    /// Connects and publishes.
    pub(super) async fn open(far: &mut Far) -> Result<Self, Failure> {
        let connection = far.connect().await?;
        let mut stream = connection.create_stream().await?;
        let name = far.name();
        stream.publish(&name, PublishKind::Live).await?;
        Ok(Self {
            connection,
            stream,
            since: Instant::now(),
        })
    }

    pub(super) fn rung(&self) -> &Rung {
        self.connection.rung()
    }

    pub(super) fn since(&self) -> Instant {
        self.since
    }

    /// Carries frames until something ends it.
    pub(super) async fn carry(&mut self, with: &mut Carriage<'_>) -> Over {
        let mut watch = Watch::new();
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        let mut move_by = None;
        loop {
            if let Some(event) = self.stream_event_now().await
                && let Some(failure) = self.failure_in(event.as_ref())
            {
                return Over::Broken(failure);
            }
            let backlog = &mut with.source.backlog;
            self.account(backlog);
            with.pressure.set(backlog.waiting_bytes());
            let next = backlog.next();
            if let Some(by) = with.source.drain_by() {
                // What is left needs no new connection.
                if next.is_none() || Instant::now() >= by {
                    return Over::Finished;
                }
            } else if let Some(by) = move_by
                && (with.source.backlog.next_is_beginning() || Instant::now() >= by)
            {
                return Over::Moved;
            }
            let bytes = next.as_ref().map_or(0, |frame| frame.payload().len());
            let failure = match self.step(with.source, next, &mut look).await {
                Step::Sent(Ok(())) => {
                    with.source.backlog.note_sent(Instant::now());
                    with.carried.note(bytes);
                    None
                }
                Step::Sent(Err(error)) => Some(error.into()),
                Step::Pumped => None,
                Step::Stream(event) => self.failure_in(event.as_ref()),
                Step::Connection(event) => {
                    let moves = self.wants_to_move(event.as_ref(), with);
                    move_by = move_by.or(moves.then(|| after(MOVE)));
                    self.end_in(event)
                }
                Step::Look => self.look(&mut watch, with),
            };
            if let Some(failure) = failure {
                return Over::Broken(failure);
            }
        }
    }

    /// Notes what the far side has acknowledged.
    pub(super) fn account(&self, backlog: &mut Backlog) {
        let stats = self.connection.stats();
        let left = stats.sent_bytes.saturating_sub(stats.queued_bytes);
        backlog.note_progress(Instant::now(), left, stats.acknowledged_frames);
    }

    /// Waits for the next thing to happen.
    async fn step(
        &mut self,
        source: &mut Source,
        next: Option<Frame>,
        look: &mut Interval,
    ) -> Step {
        // All arms are cancel-safe: queues keep what was not taken, and a frame that was not sent stays in the backlog.
        let Some(frame) = next else {
            return tokio::select! {
                biased;
                event = self.connection.next_event() => Step::Connection(event),
                event = self.stream.next_event() => Step::Stream(event),
                () = source.pump() => Step::Pumped,
                _ = look.tick() => Step::Look,
            };
        };
        tokio::select! {
            biased;
            event = self.connection.next_event() => Step::Connection(event),
            () = source.pump() => Step::Pumped,
            sent = self.stream.send(frame) => Step::Sent(sent),
            _ = look.tick() => Step::Look,
        }
    }

    /// What has happened on the stream already.
    async fn stream_event_now(&mut self) -> Option<Option<StreamEvent>> {
        // Cancel-safe, as above.
        tokio::select! {
            biased;
            event = self.stream.next_event() => Some(event),
            () = ready(()) => None,
        }
    }

    /// Whether an event of the stream means that the far side has it no more.
    fn failure_in(&self, event: Option<&StreamEvent>) -> Option<Failure> {
        match event {
            // Whether it is recorded over there is no question of the stream.
            Some(StreamEvent::Status(status)) if status.is_about_recording() => None,
            Some(StreamEvent::Status(status)) if status.is_error() => {
                Some(Failure::refused(status))
            }
            Some(StreamEvent::Status(status)) if status.code_text() == UNPUBLISHED => {
                Some(Failure::new("the server has ended the stream"))
            }
            Some(_) => None,
            None => Some(self.gone()),
        }
    }

    fn end_in(&self, event: Option<ConnectionEvent>) -> Option<Failure> {
        match event {
            Some(ConnectionEvent::Ended(ended)) => Some(Failure::new(ended.to_string())),
            Some(_) => None,
            None => Some(self.gone()),
        }
    }

    fn wants_to_move(&self, event: Option<&ConnectionEvent>, with: &mut Carriage<'_>) -> bool {
        let Some(ConnectionEvent::ReconnectRequested { url, description }) = event else {
            return false;
        };
        let order = &mut with.far.destination;
        match order.reconnect_requested(Instant::now(), &self.connection, url.as_deref()) {
            Ok(()) => {
                let description = with.far.without_secrets(description);
                with.teller.tell(Happening::Moving { description });
                true
            }
            Err(error) => {
                debug!(%error, "reconnect request not followed");
                false
            }
        }
    }

    fn look(&self, watch: &mut Watch, with: &mut Carriage<'_>) -> Option<Failure> {
        let skipped = with.source.backlog.take_skipped();
        if skipped.frames > 0 {
            with.teller.tell(Happening::Skipped(skipped));
        }
        let stats = self.connection.stats();
        let left = stats.sent_bytes.saturating_sub(stats.queued_bytes);
        watch
            .is_stuck(Instant::now(), left, stats.queued_bytes)
            .then(|| Failure::new("the server takes no more data"))
    }

    fn gone(&self) -> Failure {
        match self.connection.ended() {
            Some(ended) => Failure::new(ended.to_string()),
            None => Failure::new("the connection is gone"),
        }
    }

    /// Ends the stream and the connection the way servers like it, in bounded time. Gives whether everything has left.
    pub(super) async fn close(self, far: &Far) -> bool {
        let Self {
            connection, stream, ..
        } = self;
        let name = far.name();
        let goodbye = async {
            if let Err(error) = stream.close(Some(&name)).await {
                debug!(%error, "stream not closed");
            }
            connection.close().await
        };
        let said = timeout(DRAIN, goodbye).await;
        debug!(?said, "goodbye");
        matches!(said, Ok(Ended::Closed))
    }
}

/// Notices that bytes wait and none leave.
struct Watch {
    left: u64,
    since: Option<Instant>,
}

impl Watch {
    const fn new() -> Self {
        Self {
            left: 0,
            since: None,
        }
    }

    /// So many bytes have left and so many wait: whether that has been so for too long.
    fn is_stuck(&mut self, now: Instant, left: u64, waiting: u64) -> bool {
        if waiting == 0 || left != self.left {
            self.left = left;
            self.since = None;
            return false;
        }
        let since = *self.since.get_or_insert(now);
        now.saturating_duration_since(since) >= STALL
    }
}

/// How often a line is looked after.
const LOOK: Duration = Duration::from_secs(1);

/// What servers say when they have ended a publication.
const UNPUBLISHED: &str = "NetStream.Unpublish.Success";

#[cfg(test)]
mod tests;
