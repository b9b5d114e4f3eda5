//! How publishing went.

use std::time::Duration;

use serde_json::json;

use crate::connect::{Connections, Done, Ended, Told};

/// How publishing went.
#[derive(Debug)]
pub(crate) struct Summary {
    /// Why it ended.
    pub(super) ended: Ended,
    pub(super) connections: Connections,
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
}

impl Summary {
    /// How it is told.
    pub(super) fn told(self) -> Told {
        let done = Done {
            verb: "published",
            time: self.published,
            bytes: self.totals.bytes,
            fields: [
                ("frames", json!(self.totals.frames)),
                ("bytes", json!(self.totals.bytes)),
                ("skipped", json!(self.totals.skipped)),
            ],
        };
        self.connections.told(done, self.ended)
    }
}
