//! What is asked for, where, by whom.

use std::fmt;
use std::net::IpAddr;

use adit_broker::StreamKey;
use adit_net::http::{Forwarded, HeaderMap, header};
use adit_net::{CarrierInfo, Transport};
use adit_rtmp::command::DEFAULT_INSTANCE;

use crate::spans::Scope;

/// Something that somebody wants to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Action {
    /// Connect to an application. Outputs without connections do not ask for it.
    Connect,
    /// Publish a stream.
    Publish,
    /// Play a stream, live or recorded.
    Play,
    /// Have recorded what is published; asked after [`Publish`](Self::Publish).
    Record,
    /// See in a list that the stream exists. Without rules of its own whoever may play it may see it.
    List,
}

impl Action {
    /// The word for it in rules, tokens, signatures and callbacks.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Connect => "connect",
            Self::Publish => "publish",
            Self::Play => "play",
            Self::Record => "record",
            Self::List => "list",
        }
    }

    /// The action of this word.
    pub fn parse(word: &str) -> Option<Self> {
        let all = [
            Self::Connect,
            Self::Publish,
            Self::Play,
            Self::Record,
            Self::List,
        ];
        all.into_iter().find(|action| action.as_str() == word)
    }

    /// Whether it brings media in.
    pub(super) const fn is_of_publishers(self) -> bool {
        matches!(self, Self::Publish | Self::Record)
    }

    /// Whether keys are a right to it: those who publish have them.
    pub(super) const fn takes_keys(self) -> bool {
        self.is_of_publishers() || matches!(self, Self::Connect)
    }

    /// What a right to do something else takes in: who may publish may have it recorded, who may play may see that it exists.
    pub(super) const fn taken_in_by(self) -> Self {
        match self {
            Self::Record => Self::Publish,
            Self::List => Self::Play,
            other => other,
        }
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where it is to be done: a stream, or an application as a whole.
#[derive(Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub struct Place {
    /// The virtual host; empty where there is only one.
    pub vhost: String,
    /// The application.
    pub application: String,
    /// The instance of it.
    pub instance: String,
    /// The name of the stream, as the client gave it and without a query. It may be a key.
    pub stream: Option<String>,
}

impl Place {
    /// An instance of an application.
    pub fn new(vhost: &str, application: &str, instance: &str) -> Self {
        Self {
            vhost: vhost.to_owned(),
            application: application.to_owned(),
            instance: instance.to_owned(),
            stream: None,
        }
    }

    /// A stream there.
    #[must_use]
    pub fn stream(mut self, name: &str) -> Self {
        self.stream = Some(name.to_owned());
        self
    }

    /// The path as it is signed: `/application[/instance]/stream`, with `//vhost` before it where there is one.
    pub(super) fn path(&self) -> String {
        let Self {
            vhost, application, ..
        } = self;
        let mut path = String::new();
        if !vhost.is_empty() {
            path.push_str("//");
            path.push_str(vhost);
        }
        path.push('/');
        path.push_str(application);
        if self.instance != DEFAULT_INSTANCE {
            path.push('/');
            path.push_str(&self.instance);
        }
        if let Some(stream) = &self.stream {
            path.push('/');
            path.push_str(stream);
        }
        path
    }
}

impl From<&StreamKey> for Place {
    fn from(key: &StreamKey) -> Self {
        Self::new(key.vhost(), key.application(), key.instance()).stream(key.name())
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The name may be a key.
        f.debug_struct("Place")
            .field("vhost", &self.vhost)
            .field("application", &self.application)
            .field("instance", &self.instance)
            .finish_non_exhaustive()
    }
}

/// Who asks, as far as the network shows it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Visitor {
    /// The address: the one a trusted balancer names, if there is one.
    pub peer: IpAddr,
    /// Whether that is where the request comes from.
    pub reached: Reached,
    /// Whom those who passed the request on name as the one it came from. It is as true as they are.
    pub behind: Option<IpAddr>,
    /// How media travels: `rtmp`, `rtmpt`, `rtmps`, `rtmpts`, `http-flv`, `ws-flv`, `hls`.
    pub protocol: &'static str,
    /// Whether TLS protects it up to this server.
    pub is_secure: bool,
    /// The number of the connection as in the log, where there is one.
    pub connection: Option<u64>,
}

/// How a visitor came to this server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reached {
    /// As far as can be seen, directly.
    #[default]
    Directly,
    /// By something in between, so that it means nothing that the address is a local one: by what says in the head of an HTTP request that it
    /// passed it on, or by a page of a stranger in the browser of somebody who is there.
    Forwarded,
}

impl Visitor {
    /// Whoever is at the other end of a connection that carries RTMP.
    pub fn of(info: &CarrierInfo, connection: u64) -> Self {
        Self {
            peer: info.peer.ip(),
            reached: Reached::after(info.forwarded.is_some()),
            behind: info.forwarded.and_then(|forwarded| forwarded.client),
            protocol: Transport::as_str(info.transport),
            is_secure: info.tls.is_some(),
            connection: Some(connection),
        }
    }

    /// Whoever sends an HTTP request; `protocol` says for what, and `is_strange` whether a page of a stranger may be behind it.
    pub(crate) fn of_http(
        info: &CarrierInfo,
        head: &HeaderMap,
        protocol: &'static str,
        is_strange: impl FnOnce() -> bool,
    ) -> Self {
        let forwarded = Forwarded::of(head);
        Self {
            peer: info.peer.ip(),
            reached: Reached::after(forwarded.is_some() || is_strange()),
            behind: forwarded.and_then(|forwarded| forwarded.client),
            protocol,
            is_secure: info.tls.is_some(),
            connection: None,
        }
    }
}

impl Reached {
    const fn after(was_forwarded: bool) -> Self {
        if was_forwarded {
            Self::Forwarded
        } else {
            Self::Directly
        }
    }
}

/// What a visitor shows to prove that he may. [`Debug`](fmt::Debug) shows none of it.
#[derive(Clone, Default)]
pub struct Credentials {
    queries: Vec<String>,
    login: Option<Login>,
    bearer: Option<String>,
    key: Option<String>,
}

/// A user, and how it is known that it is he.
#[derive(Clone)]
pub(super) enum Login {
    /// Found out already, by a challenge.
    Proven(String),
    /// To be compared.
    Password { user: String, password: String },
}

impl Credentials {
    /// Nothing.
    pub fn none() -> Self {
        Self::default()
    }

    /// The same with a query, without its question mark. Of several the first that has a name counts: give that of the stream before
    /// that of the connection.
    #[must_use]
    pub fn with_query(mut self, query: &str) -> Self {
        if !query.is_empty() {
            self.queries.push(query.to_owned());
        }
        self
    }

    /// The same with a user whose password was checked elsewhere.
    #[must_use]
    pub fn with_login(mut self, user: &str) -> Self {
        self.login = Some(Login::Proven(user.to_owned()));
        self
    }

    /// The same with a user and what he says is his password, as in HTTP's `Authorization: Basic`.
    #[must_use]
    pub fn with_password(mut self, user: &str, password: &str) -> Self {
        self.login = Some(Login::Password {
            user: user.to_owned(),
            password: password.to_owned(),
        });
        self
    }

    /// The same with a token, as in HTTP's `Authorization: Bearer`.
    #[must_use]
    pub fn with_bearer(mut self, token: &str) -> Self {
        self.bearer = Some(token.to_owned());
        self
    }

    /// The same with a stream key that came neither in a query nor as the name of the stream.
    #[must_use]
    pub fn with_key(mut self, key: &str) -> Self {
        self.key = Some(key.to_owned());
        self
    }

    /// Those of an HTTP request: its query, and `Authorization` in the forms Basic and Bearer.
    pub fn of_http(head: &HeaderMap, query: Option<&str>) -> Self {
        let credentials = Self::none().with_query(query.unwrap_or_default());
        let Some((scheme, rest)) = head
            .get(header::AUTHORIZATION)
            .and_then(|value| value.to_str().ok())
            .and_then(|value| value.split_once(' '))
        else {
            return credentials;
        };
        let rest = rest.trim();
        if scheme.eq_ignore_ascii_case("bearer") {
            return credentials.with_bearer(rest);
        }
        match basic(rest).filter(|_| scheme.eq_ignore_ascii_case("basic")) {
            Some((user, password)) => credentials.with_password(&user, &password),
            None => credentials,
        }
    }

    /// The queries as they came, for whoever decides outside of this program.
    pub(super) fn queries(&self) -> impl Iterator<Item = &str> {
        self.queries.iter().map(String::as_str)
    }

    /// The value of the first pair of this name; nothing is decoded.
    pub(super) fn value(&self, name: &str) -> Option<&str> {
        let pairs = self.queries().flat_map(|query| query.split('&'));
        let mut values = pairs.filter_map(|pair| pair.split_once('='));
        values
            .find(|(known, value)| *known == name && !value.is_empty())
            .map(|(_, value)| value)
    }

    pub(super) fn key(&self) -> Option<&str> {
        self.key.as_deref().or_else(|| self.value("key"))
    }

    pub(super) fn token(&self) -> Option<&str> {
        self.bearer.as_deref().or_else(|| self.value("token"))
    }

    /// All that can be guessed in one text, to tell one guess from another.
    pub(super) fn fingerprint(&self) -> String {
        let mut text = String::new();
        let login = match &self.login {
            Some(Login::Password { user, password }) => [user.as_str(), password.as_str()],
            _ => ["", ""],
        };
        for part in self.key().into_iter().chain(login) {
            text.push_str(part);
            text.push('\n');
        }
        text
    }

    pub(super) const fn login(&self) -> Option<&Login> {
        self.login.as_ref()
    }
}

impl fmt::Debug for Credentials {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credentials(..)")
    }
}

/// User and password as HTTP writes them [RFC 7617 2].
fn basic(text: &str) -> Option<(String, String)> {
    use base64::Engine as _;
    let decoded = base64::engine::general_purpose::STANDARD
        .decode(text)
        .ok()?;
    let text = String::from_utf8(decoded).ok()?;
    let (user, password) = text.split_once(':')?;
    Some((user.to_owned(), password.to_owned()))
}

/// All that a decision is made of.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Request {
    /// What is to be done.
    pub action: Action,
    /// Where.
    pub place: Place,
    /// By whom.
    pub visitor: Visitor,
    /// What he shows.
    pub credentials: Credentials,
    /// What spans of what is done for it are inside of.
    pub(crate) spans: Scope,
}

impl Request {
    /// Somebody wants to do something somewhere, and shows nothing for it.
    pub fn new(action: Action, place: Place, visitor: Visitor) -> Self {
        Self {
            action,
            place,
            visitor,
            credentials: Credentials::none(),
            spans: Scope::default(),
        }
    }

    /// The same with what he shows.
    #[must_use]
    pub fn with(mut self, credentials: Credentials) -> Self {
        self.credentials = credentials;
        self
    }

    /// The same as part of something that has a span, or may have one.
    pub(crate) fn within(mut self, spans: Scope) -> Self {
        self.spans = spans;
        self
    }
}
