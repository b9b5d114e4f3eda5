//! `[limits]`: what peers can make the server hold, do or wait for. `docs/limits.md` says what each means and what is beyond it.
//!
//! One line says everything about a key: what it takes, from where to where, and which setting of the server it is, whose default
//! is the key's default.

mod fixed;
mod media;
mod network;
mod session;

use adit_server::ServerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub(crate) use self::fixed::why_fixed;
use super::unit::Unit;
use super::units::{Size, Span};

/// A table of keys with their units, ranges and settings, and then the tables in it.
macro_rules! table {
    (
        $(#[$about:meta])* $name:ident {
            $( $(#[$doc:meta])* $key:ident: $unit:ty, $low:literal ..= $high:literal, $($place:ident).+; )*
        }
        $( [ $( $(#[$inner_doc:meta])* $inner:ident: $table:ty, )* ] )?
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Serialize, Deserialize, JsonSchema)]
        #[serde(default, deny_unknown_fields)]
        pub(crate) struct $name {
            $( $(#[$doc])* #[schemars(extend("x-range" = [$low, $high]))] $key: $unit, )*
            $( $( $(#[$inner_doc])* $inner: $table, )* )?
        }

        impl Default for $name {
            fn default() -> Self {
                let config = ServerConfig::default();
                let table = Self {
                    $( $key: Unit::of(&config.$($place).+), )*
                    $( $( $inner: <$table>::default(), )* )?
                };
                // Not used by a table of tables alone.
                drop(config);
                table
            }
        }

        impl $name {
            /// Sets all of it.
            pub(crate) fn apply(&self, config: &mut ServerConfig) {
                $( self.$key.put(&mut config.$($place).+); )*
                $( $( self.$inner.apply(config); )* )?
            }
        }
    };
}

use table;

table! {
    /// What peers can make the server hold, do or wait for.
    Limits {
        /// Silence after which a peer is pinged.
        ping: Span, "1s" ..= "1h", session.timeouts.ping;
        /// Silence after which a peer counts as dead.
        dead: Span, "1s" ..= "24h", session.timeouts.dead;
        /// How long the last bytes of a session may take to leave.
        drain: Span, "100ms" ..= "10m", session.timeouts.drain;
        /// How long an accepted publisher may take to send its first media.
        first_media: Span, "1s" ..= "24h", limits.first_media;
        /// Message streams of a connection.
        streams: u64, 1 ..= 65_536, session.limits.streams;
        /// Streams that a connection plays at a time.
        plays: u64, 1 ..= 65_536, session.limits.plays;
        /// Streams that a connection publishes at a time.
        publishes: u64, 1 ..= 65_536, session.limits.publishes;
        /// Calls of a connection without an answer, each way.
        calls: u64, 1 ..= 65_536, session.limits.calls;
        /// Commands of a connection a second; more wait.
        cmds: u64, 1 ..= 1_000_000, session.limits.commands_per_second;
    }
    [
        /// Connections.
        conn: network::Conn,
        /// TCP.
        tcp: network::Tcp,
        /// File descriptors.
        fd: network::Fd,
        /// Finding out what a connection speaks.
        sniff: network::Sniff,
        /// TLS.
        tls: network::Tls,
        /// HTTP on the public ports.
        http: network::Http,
        /// Streams as HLS.
        hls: network::Hls,
        /// The tunnel: RTMPT and RTMPTS.
        rtmpt: network::Rtmpt,
        /// The handshake.
        hs: session::Hs,
        /// The way to `connect`.
        connect: session::Connect,
        /// The way from `connect` to a use.
        #[serde(rename = "use")]
        use_: session::Use,
        /// Refused publishers.
        publish: session::Publish,
        /// Publishers.
        publisher: session::Publisher,
        /// Clients that neither publish nor play.
        client: session::Client,
        /// Messages.
        msg: session::Msg,
        /// Unfinished messages.
        partial: session::Partial,
        /// Chunk streams.
        csid: session::Csid,
        /// Chunks.
        chunk: session::Chunk,
        /// Values in AMF.
        amf: session::Amf,
        /// Applications.
        application: session::Application,
        /// Shared objects.
        so: session::So,
        /// Memory of the process.
        mem: media::Mem,
        /// Players.
        viewer: media::Viewer,
        /// The group of pictures kept for players to come.
        gop: media::Gop,
        /// Live streams.
        stream: media::Stream,
        /// Recordings.
        recording: media::Recording,
        /// Relays.
        relay: media::Relay,
    ]
}

#[cfg(test)]
mod tests;
