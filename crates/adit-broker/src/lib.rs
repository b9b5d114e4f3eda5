//! Live streams in memory: who publishes, who reads, the frame log and its cursors.
//!
//! A [`Broker`] maps [`StreamKey`]s to streams. A [`Publication`] is the right to append frames to
//! one, a [`Subscription`] a cursor into it; both are guards, dropped means gone. All readers of a
//! stream share its frames and, through [`SharedFrame::form`], their encoded forms. A slow reader
//! is a cursor that falls behind, and past a limit jumps to a newer key frame; the publisher waits
//! for nobody.
//!
//! This crate never knows RTMP, HTTP, TLS, tokio, files or clocks: time comes in with each call,
//! and waiting is the caller's [`Waker`](std::task::Waker).

mod broker;
mod config;
mod current;
mod cursor;
mod delivery;
mod headers;
mod key;
pub mod limits;
mod log;
mod publication;
mod shared;
pub mod shared_object;
mod stats;
mod stream;
mod subscription;
#[cfg(test)]
mod testing;
mod waiter;

pub use broker::{Broker, NameInUse, StreamSnapshot};
pub use config::{BrokerConfig, GopCache, Latency, PublisherInfo, SubscribeOptions};
pub use cursor::Place;
pub use delivery::{Delivery, PublicationInfo};
pub use key::{KeyTooLong, StreamKey};
pub use limits::Limits;
pub use publication::Publication;
pub use shared::SharedFrame;
pub use stats::{BrokerStats, StreamStats};
pub use subscription::{Hold, Subscription};
