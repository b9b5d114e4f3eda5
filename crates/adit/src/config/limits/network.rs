//! Connections, TCP, HTTP and the tunnel.

use adit_server::ServerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Size, Span, Unit, table};

table! {
    /// Connections.
    Conn {
        /// Open connections altogether.
        total: u64, 1 ..= 10_000_000, net.admission.total;
        /// Open connections of one IPv4 address or IPv6 /64. Loopback is exempt.
        per_ip: u64, 1 ..= 10_000_000, net.admission.per_address;
        /// New connections a second of one address or /64.
        rate_per_ip: u64, 1 ..= 10_000_000, net.admission.rate_per_address;
        /// Connections and tunnel sessions whose `connect` was not accepted yet.
        unauth: u64, 1 ..= 10_000_000, net.admission.unauthenticated;
    }
}

table! {
    /// TCP.
    Tcp {
        /// Silence after which the kernel asks whether a peer is still there.
        keepalive: Span, "1s" ..= "2h", net.socket.keepalive_idle;
        /// Time between two such questions.
        keepalive_interval: Span, "1s" ..= "1h", net.socket.keepalive_interval;
        /// Unanswered questions after which the connection is over.
        keepalive_probes: u64, 1 ..= 100, net.socket.keepalive_probes;
        /// How long sent bytes may stay unacknowledged.
        user_timeout: Span, "1s" ..= "1h", net.socket.user_timeout;
        /// Bytes the kernel takes beyond what it can send at once.
        unsent: Size, "16KiB" ..= "64MiB", net.socket.unsent_bytes;
    }
}

table! {
    /// File descriptors.
    Fd {
        /// Percent of the descriptors of the process at which no more connections are accepted for a while.
        stop_accept_at: u64, 10 ..= 100, net.admission.descriptors_percent;
        /// Descriptors that are kept for other things than connections, at most half of them.
        reserve: u64, 0 ..= 1_000_000, net.admission.descriptors_reserve;
    }
}

table! {
    /// Finding out what a connection speaks.
    Sniff {
        /// How long it may take in each layer until that is clear.
        deadline: Span, "100ms" ..= "10m", net.sniff_deadline;
    }
}

table! {
    /// TLS.
    Tls {
        /// For a TLS handshake.
        deadline: Span, "100ms" ..= "10m", net.tls_deadline;
    }
}

table! {
    /// HTTP on the public ports.
    Http {
        /// From the first byte of a request to the end of its header.
        header_deadline: Span, "100ms" ..= "10m", net.http.header_deadline;
        /// For a whole request body.
        body: Span, "1s" ..= "1h", net.http.body_deadline;
        /// Silence between two requests of a connection.
        keepalive: Span, "1s" ..= "1h", net.http.keep_alive;
        /// Viewers by HTTP-FLV and WebSocket-FLV.
        viewers: u64, 1 ..= 10_000_000, outputs.viewers;
    }
}

table! {
    /// Streams as HLS.
    Hls {
        /// Streams that are packaged at once.
        streams: u64, 1 ..= 100_000, outputs.hls.streams;
        /// A stream for which nobody asks for so long is packaged no more.
        idle: Span, "5s" ..= "24h", outputs.hls.idle;
    }
}

table! {
    /// The tunnel: RTMPT and RTMPTS.
    Rtmpt {
        /// Sessions altogether.
        sessions: u64, 1 ..= 10_000_000, net.sessions.sessions;
        /// Sessions of one address or /64. Loopback is exempt.
        per_ip: u64, 1 ..= 10_000_000, net.sessions.per_network;
        /// New sessions of one network a second.
        open_rate: u64, 1 ..= 1_000_000, net.sessions.opens_per_second;
        /// Sessions that have not finished their handshake.
        pre_hs: u64, 1 ..= 10_000_000, net.sessions.unproven;
        /// Unknown session ids that one network may ask for in a minute.
        guesses: u64, 1 ..= 1_000_000, net.sessions.guesses;
        /// How long a network that asked for more finds only sessions of its own.
        guess_block: Span, "1s" ..= "1h", net.sessions.guess_block;
        /// Silence after which a session is over.
        idle: Span, "1s" ..= "1h", net.tunnel.lifetime.idle;
        /// Silence after which nothing more is queued for a session.
        stalled: Span, "100ms" ..= "1h", net.tunnel.lifetime.stalled;
        /// How long the last bytes wait to be fetched.
        drain: Span, "100ms" ..= "1h", net.tunnel.lifetime.drain;
        /// Bytes that wait for the next replies of a session.
        queue_bytes: Size, "16KiB" ..= "64MiB", net.tunnel.lifetime.queue_bytes;
        /// Bytes that the RTMP side of a session has not taken.
        received_bytes: Size, "16KiB" ..= "64MiB", net.tunnel.lifetime.received_bytes;
        /// Body of a `/send` before the handshake is over.
        send_body_unproven: Size, "4KiB" ..= "16MiB", net.tunnel.order.send_body_unproven;
        /// Body of a `/send` after that.
        send_body: Size, "4KiB" ..= "256MiB", net.tunnel.order.send_body;
        /// Bodies that are held in all sessions together.
        bodies: Size, "1MiB" ..= "64GiB", net.http.bodies;
        /// A session that holds no more may use all of that, others half.
        bodies_small: Size, "4KiB" ..= "64MiB", net.http.bodies_small;
        /// Numbers ahead of the next one that wait for it.
        ahead: u64, 1 ..= 1024, net.tunnel.order.ahead;
        /// Bytes that wait ahead before the handshake is over.
        ahead_bytes_unproven: Size, "4KiB" ..= "16MiB", net.tunnel.order.ahead_bytes_unproven;
        /// Bytes that wait ahead after that.
        ahead_bytes: Size, "4KiB" ..= "256MiB", net.tunnel.order.ahead_bytes;
        /// How long a missing number may hold up the others.
        hole: Span, "100ms" ..= "1m", net.tunnel.order.hole;
        /// How long a first number 1 waits for a number 0.
        first_grace: Span, "0s" ..= "10s", net.tunnel.order.first_grace;
        /// When a request ahead of a missing one gets an empty reply.
        ahead_answer: Span, "10ms" ..= "1m", net.tunnel.order.ahead_answer;
        /// Bytes of a reply.
        reply_bytes: Size, "1KiB" ..= "1MiB", net.tunnel.reply.bytes;
        /// Bytes of a reply after replies that were cut.
        reply_bytes_max: Size, "1KiB" ..= "1MiB", net.tunnel.reply.bytes_max;
        /// Replies kept for requests that come again.
        cached: u64, 5 ..= 1024, net.tunnel.reply.cached;
        /// Bytes of them.
        cached_bytes: Size, "1KiB" ..= "64MiB", net.tunnel.reply.cached_bytes;
        /// Pause that a client is asked to make between two requests while data flows; whole steps of 16 ms.
        poll_min: Span, "0s" ..= "4064ms", net.tunnel.poll.min;
        /// The same for one that has asked in vain for long.
        poll_max: Span, "0s" ..= "4064ms", net.tunnel.poll.max;
        /// How long an `/idle` without data is held.
        hold: Span, "20ms" ..= "4s", net.tunnel.reply.hold;
        /// How long a `/send` waits for an answer to carry.
        send_grace: Span, "0s" ..= "1s", net.tunnel.reply.send_grace;
    }
}
