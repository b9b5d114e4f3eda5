//! A stream played over as many connections as it takes.

use std::time::{Duration, Instant};

use adit_client::connection::{ConnectionEvent, Ended as Closed, StreamError, StreamEvent};
use adit_client::media::{Frame, FrameKind};
use adit_client::rtmp::command::{Play, Status, StatusCode};
use adit_client::rtmp::message::UserControl;
use adit_client::{Destination, NetConnection, NetStream, Target};
use tokio::time::{sleep, sleep_until, timeout};

use super::figures::Figures;
use super::limits::Limits;
use super::output::{Output, Written};
use super::part::Part;
use super::summary::Summary;
use crate::cli::Retry;
use crate::connect::{Backoff, Connections, Ended, Interrupt, Next, Way};
use crate::progress::Progress;
use crate::ui;

/// After this time without a first picture or sound the person is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a connection may take to be closed.
const GOODBYE: Duration = Duration::from_secs(3);
/// How long the disk or the player may take for what is left.
const FINISH: Duration = Duration::from_secs(5);
/// The same after an interruption.
const FINISH_AT_ONCE: Duration = Duration::from_secs(1);

/// What is to be played.
pub(super) struct Viewing {
    /// The way to it.
    pub(super) way: Way,
    /// The stream.
    pub(super) target: Target,
    /// Which part of a recording; if `None` it may be live.
    pub(super) part: Option<Part>,
    /// How much of a stream that may be live; everything if `None`.
    pub(super) length: Option<Length>,
    /// How long to wait for its start.
    pub(super) wait: Option<Duration>,
    /// How long a broken connection is made again.
    pub(super) retry: Retry,
    /// When the command was started.
    pub(super) began: Instant,
}

/// How much of a stream, from its first picture or sound.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    /// So long by the clock on the wall.
    Watched(Duration),
    /// So much by the clock of the stream.
    Recorded(Duration),
}

/// What does not belong to one connection.
struct State {
    output: Option<Output>,
    progress: Progress,
    limits: Limits,
    part: Option<Part>,
    figures: Figures,
    destination: Destination,
    backoff: Backoff,
    connections: Connections,
    /// Whether this connection has brought something to be seen or heard.
    has_begun: bool,
}

impl Viewing {
    /// Plays to the end. What went wrong is in the summary.
    pub(super) async fn run(
        mut self,
        output: Option<Output>,
        progress: Progress,
        interrupt: Interrupt,
    ) -> Summary {
        let mut state = State {
            output,
            progress,
            limits: Limits::new(interrupt),
            part: self.part.take(),
            figures: Figures::new(),
            destination: Destination::new(self.target.clone()),
            backoff: Backoff::new(self.retry),
            connections: Connections::new(self.began),
            has_begun: false,
        };
        let ended = self.to_the_end(&mut state).await;
        let (ended, written) = finish(state.output, ended).await;
        let first = state.figures.first;
        Summary {
            ended,
            connections: state.connections,
            first: first.map(|first| first.saturating_duration_since(self.began)),
            figures: state.figures,
            written,
        }
    }

    async fn to_the_end(&self, state: &mut State) -> Ended {
        loop {
            let next = Box::pin(self.connection(state)).await;
            if let Some(output) = &mut state.output {
                output.restart();
            }
            let failure = match next {
                Next::End(ended) => return ended,
                Next::Again => continue,
                Next::Broken(failure) => failure,
            };
            let Some(wait) = state.backoff.next(&failure, Instant::now()) else {
                return Ended::Failed(failure);
            };
            ui::note(&format!("{failure}; trying again in {wait:.0?}"));
            if let Retry::For(time) = self.retry
                && state.figures.first.is_some()
            {
                state.limits.wait_for_return(time);
            }
            // Both arms may be dropped.
            tokio::select! {
                ended = state.limits.reached() => return ended,
                () = sleep(wait) => {}
            }
        }
    }

    /// One connection from its beginning to its end.
    async fn connection(&self, state: &mut State) -> Next {
        // Both arms may be dropped: there is nothing to keep of a connection that is not wanted any more.
        let connected = tokio::select! {
            connected = self.way.connect(&mut state.destination) => connected,
            ended = state.limits.reached() => return Next::End(ended),
        };
        let mut connection = match connected {
            Ok(connection) => connection,
            Err(failure) => return Next::Broken(failure),
        };
        state.connections.note(&connection);
        let (target, rung) = (connection.target(), connection.rung());
        ui::note(&format!("connected over {rung} to {target}"));
        let next = self.play(&mut connection, state).await;
        if !matches!(next, Next::Broken(_)) {
            // Whoever does not take the goodbye in time has lost interest in it.
            drop(timeout(GOODBYE, connection.close()).await);
        }
        next
    }

    async fn play(&self, connection: &mut NetConnection, state: &mut State) -> Next {
        let play = request(connection, state);
        let begin = async {
            let mut stream = connection.create_stream().await?;
            stream.play(play).await?;
            Ok::<_, StreamError>(stream)
        };
        // Both arms may be dropped, the connection is closed then.
        let begun = tokio::select! {
            begun = begin => begun,
            ended = state.limits.reached() => return Next::End(ended),
        };
        let mut stream = match begun {
            Ok(stream) => stream,
            Err(error) => return Next::Broken(error.into()),
        };
        state.backoff.running(Instant::now());
        state.has_begun = false;
        if let Some(time) = self.wait
            && state.figures.first.is_none()
        {
            state.limits.wait_for_start(time);
        }
        self.watch(connection, &mut stream, state).await
    }

    async fn watch(
        &self,
        connection: &mut NetConnection,
        stream: &mut NetStream,
        state: &mut State,
    ) -> Next {
        let patience = tokio::time::Instant::now() + PATIENCE;
        let mut told = false;
        let mut open = true;
        loop {
            // Every arm is cancel-safe.
            tokio::select! {
                ended = state.limits.reached() => return Next::End(ended),
                event = stream.next_event() => match event {
                    Some(event) => {
                        if let Some(next) = self.handle(event, state).await {
                            return next;
                        }
                    }
                    None => return gone(connection, stream, state).await,
                },
                event = connection.next_event(), if open => {
                    open = event.is_some();
                    if let Some(next) = news(event, connection, state) {
                        return next;
                    }
                }
                () = sleep_until(patience), if !state.has_begun && !told => {
                    told = true;
                    ui::note("the stream has not started yet, waiting for it");
                }
                () = state.progress.due() => {
                    let line = format!("{}  {}", state.figures.line(), connection.rung());
                    state.progress.show(&line);
                }
            }
        }
    }

    /// Takes what came; says whether it was the end.
    async fn handle(&self, event: StreamEvent, state: &mut State) -> Option<Next> {
        match event {
            StreamEvent::Frame(frame) => self.take(&frame, state).await.map(Next::End),
            StreamEvent::Status(status) => end_by(&status, state),
            // nginx says nothing else when the publisher has gone.
            StreamEvent::Control(UserControl::StreamEof(_)) if state.has_begun => {
                Some(Next::End(Ended::Unpublished))
            }
            _ => None,
        }
    }

    async fn take(&self, frame: &Frame, state: &mut State) -> Option<Ended> {
        state.figures.note(frame);
        if frame.kind() != FrameKind::Data {
            state.has_begun = true;
            state.limits.is_there();
        }
        if state.part.as_mut().is_some_and(|part| part.note(frame)) {
            return Some(Ended::Duration);
        }
        match self.length {
            Some(Length::Watched(time)) if state.limits.deadline.is_none() => {
                let first = state.figures.first.map(tokio::time::Instant::from_std);
                state.limits.deadline = first.map(|first| first + time);
            }
            Some(Length::Recorded(time)) if state.figures.duration() > time => {
                return Some(Ended::Duration);
            }
            _ => {}
        }
        let output = state.output.as_mut()?;
        // Both arms may be dropped: after the end nothing more is written.
        tokio::select! {
            pushed = output.push(frame) => pushed.is_err().then_some(Ended::OutputClosed),
            ended = state.limits.reached() => Some(ended),
        }
    }
}

/// What is asked for: after a break the part of a recording that has not come yet.
fn request(connection: &NetConnection, state: &mut State) -> Play {
    let mut play = Play::new(connection.target().stream_argument().expose());
    if let Some(part) = &mut state.part {
        (play.start, play.duration) = part.request();
    }
    play
}

/// Writes what is left; gives why it really ended, and how much was written.
async fn finish(output: Option<Output>, ended: Ended) -> (Ended, Option<Written>) {
    let Some(output) = output else {
        return (ended, None);
    };
    let written = output.written();
    let within = match ended {
        Ended::Interrupted => FINISH_AT_ONCE,
        _ => FINISH,
    };
    let ended = match (output.finish(within).await, ended) {
        (Ok(()), ended) => ended,
        (Err(failure), Ended::Failed(first)) => {
            ui::error(&failure);
            Ended::Failed(first)
        }
        (Err(failure), Ended::Interrupted) => {
            tracing::debug!(%failure, "not all of it is written");
            Ended::Interrupted
        }
        (Err(failure), _) => Ended::Failed(failure),
    };
    (ended, Some(written))
}

/// Whether a status is the end, and which.
fn end_by(status: &Status, state: &State) -> Option<Next> {
    let ended = match status.code() {
        // Before the first frame these tell of an earlier publisher, or of an empty playlist.
        Some(StatusCode::PlayUnpublishNotify) if state.has_begun => Ended::Unpublished,
        Some(StatusCode::PlayStop | StatusCode::PlayComplete) if state.has_begun => Ended::Complete,
        _ if status.is_error() => {
            let failure = StreamError::Refused(status.clone()).into();
            if state.figures.first.is_some() {
                return Some(Next::Broken(failure));
            }
            Ended::Failed(failure)
        }
        _ => return None,
    };
    Some(Next::End(ended))
}

/// What follows news about the connection.
fn news(
    event: Option<ConnectionEvent>,
    connection: &NetConnection,
    state: &mut State,
) -> Option<Next> {
    match event? {
        event if says_goodbye(&event, state) => Some(Next::End(Ended::Unpublished)),
        ConnectionEvent::ReconnectRequested { url, .. } => {
            Next::as_asked(&mut state.destination, connection, url.as_deref())
        }
        _ => None,
    }
}

/// What it means that a connection has ended.
async fn gone(connection: &mut NetConnection, stream: &NetStream, state: &State) -> Next {
    let closed = stream.ended().cloned().unwrap_or(Closed::ByServer);
    while connection.ended().is_some()
        && let Some(event) = connection.next_event().await
    {
        if says_goodbye(&event, state) {
            return Next::End(Ended::Unpublished);
        }
    }
    Next::broken(closed)
}

/// Whether the other side ends the stream in the words of an encoder: ffmpeg that listens knows no others.
fn says_goodbye(event: &ConnectionEvent, state: &State) -> bool {
    let ConnectionEvent::Call(call) = event else {
        return false;
    };
    state.has_begun && ["FCUnpublish", "deleteStream", "closeStream"].contains(&call.method())
}
