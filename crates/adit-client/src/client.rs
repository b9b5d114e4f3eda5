//! The way to a server, walked: a ladder raced, a login answered, a redirect followed, until an application has let us in.

mod asking;
mod attempt;
mod cause;
mod destination;
mod error;
mod options;
mod place;
mod race;
mod refusal;
mod routes;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use adit_net::CarrierInfo;
use adit_net::client::{Connector, ConnectorConfig, Discovery, GivenProxy, Target as NetTarget};
use adit_rtmp::command::Status;
use tokio::time::timeout;
use tokio_util::task::TaskTracker;

use self::asking::Asking;
use self::attempt::{Answer, Depth};
pub use self::destination::Destination;
use self::destination::Step;
pub use self::error::ConnectError;
pub use self::options::{ConnectOptions, Intent};
use self::race::{Course, Outcome};
use self::refusal::{asks_for_login, redirect_of};
use self::routes::Found;
use crate::address::Target;
use crate::connection::NetConnection;
use crate::limits;
use crate::link::Link;
use crate::memory::{Memory, Place};
use crate::plan::{Goal, Policy, Report};
use crate::redirect::is_inward_address;
use crate::strategy::{Ladder, Rung, Strategy};

/// Makes connections: what is trusted, which proxies there are, what worked last time. Cheap to clone; clones share the memory.
///
/// ```no_run
/// use adit_client::memory::{Entry, Memory, UnixSeconds};
/// use adit_client::network::{ConnectorConfig, GivenProxy};
/// use adit_client::strategy::Strategy;
/// use adit_client::{Client, ConnectOptions, Intent, Target};
///
/// # async fn probe(kept: Vec<Entry>, now: UnixSeconds) -> Result<(), Box<dyn std::error::Error>> {
/// let client = Client::new(ConnectorConfig::system()?, GivenProxy::System)
///     .with_memory(Memory::restore(kept, now));
/// let target = Target::parse("rtmp://live.example.com/app")?;
/// let options = ConnectOptions::new(Intent::Play).with_strategy(Strategy::Reach);
/// let report = client.probe(&target, &options).await?;
/// for attempt in report.attempts() {
///     println!("{}: {} after {:?}", attempt.rung(), attempt.outcome().as_str(), attempt.took());
/// }
/// println!("{}", report.verdict());
/// let kept: Vec<Entry> = client.remembered().entries().cloned().collect();
/// # Ok(())
/// # }
/// ```
#[derive(Debug, Clone)]
pub struct Client {
    connector: Connector,
    discovery: Discovery,
    memory: Arc<Mutex<Memory>>,
    closing: TaskTracker,
}

impl Client {
    /// A client that trusts and waits as `network` says, and uses the proxies that `proxy` says.
    pub fn new(network: ConnectorConfig, proxy: GivenProxy) -> Self {
        let connector = Connector::new(network);
        let discovery = Discovery::new(proxy, connector.clone());
        Self::with_discovery(connector, discovery)
    }

    /// The same with proxies found another way.
    pub fn with_discovery(connector: Connector, discovery: Discovery) -> Self {
        let closing = TaskTracker::new();
        // Tasks may still come; whoever waits waits for those that there are.
        closing.close();
        Self {
            connector: connector.closing_in(closing.clone()),
            discovery,
            memory: Arc::default(),
            closing,
        }
    }

    /// Remembers what was remembered before; see [`memory`](crate::memory).
    #[must_use]
    pub fn with_memory(self, memory: Memory) -> Self {
        *self.memory() = memory;
        self
    }

    /// What is remembered now, to be written down.
    pub fn remembered(&self) -> Memory {
        self.memory().clone()
    }

    /// Connects to the application of `target`, whatever way there is.
    ///
    /// Logins that the server asks for are answered with the credentials of the target, redirects are followed.
    ///
    /// # Errors
    ///
    /// No way leads to the server, or the server does not let us in. The error has the report of all attempts.
    pub async fn connect(
        &self,
        target: &Target,
        options: &ConnectOptions,
    ) -> Result<NetConnection, ConnectError> {
        self.connect_to(&mut Destination::new(target.clone()), options)
            .await
    }

    /// The same, for a destination that remembers over several connections where it was sent.
    ///
    /// # Errors
    ///
    /// As [`connect`](Self::connect).
    pub async fn connect_to(
        &self,
        destination: &mut Destination,
        options: &ConnectOptions,
    ) -> Result<NetConnection, ConnectError> {
        let mut step = destination.begin();
        loop {
            let (link, rung, report) = self.reach(&step, options).await?;
            let connect = options.connect_command(&step.target, step.query.as_ref());
            let (answer, link) = Asking::new(link, connect, &self.closing).await;
            let answer = match answer {
                Ok(answer) => answer,
                Err(lost) => {
                    self.closing.spawn(link.close());
                    return Err(ConnectError::lost(&lost, &rung, step.target.app(), report));
                }
            };
            let status = match answer {
                Answer::Accepted(reply) => {
                    return Ok(NetConnection::start(
                        *link,
                        *reply,
                        rung,
                        report,
                        step.target,
                        self.closing.clone(),
                    ));
                }
                Answer::Refused(status) => status,
            };
            let peer = Peer::of(link.carrier().info(), &rung, &step.target);
            self.closing.spawn(link.close());
            step = next_step(destination, step, &rung, status, peer, report)?;
        }
    }

    /// Tries every way of the strategy to its end, and says what came of each.
    ///
    /// # Errors
    ///
    /// The settings for proxies cannot be read or followed, unless the strategy is
    /// [`Reach`](Strategy::Reach), which then goes without those of the system.
    pub async fn probe(
        &self,
        target: &Target,
        options: &ConnectOptions,
    ) -> Result<Report, ConnectError> {
        let step = Step::to(target.clone());
        let connect = options.connect_command(target, None);
        let (outcome, _) = self
            .race(
                &step,
                options,
                Depth::Connect {
                    connect: Box::new(connect),
                    target: Box::new(target.clone()),
                },
                options.policy.with_goal(Goal::Survey),
            )
            .await?;
        if let Some((_, link)) = outcome.winner {
            self.closing.spawn(link.close());
        }
        Ok(outcome.report)
    }

    /// Waits until everything that was given up has said goodbye, at most [`limits::LOSERS`]: attempts that came too late,
    /// connections that were refused, lost or dropped. For programs that are about to end, once, behind everything else: a tunnel
    /// session that nobody closes stays at the server for a while, and keeps the name of the stream.
    ///
    /// Nothing else waits for that: errors and reports are given back as soon as they are known. Connections in use are not waited for.
    pub async fn settle(&self) {
        settle(&self.closing).await;
    }

    /// A link whose RTMP handshake is done.
    async fn reach(
        &self,
        step: &Step,
        options: &ConnectOptions,
    ) -> Result<(Box<Link>, Rung, Report), ConnectError> {
        let (outcome, settings) = self
            .race(step, options, Depth::Handshake, options.policy)
            .await?;
        match outcome.winner {
            Some((rung, link)) => Ok((link, rung, outcome.report)),
            None => Err(ConnectError::Unreachable {
                report: Box::new(outcome.report),
                settings,
            }),
        }
    }

    /// Runs one ladder; with it comes why the settings for proxies were left aside, if they were.
    async fn race(
        &self,
        step: &Step,
        options: &ConnectOptions,
        depth: Depth,
        policy: Policy,
    ) -> Result<(Outcome, Option<String>), ConnectError> {
        let target = &step.target;
        let asked = NetTarget::new(&target.host().to_string(), target.port_or_default())
            .map_err(|error| ConnectError::Address(error.to_string()))?;
        let (found, settings) = match Found::ask(&self.discovery, &asked).await {
            Ok(found) => (found, None),
            // What the user has said himself is not left aside.
            Err(error) if options.strategy == Strategy::Reach && !self.discovery.is_given() => {
                tracing::warn!(%error, "the proxy settings are left aside");
                (Found::default(), Some(error.to_string()))
            }
            Err(error) => return Err(ConnectError::Proxies(error)),
        };
        let place = Place::new(target, &place::local_network(target.host()), found.routes());
        let ladder = self.ladder(step, options, &found, &place);
        let connector = if step.outward {
            self.connector
                .clone()
                .admitting(|ip| !is_inward_address(ip))
        } else {
            self.connector.clone()
        };
        let course = Course {
            connector,
            found,
            tunnel: options.tunnel,
            session: options.session.clone(),
            depth,
            closing: self.closing.clone(),
        };
        let outcome = race::run(&course, &ladder, policy).await;
        if let Some((rung, _)) = &outcome.winner
            && options.strategy == Strategy::Reach
        {
            self.memory().remember(place, rung, place::now());
        }
        Ok((outcome, settings))
    }

    fn ladder(
        &self,
        step: &Step,
        options: &ConnectOptions,
        found: &Found,
        place: &Place,
    ) -> Ladder {
        let target = &step.target;
        if let Some(rung) = &step.only {
            return Ladder::from_rungs(target.host().clone(), vec![rung.clone()]);
        }
        Ladder::new(
            target,
            options.strategy,
            options.proxy_type,
            found.routes(),
            self.memory().recall(place, place::now()),
        )
    }

    fn memory(&self) -> MutexGuard<'_, Memory> {
        self.memory.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Waits for the goodbyes under way, at most [`limits::LOSERS`].
async fn settle(closing: &TaskTracker) {
    // Whoever does not answer in time has lost interest in it.
    timeout(limits::LOSERS, closing.wait()).await.ok();
}

/// What is known about where a refusal came from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Peer {
    /// From this machine or network.
    Near,
    /// From the internet.
    Far,
}

impl Peer {
    /// Behind a proxy nobody can see an address, so it counts as the internet unless the target itself says otherwise.
    fn of(info: &CarrierInfo, rung: &Rung, target: &Target) -> Self {
        let ip = match rung.route().proxy() {
            Some(_) => target.host().ip(),
            None => Some(info.peer.ip()),
        };
        if ip.is_some_and(is_inward_address) {
            Self::Near
        } else {
            Self::Far
        }
    }
}

/// Where to go after a refusal: elsewhere, or to the same place with a login.
fn next_step(
    destination: &mut Destination,
    step: Step,
    rung: &Rung,
    status: Option<Status>,
    peer: Peer,
    report: Report,
) -> Result<Step, ConnectError> {
    if let Some(url) = status.as_ref().and_then(redirect_of) {
        let step = destination.redirected(&step, &url, peer)?;
        return Ok(step);
    }
    let description = status
        .as_ref()
        .map(|status| status.description().to_string())
        .unwrap_or_default();
    if !asks_for_login(&description) {
        return Err(ConnectError::Refused {
            status,
            report: Box::new(report),
        });
    }
    destination.login(step, rung, &description)
}

#[cfg(test)]
mod tests;
