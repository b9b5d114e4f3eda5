//! Where a stream key comes from that is not in the URL.

use std::env;
use std::fs::File;
use std::io::{self, BufRead as _, BufReader, Read};
use std::path::Path;

use adit_client::{Secret, Target};

use super::{Failure, secrets};
use crate::cli::{Address, Key};

/// The variable that holds the key for a URL that names none.
const VARIABLE: &str = "ADIT_STREAM_KEY";

/// The longest first line of a key file, in bytes.
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
        let line = first_line(path).map_err(|source| Failure::Key {
            path: path.clone(),
            source,
        })?;
        return Ok(address.target(Some(line.expose()))?);
    }
    let target = address.target(None)?;
    match env::var(VARIABLE) {
        Ok(key) if !target.has_stream() && !key.is_empty() => Ok(address.target(Some(&key))?),
        _ => Ok(target),
    }
}

fn first_line(path: &Path) -> io::Result<Secret> {
    let source: Box<dyn Read> = if path == Path::new("-") {
        Box::new(io::stdin())
    } else {
        Box::new(File::open(path)?)
    };
    let mut line = String::new();
    BufReader::new(source.take(LONGEST)).read_line(&mut line)?;
    let key = line.trim_end_matches(['\r', '\n']);
    if key.is_empty() {
        return Err(io::Error::other("its first line is empty"));
    }
    Ok(key.into())
}
