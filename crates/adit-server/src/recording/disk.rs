//! The few things that recording does with a file system, in one place, so that tests can make each of them fail.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::unix::fs::{FileExt as _, MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use rustix::fs::{CWD, RenameFlags, renameat_with};
use rustix::io::Errno;

use super::config::{RESERVE_PERCENT, Reserve};
use crate::limits::RECORD_RESERVE_FILES;

/// Recordings are for the owner and the group of the server.
const MODE: u32 = 0o640;

/// How the file system is reached.
#[derive(Clone, Debug, Default)]
pub(super) struct Disk {
    /// Is asked before and told after each operation.
    #[cfg(test)]
    pub(super) watch: Option<std::sync::Arc<dyn super::testing::Watch>>,
}

/// What is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Operation {
    Prepare,
    Create,
    Open,
    Lock,
    Write,
    Sync,
    Cut,
    Rename,
    Remove,
    SyncDirectory,
    Space,
}

/// Whether a file was there before.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Existed {
    Yes,
    No,
}

impl Disk {
    /// Carries out one operation.
    #[cfg_attr(
        not(test),
        expect(clippy::unused_self, reason = "tests keep in it what watches")
    )]
    pub(super) fn run<T>(
        &self,
        operation: Operation,
        path: &Path,
        run: impl FnOnce() -> io::Result<T>,
    ) -> io::Result<T> {
        #[cfg(test)]
        if let Some(watch) = &self.watch {
            watch.before(operation, path)?;
        }
        let done = run();
        #[cfg(test)]
        if let Some(watch) = &self.watch
            && done.is_ok()
        {
            watch.after(operation, path);
        }
        #[cfg(not(test))]
        let _: (Operation, &Path) = (operation, path);
        done
    }

    /// A new file; never one that exists.
    pub(super) fn create(&self, path: &Path) -> io::Result<Handle> {
        let file = self.run(Operation::Create, path, || {
            OpenOptions::new()
                .read(true)
                .write(true)
                .create_new(true)
                .mode(MODE)
                .open(path)
        })?;
        Ok(self.handle(file, path))
    }

    /// A file that exists, to be changed.
    pub(super) fn open(&self, path: &Path) -> io::Result<Handle> {
        let file = self.run(Operation::Open, path, || {
            // A link would lead to a file that is not this server's.
            if !fs::symlink_metadata(path)?.is_file() {
                return Err(io::Error::new(
                    io::ErrorKind::PermissionDenied,
                    "it is not a file",
                ));
            }
            OpenOptions::new().read(true).write(true).open(path)
        })?;
        Ok(self.handle(file, path))
    }

    /// A file that may exist or not, and which of the two it did.
    pub(super) fn open_or_create(&self, path: &Path) -> io::Result<(Handle, Existed)> {
        match self.create(path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                Ok((self.open(path)?, Existed::Yes))
            }
            created => Ok((created?, Existed::No)),
        }
    }

    fn handle(&self, file: File, path: &Path) -> Handle {
        Handle {
            disk: self.clone(),
            path: path.to_owned(),
            file,
        }
    }

    /// Gives a file another name. What has that name is replaced, so it must be the caller's.
    pub(super) fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Operation::Rename, from, || fs::rename(from, to))
    }

    /// Gives a file a name that nothing has; fails with [`io::ErrorKind::AlreadyExists`] if something has it.
    pub(super) fn rename_to_new(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.run(Operation::Rename, from, || rename_to_new(from, to))
    }

    /// Removes the directories above `path`, up to `root`, that have nothing in them.
    pub(super) fn prune(&self, path: &Path, root: &Path) {
        let mut directories = path.ancestors().skip(1);
        while let Some(directory) = directories.next()
            && directory != root
            && directory.starts_with(root)
            && self
                .run(Operation::Remove, directory, || fs::remove_dir(directory))
                .is_ok()
        {}
    }

    pub(super) fn remove(&self, path: &Path) -> io::Result<()> {
        self.run(Operation::Remove, path, || fs::remove_file(path))
    }

    /// Makes names in the directory of `path` lasting.
    pub(super) fn sync_directory(&self, path: &Path) -> io::Result<()> {
        let directory = path.parent().unwrap_or(path);
        self.run(Operation::SyncDirectory, directory, || {
            File::open(directory)?.sync_all()
        })
    }

    /// Whether less is free than `times` the reserve once `more` bytes are written; gives the reserve then.
    ///
    /// # Errors
    /// When that cannot be found out, and [`io::ErrorKind::StorageFull`] when the disk takes hardly any more files.
    pub(super) fn lacks(
        &self,
        path: &Path,
        reserve: Reserve,
        times: u64,
        more: u64,
    ) -> io::Result<Option<u64>> {
        let directory = path.parent().unwrap_or(path);
        self.run(Operation::Space, directory, || {
            let space = rustix::fs::statvfs(directory)?;
            if lacks_files(space.f_files, space.f_favail, times) {
                return Err(io::ErrorKind::StorageFull.into());
            }
            let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
            let free = bytes(space.f_bavail);
            #[cfg(test)]
            let free = self.watch.as_ref().map_or(free, |watch| watch.free(free));
            let left = free.saturating_sub(more);
            Ok(lack(bytes(space.f_blocks), left, reserve, times))
        })
    }
}

/// The reserve of a disk of `total` bytes if fewer than `times` of it are `free`.
fn lack(total: u64, free: u64, reserve: Reserve, times: u64) -> Option<u64> {
    let reserve = reserve.of_disk(total);
    (free < reserve.saturating_mul(times)).then_some(reserve)
}

/// Whether a disk that can have `total` files has room for fewer than `times` the reserve of them. Some do not count them: 0.
fn lacks_files(total: u64, free: u64, times: u64) -> bool {
    let reserve = RECORD_RESERVE_FILES.min(total / 100 * RESERVE_PERCENT);
    free < reserve.saturating_mul(times)
}

fn rename_to_new(from: &Path, to: &Path) -> io::Result<()> {
    match renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE) {
        // A network file system, for which a second name is no name of something else either.
        Err(Errno::INVAL | Errno::NOSYS | Errno::OPNOTSUPP) => {
            fs::hard_link(from, to)?;
            fs::remove_file(from)
        }
        renamed => Ok(renamed?),
    }
}

/// An open file.
#[derive(Debug)]
pub(super) struct Handle {
    disk: Disk,
    path: PathBuf,
    file: File,
}

impl Handle {
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) const fn file(&self) -> &File {
        &self.file
    }

    pub(super) fn write(&self, bytes: &[u8], offset: u64) -> io::Result<()> {
        self.disk.run(Operation::Write, &self.path, || {
            self.file.write_all_at(bytes, offset)
        })
    }

    pub(super) fn sync(&self) -> io::Result<()> {
        // The size is among the data that is made lasting.
        self.disk
            .run(Operation::Sync, &self.path, || self.file.sync_data())
    }

    pub(super) fn cut(&self, bytes: u64) -> io::Result<()> {
        self.disk
            .run(Operation::Cut, &self.path, || self.file.set_len(bytes))
    }

    /// Whether this process may have it alone, and has it now.
    pub(super) fn try_lock(&self) -> io::Result<bool> {
        self.disk
            .run(Operation::Lock, &self.path, || match self.file.try_lock() {
                Ok(()) => Ok(true),
                Err(fs::TryLockError::WouldBlock) => Ok(false),
                Err(fs::TryLockError::Error(error)) => Err(error),
            })
    }

    /// Whether its path still leads to it.
    pub(super) fn is_there(&self) -> io::Result<bool> {
        let own = self.file.metadata()?;
        match fs::symlink_metadata(&self.path) {
            Ok(there) => Ok(there.ino() == own.ino() && there.dev() == own.dev()),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
            Err(error) => Err(error),
        }
    }
}

/// `name` with something in front and something behind, in the same directory.
pub(super) fn beside(path: &Path, before: &str, behind: &str) -> PathBuf {
    let mut name = OsString::from(before);
    name.push(path.file_name().unwrap_or_default());
    name.push(behind);
    path.with_file_name(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_recording_stops_below_the_reserve_and_goes_on_at_twice_of_it() {
        let gib = 1024 * 1024 * 1024;
        let large = |free, times| lack(100 * gib, free, Reserve::default(), times);
        assert_eq!(large(gib, 1), None);
        assert_eq!(large(gib - 1, 1), Some(gib));
        assert_eq!(large(2 * gib, 2), None);
        assert_eq!(large(2 * gib - 1, 2), Some(gib));
        // 5 % of a small disk, and of smaller ones what a recording takes to end.
        let small = |mib: u64| Reserve::default().of_disk(mib * 1024 * 1024) / 1024;
        assert_eq!(small(2000), 100 * 1024);
        assert_eq!((small(320), small(100)), (16 * 1024, 16 * 1024));
        assert_eq!((small(64), small(12)), (16 * 1024, 3 * 1024));
        assert_eq!(lack(1000, 250, Reserve::default(), 1), None);
        assert_eq!(lack(1000, 249, Reserve::default(), 1), Some(250));
        assert_eq!(lack(1000, 0, Reserve::of(0), 1), None);
    }

    #[test]
    fn a_disk_that_can_take_few_more_files_is_full() {
        let many = 1_000_000;
        assert!(!lacks_files(many, RECORD_RESERVE_FILES, 1));
        assert!(lacks_files(many, RECORD_RESERVE_FILES - 1, 1));
        assert!(!lacks_files(many, 2 * RECORD_RESERVE_FILES, 2));
        assert!(lacks_files(many, 2 * RECORD_RESERVE_FILES - 1, 2));
        assert!(!lacks_files(1000, 50, 1));
        assert!(lacks_files(1000, 49, 1));
        assert!(!lacks_files(0, 0, 2));
    }
}
