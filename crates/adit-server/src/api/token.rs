//! The secret that whoever uses the API has to know.

use std::fmt;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use subtle::ConstantTimeEq as _;
use thiserror::Error;

use crate::secret_file::make_secret_file;

/// Fewer characters can be guessed.
const SHORTEST: usize = 16;

/// Random bytes of a token that is made.
const BYTES: usize = 32;

/// A secret; it is never printed.
#[derive(Clone)]
pub struct Token(String);

/// Why a secret cannot be used.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum TokenError {
    /// There is none.
    #[error("the token of the API is empty")]
    Empty,
    /// It can be guessed.
    #[error("the token of the API has fewer than {SHORTEST} characters")]
    Short,
    /// It has characters that a header field of HTTP cannot have.
    #[error("the token of the API has a blank, or a character that is not printable ASCII")]
    Characters,
    /// Others can read it.
    #[error("{}: others than its owner may read this token of the API", .0.display())]
    Open(PathBuf),
    /// Its file cannot be read or made.
    #[error("{}: {cause}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        cause: io::Error,
    },
}

impl Token {
    /// A secret that somebody has chosen.
    ///
    /// # Errors
    /// It is empty, short, or none for a header field.
    pub fn new(secret: &str) -> Result<Self, TokenError> {
        if secret.is_empty() {
            return Err(TokenError::Empty);
        }
        if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
            return Err(TokenError::Characters);
        }
        if secret.len() < SHORTEST {
            return Err(TokenError::Short);
        }
        Ok(Self(secret.to_owned()))
    }

    /// The secret in `path`; it is made if there is no such file, for its owner alone. Blocks.
    ///
    /// # Errors
    /// The file cannot be read or made, others may read it, or what is in it is no secret.
    pub fn keep(path: &Path) -> Result<Self, TokenError> {
        let failed = |cause| TokenError::File {
            path: path.to_owned(),
            cause,
        };
        match fs::symlink_metadata(path) {
            Ok(metadata) if metadata.permissions().mode() & 0o077 != 0 => {
                Err(TokenError::Open(path.to_owned()))
            }
            Ok(_) => Self::new(fs::read_to_string(path).map_err(failed)?.trim()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Self::make(path).map_err(failed)
            }
            Err(error) => Err(failed(error)),
        }
    }

    fn make(path: &Path) -> io::Result<Self> {
        let mut random = [0; BYTES];
        getrandom::getrandom(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        let secret = hex::encode(random);
        make_secret_file(path, &format!("{secret}\n"))?;
        Ok(Self(secret))
    }

    /// Whether that is it, in the same time for every wrong one of its length.
    pub(super) fn is(&self, said: &str) -> bool {
        self.0.as_bytes().ct_eq(said.as_bytes()).into()
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Token(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_is_long_enough_and_fits_a_header_field() {
        assert!(matches!(Token::new(""), Err(TokenError::Empty)));
        assert!(matches!(
            Token::new("fifteen-bytes-x"),
            Err(TokenError::Short)
        ));
        assert!(matches!(
            Token::new("with a blank in it"),
            Err(TokenError::Characters)
        ));
        assert!(matches!(
            Token::new("größer-als-sechzehn"),
            Err(TokenError::Characters)
        ));
        let token = Token::new("sixteen-bytes-xy").unwrap();
        assert!(token.is("sixteen-bytes-xy"));
        for wrong in [
            "",
            "sixteen-bytes-xz",
            "sixteen-bytes-xy ",
            "sixteen-bytes-x",
        ] {
            assert!(!token.is(wrong), "{wrong}");
        }
        assert_eq!(format!("{token:?}"), "Token(***)");
    }

    #[test]
    fn a_secret_is_made_once_for_its_owner_alone_and_one_that_others_may_read_is_refused() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("state/api-token");
        let made = Token::keep(&path).unwrap();
        let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!(mode(&path), 0o600);
        let text = fs::read_to_string(&path).unwrap();
        assert_eq!(text.trim().len(), 64);
        assert!(made.is(text.trim()) && Token::keep(&path).unwrap().is(text.trim()));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(Token::keep(&path), Err(TokenError::Open(_))));
        fs::set_permissions(&path, fs::Permissions::from_mode(0o600)).unwrap();
        fs::write(&path, "\n").unwrap();
        assert!(matches!(Token::keep(&path), Err(TokenError::Empty)));
    }
}
