//! Sessions: the server's and the client's end of one connection, from the first byte to the last.
//!
//! Bytes and the time go in, events and bytes come out; nothing here knows a socket or a clock.
//! [`ServerSession`] and [`ClientSession`] have the same shape:
//!
//! ```text
//! handle_input(now, bytes)   handle_eof(now)   handle_timeout(now)     feed
//! accept_* reject_* send_* notify_* close …                            command
//! poll_event(now)   output()   poll_timeout()                          drain, in this order
//! ```
//!
//! * Input is stored; each [`poll_event`](ServerSession::poll_event) goes on with it until there is
//!   an event to report or nothing left to do. To stop polling is back-pressure.
//! * While [`wants_input`](ServerSession::wants_input) is false the driver reads no more from its
//!   carrier: input waits for a decision, or for the next tenth of a second because the peer is too
//!   fast. Only to notice that the peer leaves during a decision it may read on, a bounded amount.
//! * A request is a token that accepting or rejecting consumes, so none is answered twice. All
//!   answers to one request are appended to the output at once, so they leave in one write (Q-071).
//! * After an error a session stays failed and repeats it; its last bytes can still be sent.
//! * Timestamps pass through unchanged in both directions.
//!
//! A client and a server, back to back:
//!
//! ```
//! use std::time::Instant;
//!
//! use adit_rtmp::Seed;
//! use adit_rtmp::command::Connect;
//! use adit_rtmp::session::{
//!     ClientConfig, ClientEvent, ClientSession, ServerEvent, ServerSession, SessionConfig,
//! };
//! use bytes::Buf;
//!
//! let now = Instant::now();
//! let mut client = ClientSession::new(now, ClientConfig::default(), &Seed::new([1; 32]));
//! let mut server = ServerSession::new(now, SessionConfig::default(), &Seed::new([2; 32]));
//! client.connect(Connect::new("live", "rtmp://example.org/live"))?;
//!
//! let mut connected = false;
//! while !connected {
//!     let up = client.output().remaining();
//!     server.handle_input(now, client.output().copy_to_bytes(up));
//!     while let Some(event) = server.poll_event(now)? {
//!         if let ServerEvent::Connect(request) = event {
//!             assert_eq!(request.address.application(), "live");
//!             server.accept_connect(request);
//!         }
//!     }
//!     let down = server.output().remaining();
//!     client.handle_input(now, server.output().copy_to_bytes(down));
//!     while let Some(event) = client.poll_event(now)? {
//!         connected |= matches!(event, ClientEvent::Connected(_));
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod call;
mod config;
mod error;
mod form;
mod link;
mod liveness;
mod rate;
mod stats;

pub mod client;
pub mod server;

pub use self::call::CallRequest;
pub use self::client::{ClientConfig, ClientEvent, ClientSession};
pub use self::config::{SessionConfig, SessionLimits, Timeouts};
pub use self::error::{CloseReason, SendError, SessionError};
pub use self::form::{FormKey, encode_form};
pub use self::server::{Asked, ServerEvent, ServerSession};
pub use self::stats::{ChunkHits, DeadlineHits, Dropped, LimitHits, SessionStats};
pub use crate::message::MediaKind;
