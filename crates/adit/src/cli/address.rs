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
    /// It names a stream, and the key another one.
    #[error("the URL names a stream and the key another one")]
    TwoStreams,
    /// It ends with the server.
    #[error("the address names no application")]
    NoApplication,
    /// It ends with the application.
    #[error("the address names no stream")]
    NoStream,
}

impl Address {
    /// The stream of that `key` on the server of the address, or the stream that the address names.
    ///
    /// # Errors
    /// When the address is none, or names a stream beside that of the key.
    pub(crate) fn target(&self, key: Option<&str>) -> Result<Target, AddressMistake> {
        let named = Target::parse(&self.0)?;
        let Some(key) = key else {
            return Ok(named);
        };
        if !named.name().is_empty() {
            return Err(AddressMistake::TwoStreams);
        }
        Ok(Target::from_server_and_key(&self.0, key)?)
    }

    /// The application that the address names: all of its path, whatever its depth.
    ///
    /// # Errors
    /// When the address is none.
    pub(crate) fn application(&self) -> Result<Target, AddressMistake> {
        let target = Target::from_server_and_key(&self.0, "")?;
        if target.app().is_empty() {
            return Err(AddressMistake::NoApplication);
        }
        Ok(target)
    }

    /// As it was typed, with whatever is secret in it.
    pub(crate) fn text(&self) -> &str {
        &self.0
    }

    /// Whether it names a port.
    pub(crate) fn has_port(&self) -> bool {
        Target::parse(&self.0).is_ok_and(|target| target.port().is_some())
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
            message = without_word(&message, value);
        }
        key_follows = argument == "--key";
    }
    message
}

/// An argument that no command expects, as it may be repeated: the name of an option. Anything else may be the stream key, and so may
/// what does not look like such a name.
pub(crate) fn unexpected(argument: &str) -> String {
    let (name, value) = match argument.split_once('=') {
        Some((name, _)) => (name, "=***"),
        None => (argument, ""),
    };
    let letters = name.trim_start_matches('-');
    let is_name = name.starts_with('-')
        && !letters.is_empty()
        && letters.len() <= LONGEST_NAME
        && letters
            .bytes()
            .all(|byte| byte.is_ascii_lowercase() || byte == b'-');
    if is_name {
        format!("{name}{value}")
    } else {
        "***".to_owned()
    }
}

/// Letters of the longest name of an option.
const LONGEST_NAME: usize = 24;

/// The text with `***` where `word` stands as a word or an argument of its own: a key of one letter is no reason to hide every such
/// letter.
fn without_word(text: &str, word: &str) -> String {
    let in_word = |c: char| c.is_alphanumeric() || c == '-' || c == '_';
    let mut shown = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once(word) {
        let begins = before.chars().next_back().or(shown.chars().next_back());
        let stands_alone = !begins.is_some_and(in_word) && !after.starts_with(in_word);
        shown.push_str(before);
        shown.push_str(if stands_alone { "***" } else { word });
        rest = after;
    }
    shown.push_str(rest);
    shown
}

#[cfg(test)]
mod tests;
