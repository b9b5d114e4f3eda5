//! How playing went.

use std::time::Duration;

use serde_json::json;

use super::figures::Figures;
use crate::connect::{Connections, Done, Ended, Told, millis};

/// How it went.
pub(super) struct Summary {
    /// Why it ended.
    pub(super) ended: Ended,
    pub(super) connections: Connections,
    /// From the start of the command to the first picture or sound.
    pub(super) first: Option<Duration>,
    pub(super) figures: Figures,
    pub(super) written: Option<u64>,
}

impl Summary {
    /// How it is told.
    pub(super) fn told(self) -> Told {
        let done = Done {
            verb: match self.written {
                Some(_) => "wrote",
                None => "played",
            },
            time: self.figures.duration(),
            bytes: self.written.unwrap_or(self.figures.bytes),
            fields: [
                ("first_media_ms", json!(self.first.map(millis))),
                ("frames", json!(self.figures.frames)),
                ("bytes", json!(self.figures.bytes)),
            ],
        };
        self.connections.told(done, self.ended)
    }
}
