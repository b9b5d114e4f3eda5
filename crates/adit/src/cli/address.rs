//! The address of a stream on the command line, which may hold passwords and keys.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

use adit_client::{AddressError, Target};
use thiserror::Error;

/// An address as it was typed. It is taken apart later, when the key is known, so that no message repeats it.
#[derive(Clone)]
pub(crate) struct Address(String);

/// Why there is no stream at an address.
#[derive(Debug, Error)]
pub(crate) enum AddressMistake {
    /// It is no address.
    #[error(transparent)]
    Address(#[from] AddressError),
    /// It ends with the application.
    #[error("the address names an application, but no stream in it")]
    NoStream,
}

impl Address {
    /// The stream of that `key` on the server of the address, or the stream that the address names.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn target(&self, key: Option<&str>) -> Result<Target, AddressError> {
        match key {
            Some(key) => Target::from_server_and_key(&self.0, key),
            None => Target::parse(&self.0),
        }
    }
}

impl FromStr for Address {
    type Err = Infallible;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Ok(Self(text.to_owned()))
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Address(***)")
    }
}

/// A message of the argument parser in which nothing is repeated that may hold a password or a key: values that look like
/// addresses, and what follows `--key`.
pub(crate) fn without_secrets(message: &str, arguments: impl Iterator<Item = String>) -> String {
    let mut message = message.to_owned();
    let mut key_follows = false;
    for argument in arguments {
        let (flag, value) = match argument.split_once('=') {
            Some((flag, value)) if flag.starts_with("--") => (flag, value),
            _ => ("", argument.as_str()),
        };
        let is_key = key_follows || flag == "--key";
        if !value.is_empty() && (is_key || value.contains("://") || value.contains('@')) {
            message = message.replace(value, "***");
        }
        key_follows = argument == "--key";
    }
    message
}
