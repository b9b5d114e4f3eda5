//! `[log]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cli::LogFormat;

/// The log on standard error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// How lines are written.
    pub(crate) format: LogFormat,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            format: LogFormat::Pretty,
        }
    }
}
