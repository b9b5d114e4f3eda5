//! Why something is not recorded, in words for its publisher and for whoever runs the server.

use std::fmt;
use std::io;

use adit_rtmp::command::StatusCode;
use thiserror::Error;

use super::journal::Unclaimed;
use crate::media_root::BadName;

/// Why a stream is not recorded, or not any more. The stream itself goes on.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(crate) enum RecordError {
    /// Its name is no name of a file.
    #[error("it cannot be recorded under this name: {0}")]
    Name(#[from] BadName),
    /// As many recordings as there may be.
    #[error("{0} streams are recorded already, and no more may be")]
    TooMany(usize),
    /// Another stream is being recorded to the same file.
    #[error("another stream is being recorded to this file")]
    Busy,
    /// The server may not write there.
    #[error("the server may not write there: {0}")]
    NoAccess(String),
    /// No room is left.
    #[error("the disk is full")]
    NoSpace,
    /// Less is free than has to stay free.
    #[error("the disk is nearly full: {} of it stay free", Bytes(*.0))]
    Reserve(u64),
    /// It has come to as many bytes as one stream may.
    #[error("it has come to {}, and no stream may be recorded longer", Bytes(*.0))]
    TooLong(u64),
    /// The disk did not do what it was asked to.
    #[error("the disk failed: {0}")]
    Disk(String),
    /// The system gave no thread, or a defect of ours.
    #[error("the server could not go on with it: {0}")]
    Server(String),
}

impl RecordError {
    /// How the publisher is told.
    pub(crate) const fn code(&self) -> StatusCode {
        match self {
            Self::Name(_) | Self::Busy | Self::NoAccess(_) => StatusCode::RecordNoAccess,
            _ => StatusCode::RecordFailed,
        }
    }

    /// Whether it may be over as soon as somebody makes room, so that nothing is gained by trying at once.
    pub(super) const fn is_lasting(&self) -> bool {
        !matches!(self, Self::Disk(_))
    }
}

impl From<io::Error> for RecordError {
    fn from(error: io::Error) -> Self {
        use io::ErrorKind::{PermissionDenied, QuotaExceeded, ReadOnlyFilesystem, StorageFull};
        match error.kind() {
            StorageFull | QuotaExceeded => Self::NoSpace,
            PermissionDenied | ReadOnlyFilesystem => Self::NoAccess(error.to_string()),
            _ => Self::Disk(error.to_string()),
        }
    }
}

impl From<Unclaimed> for RecordError {
    fn from(unclaimed: Unclaimed) -> Self {
        match unclaimed {
            Unclaimed::Busy => Self::Busy,
            Unclaimed::Failed(error) => error.into(),
        }
    }
}

/// A size in the largest unit of which there are ten at least.
struct Bytes(u64);

impl fmt::Display for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut size = self.0;
        let mut units = ["B", "KiB", "MiB", "GiB", "TiB"].into_iter();
        let mut unit = units.next().unwrap_or_default();
        while size >= 10 * 1024
            && let Some(larger) = units.next()
        {
            (size, unit) = (size / 1024, larger);
        }
        write!(f, "{size} {unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_told_in_units_that_fit() {
        let check = |bytes: u64, expected: &str| {
            let told = RecordError::Reserve(bytes).to_string();
            let expected = format!("the disk is nearly full: {expected} of it stay free");
            assert_eq!(told, expected);
        };
        check(50, "50 B");
        check(614_400, "600 KiB");
        check(3 << 20, "3072 KiB");
        check(1 << 30, "1024 MiB");
        check(1 << 40, "1024 GiB");
        check(u64::MAX, "16777215 TiB");
    }
}
