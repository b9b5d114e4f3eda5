//! `[access.callbacks]`

use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{AppHook, Hook, Secret, Span};

/// Programs that are asked over HTTP about what `[access]` allows: an answer of 2xx is a yes, all else and no answer a no.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Callbacks {
    /// Asked when somebody connects.
    pub(crate) connect: Option<Hook>,
    /// Asked when somebody publishes.
    pub(crate) publish: Option<Hook>,
    /// Asked when somebody plays.
    pub(crate) play: Option<Hook>,
    /// Asked when what is published is to be recorded because the publisher wants it so.
    pub(crate) record: Option<Hook>,
    /// Told when an RTMP connection, a publication or a play in one is over.
    pub(crate) ended: Option<Hook>,
    /// Signs what is asked: `Adit-Signature: sha256=` and the HMAC-SHA256 of the body.
    pub(crate) secret: Option<Secret>,
    /// How long is waited for an answer.
    pub(crate) time: Span,
}

impl Default for Callbacks {
    fn default() -> Self {
        Self {
            connect: None,
            publish: None,
            play: None,
            record: None,
            ended: None,
            secret: None,
            time: Span(Duration::from_secs(3)),
        }
    }
}

/// Programs that are asked about one application. What is not set is as in `[access.callbacks]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct AppCallbacks {
    /// Asked when somebody connects.
    pub(crate) connect: Option<AppHook>,
    /// Asked when somebody publishes.
    pub(crate) publish: Option<AppHook>,
    /// Asked when somebody plays.
    pub(crate) play: Option<AppHook>,
    /// Asked when what is published is to be recorded because the publisher wants it so.
    pub(crate) record: Option<AppHook>,
    /// Told when an RTMP connection, a publication or a play in one is over.
    pub(crate) ended: Option<AppHook>,
    /// Signs what is asked.
    pub(crate) secret: Option<Secret>,
    /// How long is waited for an answer.
    pub(crate) time: Option<Span>,
}
