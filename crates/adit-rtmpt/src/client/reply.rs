//! What comes back, as far as the tunnel looks at it.

use bytes::{Buf, Bytes};

use super::config::ServerKind;
use crate::interval::PollByte;

/// One HTTP reply whose body has arrived whole. A truncated one must never become one of these: its connection was lost.
#[derive(Clone, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct Reply {
    /// The status code, 200 to 599.
    pub status: u16,
    /// What the body claims to be.
    pub content: ContentType,
    /// What the server says about itself.
    pub server: ServerKind,
    /// The whole body. Stop reading at [`limits::REPLY_BODY`](super::limits::REPLY_BODY) + 1 bytes: that is enough to see
    /// that it is too long.
    pub body: Bytes,
}

impl Reply {
    /// A reply without a content type, from a server that says nothing about itself.
    pub fn new(status: u16, body: Bytes) -> Self {
        Self {
            status,
            content: ContentType::Missing,
            server: ServerKind::Unknown,
            body,
        }
    }

    /// The same with a content type.
    #[must_use]
    pub fn with_content(mut self, content: ContentType) -> Self {
        self.content = content;
        self
    }

    /// The same from a server that says what it is.
    #[must_use]
    pub fn with_server(mut self, server: ServerKind) -> Self {
        self.server = server;
        self
    }

    /// Whether this is a page for people, as captive portals and web servers without a tunnel give.
    ///
    /// Only the tunnel's own type is believed without a look at the body.
    pub(super) fn is_page(&self) -> bool {
        match self.content {
            ContentType::Tunnel => false,
            ContentType::Html => true,
            ContentType::Other | ContentType::Missing => {
                let body = self.body.trim_ascii_start();
                PAGES.iter().any(|page| {
                    body.get(..page.len())
                        .is_some_and(|start| start.eq_ignore_ascii_case(page))
                })
            }
        }
    }
}

/// What a `Content-Type` means for the tunnel.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
#[non_exhaustive]
pub enum ContentType {
    /// `application/x-fcs`
    Tunnel,
    /// `text/html`, `application/xhtml+xml`
    Html,
    /// Anything else. Some servers say `text/plain`.
    Other,
    /// No such header field.
    Missing,
}

impl ContentType {
    /// Reads the values of all `Content-Type` fields. Where one of several is the tunnel's, that one counts.
    pub fn from_fields<'a>(values: impl IntoIterator<Item = &'a [u8]>) -> Self {
        let mut found = Self::Missing;
        for value in values {
            let kind = value.split(|byte| *byte == b';').next().unwrap_or(value);
            let kind = kind.trim_ascii();
            found = match found {
                _ if kind.eq_ignore_ascii_case(b"application/x-fcs") => return Self::Tunnel,
                _ if kind.eq_ignore_ascii_case(b"text/html")
                    || kind.eq_ignore_ascii_case(b"application/xhtml+xml") =>
                {
                    Self::Html
                }
                Self::Html => Self::Html,
                _ => Self::Other,
            };
        }
        found
    }
}

/// What a reply to `send` or `idle` says.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Answer {
    /// The session goes on.
    Data { poll: PollByte, data: Bytes },
    /// The session is over: 0x00 alone.
    Closed,
}

impl Answer {
    /// Reads a body; `None` where there is not even a poll byte.
    ///
    /// A 0x00 with data behind it is not an end but a server that says "no pause" with the wrong byte.
    pub(super) fn parse(mut body: Bytes) -> Option<Self> {
        let first = *body.first()?;
        body.advance(1);
        match PollByte::from_wire(first) {
            Some(poll) => Some(Self::Data { poll, data: body }),
            None if body.is_empty() => Some(Self::Closed),
            None => Some(Self::Data {
                poll: PollByte::NOW,
                data: body,
            }),
        }
    }
}

const PAGES: [&[u8]; 5] = [b"<!doctype", b"<html", b"<head", b"<body", b"<?xml"];
