//! Where a stream key comes from that is not in the URL.

use std::env::{self, VarError};
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use adit_client::{Secret, Target};

use super::{Failure, secrets};
use crate::cli::{Address, Key};
use crate::ui;

/// The variable that holds the key for a URL that names none.
const VARIABLE: &str = "ADIT_STREAM_KEY";

/// The longest first line of a key file, in bytes with its end.
const LONGEST: u64 = 4096;

/// The stream that the address and the key name; the application alone if there is neither.
///
/// # Errors
/// When the address is wrong, or the key cannot be read.
pub(super) fn target(address: &Address, key: &Key) -> Result<Target, Failure> {
    let target = named(address, key)?;
    secrets::hide(&target);
    Ok(target)
}

/// The application that the address names.
///
/// # Errors
/// When the address is wrong.
pub(super) fn application(address: &Address) -> Result<Target, Failure> {
    let target = address.application()?;
    secrets::hide(&target);
    Ok(target)
}

/// What the address names, a stream or not.
///
/// # Errors
/// When the address is wrong.
pub(super) fn address(address: &Address) -> Result<Target, Failure> {
    let target = address.target(None)?;
    secrets::hide(&target);
    Ok(target)
}

fn named(address: &Address, key: &Key) -> Result<Target, Failure> {
    if let Some(key) = &key.key {
        return Ok(address.target(Some(key.expose()))?);
    }
    if let Some(path) = &key.key_file {
        let line = first_line(path).map_err(|why| Failure::Key {
            path: path.clone(),
            why,
        })?;
        return Ok(address.target(Some(line.expose()))?);
    }
    let target = address.target(None)?;
    match env::var(VARIABLE) {
        Ok(key) if key.is_empty() => Ok(target),
        Err(VarError::NotPresent) => Ok(target),
        _ if target.has_stream() => {
            ui::note(&format!(
                "{VARIABLE} is not used, because the URL names a stream"
            ));
            Ok(target)
        }
        Ok(key) => Ok(address.target(Some(&key))?),
        Err(VarError::NotUnicode(_)) => Err(Failure::Usage {
            text: format!("{VARIABLE} is not UTF-8"),
        }),
    }
}

/// The first line of a file, `-` for standard input.
///
/// # Errors
/// It cannot be read, is empty, or too long.
pub(crate) fn first_line(path: &Path) -> io::Result<Secret> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut line = String::new();
    let read = BufReader::new(source.take(LONGEST + 1)).read_line(&mut line)?;
    if read > usize::try_from(LONGEST).unwrap_or(usize::MAX) {
        let text = format!("its first line is longer than {LONGEST} bytes");
        return Err(io::Error::other(text));
    }
    let key = line.trim_end_matches(['\r', '\n']);
    if key.is_empty() {
        return Err(io::Error::other("its first line is empty"));
    }
    Ok(key.into())
}
