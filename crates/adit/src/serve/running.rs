//! What goes on beside the serving: the configuration is read again, a new server takes over, somebody ends it.

use std::future::pending;
use std::io;
use std::pin::pin;
use std::sync::Arc;

use adit_server::control::Control;
use adit_server::{Ports, Visitors};
use tokio::signal::unix::Signal;
use tracing::{error, info};

use super::api::Served;
use super::ending::{Asked, Signals};
use super::keeper::Keeper;
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
    pub(super) keeper: Arc<Keeper>,
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
            keeper,
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
            let asked = tokio::select! {
                asked = signals.next() => asked,
                successor = taken(offer.as_ref()) => {
                    match hand_over(successor, &control, &visitors, &mut signals).await {
                        Succession::Done => {
                            if let Some(offer) = offer.take() {
                                offer.leave();
                            }
                            drop(alive);
                            keeper.end();
                            if let Some(api) = api.take() {
                                api.stop().await;
                            }
                            let patience = reloader.drain_timeout();
                            signals.drain(&control, Ports::HandedOver, patience).await;
                            break;
                        }
                        Succession::Failed => continue,
                        Succession::Told(asked) => asked,
                    }
                }
                _ = &mut aside => continue,
            };
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
        signals.give_way();
    }
}

/// What came of handing over.
enum Succession {
    /// The other one serves.
    Done,
    /// This one goes on.
    Failed,
    /// This one goes on, and was told to end meanwhile.
    Told(Asked),
}

/// A server that is ready to take over.
async fn taken(offer: Option<&Offer>) -> Successor {
    match offer {
        Some(offer) => offer.taken().await,
        None => pending().await,
    }
}

/// Hands over: this server lets go of nothing for good before the other one serves.
async fn hand_over(
    mut successor: Successor,
    control: &Control,
    visitors: &Visitors,
    signals: &mut Signals,
) -> Succession {
    let serves = async {
        // It cannot open the file of shared objects before this one has closed it.
        control.lend_objects().await;
        // Nor may what this one does with its relays be lost to it.
        let giving = control.clone();
        let given = tokio::task::spawn_blocking(move || giving.give_relays_away());
        // It cannot be cancelled, and does not panic.
        drop(given.await);
        successor.serves(visitors).await?;
        // It says that it is ready once it is the main process.
        if let Some(process) = successor.process() {
            supervisor::succeeded_by(process);
        }
        successor.give().await
    };
    // Both arms are left for good.
    let (cause, asked) = tokio::select! {
        served = serves => match served {
            Ok(()) => {
                let process = successor.process();
                info!(process, "another server has taken over");
                control.take_down(Ports::HandedOver);
                control.close_objects().await;
                successor.serve(visitors.clone());
                return Succession::Done;
            }
            Err(error) => (error, None),
        },
        asked = signals.next() => {
            (io::Error::other("this one was told to end meanwhile"), Some(asked))
        }
    };
    let process = successor.process();
    error!(process, %cause, "another server was about to take over and did not; this one goes on as before");
    supervisor::succeeded_by(std::process::id());
    successor.refuse().await;
    control.take_objects_back();
    control.take_relays_back();
    asked.map_or(Succession::Failed, Succession::Told)
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
