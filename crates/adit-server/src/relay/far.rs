//! Which far stream a local one is.

use std::sync::Arc;

use adit_client::{
    AddressError, Client, ConnectError, ConnectOptions, Destination, NetConnection, Secret, Target,
};
use adit_rtmp::command::{DEFAULT_INSTANCE, Location, Query, StreamName};

/// What a local client asked for, as it said it.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Local<'a> {
    /// Application, instance and name.
    pub(crate) location: &'a Location,
    /// The query of its `connect`.
    pub(crate) app_query: &'a Query,
    /// The name with prefix and query.
    pub(crate) name: &'a StreamName,
}

/// The far stream for a local one.
///
/// What the relay's own address says wins: its application, and its stream, each with its query. What it leaves open is taken from
/// the local client, exactly as that one wrote it.
///
/// # Errors
/// The local client wrote something that no address can hold.
pub(super) fn target(relay: &Target, local: Local<'_>) -> Result<Target, AddressError> {
    let has_app = !relay.app().is_empty() || relay.app_query().is_some();
    let app = if has_app {
        relay.app_argument()
    } else {
        local_app(local)
    };
    let scheme = relay.scheme();
    let host = relay.host().in_url();
    let port = relay.port().map(|port| format!(":{port}"));
    let server = format!("{scheme}://{host}{}/{app}", port.unwrap_or_default());
    let target = if relay.has_stream() {
        Target::from_server_and_key(&server, relay.stream_argument().expose())
    } else {
        Target::from_server_and_key(&server, &local_stream(local))
    }?;
    Ok(target.with_credentials(relay.credentials().cloned()))
}

/// The application that the local client names, if the address of the relay names another one. Parts behind the first are not shown:
/// a key may stand there.
pub(super) fn other_application(relay: &Target, local: Local<'_>) -> Option<String> {
    let wanted = relay.app();
    let named = &local.location.application;
    let instance = local.location.instance.as_str();
    let whole = match instance {
        DEFAULT_INSTANCE => named.to_string(),
        instance => format!("{named}/{instance}"),
    };
    if wanted.is_empty() || whole == wanted {
        None
    } else if instance == DEFAULT_INSTANCE {
        Some(whole)
    } else {
        Some(format!("{named}/***"))
    }
}

/// How to get to the far side, over any number of connections.
pub(crate) struct Far {
    pub(crate) client: Client,
    pub(crate) options: Arc<ConnectOptions>,
    pub(crate) destination: Destination,
}

impl Far {
    pub(super) async fn connect(&mut self) -> Result<NetConnection, ConnectError> {
        // The search for a way is large, and few of them run at a time.
        Box::pin(self.client.connect_to(&mut self.destination, &self.options)).await
    }

    /// What somebody else said, without the secrets it may repeat.
    pub(super) fn without_secrets(&self, said: &str) -> String {
        let secrets = self.destination.target().secrets();
        secrets
            .into_iter()
            .fold(said.to_owned(), |said, secret| said.replace(secret, "***"))
    }

    /// The name of the stream, with its query.
    pub(super) fn name(&self) -> Secret {
        self.destination.target().stream_argument()
    }
}

fn local_app(local: Local<'_>) -> String {
    let Location {
        application,
        instance,
        ..
    } = local.location;
    let mut app = application.to_string();
    if instance.as_str() != DEFAULT_INSTANCE {
        app.push('/');
        app.push_str(instance);
    }
    if !local.app_query.is_empty() {
        app.push('?');
        app.push_str(local.app_query.as_str());
    }
    app
}

fn local_stream(local: Local<'_>) -> String {
    if !local.name.name().is_empty() {
        return local.name.raw().to_owned();
    }
    // The name came with the path of the connection.
    let name = local.location.name.as_str();
    match local.name.query() {
        query if query.is_empty() => name.to_owned(),
        query => format!("{name}?{}", query.as_str()),
    }
}

#[cfg(test)]
mod tests;
