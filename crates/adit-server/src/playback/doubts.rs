//! Files that cannot be played, or not to their end: the operator hears of each once. What only the system cannot do passes, and is
//! told again.

use std::collections::HashSet;
use std::fmt::Display;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use adit_net::{LogQuota, Verdict};
use tracing::warn;

use crate::limits::playback::{DOUBTFUL_FILES, UNREADABLE_LINES, UNREADABLE_LINES_SPAN};

/// What the log has said of files. Clones share it.
#[derive(Clone)]
pub(super) struct Doubts(Arc<Mutex<Told>>);

struct Told {
    /// Of what is in them.
    files: HashSet<PathBuf>,
    unreadable: LogQuota,
}

impl Default for Doubts {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Told {
            files: HashSet::new(),
            unreadable: LogQuota::new(UNREADABLE_LINES, UNREADABLE_LINES_SPAN),
        })))
    }
}

impl Doubts {
    /// The system does not let read it, whatever is in it.
    pub(super) fn unreadable(&self, file: &Path, error: &dyn Display) {
        let now = Instant::now();
        let mut told = self.told();
        let left_out = told.unreadable.take_left_out(now);
        let verdict = told.unreadable.ask(now);
        drop(told);
        if let Some(count) = left_out {
            warn!(count, "more files could not be read, without a line each");
        }
        if verdict == Verdict::Write {
            let file = file.display();
            warn!(%file, %error, "a file that was asked for cannot be read now, which says nothing about what is in it: see to what the system says of it");
        }
    }

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
        self.told().files.len()
    }

    /// How many lines more may be written now about files that cannot be read; they are none then.
    #[cfg(test)]
    pub(super) fn take_lines(&self) -> u32 {
        let mut told = self.told();
        let now = Instant::now();
        let lines = std::iter::repeat_with(|| told.unreadable.ask(now));
        let lines = lines.take_while(|verdict| *verdict == Verdict::Write);
        lines.map(|_| 1).sum()
    }

    /// Whether nothing was said of this file yet; when it was said of too many, nothing more is.
    fn is_news(&self, file: &Path) -> bool {
        let told = &mut self.told().files;
        told.len() < DOUBTFUL_FILES && told.insert(file.to_owned())
    }

    fn told(&self) -> MutexGuard<'_, Told> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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

    #[test]
    fn so_many_lines_are_about_files_that_cannot_be_read_and_each_may_be_told_again() {
        let doubts = Doubts::default();
        let file = Path::new("a");
        doubts.unreadable(file, &"no more handles");
        doubts.unreadable(file, &"no more handles");
        assert_eq!(doubts.take_lines(), UNREADABLE_LINES - 2);
        assert_eq!(doubts.take_lines(), 0);
        assert!(doubts.is_news(file));
    }
}
