//! Ctrl-C and SIGTERM.

use std::io;

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::watch;

use super::failure::INTERRUPTED;

/// Knows whether the command was asked to end. Clones know the same. A second Ctrl-C ends the process at once.
#[derive(Clone, Debug)]
pub(crate) struct Interrupt(watch::Receiver<bool>);

impl Interrupt {
    /// Listens from now on. To be called within a runtime.
    ///
    /// # Errors
    /// When the system lets nobody listen to signals.
    pub(crate) fn listen() -> io::Result<Self> {
        let mut interrupt = signal(SignalKind::interrupt())?;
        let mut terminate = signal(SignalKind::terminate())?;
        let (asked, listener) = watch::channel(false);
        tokio::spawn(async move {
            // Both arms are cancel-safe: a signal that was not taken is delivered to the next call.
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            asked.send_replace(true);
            interrupt.recv().await;
            std::process::exit(INTERRUPTED.into());
        });
        Ok(Self(listener))
    }

    /// Ready as soon as the command was asked to end, also if asked again. Cancel-safe.
    pub(crate) async fn asked(&mut self) {
        if self.0.wait_for(|asked| *asked).await.is_err() {
            // Nobody listens any more, so nobody will ask.
            std::future::pending::<()>().await;
        }
    }

    /// Whether the command was asked to end.
    pub(crate) fn is_asked(&self) -> bool {
        *self.0.borrow()
    }
}
