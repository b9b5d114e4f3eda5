//! What is kept about the certificate that was issued.

use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use adit_net::tls::{Readers, write_whole};
use serde::{Deserialize, Serialize};
use tokio::task::spawn_blocking;

use super::{AcmeConfig, AcmeError};

/// Which certificate is there, so that the one made for the time before it, or for other names, is not taken for it.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Record {
    directory: String,
    names: Vec<String>,
    /// Seconds since 1970.
    issued_at: u64,
}

impl Record {
    pub(super) fn new(config: &AcmeConfig, now: SystemTime) -> Self {
        let since = now.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self {
            directory: config.directory.clone(),
            names: config.names.clone(),
            issued_at: since.as_secs(),
        }
    }

    pub(super) async fn read(path: &Path) -> Option<Self> {
        let text = tokio::fs::read(path).await.ok()?;
        serde_json::from_slice(&text).ok()
    }

    pub(super) async fn write(&self, path: &Path) -> Result<(), AcmeError> {
        let failed = |cause: String| AcmeError::File {
            path: path.to_owned(),
            cause,
        };
        let text = serde_json::to_vec(self).map_err(|error| failed(error.to_string()))?;
        let place = path.to_owned();
        let written = spawn_blocking(move || write_whole(&place, &text, Readers::Everybody)).await;
        let written = written.unwrap_or_else(|defect| Err(defect.into()));
        written.map_err(|error| failed(error.to_string()))
    }

    /// When the certificate, which is good until `end`, is to be renewed: after two thirds of its life. `None` where it is not the one
    /// that is configured.
    pub(super) fn due(&self, config: &AcmeConfig, end: SystemTime) -> Option<SystemTime> {
        if self.directory != config.directory || self.names != config.names {
            return None;
        }
        let issued = UNIX_EPOCH.checked_add(Duration::from_secs(self.issued_at))?;
        let life = end.duration_since(issued).ok()?;
        issued.checked_add(life / 3 * 2)
    }
}
