//! Numbers that bound what one session may hold or how long it may take; each becomes a configuration key.

mod access;
mod control;
mod login;
mod media;
mod memory;
pub(crate) mod outputs;
pub(crate) mod playback;
pub(crate) mod relay;
pub(crate) mod relays;

pub(crate) use self::access::*;
pub(crate) use self::control::*;
pub(crate) use self::login::*;
pub(crate) use self::media::*;
pub(crate) use self::memory::*;
pub use self::relays::RelayLimits;

use std::time::Duration;

use crate::memory::MemoryLimits;

/// Bytes queued for a peer above which no more of its commands are answered until it reads (`session.reply_queue`).
///
/// A peer that sends commands and never reads the answers stops being read itself instead of filling memory.
pub(crate) const REPLY_QUEUE_BYTES: usize = 256 * 1024;

/// Bytes queued for a player below which more frames are taken from the log (`viewer.write_ahead`).
///
/// Frames wait in the shared log, not here; this only has to be enough for one well-filled write, such as all that gathers in 350 ms
/// at 4 Mbit/s. It stays below [`REPLY_QUEUE_BYTES`], so that of media only a frame larger than the difference keeps a command
/// waiting, until the player has taken the most of it.
pub(crate) const WRITE_AHEAD_BYTES: usize = 192 * 1024;

/// So many players of a stream are written to by one task; more than one task, so that all threads have something to do.
pub(crate) const LANE_SEATS: usize = 128;

/// With fewer readers of a stream than this a task for each is cheaper.
pub(crate) const LANE_READERS: usize = 4;

/// A player that was put off its lane serves itself for so many turns of media, about as many frames: the first time, and at most.
pub(crate) const LANE_DETOURS: (u32, u32) = (16, 4096);

/// Frames taken from the log in one turn, so that one player cannot keep the task to itself.
pub(crate) const FRAMES_PER_TURN: usize = 512;

/// Events handled in one turn.
pub(crate) const EVENTS_PER_TURN: usize = 256;

/// Bytes of a peer that are kept while a request of it waits for its answer; beyond that it is not read, and not noticed to leave
/// (`session.read_ahead`).
pub(crate) const PENDING_BYTES: usize = 128 * 1024;

/// Reads from the carrier in one turn.
pub(crate) const READS_PER_TURN: usize = 16;

/// A peer that takes no byte for this long while bytes wait for it is gone (`viewer.stall`).
pub(crate) const WRITE_STALL: Duration = Duration::from_secs(10);

/// After its last byte was handed over, a carrier has this long to say goodbye (`session.goodbye`).
pub(crate) const GOODBYE: Duration = Duration::from_secs(5);

/// A publisher has this long to send its first audio, video or data (`first_media`).
pub(crate) const FIRST_MEDIA: Duration = Duration::from_secs(20);

/// A publisher that sends nothing for this long gives its name back (`publisher.idle`).
pub(crate) const PUBLISHER_IDLE: Duration = Duration::from_secs(30);

/// How often a player may fall so far behind that messages are left out, in [`OVERFLOW_WINDOW`]; the last time ends it
/// (`viewer.overflows`).
pub(crate) const OVERFLOWS: usize = 3;

/// The time over which [`OVERFLOWS`] are counted (`viewer.overflows`).
pub(crate) const OVERFLOW_WINDOW: Duration = Duration::from_mins(1);

/// Lines about streams of one connection that start or are refused, in [`STREAM_LINES_SPAN`]; those beyond are told in one line
/// (`log.streams`).
pub(crate) const STREAM_LINES: u32 = 20;

/// The time over which [`STREAM_LINES`] are counted (`log.streams`).
pub(crate) const STREAM_LINES_SPAN: Duration = Duration::from_secs(10);

/// Streams that the closing line of a connection names (`log.streams_named`).
pub(crate) const STREAMS_LISTED: usize = 8;

/// Events of one shared object message to a member, as many as the other end takes; what has more goes in several.
pub(crate) const OBJECT_MESSAGE_EVENTS: usize = 256;

/// Bytes of values in one shared object message to a member, as they are kept; a single value may have more.
pub(crate) const OBJECT_MESSAGE_BYTES: usize = 64 * 1024;

/// Deliveries of shared objects in one turn, so that one member cannot keep the task to itself.
pub(crate) const OBJECT_DELIVERIES_PER_TURN: usize = 256;

/// Persistent shared objects that wait to be loaded (`so.loads`).
pub(crate) const OBJECT_LOADS: usize = 1_024;

/// Persistent shared objects in a store (`so.stored`).
pub(crate) const OBJECTS_STORED: u64 = 100_000;

/// Of them, those of one application (`so.app_stored`).
pub(crate) const OBJECTS_STORED_PER_APPLICATION: u64 = OBJECTS_STORED / 2;

/// Bytes of all shared objects in a store, counted as in memory (`so.stored_bytes`).
pub(crate) const OBJECTS_STORED_BYTES: u64 = 1024 * 1024 * 1024;

/// Of them, those of one application (`so.app_stored_bytes`).
pub(crate) const OBJECTS_STORED_BYTES_PER_APPLICATION: u64 = OBJECTS_STORED_BYTES / 2;

/// Memory that a store takes for what it has read of its file.
pub(crate) const OBJECT_STORE_CACHE: usize = 16 * 1024 * 1024;

/// How long changes of persistent shared objects are gathered before they are written: no crash loses more than that, and what
/// writing takes.
pub(crate) const OBJECT_SAVE_DELAY: Duration = Duration::from_millis(500);

/// When changes that could not be written are tried again.
pub(crate) const OBJECT_SAVE_RETRY: Duration = Duration::from_secs(1);
/// How long after it could not be opened a file of shared objects that another process had is tried again.
pub(crate) const OBJECT_REOPEN_RETRY: Duration = Duration::from_millis(100);

/// A server that is told to stop gives its sessions and connections so long to end by themselves (`server.drain`); less than the
/// 10 s that most supervisors wait before they kill.
pub(crate) const STOP_DRAIN: Duration = Duration::from_secs(8);

/// An application has this long to answer a request (`application.decision`).
pub(crate) const DECISION: Duration = Duration::from_secs(10);

/// A client has this long to answer a call of the application (`application.call`).
pub(crate) const CALL_ANSWER: Duration = Duration::from_secs(30);

/// An instance of an application stays so long after its last client has left (`application.linger`).
pub(crate) const LINGER: Duration = Duration::from_secs(5);

/// Calls of the application that wait until they are written to one client (`application.mailbox`).
pub(crate) const MAILBOX: usize = 256;

/// Calls of the application that are written to one client in one turn.
pub(crate) const POSTS_PER_TURN: usize = 64;

/// Bytes kept of each text by which a client describes itself (`application.about`).
pub(crate) const ABOUT_BYTES: usize = 512;

/// Bytes of the first probe by which the bandwidth of a client is measured (`bandwidth.bytes`).
pub(crate) const BANDWIDTH_BYTES_FIRST: usize = 16 * 1024;
/// Bytes of the largest (`bandwidth.bytes`). It stays below [`REPLY_QUEUE_BYTES`], so that no command has to wait for it.
pub(crate) const BANDWIDTH_BYTES: usize = 128 * 1024;
/// No probe is sent that would probably be answered later than so long after the first (`bandwidth.time`).
pub(crate) const BANDWIDTH_TIME: Duration = Duration::from_secs(2);

/// People in one room of a chat (`chat.people`).
pub(crate) const CHAT_PEOPLE: usize = 1000;
/// Bytes of a name in a chat (`chat.name`).
pub(crate) const CHAT_NAME: usize = 64;
/// Bytes of what somebody says in a chat (`chat.text`).
pub(crate) const CHAT_TEXT: usize = 1000;
/// Messages that a room of a chat remembers (`chat.history`).
pub(crate) const CHAT_HISTORY: usize = 50;

/// How patient a server is with the peers of its sessions; the default is safe on the open internet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct ServerLimits {
    /// How long a peer may take nothing while bytes wait for it. Default 10 s (`viewer.stall`).
    pub write_stall: Duration,
    /// From an accepted publish to the first media. Default 20 s (`first_media`).
    pub first_media: Duration,
    /// How long a publisher may send nothing after that. Default 30 s (`publisher.idle`).
    pub publisher_idle: Duration,
    /// How often a player may fall too far behind in `overflow_window`; the last time ends it. Default 3 (`viewer.overflows`).
    pub overflows: usize,
    /// Default 60 s (`viewer.overflows`).
    pub overflow_window: Duration,
    /// How long an application may take to answer a request. Default 10 s (`application.decision`).
    pub decision: Duration,
    /// How long a client may take to answer a call of the application. Default 30 s (`application.call`).
    pub call_answer: Duration,
    /// How long an instance of an application stays after its last client has left. Default 5 s (`application.linger`).
    pub linger: Duration,
    /// How long a client may do nothing, neither publish, play nor call. Default: for ever (`client.idle`).
    pub client_idle: Option<Duration>,
    /// How many relays there may be.
    pub relays: RelayLimits,
    /// From where on the server counts as short of memory.
    pub memory: MemoryLimits,
}

impl Default for ServerLimits {
    fn default() -> Self {
        Self {
            write_stall: WRITE_STALL,
            first_media: FIRST_MEDIA,
            publisher_idle: PUBLISHER_IDLE,
            overflows: OVERFLOWS,
            overflow_window: OVERFLOW_WINDOW,
            decision: DECISION,
            call_answer: CALL_ANSWER,
            linger: LINGER,
            client_idle: None,
            relays: RelayLimits::default(),
            memory: MemoryLimits::default(),
        }
    }
}

/// What a store of persistent shared objects may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct StoreLimits {
    /// Objects: 100,000 (`so.stored`).
    pub objects: u64,
    /// Bytes that they take: 1 GiB (`so.stored_bytes`).
    pub bytes: u64,
    /// Objects of one application: 50,000 (`so.app_stored`).
    pub application_objects: u64,
    /// Bytes that those of one application take: 512 MiB (`so.app_stored_bytes`).
    pub application_bytes: u64,
}

impl Default for StoreLimits {
    fn default() -> Self {
        Self {
            objects: OBJECTS_STORED,
            bytes: OBJECTS_STORED_BYTES,
            application_objects: OBJECTS_STORED_PER_APPLICATION,
            application_bytes: OBJECTS_STORED_BYTES_PER_APPLICATION,
        }
    }
}
