//! The flags of who may publish and play.

use std::path::PathBuf;

use clap::Args;

use super::EncoderAuth;
use crate::config::access::Who;

/// Who may publish and play.
#[derive(Debug, Args)]
pub(crate) struct Access {
    /// Who may publish
    /// [default: local, or key with --encoder-users]
    #[arg(long, value_enum, value_name = "WHO")]
    pub(crate) publish: Option<Who>,

    /// Who may play
    /// [default: anyone]
    #[arg(long, value_enum, value_name = "WHO")]
    pub(crate) play: Option<Who>,

    /// Keys to publish with: a file with lines of `KEY APP/STREAM`, where * stands for any text
    /// [default: publish-key in the state directory, made at the first start]
    #[arg(long, value_name = "FILE")]
    pub(crate) stream_keys: Option<PathBuf>,

    /// Who may publish: a file with lines of `user:password`; encoders have to log in, players do not
    #[arg(long, value_name = "FILE")]
    pub(crate) encoder_users: Option<PathBuf>,

    /// How encoders are asked to log in
    /// [default: adobe]
    #[arg(long, value_enum)]
    pub(crate) encoder_auth: Option<EncoderAuth>,
}
