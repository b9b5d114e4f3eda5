//! Earlier recordings of a name, which keep their content under another: `cam.flv` becomes `cam~1.flv`, the next one `cam~2.flv`.
//! No clock has a part in that: when something was recorded stands in its sidecar.

use std::ffi::OsStr;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::disk::Disk;
use super::sidecar;
use crate::media_root::BEFORE_NUMBER;

/// So many numbers are tried that others take at the same moment.
const TRIES: u64 = 1000;

/// Frees the name `media` if it is taken, and says what the file is called from now on.
///
/// Numbers grow, so the highest is the latest. Nothing that exists is overwritten.
pub(super) fn set_aside(disk: &Disk, media: &Path) -> io::Result<Option<PathBuf>> {
    match fs::symlink_metadata(media) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
        Ok(_) => {}
    }
    let highest = highest(media)?;
    for number in (highest + 1)..(highest + TRIES) {
        let aside = numbered(media, number);
        match give(disk, media, &aside) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            Err(error) => return Err(error),
            Ok(()) => {
                disk.sync_directory(media)?;
                return Ok(Some(aside));
            }
        }
    }
    Err(io::Error::other(
        "no number is free for the earlier recording",
    ))
}

/// Renames a recording with what stands beside it.
fn give(disk: &Disk, media: &Path, aside: &Path) -> io::Result<()> {
    let (known, kept) = (sidecar::path(media), sidecar::path(aside));
    let is_known = known.exists();
    if is_known {
        disk.rename_to_new(&known, &kept)?;
    }
    disk.rename_to_new(media, aside).inspect_err(|_| {
        if is_known {
            // If this fails too it is made anew.
            drop(disk.rename_to_new(&kept, &known));
        }
    })
}

/// The highest number that an earlier recording of `media` has; 0 if there is none.
fn highest(media: &Path) -> io::Result<u64> {
    let (Some(directory), Some(stem), Some(extension)) = (
        media.parent(),
        stem(media),
        media.extension().and_then(OsStr::to_str),
    ) else {
        return Ok(0);
    };
    let mut highest = 0;
    for entry in fs::read_dir(directory)? {
        let name = entry?.file_name();
        let number = name.to_str().and_then(|name| {
            let number = name.strip_prefix(stem)?.strip_prefix(BEFORE_NUMBER)?;
            number
                .strip_suffix(extension)?
                .strip_suffix('.')?
                .parse()
                .ok()
        });
        // One that cannot be counted on from is no number of ours.
        if let Some(number) = number.filter(|number| *number < u64::MAX - TRIES) {
            highest = highest.max(number);
        }
    }
    Ok(highest)
}

fn numbered(media: &Path, number: u64) -> PathBuf {
    let stem = stem(media).unwrap_or_default();
    let extension = media
        .extension()
        .and_then(OsStr::to_str)
        .unwrap_or_default();
    media.with_file_name(format!("{stem}{BEFORE_NUMBER}{number}.{extension}"))
}

fn stem(media: &Path) -> Option<&str> {
    media.file_stem()?.to_str()
}
