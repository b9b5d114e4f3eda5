//! How playing went.

use std::time::Duration;

use serde_json::json;

use super::figures::Figures;
use super::output::Written;
use crate::connect::{Connections, Done, Ended, Told, millis};

/// How it went.
pub(super) struct Summary {
    /// Why it ended.
    pub(super) ended: Ended,
    pub(super) connections: Connections,
    /// From the start of the command to the first picture or sound.
    pub(super) first: Option<Duration>,
    pub(super) figures: Figures,
    /// What the file has, if there was to be one.
    pub(super) written: Option<Written>,
}

impl Summary {
    /// How it is told.
    pub(super) fn told(self) -> Told {
        let done = Done {
            verb: match self.written {
                Some(_) => "wrote",
                None => "played",
            },
            time: match self.written {
                Some(written) => written.time,
                None => self.figures.duration(),
            },
            bytes: match self.written {
                Some(written) => written.bytes,
                None => self.figures.bytes,
            },
            fields: [
                ("first_media_ms", json!(self.first.map(millis))),
                ("frames", json!(self.figures.frames)),
                ("bytes", json!(self.figures.bytes)),
            ],
        };
        self.connections.told(done, self.ended)
    }
}
