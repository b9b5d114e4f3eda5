//! The client library: connections that find a way out of any network, publish, play and call.
//!
//! The way to a server is found by parts that touch no network: an address becomes a
//! [`Target`], the target a ladder of attempts, and the ladder a plan that says what to dial when.
//!
//! ```
//! use std::time::Instant;
//!
//! use adit_client::Target;
//! use adit_client::plan::{Action, Plan, Policy};
//! use adit_client::strategy::{Ladder, ProxyType, Routes, Strategy};
//!
//! let target = Target::parse("rtmp://live.example.com/app/key")?;
//! assert_eq!(target.to_string(), "rtmp://live.example.com/app/***");
//!
//! let routes = Routes::direct();
//! let ladder = Ladder::new(&target, Strategy::Standard, ProxyType::Best, &routes, None);
//! let now = Instant::now();
//! let mut plan = Plan::new(now, &ladder, Policy::staggered());
//! let Some(Action::Dial(id, rung)) = plan.poll_action(now) else {
//!     unreachable!("the first attempt starts at once");
//! };
//! assert_eq!(rung.to_string(), "rtmp:1935");
//! plan.handle_success(now, id);
//! assert_eq!(plan.poll_action(now), Some(Action::Use(id)));
//! # Ok::<(), adit_client::AddressError>(())
//! ```

pub mod address;
pub mod auth;
mod client;
pub mod connection;
pub mod limits;
mod link;
pub mod memory;
mod message;
pub mod network;
pub mod plan;
pub mod redirect;
mod secret;
pub mod strategy;

pub use address::{AddressError, Credentials, Host, Scheme, Target};
pub use client::{Client, ConnectError, ConnectOptions, Destination, Intent};
pub use connection::{NetConnection, NetStream};
pub use secret::Secret;
pub use {adit_amf as amf, adit_media as media, adit_rtmp as rtmp};
