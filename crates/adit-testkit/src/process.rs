//! A child process with its output gathered and every wait bounded; dropping it ends it.

use std::fmt;
use std::io::{BufRead as _, BufReader, Read};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::{Arc, Condvar, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fd::OwnedFd;
use rustix::process::{Pid, PidfdFlags, Signal, kill_process, pidfd_open};

/// A port of 127.0.0.1 that nobody listens on, for programs that cannot pick one themselves.
pub fn free_port() -> u16 {
    let socket = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    socket.local_addr().expect("it is bound").port()
}

/// A child process of this test.
///
/// Its standard output and standard error are read all the time, so it never blocks on a full pipe, and are kept for
/// the message of a failing assertion. Dropping it kills exactly this process and waits for its end.
#[derive(Debug)]
pub struct Process {
    name: String,
    child: Child,
    pidfd: OwnedFd,
    stdout: Output,
    stderr: Output,
}

impl Process {
    /// Starts `command` without standard input; `name` is what messages call it.
    pub fn start(name: impl Into<String>, command: &mut Command) -> Self {
        Self::start_reading(name, command, Stdio::null())
    }

    /// The same with this as its standard input.
    pub fn start_reading(
        name: impl Into<String>,
        command: &mut Command,
        input: impl Into<Stdio>,
    ) -> Self {
        let name = name.into();
        let mut child = command
            .stdin(input)
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{name} does not start: {error} ({command:?})"));
        let pid = Pid::from_child(&child);
        let pidfd =
            pidfd_open(pid, PidfdFlags::empty()).expect("a child not waited for has a pidfd");
        let stdout = Output::gather(child.stdout.take().expect("it was piped"));
        let stderr = Output::gather(child.stderr.take().expect("it was piped"));
        Self {
            name,
            child,
            pidfd,
            stdout,
            stderr,
        }
    }

    /// The same for a server, when this port of 127.0.0.1 takes connections.
    pub fn start_listening(
        name: impl Into<String>,
        command: &mut Command,
        port: u16,
        within: Duration,
    ) -> Self {
        let process = Self::start(name, command);
        let by = Instant::now() + within;
        while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).is_err() {
            assert!(Instant::now() < by && !process.has_ended(), "{process}");
            thread::sleep(Duration::from_millis(20));
        }
        process
    }

    /// What messages call this process.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Its process id.
    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// What it wrote to standard output so far.
    pub fn stdout(&self) -> String {
        self.stdout.text()
    }

    /// What it wrote to standard error so far.
    pub fn stderr(&self) -> String {
        self.stderr.text()
    }

    /// Waits until standard output has `count` lines that begin with `prefix` and gives what follows it in each.
    pub fn stdout_lines(&self, prefix: &str, count: usize, within: Duration) -> Vec<String> {
        let enough = |text: &str| {
            let found: Vec<String> = text
                .lines()
                .filter_map(|line| line.strip_prefix(prefix))
                .map(str::to_owned)
                .collect();
            (found.len() >= count).then_some(found)
        };
        self.stdout
            .wait_until(within, enough)
            .unwrap_or_else(|| panic!("no {count} lines `{prefix}…` within {within:?}\n{self}"))
    }

    /// Waits until standard error has a line that contains `wanted`, and gives it.
    pub fn stderr_line(&self, wanted: &str, within: Duration) -> String {
        let find = |text: &str| {
            text.lines()
                .find(|line| line.contains(wanted))
                .map(str::to_owned)
        };
        self.stderr
            .wait_until(within, find)
            .unwrap_or_else(|| panic!("no line with `{wanted}` within {within:?}\n{self}"))
    }

    /// Sends a signal; a process that has ended already is left alone.
    pub fn signal(&self, signal: Signal) {
        if !self.has_ended() {
            // The child was not waited for, so its id still belongs to it.
            kill_process(Pid::from_child(&self.child), signal).expect("a child can be signalled");
        }
    }

    /// Whether it has ended.
    pub fn has_ended(&self) -> bool {
        self.ended_within(Duration::ZERO)
    }

    fn ended_within(&self, within: Duration) -> bool {
        let timeout = Timespec::try_from(within).expect("deadlines of tests are short");
        let mut fds = [PollFd::new(&self.pidfd, PollFlags::IN)];
        match poll(&mut fds, Some(&timeout)) {
            Ok(ready) => ready > 0,
            Err(rustix::io::Errno::INTR) => false,
            Err(error) => panic!("poll: {error}"),
        }
    }

    /// Waits for its end.
    ///
    /// # Errors
    ///
    /// [`StillRunning`] when it has not ended by `deadline`; it goes on running.
    pub fn wait_until(&mut self, deadline: Instant) -> Result<ExitStatus, StillRunning> {
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if self.ended_within(left) {
                let status = self.child.wait().expect("a child can be waited for");
                self.stdout.finish();
                self.stderr.finish();
                return Ok(status);
            }
            if left.is_zero() {
                return Err(StillRunning(self.to_string()));
            }
        }
    }

    /// Waits for its end and panics with all its output when it takes longer.
    pub fn wait(&mut self, within: Duration) -> ExitStatus {
        self.wait_until(Instant::now() + within)
            .unwrap_or_else(|error| panic!("within {within:?}: {error}"))
    }

    /// Runs `command` to its end and panics with its output unless it succeeds.
    pub fn run(name: &str, command: &mut Command, within: Duration) -> String {
        let mut process = Self::start(name, command);
        let status = process.wait(within);
        assert!(status.success(), "{command:?}\n{process}");
        process.stdout()
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "--- {} (pid {})", self.name, self.id())?;
        for (what, text) in [("stdout", self.stdout()), ("stderr", self.stderr())] {
            if !text.is_empty() {
                writeln!(f, "--- its {what}:\n{}", text.trim_end())?;
            }
        }
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already: killing says so and waiting is right either way.
        let killed = self.child.kill();
        let waited = self.child.wait();
        drop((killed, waited));
        self.stdout.finish();
        self.stderr.finish();
    }
}

/// A process had not ended by its deadline.
#[derive(Debug)]
pub struct StillRunning(String);

impl fmt::Display for StillRunning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "still running: {}", self.0)
    }
}

/// One output of a process, gathered line by line in a thread of its own.
#[derive(Debug)]
struct Output {
    shared: Arc<(Mutex<String>, Condvar)>,
    reader: Option<JoinHandle<()>>,
}

impl Output {
    fn gather(pipe: impl Read + Send + 'static) -> Self {
        let shared = Arc::new((Mutex::new(String::new()), Condvar::new()));
        let sink = Arc::clone(&shared);
        let reader = thread::spawn(move || {
            let mut lines = BufReader::new(pipe);
            let mut line = Vec::new();
            while lines
                .read_until(b'\n', &mut line)
                .is_ok_and(|read| read > 0)
            {
                let (text, changed) = &*sink;
                let mut text = text.lock().expect("no holder panics");
                if text.len() < KEPT_BYTES {
                    text.push_str(&String::from_utf8_lossy(&line));
                }
                changed.notify_all();
                line.clear();
            }
        });
        Self {
            shared,
            reader: Some(reader),
        }
    }

    fn text(&self) -> String {
        self.shared.0.lock().expect("no holder panics").clone()
    }

    /// Waits until `found` finds something in what was written, and gives it.
    fn wait_until<T>(&self, within: Duration, found: impl Fn(&str) -> Option<T>) -> Option<T> {
        let deadline = Instant::now() + within;
        let (text, changed) = &*self.shared;
        let mut text = text.lock().expect("no holder panics");
        loop {
            if let Some(value) = found(&text) {
                return Some(value);
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return None;
            }
            text = changed
                .wait_timeout(text, left)
                .expect("no holder panics")
                .0;
        }
    }

    /// Waits for the end of the pipe, once the process has ended.
    fn finish(&mut self) {
        if let Some(reader) = self.reader.take() {
            reader.join().expect("the reader does not panic");
        }
    }
}

/// How much of one output is kept, in bytes; what comes after it is read and thrown away.
const KEPT_BYTES: usize = 64 << 20;

#[cfg(test)]
mod tests;
