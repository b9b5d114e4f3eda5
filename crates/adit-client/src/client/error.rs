//! Why a connection was not made.

use adit_net::client::DiscoveryError;
use adit_rtmp::command::Status;

use super::cause;
use super::refusal;
use crate::auth::LoginError;
use crate::link::Lost;
use crate::plan::{Failure, Report};
use crate::redirect::RedirectError;
use crate::strategy::Rung;

/// Why a connection was not made.
///
/// Its own words hold no secrets. Those of the server are repeated, and a server may repeat what the client has told it, the
/// stream's name included: mask that before it goes to a log.
///
/// ```no_run
/// use adit_client::{Client, ConnectError, ConnectOptions, NetConnection, Target};
///
/// # async fn sleep_a_little() {}
/// async fn patiently(
///     client: &Client,
///     target: &Target,
///     options: &ConnectOptions,
/// ) -> Result<NetConnection, ConnectError> {
///     loop {
///         match client.connect(target, options).await {
///             Err(error) if error.is_passing() => eprintln!("once more: {error}"),
///             done => return done,
///         }
///         sleep_a_little().await;
///     }
/// }
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ConnectError {
    /// The address cannot be dialled.
    #[error("the address cannot be used: {0}")]
    Address(String),
    /// It is not known which proxies there are.
    #[error(transparent)]
    Proxies(DiscoveryError),
    /// No way leads to an RTMP server.
    #[error("{}", report.verdict())]
    Unreachable {
        /// What came of each attempt.
        report: Box<Report>,
        /// Why the settings for proxies were left aside, if they were.
        settings: Option<String>,
    },
    /// The server does not let us in.
    #[error("the server refuses the connection: {}", refusal::in_words(status.as_ref()))]
    Refused {
        /// What it said.
        status: Option<Status>,
        /// What came of each attempt; one of them was good.
        report: Box<Report>,
    },
    /// The connection was lost while the server was asked.
    #[error("the connection over {rung} was lost before the server answered connect: {}", failure.cause())]
    Lost {
        /// The way that was good so far.
        rung: Box<Rung>,
        /// What happened.
        failure: Failure,
        /// What came of each attempt.
        report: Box<Report>,
    },
    /// The login does not work.
    #[error(transparent)]
    Login(#[from] LoginError),
    /// The server sends us where we do not go.
    #[error(transparent)]
    Redirect(#[from] RedirectError),
}

impl ConnectError {
    pub(super) fn lost(lost: &Lost, rung: &Rung, app: &str, report: Report) -> Self {
        Self::Lost {
            failure: cause::of_lost_at_connect(lost, rung.transport(), app),
            rung: Box::new(rung.clone()),
            report: Box::new(report),
        }
    }

    /// What came of each attempt, where attempts were made.
    pub fn report(&self) -> Option<&Report> {
        match self {
            Self::Unreachable { report, .. }
            | Self::Refused { report, .. }
            | Self::Lost { report, .. } => Some(report),
            _ => None,
        }
    }

    /// Whether trying again later could help: the network or the server failed, nobody refused.
    pub fn is_passing(&self) -> bool {
        matches!(self, Self::Unreachable { .. } | Self::Lost { .. })
    }
}
