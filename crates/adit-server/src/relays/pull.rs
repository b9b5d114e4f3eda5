//! The task of a relay that pulls: a stream of a far server, published here.

use std::future::pending;
use std::sync::Arc;
use std::time::{Duration, Instant};

use adit_broker::{Publication, PublisherInfo, StreamKey};
use adit_client::Destination;
use adit_client::media::Frame;
use tokio::time::{sleep, sleep_until};
use tracing::warn;

use super::Relays;
use super::held::Held;
use super::leg::{Leg, OpenLeg};
use super::spec::Demand;
use super::state::Relay;
use super::timeline::Timeline;
use crate::codecs::{CodecGate, CodecRules};
use crate::control::{Events, Happened};
use crate::recording::{RecordMode, RecordedStreams, Unstarted};
use crate::relay::pull::{Line, Local, Over, Taker, Untaken};
use crate::relay::{Cause, Failure, Far, Happening, Next, Retries, Teller, random_byte};

/// Pulls until the relay ends.
pub(super) async fn run(relays: Relays, relay: Arc<Relay>, stream: StreamKey, demand: Demand) {
    let stop = relay.stop.clone();
    loop {
        let wanted = wanted(&relays, &stream, demand);
        if stop.run_until_cancelled(wanted).await.is_none() {
            return;
        }
        let target = relay.spec.url().of(&stream);
        let far = target
            .as_ref()
            .map_or_else(|_| relay.spec.url().to_string(), ToString::to_string);
        let Some(open) = relays.open(&relay, &stream, far) else {
            if stop.run_until_cancelled(sleep(LOOK)).await.is_none() {
                return;
            }
            continue;
        };
        let target = match target {
            Ok(target) => target,
            Err(error) => {
                open.leg.hindered(&error.to_string());
                return stop.cancelled().await;
            }
        };
        let far = Far {
            client: relay.spec.client().clone(),
            options: Arc::new(relay.spec.options()),
            destination: Destination::new(target),
        };
        // Both arms are cancel-safe: neither is asked again.
        let unwanted = async {
            tokio::select! {
                () = stop.cancelled() => {}
                () = unwanted(&relays, &stream, demand) => {}
            }
        };
        pull(&relays, &relay, &open, far, unwanted).await;
        if stop.is_cancelled() {
            return;
        }
    }
}

/// Ready when somebody wants the stream.
async fn wanted(relays: &Relays, stream: &StreamKey, demand: Demand) {
    if demand != Demand::Always {
        while relays.viewers(stream) == 0 {
            sleep(DEMAND_LOOK).await;
        }
    }
}

/// Ready when nobody has wanted it for a while.
async fn unwanted(relays: &Relays, stream: &StreamKey, demand: Demand) {
    let Demand::WhilePlayed { idle } = demand else {
        return pending().await;
    };
    let mut since = Instant::now();
    while since.elapsed() < idle {
        sleep(DEMAND_LOOK).await;
        if relays.viewers(stream) > 0 {
            since = Instant::now();
        }
    }
}

/// Pulls until `unwanted`, and says goodbye.
async fn pull(
    relays: &Relays,
    relay: &Relay,
    open: &OpenLeg,
    far: Far,
    unwanted: impl Future<Output = ()>,
) {
    let leg = &open.leg;
    leg.hear(|teller| async move {
        let begun = Instant::now();
        let far_name = far.destination.target().to_string();
        let mut fetcher = Fetcher {
            published: Published::new(relays, relay, leg, &far_name),
            far,
            teller,
            retries: Retries::endless(),
            line: None,
            away_since: None,
        };
        // Neither arm is polled again.
        tokio::select! {
            biased;
            () = unwanted => {}
            () = fetcher.run() => {}
        }
        fetcher.published.give_up();
        if let Some(line) = fetcher.line.take() {
            line.close().await;
        }
        fetcher.teller.tell(Happening::Ended {
            frames: leg.carried.messages(),
            lasted: begun.elapsed(),
            undelivered: 0,
        });
    })
    .await;
}

/// Gets a stream over one connection after the other.
struct Fetcher<'a> {
    far: Far,
    teller: Teller,
    retries: Retries,
    published: Published<'a>,
    line: Option<Line>,
    /// Since when there is no connection, after one that broke.
    away_since: Option<Instant>,
}

impl Fetcher<'_> {
    /// Never ready.
    async fn run(&mut self) {
        loop {
            let failure = match self.published.taken() {
                Some(by) => Failure::new(by),
                None => match self.fetch().await {
                    Some(failure) => failure.hiding(&self.far),
                    None => continue,
                },
            };
            let now = Instant::now();
            if self.published.local.publication.is_some() {
                self.away_since.get_or_insert(now);
            }
            if let Next::After(again_in) = self.retries.next(now, failure.cause, random_byte()) {
                self.teller.tell(Happening::Broken {
                    cause: failure.reason,
                    again_in,
                    is_ending: false,
                });
                let until = now.checked_add(again_in).unwrap_or(now);
                match failure.cause {
                    Cause::Unwanted => self.published.pause_unwanted(until).await,
                    Cause::Failure | Cause::Refusal => self.pause(until).await,
                }
            }
        }
    }

    /// One connection, from its beginning to its end; gives why it ended, or nothing if another one is wanted at once.
    async fn fetch(&mut self) -> Option<Failure> {
        let line = match Line::open(&mut self.far).await {
            Ok(line) => self.line.insert(line),
            Err(failure) => return Some(failure),
        };
        self.away_since = None;
        let rung = Box::new(line.rung().clone());
        let took = Duration::ZERO;
        self.teller.tell(Happening::Connected { rung, took });
        self.published.begin_line();
        let over = line
            .carry(&mut self.far, &mut self.published, &self.teller)
            .await;
        self.retries.note_connection(line.since(), Instant::now());
        let line = self.line.take();
        match over {
            Over::Broken(failure) => Some(failure),
            Over::Moved => {
                if let Some(line) = line {
                    line.close().await;
                }
                None
            }
            // It is told who has it when it is looked at again.
            Over::Taken => None,
        }
    }

    /// Sleeps, and ends the publication when its far side has been away for too long.
    async fn pause(&mut self, until: Instant) {
        let most = self.published.relays.0.parts.live.now().limits.relays.hold;
        if let Some(hold) = self.away_since.and_then(|since| since.checked_add(most))
            && hold < until
        {
            sleep_until(hold.into()).await;
            self.published.give_up();
            self.away_since = None;
        }
        sleep_until(until.into()).await;
    }
}

/// The stream here, while there is something to publish.
struct Published<'a> {
    local: Local,
    timeline: Timeline,
    gate: CodecGate,
    held: Held,
    relays: &'a Relays,
    leg: &'a Leg,
    listed: Option<Listed>,
    silence: Silence,
}

/// Notices that a far side sends nothing, as some do which do not say that a stream is over.
struct Silence {
    most: Duration,
    last: Instant,
    /// It was silent for too long, and has to say again what it said at first.
    is_broken: bool,
}

impl<'a> Published<'a> {
    fn new(relays: &'a Relays, relay: &Relay, leg: &'a Leg, far: &str) -> Self {
        let stream = leg.stream.clone();
        let settings = relays.0.parts.live.now();
        let latency = settings.latency(stream.application());
        let publisher = PublisherInfo::new(format!("relay {}", relay.id), far);
        Self {
            local: Local {
                broker: relays.broker().clone(),
                key: stream,
                publisher: publisher.with_latency(latency),
                publication: None,
                carried: leg.carried.clone(),
            },
            timeline: Timeline::default(),
            gate: CodecGate::default(),
            held: Held::default(),
            relays,
            leg,
            listed: None,
            silence: Silence {
                most: settings.limits.publisher_idle,
                last: Instant::now(),
                is_broken: false,
            },
        }
    }

    /// Another connection tells everything again.
    fn begin_line(&mut self) {
        self.look_anew();
        self.silence.is_broken = false;
        self.timeline.begin_line();
    }

    /// What comes next has to be let through like something new.
    fn look_anew(&mut self) {
        self.gate = CodecGate::new(self.rules());
        self.held = Held::default();
    }

    /// Which codecs may be published.
    fn rules(&self) -> Option<Arc<CodecRules>> {
        let settings = self.relays.0.parts.live.now();
        settings.codecs(self.local.key.application())
    }

    /// Sleeps, at the most until the rules are others than those by which the stream was refused.
    async fn pause_unwanted(&self, until: Instant) {
        while Instant::now() < until && self.rules().as_ref() == self.gate.rules() {
            let look = Instant::now().checked_add(RULES_LOOK).unwrap_or(until);
            sleep_until(until.min(look).into()).await;
        }
    }

    fn silent_at(&self) -> Option<Instant> {
        self.silence.last.checked_add(self.silence.most)
    }

    /// Who else publishes under the name, in words.
    fn taken(&self) -> Option<String> {
        if self.local.publication.is_some() {
            return None;
        }
        let stream = self.local.broker.stream(&self.local.key)?;
        let publisher = &stream.publication.as_ref()?.publisher;
        let (session, peer) = (&publisher.session, &publisher.peer);
        Some(format!(
            "the name is in use here: #{session} from {peer} publishes it"
        ))
    }

    /// Ends the publication, whatever the far side does.
    fn give_up(&mut self) {
        self.local.end();
        self.look_anew();
        self.listed = None;
    }

    /// Publishes what was held.
    fn begin(&mut self) -> Result<(), Untaken> {
        let held = self.held.take();
        for frame in held {
            self.local.push(frame)?;
            if self.listed.is_none() {
                self.begun();
            }
        }
        Ok(())
    }

    /// It is published now.
    fn begun(&mut self) {
        self.leg.begun();
        let parts = &self.relays.0.parts;
        self.listed = Some(Listed::new(&parts.events, &self.local.key));
        let application = self.local.key.application();
        if let Some(recordings) = &parts.recordings
            && parts.live.now().recorded(application) == RecordedStreams::All
        {
            let spans = self.leg.trace.scope();
            match recordings.start_alone(RecordMode::Record, &self.local.key, &spans) {
                Ok(()) | Err(Unstarted::Recorded | Unstarted::NotPublished) => {}
                Err(Unstarted::Refused(error)) => {
                    warn!(stream = self.local.key.name(), %error, "not recorded");
                }
            }
        }
    }
}

impl Taker for Published<'_> {
    fn push(&mut self, frame: Frame) -> Result<(), Untaken> {
        if self.silence.is_broken {
            return Err(Untaken::Headless);
        }
        let now = Instant::now();
        let is_new = self.local.publication.is_none();
        if is_new && self.held.is_empty() {
            self.timeline = Timeline::default();
        }
        self.silence.last = now;
        let Some(frame) = self.timeline.take(now, frame) else {
            return Ok(());
        };
        if let Err(refused) = self.gate.check(&frame) {
            // Its rules are kept for the pause.
            self.local.end();
            self.held = Held::default();
            self.listed = None;
            self.relays.0.counters.codec_refused();
            let application = self.local.key.application();
            return Err(Untaken::Unwanted(refused.words(application)));
        }
        if !is_new {
            return self.local.push(frame);
        }
        self.held.keep(now, frame);
        if self.gate.has_seen_all() || self.held.is_over(now) {
            self.begin()?;
        }
        Ok(())
    }

    fn publication(&mut self) -> Option<&mut Publication> {
        self.local.publication()
    }

    fn end(&mut self) {
        self.local.end();
        self.look_anew();
        if self.listed.take().is_some() {
            self.leg.rests();
        }
    }

    fn next_flush(&mut self) -> Option<Instant> {
        let Some(publication) = &self.local.publication else {
            return self.held.due();
        };
        let due = [publication.next_flush(), self.silent_at()];
        due.into_iter().flatten().min()
    }

    fn flush(&mut self) {
        let now = Instant::now();
        if self.silent_at().is_some_and(|at| at <= now) {
            self.silence.is_broken = true;
            self.end();
        } else if let Some(publication) = self.publication() {
            publication.flush(now);
        } else if self.held.is_over(now) && self.begin().is_err() {
            // Who has the name is told when it is looked at again, and what was held is gone.
            self.silence.is_broken = true;
        }
    }
}

/// Tells that a stream is published, until it is dropped.
struct Listed {
    events: Events,
    stream: StreamKey,
}

impl Listed {
    fn new(events: &Events, stream: &StreamKey) -> Self {
        let connection = None;
        events.tell(|| Happened::Published {
            stream: stream.clone(),
            connection,
        });
        Self {
            events: events.clone(),
            stream: stream.clone(),
        }
    }
}

impl Drop for Listed {
    fn drop(&mut self) {
        self.events.tell(|| Happened::Unpublished {
            stream: self.stream.clone(),
            connection: None,
        });
    }
}

/// How often it is looked whether somebody plays.
const DEMAND_LOOK: Duration = Duration::from_millis(250);
/// How often it is looked whether what was refused may come now.
const RULES_LOOK: Duration = Duration::from_secs(1);
/// When it is tried again where no more streams may be relayed.
const LOOK: Duration = Duration::from_secs(5);
