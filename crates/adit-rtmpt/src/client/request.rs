//! What the client asks for.

use std::fmt;

use bytes::Bytes;

/// One HTTP connection at a time, kept alive or made anew as need be, with one request under way.
///
/// ```text
///   First    everything; where there are several, all but idles
///   Second   the parked idle
///   Third    a second send under way, or a fourth parked idle
///   Fourth   a third send, or a third idle
///   Fifth    a fourth send, or a second idle
/// ```
///
/// All but the first are only for servers that order. Connect them when their first request comes out: on a short line most
/// never have one.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Lane {
    /// The lane that there always is.
    First,
    /// For an idle.
    Second,
    /// For either.
    Third,
    /// For either.
    Fourth,
    /// For either.
    Fifth,
}

impl Lane {
    /// All lanes: as many connections as Flash Player may have.
    pub const ALL: [Self; 5] = [
        Self::First,
        Self::Second,
        Self::Third,
        Self::Fourth,
        Self::Fifth,
    ];

    /// Where sends go, the first free one.
    pub(super) const SENDS: [Self; 4] = [Self::First, Self::Third, Self::Fourth, Self::Fifth];

    /// Where idles go, the first free one.
    pub(super) const IDLES: [Self; 4] = [Self::Second, Self::Fifth, Self::Fourth, Self::Third];

    /// The place among [`ALL`](Self::ALL).
    pub const fn index(self) -> usize {
        match self {
            Self::First => 0,
            Self::Second => 1,
            Self::Third => 2,
            Self::Fourth => 3,
            Self::Fifth => 4,
        }
    }
}

/// What a request is for.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Verb {
    /// `/fcs/ident2`
    Ident2,
    /// `/open/1`
    Open,
    /// `/send/SID/SEQ`
    Send,
    /// `/idle/SID/SEQ`
    Idle,
    /// `/close/SID/SEQ`
    Close,
}

impl fmt::Display for Verb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Ident2 => "/fcs/ident2",
            Self::Open => "/open/1",
            Self::Send => "/send",
            Self::Idle => "/idle",
            Self::Close => "/close",
        })
    }
}

/// Which connection of its lane a request may use.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum Connection {
    /// The one that is there, or a new one.
    Any,
    /// A new one. If there is one already, it is dropped first, and so is any reply that it may still bring.
    Fresh,
}

/// One HTTP POST: content type `application/x-fcs`, with a `Content-Length`.
#[derive(Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Request {
    /// What it is for.
    pub verb: Verb,
    /// Which connection it may use.
    pub connection: Connection,
    /// The path, beginning with a slash. It may hold the session id, a secret: do not log it.
    pub target: String,
    /// The whole body: RTMP bytes of a send, else one zero byte.
    pub body: Bytes,
}

impl fmt::Debug for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Request")
            .field("verb", &self.verb)
            .field("connection", &self.connection)
            .field("body", &self.body.len())
            .finish_non_exhaustive()
    }
}

/// The server's name for the session, which is its only credential.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SessionText(String);

impl SessionText {
    /// Reads the body of a reply to `/open/1`: letters, digits and `_.-`, with white space behind.
    pub(super) fn parse(body: &[u8]) -> Option<Self> {
        let text = body.trim_ascii_end();
        let is_legal = |byte: &u8| byte.is_ascii_alphanumeric() || b"_.-".contains(byte);
        let is_dots = text == b"." || text == b"..";
        if text.is_empty()
            || text.len() > super::limits::SESSION_ID
            || is_dots
            || !text.iter().all(is_legal)
        {
            return None;
        }
        std::str::from_utf8(text)
            .ok()
            .map(|text| Self(text.to_owned()))
    }

    pub(super) fn target(&self, verb: Verb, number: u64) -> String {
        format!("{verb}/{}/{number}", self.0)
    }
}

impl fmt::Debug for SessionText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionText(redacted)")
    }
}
