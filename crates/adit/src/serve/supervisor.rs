//! The service manager that may have started the server (systemd): sockets it hands over, what it is told, and the watchdog.

use std::time::Duration;

use adit_server::Listener;
use listenfd::ListenFd;
use sd_notify::NotifyState;

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

/// Says that every port answers, and from then on, as often as was asked for, that the server is alive.
///
/// The sign of life is given by a task of the same runtime, so that it stops when the runtime does.
pub(super) fn ready() {
    tell(&[NotifyState::Ready]);
    let Some(patience) = sd_notify::watchdog_enabled() else {
        return;
    };
    let every = (patience / 2).max(Duration::from_millis(1));
    tokio::spawn(async move {
        let mut turns = tokio::time::interval(every);
        loop {
            turns.tick().await;
            tell(&[NotifyState::Watchdog]);
        }
    });
}

/// Says that the server was told to stop and lets its sessions drain.
pub(super) fn stopping() {
    tell(&[NotifyState::Stopping]);
}

fn tell(state: &[NotifyState<'_>]) {
    // Does nothing where no service manager listens.
    if let Err(error) = sd_notify::notify(state) {
        tracing::debug!(%error, "the service manager is not reached");
    }
}
