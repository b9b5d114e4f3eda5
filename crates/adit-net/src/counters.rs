//! What happened at the door, in numbers.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// One number that only grows.
#[derive(Default)]
pub struct Counter(AtomicU64);

impl Counter {
    /// The number now.
    pub fn value(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }

    pub(crate) fn count(&self) {
        self.add(1);
    }

    pub(crate) fn add(&self, count: u64) {
        self.0.fetch_add(count, Ordering::Relaxed);
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])+ $name:ident $(= $key:literal)?,)+) => {
        /// The counters of one [`Acceptor`](crate::Acceptor). Cheap to clone: all clones count together.
        #[derive(Debug, Clone, Default)]
        pub struct Counters(Arc<Inner>);

        #[derive(Debug, Default)]
        struct Inner { $($name: Counter,)+ }

        impl Counters {
            $($(#[$doc])+ pub fn $name(&self) -> &Counter { &self.0.$name })+

            /// Every counter with its name, for metrics.
            pub fn all(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                [$((stringify!($name), self.0.$name.value()),)+].into_iter()
            }

            /// How often each limit was hit, by its configuration key, for metrics. No key comes twice.
            pub fn limits(&self) -> impl Iterator<Item = (&'static str, u64)> + '_ {
                [$($(($key, self.0.$name.value()),)?)+].into_iter()
            }
        }
    };
}

counters! {
    /// Connections the kernel handed over.
    accepted,
    /// Connections closed at once because too many are open (`conn.total`).
    refused_total = "conn.total",
    /// Connections closed at once because the address has too many open (`conn.per_ip`).
    refused_per_address = "conn.per_ip",
    /// Connections closed at once because the address opens them too fast (`conn.rate_per_ip`).
    refused_rate = "conn.rate_per_ip",
    /// Connections closed at once because too many addresses are remembered (`conn.addresses`).
    refused_addresses = "conn.addresses",
    /// Connections and tunnel sessions refused because too many have not been let in yet (`conn.unauth`).
    refused_unauthenticated = "conn.unauth",
    /// Connections closed because nobody took them from the queue (`conn.queue`).
    refused_queue = "conn.queue",
    /// Pauses because few or no file descriptors were left (`fd.stop_accept_at`, `fd.reserve`).
    descriptor_pauses = "fd.stop_accept_at",
    /// Connections that did not show in time what they speak (`sniff.deadline`).
    sniff_timeouts = "sniff.deadline",
    /// Connections that speak nothing known.
    unknown_protocols,
    /// PROXY headers from peers that are not trusted.
    untrusted_proxy_headers,
    /// PROXY headers that are not whole or not right (`proxy.header`).
    bad_proxy_headers = "proxy.header",
    /// TLS on a listener without a certificate.
    tls_unconfigured,
    /// TLS inside TLS.
    tls_nested,
    /// TLS handshakes that failed.
    tls_failures,
    /// TLS handshakes that took too long (`tls.deadline`).
    tls_timeouts = "tls.deadline",
    /// Certificates that were replaced while running.
    certificate_swaps,
    /// New certificate files that could not be used.
    certificate_failures,
    /// HTTP requests.
    http_requests,
    /// Requests whose header was not HTTP, or ambiguous.
    http_bad_headers,
    /// Requests whose header was too long or had too many fields (`http.header`).
    http_header_limits = "http.header",
    /// Requests whose header came too slowly (`http.header_deadline`).
    http_header_timeouts = "http.header_deadline",
    /// Requests whose body was too large (`rtmpt.body`).
    http_body_limits = "rtmpt.body",
    /// Connections closed because nothing was asked for so long (`http.keepalive`): an ordinary end.
    http_idle_ends = "http.keepalive",
    /// Requests turned away because other requests fill the memory for bodies (`rtmpt.bodies`).
    http_body_budget = "rtmpt.bodies",
    /// Requests whose body came too slowly (`http.body`).
    http_body_timeouts = "http.body",
    /// Responses nobody took (`http.write_stall`).
    http_write_stalls = "http.write_stall",
    /// Requests to the tunnel with a method, type or origin it does not take.
    tunnel_refused,
    /// Tunnel sessions opened.
    tunnel_opened,
    /// Tunnel sessions refused because there are too many (`rtmpt.sessions`).
    tunnel_refused_total = "rtmpt.sessions",
    /// Tunnel sessions refused because the network has too many (`rtmpt.per_ip`).
    tunnel_refused_network = "rtmpt.per_ip",
    /// Tunnel sessions refused because too many have not shaken hands (`rtmpt.pre_hs`).
    tunnel_refused_unproven = "rtmpt.pre_hs",
    /// Tunnel sessions refused because the network opens them too fast (`rtmpt.open_rate`).
    tunnel_refused_rate = "rtmpt.open_rate",
    /// Networks that asked for too many unknown ids (`rtmpt.guesses`).
    tunnel_guess_blocks = "rtmpt.guesses",
    /// Unknown ids not counted because too many networks ask for them (`rtmpt.guessers`).
    tunnel_guesses_uncounted = "rtmpt.guessers",
    /// Closed sessions forgotten early because there were too many (`rtmpt.tombstones`).
    tunnel_tombstones_dropped = "rtmpt.tombstones",
    /// Sessions ended by a number too far ahead (`rtmpt.ahead`).
    tunnel_ahead = "rtmpt.ahead",
    /// Sessions ended by too many bytes ahead of a missing number (`rtmpt.ahead_bytes`).
    tunnel_ahead_bytes = "rtmpt.ahead_bytes",
    /// Sessions ended by a number that never came (`rtmpt.hole`).
    tunnel_holes = "rtmpt.hole",
    /// Sessions ended because number 0 came after the beginning with 1 (`rtmpt.first_grace`).
    tunnel_missed_firsts = "rtmpt.first_grace",
    /// Sessions ended because nobody asked any more (`rtmpt.idle`).
    tunnel_idle_ends = "rtmpt.idle",
    /// Sessions ended because nobody fetched the rest (`rtmpt.drain`).
    tunnel_drain_ends = "rtmpt.drain",
    /// Times an ended session had stalled (`rtmpt.stalled`).
    tunnel_stalls = "rtmpt.stalled",
    /// Duplicates an ended session turned away (`rtmpt.waiters`).
    tunnel_superseded = "rtmpt.waiters",
    /// Requests for a tunnel session that does not exist.
    tunnel_unknown_ids,
    /// Requests without TLS for a tunnel session that was opened with TLS.
    tunnel_downgrades,
}
