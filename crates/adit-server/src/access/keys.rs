//! Stream keys: secrets to publish with, apart from the names under which streams are played.

use std::borrow::Cow;
use std::collections::HashMap;
use std::fmt;
use std::io;
use std::str::FromStr;

use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;

use super::pattern::Pattern;
use super::request::Place;
use crate::limits::{STREAM_KEY_BYTES, STREAM_KEYS};

/// Keys, and what may be published with each. [`Debug`](fmt::Debug) shows none of them.
///
/// A file of them has lines of a key and a place, with `*` for any text in it:
///
/// ```
/// let keys: adit_server::access::StreamKeys = "
/// ## The studio puts its key where OBS wants the stream key: rtmp://HOST/live + 5f3a…
/// ## and is seen as rtmp://HOST/live/studio
/// 5f3a61c09be84d5a live/studio
/// ## Any stream of any application: rtmp://HOST/live/NAME?key=77aa…
/// 77aa8b1b3c4d5e6f *
/// ".parse()?;
/// assert_eq!(keys.len(), 2);
/// # Ok::<(), adit_server::access::KeysError>(())
/// ```
#[derive(Clone, Default)]
pub struct StreamKeys(HashMap<Digest, Grant>);

/// Keys are looked up by what cannot be found out step by step.
type Digest = [u8; 32];

/// What may be published with a key.
#[derive(Clone, Debug)]
pub(super) struct Grant {
    application: Pattern,
    stream: Pattern,
}

/// What is wrong with a list of keys, and in which line. No key is in it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct KeysError {
    /// The number of the line, from 1.
    pub line: usize,
    /// What is wrong with it.
    pub what: &'static str,
}

impl StreamKeys {
    /// How many there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// A key that nobody guesses: 32 hexadecimal digits.
    ///
    /// # Errors
    /// The system has no random bytes.
    pub fn random() -> io::Result<String> {
        let mut random = [0; 16];
        getrandom::getrandom(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(hex::encode(random))
    }

    /// Adds a key for streams that are called so: `application/stream`, `application/instance/stream`, or `*` for all.
    ///
    /// # Errors
    /// The key has signs that an address changes, is too short or too long or known already, there are too many, or the place means
    /// nothing.
    pub fn insert(&mut self, key: &str, place: &str) -> Result<(), &'static str> {
        if key.len() < SHORTEST {
            return Err("a key of fewer than 8 characters is guessed too soon");
        }
        if key.len() > STREAM_KEY_BYTES {
            return Err("the key is longer than 128 bytes");
        }
        if !key.bytes().all(survives_addresses) {
            return Err("the key has other signs than letters, digits and . _ ~ -");
        }
        let (application, stream) = match place.rsplit_once('/') {
            Some((application, stream)) => (application, stream),
            None if place == "*" => ("*", "*"),
            None => return Err("the place is not APPLICATION/STREAM, nor * for all"),
        };
        if application.is_empty() || stream.is_empty() {
            return Err("the place has an empty part");
        }
        let pattern = |text: &str| Pattern::from_str(text).map_err(|_| "the place is too long");
        let grant = Grant {
            application: pattern(application)?,
            stream: pattern(stream)?,
        };
        if self.0.len() >= STREAM_KEYS {
            return Err("more than 10000 keys");
        }
        if self.0.insert(digest(key), grant).is_some() {
            return Err("this key is in the list already");
        }
        Ok(())
    }

    /// Adds the keys of one application: lines as in a file of keys, but with the place as it is inside of it, `stream`, `instance/stream`,
    /// or `*` for all its streams.
    ///
    /// ```
    /// let mut keys = adit_server::access::StreamKeys::default();
    /// keys.insert_lines_of("live", "5f3a61c09be84d5a studio\n77aa8b1b3c4d5e6f *")?;
    /// assert_eq!(keys.len(), 2);
    /// # Ok::<(), adit_server::access::KeysError>(())
    /// ```
    ///
    /// # Errors
    /// As for a file of keys; those of the lines before are added then.
    pub fn insert_lines_of(&mut self, application: &str, text: &str) -> Result<(), KeysError> {
        self.insert_lines(text, |place| Cow::Owned(format!("{application}/{place}")))
    }

    fn insert_lines<'t>(
        &mut self,
        text: &'t str,
        whole: impl Fn(&'t str) -> Cow<'t, str>,
    ) -> Result<(), KeysError> {
        for (line, text) in (1..).zip(text.lines()) {
            let text = text.trim();
            if text.is_empty() || text.starts_with('#') {
                continue;
            }
            let what = "not a key and a place with a space between them";
            let (key, place) = text
                .split_once(char::is_whitespace)
                .ok_or(KeysError { line, what })?;
            self.insert(key, &whole(place.trim()))
                .map_err(|what| KeysError { line, what })?;
        }
        Ok(())
    }

    /// What may be published with it, if it is one.
    pub(super) fn grant(&self, key: &str) -> Option<&Grant> {
        if self.0.is_empty() || key.len() > STREAM_KEY_BYTES {
            return None;
        }
        self.0.get(&digest(key))
    }
}

impl Grant {
    /// Whether it is for what lies there.
    pub(super) fn covers_application(&self, place: &Place) -> bool {
        self.application
            .matches_application(&place.application, &place.instance)
    }

    /// Whether it is for streams of this name.
    pub(super) fn covers_stream(&self, name: &str) -> bool {
        self.stream.matches(name)
    }

    /// The name of the one stream that it is for.
    pub(super) fn only_stream(&self) -> Option<&str> {
        self.stream.is_name().then(|| self.stream.as_str())
    }

    /// What it is for, which may stand in logs.
    pub(super) fn words(&self) -> String {
        format!("the key of {}/{}", self.application, self.stream)
    }
}

impl FromStr for StreamKeys {
    type Err = KeysError;

    /// Reads lines of a key, white space and a place; empty lines and those that begin with `#` count for nothing.
    fn from_str(text: &str) -> Result<Self, KeysError> {
        let mut keys = Self::default();
        keys.insert_lines(text, Cow::Borrowed)?;
        Ok(keys)
    }
}

impl fmt::Debug for StreamKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set().entries(self.0.values()).finish()
    }
}

/// Whether two secrets are the same, in a time that says nothing about where they differ.
pub(super) fn is_same(one: &str, other: &str) -> bool {
    digest(one).ct_eq(&digest(other)).into()
}

fn digest(text: &str) -> Digest {
    Sha256::digest(text).into()
}

/// Whether a sign means nothing in a URL or a query.
fn survives_addresses(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"._~-".contains(&byte)
}

/// Shorter keys are found in no time, however slow guessing is made.
const SHORTEST: usize = 8;

#[cfg(test)]
mod tests;
