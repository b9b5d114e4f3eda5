//! An object watched over as many connections as it takes.

use std::future::pending;
use std::io;
use std::time::{Duration, Instant};

use adit_client::amf::Text;
use adit_client::amf::amf0::Object;
use adit_client::connection::{
    ConnectionEvent, Ended as Closed, ObjectChange, ObjectEdit, ObjectUpdate, SharedObject,
    StreamError,
};
use adit_client::rtmp::command::{Status, StatusCode};
use adit_client::rtmp::shared_object::Persistence;
use adit_client::{Destination, NetConnection};
use tokio::sync::mpsc;
use tokio::time::{Instant as Clock, sleep, sleep_until, timeout};

use super::edits::Line;
use super::told;
use crate::cli::Retry;
use crate::connect::{Backoff, Ended, Failure, Interrupt, Next, Way};
use crate::ui;

/// When the command is done.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    /// When somebody ends it.
    WhenInterrupted,
    /// When the slots are told and every change is confirmed, which may take so long.
    WhenConfirmed(Duration),
}

/// What is watched.
pub(super) struct Watching {
    way: Way,
    destination: Destination,
    name: String,
    persistence: Persistence,
    backoff: Backoff,
    end: End,
    object: Option<SharedObject>,
    /// What the flags or a line ask for, until it is asked for.
    edit: ObjectEdit,
    /// Where more is asked for, until that is over.
    lines: Option<mpsc::Receiver<Line>>,
    /// How often something was asked for.
    asked: u64,
    /// Lines that say nothing.
    wrong: u64,
    /// When there was news of the object, or something was asked.
    last: Clock,
}

impl Watching {
    pub(super) fn new(
        way: Way,
        destination: Destination,
        name: &str,
        persistence: Persistence,
        retry: Retry,
        end: End,
    ) -> Self {
        Self {
            way,
            destination,
            name: name.to_owned(),
            persistence,
            backoff: Backoff::new(retry),
            end,
            object: None,
            edit: ObjectEdit::new(),
            lines: None,
            asked: 0,
            wrong: 0,
            last: Clock::now(),
        }
    }

    /// Watches to the end.
    ///
    /// # Errors
    /// Why that was not the end that was wanted.
    pub(super) async fn run(
        mut self,
        edit: ObjectEdit,
        lines: Option<mpsc::Receiver<Line>>,
        mut interrupt: Interrupt,
    ) -> Result<(), Failure> {
        self.edit = edit;
        self.lines = lines;
        loop {
            // Both arms may be dropped: there is nothing to keep of a connection that is not wanted any more.
            let next = tokio::select! {
                next = self.connection() => next,
                () = interrupt.asked() => Next::End(Ended::Interrupted),
            };
            let failure = match next {
                Next::End(ended) => return self.outcome(ended),
                Next::Again => continue,
                Next::Broken(failure) => failure,
            };
            self.tell_unconfirmed();
            // Nobody can say any more whether that was done.
            let is_lost = self.asked > 0 && matches!(self.end, End::WhenConfirmed(_));
            let wait = self.backoff.next(&failure, Instant::now());
            let Some(wait) = wait.filter(|_| !is_lost) else {
                return Err(failure);
            };
            ui::note(&format!("{failure}; trying again in {wait:.0?}"));
            // Both arms may be dropped.
            tokio::select! {
                () = sleep(wait) => {}
                () = interrupt.asked() => return Err(Failure::Interrupted),
            }
        }
    }

    fn outcome(&self, ended: Ended) -> Result<(), Failure> {
        match ended {
            Ended::Interrupted => Err(Failure::Interrupted),
            Ended::Failed(failure) => Err(failure),
            _ if self.wrong > 0 => Err(Failure::Lines { lines: self.wrong }),
            _ => Ok(()),
        }
    }

    /// One connection from its beginning to its end.
    async fn connection(&mut self) -> Next {
        let mut connection = match self.way.connect(&mut self.destination).await {
            Ok(connection) => connection,
            Err(failure) => return Next::Broken(failure),
        };
        let (target, rung) = (connection.target(), connection.rung());
        ui::note(&format!("connected over {rung} to {target}"));
        let joined = match self.join_in_time(&connection).await {
            Ok(()) => Ok(self.watch(&mut connection).await),
            Err(error) => Err(error),
        };
        let next = joined.unwrap_or_else(|error| Next::Broken(error.into()));
        if !matches!(next, Next::Broken(_)) {
            // Whoever does not take the goodbye in time has lost interest in it.
            drop(timeout(GOODBYE, connection.close()).await);
        }
        next
    }

    /// After a break: says which changes may have been made and may not.
    fn tell_unconfirmed(&self) {
        let slots = self.object.as_ref().map(SharedObject::unconfirmed_slots);
        let slots = slots.unwrap_or_default();
        if !slots.is_empty() {
            let slots: Vec<&str> = slots.iter().map(Text::as_str).collect();
            let slots = slots.join(", ");
            ui::note(&format!(
                "nobody knows whether these slots were changed: {slots}"
            ));
        }
    }

    /// Joins within the time that there is, if there is one; the library has a longer one of its own.
    async fn join_in_time(&mut self, connection: &NetConnection) -> Result<(), StreamError> {
        let End::WhenConfirmed(after) = self.end else {
            return self.join(connection).await;
        };
        let joined = timeout(after, self.join(connection)).await;
        joined.unwrap_or(Err(StreamError::Silent { after }))
    }

    async fn join(&mut self, connection: &NetConnection) -> Result<(), StreamError> {
        if let Some(object) = &mut self.object {
            object.rejoin(connection).await?;
        } else {
            let joined = connection.shared_object(&self.name, self.persistence);
            self.object = Some(joined.await?);
        }
        self.backoff.running(Instant::now());
        self.last = Clock::now();
        Ok(())
    }

    async fn watch(&mut self, connection: &mut NetConnection) -> Next {
        let Some(mut object) = self.object.take() else {
            return Next::End(Ended::Complete);
        };
        let next = self.follow(connection, &mut object).await;
        self.object = Some(object);
        next
    }

    async fn follow(&mut self, connection: &mut NetConnection, object: &mut SharedObject) -> Next {
        let edit = std::mem::take(&mut self.edit);
        if !edit.is_empty()
            && let Err(error) = self.apply(edit, object).await
        {
            return match error {
                StreamError::Ended(closed) => Next::broken(closed),
                error => Next::End(Ended::Failed(error.into())),
            };
        }
        let mut open = true;
        loop {
            let done = self.done_at(object);
            // Every arm is cancel-safe.
            tokio::select! {
                update = object.next_update() => match update {
                    Some(update) => {
                        self.last = Clock::now();
                        if let Some(ended) = self.tell(&update) {
                            return Next::End(ended);
                        }
                    }
                    None => return gone(object),
                },
                event = connection.next_event(), if open => {
                    open = event.is_some();
                    if let Some(next) = self.news(event, connection, object) {
                        return next;
                    }
                }
                line = next_line(&mut self.lines) => {
                    self.last = Clock::now();
                    if let Err(error) = self.ask(line, object).await {
                        return Next::Broken(error.into());
                    }
                }
                () = until(done) => return Next::End(self.done(object)),
            }
        }
    }

    /// Takes news about the connection; says what follows.
    fn news(
        &mut self,
        event: Option<ConnectionEvent>,
        connection: &NetConnection,
        object: &SharedObject,
    ) -> Option<Next> {
        match event? {
            ConnectionEvent::ReconnectRequested { url, .. } => {
                Next::as_asked(&mut self.destination, connection, url.as_deref())
            }
            // A change that the server could not even read, perhaps because it is too long.
            ConnectionEvent::Status(status) if status.code() == Some(StatusCode::CallFailed) => {
                let line = told::refusal(&status, object.version()).to_string();
                let ended = told_line(&line).or_else(|| self.end_by(status));
                ended.map(Next::End)
            }
            // A call of the server is answered that there is no such method.
            _ => None,
        }
    }

    /// Whether a refusal is the end: it is if there is nothing to stay for.
    fn end_by(&self, status: Status) -> Option<Ended> {
        let refused = || Ended::Failed(StreamError::Refused(status).into());
        matches!(self.end, End::WhenConfirmed(_)).then(refused)
    }

    /// Tells an update; says whether that was the end.
    fn tell(&self, update: &ObjectUpdate) -> Option<Ended> {
        for change in &update.changes {
            let line = told::of(change, update.version).to_string();
            let mut ended = told_line(&line);
            if let (ObjectChange::Refused { code, level }, None) = (change, &ended) {
                let said = Object::new();
                let said = said.with("code", code.clone()).with("level", level.clone());
                let refused = Status::from_value(&said.into());
                ended = refused.and_then(|refused| self.end_by(refused));
            }
            if ended.is_some() {
                return ended;
            }
        }
        None
    }

    /// Asks for something, or keeps it for the next connection if this one is over.
    async fn apply(&mut self, edit: ObjectEdit, object: &SharedObject) -> Result<(), StreamError> {
        let sent = object.apply(edit.clone()).await;
        match sent {
            Ok(()) => self.asked = self.asked.saturating_add(1),
            Err(StreamError::Ended(_)) => self.edit = edit,
            Err(_) => {}
        }
        sent
    }

    /// Asks for what a line says.
    async fn ask(&mut self, line: Option<Line>, object: &SharedObject) -> Result<(), StreamError> {
        let why: String = match line {
            None => {
                self.lines = None;
                return Ok(());
            }
            Some((number, Err(error))) => format!("line {number} is {error}"),
            Some((number, Ok(edit))) => match self.apply(edit, object).await {
                Err(error @ (StreamError::ObjectEdit(_) | StreamError::Send(_))) => {
                    format!("line {number} cannot be sent: {error}")
                }
                sent => return sent,
            },
        };
        self.wrong = self.wrong.saturating_add(1);
        ui::note(&why);
        Ok(())
    }

    /// When there is nothing more to wait for: everything is confirmed and nothing has come for a moment, or it has taken too long.
    fn done_at(&self, object: &SharedObject) -> Option<Clock> {
        let End::WhenConfirmed(wait) = self.end else {
            return None;
        };
        let is_open = !object.unconfirmed_slots().is_empty();
        let quiet = if is_open { wait } else { QUIET.min(wait) };
        self.lines.is_none().then(|| self.last + quiet)
    }

    fn done(&self, object: &SharedObject) -> Ended {
        let slots = object.unconfirmed_slots();
        match self.end {
            End::WhenConfirmed(waited) if !slots.is_empty() => {
                let slots = slots.iter().map(ToString::to_string).collect();
                Ended::Failed(Failure::NotConfirmed { waited, slots })
            }
            _ => Ended::Complete,
        }
    }
}

/// Prints a line; says whether that was the end.
fn told_line(line: &str) -> Option<Ended> {
    match ui::data(line) {
        Ok(()) => None,
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Some(Ended::OutputClosed),
        Err(error) => Some(Ended::Failed(Failure::stdout(error))),
    }
}

async fn next_line(lines: &mut Option<mpsc::Receiver<Line>>) -> Option<Line> {
    match lines {
        Some(lines) => lines.recv().await,
        None => pending().await,
    }
}

async fn until(time: Option<Clock>) {
    match time {
        Some(time) => sleep_until(time).await,
        None => pending().await,
    }
}

/// What it means that nothing more comes.
fn gone(object: &SharedObject) -> Next {
    match object.ended() {
        Some(StreamError::Ended(closed)) => Next::broken(closed),
        Some(error) => Next::End(Ended::Failed(error.into())),
        None => Next::broken(Closed::ByServer),
    }
}

/// How long a connection may take to be closed.
const GOODBYE: Duration = Duration::from_secs(3);
/// An object with hundreds of slots comes in several parts; after this time without one there is none.
const QUIET: Duration = Duration::from_millis(300);
