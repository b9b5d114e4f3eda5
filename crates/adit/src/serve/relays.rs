//! Relays, as the configuration says them.

use std::collections::HashMap;
use std::path::Path;

use adit_client::network::{TlsClient, TlsSetupError};
use adit_server::Network;
use adit_server::control::Control;
use adit_server::relays::{RelayOrigin, RelayRefused, RelaySpec, RelayTrust};
use thiserror::Error;
use tokio::task::spawn_blocking;

use crate::config::Config;

/// Why there cannot be the relays that are asked for.
#[derive(Debug, Error)]
pub(crate) enum RelayError {
    /// Whom to trust cannot be read.
    #[error("apps.{app}.relays, certificates to trust: {source}")]
    Trust { app: String, source: TlsSetupError },
    /// One cannot be.
    #[error("apps.{app}.relays: {source}")]
    Refused { app: String, source: RelayRefused },
    /// A stream is none.
    #[error("apps.{app}.relays: {what}")]
    Stream { app: String, what: String },
}

/// What the configuration says. Certificates to trust are read.
///
/// # Errors
/// They cannot be.
pub(super) fn read(asked: &Config) -> Result<Vec<RelaySpec>, RelayError> {
    let mut trusted: HashMap<RelayTrust, TlsClient> = HashMap::new();
    let mut all = Vec::new();
    let relays = asked
        .apps
        .iter()
        .flat_map(|(name, app)| app.relays.iter().map(move |relay| (name, relay)));
    for (name, relay) in relays {
        let app = || name.clone();
        let job = relay
            .job(name)
            .map_err(|what| RelayError::Stream { app: app(), what })?;
        let way = relay.way();
        let tls = if let Some(tls) = trusted.get(&way.trust) {
            tls.clone()
        } else {
            let tls = way.trust.client();
            let tls = tls.map_err(|source| RelayError::Trust { app: app(), source })?;
            trusted.insert(way.trust.clone(), tls.clone());
            tls
        };
        let whose = (RelayOrigin::Configuration, networks(asked));
        let spec = RelaySpec::new(job, relay.url.url().clone(), (way, tls), whose);
        all.push(spec.map_err(|source| RelayError::Refused { app: app(), source })?);
    }
    Ok(all)
}

/// Has the server go on with the relays that the API has started, and keep those that it starts, in this directory.
pub(super) async fn keep(control: &Control, state_directory: &Path, networks: Vec<Network>) {
    let (control, file) = (control.clone(), state_directory.join(FILE));
    let kept = spawn_blocking(move || control.keep_relays(file, &networks));
    if let Err(error) = kept.await {
        tracing::error!(%error, "the relays that the API has started do not begin");
    }
}

/// Networks of the operator's own where relays may go.
pub(super) fn networks(asked: &Config) -> Vec<Network> {
    let networks = asked.server.relay_networks.iter();
    networks.map(|network| network.0).collect()
}

/// The file of the relays of the API in the state directory.
const FILE: &str = "relays.json";
