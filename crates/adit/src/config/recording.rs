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
}

impl Default for Recording {
    fn default() -> Self {
        Self {
            all: false,
            sync: Sync(SyncInterval::default()),
        }
    }
}
