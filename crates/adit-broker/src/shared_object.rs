//! Shared objects in memory: named slots that many members see change in the same order.
//!
//! A [`SharedObjects`] maps [`ObjectKey`]s to objects. A [`SharedObject`] is the server's hold on one
//! and its way to change it; a [`Member`] is a client that uses it. Both are guards: an object is
//! there as long as one of them, and a persistent one until it is stored.
//!
//! Each [`Batch`] of a member is one step of the object, whatever is in it. A step that changes slots
//! raises the version by one and is stored once, as an update that every member reads from its own
//! place, [told](Notice) apart by who asked for what. A member that falls too far behind gets all slots
//! again. What is kept are values of any type; this crate knows only their sizes and whether two are
//! equal.
//!
//! A persistent object that changes is handed to the store by [`SharedObjects::poll_unsaved`]; what
//! there is to write, [`SharedObject::changes_since`] tells.
//!
//! ```
//! use std::task::{Context, Poll, Waker};
//! use adit_broker::StreamKey;
//! use adit_broker::shared_object::*;
//!
//! # fn example(now: std::time::Instant) -> Result<(), Box<dyn std::error::Error>> {
//! let objects = SharedObjects::new(ObjectConfig::default());
//! let place = StreamKey::new("", "chat", "_definst_", "room")?;
//! let room = objects.open(ObjectKey::new(place, Persistence::Temporary)?, None)?;
//! let joining = Joining { known: 0, read: Permission::Granted };
//! let (mut ann, mut ben) = (
//!     room.join(&objects.client(), joining)?,
//!     room.join(&objects.client(), joining)?,
//! );
//!
//! let topic = Request::Set { slot: "topic".into(), value: "adits", size: 8 };
//! let write = Permission::Granted;
//! ann.ask(now, Batch { based_on: Some(1), write, requests: vec![topic] }).expect("in time");
//!
//! let cx = Context::from_waker(Waker::noop());
//! assert!(matches!(ben.poll_next(&cx), Poll::Ready(Delivery::Joined(_))));
//! let Poll::Ready(Delivery::Update(update)) = ben.poll_next(&cx) else { panic!() };
//! assert_eq!(update.version(), 2);
//! let notices: Vec<_> = update.notices().collect();
//! assert_eq!(notices, [Notice::Change { slot: "topic", value: &"adits" }]);
//! # drop(ann);
//! # Ok(())
//! # }
//! ```

mod budget;
mod client;
mod content;
mod key;
mod log;
mod member;
mod object;
mod registry;
mod request;
mod state;
mod stats;
mod step;
mod update;

pub use self::client::{Client, JoinError};
pub use self::content::{ChangedSlot, Changes, Continuity, Extent, Size};
pub use self::key::{BadObjectName, ObjectKey, Persistence};
pub use self::member::{Member, Throttled};
pub use self::object::{Joining, Lock, SharedObject};
pub use self::registry::{ObjectConfig, OpenError, SharedObjects, Store};
pub use self::request::{Batch, Permission, Refusal, Request};
pub use self::stats::ObjectStats;
pub use self::update::{Delivery, MemberUpdate, Notice};
pub use crate::limits::{Backlog, ObjectLimits, ObjectShares};

#[cfg(test)]
mod tests;
