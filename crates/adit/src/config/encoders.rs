//! `[encoders]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Place;
use crate::cli::EncoderAuth;

/// Logins of encoders, as Adobe's servers ask for them. Players need none.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Encoders {
    /// File with lines of `user:password`: who may publish. Without it no login is asked for.
    pub(crate) users: Option<Place>,
    /// How encoders are asked to log in.
    pub(crate) auth: EncoderAuth,
}

impl Default for Encoders {
    fn default() -> Self {
        Self {
            users: None,
            auth: EncoderAuth::Adobe,
        }
    }
}
