//! The task of a relay that pushes: a leg for each stream that is published and meant.

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use adit_broker::{StreamKey, SubscribeOptions};
use adit_client::Destination;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::{MissedTickBehavior, interval};

use super::Relays;
use super::leg::OpenLeg;
use super::spec::place;
use super::state::Relay;
use super::via::Via;
use crate::access::Pattern;
use crate::control::{Happened, Heard};
use crate::mirror::is_mirrored;
use crate::relay::{Far, Pressure, Pusher, Retries, Source};

/// Pushes until the relay ends, and then until all is said.
pub(super) async fn run(relays: Relays, relay: Arc<Relay>, streams: Pattern) {
    let mut pushes = Pushes {
        listening: relays.events().listen(),
        relays,
        relay,
        streams,
        legs: JoinSet::new(),
    };
    pushes.run().await;
    while pushes.legs.join_next().await.is_some() {}
}

struct Pushes {
    relays: Relays,
    relay: Arc<Relay>,
    streams: Pattern,
    listening: crate::control::Listener,
    legs: JoinSet<StreamKey>,
}

impl Pushes {
    async fn run(&mut self) {
        let mut look = interval(LOOK);
        look.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            // All arms are cancel-safe.
            tokio::select! {
                biased;
                () = self.relay.stop.cancelled() => return,
                Some(ended) = self.legs.join_next() => {
                    // It may be published again already. One that panicked is found at the next look.
                    if let Ok(stream) = ended {
                        self.begin(&stream);
                    }
                }
                heard = self.listening.next() => match heard {
                    Some(Heard::Event(event)) => {
                        if let Happened::Published { stream, .. } = event.what {
                            self.begin(&stream);
                        }
                    }
                    Some(Heard::Missed(_)) => self.begin_all(),
                    None => return,
                },
                _ = look.tick() => self.begin_all(),
            }
        }
    }

    /// Looks at every stream: for those that were there before, and those whose publication nobody told of.
    fn begin_all(&mut self) {
        let streams = self.relays.broker().streams();
        for stream in streams.iter().filter(|stream| stream.publication.is_some()) {
            self.begin(&stream.key);
        }
    }

    fn begin(&mut self, stream: &StreamKey) {
        let (relays, relay) = (&self.relays, &self.relay);
        if !self.streams.matches(&place(stream)) || relay.has(stream) {
            return;
        }
        // From its first frame on, if it has just begun.
        let options = SubscribeOptions::default();
        let subscription = relays.broker().subscribe(stream.clone(), options);
        let live = relays.broker().stream(stream);
        match live.and_then(|live| live.publication) {
            // The server that this one has taken over from pushes it until its publisher comes here.
            Some(publication) if is_mirrored(&publication) => return,
            Some(_) => {}
            None => return,
        }
        let target = relay.spec.url().of(stream);
        let far = target
            .as_ref()
            .map_or_else(|_| relay.spec.url().to_string(), ToString::to_string);
        let Some(open) = relays.open(relay, stream, far) else {
            return;
        };
        let far = target
            .map_err(|error| error.to_string())
            .and_then(|target| {
                let options = options_for(relays, relay, stream)?;
                Ok(Far {
                    client: relay.spec.client().clone(),
                    options: Arc::new(options),
                    destination: Destination::new(target),
                })
            });
        let source = Source::until(subscription, relay.stop.clone());
        self.legs.spawn(push(open, source, far));
    }
}

/// How it is said at the far side through which servers the stream has come.
///
/// # Errors
/// They are too many.
fn options_for(
    relays: &Relays,
    relay: &Relay,
    stream: &StreamKey,
) -> Result<adit_client::ConnectOptions, String> {
    let publication = relays.broker().stream(stream).and_then(|it| it.publication);
    let via = publication.and_then(|it| it.publisher.via.clone());
    let via = via.map(|text| Via::read(&text)).unwrap_or_default();
    let most = relays.0.parts.live.now().limits.relays.hops;
    if via.len() >= most {
        relays.counters().too_many_hops();
        return Err(format!(
            "it has come through {} servers already (limits.relay.hops)",
            via.len()
        ));
    }
    let mut options = relay.spec.options();
    options.properties = via.and(relays.name());
    Ok(options)
}

/// Pushes one stream until it ends.
async fn push(open: OpenLeg, mut source: Source, far: Result<Far, String>) -> StreamKey {
    let leg = &open.leg;
    match far {
        Err(reason) => {
            leg.hindered(&reason);
            // An end is what it waits for.
            source.keep_while(pending::<()>()).await.err();
        }
        Ok(far) => {
            let carried = leg.carried.clone();
            leg.hear(|teller| {
                let (end, _) = oneshot::channel();
                let pusher = Pusher {
                    source,
                    far,
                    retries: Retries::endless(),
                    teller,
                    // Nobody feels it.
                    pressure: Pressure::default(),
                    carried,
                    end,
                };
                pusher.run_patiently()
            })
            .await;
        }
    }
    leg.stream.clone()
}

/// How often every stream is looked at.
const LOOK: Duration = Duration::from_secs(5);
