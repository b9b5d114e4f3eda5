//! The benchmark from the outside, with small numbers: it must run, find no fault with nginx-rtmp
//! and the bare loop, and leave nothing behind.

#![expect(clippy::unwrap_used, reason = "a test's helpers fail as the test does")]

use std::{
    env, fs,
    path::Path,
    process::{Child, Command, Output, Stdio},
    thread,
    time::{Duration, Instant},
};

use rustix::process::{Pid, Signal, kill_process, test_kill_process};
use serde_json::Value;

const PATIENCE: Duration = Duration::from_secs(20);

/// The benchmark with its temporary files under `dir`.
fn bench(dir: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_adit-bench"));
    command.args(arguments).env("TMPDIR", dir);
    command
}

/// Runs it and gives what it printed and wrote.
fn run(dir: &Path, arguments: &[&str]) -> (Output, Value) {
    let json = dir.join("result.json");
    let json_text = json.display().to_string();
    let mut command = bench(dir, arguments);
    let output = command.args(["--json", &json_text]).output().unwrap();
    let told = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(0), "{told}");
    let value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    fs::remove_file(json).unwrap();
    (output, value)
}

fn fanout(dir: &Path, servers: &str) -> (Output, Value) {
    let arguments = [
        "fanout",
        "--players",
        "20",
        "--seconds",
        "2",
        "--rounds",
        "1",
    ];
    run(
        dir,
        &[arguments.as_slice(), &["--servers", servers]].concat(),
    )
}

fn eventually(what: &str, holds: impl Fn() -> bool) {
    let end = Instant::now() + PATIENCE;
    while !holds() {
        assert!(Instant::now() < end, "{what}");
        thread::sleep(Duration::from_millis(10));
    }
}

fn is_empty(dir: &Path) -> bool {
    fs::read_dir(dir).unwrap().next().is_none()
}

fn check_summary(summary: &Value, name: &str) {
    assert_eq!(summary["server"], name);
    assert_eq!(summary["faults"], 0, "{summary}");
    let figure = |name: &str| {
        summary["medians"]
            .get(name)
            .and_then(Value::as_f64)
            .unwrap()
    };
    let share = figure("share");
    assert!(
        (0.9..1.1).contains(&share),
        "{share} of the stream was delivered"
    );
    assert!(figure("video_delay_p50_us") > 0.0);
    assert!(figure("cpu_s_per_gbit") > 0.0);
}

fn has_nginx() -> bool {
    let module = Path::new("/usr/lib/nginx/modules/ngx_rtmp_module.so");
    let found = module.exists() && Path::new("/usr/sbin/nginx").exists();
    if !found {
        assert!(
            env::var("CI").as_deref() != Ok("true"),
            "nginx and its rtmp module are missing"
        );
        eprintln!("skipped: nginx or libnginx-mod-rtmp is not installed");
    }
    found
}

#[test]
fn the_bare_loop_delivers_the_whole_stream() {
    let dir = tempfile::tempdir().unwrap();
    let (output, json) = fanout(dir.path(), "loop,loop-message");
    let summary = &json["sections"][0]["summary"];
    check_summary(&summary[0], "loop-frame");
    check_summary(&summary[1], "loop-message");
    assert!(String::from_utf8_lossy(&output.stdout).contains("CPU s/Gbit"));
    eventually("nothing is left behind", || is_empty(dir.path()));
}

#[test]
fn nginx_rtmp_delivers_the_whole_stream() {
    if !has_nginx() {
        return;
    }
    let dir = tempfile::tempdir().unwrap();
    let (_, json) = fanout(dir.path(), "nginx");
    check_summary(&json["sections"][0]["summary"][0], "nginx-rtmp");
    eventually("nothing is left behind", || is_empty(dir.path()));
}

/// Starts a long run against the bare loop, gives the loop's process once it plays.
fn long_run(dir: &Path) -> (Child, Pid) {
    let arguments = [
        "fanout",
        "--players",
        "5",
        "--seconds",
        "600",
        "--servers",
        "loop",
    ];
    let child = bench(dir, &arguments)
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let path = format!("/proc/{0}/task/{0}/children", child.id());
    let server = || {
        let children = fs::read_to_string(&path).unwrap_or_default();
        children
            .split_whitespace()
            .filter_map(|pid| pid.parse().ok())
            .find(|pid: &i32| {
                let command = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
                command.windows(9).any(|word| word == b"bare-loop")
                    && !command.windows(5).any(|word| word == b"child")
            })
    };
    eventually("the bare loop is started", || server().is_some());
    let pid = Pid::from_raw(server().unwrap()).unwrap();
    (child, pid)
}

#[test]
fn a_benchmark_that_is_ended_or_killed_leaves_no_process_and_no_file() {
    for signal in [Signal::INT, Signal::TERM, Signal::KILL] {
        let dir = tempfile::tempdir().unwrap();
        let (mut bench, server) = long_run(dir.path());
        kill_process(Pid::from_child(&bench), signal).unwrap();
        bench.wait().unwrap();
        eventually("the server is gone", || test_kill_process(server).is_err());
        eventually("nothing is left behind", || is_empty(dir.path()));
    }
}

#[test]
fn a_missing_adit_binary_is_a_clear_error() {
    let dir = tempfile::tempdir().unwrap();
    let arguments = [
        "fanout",
        "--servers",
        "adit",
        "--adit",
        "/nowhere/adit",
        "--players",
        "1",
    ];
    let output = bench(dir.path(), &arguments).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("/nowhere/adit"), "{told}");
    eventually("nothing is left behind", || is_empty(dir.path()));
}

#[test]
fn servers_that_do_not_exist_are_refused() {
    let dir = tempfile::tempdir().unwrap();
    let output = bench(dir.path(), &["fanout", "--servers", "apache"])
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&output.stderr).contains("expected adit[-MODE], nginx"));
}
