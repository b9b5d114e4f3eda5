//! The service manager that may have started the server (systemd): sockets it hands over, what it is told, and the watchdog.

use std::time::Duration;

use adit_server::Listener;
use listenfd::ListenFd;
use sd_notify::NotifyState;
use tokio::task::AbortHandle;

use super::ServeError;

/// The sockets that a service manager has opened for this process, in its order; none where nobody did.
///
/// # Errors
/// One of them is no TCP socket that listens.
pub(super) fn sockets() -> Result<Vec<Listener>, ServeError> {
    let mut handed = ListenFd::from_env();
    (0..handed.len())
        .filter_map(|place| handed.take_tcp_listener(place).transpose())
        .map(|socket| Listener::from_socket(socket?))
        .collect::<Result<_, _>>()
        .map_err(ServeError::HandedOver)
}

/// Says again and again that the server is alive, until it is dropped.
pub(super) struct SignsOfLife(Option<AbortHandle>);

/// Says that every port answers, and from then on, as often as was asked for, that the server is alive.
///
/// The sign of life is given by a task of the same runtime, so that it stops when the runtime does.
pub(super) fn ready() -> SignsOfLife {
    tell(&[NotifyState::Ready]);
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return SignsOfLife(None);
    };
    let every = (patience / 2).max(Duration::from_millis(1));
    let task = tokio::spawn(async move {
        let mut turns = tokio::time::interval(every);
        loop {
            turns.tick().await;
            tell(&[NotifyState::Watchdog]);
        }
    });
    SignsOfLife(Some(task.abort_handle()))
}

impl Drop for SignsOfLife {
    fn drop(&mut self) {
        if let Some(task) = &self.0 {
            task.abort();
        }
    }
}

/// Says that another process is the server now.
pub(super) fn succeeded_by(process: u32) {
    tell(&[NotifyState::MainPid(process)]);
}

/// Says that the server was told to stop and lets its sessions drain.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

/// Says that stopping takes so long, whatever the unit says about it.
pub(super) fn needs(patience: Duration) {
    let longest = patience.saturating_add(STOP);
    let microseconds = u32::try_from(longest.as_micros()).unwrap_or(u32::MAX);
    tell(&[NotifyState::ExtendTimeoutUsec(microseconds)]);
}

/// What a server needs to stop at once, and more.
const STOP: Duration = Duration::from_secs(30);

fn tell(state: &[NotifyState<'_>]) {
    // Does nothing where no service manager listens.
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager is not reached");
    }
}
