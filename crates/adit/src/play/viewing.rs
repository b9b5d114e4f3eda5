//! A stream played from its connection to its end.

use std::future::pending;
use std::time::{Duration, Instant};

use adit_client::connection::{ConnectionEvent, Ended as Closed, StreamEvent};
use adit_client::media::Frame;
use adit_client::rtmp::command::{Play, Status, StatusCode};
use adit_client::rtmp::message::UserControl;
use adit_client::{Destination, NetConnection, NetStream, Target};
use serde_json::{Map, Value, json};
use tokio::time::{sleep_until, timeout};

use super::figures::Figures;
use super::output::Output;
use crate::connect::{Failure, Interrupt, Way, rung_fields};
use crate::progress::{Clock, Progress, Size};
use crate::ui;

/// After this time without a first picture or sound the person is told what is waited for.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a connection may take to be closed.
const GOODBYE: Duration = Duration::from_secs(3);

/// What is to be played.
pub(crate) struct Viewing {
    /// The way to it.
    pub(crate) way: Way,
    /// The stream.
    pub(crate) target: Target,
    /// How much of it; everything if `None`.
    pub(crate) length: Option<Length>,
    /// How long to wait for its start.
    pub(crate) wait: Option<Duration>,
    /// When the command was started.
    pub(crate) began: Instant,
}

/// How much of a stream, from its first picture or sound.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Length {
    /// So long by the clock on the wall.
    Watched(Duration),
    /// So much by the clock of the stream.
    Recorded(Duration),
}

/// How it went.
pub(crate) struct Summary {
    /// Why it ended.
    pub(crate) ended: Ended,
    /// What is told about the way, if there was one.
    way: Map<String, Value>,
    connect: Option<Duration>,
    first: Option<Duration>,
    figures: Figures,
    written: Option<u64>,
}

/// Why a stream is not played on.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The time that was asked for is over.
    Duration,
    /// The publisher has ended it.
    Unpublished,
    /// A recording has come to its end.
    Complete,
    /// The server has closed the connection.
    Closed,
    /// The player behind the output has gone.
    OutputClosed,
    /// Somebody has ended the command.
    Interrupted,
    /// Something went wrong.
    Failed(Failure),
}

impl Ended {
    fn as_str(&self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Unpublished => "unpublished",
            Self::Complete => "complete",
            Self::Closed => "closed",
            Self::OutputClosed => "output-closed",
            Self::Interrupted => "interrupted",
            Self::Failed(_) => "failed",
        }
    }
}

/// What follows one connection.
enum Next {
    End(Ended),
    /// The server has asked to connect again.
    Again,
}

/// What does not belong to one connection.
struct State {
    output: Option<Output>,
    progress: Progress,
    interrupt: Interrupt,
    figures: Figures,
    deadline: Option<tokio::time::Instant>,
}

impl Viewing {
    /// Plays to the end.
    ///
    /// # Errors
    /// There was no connection. What went wrong after that is in the summary.
    pub(crate) async fn run(
        self,
        output: Option<Output>,
        progress: Progress,
        interrupt: Interrupt,
    ) -> Result<Summary, Failure> {
        let mut state = State {
            output,
            progress,
            interrupt,
            figures: Figures::new(),
            deadline: None,
        };
        let mut destination = Destination::new(self.target.clone());
        let mut way = Map::new();
        let mut connect = None;
        let ended = loop {
            let mut connection = match self.connect(&mut destination, &mut state).await {
                Ok(Some(connection)) => connection,
                Ok(None) => break Ended::Interrupted,
                Err(failure) if connect.is_none() => return Err(failure),
                Err(failure) => break Ended::Failed(failure),
            };
            connect.get_or_insert_with(|| self.began.elapsed());
            way = rung_fields(connection.rung());
            let next = self
                .watch(&mut connection, &mut destination, &mut state)
                .await;
            // Whoever does not take the goodbye in time has lost interest in it.
            drop(timeout(GOODBYE, connection.close()).await);
            match next {
                Ok(Next::End(ended)) => break ended,
                Ok(Next::Again) => {
                    if let Some(output) = &mut state.output {
                        output.restart();
                    }
                }
                Err(failure) => break Ended::Failed(failure),
            }
        };
        state.progress.clear();
        let (ended, written) = finish(state.output, ended).await;
        let first = state.figures.first;
        Ok(Summary {
            ended,
            way,
            connect,
            first: first.map(|first| first.saturating_duration_since(self.began)),
            figures: state.figures,
            written,
        })
    }

    async fn connect(
        &self,
        destination: &mut Destination,
        state: &mut State,
    ) -> Result<Option<NetConnection>, Failure> {
        // Both arms may be dropped: there is nothing to keep of a connection that is not wanted any more.
        let connection = tokio::select! {
            connection = self.way.connect(destination) => connection?,
            () = state.interrupt.asked() => return Ok(None),
        };
        ui::aside(&format!("connected over {}", connection.rung()));
        Ok(Some(connection))
    }

    async fn watch(
        &self,
        connection: &mut NetConnection,
        destination: &mut Destination,
        state: &mut State,
    ) -> Result<Next, Failure> {
        let name = connection.target().stream_argument();
        let mut interrupt = state.interrupt.clone();
        let begin = async {
            let mut stream = connection.create_stream().await?;
            stream.play(Play::new(name.expose())).await?;
            Ok::<_, Failure>(stream)
        };
        // Both arms may be dropped, the connection is closed then.
        let mut stream = tokio::select! {
            stream = begin => stream?,
            () = interrupt.asked() => return Ok(Next::End(Ended::Interrupted)),
        };
        let patience = tokio::time::Instant::now() + PATIENCE;
        let mut told = false;
        let give_up = self.wait.map(|wait| tokio::time::Instant::now() + wait);
        let mut open = true;
        loop {
            let nothing_yet = state.figures.first.is_none();
            // Every arm is cancel-safe.
            tokio::select! {
                () = interrupt.asked() => return Ok(Next::End(Ended::Interrupted)),
                event = stream.next_event() => match event {
                    Some(event) => {
                        if let Some(ended) = self.handle(event, state).await {
                            return Ok(Next::End(ended));
                        }
                    }
                    None => return end_of(&stream, state).map(Next::End),
                },
                event = connection.next_event(), if open => {
                    open = event.is_some();
                    if asks_to_go(event, connection, destination) {
                        return Ok(Next::Again);
                    }
                }
                () = until(state.deadline) => return Ok(Next::End(Ended::Duration)),
                () = sleep_until(patience), if nothing_yet && !told => {
                    told = true;
                    ui::note("the stream has not started yet, waiting for it");
                }
                () = until(give_up), if nothing_yet => {
                    let waited = self.wait.unwrap_or_default();
                    return Err(Failure::NotStarted { waited });
                }
                () = state.progress.due() => {
                    let line = format!("{}  {}", state.figures.line(), connection.rung());
                    state.progress.show(&line);
                }
            }
        }
    }

    /// Takes what came; says whether it was the end.
    async fn handle(&self, event: StreamEvent, state: &mut State) -> Option<Ended> {
        match event {
            StreamEvent::Frame(frame) => self.take(&frame, state).await,
            StreamEvent::Status(status) => end_by(&status, state.figures.first.is_some()),
            // nginx says nothing else when the publisher has gone.
            StreamEvent::Control(UserControl::StreamEof(_)) if state.figures.first.is_some() => {
                Some(Ended::Unpublished)
            }
            _ => None,
        }
    }

    async fn take(&self, frame: &Frame, state: &mut State) -> Option<Ended> {
        state.figures.note(frame);
        match self.length {
            Some(Length::Watched(time)) if state.deadline.is_none() => {
                let first = state.figures.first.map(tokio::time::Instant::from_std);
                state.deadline = first.map(|first| first + time);
            }
            Some(Length::Recorded(time)) if state.figures.duration() > time => {
                return Some(Ended::Duration);
            }
            _ => {}
        }
        let output = state.output.as_mut()?;
        // Both arms may be dropped: after an interruption nothing more is written.
        tokio::select! {
            pushed = output.push(frame) => pushed.is_err().then_some(Ended::OutputClosed),
            () = state.interrupt.asked() => Some(Ended::Interrupted),
        }
    }
}

/// Writes what is left; gives why it really ended, and how much was written.
async fn finish(output: Option<Output>, ended: Ended) -> (Ended, Option<u64>) {
    let Some(output) = output else {
        return (ended, None);
    };
    let written = output.bytes();
    let ended = match (output.finish().await, ended) {
        (Ok(()), ended) => ended,
        (Err(failure), Ended::Failed(first)) => {
            ui::error(&failure);
            Ended::Failed(first)
        }
        (Err(failure), _) => Ended::Failed(failure),
    };
    (ended, Some(written))
}

/// Whether a status is the end, and which.
fn end_by(status: &Status, has_begun: bool) -> Option<Ended> {
    match status.code() {
        // Before the first frame these tell of an earlier publisher, or of an empty playlist.
        Some(StatusCode::PlayUnpublishNotify) if has_begun => Some(Ended::Unpublished),
        Some(StatusCode::PlayStop | StatusCode::PlayComplete) if has_begun => Some(Ended::Complete),
        _ if status.is_error() => {
            let refused = adit_client::connection::StreamError::Refused(status.clone());
            Some(Ended::Failed(refused.into()))
        }
        _ => None,
    }
}

/// What it means that a connection has ended.
fn end_of(stream: &NetStream, state: &State) -> Result<Ended, Failure> {
    let closed = stream.ended().cloned().unwrap_or(Closed::ByServer);
    if closed == Closed::ByServer && state.figures.first.is_some() {
        return Ok(Ended::Closed);
    }
    Err(adit_client::connection::StreamError::Ended(closed).into())
}

/// Whether the server has asked to connect again and may be followed.
fn asks_to_go(
    event: Option<ConnectionEvent>,
    connection: &NetConnection,
    destination: &mut Destination,
) -> bool {
    let Some(ConnectionEvent::ReconnectRequested { url, .. }) = event else {
        return false;
    };
    match destination.reconnect_requested(Instant::now(), connection, url.as_deref()) {
        Ok(()) => true,
        Err(error) => {
            ui::note(&format!(
                "a request to connect again is not followed: {error}"
            ));
            false
        }
    }
}

async fn until(time: Option<tokio::time::Instant>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

impl Summary {
    /// One object for programs.
    pub(crate) fn json(&self) -> Value {
        let mut object = self.way.clone();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let fields = [
            ("connect_ms", json!(self.connect.map(millis))),
            ("first_media_ms", json!(self.first.map(millis))),
            ("frames", json!(self.figures.frames)),
            ("bytes", json!(self.figures.bytes)),
            ("duration_ms", json!(millis(self.figures.duration()))),
            ("ended", json!(self.ended.as_str())),
        ];
        for (name, value) in fields {
            object.insert(name.to_owned(), value);
        }
        Value::Object(object)
    }

    /// One sentence for people.
    pub(crate) fn sentence(&self) -> String {
        let why = match &self.ended {
            Ended::Duration => "the time is over",
            Ended::Unpublished => "the publisher has ended the stream",
            Ended::Complete => "that was all of it",
            Ended::Closed => "the server has closed the connection",
            Ended::OutputClosed => "the player has gone",
            Ended::Interrupted => "interrupted",
            Ended::Failed(_) => "it failed",
        };
        let played = Clock(self.figures.duration());
        let size = Size(self.written.unwrap_or(self.figures.bytes));
        let verb = match self.written {
            Some(_) => "wrote",
            None => "played",
        };
        format!("{verb} {played}, {size}: {why}")
    }
}
