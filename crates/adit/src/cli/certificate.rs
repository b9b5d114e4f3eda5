//! The flags about the certificate of a server.

use std::path::PathBuf;

use clap::Args;

/// Where the certificate comes from; without any of these a self-signed one is made.
#[derive(Debug, Args)]
pub(crate) struct Certificate {
    /// Certificate chain in PEM; read again whenever the file changes
    #[arg(long, value_name = "FILE")]
    pub(crate) cert: Option<PathBuf>,

    /// Private key of the certificate in PEM
    #[arg(long, value_name = "FILE")]
    pub(crate) key: Option<PathBuf>,

    /// Host name of the server, for which a certificate is had from Let's Encrypt and renewed, in place of the self-signed one;
    /// repeat for more. Port 80 of each has to lead here
    #[cfg(feature = "acme")]
    #[arg(long, value_name = "NAME", conflicts_with = "cert")]
    pub(crate) acme: Vec<String>,
}
