//! How media and commands travel to and from somebody.

use std::fmt;

use adit_net::Transport;

/// How somebody is connected: one of the transports of RTMP, or an output for browsers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Way {
    /// RTMP over TCP.
    Rtmp,
    /// RTMP in HTTP requests.
    Rtmpt,
    /// RTMP over TLS.
    Rtmps,
    /// RTMP in HTTPS requests.
    Rtmpts,
    /// FLV in the answer to an HTTP request.
    HttpFlv,
    /// FLV in messages of a WebSocket.
    WebSocketFlv,
    /// Segments by HTTP.
    Hls,
}

impl Way {
    /// All there are, in the order in which they are listed.
    pub const ALL: [Self; 7] = [
        Self::Rtmp,
        Self::Rtmpt,
        Self::Rtmps,
        Self::Rtmpts,
        Self::HttpFlv,
        Self::WebSocketFlv,
        Self::Hls,
    ];

    /// How many there are.
    pub(super) const COUNT: usize = Self::ALL.len();

    /// The name: the scheme of a URL where there is one.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Rtmp => "rtmp",
            Self::Rtmpt => "rtmpt",
            Self::Rtmps => "rtmps",
            Self::Rtmpts => "rtmpts",
            Self::HttpFlv => "http-flv",
            Self::WebSocketFlv => "ws-flv",
            Self::Hls => "hls",
        }
    }
}

impl From<Transport> for Way {
    fn from(transport: Transport) -> Self {
        match transport {
            Transport::Rtmpt => Self::Rtmpt,
            Transport::Rtmps => Self::Rtmps,
            Transport::Rtmpts => Self::Rtmpts,
            _ => Self::Rtmp,
        }
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// One of each for every way.
#[derive(Clone, Copy, Debug, Default)]
pub struct ByWay<T>([T; Way::COUNT]);

impl<T> ByWay<T> {
    /// That of one way.
    pub fn of(&self, way: Way) -> Option<&T> {
        self.0.get(Self::at(way))
    }

    pub(crate) fn of_mut(&mut self, way: Way) -> Option<&mut T> {
        self.0.get_mut(Self::at(way))
    }

    /// All of them.
    pub fn iter(&self) -> impl Iterator<Item = (Way, &T)> {
        Way::ALL.into_iter().zip(&self.0)
    }

    const fn at(way: Way) -> usize {
        match way {
            Way::Rtmp => 0,
            Way::Rtmpt => 1,
            Way::Rtmps => 2,
            Way::Rtmpts => 3,
            Way::HttpFlv => 4,
            Way::WebSocketFlv => 5,
            Way::Hls => 6,
        }
    }
}
