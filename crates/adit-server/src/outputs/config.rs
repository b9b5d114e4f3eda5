//! What an operator decides about the outputs.

use crate::limits::outputs::VIEWERS;

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
    /// Viewers of FLV at once. Default 5,000 (`http.viewers`).
    pub viewers: usize,
}

impl Default for OutputsConfig {
    fn default() -> Self {
        Self {
            flv: Offered::Yes,
            page: Offered::Yes,
            origins: Origins::default(),
            viewers: VIEWERS,
        }
    }
}

impl OutputsConfig {
    /// What the page may play by.
    pub(super) fn offered(&self) -> &'static [&'static str] {
        match self.flv {
            Offered::Yes => &["flv"],
            Offered::No => &[],
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
    /// Those of everybody. No cookies or stored passwords of the visitor are used, so nobody sees more than he could by himself.
    #[default]
    Any,
    /// These, such as `https://example.com`.
    Listed(Vec<String>),
}

impl Origins {
    pub(super) fn contains(&self, origin: &str) -> bool {
        match self {
            Self::Any => true,
            Self::Listed(origins) => origins
                .iter()
                .any(|listed| listed.eq_ignore_ascii_case(origin)),
        }
    }
}
