//! `[log]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::OpenTelemetry;
use super::units::Level;
use crate::cli::LogFormat;
use crate::log::USUAL_LEVEL;

/// The log on standard error.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Log {
    /// What is logged: off, error, warn, info, debug or trace, and after a comma what is different for a part of the server, as in
    /// `info,adit_net=debug`. The variable `ADIT_LOG` sets it too.
    pub(crate) level: Level,
    /// How lines are written.
    pub(crate) format: LogFormat,
    /// Spans for a collector.
    pub(crate) opentelemetry: OpenTelemetry,
}

impl Default for Log {
    fn default() -> Self {
        Self {
            level: Level(USUAL_LEVEL.to_owned()),
            format: LogFormat::Pretty,
            opentelemetry: OpenTelemetry::default(),
        }
    }
}
