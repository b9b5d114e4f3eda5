//! Applications of a real server, asked by real clients over sockets on loopback.
#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::unwrap_used,
    reason = "tests fail by panicking"
)]

mod client;
mod lab;

mod access;
mod calls;
mod chat;
mod connections;
mod instances;
mod lines;

use std::net::{Ipv4Addr, SocketAddr};

use adit_server::application::{Applications, Unknown, Vod};
use adit_server::{Listener, Server, ServerConfig, ServerStats};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use crate::client::Client;
use crate::lab::{Lab, Log};

/// A server that stops when told to or dropped.
struct Running {
    address: SocketAddr,
    log: Log,
    stats: ServerStats,
    stop: oneshot::Sender<()>,
    ended: JoinHandle<()>,
}

/// A server with the application `lab`, changed in one way.
fn start_with(change: impl FnOnce(&mut ServerConfig)) -> Running {
    let log = Log::default();
    let mut config = ServerConfig::default();
    config.applications = Applications::default()
        .with("lab", Lab { log: log.clone() })
        .with("vod", Vod)
        .unknown(Unknown::Refused);
    change(&mut config);
    let listener = Listener::bind((Ipv4Addr::LOCALHOST, 0).into()).expect("a free port");
    let address = listener.local_addr();
    let server = Server::new(config, vec![listener]);
    let stats = server.stats().clone();
    let (stop, stopped) = oneshot::channel();
    let ended = tokio::spawn(server.run(async move {
        // An error means that the test is over: that is a reason to stop as well.
        drop(stopped.await);
    }));
    Running {
        address,
        log,
        stats,
        stop,
        ended,
    }
}

fn start() -> Running {
    start_with(|_| {})
}

impl Running {
    async fn client(&self) -> Client {
        Client::connect(self.address, "lab").await
    }

    /// A client that is refused, and what it is told.
    async fn refused(&self, app: &str, word: &str) -> String {
        let mut client =
            Client::ask(self.address, "localhost", app, vec![word.to_owned().into()]).await;
        let told = client.until("NetConnection.Connect").await;
        client.until("end").await;
        told
    }
}
