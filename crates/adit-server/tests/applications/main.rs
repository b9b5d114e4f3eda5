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
#[path = "../support/mod.rs"]
#[expect(dead_code, reason = "shared objects are tested elsewhere")]
mod support;

use std::ops::Deref;

use adit_server::ServerConfig;
use adit_server::application::{Applications, Unknown, Vod};

use crate::client::Client;
use crate::lab::{Lab, Log};

/// A server and what its application `lab` writes down.
struct Running {
    server: support::Running,
    log: Log,
}

impl Deref for Running {
    type Target = support::Running;

    fn deref(&self) -> &Self::Target {
        &self.server
    }
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
    let server = support::Running::with(config);
    Running { server, log }
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
