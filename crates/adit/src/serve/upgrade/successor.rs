//! The next server, started by the one that runs.

use std::env;
use std::io;
use std::process::{Command, Stdio};
use std::thread;

use tracing::{error, info};

/// Starts the program anew, by the name this process was started with, so that it is what stands there now, and with the same
/// arguments; it takes over when it is ready.
///
/// # Errors
/// It cannot be started.
pub(in crate::serve) fn start() -> io::Result<()> {
    let mut words = env::args_os();
    let program = words
        .next()
        .ok_or_else(|| io::Error::other("this process was started without a name"))?;
    let mut command = Command::new(program);
    command.args(words).stdin(Stdio::null());
    command.env("ADIT_SERVER__TAKEOVER", "true");
    // Sockets come from this process, and the watchdog is for whoever has the ports.
    for name in ["LISTEN_FDS", "LISTEN_PID", "LISTEN_FDNAMES", "WATCHDOG_PID"] {
        command.env_remove(name);
    }
    let mut child = command.spawn()?;
    info!(
        process = child.id(),
        "the next server was started; it takes over when it is ready"
    );
    thread::Builder::new()
        .name("adit-successor".to_owned())
        .spawn(move || match child.wait() {
            Ok(status) => error!(%status, "the next server has ended; this one goes on if it still has the ports"),
            Err(cause) => error!(%cause, "the next server cannot be waited for"),
        })?;
    Ok(())
}
