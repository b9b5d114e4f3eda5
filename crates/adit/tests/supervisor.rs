//! `adit serve` under a service manager: what it is told, and the sockets it hands over.
#![cfg(test)]

use std::net::{TcpListener, TcpStream};
use std::os::fd::OwnedFd;
use std::process::Command;
use std::time::Duration;

use adit_testkit::process::Process;
use adit_testkit::service_manager::ServiceManager;
use rustix::process::Signal;
use tempfile::TempDir;

const ADIT: &str = env!("CARGO_BIN_EXE_adit");

/// How long anything may take on a loaded machine.
const PATIENCE: Duration = Duration::from_mins(1);

fn serve(state: &TempDir) -> Command {
    let mut command = Command::new(ADIT);
    command.args(["serve", "--listen", "127.0.0.1:0", "--state-dir"]);
    command.arg(state.path()).env("NO_COLOR", "1");
    command
}

#[test]
fn the_manager_is_told_when_all_ports_answer_that_the_server_lives_and_that_it_stops() {
    let state = TempDir::new().unwrap();
    let manager = ServiceManager::listen(state.path(), PATIENCE);
    let mut command = serve(&state);
    manager.supervise(&mut command, Duration::from_millis(200));
    let mut server = Process::start("adit", &mut command);
    assert_eq!(manager.told(), "READY=1");
    for _ in 0..3 {
        assert_eq!(manager.told(), "WATCHDOG=1");
    }
    server.signal(Signal::TERM);
    assert_eq!(manager.told_news(), "STOPPING=1");
    assert!(server.wait(PATIENCE).success());
}

#[test]
fn a_socket_that_is_handed_over_is_served_in_place_of_those_asked_for() {
    let state = TempDir::new().unwrap();
    let socket = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    // What systemd does: the socket is descriptor 3, and the process that gets it is named.
    let script = r#"exec 3<&0 </dev/null; LISTEN_PID=$$ LISTEN_FDS=1 exec "$0" serve --listen 127.0.0.1:0 --state-dir "$1""#;
    let mut command = Command::new("sh");
    command.args(["-c", script, ADIT]).arg(state.path());
    let mut server = Process::start_reading("adit", &mut command, OwnedFd::from(socket));
    let lines = server.stdout_lines("listening on ", 1, PATIENCE);
    assert_eq!(lines, [address.to_string()]);
    let reached = TcpStream::connect(address);
    assert!(reached.is_ok(), "{reached:?}");
    server.signal(Signal::TERM);
    assert!(server.wait(PATIENCE).success());
}
