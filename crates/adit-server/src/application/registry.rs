//! Which application stands behind which name.

use std::collections::HashMap;
use std::sync::Arc;

use adit_rtmp::command::Address;

use super::{Application, Live, Refusal};
use crate::config::AppConfig;

/// The applications of a server, by name; the default serves every name as [`Live`].
///
/// ```
/// use adit_server::application::{Applications, Live, Unknown};
///
/// let applications = Applications::default()
///     .with("live", Live)
///     .unknown(Unknown::Refused);
/// # drop(applications);
/// ```
#[derive(Clone, Debug, Default)]
pub struct Applications {
    everywhere: VirtualHost,
    /// By name in lower case.
    hosts: HashMap<String, VirtualHost>,
    /// What is different for their streams, by their names.
    streams: HashMap<String, AppConfig>,
}

/// The applications of one virtual host. Its streams, shared objects and instances are its own, and so are its recordings, in the
/// directory `@name` of the [`MediaRoot`](crate::MediaRoot).
#[derive(Clone, Debug, Default)]
pub struct VirtualHost {
    applications: HashMap<String, Arc<dyn Application>>,
    unknown: Unknown,
}

/// What becomes of a client that connects to an application that has no name here.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Unknown {
    /// It is served as by [`Live`].
    #[default]
    AsLive,
    /// It is refused.
    Refused,
}

impl VirtualHost {
    /// Adds an application, or replaces the one of that name. The empty name is that of clients who give no path.
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, application: impl Application) -> Self {
        self.applications.insert(name.into(), Arc::new(application));
        self
    }

    /// Says what becomes of names that were not added.
    #[must_use]
    pub const fn unknown(mut self, unknown: Unknown) -> Self {
        self.unknown = unknown;
        self
    }

    fn find(&self, name: &str) -> Result<Arc<dyn Application>, Refusal> {
        match (self.applications.get(name), self.unknown) {
            (Some(application), _) => Ok(Arc::clone(application)),
            (None, Unknown::AsLive) => Ok(Arc::new(Live)),
            (None, Unknown::Refused) => {
                let description =
                    format!("[ Server.Reject ] : there is no application {name:?} here");
                Err(Refusal::new(description))
            }
        }
    }
}

impl Applications {
    /// Adds an application on every host that has none of its own; see [`VirtualHost::with`].
    #[must_use]
    pub fn with(mut self, name: impl Into<String>, application: impl Application) -> Self {
        self.everywhere = self.everywhere.with(name, application);
        self
    }

    /// Says what is different for the streams of the applications of this name, on all hosts.
    #[must_use]
    pub fn streams(mut self, name: impl Into<String>, config: AppConfig) -> Self {
        self.streams.insert(name.into(), config);
        self
    }

    /// What is different for the streams of the applications of this name.
    pub(crate) fn streams_of(&self, name: &str) -> AppConfig {
        self.streams.get(name).cloned().unwrap_or_default()
    }

    /// Says what becomes of names that were not added, on every host that has no applications of its own.
    #[must_use]
    pub fn unknown(mut self, unknown: Unknown) -> Self {
        self.everywhere = self.everywhere.unknown(unknown);
        self
    }

    /// Gives the host of this name applications of its own. It is meant by clients who connect to `rtmp://name/…`, or with `?vhost=name`.
    ///
    /// All other hosts are one: who says `localhost` and who says `127.0.0.1` mean the same stream.
    #[must_use]
    pub fn host(mut self, name: &str, host: VirtualHost) -> Self {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        self.hosts.insert(name, host);
        self
    }

    /// The virtual host that a client asks for.
    pub(super) fn vhost<'a>(&self, address: &'a Address) -> &'a str {
        match self.hosts.get(address.vhost()) {
            Some(_) => address.vhost(),
            None => "",
        }
    }

    /// The application that a client asks for, and the virtual host it is on: the empty one for all that have no applications of their own.
    pub(super) fn find<'a>(
        &self,
        address: &'a Address,
    ) -> Result<(&'a str, Arc<dyn Application>), Refusal> {
        self.on(address.vhost(), address.application())
    }

    /// The same for whoever has no address but names both.
    pub(crate) fn on<'a>(
        &self,
        vhost: &'a str,
        application: &str,
    ) -> Result<(&'a str, Arc<dyn Application>), Refusal> {
        let (vhost, host) = match self.hosts.get(vhost) {
            Some(host) => (vhost, host),
            None => ("", &self.everywhere),
        };
        Ok((vhost, host.find(application)?))
    }
}
