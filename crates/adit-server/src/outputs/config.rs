//! What an operator decides about the outputs.

use std::time::Duration;

use crate::limits::outputs::{HLS_IDLE, HLS_STREAMS, VIEWERS};

/// What browsers and HTTP players get on the public ports.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct OutputsConfig {
    /// HTTP-FLV and WebSocket-FLV: `/APP/STREAM.flv`.
    pub flv: Offered,
    /// The page of live streams and the connection test, for browsers: `/`, `/connection-test`.
    pub page: Offered,
    /// Whose pages may read media with scripts.
    pub origins: Origins,
    /// Names, without a port, by which people on this machine and around it reach the server without TLS, beside addresses and names that
    /// no stranger can own (`localhost`, `media`, `media.local`, `.home.arpa`, `.internal`). Who comes by another name is not local to the
    /// rules, since a page of whoever owns that name may be behind it.
    pub hosts: Vec<String>,
    /// Viewers of FLV at once. Default 5,000 (`http.viewers`).
    pub viewers: usize,
    /// HLS: `/APP/STREAM/index.m3u8`.
    pub hls: HlsConfig,
}

/// How streams become HLS.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct HlsConfig {
    /// Whether they do.
    pub offered: Offered,
    /// A segment ends at the first key frame after so long. Default 2 s.
    pub segment: Duration,
    /// Parts of segments, for low latency, are no longer than this. Default 350 ms.
    pub part: Duration,
    /// Segments in a playlist. Default 7.
    pub segments: usize,
    /// Streams packaged at once. Default 100 (`hls.streams`).
    pub streams: usize,
    /// A stream for which nobody asks for so long is packaged no more. Default 30 s (`hls.idle`).
    pub idle: Duration,
}

impl Default for HlsConfig {
    fn default() -> Self {
        Self {
            offered: Offered::Yes,
            segment: Duration::from_secs(2),
            part: Duration::from_millis(350),
            segments: 7,
            streams: HLS_STREAMS,
            idle: HLS_IDLE,
        }
    }
}

impl Default for OutputsConfig {
    fn default() -> Self {
        Self {
            flv: Offered::Yes,
            page: Offered::Yes,
            origins: Origins::default(),
            hosts: Vec::new(),
            viewers: VIEWERS,
            hls: HlsConfig::default(),
        }
    }
}

impl OutputsConfig {
    /// What the page may play by.
    pub(super) fn offered(&self) -> &'static [&'static str] {
        match (self.flv, self.hls.offered) {
            (Offered::Yes, Offered::Yes) => &["flv", "ws", "hls"],
            (Offered::Yes, Offered::No) => &["flv", "ws"],
            (Offered::No, Offered::Yes) => &["hls"],
            (Offered::No, Offered::No) => &[],
        }
    }
}

/// Whether there is such an output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Offered {
    /// There is.
    Yes,
    /// There is not: its addresses are not found.
    No,
}

/// Whose pages may read media with scripts. Pages of this server always may.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Origins {
    /// Those of everybody. No cookies or stored passwords of the visitor are used, and to the rules of access a page of another site is
    /// not where its visitor is, so that it sees what anyone may see, and that alone. A server that only a private network reaches
    /// shows that to pages from outside whose visitors are in the network.
    #[default]
    Any,
    /// These, such as `https://example.com`. To the rules they are where their visitors are.
    Listed(Vec<String>),
}

impl Origins {
    pub(super) fn contains(&self, origin: &str) -> bool {
        *self == Self::Any || self.lists(origin)
    }

    /// Whether it is named.
    pub(super) fn lists(&self, origin: &str) -> bool {
        match self {
            Self::Any => false,
            Self::Listed(origins) => origins
                .iter()
                .any(|listed| listed.eq_ignore_ascii_case(origin)),
        }
    }
}
