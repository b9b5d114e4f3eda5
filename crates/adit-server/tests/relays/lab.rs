//! A server with relays.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use adit_broker::{Broker, StreamKey};
use adit_client::network::{GivenProxy, InsecureTls, TlsClient};
use adit_server::control::Control;
use adit_server::relays::{
    Demand, LegSnapshot, RelayJob, RelayOrigin, RelaySnapshot, RelaySpec, RelayWay,
};
use adit_server::{Listener, Server, ServerConfig, Visitors};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

use super::before::Before;
use super::support::Watched;

/// Long enough for a machine that is busy with everything else; only reached when a test fails.
pub(crate) const SOON: Duration = Duration::from_secs(30);

pub(crate) struct Lab {
    pub(crate) address: SocketAddr,
    pub(crate) control: Control,
    broker: Broker,
    visitors: Visitors,
    stop: Option<oneshot::Sender<()>>,
    task: JoinHandle<()>,
}

impl Lab {
    pub(crate) fn start() -> Self {
        Self::start_with(|_| {})
    }

    pub(crate) fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Self {
        let mut config = ServerConfig::default();
        change(&mut config);
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self::run(Server::new(config, vec![listener]))
    }

    /// One that has taken over from this one, with a port of its own.
    pub(crate) fn succeeding(before: &Self) -> Self {
        let before = Arc::new(Before(before.visitors.clone()));
        let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).unwrap();
        Self::run(Server::succeeding(
            before,
            ServerConfig::default(),
            vec![listener],
        ))
    }

    fn run(server: Server) -> Self {
        let (stop, stopped) = oneshot::channel();
        Self {
            address: server.local_addrs()[0],
            control: server.control(),
            broker: server.broker().clone(),
            visitors: server.visitors(),
            stop: Some(stop),
            task: tokio::spawn(server.run(async move { drop(stopped.await) })),
        }
    }

    /// Has these relays and no others.
    pub(crate) fn relays(&self, all: Vec<RelaySpec>) {
        self.control.set_relays(all, Vec::new());
    }

    /// Has one relay, which pulls a stream all the time.
    pub(crate) fn pulls(&self, stream: &str, url: &str) {
        self.relays(vec![pull(stream, url, Demand::Always)]);
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("rtmp://127.0.0.1:{}/{path}", self.address.port())
    }

    pub(crate) fn watch(&self, application: &str, name: &str) -> Watched {
        Watched::new(&self.broker, application, name)
    }

    pub(crate) fn is_published(&self, application: &str, name: &str) -> bool {
        self.broker.is_published(&key(application, name))
    }

    /// Waits until the only relay is as it is wanted.
    pub(crate) async fn until(&self, is_it: impl Fn(&RelaySnapshot) -> bool) -> RelaySnapshot {
        until(|| {
            let mut relays = self.control.relays();
            assert_eq!(relays.len(), 1, "{relays:?}");
            relays.pop().filter(&is_it)
        })
        .await
        .unwrap_or_else(|| panic!("{:?}", self.control.relays()))
    }

    /// Waits until the only leg of the only relay is as it is wanted.
    pub(crate) async fn until_leg(&self, is_it: impl Fn(&LegSnapshot) -> bool) -> LegSnapshot {
        let relay = self
            .until(|relay| relay.legs.len() == 1 && relay.legs.iter().all(&is_it))
            .await;
        relay.legs.into_iter().next().unwrap()
    }

    /// Tells it to stop, and waits until it has.
    pub(crate) async fn stop(mut self) {
        drop(self.stop.take());
        let ended = timeout(SOON, &mut self.task).await;
        ended.expect("it ends").expect("without a panic");
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Waits until there is something.
pub(crate) async fn until<T>(find: impl Fn() -> Option<T>) -> Option<T> {
    let found = async {
        loop {
            match find() {
                Some(found) => return found,
                None => sleep(Duration::from_millis(10)).await,
            }
        }
    };
    timeout(SOON, found).await.ok()
}

pub(crate) fn key(application: &str, name: &str) -> StreamKey {
    StreamKey::new("", application, "_definst_", name).unwrap()
}

pub(crate) fn push(streams: &str, url: &str) -> RelaySpec {
    let streams = streams.parse().unwrap();
    spec(RelayJob::Push { streams }, url)
}

pub(crate) fn pull(stream: &str, url: &str, demand: Demand) -> RelaySpec {
    spec(RelayJob::pull(stream, demand).unwrap(), url)
}

fn spec(job: RelayJob, url: &str) -> RelaySpec {
    let way = RelayWay {
        proxy: GivenProxy::None,
        ..RelayWay::default()
    };
    let tls = TlsClient::insecure(InsecureTls::accept_any_certificate());
    let whose = (RelayOrigin::Configuration, Vec::new());
    RelaySpec::new(job, url.parse().unwrap(), (way, tls), whose).unwrap()
}
