//! Where a client wants to go: `app` and `tcUrl` of `connect`, and the names of streams.

use std::fmt;

use adit_amf::Text;

use crate::limits;

/// The instance of an application whose client named none.
pub const DEFAULT_INSTANCE: &str = "_definst_";

/// A query string without its question mark, never decoded (Q-061).
///
/// It often carries a stream key or a token; [`Debug`](fmt::Debug) shows none of it.
#[derive(Clone, Default, PartialEq, Eq, Hash)]
pub struct Query(Text);

impl Query {
    /// The whole text, as it came.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Whether there is nothing in it.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The name and value pairs in order: split at `&` and at the first `=`, nothing decoded.
    pub fn pairs(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.0.as_str().split('&').filter(|pair| !pair.is_empty());
        pairs.map(|pair| pair.split_once('=').unwrap_or((pair, "")))
    }

    /// The value of the first pair of this name.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.pairs()
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value)
    }
}

impl From<&str> for Query {
    fn from(query: &str) -> Self {
        Self(query.into())
    }
}

impl fmt::Debug for Query {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_empty() {
            "Query()"
        } else {
            "Query(..)"
        })
    }
}

/// Why an address or a stream name is not acceptable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum AddressError {
    /// A part is longer than its limit.
    #[error("{part} has {len} bytes, more than {limit}")]
    TooLong {
        /// What is too long.
        part: &'static str,
        /// How long it is, in bytes.
        len: usize,
        /// How long it may be, in bytes.
        limit: usize,
    },
    /// A part contains a control character.
    #[error("{part} contains a control character")]
    ControlCharacter {
        /// The part that does.
        part: &'static str,
    },
    /// There is no stream name, neither in the command nor in the path of the connection.
    #[error("there is no stream name")]
    NoName,
}

/// The place a connection asked for, made of `app` and `tcUrl` (Q-060).
///
/// ```text
/// tcUrl  rtmp://host:1935/live/room?token=x      app  live/room?token=x
///               └─ vhost  └─ path                     └─ application, instance, query
/// ```
///
/// The path comes from `app`; only an empty `app` falls back to the path of `tcUrl`. Query strings,
/// quotes, and empty path elements are taken off; nothing is decoded.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Address {
    vhost: Text,
    /// Path elements without empty ones, joined by single slashes.
    path: Text,
    query: Query,
    source: PathSource,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
enum PathSource {
    App,
    TcUrl,
}

impl Address {
    /// Takes `app` and `tcUrl` of a `connect` apart.
    ///
    /// # Errors
    ///
    /// The path, the query or `tcUrl` is longer than its limit or contains control characters.
    pub fn parse(app: &str, tc_url: Option<&str>) -> Result<Self, AddressError> {
        let url_text = unquote(tc_url.unwrap_or_default());
        check("tcUrl", url_text, limits::TC_URL)?;
        let url = TcUrl::parse(url_text);
        let (app_path, app_query) = split_query(unquote(app));
        let (from_app, from_url) = (joined(app_path), joined(url.path));
        let (path, source) = if from_app.is_empty() {
            (from_url, PathSource::TcUrl)
        } else {
            (from_app, PathSource::App)
        };
        check("app", &path, limits::APPLICATION)?;
        let query = if app_query.is_empty() {
            url.query
        } else {
            app_query
        };
        check("the query of app", query, limits::QUERY)?;
        let query = Query::from(query);
        let vhost = query
            .value("vhost")
            .filter(|vhost| !vhost.is_empty())
            .unwrap_or(url.host);
        let vhost = vhost.trim_end_matches('.').to_ascii_lowercase();
        Ok(Self {
            vhost: vhost.into(),
            path: path.into(),
            query,
            source,
        })
    }

    /// The virtual host in lower case: a `vhost` of the query, else the host of `tcUrl` without its
    /// port, else empty.
    pub fn vhost(&self) -> &str {
        self.vhost.as_str()
    }

    /// The application: the first element of the path, empty if there is none.
    pub fn application(&self) -> &str {
        self.path.as_str().split('/').next().unwrap_or_default()
    }

    /// The instance: the rest of the path, or [`DEFAULT_INSTANCE`].
    pub fn instance(&self) -> &str {
        self.path
            .as_str()
            .split_once('/')
            .map_or(DEFAULT_INSTANCE, |(_, instance)| instance)
    }

    /// The query of `app`, else that of `tcUrl`.
    pub const fn query(&self) -> &Query {
        &self.query
    }

    /// Where a stream of this connection is.
    ///
    /// An empty name (a publisher who put the whole address into the URL, Q-062) is taken from the
    /// end of the path. A path that came from `tcUrl` may end with the stream name, which then is
    /// not taken for an instance.
    ///
    /// # Errors
    ///
    /// [`AddressError::NoName`]: the name is empty and so is the path.
    pub fn locate(&self, stream: &StreamName) -> Result<Location, AddressError> {
        let mut path = self.path.as_str();
        let mut name = stream.name();
        if self.source == PathSource::TcUrl
            && let Some(shorter) = strip_last(path, name)
        {
            path = shorter;
        }
        if name.is_empty() {
            let trimmed = strip_last(path, DEFAULT_INSTANCE).unwrap_or(path);
            (path, name) = trimmed.rsplit_once('/').unwrap_or(("", trimmed));
        }
        if name.is_empty() {
            return Err(AddressError::NoName);
        }
        let (application, instance) = path.split_once('/').unwrap_or((path, DEFAULT_INSTANCE));
        Ok(Location {
            application: application.into(),
            instance: instance.into(),
            name: name.into(),
        })
    }
}

/// The identity of a stream on one virtual host.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Location {
    /// The application; may be empty, for clients that give no path at all.
    pub application: Text,
    /// The instance of the application.
    pub instance: Text,
    /// The name of the stream, never empty, without prefix and query.
    pub name: Text,
}

/// What comes before the colon of a stream name: which kind of file a recording is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum NamePrefix {
    /// `flv:`
    Flv,
    /// `mp4:`
    Mp4,
    /// `f4v:`
    F4v,
    /// `mp3:`
    Mp3,
    /// `id3:`, the tags of an MP3 file
    Id3,
    /// `raw:`
    Raw,
}

impl NamePrefix {
    const ALL: [(&'static str, Self); 6] = [
        ("flv:", Self::Flv),
        ("mp4:", Self::Mp4),
        ("f4v:", Self::F4v),
        ("mp3:", Self::Mp3),
        ("id3:", Self::Id3),
        ("raw:", Self::Raw),
    ];

    /// Splits a known prefix off a name.
    fn split(name: &str) -> (Option<Self>, &str) {
        let known = |(text, prefix): &(&str, Self)| Some((Some(*prefix), name.strip_prefix(text)?));
        Self::ALL.iter().find_map(known).unwrap_or((None, name))
    }
}

/// The name of a stream as `publish` or `play` gives it, taken apart (Q-061).
///
/// ```text
/// mp4:folder/name?token=x
/// └─ prefix └─ name └─ query
/// ```
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct StreamName {
    raw: Text,
    prefix: Option<NamePrefix>,
    name: Text,
    query: Query,
}

impl StreamName {
    /// Takes a name apart: the query goes off at the first `?`, then a known prefix and slashes at
    /// both ends. Nothing is decoded. The name may turn out empty.
    ///
    /// # Errors
    ///
    /// The name or its query is longer than its limit, or contains control characters.
    pub fn parse(raw: &str) -> Result<Self, AddressError> {
        let (path, query) = split_query(raw.trim());
        check("the stream name", path, limits::STREAM_NAME)?;
        check("the query of the stream name", query, limits::QUERY)?;
        let (prefix, name) = NamePrefix::split(path.trim_start_matches('/'));
        Ok(Self {
            raw: raw.into(),
            prefix,
            name: name.trim_matches('/').into(),
            query: query.into(),
        })
    }

    /// The name as the client wrote it, query included; it may contain a secret.
    pub fn raw(&self) -> &str {
        self.raw.as_str()
    }

    /// The kind of file that was asked for, if the name began with one.
    pub const fn prefix(&self) -> Option<NamePrefix> {
        self.prefix
    }

    /// The name without prefix and query; may be empty.
    pub fn name(&self) -> &str {
        self.name.as_str()
    }

    /// What followed the question mark.
    pub const fn query(&self) -> &Query {
        &self.query
    }
}

impl fmt::Debug for StreamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("StreamName")
            .field("prefix", &self.prefix)
            .field("name", &self.name)
            .field("query", &self.query)
            .finish_non_exhaustive()
    }
}

/// The parts of a `tcUrl` that matter; whatever is missing is empty.
struct TcUrl<'a> {
    host: &'a str,
    path: &'a str,
    query: &'a str,
}

impl<'a> TcUrl<'a> {
    fn parse(url: &'a str) -> Self {
        let after_scheme = url.split_once("://").map_or(url, |(_, rest)| rest);
        let (front, query) = split_query(after_scheme);
        let (authority, path) = front.split_once('/').unwrap_or((front, ""));
        let host_port = authority
            .rsplit_once('@')
            .map_or(authority, |(_, host)| host);
        let host = match host_port
            .strip_prefix('[')
            .and_then(|rest| rest.split_once(']'))
        {
            Some((literal, _)) => literal,
            None => host_port
                .split_once(':')
                .map_or(host_port, |(host, _)| host),
        };
        Self { host, path, query }
    }
}

/// Takes white space and one kind of quotes off both ends: Neko writes `'rtmp://…'`.
fn unquote(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote| {
        text.strip_prefix(quote)
            .map(|rest| rest.strip_suffix(quote).unwrap_or(rest))
    };
    inner('\'').or_else(|| inner('"')).unwrap_or(text)
}

fn split_query(text: &str) -> (&str, &str) {
    text.split_once('?').unwrap_or((text, ""))
}

/// The path without empty elements.
fn joined(path: &str) -> String {
    path.split('/')
        .filter(|element| !element.is_empty())
        .collect::<Vec<_>>()
        .join("/")
}

/// The path without its last element, if that is `element`.
fn strip_last<'a>(path: &'a str, element: &str) -> Option<&'a str> {
    if element.is_empty() {
        return None;
    }
    path.strip_suffix(element).and_then(|rest| {
        if rest.is_empty() {
            Some(rest)
        } else {
            rest.strip_suffix('/')
        }
    })
}

fn check(part: &'static str, text: &str, limit: usize) -> Result<(), AddressError> {
    if text.len() > limit {
        Err(AddressError::TooLong {
            part,
            len: text.len(),
            limit,
        })
    } else if text.contains(char::is_control) {
        Err(AddressError::ControlCharacter { part })
    } else {
        Ok(())
    }
}
