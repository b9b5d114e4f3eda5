//! `[server]`

use std::num::NonZeroU16;
use std::time::Duration;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::units::{Cidr, Listen, Place, Span};
use crate::cli::{Latency, UnknownApps};

/// Where the server listens, what it keeps, and whom it takes its clients' addresses from.
#[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct Server {
    /// Addresses and ports to listen on; port 0 picks a free one. Without any: ports 1935, 80 and 443 of every address, and 8080
    /// and 8443 where the latter two cannot be had.
    pub(crate) listen: Vec<Listen>,
    /// Directory of what must survive a restart: the self-signed certificate and persistent shared objects. Without it
    /// `$STATE_DIRECTORY`, else `adit` in the user's state directory.
    pub(crate) state_dir: Option<Place>,
    /// Networks of load balancers whose PROXY protocol header is believed. Limits and logs go by the addresses in it, so name
    /// the balancers only.
    pub(crate) trust_proxy: Vec<Cidr>,
    /// Threads that serve connections, at most; without it one for each core. As few of them as are enough do, for that costs the least
    /// CPU: nothing has to be handed from one to another.
    #[schemars(extend("x-range" = [1, 1024]))]
    pub(crate) threads: Option<NonZeroU16>,
    /// When players are woken, which weighs delay against CPU.
    pub(crate) latency: Latency,
    /// What becomes of clients that connect to an application without a section.
    pub(crate) unknown_apps: UnknownApps,
    /// Directory of recordings and files to play: `rtmp://HOST/APP/NAME` is `APP/NAME.flv`, `.mp4` or `.f4v` in it.
    pub(crate) media: Option<Place>,
    /// Networks of this machine and around it where relays may go that are started by the API, as in `10.0.0.0/8`; others of these they never
    /// go to. Relays of this file go everywhere but to link-local addresses that are not named here.
    pub(crate) relay_networks: Vec<Cidr>,
    /// How long those who are there may stay when the server is taken down (SIGTERM) or another one takes over. Nobody is let in
    /// meanwhile, and clients that can are asked to connect again.
    pub(crate) drain_timeout: Span,
    /// Take over the ports of the server that runs with the same state directory, which drains then; without one this is a start like
    /// any other.
    pub(crate) takeover: bool,
}

impl Default for Server {
    fn default() -> Self {
        Self {
            listen: Vec::new(),
            state_dir: None,
            trust_proxy: Vec::new(),
            threads: None,
            latency: Latency::Balanced,
            unknown_apps: UnknownApps::Live,
            media: None,
            relay_networks: Vec::new(),
            drain_timeout: Span(Duration::from_mins(5)),
            takeover: false,
        }
    }
}
