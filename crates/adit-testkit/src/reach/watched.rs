//! A program that writes FLV to its standard output, watched while it runs.

use std::io::Read as _;
use std::process::{Command, ExitStatus, Stdio};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::control::Kept;
use super::flv::Watch;
use super::stop;

/// The program; dropping it ends it.
#[derive(Debug)]
pub struct Watched {
    child: Mutex<Kept>,
    watch: Arc<Mutex<Watch>>,
    reader: JoinHandle<()>,
    talk: JoinHandle<String>,
}

impl Watched {
    /// Starts it.
    pub fn start(command: &mut Command) -> Self {
        command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        let spawned = command
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let mut child = Kept(spawned);
        let mut output = child.0.stdout.take().expect("it was piped");
        let mut errors = child.0.stderr.take().expect("it was piped");
        let watch = Arc::new(Mutex::new(Watch::default()));
        let shared = Arc::clone(&watch);
        let reader = thread::spawn(move || {
            let mut buffer = [0; 16 * 1024];
            while let Ok(length @ 1..) = output.read(&mut buffer) {
                let mut watch = shared.lock().unwrap_or_else(PoisonError::into_inner);
                watch.feed(Instant::now(), &buffer[..length]);
            }
        });
        let talk = thread::spawn(move || {
            let mut text = Vec::new();
            stop::best_effort(errors.read_to_end(&mut text));
            String::from_utf8_lossy(&text).into_owned()
        });
        Self {
            child: Mutex::new(child),
            watch,
            reader,
            talk,
        }
    }

    /// When the first media came.
    pub fn first(&self) -> Option<Instant> {
        self.watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .first()
    }

    /// How much media came.
    pub fn carried(&self) -> Duration {
        self.watch
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .carried()
    }

    /// Whether it has ended by itself.
    pub fn has_ended(&self) -> bool {
        self.status().is_some()
    }

    fn status(&self) -> Option<ExitStatus> {
        let mut child = self.child.lock().unwrap_or_else(PoisonError::into_inner);
        child.0.try_wait().ok().flatten()
    }

    /// Ends it; what came, its exit code if it had ended by itself, and what it said.
    pub fn end(self) -> (Watch, Option<i32>, String) {
        let code = self.status().and_then(|status| status.code());
        let mut child = self
            .child
            .into_inner()
            .unwrap_or_else(PoisonError::into_inner);
        child.end();
        stop::best_effort(self.reader.join());
        let talk = self.talk.join().unwrap_or_default();
        let watch = std::mem::take(&mut *self.watch.lock().unwrap_or_else(PoisonError::into_inner));
        (watch, code, talk)
    }
}
