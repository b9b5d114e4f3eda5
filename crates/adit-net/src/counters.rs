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
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

impl fmt::Debug for Counter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.value().fmt(f)
    }
}

macro_rules! counters {
    ($($(#[$doc:meta])+ $name:ident,)+) => {
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
        }
    };
}

counters! {
    /// Connections the kernel handed over.
    accepted,
    /// Connections closed at once because too many are open (`conn.total`).
    refused_total,
    /// Connections closed at once because the address has too many open (`conn.per_ip`).
    refused_per_address,
    /// Connections closed at once because the address opens them too fast (`conn.rate_per_ip`).
    refused_rate,
    /// Connections closed because nobody took them from the queue (`conn.queue`).
    refused_queue,
    /// Pauses because no file descriptor was left.
    descriptor_pauses,
    /// Connections that did not show in time what they speak (`sniff.deadline`).
    sniff_timeouts,
    /// Connections that speak nothing known.
    unknown_protocols,
    /// PROXY headers from peers that are not trusted.
    untrusted_proxy_headers,
    /// PROXY headers that are not whole or not right (`proxy.header`).
    bad_proxy_headers,
    /// TLS on a listener without a certificate.
    tls_unconfigured,
    /// TLS inside TLS.
    tls_nested,
    /// TLS handshakes that failed.
    tls_failures,
    /// TLS handshakes that took too long (`tls.deadline`).
    tls_timeouts,
    /// Certificates that were replaced while running.
    certificate_swaps,
    /// New certificate files that could not be used.
    certificate_failures,
    /// HTTP requests.
    http_requests,
    /// Requests whose header was not HTTP, ambiguous or too large (`http.header`).
    http_bad_headers,
    /// Requests whose header came too slowly (`http.header`).
    http_header_timeouts,
    /// Requests whose body was too large (`rtmpt.body`).
    http_body_limits,
    /// Requests whose body came too slowly (`http.body`).
    http_body_timeouts,
    /// Responses nobody took (`http.write_stall`).
    http_write_stalls,
    /// Requests to the tunnel with a method, type or origin it does not take.
    tunnel_refused,
    /// Tunnel sessions opened.
    tunnel_opened,
    /// Tunnel sessions refused for their number or rate (`rtmpt.sessions`).
    tunnel_open_limits,
    /// Requests for a tunnel session that does not exist.
    tunnel_unknown_ids,
    /// Requests without TLS for a tunnel session that was opened with TLS.
    tunnel_downgrades,
}
