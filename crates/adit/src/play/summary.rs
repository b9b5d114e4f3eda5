//! How playing went.

use std::time::Duration;

use serde_json::{Map, Value, json};

use super::figures::Figures;
use crate::connect::{Failure, Told};
use crate::progress::{Clock, Size};

/// How it went.
pub(super) struct Summary {
    /// Why it ended.
    pub(super) ended: Ended,
    /// What is told about the way, if there was one.
    pub(super) way: Map<String, Value>,
    pub(super) connect: Option<Duration>,
    pub(super) first: Option<Duration>,
    pub(super) figures: Figures,
    pub(super) written: Option<u64>,
    /// Connections after the first.
    pub(super) reconnects: u64,
}

/// Why a stream is not played on.
#[derive(Debug)]
pub(super) enum Ended {
    /// The time that was asked for is over.
    Duration,
    /// The publisher has ended it.
    Unpublished,
    /// A recording has come to its end.
    Complete,
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
            Self::OutputClosed => "output-closed",
            Self::Interrupted => "interrupted",
            Self::Failed(_) => "failed",
        }
    }
}

impl Summary {
    /// How it is told.
    pub(super) fn told(self) -> Told {
        Told {
            fields: self.fields(),
            // Where nothing was played, the failure says it all.
            sentence: self.connect.is_some().then(|| self.sentence()),
            outcome: match self.ended {
                Ended::Interrupted => Err(Failure::Interrupted),
                Ended::Failed(failure) => Err(failure),
                _ => Ok(()),
            },
        }
    }

    /// For programs.
    fn fields(&self) -> Map<String, Value> {
        let mut object = self.way.clone();
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let fields = [
            ("connect_ms", json!(self.connect.map(millis))),
            ("first_media_ms", json!(self.first.map(millis))),
            ("frames", json!(self.figures.frames)),
            ("bytes", json!(self.figures.bytes)),
            ("reconnects", json!(self.reconnects)),
            ("duration_ms", json!(millis(self.figures.duration()))),
            ("ended", json!(self.ended.as_str())),
        ];
        for (name, value) in fields {
            object.insert(name.to_owned(), value);
        }
        object
    }

    /// One sentence for people.
    fn sentence(&self) -> String {
        let why = match &self.ended {
            Ended::Duration => "the time is over",
            Ended::Unpublished => "the publisher has ended the stream",
            Ended::Complete => "that was all of it",
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
        let again = match self.reconnects {
            0 => String::new(),
            1 => " over 2 connections".to_owned(),
            more => format!(" over {} connections", more.saturating_add(1)),
        };
        format!("{verb} {played}, {size}{again}: {why}")
    }
}
