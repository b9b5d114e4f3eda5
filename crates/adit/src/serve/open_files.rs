//! Files of secrets that everybody on this machine can read: each is told of once.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

/// Tells of a file that everybody can read, unless it was told as it is now: a reload of something else is no news of it. `what` is in it.
pub(super) fn warn_of(path: &Path, what: &str) {
    static TOLD: Told = Told(Mutex::new(BTreeMap::new()));
    if TOLD.is_news(path) {
        tracing::warn!(file = %path.display(), "everybody on this machine can read {what}: chmod o-r takes that away");
    }
}

/// The files that were told of, and what they were like.
struct Told(Mutex<BTreeMap<PathBuf, State>>);

/// Changes whenever the file does, or its mode.
type State = (u64, u64, i64, i64);

impl Told {
    fn is_news(&self, path: &Path) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let file = fs::metadata(path).ok();
        let Some(file) = file.filter(|file| file.permissions().mode() & OTHERS_READ != 0) else {
            told.remove(path);
            return false;
        };
        let state = (file.dev(), file.ino(), file.ctime(), file.ctime_nsec());
        told.insert(path.to_owned(), state) != Some(state)
    }
}

const OTHERS_READ: u32 = 0o004;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_all_can_read_is_told_of_once_until_it_changes() {
        let folder = tempfile::tempdir().unwrap();
        let (open, shut) = (folder.path().join("open"), folder.path().join("shut"));
        let told = Told(Mutex::default());
        let write = |path: &Path, mode: u32| {
            // Another file each time, as an editor leaves it: a clock that is coarse tells no two changes of one apart.
            let new = folder.path().join("new");
            fs::write(&new, "KEY *\n").unwrap();
            fs::set_permissions(&new, fs::Permissions::from_mode(mode)).unwrap();
            fs::rename(new, path).unwrap();
        };
        write(&open, 0o644);
        write(&shut, 0o600);
        let seen = [&open, &open, &shut].map(|path| told.is_news(path));
        assert_eq!(seen, [true, false, false]);
        let kept = fs::File::open(&open).unwrap();
        write(&open, 0o644);
        assert!(told.is_news(&open) && !told.is_news(&open));
        write(&open, 0o600);
        assert!(!told.is_news(&open));
        fs::set_permissions(&open, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(told.is_news(&open));
        drop(kept);
    }
}
