//! Files that cannot be played, or not to their end: the operator hears of each once.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use tracing::warn;

use crate::limits::playback::DOUBTFUL_FILES;

/// What the log has said of files. Clones share it.
#[derive(Clone, Default)]
pub(super) struct Doubts(Arc<Mutex<HashSet<PathBuf>>>);

impl Doubts {
    /// It was asked for, and cannot be played or not on.
    pub(super) fn unplayable(&self, file: &Path, error: &dyn Display) {
        if self.is_news(file) {
            let file = file.display();
            warn!(%file, %error, "a file that was asked for cannot be played: see what adit verify says of it, and take it away or put a whole one in its place");
        }
    }

    /// It was played up to this byte, where something whole ends.
    pub(super) fn torn(&self, file: &Path, byte: u64) {
        if self.is_news(file) {
            let file = file.display();
            warn!(%file, byte, "a file that is played ends in the middle, as if its copy or its recording was broken off: see what adit verify says of it, and put a whole one in its place if there is one");
        }
    }

    /// How many files something was said of.
    #[cfg(test)]
    pub(super) fn count(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    /// Whether nothing was said of this file yet; when it was said of too many, nothing more is.
    fn is_news(&self, file: &Path) -> bool {
        let mut told = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        told.len() < DOUBTFUL_FILES && told.insert(file.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn so_many_files_are_told_of_once_and_no_other() {
        let doubts = Doubts::default();
        let file = |number: usize| PathBuf::from(number.to_string());
        assert!(doubts.is_news(&file(0)) && !doubts.is_news(&file(0)));
        for number in 1..DOUBTFUL_FILES {
            assert!(doubts.is_news(&file(number)), "{number}");
        }
        assert!(!doubts.is_news(&file(DOUBTFUL_FILES)));
    }
}
