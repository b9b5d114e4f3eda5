//! `[apps.NAME]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::cli::AppKind;

/// An application: what clients find that connect to `rtmp://HOST/NAME`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct App {
    /// What the application does.
    pub(crate) kind: AppKind,
}
