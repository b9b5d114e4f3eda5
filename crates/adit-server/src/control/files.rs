//! The files under the directory of media.

use std::fs;
use std::path::Path;
use std::time::SystemTime;

use crate::limits::{FILES_LISTED, MEDIA_NAME_PARTS};
use crate::media_root::{MediaFormat, MediaRoot};

/// A file that can be played.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct RecordedFile {
    /// Its path below the directory of media, with `/` between its parts.
    pub path: String,
    /// How long it is.
    pub bytes: u64,
    /// When it was written to last.
    pub modified: SystemTime,
}

/// As many as may be listed, in the order of their paths. Links are not followed. Blocks.
pub(super) fn list(root: &MediaRoot) -> Vec<RecordedFile> {
    let mut found = Vec::new();
    let mut directories = vec![(root.directory().to_path_buf(), 0)];
    while let Some((directory, depth)) = directories.pop() {
        // One that cannot be read has nothing that could be played.
        let Ok(entries) = fs::read_dir(&directory) else {
            continue;
        };
        for entry in entries.flatten() {
            if found.len() >= FILES_LISTED {
                break;
            }
            let Ok(metadata) = entry.metadata() else {
                continue;
            };
            let path = entry.path();
            if metadata.is_dir() && depth + 1 < MEDIA_NAME_PARTS && !is_hidden(&path) {
                directories.push((path, depth + 1));
            } else if metadata.is_file() && is_media(&path) {
                let relative = path.strip_prefix(root.directory()).unwrap_or(&path);
                found.push(RecordedFile {
                    path: relative.to_string_lossy().into_owned(),
                    bytes: metadata.len(),
                    modified: metadata.modified().unwrap_or(SystemTime::UNIX_EPOCH),
                });
            }
        }
    }
    found.sort_by(|one, other| one.path.cmp(&other.path));
    found
}

fn is_hidden(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default();
    name.to_string_lossy().starts_with('.')
}

fn is_media(path: &Path) -> bool {
    let name = path.to_string_lossy();
    let formats = [MediaFormat::Flv, MediaFormat::Mp4, MediaFormat::F4v];
    !is_hidden(path) && formats.iter().any(|it| name.ends_with(it.extension()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_can_be_played_are_listed_and_neither_hidden_ones_nor_links() {
        let directory = tempfile::tempdir().unwrap();
        let root = MediaRoot::open(directory.path()).unwrap();
        let write = |path: &str| {
            let path = directory.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, b"12345").unwrap();
        };
        for path in [
            "live/b.flv",
            "live/a.mp4",
            "vod/x/c.f4v",
            "live/.h.flv",
            ".x/d.flv",
            "live/a.txt",
        ] {
            write(path);
        }
        std::os::unix::fs::symlink("/", directory.path().join("out")).unwrap();
        std::os::unix::fs::symlink("b.flv", directory.path().join("live/link.flv")).unwrap();
        let files = list(&root);
        let paths: Vec<_> = files.iter().map(|file| &*file.path).collect();
        assert_eq!(paths, ["live/a.mp4", "live/b.flv", "vod/x/c.f4v"]);
        assert_eq!(files[0].bytes, 5);
    }
}
