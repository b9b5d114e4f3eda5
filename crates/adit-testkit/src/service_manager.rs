//! A service manager as far as a server talks to it: `sd_notify(3)`.

use std::os::unix::net::UnixDatagram;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

/// Hears what a process says of itself.
#[derive(Debug)]
pub struct ServiceManager {
    socket: UnixDatagram,
    place: PathBuf,
}

impl ServiceManager {
    /// One that listens in this folder, and waits for each message no longer than `patience`.
    ///
    /// # Panics
    /// The operating system refuses.
    pub fn listen(folder: &Path, patience: Duration) -> Self {
        let place = folder.join("notify");
        let socket = UnixDatagram::bind(&place).expect("a socket");
        socket
            .set_read_timeout(Some(patience))
            .expect("a patience that is not zero");
        Self { socket, place }
    }

    /// Has a process that is about to start talk to this manager, and say that it lives twice in `watchdog`.
    pub fn supervise(&self, command: &mut Command, watchdog: Duration) {
        command.env("NOTIFY_SOCKET", &self.place);
        command.env("WATCHDOG_USEC", watchdog.as_micros().to_string());
    }

    /// The next message.
    ///
    /// # Panics
    /// None comes in time.
    pub fn told(&self) -> String {
        let mut message = [0; 200];
        let length = self.socket.recv(&mut message).expect("a message");
        String::from_utf8_lossy(&message[..length])
            .trim_end()
            .to_owned()
    }

    /// The next message that says more than that the process lives.
    ///
    /// # Panics
    /// None comes in time.
    pub fn told_news(&self) -> String {
        loop {
            let message = self.told();
            if message != "WATCHDOG=1" {
                return message;
            }
        }
    }
}
