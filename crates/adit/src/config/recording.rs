//! `[recording]`

use adit_server::SyncInterval;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Sync;

/// Recordings of live streams, in the directory `server.media`.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Recording {
    /// Record every stream that is published, not only those whose publisher asks for it.
    pub(crate) all: bool,
    /// What a loss of power may cost of a recording; `off` leaves it to the operating system.
    pub(crate) sync: Sync,
    /// What the end of the process may cost of a recording.
    pub(crate) flush: Flush,
}

/// When what is received is handed to the operating system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Flush {
    /// A quarter of a second, in which messages wait to be written together
    Gathered,
    /// Nothing that could be written: each message is, at once
    EachMessage,
}

impl From<Flush> for adit_server::Flush {
    fn from(flush: Flush) -> Self {
        match flush {
            Flush::Gathered => Self::Gathered,
            Flush::EachMessage => Self::EachMessage,
        }
    }
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            all: false,
            sync: Sync(SyncInterval::default()),
            flush: Flush::Gathered,
        }
    }
}
