//! `adit publish`, `play`, `record`, `probe`, `call`, `so`, `verify`, `sign` and `generate` as a person or a script meets them: output, files and exit codes, against our
//! own server, servers of others, and peers that are no servers at all.
#![cfg(test)]

mod applications;
mod bad_servers;
mod breaking;
mod generating;
mod media;
mod others;
mod probing;
mod recorded;
mod recording;
mod scripted;
mod secrets;
mod signing;
mod usage;
mod verifying;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use adit_client::media::pattern::Pattern;
use adit_client::media::record::{Recorder, StartTime};
use adit_testkit::process::Process;
use adit_testkit::server::json;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

/// A command with nothing in its environment that would change what it does.
fn adit(arguments: &[&str]) -> Command {
    let mut command = Command::new(ADIT);
    undisturbed(command.args(arguments));
    command
}

/// The same in a shell, where `"$0"` is the command and `"$@"` are its arguments.
fn shell(script: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new("sh");
    undisturbed(command.args(["-c", script, ADIT]).args(arguments));
    command
}

fn undisturbed(command: &mut Command) {
    for name in [
        "ADIT_LOG",
        "ADIT_STREAM_KEY",
        "http_proxy",
        "https_proxy",
        "all_proxy",
        "no_proxy",
    ] {
        command.env_remove(name).env_remove(name.to_uppercase());
    }
    command.env("NO_COLOR", "1");
    command.env("STATE_DIRECTORY", std::env::temp_dir().join("adit-tests"));
}

/// How a command ended.
struct Run {
    code: i32,
    out: String,
    err: String,
}

/// Waits for the end of a command.
fn ended(mut process: Process) -> Run {
    let status = process.wait(PATIENCE);
    Run {
        code: status.code().unwrap_or(-1),
        out: process.stdout(),
        err: process.stderr(),
    }
}

/// Runs a command to its end.
fn run(arguments: &[&str]) -> Run {
    ended(start(arguments))
}

fn start(arguments: &[&str]) -> Process {
    Process::start(format!("adit {}", arguments[0]), &mut adit(arguments))
}

impl Run {
    /// The one line of standard output, as JSON.
    fn json(&self) -> serde_json::Value {
        let lines: Vec<&str> = self.out.lines().collect();
        assert_eq!(lines.len(), 1, "{}\n{}", self.out, self.err);
        json(lines[0])
    }

    fn assert_code(&self, code: i32) {
        assert_eq!(self.code, code, "{}\n{}", self.out, self.err);
    }

    /// The line of standard error that says why it ended.
    fn error(&self) -> &str {
        let mut lines = self.err.lines();
        let line = lines.find_map(|line| line.strip_prefix("error: "));
        line.unwrap_or_else(|| panic!("no error in: {}", self.err))
    }
}

/// The first so many frames of the built-in clip as a file: 76 or so are a second.
fn clip(folder: &TempDir, frames: usize) -> PathBuf {
    let mut recorder = Recorder::new(StartTime::Kept);
    let pattern = Pattern::new("pattern:320x180@30,200k,key=1".parse().unwrap());
    let bytes: Vec<u8> = pattern
        .take(frames)
        .flat_map(|frame| recorder.push(&frame).unwrap().to_vec())
        .collect();
    let path = folder.path().join("clip.flv");
    fs::write(&path, bytes).unwrap();
    path
}

fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}
