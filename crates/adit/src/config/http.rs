//! `[http]` and `[hls]`

use adit_server::{HlsConfig, Offered, Origins, OutputsConfig};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::Span;

/// What browsers and HTTP players get on the public ports.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Http {
    /// Whether browsers get the page of live streams with its player, and the connection test: `http://HOST/`. Without it the list of
    /// streams, `/streams.json`, is not there either.
    pub(crate) page: bool,
    /// Whether live streams are HTTP-FLV and WebSocket-FLV too: `http://HOST/APP/STREAM.flv`.
    pub(crate) flv: bool,
    /// Whose pages may play from here, such as `https://example.com`; `*` is everybody. Pages of this server always may. To `access` a page
    /// that is named is where its visitor is; any other sees what everybody may, even where the visitor is local.
    pub(crate) origins: Vec<String>,
    /// Names, without ports, by which people who are local to `access` come by HTTP without TLS, beside addresses, `localhost`, names without
    /// a domain, and `.local`, `.internal` and `.home.arpa`. By other names nobody is local: a page of whoever owns one may be behind it.
    pub(crate) hosts: Vec<String>,
}

/// How live streams become HLS.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Hls {
    /// Whether they do: `http://HOST/APP/STREAM/index.m3u8`.
    pub(crate) enabled: bool,
    /// A segment ends at the first key frame after so long.
    #[schemars(extend("x-range" = ["500ms", "30s"]))]
    pub(crate) segment: Span,
    /// The longest part of a segment: players with low latency are three of them behind. It is not longer than `hls.segment`.
    #[schemars(extend("x-range" = ["100ms", "5s"]))]
    pub(crate) part: Span,
    /// Segments in a playlist.
    #[schemars(extend("x-range" = [3, 100]))]
    pub(crate) segments: u32,
}

impl Default for Http {
    fn default() -> Self {
        Self {
            page: true,
            flv: true,
            origins: vec![ANYBODY.to_owned()],
            hosts: Vec::new(),
        }
    }
}

impl Default for Hls {
    fn default() -> Self {
        let config = HlsConfig::default();
        Self {
            enabled: true,
            segment: Span(config.segment),
            part: Span(config.part),
            segments: u32::try_from(config.segments).unwrap_or(u32::MAX),
        }
    }
}

/// Stands for the pages of everybody.
const ANYBODY: &str = "*";

impl Http {
    /// Sets what it says.
    pub(crate) fn apply(&self, outputs: &mut OutputsConfig) {
        outputs.page = offered(self.page);
        outputs.flv = offered(self.flv);
        outputs.hosts.clone_from(&self.hosts);
        outputs.origins = if self.origins.iter().any(|origin| origin == ANYBODY) {
            Origins::Any
        } else {
            Origins::Listed(self.origins.clone())
        };
    }
}

impl Hls {
    /// Sets what it says.
    pub(crate) fn apply(&self, hls: &mut HlsConfig) {
        hls.offered = offered(self.enabled);
        hls.segment = self.segment.0;
        hls.part = self.part.0;
        hls.segments = usize::try_from(self.segments).unwrap_or(usize::MAX);
    }
}

const fn offered(is_offered: bool) -> Offered {
    if is_offered {
        Offered::Yes
    } else {
        Offered::No
    }
}
