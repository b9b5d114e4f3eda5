//! Noticing that files change.

use std::io;
use std::path::Path;
use std::sync::Arc;

use notify::{Event, RecommendedWatcher, RecursiveMode, Watcher as _};
use tokio::sync::Notify;

/// Wakes somebody whenever the system reports a change beside some files. Dropping it ends that.
#[derive(Debug)]
pub struct FileWatch {
    _watcher: RecommendedWatcher,
}

impl FileWatch {
    /// Has `changed` notified. The directories of the files are watched, because a file is often replaced by another one of the same name;
    /// so whoever is woken has to look whether it is one of his. What the system does not report, as on a network file system, is not
    /// noticed.
    ///
    /// # Errors
    /// The system watches no more directories, or one of them is not there.
    pub fn start<'a>(
        files: impl IntoIterator<Item = &'a Path>,
        changed: &Arc<Notify>,
    ) -> io::Result<Self> {
        let wake = Arc::clone(changed);
        let watcher = notify::recommended_watcher(move |report| {
            if is_change(&report) {
                wake.notify_one();
            }
        });
        let mut watcher = watcher.map_err(io::Error::other)?;
        for file in files {
            let directory = file.parent().filter(|path| !path.as_os_str().is_empty());
            let directory = directory.unwrap_or(Path::new("."));
            let watched = watcher.watch(directory, RecursiveMode::NonRecursive);
            watched.map_err(io::Error::other)?;
        }
        Ok(Self { _watcher: watcher })
    }
}

/// Whether a report is about something else than that somebody has read, as whoever is woken does himself.
fn is_change(report: &notify::Result<Event>) -> bool {
    !matches!(report, Ok(event) if event.kind.is_access())
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::time::Duration;

    use notify::EventKind;
    use notify::event::{AccessKind, AccessMode, ModifyKind};
    use tokio::time::timeout;

    use super::*;

    #[test]
    fn that_somebody_has_read_is_no_change() {
        let check =
            |kind, expected| assert_eq!(is_change(&Ok(Event::new(kind))), expected, "{kind:?}");
        check(EventKind::Access(AccessKind::Open(AccessMode::Any)), false);
        check(
            EventKind::Access(AccessKind::Close(AccessMode::Read)),
            false,
        );
        check(EventKind::Modify(ModifyKind::Any), true);
        check(EventKind::Any, true);
    }

    #[tokio::test]
    async fn a_file_that_is_replaced_by_another_one_of_its_name_is_noticed() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("watched");
        fs::write(&file, "one").unwrap();
        let changed = Arc::<Notify>::default();
        let _watch = FileWatch::start([&*file], &changed).unwrap();
        let other = directory.path().join("other");
        fs::write(&other, "two").unwrap();
        fs::rename(&other, &file).unwrap();
        let noticed = timeout(Duration::from_secs(20), changed.notified()).await;
        noticed.expect("it is noticed");
    }

    #[test]
    fn a_directory_that_is_not_there_cannot_be_watched() {
        let directory = tempfile::tempdir().unwrap();
        let file = directory.path().join("none/file");
        FileWatch::start([&*file], &Arc::default()).unwrap_err();
    }
}
