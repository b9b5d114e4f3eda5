//! Child processes and directories that never outlive a benchmark, however it ends.
//!
//! * A server is started through `adit-bench child`, which asks the kernel for a signal when its
//!   parent dies and then becomes the server.
//! * The directory is removed by a janitor, `adit-bench janitor`, which waits for the end of its
//!   standard input: the kernel closes that when the benchmark is gone, even when it was killed.

use std::{
    env, fs,
    fs::File,
    io,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, getppid, kill_process, set_parent_process_death_signal};
use rustix::thread::{CpuSet, sched_setaffinity};
use tempfile::TempDir;

use crate::error::{Doing, Error, Result};

/// How often an ending child, or a directory that is still written to, is looked at again.
const POLL: Duration = Duration::from_millis(5);
/// Time the janitor gives the servers to end before it stops trying to remove their directory.
const JANITOR_PATIENCE: Duration = Duration::from_secs(15);

/// Where a server runs.
#[derive(Debug)]
pub(super) struct Place {
    /// Its own directory.
    pub(super) dir: PathBuf,
    /// The only core it may use.
    pub(super) core: Option<usize>,
}

/// The benchmark's own temporary directory, with its janitor.
#[derive(Debug)]
pub(crate) struct Workspace {
    dir: TempDir,
    next: AtomicU32,
    /// Never used, but its standard input must stay open as long as this process lives.
    _janitor: Child,
}

impl Workspace {
    pub(crate) fn create() -> Result<Self> {
        let dir = tempfile::Builder::new()
            .prefix("adit-bench-")
            .tempdir()
            .doing(|| "creating a temporary directory".to_owned())?;
        // Its own process group, so that Ctrl-C does not end it before its work is done.
        let janitor = Command::new(own_program()?)
            .arg("janitor")
            .arg(dir.path())
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .process_group(0)
            .spawn()
            .doing(|| "starting the janitor".to_owned())?;
        Ok(Self {
            dir,
            next: AtomicU32::new(0),
            _janitor: janitor,
        })
    }

    /// A new empty directory.
    pub(crate) fn fresh_directory(&self) -> Result<PathBuf> {
        let number = self.next.fetch_add(1, Ordering::Relaxed);
        let dir = self.dir.path().join(number.to_string());
        fs::create_dir(&dir).doing(|| format!("creating {}", dir.display()))?;
        Ok(dir)
    }
}

/// This program's own file.
pub(super) fn own_program() -> Result<PathBuf> {
    env::current_exe().doing(|| "finding this program's own file".to_owned())
}

/// Starts `program` so that it ends when this process does. What it writes goes to files in its
/// directory, `stdout` and `stderr`. Must be called on a thread that lives as long as the benchmark.
pub(super) fn start(program: &Path, arguments: &[&str], place: &Place) -> Result<Child> {
    let file = |name: &str| {
        let path = place.dir.join(name);
        File::create(&path).doing(|| format!("creating {}", path.display()))
    };
    let mut child = Command::new(own_program()?);
    child.args(["child", &std::process::id().to_string()]);
    if let Some(core) = place.core {
        child.args(["--core", &core.to_string()]);
    }
    child
        .arg("--")
        .arg(program)
        .args(arguments)
        .stdin(Stdio::null())
        .stdout(file("stdout")?)
        .stderr(file("stderr")?)
        .process_group(0)
        .spawn()
        .doing(|| format!("starting {}", program.display()))
}

/// Sends SIGTERM, waits, and kills when `patience` is over.
pub(super) fn end(child: &mut Child, patience: Duration) -> io::Result<()> {
    let end = Instant::now() + patience;
    if child.try_wait()?.is_none() {
        kill_process(Pid::from_child(child), Signal::TERM)?;
    }
    while child.try_wait()?.is_none() {
        if Instant::now() > end {
            child.kill()?;
            child.wait()?;
            return Err(io::Error::new(
                io::ErrorKind::TimedOut,
                "it had to be killed",
            ));
        }
        thread::sleep(POLL);
    }
    Ok(())
}

/// `adit-bench child PARENT -- PROGRAM …`: becomes the program, tied to the parent's life.
pub(crate) fn run_as_child(parent: u32, core: Option<usize>, command: &[String]) -> Result<()> {
    let (program, arguments) = command
        .split_first()
        .ok_or_else(|| Error::Setup("no program was given to the child".to_owned()))?;
    set_parent_process_death_signal(Some(Signal::TERM))
        .doing(|| "tying the server to the benchmark's life".to_owned())?;
    if let Some(core) = core {
        let mut cores = CpuSet::new();
        cores.set(core);
        sched_setaffinity(None, &cores).doing(|| format!("binding the server to core {core}"))?;
    }
    let still_there = getppid().and_then(|pid| u32::try_from(pid.as_raw_pid()).ok());
    if still_there != Some(parent) {
        return Err(Error::Setup("the benchmark is gone".to_owned()));
    }
    Err(Command::new(program).args(arguments).exec()).doing(|| format!("starting {program}"))
}

/// `adit-bench janitor DIR`: waits for the end of the benchmark and removes what it left.
pub(crate) fn run_janitor(dir: &Path) -> Result<()> {
    io::copy(&mut io::stdin().lock(), &mut io::sink())
        .doing(|| "waiting for the end of the benchmark".to_owned())?;
    let end = Instant::now() + JANITOR_PATIENCE;
    while dir.exists() && fs::remove_dir_all(dir).is_err() && Instant::now() < end {
        thread::sleep(POLL);
    }
    Ok(())
}
