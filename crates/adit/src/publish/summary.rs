//! How publishing went.

use std::time::Duration;

use serde_json::{Map, Value, json};

use crate::connect::{Failure, Told};
use crate::progress::{Clock, Size};

/// Why it ended.
#[derive(Debug)]
pub(crate) enum Ended {
    /// The input has come to its end.
    Complete,
    /// The time that was asked for is over.
    Duration,
    /// Somebody has ended the command.
    Interrupted,
    /// Something went wrong.
    Failed(Failure),
}

/// How publishing went.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Why it ended.
    pub(super) ended: Ended,
    pub(super) way: Map<String, Value>,
    pub(super) connect: Option<Duration>,
    pub(super) totals: Totals,
    pub(super) published: Duration,
}

/// The accounts of what was sent.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Totals {
    /// Messages given to the connection.
    pub(super) frames: u64,
    /// Bytes of them.
    pub(super) bytes: u64,
    /// Messages left out after a break, up to the next key frame.
    pub(super) skipped: u64,
    /// Connections after the first.
    pub(super) reconnects: u64,
}

impl Summary {
    /// How it is told.
    pub(super) fn told(self) -> Told {
        Told {
            fields: self.fields(),
            // Where nothing was published, the failure says it all.
            sentence: self.connect.is_some().then(|| self.sentence()),
            outcome: match self.ended {
                Ended::Interrupted => Err(Failure::Interrupted),
                Ended::Failed(failure) => Err(failure),
                Ended::Complete | Ended::Duration => Ok(()),
            },
        }
    }

    /// For programs.
    fn fields(&self) -> Map<String, Value> {
        let mut object = self.way.clone();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let ended = match &self.ended {
            Ended::Complete => "complete",
            Ended::Duration => "duration",
            Ended::Interrupted => "interrupted",
            Ended::Failed(_) => "failed",
        };
        let fields = [
            ("connect_ms", json!(self.connect.map(millis))),
            ("frames", json!(self.totals.frames)),
            ("bytes", json!(self.totals.bytes)),
            ("skipped", json!(self.totals.skipped)),
            ("reconnects", json!(self.totals.reconnects)),
            ("duration_ms", json!(millis(self.published))),
            ("ended", json!(ended)),
        ];
        for (name, value) in fields {
            object.insert(name.to_owned(), value);
        }
        object
    }

    /// One sentence for people.
    fn sentence(&self) -> String {
        let why = match &self.ended {
            Ended::Complete => "that was all of it",
            Ended::Duration => "the time is over",
            Ended::Interrupted => "interrupted",
            Ended::Failed(_) => "it failed",
        };
        let (time, size) = (Clock(self.published), Size(self.totals.bytes));
        let again = match self.totals.reconnects {
            0 => String::new(),
            1 => " over 2 connections".to_owned(),
            more => format!(" over {} connections", more.saturating_add(1)),
        };
        format!("published {time}, {size}{again}: {why}")
    }
}
