//! A stream published over as many connections as it takes.

use std::pin::pin;
use std::time::{Duration, Instant};

use adit_client::connection::{ConnectionEvent, Ended as Closed, StreamError, StreamEvent};
use adit_client::media::Frame;
use adit_client::media::pace::Pacer;
use adit_client::network::Transport;
use adit_client::rtmp::command::{PublishKind, Status, StatusCode};
use adit_client::{Destination, NetConnection, NetStream};
use tokio::time::{sleep, sleep_until, timeout};

use super::headers::Headers;
use super::summary::{Summary, Totals};
use crate::cli::Retry;
use crate::connect::{Backoff, Connections, Ended, Failure, Interrupt, Next, Way};
use crate::input::{Frames, InputError};
use crate::progress::{BitRate, Clock, Played, Progress, Rate, Size};
use crate::ui;

/// How long what was sent may take to leave when the stream ends by itself.
const DRAIN: Duration = Duration::from_secs(30);
/// The same after an interruption.
const GOODBYE: Duration = Duration::from_secs(3);
/// From here on it is said that the input is ahead of the network.
const LATE: Duration = Duration::from_secs(1);

/// Whether the clock of the input is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Pace {
    RealTime,
    AsFastAsPossible,
}

/// What is to be published, and how.
pub(super) struct Order {
    pub(super) way: Way,
    pub(super) destination: Destination,
    /// How people call the input.
    pub(super) name: String,
    /// What the server makes of it.
    pub(super) kind: PublishKind,
    pub(super) pace: Pace,
    /// Whether the input runs on while there is no connection.
    pub(super) runs_on: bool,
    pub(super) duration: Option<Duration>,
    pub(super) retry: Retry,
    pub(super) began: Instant,
}

/// What does not belong to one connection.
pub(super) struct Sending {
    order: Order,
    pacer: Pacer,
    headers: Headers,
    /// The next frame with the time at which it is due.
    next: Option<(Frame, Instant)>,
    /// What the input has ended with while there was no connection.
    input_error: Option<InputError>,
    backoff: Backoff,
    /// After a break: nothing is sent before a key frame.
    waits_for_key: bool,
    played: Played,
    totals: Totals,
    rate: Rate,
    connections: Connections,
}

impl Sending {
    pub(super) fn new(order: Order) -> Self {
        let backoff = Backoff::new(order.retry);
        let connections = Connections::new(order.began);
        Self {
            order,
            input_error: None,
            backoff,
            pacer: Pacer::new(),
            headers: Headers::default(),
            next: None,
            waits_for_key: false,
            played: Played::default(),
            totals: Totals::default(),
            rate: Rate::default(),
            connections,
        }
    }

    /// Publishes to the end. What went wrong is in the summary.
    pub(super) async fn run(
        mut self,
        mut frames: Frames,
        mut progress: Progress,
        mut interrupt: Interrupt,
    ) -> Summary {
        let ended = loop {
            let next = self.connection(&mut frames, &mut progress, &mut interrupt);
            let next = Box::pin(next).await;
            let failure = match next {
                Next::End(ended) => break ended,
                Next::Again => {
                    self.resume();
                    continue;
                }
                Next::Broken(failure) => failure,
            };
            let Some(wait) = self.backoff.next(&failure, Instant::now()) else {
                break Ended::Failed(failure);
            };
            ui::note(&format!("{failure}; trying again in {wait:.0?}"));
            self.resume();
            // Both arms may be dropped.
            tokio::select! {
                () = interrupt.asked() => break Ended::Interrupted,
                () = self.idle(&mut frames, sleep(wait)) => {}
            }
        };
        Summary {
            ended,
            connections: self.connections,
            totals: self.totals,
            published: self.played.time(),
        }
    }

    /// The next frame goes to another connection, or late.
    fn resume(&mut self) {
        self.waits_for_key = self.totals.frames > 0;
        if !self.order.runs_on {
            self.pacer.restart();
        }
    }

    /// Waits for something without a connection; an input that runs on is let by.
    async fn idle<T>(&mut self, frames: &mut Frames, something: impl Future<Output = T>) -> T {
        let mut something = pin!(something);
        loop {
            // Every arm is cancel-safe, and `something` is not dropped.
            tokio::select! {
                done = &mut something => return done,
                () = self.let_by(frames), if self.order.runs_on && self.waits_for_key => {}
            }
        }
    }

    /// Reads one frame and drops it when it is due.
    async fn let_by(&mut self, frames: &mut Frames) {
        if self.next.is_none() {
            match frames.recv().await {
                Some(Ok(frame)) => self.read(frame),
                // The end is noticed by whoever has a connection.
                Some(Err(error)) => self.input_error = Some(error),
                None => std::future::pending().await,
            }
        }
        if let Some((_, due)) = &self.next {
            sleep_until((*due).into()).await;
            self.next = None;
            self.totals.skipped = self.totals.skipped.saturating_add(1);
        }
    }

    fn read(&mut self, frame: Frame) {
        let now = Instant::now();
        let due = match self.order.pace {
            Pace::RealTime => self.pacer.due(&frame, now),
            Pace::AsFastAsPossible => now,
        };
        self.headers.note(&frame);
        self.next = Some((frame, due));
    }

    /// One connection from its beginning to its end.
    async fn connection(
        &mut self,
        frames: &mut Frames,
        progress: &mut Progress,
        interrupt: &mut Interrupt,
    ) -> Next {
        let way = self.order.way.clone();
        let mut destination = self.order.destination.clone();
        let kind = self.order.kind;
        let connect = async {
            let connection = way.connect(&mut destination).await?;
            let mut stream = connection.create_stream().await?;
            let name = connection.target().stream_argument();
            stream.publish(&name, kind).await?;
            Ok::<_, Failure>((connection, stream))
        };
        // Both arms may be dropped: there is nothing to keep of a connection that is not wanted any more.
        let connected = tokio::select! {
            connected = self.idle(frames, connect) => connected,
            () = interrupt.asked() => return Next::End(Ended::Interrupted),
        };
        self.order.destination = destination;
        let (mut connection, mut stream) = match connected {
            Ok(connected) => connected,
            Err(failure) => return Next::Broken(failure),
        };
        self.connected(&connection);
        if kind == PublishKind::Record {
            // The same recording goes on after a break.
            self.order.kind = PublishKind::Append;
        }
        let next = self
            .publish(&mut connection, &mut stream, frames, progress, interrupt)
            .await;
        self.say_goodbye(connection, stream, next, interrupt).await
    }

    fn connected(&mut self, connection: &NetConnection) {
        self.connections.note(connection);
        self.backoff.running(Instant::now());
        ui::note(&format!(
            "publishing {} to {} by {}",
            self.order.name,
            connection.target(),
            connection.rung()
        ));
    }

    async fn publish(
        &mut self,
        connection: &mut NetConnection,
        stream: &mut NetStream,
        frames: &mut Frames,
        progress: &mut Progress,
        interrupt: &mut Interrupt,
    ) -> Next {
        loop {
            if let Some(error) = self.input_error.take() {
                return self.damaged(error);
            }
            let due = self.next.as_ref().map(|(_, due)| *due);
            // Every arm is cancel-safe.
            tokio::select! {
                () = interrupt.asked() => return Next::End(Ended::Interrupted),
                frame = frames.recv(), if due.is_none() => match frame {
                    Some(Ok(frame)) => self.read(frame),
                    Some(Err(error)) => return self.damaged(error),
                    None => return Next::End(Ended::Complete),
                },
                () = until(due), if due.is_some() => {
                    if let Some((frame, _)) = self.next.take()
                        && let Some(next) = self.frame(frame, connection, stream, progress, interrupt).await
                    {
                        return next;
                    }
                }
                event = stream.next_event() => {
                    if let Some(next) = stream_news(event, stream) {
                        return next;
                    }
                }
                event = connection.next_event() => {
                    if let Some(next) = self.news(event, connection) {
                        return next;
                    }
                }
                () = progress.due() => progress.show(&self.line(connection)),
            }
        }
    }

    fn damaged(&self, why: InputError) -> Next {
        let failure = Failure::Input {
            name: self.order.name.clone(),
            why,
        };
        Next::End(Ended::Failed(failure))
    }

    /// Sends a frame that is due, unless it has to wait for a key frame.
    async fn frame(
        &mut self,
        frame: Frame,
        connection: &mut NetConnection,
        stream: &NetStream,
        progress: &mut Progress,
        interrupt: &mut Interrupt,
    ) -> Option<Next> {
        let mut batch = Vec::new();
        if self.waits_for_key {
            if !self.headers.can_go_on_with(&frame) {
                self.totals.skipped = self.totals.skipped.saturating_add(1);
                return None;
            }
            self.waits_for_key = false;
            batch = self.headers.again(frame.at());
        }
        if frame.flags().is_coded() {
            self.played.note(frame.kind(), frame.at());
        }
        batch.push(frame);
        for frame in batch {
            let size = u64::try_from(frame.payload().len()).unwrap_or(u64::MAX);
            let mut sent = pin!(stream.send(frame));
            loop {
                // Every arm is cancel-safe, and `sent` is not dropped before its end unless the stream is given up.
                tokio::select! {
                    sent = &mut sent => match sent {
                        Ok(()) => break,
                        Err(error) => return Some(Next::Broken(error.into())),
                    },
                    () = interrupt.asked() => return Some(Next::End(Ended::Interrupted)),
                    event = connection.next_event() => {
                        if let Some(next) = self.news(event, connection) {
                            return Some(next);
                        }
                    }
                    () = progress.due() => progress.show(&self.line(connection)),
                }
            }
            self.totals.frames = self.totals.frames.saturating_add(1);
            self.totals.bytes = self.totals.bytes.saturating_add(size);
        }
        let over = |duration| self.played.time() >= duration;
        let is_over = self.order.duration.is_some_and(over);
        is_over.then_some(Next::End(Ended::Duration))
    }

    fn news(&mut self, event: Option<ConnectionEvent>, connection: &NetConnection) -> Option<Next> {
        match event {
            Some(ConnectionEvent::ReconnectRequested { url, .. }) => {
                Next::as_asked(&mut self.order.destination, connection, url.as_deref())
            }
            Some(ConnectionEvent::Ended(ended)) => Some(Next::broken(ended)),
            None => Some(Next::broken(
                connection.ended().cloned().unwrap_or(Closed::ByServer),
            )),
            Some(_) => None,
        }
    }

    fn line(&mut self, connection: &NetConnection) -> String {
        let bits = self.totals.bytes.saturating_mul(8);
        let bits = self.rate.per_second(self.order.began.elapsed(), bits);
        let queue = connection.stats().queued_bytes;
        let late = match self.order.pace {
            Pace::RealTime => self.pacer.late(Instant::now()),
            Pace::AsFastAsPossible => Duration::ZERO,
        };
        let late = if late >= LATE {
            format!("  {} s behind", late.as_secs())
        } else {
            String::new()
        };
        let mut parts = vec![Clock(self.played.time()).to_string()];
        parts.extend(bits.map(|bits| BitRate(bits).to_string()));
        parts.push(connection.rung().to_string());
        parts.push(format!("queue {}{late}", Size(queue)));
        parts.join("  ")
    }

    /// Ends the stream as its server likes it, within the time there is; what comes then, if all of it was to arrive, depends
    /// on whether it was taken.
    async fn say_goodbye(
        &self,
        connection: NetConnection,
        stream: NetStream,
        next: Next,
        interrupt: &mut Interrupt,
    ) -> Next {
        let (time, is_whole) = match &next {
            Next::Broken(_) => return next,
            Next::End(Ended::Complete | Ended::Duration) => (DRAIN, true),
            Next::End(_) | Next::Again => (GOODBYE, false),
        };
        let was_asked = interrupt.is_asked();
        let impatient = async {
            if was_asked {
                std::future::pending::<()>().await;
            }
            interrupt.asked().await;
        };
        // Whoever does not take the goodbye in time has lost interest in it.
        let taken = tokio::select! {
            taken = timeout(time, goodbye(connection, stream)) => taken,
            () = impatient => return if is_whole { Next::End(Ended::Interrupted) } else { next },
        };
        let failure = match taken {
            Ok(Ok(())) => return next,
            Ok(Err(error)) => error.into(),
            Err(_) => Failure::NotTaken { waited: time },
        };
        if is_whole {
            return Next::End(Ended::Failed(failure));
        }
        tracing::debug!(%failure, "the end of the stream was not taken");
        next
    }
}

/// Sends what is left and ends stream and connection.
///
/// # Errors
/// Something that was sent has not left.
async fn goodbye(connection: NetConnection, stream: NetStream) -> Result<(), StreamError> {
    stream.flush().await?;
    // From here on everything has left this machine, or is in a tunnel, and servers that need no goodbye hang up at its first word.
    let in_tunnel = matches!(connection.protocol(), Transport::Rtmpt | Transport::Rtmpts);
    let name = connection.target().stream_argument();
    if let Err(error) = stream.close(Some(&name)).await {
        tracing::debug!(%error, "the stream was not closed");
    }
    match connection.close().await {
        Closed::Closed | Closed::ByServer => Ok(()),
        lost if in_tunnel => Err(StreamError::Ended(lost)),
        lost => {
            tracing::debug!(%lost, "the connection was not closed");
            Ok(())
        }
    }
}

/// Ready when it is time, without a timer if it is already: timers come a millisecond late.
async fn until(due: Option<Instant>) {
    if let Some(due) = due.filter(|due| *due > Instant::now()) {
        sleep_until(due.into()).await;
    }
}

/// What the server says about the stream that is published.
fn stream_news(event: Option<StreamEvent>, stream: &NetStream) -> Option<Next> {
    match event {
        Some(StreamEvent::Status(status)) => {
            if status.is_about_recording() {
                recording_news(&status);
                return None;
            }
            let gone = status.code() == Some(StatusCode::UnpublishSuccess);
            let refused = status.is_error() || gone;
            refused.then(|| Next::Broken(StreamError::Refused(status).into()))
        }
        Some(_) => None,
        None => Some(Next::broken(
            stream.ended().cloned().unwrap_or(Closed::ByServer),
        )),
    }
}

/// A recording that fails is the server's trouble; whoever watches gets the stream all the same.
fn recording_news(status: &Status) {
    if !status.is_error() {
        return;
    }
    let why = match status.description().as_str() {
        "" => status.code_text().as_str(),
        why => why,
    };
    ui::note(&format!("the recording fails, the stream goes on: {why}"));
}
