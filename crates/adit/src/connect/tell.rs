//! How a run is told at its end.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Connections, Failure, secrets};
use crate::progress::{Clock, Size};
use crate::ui;

/// Why a stream is not published or played on.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The time that was asked for is over.
    Duration,
    /// The publisher has ended it.
    Unpublished,
    /// The input, or a recording that was played, has come to its end.
    Complete,
    /// The player behind the output has gone.
    OutputClosed,
    /// Somebody has ended the command.
    Interrupted,
    /// Something went wrong.
    Failed(Failure),
}

impl Ended {
    /// For programs.
    fn as_str(&self) -> &'static str {
        match self {
            Self::Duration => "duration",
            Self::Unpublished => "unpublished",
            Self::Complete => "complete",
            Self::OutputClosed => "output-closed",
            Self::Interrupted => "interrupted",
            Self::Failed(_) => "failed",
        }
    }

    /// For people.
    fn why(&self) -> &'static str {
        match self {
            Self::Duration => "the time is over",
            Self::Unpublished => "the publisher has ended the stream",
            Self::Complete => "that was all of it",
            Self::OutputClosed => "the player has gone",
            Self::Interrupted => "interrupted",
            Self::Failed(_) => "it failed",
        }
    }

    fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_))
    }

    fn outcome(self) -> Result<(), Failure> {
        match self {
            Self::Interrupted => Err(Failure::Interrupted),
            Self::Failed(failure) => Err(failure),
            _ => Ok(()),
        }
    }
}

/// What was done with a stream.
pub(crate) struct Done {
    /// In one word: `played`.
    pub(crate) verb: &'static str,
    /// How much of the stream, in its own time.
    pub(crate) time: Duration,
    /// The same in bytes, for people.
    pub(crate) bytes: u64,
    /// What programs are told of it.
    pub(crate) fields: [(&'static str, Value); 3],
}

/// How a run went.
pub(crate) struct Told {
    /// For programs.
    pub(crate) fields: Map<String, Value>,
    /// For people, if there is something to say beside the failure.
    pub(crate) sentence: Option<String>,
    /// For the exit code.
    pub(crate) outcome: Result<(), Failure>,
}

impl Connections {
    /// How a run over these connections is told.
    pub(crate) fn told(self, done: Done, ended: Ended) -> Told {
        let again = match self.more {
            0 => String::new(),
            more => format!(" over {} connections", more.saturating_add(1)),
        };
        let (time, size, why) = (Clock(done.time), Size(done.bytes), ended.why());
        let sentence = format!("{} {time}, {size}{again}: {why}", done.verb);
        let has_something = self.first.is_some() && !(done.bytes == 0 && ended.is_failure());
        let mut fields = self.way;
        let common = [
            ("reconnects", json!(self.more)),
            ("duration_ms", json!(millis(done.time))),
            ("ended", json!(ended.as_str())),
        ];
        let connect = [("connect_ms", json!(self.first.map(millis)))];
        for (name, value) in connect.into_iter().chain(done.fields).chain(common) {
            fields.insert(name.to_owned(), value);
        }
        Told {
            fields,
            // Where there was nothing, the failure says it all.
            sentence: has_something.then_some(sentence),
            outcome: ended.outcome(),
        }
    }
}

/// Whole milliseconds.
pub(crate) fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

/// Says how it went, in `json` for programs, also where nothing could begin; gives what the exit code depends on.
///
/// # Errors
/// Why it did not end well.
pub(crate) fn tell(told: Result<Told, Failure>, json: bool) -> Result<(), Failure> {
    let told = match told {
        // A command line that is wrong does nothing that could be told.
        Err(failure) if failure.is_usage() => return Err(failure),
        Err(failure) => {
            let ended = match failure {
                Failure::Interrupted => "interrupted",
                _ => "failed",
            };
            let mut fields = Map::new();
            fields.insert("ended".to_owned(), json!(ended));
            Told {
                fields,
                sentence: None,
                outcome: Err(failure),
            }
        }
        Ok(told) => told,
    };
    if json {
        let object = object(told.fields, told.outcome.as_ref().err());
        let printed = ui::print(&object.to_string()).map_err(Failure::stdout);
        return told.outcome.and(printed);
    }
    if let Some(sentence) = told.sentence {
        ui::note(&sentence);
    }
    told.outcome
}

/// The fields with the reason of a failure.
pub(crate) fn object(mut fields: Map<String, Value>, failure: Option<&Failure>) -> Value {
    if let Some(failure) = failure.filter(|failure| !matches!(failure, Failure::Interrupted)) {
        let verdict = failure.to_string();
        fields.insert("verdict".to_owned(), json!(secrets::without(&verdict)));
        if let Some(obstacle) = failure.obstacle() {
            fields.insert("obstacle".to_owned(), json!(obstacle.as_str()));
        }
    }
    Value::Object(fields)
}
