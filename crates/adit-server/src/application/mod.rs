//! What answers at the other end of a connection: an [`Application`], and what it is given to work with.
//!
//! A client connects to `rtmp://host/application/instance`. [`Applications`] says which program stands behind the first name; each second
//! name is an [`Instance`] of it, a room that begins with its first [`Client`] and ends some seconds after the last has left. The server asks
//! the application before it lets anybody connect, publish or play, and gives it the calls that are not part of RTMP. What the application
//! does not say itself is what [`Live`] does: everything is allowed, and there are no methods.
//!
//! The server calls an application from the task of the connection concerned, so no method may block. What takes time is a [`Decision::later`],
//! which the connection waits for, and no other connection with it.

mod chat;
mod client;
mod decision;
mod instance;
mod instances;
mod live;
mod registry;
mod vod;

use std::fmt;

use adit_amf::amf0::Value;
use adit_rtmp::command::{
    Location, PlayDuration, PlayStart, Playlist, PublishKind, Query, StreamName,
};

pub(crate) use self::client::{Leave, Post};
pub use adit_broker::shared_object::Persistence;

pub use self::chat::Chat;
pub use self::client::{CallError, Client, ClientAbout, PendingCall};
pub(crate) use self::decision::Later;
pub use self::decision::{Decision, Refusal};
pub use self::instance::{Instance, OwnPublishError};
pub(crate) use self::instances::{Instances, Seat};
pub use self::live::Live;
pub use self::registry::{Applications, Unknown, VirtualHost};
pub use self::vod::Vod;

/// The server half of what clients do together: who may do what, and the methods that clients may call.
///
/// Every method has a default, which is what [`Live`] does. None may block: the task that calls it serves a connection. A method that panics
/// ends the connection it was called for and no other.
pub trait Application: fmt::Debug + Send + Sync + 'static {
    /// An instance begins, with the first client that wants to connect to it. Further clients of it wait until this returns.
    fn start(&self, instance: &Instance) {
        let _ = instance;
    }

    /// An instance ends: its last client left some seconds ago, or the server stops. Its tasks are ended already.
    fn stop(&self, instance: &Instance) {
        let _ = instance;
    }

    /// A client wants to connect, and gave these arguments beside the address.
    fn connect(
        &self,
        instance: &Instance,
        client: &Client,
        arguments: &[Value],
    ) -> Decision<Welcome> {
        let _ = (instance, client, arguments);
        Decision::allow(Welcome::default())
    }

    /// A client that was let in has left. What it published and played has ended already.
    fn disconnect(&self, instance: &Instance, client: &Client) {
        let _ = (instance, client);
    }

    /// A client wants to publish. Its right to write there ([`Client::set_write_access`]) was looked at already.
    fn publish(
        &self,
        instance: &Instance,
        client: &Client,
        publish: &Publishing<'_>,
    ) -> Decision<Recorded> {
        let _ = (instance, client);
        Decision::allow(publish.kind.into())
    }

    /// A client wants to play. Its right to read there ([`Client::set_read_access`]) was looked at already.
    fn play(&self, instance: &Instance, client: &Client, play: &Playing<'_>) -> Decision<Sources> {
        let _ = (instance, client, play);
        Decision::allow(Sources::Either)
    }

    /// Whether browsers and HTTP players may see the live streams of this application. They have no connection that could be asked
    /// about by [`connect`](Self::connect) and [`play`](Self::play), so nothing is shown unless the application says so.
    fn web(&self) -> Web {
        Web::Closed
    }

    /// A client wants to use a shared object of this name. Its right to read there ([`Client::set_read_access`]) was looked at already; its
    /// right to write is looked at whenever it writes. The usual code of a refusal is `SharedObject.NoReadAccess`.
    fn shared_object(
        &self,
        instance: &Instance,
        client: &Client,
        name: &str,
        persistence: Persistence,
    ) -> Decision<ObjectAccess> {
        let _ = (instance, client, name, persistence);
        Decision::allow(ObjectAccess::Full)
    }

    /// A client calls a method. `None`: there is no such method, and the client is told so.
    fn call(
        &self,
        instance: &Instance,
        client: &Client,
        method: &str,
        arguments: Vec<Value>,
    ) -> Option<Decision<Value>> {
        let _ = (instance, client, method, arguments);
        None
    }
}

/// Whether browsers and HTTP players see the live streams of an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Web {
    /// They do not: its addresses are not found.
    #[default]
    Closed,
    /// They do.
    Open,
}

/// What a client may do with a shared object; without reading it cannot use it at all.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum ObjectAccess {
    /// See it and change it.
    #[default]
    Full,
    /// See it. What it changes all the same is taken back.
    ReadOnly,
}

/// How a client is let in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Welcome {
    /// When the line to the client is measured.
    pub bandwidth: Bandwidth,
}

impl Welcome {
    /// The same with another time of measuring.
    #[must_use]
    pub const fn measured(mut self, bandwidth: Bandwidth) -> Self {
        self.bandwidth = bandwidth;
        self
    }
}

/// When the bandwidth of the line to a client is measured; it is the client that is told.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Bandwidth {
    /// When it asks by `checkBandwidth`. Those who ask by `_checkbw` want an answer only.
    #[default]
    WhenAsked,
    /// Once it has connected, and when it asks in either way.
    AtOnce,
}

/// A stream that a client wants to publish.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Publishing<'a> {
    /// Where it would be: application, instance and name.
    pub location: &'a Location,
    /// The name as the client gave it, with its prefix and query.
    pub name: &'a StreamName,
    /// What the client wants to become of it besides being live.
    pub kind: PublishKind,
}

impl Publishing<'_> {
    /// The query of the name, which often holds a token.
    pub const fn query(&self) -> &Query {
        self.name.query()
    }
}

/// A stream that a client wants to play.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub struct Playing<'a> {
    /// Where it is: application, instance and name.
    pub location: &'a Location,
    /// The name as the client gave it, with its prefix and query.
    pub name: &'a StreamName,
    /// Live or from where.
    pub start: PlayStart,
    /// For how long.
    pub duration: PlayDuration,
    /// What becomes of the playlist.
    pub playlist: Playlist,
}

impl Playing<'_> {
    /// The query of the name, which often holds a token.
    pub const fn query(&self) -> &Query {
        self.name.query()
    }
}

/// What becomes of a stream that is published, besides being live.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Recorded {
    /// Nothing, unless the server records everything.
    #[default]
    NotRecorded,
    /// A new recording; an older one of the name is kept under another.
    Record,
    /// The recording of the name is continued, or begun.
    Append,
    /// What Flash asks for by `appendWithGap`: the same, with the time that has passed since left as a gap, a day at most.
    AppendWithGap,
}

impl From<PublishKind> for Recorded {
    fn from(kind: PublishKind) -> Self {
        match kind {
            PublishKind::Record => Self::Record,
            PublishKind::Append => Self::Append,
            PublishKind::AppendWithGap => Self::AppendWithGap,
            _ => Self::NotRecorded,
        }
    }
}

/// Where a stream that is to be played may come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum Sources {
    /// A publisher only.
    Live,
    /// A recording only.
    Recorded,
    /// Whatever the client asks for.
    #[default]
    Either,
}
