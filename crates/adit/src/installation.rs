//! The server that this machine has, as its configuration describes it.

use std::fs;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::path::PathBuf;

use crate::config::Config;
use crate::serve;

/// Where the token of the API is.
#[derive(Debug)]
pub(crate) enum TokenPlace {
    /// In the configuration.
    Configuration(String),
    /// In the file that the server makes.
    File(PathBuf),
}

impl TokenPlace {
    /// As the configuration says.
    pub(crate) fn of(config: &Config) -> Self {
        match &config.api.token {
            Some(secret) => Self::Configuration(secret.0.clone()),
            None => Self::File(serve::state_directory_of(config).join("api-token")),
        }
    }

    /// The token.
    ///
    /// # Errors
    /// The file, and why it cannot be read.
    pub(crate) fn read(self) -> Result<String, (PathBuf, io::Error)> {
        match self {
            Self::Configuration(token) => Ok(token),
            Self::File(path) => match fs::read_to_string(&path) {
                Ok(text) => Ok(text.trim().to_owned()),
                Err(error) => Err((path, error)),
            },
        }
    }
}

/// How a program on this machine reaches what listens there.
pub(crate) fn from_here(listen: SocketAddr) -> SocketAddr {
    let ip = match listen.ip() {
        IpAddr::V4(ip) if ip.is_unspecified() => Ipv4Addr::LOCALHOST.into(),
        IpAddr::V6(ip) if ip.is_unspecified() => Ipv6Addr::LOCALHOST.into(),
        ip => ip,
    };
    SocketAddr::new(ip, listen.port())
}
