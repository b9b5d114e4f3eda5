//! The RTMP tunnel over HTTP (RTMPT) as a state machine; no I/O.
//!
//! RTMPT carries one RTMP connection in many small HTTP POSTs:
//!
//! ```text
//!   POST /open/1                  → 200  SID \n
//!   POST /send/SID/0   C0 C1 …    → 200  poll-byte  S0 S1 S2 …
//!   POST /idle/SID/1   00         → 200  poll-byte  RTMP bytes or nothing
//!   POST /close/SID/2  00         → 200  00
//! ```
//!
//! `send`, `idle` and `close` share one counter. Requests may arrive over several TCP connections, out of order, twice, or
//! again after a lost reply; this crate turns them into two ordered byte streams all the same:
//!
//! * [`path::parse`] reads a request target;
//! * [`SessionTable`] finds the session, refuses floods and guesses, and remembers the dead for a while;
//! * [`ServerTunnel`] is one session: requests in, upstream bytes and replies out.
//!
//! The caller owns sockets, HTTP and the clock. It feeds (`handle_*`, [`ServerTunnel::write`]), then drains
//! ([`ServerTunnel::poll_received`], [`ServerTunnel::poll_reply`], [`ServerTunnel::poll_timeout`]) until each is dry.
//!
//! How hard a network may treat a session: numbers up to [`limits::AHEAD`] ahead of the next one wait for it, for at most
//! [`limits::HOLE`]; a reply that was lost is kept until at least [`limits::CACHED_ALWAYS`] later ones were given. So a client
//! that keeps at most so many numbers open beyond its oldest missing reply loses nothing, whatever is reordered, doubled,
//! retried or cut off. Of the two references that disagree about the window, one asks for 4 numbers, 2 seconds and 256 KiB, the
//! other for 16 numbers and 5 seconds. What protects memory is the limit in bytes, so that one is kept until a handshake is
//! through; numbers and seconds cost next to nothing, and being strict with them breaks honest clients behind pooled proxies.
//!
//! Invariants:
//!
//! * Upstream bytes come out exactly once and in the order of the numbers, whatever the network did to the requests.
//! * Downstream bytes go only into the reply to the lowest unanswered number, so a client that puts the replies in the
//!   order of their numbers reads the stream as it was written.
//! * A number that was answered is answered again with the same bytes, as long as the reply is kept.
//! * Every request gets exactly one reply, or its connection is gone.
//! * Everything a client can make grow has a limit in [`limits`], and every end says why ([`CloseReason`]).
//! * This crate never knows RTMP, HTTP syntax beyond the request target, sockets, or the time of day.

pub mod client;
pub mod limits;
pub mod path;

mod cache;
mod config;
mod counters;
mod downstream;
mod interval;
mod order;
mod reply;
mod request;
mod session_id;
mod state;
mod table;
mod tunnel;

#[cfg(test)]
mod testing;

pub use config::{
    LifetimeConfig, OrderConfig, PollConfig, ReplyConfig, TableConfig, TunnelConfig, TunnelPace,
};
pub use counters::{TableCounters, TunnelCounters};
pub use interval::PollByte;
pub use reply::{Reply, ReplyBody};
pub use request::{Request, RequestId, Sequence};
pub use session_id::{InvalidSessionId, SessionId};
pub use state::{CloseReason, Fault, State};
pub use table::{Binding, Lookup, OpenRefused, SecurityLevel, SessionTable};
pub use tunnel::ServerTunnel;
