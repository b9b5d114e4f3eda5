//! Bytes on a network: TCP, TLS, the HTTP tunnel and port sniffing, all presented as one [`Carrier`].
//!
//! An [`Acceptor`] owns listening sockets. Whatever a peer speaks first decides what it gets:
//!
//! ```text
//!                    ┌ 0x03 ────────────────▶ Carrier (rtmp)
//!  TCP ─▶ [PROXY] ─▶ ┼ POST, GET … ─▶ HTTP ─▶ tunnel paths ─▶ Carrier (rtmpt)   one per session
//!                    │                     └▶ everything else ─▶ HttpHandler
//!                    └ 0x16 ─▶ TLS ─▶ the same again: Carrier (rtmps), Carrier (rtmpts), HttpHandler
//! ```
//!
//! A [`Carrier`] is an ordered, reliable, two-way stream of bytes, and whoever drives an RTMP
//! session over it never learns how the bytes travelled. This crate never knows RTMP commands,
//! media or streams.

mod acceptor;
mod admission;
mod carrier;
mod certificate;
pub mod client;
mod config;
mod connection;
mod counters;
mod error;
mod file_watch;
pub mod http;
pub mod limits;
mod listener;
mod log_quota;
mod network;
mod proxy_protocol;
mod signal;
mod sniff;
#[cfg(test)]
mod testing;
pub mod tls;
mod turned_away;
mod words;

pub use acceptor::{Acceptor, Ports};
pub use admission::Admission;
pub use carrier::{Carrier, CarrierInfo, Outlet, TlsInfo, Transport};
pub use config::{AcceptorConfig, AdmissionConfig, HttpConfig, IdentReply, SocketConfig};
pub use counters::{Counter, Counters};
pub use error::{BindError, TlsError};
pub use file_watch::FileWatch;
pub use listener::Listener;
pub use log_quota::{LogQuota, Verdict};
pub use network::{Network, ParseNetworkError, peer_block};
pub use sniff::{Sniff, sniff};
pub use words::{in_words, plain_words};

pub use adit_rtmpt::{PollByte, TunnelPace};
