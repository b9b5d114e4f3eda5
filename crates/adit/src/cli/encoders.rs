//! The flags about logins of encoders.

use std::path::PathBuf;

use clap::{Args, ValueEnum};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Who may publish, by a login.
#[derive(Debug, Args)]
pub(crate) struct Encoders {
    /// Who may publish: a file with lines of `user:password`; encoders have to log in, players do not
    #[arg(long, value_name = "FILE")]
    pub(crate) encoder_users: Option<PathBuf>,

    /// How encoders are asked to log in
    /// [default: adobe]
    #[arg(long, value_enum)]
    pub(crate) encoder_auth: Option<EncoderAuth>,
}

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
