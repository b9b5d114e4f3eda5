//! Every number a peer can run into, with the configuration key it will have.

use std::time::Duration;

/// Open connections altogether (`conn.total`).
pub const CONNECTIONS: usize = 10_000;
/// Open connections from one IPv4 address or IPv6 /64 (`conn.per_ip`).
pub const CONNECTIONS_PER_ADDRESS: usize = 256;
/// New connections a second from one IPv4 address or IPv6 /64 (`conn.rate_per_ip`).
pub const CONNECTION_RATE_PER_ADDRESS: u32 = 50;
/// Further ones that may come in place of those which brought a request of a tunnel session that exists (`conn.rate_per_ip`).
pub const USEFUL_CONNECTIONS_PER_ADDRESS: u32 = 1000;
/// Connections and tunnel sessions nobody has let in yet: those whose `connect` was not accepted (`conn.unauth`).
pub const UNAUTHENTICATED: usize = 1000;
/// Addresses remembered for the two limits per address (`conn.addresses`).
pub const TRACKED_ADDRESSES: usize = 65_536;
/// Part of the file descriptors the process may have, in percent, at which accepting rests (`fd.stop_accept_at`).
pub const DESCRIPTORS_PERCENT: u8 = 90;
/// File descriptors that are left for other things than connections, if that is more (`fd.reserve`).
pub const DESCRIPTORS_RESERVE: u64 = 64;
/// Connections the kernel queues before they are accepted (`tcp.backlog`).
pub const BACKLOG: i32 = 1024;
/// Carriers that wait for [`Acceptor::accept`](crate::Acceptor::accept) (`conn.queue`).
pub const ACCEPT_QUEUE: usize = 1024;

/// From accept to knowing what the peer speaks, in each layer (`sniff.deadline`).
pub const SNIFF_DEADLINE: Duration = Duration::from_secs(10);
/// For a TLS handshake (`tls.deadline`).
pub const TLS_DEADLINE: Duration = Duration::from_secs(10);
/// Bytes looked at before a peer counts as unknown (`sniff.bytes`).
pub const SNIFF_BYTES: usize = 16;
/// Bytes of a PROXY header including its extensions (`proxy.header`).
pub const PROXY_HEADER_BYTES: usize = 2048;

/// Silence after which TCP probes the peer (`tcp.keepalive`).
pub const KEEPALIVE_IDLE: Duration = Duration::from_secs(30);
/// Time between two probes (`tcp.keepalive`).
pub const KEEPALIVE_INTERVAL: Duration = Duration::from_secs(10);
/// Unanswered probes until the connection is given up (`tcp.keepalive`).
pub const KEEPALIVE_PROBES: u32 = 3;
/// How long sent bytes may stay unacknowledged (`tcp.user_timeout`).
pub const USER_TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes the kernel takes beyond what it can send at once (`tcp.unsent`).
pub const UNSENT_BYTES: u32 = 128 * 1024;
/// Bytes one read from a socket may return (`conn.read`).
pub const READ_BYTES: usize = 64 * 1024;
/// Pieces one vectored write takes (`conn.write_pieces`).
pub const WRITE_PIECES: usize = 64;
/// How long a closed connection waits for the peer to finish, so that the last bytes are not lost
/// to a reset (`conn.linger`).
pub const LINGER: Duration = Duration::from_secs(1);
/// Bytes thrown away meanwhile (`conn.linger_bytes`).
pub const LINGER_BYTES: usize = 256 * 1024;

/// Log lines about connections and requests that lead to no session, in [`TURNED_AWAY_SPAN`]; those beyond are told in one
/// line (`log.turned_away`).
pub const TURNED_AWAY_LINES: u32 = 20;
/// The time over which [`TURNED_AWAY_LINES`] are counted (`log.turned_away`).
pub const TURNED_AWAY_SPAN: Duration = Duration::from_secs(10);

/// Bytes of a request line and header together (`http.header`).
pub const HEADER_BYTES: usize = 8 * 1024;
/// Header fields of one request (`http.header`).
pub const HEADER_FIELDS: usize = 64;
/// First byte of a request to the end of its header (`http.header_deadline`).
pub const HEADER_DEADLINE: Duration = Duration::from_secs(10);
/// Silence between two requests (`http.keepalive`).
pub const KEEP_ALIVE: Duration = Duration::from_mins(1);
/// A whole request body (`http.body`).
pub const BODY_DEADLINE: Duration = Duration::from_secs(30);
/// After this long a body must have come at [`BODY_RATE`] on average (`http.body`).
pub const BODY_GRACE: Duration = Duration::from_secs(5);
/// Bytes a second of a request body (`http.body`).
pub const BODY_RATE: u64 = 1024;
/// Bytes of tunnel requests that are held altogether: being collected, waiting for their turn, or not yet taken by the
/// RTMP side (`rtmpt.bodies`). Without it 10,000 sessions could hold 16 MiB and more each.
pub const BODIES: usize = 256 * 1024 * 1024;
/// A tunnel session that holds no more than this may use all of [`BODIES`], others only half of it
/// (`rtmpt.bodies_small`): a few that hold much cannot shut out the many that hold little.
pub const BODIES_SMALL: usize = 512 * 1024;
/// A response the peer does not take makes no progress for so long (`http.write_stall`).
pub const WRITE_STALL: Duration = Duration::from_secs(20);
/// How often tunnel sessions nobody asks for are looked after; their times may be late by this much (`rtmpt.tick`).
pub const SESSION_TICK: Duration = Duration::from_millis(500);
/// How long the last replies of a tunnel session that is over are kept for a client that did not get them (`rtmpt.afterlife`):
/// longer than our client waits in silence before it asks again, and so short that a network which opens and closes as fast as
/// it may does not run out of sessions.
pub const SESSION_AFTERLIFE: Duration = Duration::from_secs(6);
