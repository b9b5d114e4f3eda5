//! How `adit serve` ends: at once, or when those who are there have gone.
//!
//! ```text
//! serving ── SIGINT ─────────────────────────────────────▶ stopping ── SIGINT ─▶ gone, exit code 130
//!    │                                                        ▲
//!    └── SIGTERM, or another process has taken over ─▶ draining ── SIGTERM, SIGINT, server.drain_timeout
//!                                                       └── the last has gone ─▶ exit code 0
//! ```

use std::io;
use std::time::Duration;

use adit_server::Ports;
use adit_server::control::Control;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::sleep;
use tracing::info;

use crate::ui;

/// The signals that end a server.
pub(super) struct Signals {
    interrupt: Signal,
    terminate: Signal,
}

/// What a person or a service manager asks of a server that runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// To end.
    Stop,
    /// To end when those who are there have gone.
    Drain,
}

impl Signals {
    /// From now on they no longer end the process by themselves.
    ///
    /// # Errors
    /// The operating system refuses.
    pub(super) fn listen() -> io::Result<Self> {
        Ok(Self {
            interrupt: signal(SignalKind::interrupt())?,
            terminate: signal(SignalKind::terminate())?,
        })
    }

    /// The next one. Cancel-safe: a signal that was not taken is delivered to the next call.
    pub(super) async fn next(&mut self) -> Asked {
        tokio::select! {
            _ = self.interrupt.recv() => Asked::Stop,
            _ = self.terminate.recv() => Asked::Drain,
        }
    }

    /// Lets nobody in any more, and is ready when even those who are still there have to go.
    pub(super) async fn drain(&mut self, control: &Control, ports: Ports, patience: Duration) {
        info!(
            seconds = patience.as_secs(),
            "draining: those who are here may stay for so long; SIGTERM or Ctrl-C ends it"
        );
        control.take_down(ports);
        tokio::select! {
            _ = self.next() => info!("told again to end"),
            () = sleep(patience) => info!("those who are left have had their time"),
        }
    }

    /// From now on Ctrl-C ends the process at once.
    pub(super) fn give_way(self) {
        let mut interrupt = self.interrupt;
        ui::aside("Ctrl-C again ends at once");
        tokio::spawn(async move {
            interrupt.recv().await;
            std::process::exit(INTERRUPTED);
        });
    }
}

/// The exit code of a process that was interrupted, as shells count it.
const INTERRUPTED: i32 = 130;
