use std::process::Command;
use std::time::{Duration, Instant};

use rustix::process::Signal;

use super::Process;

const SOON: Duration = Duration::from_secs(20);

#[test]
fn output_and_exit_code_are_kept() {
    let mut process = Process::start(
        "sh",
        Command::new("sh").args(["-c", "echo out; echo err >&2; exit 3"]),
    );
    let status = process.wait(SOON);
    assert_eq!(status.code(), Some(3));
    assert_eq!(
        (process.stdout().as_str(), process.stderr().as_str()),
        ("out\n", "err\n")
    );
}

#[test]
fn a_line_is_waited_for_while_the_process_runs() {
    let process = Process::start(
        "sh",
        Command::new("sh").args(["-c", "echo ready at 7; exec sleep 60"]),
    );
    assert_eq!(process.stdout_lines("ready at ", 1, SOON), ["7"]);
    assert!(!process.has_ended());
}

#[test]
fn a_deadline_ends_a_wait_and_a_signal_ends_the_process() {
    let mut process = Process::start("sleep", Command::new("sleep").arg("60"));
    let error = process.wait_until(Instant::now() + Duration::from_millis(10));
    assert!(error.is_err());
    process.signal(Signal::INT);
    assert!(!process.wait(SOON).success());
}

#[test]
fn dropping_ends_the_process() {
    let process = Process::start("sleep", Command::new("sleep").arg("60"));
    let id = process.id();
    drop(process);
    assert!(!std::path::Path::new(&format!("/proc/{id}")).exists());
}
