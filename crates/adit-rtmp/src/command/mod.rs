//! Commands: what clients and servers call on each other, typed in both directions.
//!
//! [`Invocation`] is the frame all commands share. [`ClientCommand`] and [`ServerCommand`] give its
//! arguments their meaning; a name that neither knows stays an [`Invocation`], unchanged.
//! [`Status`] is the information object that answers carry, [`StatusCode`] the list of its codes.
//! [`Address`] and [`StreamName`] take the names of places apart, [`DataMessage`] sorts data messages.
//!
//! A wrong argument is an error value that says which argument it was. It is never a reason to end
//! a connection: sessions answer it with `_error` or `onStatus`.

mod address;
mod arguments;
pub(crate) mod body;
mod capabilities;
mod client;
mod code;
mod connect;
mod data;
mod invocation;
mod play;
mod server;
mod shown;
mod status;

pub use self::address::{
    Address, AddressError, DEFAULT_INSTANCE, Location, NamePrefix, Query, StreamName,
};
pub use self::arguments::ArgumentError;
pub use self::capabilities::{CodecAbilities, EnhancedCapabilities, Extensions};
pub use self::client::{BandwidthDialect, ClientCommand, ClientCommandError, PauseForm};
pub use self::code::{Level, StatusCode};
pub use self::connect::{
    ClientInfo, Connect, ConnectError, ConnectReply, LegacyCodecs, ObjectEncoding,
};
pub use self::data::DataMessage;
pub use self::invocation::{Invocation, InvocationError, TransactionId};
pub(crate) use self::play::wrapping_ms;
pub use self::play::{
    PauseState, Play, Play2, PlayDuration, PlayStart, Playlist, Publish, PublishKind, Receive,
};
pub use self::server::{FcNotice, Outcome, Response, ServerCommand};
pub use self::status::Status;

#[cfg(test)]
mod tests;
