//! Addresses of streams: what a user types, taken apart.
//!
//! ```text
//! rtmps://user:password@live.example.com:8443/app/instance/stream?token=1
//! └─┬─┘   └─────┬─────┘ └──────┬───────┘ └┬─┘ └─────┬────┘ └─┬──┘ └──┬──┘
//! scheme   credentials       host       port   application  name   query
//! ```
//!
//! [`Target::parse`] reads one such text; [`Target::from_server_and_key`] takes the two fields that
//! OBS and most hardware encoders have. Names and queries stay exactly as typed: nothing is decoded,
//! because servers compare the text. Whatever may be secret is hidden by `Debug` and `Display`.

mod error;
mod host;
mod parse;
#[cfg(test)]
mod tests;

use std::cmp::Reverse;
use std::fmt;

pub use self::error::AddressError;
pub use self::host::Host;
use crate::secret::Secret;

/// What is shorter is not looked for in what somebody says.
const SHORTEST_SECRET: usize = 6;

/// What an address asks for by its first word.
///
/// It names a wish, not yet a way: `rtmps` may travel natively in TLS or as a tunnel in HTTPS,
/// `rtmp` without a port may fall back to the tunnel (see [`strategy`](crate::strategy)).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Scheme {
    /// RTMP.
    Rtmp,
    /// RTMP in HTTP requests.
    Rtmpt,
    /// RTMP protected by TLS, in TLS itself or in HTTPS requests.
    Rtmps,
    /// RTMP in HTTPS requests, and nothing else.
    Rtmpts,
}

impl Scheme {
    /// The word in the address.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmpt => "rtmpt",
            Self::Rtmps => "rtmps",
            Self::Rtmpts => "rtmpts",
        }
    }

    /// The port that is meant when the address has none: 1935, 80 or 443.
    pub fn default_port(self) -> u16 {
        match self {
            Self::Rtmp => 1935,
            Self::Rtmpt => 80,
            Self::Rtmps | Self::Rtmpts => 443,
        }
    }

    /// Whether the user asked for TLS. Such a wish is never given up silently.
    pub fn is_secure(self) -> bool {
        matches!(self, Self::Rtmps | Self::Rtmpts)
    }

    /// Whether the user asked for the tunnel by name.
    pub fn is_tunnel(self) -> bool {
        matches!(self, Self::Rtmpt | Self::Rtmpts)
    }
}

impl fmt::Display for Scheme {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A user and a password, decoded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Credentials {
    user: String,
    password: Secret,
}

impl Credentials {
    /// Credentials that did not come with an address.
    pub fn new(user: impl Into<String>, password: impl Into<Secret>) -> Self {
        Self {
            user: user.into(),
            password: password.into(),
        }
    }

    /// The user's name.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// The password; empty if the address had none.
    pub fn password(&self) -> &Secret {
        &self.password
    }
}

/// Where a stream is: a server, an application on it, and a name in that.
///
/// ```
/// use adit_client::{Scheme, Target};
///
/// let target = Target::parse("rtmps://me:pw@live.example.com/app/key?token=1")?;
/// assert_eq!((target.scheme(), target.port_or_default()), (Scheme::Rtmps, 443));
/// assert_eq!((target.app(), target.name().expose()), ("app", "key"));
/// // Nothing secret is shown but where it is asked for.
/// assert_eq!(target.to_string(), "rtmps://***@live.example.com/app/***");
/// assert_eq!(target.stream_argument().expose(), "key?token=1");
///
/// // The two fields of an encoder:
/// let same = Target::from_server_and_key("rtmps://me:pw@live.example.com/app", "key?token=1")?;
/// assert_eq!(same, target);
/// # Ok::<(), adit_client::AddressError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct Target {
    scheme: Scheme,
    credentials: Option<Credentials>,
    host: Host,
    port: Option<u16>,
    app: String,
    app_query: Option<Secret>,
    name: Secret,
    query: Option<Secret>,
}

impl Target {
    /// Reads an address.
    ///
    /// Which part of the path is the application follows `FFmpeg` (Q-220): the last of two or three
    /// parts is the stream's name; of four or more, the first two are application and instance and
    /// the rest is the name, with its slashes; a second part with a colon (`mp4:film`) begins the
    /// name. `//` in the path marks the border outright, as in `rtmp://host/a/b/c//key`. A path of one
    /// part is an application without a stream.
    ///
    /// The query belongs to the name. Only behind a lone application, `live?vhost=x/stream`, it belongs
    /// to the application up to the next slash (Q-221).
    ///
    /// # Errors
    ///
    /// When the text is not such an address; the message says which part is wrong and never repeats
    /// a part that may hold a password or a stream key.
    pub fn parse(address: &str) -> Result<Self, AddressError> {
        parse::address(address)
    }

    /// Puts a target together from the two fields of OBS and most hardware encoders.
    ///
    /// The whole path of `server` is the application, whatever its depth, and `key` is the name
    /// with its query; slashes in it stay.
    ///
    /// # Errors
    ///
    /// When `server` is not an address, or `key` holds control characters.
    pub fn from_server_and_key(server: &str, key: &str) -> Result<Self, AddressError> {
        parse::server_and_key(server, key)
    }

    /// What the address asks for.
    pub fn scheme(&self) -> Scheme {
        self.scheme
    }

    /// The server.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// The port, if the address has one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The port to connect to first: the one given, or the scheme's own.
    pub fn port_or_default(&self) -> u16 {
        self.port.unwrap_or_else(|| self.scheme.default_port())
    }

    /// The path of the application with its instance, without slashes around it; may be empty.
    pub fn app(&self) -> &str {
        &self.app
    }

    /// The query of the application, without its `?`.
    pub fn app_query(&self) -> Option<&Secret> {
        self.app_query.as_ref()
    }

    /// The stream's name, often a secret key; empty if the address has none.
    pub fn name(&self) -> &Secret {
        &self.name
    }

    /// The query of the name, without its `?`.
    pub fn query(&self) -> Option<&Secret> {
        self.query.as_ref()
    }

    /// User and password, if the address has them.
    pub fn credentials(&self) -> Option<&Credentials> {
        self.credentials.as_ref()
    }

    /// What nobody else should read, for whoever passes on what a server says: the stream's name, both queries and the values in
    /// them, and the password. The longest come first, because one may be part of another.
    ///
    /// Texts of less than 6 bytes are left out, because hiding them would hide half of every sentence; so are values that say
    /// where to go: the host, a virtual one, the application.
    pub fn secrets(&self) -> Vec<&str> {
        let queries = [self.query(), self.app_query()].map(|query| query.map(Secret::expose));
        let values = queries
            .into_iter()
            .flatten()
            .flat_map(|query| query.split('&'))
            .filter_map(|pair| pair.split_once('='))
            .filter(|(name, _)| !name.eq_ignore_ascii_case("vhost"))
            .map(|(_, value)| value)
            .filter(|value| *value != self.app && self.host.name() != Some(*value));
        let password = self.credentials().map(Credentials::password);
        let mut secrets: Vec<&str> = [Some(&self.name), password]
            .into_iter()
            .flatten()
            .map(Secret::expose)
            .chain(queries.into_iter().flatten())
            .chain(values)
            .filter(|secret| secret.len() >= SHORTEST_SECRET)
            .collect();
        secrets.sort_by_key(|secret| Reverse(secret.len()));
        secrets
    }

    /// Whether there is a stream to publish or play, not just an application to connect to.
    pub fn has_stream(&self) -> bool {
        !self.name.is_empty() || self.query.is_some()
    }

    /// The `app` of the `connect` command: the path with its query.
    pub fn app_argument(&self) -> String {
        with_query(&self.app, self.app_query.as_ref())
    }

    /// The name with its query, as `publish` and `play` send it.
    pub fn stream_argument(&self) -> Secret {
        Secret::new(with_query(self.name.expose(), self.query.as_ref()))
    }

    /// The `tcUrl` of the `connect` command: scheme, host, the port if one was given, application.
    ///
    /// Without credentials and stream. It keeps the scheme of the address also where another way
    /// is taken, so that the server sees one name for one application.
    pub fn tc_url(&self) -> String {
        let mut url = self.server_url();
        url.push('/');
        url.push_str(&self.app_argument());
        url
    }

    /// The whole address with everything secret in it, such that [`parse`](Self::parse) reads it again.
    ///
    /// Some targets made by [`from_server_and_key`](Self::from_server_and_key) have no such address,
    /// those with spaces in the key or with a query behind a path of several parts; they are written
    /// all the same.
    pub fn expose(&self) -> String {
        parse::write(self)
    }

    /// This target with other credentials, or none.
    #[must_use]
    pub fn with_credentials(mut self, credentials: Option<Credentials>) -> Self {
        self.credentials = credentials;
        self
    }

    /// This target with the stream of another one.
    #[must_use]
    pub(crate) fn with_stream_of(mut self, other: &Self) -> Self {
        self.name.clone_from(&other.name);
        self.query.clone_from(&other.query);
        self
    }

    fn server_url(&self) -> String {
        let Self { scheme, host, .. } = self;
        match self.port {
            Some(port) => format!("{scheme}://{}:{port}", host.in_url()),
            None => format!("{scheme}://{}", host.in_url()),
        }
    }
}

/// The address without its secrets: `rtmp://***@host/app/***`.
impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { scheme, host, .. } = self;
        let user = if self.credentials.is_some() {
            "***@"
        } else {
            ""
        };
        write!(f, "{scheme}://{user}{}", host.in_url())?;
        if let Some(port) = self.port {
            write!(f, ":{port}")?;
        }
        write!(f, "/{}", self.app)?;
        if self.app_query.is_some() {
            f.write_str("?***")?;
        }
        if self.has_stream() {
            f.write_str("/***")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Target({self})")
    }
}

impl std::str::FromStr for Target {
    type Err = AddressError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::parse(text)
    }
}

fn with_query(text: &str, query: Option<&Secret>) -> String {
    match query {
        Some(query) => format!("{text}?{}", query.expose()),
        None => text.to_owned(),
    }
}
