//! What goes on beside the serving: the configuration is read again, a new server takes over, somebody ends it.

use std::future::pending;
use std::pin::pin;
use std::sync::Arc;

use adit_server::control::Control;
use adit_server::{Ports, Visitors};
use tokio::signal::unix::Signal;
use tracing::error;

use super::api::Served;
use super::ending::{Asked, Signals};
use super::reload::{self, Reloader};
use super::supervisor;
use super::upgrade::{self, Offer, Successor};

/// A server that serves, and what it is asked.
pub(super) struct Running {
    pub(super) signals: Signals,
    /// Asks for the configuration to be read again.
    pub(super) hangup: Signal,
    /// Asks for a new server.
    pub(super) upgrade: Signal,
    pub(super) control: Control,
    pub(super) reloader: Arc<Reloader>,
    pub(super) visitors: Visitors,
    /// None where nobody can take over.
    pub(super) offer: Option<Offer>,
}

impl Running {
    /// Ready when the server is to stop. Where it drains it may have ended before.
    pub(super) async fn until_stopped(self, api: &mut Option<Served>) {
        let Self {
            mut signals,
            hangup,
            upgrade,
            control,
            reloader,
            visitors,
            mut offer,
        } = self;
        let alive = supervisor::ready();
        let can_be_taken_over = offer.is_some();
        // Whatever is read again when the server stops is of no use any more.
        let mut aside = pin!(async {
            tokio::join!(
                reload::watch(Arc::clone(&reloader), control.clone(), hangup),
                start_successors(upgrade, can_be_taken_over),
            )
        });
        loop {
            // All arms are cancel-safe, or left for good.
            let successor = tokio::select! {
                asked = signals.next() => {
                    supervisor::stopping();
                    // Nobody takes over any more, and no descriptor keeps the ports open.
                    drop(offer.take());
                    if asked == Asked::Drain {
                        let patience = reloader.drain_timeout();
                        supervisor::needs(patience);
                        signals.drain(&control, Ports::Closed, patience).await;
                    }
                    break;
                }
                successor = taken(offer.as_ref()) => successor,
                _ = &mut aside => continue,
            };
            if hand_over(successor, &control, &visitors).await {
                drop((offer.take(), alive));
                if let Some(api) = api.take() {
                    api.stop().await;
                }
                let patience = reloader.drain_timeout();
                signals.drain(&control, Ports::HandedOver, patience).await;
                break;
            }
        }
        signals.give_way();
    }
}

/// A server that is ready to take over.
async fn taken(offer: Option<&Offer>) -> Successor {
    match offer {
        Some(offer) => offer.taken().await,
        None => pending().await,
    }
}

/// Whether everything is the successor's now.
async fn hand_over(successor: Successor, control: &Control, visitors: &Visitors) -> bool {
    // It cannot open the file of shared objects before this one has closed it.
    control.close_objects().await;
    // Nor may what this one does with its relays be lost to it.
    let giving = control.clone();
    let given = tokio::task::spawn_blocking(move || giving.give_relays_away());
    // It cannot be cancelled, and does not panic.
    drop(given.await);
    if let Some(process) = successor.process() {
        supervisor::succeeded_by(process);
    }
    match successor.give(visitors.clone()).await {
        Ok(()) => true,
        Err(error) => {
            error!(%error, "the server that was about to take over is gone; this one goes on, and keeps no shared objects");
            supervisor::succeeded_by(std::process::id());
            control.take_relays_back();
            false
        }
    }
}

/// Starts a new server each time it is asked for.
async fn start_successors(mut upgrade: Signal, can_be_taken_over: bool) {
    while upgrade.recv().await.is_some() {
        if !can_be_taken_over {
            error!(
                "no other server can take over from this one; its log says why, where it begins"
            );
            continue;
        }
        if let Err(error) = upgrade::start_successor() {
            error!(%error, "the next server cannot be started; this one goes on");
        }
    }
    pending::<()>().await;
}
