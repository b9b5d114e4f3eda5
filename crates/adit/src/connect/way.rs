//! The client that the flags ask for.

use std::future::Future;
use std::io;

use adit_client::amf::amf0;
use adit_client::network::{ConnectorConfig, InsecureTls, TlsClient};
use adit_client::plan::Policy;
use adit_client::plan::Report;
use adit_client::rtmp::command::ObjectEncoding;
use adit_client::strategy::{Rung, Strategy};
use adit_client::{Client, ConnectOptions, Destination, Intent, NetConnection, Target};
use serde_json::{Map, Value, json};

use super::{Failure, key, memory};
use crate::cli::{self, Address, Key, WayOut};
use crate::ui;

/// The way out, as the flags ask for it.
#[derive(Debug, Clone)]
pub(crate) struct Way {
    client: Client,
    options: ConnectOptions,
}

/// Threads of a command: one for the connection, one for what waits beside it.
const THREADS: usize = 2;

/// Does the work of a command to its end, and then waits for the goodbyes of connections that were given up; threads that read an
/// input are not waited for.
///
/// # Errors
/// When the system gives no threads.
pub(crate) fn run<T>(way: &Way, work: impl Future<Output = T>) -> io::Result<T> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(THREADS)
        .enable_all()
        .build()?;
    let outcome = runtime.block_on(async {
        let outcome = work.await;
        way.client().settle().await;
        outcome
    });
    runtime.shutdown_background();
    Ok(outcome)
}

/// What programs are told about a way: the rung as people read it, and its parts.
pub(crate) fn rung_fields(rung: &Rung) -> Map<String, Value> {
    let proxy = rung.route().proxy().map(ToString::to_string);
    let fields = [
        ("rung", json!(rung.to_string())),
        ("transport", json!(rung.transport().to_string())),
        ("port", json!(rung.port())),
        ("proxy", json!(proxy)),
    ];
    fields
        .map(|(name, value)| (name.to_owned(), value))
        .into_iter()
        .collect()
}

impl Way {
    /// What `flags` ask for; `usual` is the strategy of the command.
    ///
    /// # Errors
    /// When there is nobody to trust: a file of certificates cannot be read.
    pub(crate) fn new(
        flags: &WayOut,
        intent: Intent,
        usual: cli::Strategy,
    ) -> Result<Self, Failure> {
        let tls = match &flags.ca_file {
            _ if flags.insecure => {
                ui::note(
                    "--insecure: certificates are not verified, so whoever sits on the way can read and change everything, \
                     the stream key too",
                );
                TlsClient::insecure(InsecureTls::accept_any_certificate())
            }
            Some(path) => TlsClient::with_ca_file(path)?,
            None => TlsClient::system()?,
        };
        let client = Client::new(ConnectorConfig::new(tls), flags.proxy.clone())
            .with_memory(memory::recall());
        let mut options =
            ConnectOptions::new(intent).with_strategy(flags.strategy.unwrap_or(usual).into());
        options.proxy_type = flags.proxy_type.into();
        options.policy = if flags.sequential {
            Policy::sequential()
        } else {
            Policy::staggered()
        };
        if let Some(timeout) = flags.timeout {
            options.policy = options.policy.with_deadline(timeout);
        }
        Ok(Self { client, options })
    }

    /// The stream that address and key name.
    ///
    /// # Errors
    /// When the address is wrong, the key cannot be read, or they name no stream.
    pub(crate) fn stream(address: &Address, key: &Key) -> Result<Target, Failure> {
        let target = key::target(address, key)?;
        if target.has_stream() {
            Ok(target)
        } else {
            Err(cli::AddressMistake::NoStream.into())
        }
    }

    /// The server, application or stream that address and key name.
    ///
    /// # Errors
    /// When the address is wrong, or the key cannot be read.
    pub(crate) fn place(address: &Address, key: &Key) -> Result<Target, Failure> {
        key::target(address, key)
    }

    /// Makes the connections.
    pub(crate) fn client(&self) -> &Client {
        &self.client
    }

    /// How they are made.
    pub(crate) fn options(&self) -> &ConnectOptions {
        &self.options
    }

    /// Connects to the application of a destination.
    ///
    /// # Errors
    /// No way leads to the server, or it does not let us in.
    pub(crate) async fn connect(
        &self,
        destination: &mut Destination,
    ) -> Result<NetConnection, Failure> {
        let connection = self.client.connect_to(destination, &self.options).await?;
        self.remember();
        Ok(connection)
    }

    /// The application that the address names with all of its path.
    ///
    /// # Errors
    /// When the address is wrong.
    pub(crate) fn application(address: &Address) -> Result<Target, Failure> {
        key::application(address)
    }

    /// The same way in another encoding, with what the application is told.
    #[must_use]
    pub(crate) fn telling(mut self, encoding: ObjectEncoding, told: Vec<amf0::Value>) -> Self {
        self.options.object_encoding = encoding;
        self.options.arguments = told;
        self
    }

    /// What the address names, a stream or not.
    ///
    /// # Errors
    /// When the address is wrong.
    pub(crate) fn address(address: &Address) -> Result<Target, Failure> {
        key::address(address)
    }

    /// Tries every way to its end.
    ///
    /// # Errors
    /// The settings for proxies cannot be followed.
    pub(crate) async fn probe(&self, target: &Target) -> Result<Report, Failure> {
        let report = self.client.probe(target, &self.options).await?;
        self.remember();
        Ok(report)
    }

    /// Writes down which ways have worked. It is done by itself after connections that were made here.
    pub(crate) fn remember(&self) {
        // Other strategies try what the address says, in its order.
        if self.options.strategy == Strategy::Reach {
            memory::keep(&self.client.remembered());
        }
    }
}
