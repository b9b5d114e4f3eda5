//! A disk that can be watched and made to fail.

use std::collections::HashMap;
use std::fmt::Debug;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Condvar, Mutex};

use super::disk::Operation;

/// Is asked before and told after each operation of a disk.
pub(super) trait Watch: Debug + Send + Sync {
    fn before(&self, operation: Operation, path: &Path) -> io::Result<()>;
    fn after(&self, _operation: Operation, _path: &Path) {}
    /// How many bytes are free where the system says that so many are.
    fn free(&self, free: u64) -> u64 {
        free
    }
}

/// One operation fails, or that and all behind it for a while.
#[derive(Debug)]
pub(super) struct Faults {
    /// Rustix and Linux call it so: what the system says.
    errno: i32,
    first: u64,
    count: u64,
    seen: Mutex<Vec<Operation>>,
}

impl Faults {
    pub(super) fn new(errno: i32, first: u64, count: u64) -> Self {
        Self {
            errno,
            first,
            count,
            seen: Mutex::default(),
        }
    }

    /// The operations there were.
    pub(super) fn seen(&self) -> Vec<Operation> {
        self.seen.lock().unwrap().clone()
    }
}

impl Watch for Faults {
    fn before(&self, operation: Operation, _: &Path) -> io::Result<()> {
        let mut seen = self.seen.lock().unwrap();
        let number = seen.len() as u64;
        seen.push(operation);
        if (self.first..self.first + self.count).contains(&number) {
            return Err(io::Error::from_raw_os_error(self.errno));
        }
        Ok(())
    }
}

/// Writing media takes until it is let go.
#[derive(Debug, Default)]
pub(super) struct Stall {
    state: Mutex<Stalled>,
    change: Condvar,
}

#[derive(Debug, Default, PartialEq, Eq)]
enum Stalled {
    #[default]
    Not,
    /// Nobody waits yet.
    Armed,
    Waiting,
}

impl Stall {
    pub(super) fn arm(&self) {
        *self.state.lock().unwrap() = Stalled::Armed;
    }

    pub(super) fn await_stalled(&self) {
        let state = self.state.lock().unwrap();
        drop(
            self.change
                .wait_while(state, |state| *state != Stalled::Waiting)
                .unwrap(),
        );
    }

    pub(super) fn release(&self) {
        *self.state.lock().unwrap() = Stalled::Not;
        self.change.notify_all();
    }
}

impl Watch for Stall {
    fn before(&self, operation: Operation, path: &Path) -> io::Result<()> {
        let is_media = path.extension().is_some_and(|extension| extension == "flv");
        let mut state = self.state.lock().unwrap();
        if operation == Operation::Write && is_media && *state == Stalled::Armed {
            *state = Stalled::Waiting;
            self.change.notify_all();
            drop(
                self.change
                    .wait_while(state, |state| *state == Stalled::Waiting)
                    .unwrap(),
            );
        }
        Ok(())
    }
}

/// As many bytes are free as a test says.
#[derive(Debug)]
pub(super) struct Scarce(pub(super) AtomicU64);

impl Watch for Scarce {
    fn before(&self, _: Operation, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn free(&self, _: u64) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// Remembers what of each file is lasting, and counts how often that was made sure.
#[derive(Debug, Default)]
pub(super) struct Lasting {
    files: Mutex<HashMap<PathBuf, Vec<u8>>>,
}

impl Lasting {
    pub(super) fn of(&self, path: &Path) -> Option<Vec<u8>> {
        self.files.lock().unwrap().get(path).cloned()
    }
}

impl Watch for Lasting {
    fn before(&self, _: Operation, _: &Path) -> io::Result<()> {
        Ok(())
    }

    fn after(&self, operation: Operation, path: &Path) {
        if operation == Operation::Sync {
            let content = fs::read(path).unwrap();
            self.files.lock().unwrap().insert(path.to_owned(), content);
        }
    }
}
