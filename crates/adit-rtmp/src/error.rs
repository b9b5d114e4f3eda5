//! Whose fault an error is.

use std::fmt;

/// Whose fault an error is; every error of this crate has a `fault()`.
///
/// A shell decides by it what to count, what to log at which level and whether a retry can help.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Fault {
    /// The peer broke the protocol.
    Peer,
    /// The peer went past a limit of ours; with a larger limit it would have been legal.
    Limit,
    /// The peer speaks another protocol, or a variant of this one that we do not speak.
    Incompatible,
    /// Our own caller did something that the documentation forbids.
    ApiMisuse,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Peer => "peer",
            Self::Limit => "limit",
            Self::Incompatible => "incompatible",
            Self::ApiMisuse => "api misuse",
        })
    }
}
