//! RTMP sessions, applications and shared objects.

use adit_server::ServerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Size, Span, Unit, table};

table! {
    /// The handshake.
    Hs {
        /// From the first byte to the end of the handshake.
        deadline: Span, "100ms" ..= "10m", session.timeouts.handshake;
    }
}

table! {
    /// The way to `connect`.
    Connect {
        /// From the end of the handshake to a `connect`.
        deadline: Span, "100ms" ..= "10m", session.timeouts.connect;
    }
}

table! {
    /// The way from `connect` to a use.
    Use {
        /// From `connect` to the first publish, play, call or shared object.
        deadline: Span, "100ms" ..= "24h", session.timeouts.first_use;
    }
}

table! {
    /// Refused publishers.
    Publish {
        /// How long a refused publisher may go on sending.
        refused: Span, "100ms" ..= "10m", session.timeouts.refused;
    }
}

table! {
    /// Publishers.
    Publisher {
        /// How long a publisher may send nothing after its first media.
        idle: Span, "1s" ..= "24h", limits.publisher_idle;
    }
}

table! {
    /// Clients that neither publish nor play.
    Client {
        /// How long a client may do nothing. Without it for ever.
        idle: Option<Span>, "1s" ..= "24h", limits.client_idle;
    }
}

table! {
    /// Messages.
    Msg {
        /// Length of an audio, video or aggregate message.
        av: Size, "64KiB" ..= "16777215B", session.chunk_limits.message_media;
        /// Length of any other message.
        cmd: Size, "4KiB" ..= "16777215B", session.chunk_limits.message_command;
        /// Length of any message before `connect`.
        preauth: Size, "4KiB" ..= "16777215B", session.chunk_limits.message_before_connect;
    }
}

table! {
    /// Unfinished messages.
    Partial {
        /// Bytes of them on one connection.
        bytes: Size, "64KiB" ..= "256MiB", session.chunk_limits.partial_bytes;
        /// The same before `connect`.
        bytes_before_connect: Size, "4KiB" ..= "256MiB", session.chunk_limits.partial_bytes_before_connect;
    }
}

table! {
    /// Chunk streams.
    Csid {
        /// Chunk streams of a connection.
        live: u64, 4 ..= 65_536, session.chunk_limits.chunk_streams;
        /// Unfinished messages of a connection.
        partial: u64, 1 ..= 65_536, session.chunk_limits.partial_messages;
    }
}

table! {
    /// Chunks.
    Chunk {
        /// Chunk headers of a connection a second; more wait.
        headers: u64, 100 ..= 100_000_000, session.chunk_limits.chunk_headers;
        /// Length of the chunks that are sent.
        out: Size, "128B" ..= "64KiB", session.chunk_size;
    }
}

table! {
    /// Values in AMF.
    Amf {
        /// Containers in each other.
        depth: u64, 1 ..= 64, session.amf_limits.depth;
        /// Values of a message.
        nodes: u64, 16 ..= 10_000_000, session.amf_limits.nodes;
        /// Elements of one container.
        elements: u64, 16 ..= 10_000_000, session.amf_limits.elements;
        /// References to each kind of thing.
        references: u64, 16 ..= 10_000_000, session.amf_limits.references;
        /// Length of a name or short text.
        string: Size, "256B" ..= "64KiB", session.amf_limits.string;
        /// Length of a long text.
        long_string: Size, "256B" ..= "16MiB", session.amf_limits.long_string;
        /// Content of a message.
        bytes: Size, "4KiB" ..= "64MiB", session.amf_limits.bytes;
    }
}

table! {
    /// Applications.
    Application {
        /// How long an application may take to answer a request.
        decision: Span, "100ms" ..= "10m", limits.decision;
        /// How long a client may take to answer a call of the application.
        call: Span, "100ms" ..= "1h", limits.call_answer;
        /// How long an instance stays after its last client has left.
        linger: Span, "0s" ..= "24h", limits.linger;
    }
}

table! {
    /// Shared objects.
    So {
        /// Shared objects that a connection uses.
        per_conn: u64, 1 ..= 65_536, objects.limits.per_client;
        /// Requests of a connection a second.
        rate: u64, 1 ..= 1_000_000, objects.limits.requests_per_second;
        /// Shared objects in memory.
        total: u64, 1 ..= 10_000_000, objects.limits.objects;
        /// Of them, those of one application.
        app_total: u64, 1 ..= 10_000_000, objects.limits.shares.application_objects;
        /// Of them, those that were opened from one address. Loopback is exempt.
        ip_total: u64, 1 ..= 10_000_000, objects.limits.shares.address_objects;
        /// Bytes that all of them take.
        total_bytes: Size, "1MiB" ..= "64GiB", objects.limits.objects_bytes;
        /// Of them, those of one application.
        app_bytes: Size, "64KiB" ..= "64GiB", objects.limits.shares.application_bytes;
        /// Of them, those of shared objects that were opened from one address. Loopback is exempt.
        ip_bytes: Size, "64KiB" ..= "64GiB", objects.limits.shares.address_bytes;
        /// Slots of a shared object.
        props: u64, 1 ..= 1_000_000, objects.limits.slots;
        /// Length of the name of a slot.
        slot_name: Size, "1B" ..= "64KiB", objects.limits.slot_name;
        /// Length of a value.
        slot_value: Size, "16B" ..= "1MiB", objects.limits.value_bytes;
        /// Bytes of the slots of a shared object.
        bytes: Size, "1KiB" ..= "1GiB", objects.limits.bytes;
        /// Removed slots that are remembered.
        removed: u64, 0 ..= 1_000_000, objects.limits.removed;
        /// Updates that a member lags behind.
        lag: u64, 16 ..= 1_000_000, objects.limits.lag.count;
        /// Bytes of them.
        lag_bytes: Size, "64KiB" ..= "1GiB", objects.limits.lag.bytes;
        /// Requests that wait for a locked object.
        locked: u64, 16 ..= 1_000_000, objects.limits.locked.count;
        /// Bytes of them.
        locked_bytes: Size, "64KiB" ..= "1GiB", objects.limits.locked.bytes;
        /// Persistent shared objects in the file.
        stored: u64, 1 ..= 1_000_000_000, objects.stored.objects;
        /// Bytes that they take, counted as in memory.
        stored_bytes: Size, "1MiB" ..= "1TiB", objects.stored.bytes;
        /// Of those in the file, those of one application.
        app_stored: u64, 1 ..= 1_000_000_000, objects.stored.application_objects;
        /// Bytes that those of one application take.
        app_stored_bytes: Size, "1MiB" ..= "1TiB", objects.stored.application_bytes;
    }
}
