//! How encoders log in.

use clap::ValueEnum;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The ways in which encoders log in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum EncoderAuth {
    /// As Adobe's servers do; what every encoder with a login knows
    Adobe,
    /// As Limelight's servers do
    Llnw,
}

impl From<EncoderAuth> for adit_server::LoginMethod {
    fn from(way: EncoderAuth) -> Self {
        match way {
            EncoderAuth::Adobe => Self::Adobe,
            EncoderAuth::Llnw => Self::Limelight,
        }
    }
}
