//! The file that says who may publish.

use std::fs::File;
use std::io::{self, Read as _};
use std::path::{Path, PathBuf};

use adit_server::{EncoderLogin, EncoderUsers, UsersError};
use thiserror::Error;

use super::open_files;
use crate::config::Encoders;

/// Why a list of encoders cannot be used.
#[derive(Debug, Error)]
pub(crate) enum EncodersError {
    /// The file cannot be read.
    #[error("encoders.users {}: {source}", path.display())]
    File { path: PathBuf, source: io::Error },
    /// A line of it means nothing.
    #[error("encoders.users {}, {source}", path.display())]
    Content { path: PathBuf, source: UsersError },
}

/// The logins that were asked for, if any were.
///
/// # Errors
/// When the file cannot be read or a line of it means nothing.
pub(super) fn read(asked: &Encoders) -> Result<Option<EncoderLogin>, EncodersError> {
    let Some(path) = asked.users.as_ref().map(AsRef::<Path>::as_ref) else {
        return Ok(None);
    };
    let text = text(path).map_err(|source| EncodersError::File {
        path: path.to_owned(),
        source,
    })?;
    let users = text
        .parse::<EncoderUsers>()
        .map_err(|source| EncodersError::Content {
            path: path.to_owned(),
            source,
        })?;
    open_files::warn_of(path, "the passwords of the encoders");
    if users.is_empty() {
        tracing::warn!(file = %path.display(), "no encoder is listed: nobody can publish");
    }
    let mut login = EncoderLogin::new(users);
    login.method = asked.auth.into();
    Ok(Some(login))
}

/// The text of a file of the operator's, if it is not too long.
///
/// # Errors
/// It cannot be read, or is longer than any such file.
pub(super) fn text(path: &Path) -> io::Result<String> {
    let file = File::open(path)?;
    let mut text = String::new();
    file.take(LONGEST + 1).read_to_string(&mut text)?;
    if text.len() as u64 > LONGEST {
        let error = "longer than 4 MiB; it cannot be what it is to be";
        return Err(io::Error::new(io::ErrorKind::InvalidData, error));
    }
    Ok(text)
}

/// More than as many users as there may be can take.
const LONGEST: u64 = 4 * 1024 * 1024;
