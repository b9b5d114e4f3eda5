//! Limits of the client, in one place: on what users type, on what servers answer, on the attempts made. In parentheses stand
//! their keys in the table of `docs/limits.md`.

use std::time::Duration;

/// Longest address in bytes (`client.address`).
pub const ADDRESS: usize = 8192;
/// Longest host name in bytes, as DNS has it (`client.host`).
pub const HOST_NAME: usize = 253;
/// Longest part of a host name between two dots, in bytes, as DNS has it (`client.host`).
pub const HOST_LABEL: usize = 63;

/// Proxies that one ladder uses; those after them are left out (`client.proxies`).
pub const PROXIES: usize = 8;
/// Rungs of one ladder; those after them are left out (`client.rungs`).
pub const RUNGS: usize = 64;

/// How long after an attempt the next one starts, if the first has not ended yet (`client.plan.stagger`).
///
/// Long enough that the preferred way wins wherever it is open, short enough that nobody waits for
/// it where it is not. Players of the field settled between 200 and 800 ms.
pub const STAGGER: Duration = Duration::from_millis(250);
/// How long one stage of an attempt may last without progress when attempts overlap (`client.plan.stage`).
pub const STAGE: Duration = Duration::from_secs(5);
/// The same for attempts made one after the other (`client.plan.stage`).
pub const STAGE_SEQUENTIAL: Duration = Duration::from_secs(10);
/// How long the search for a name may last: resolvers need 5 s to give up a dead name server and ask
/// the next (`client.plan.dns`).
pub const STAGE_DNS: Duration = Duration::from_secs(8);
/// The end of all overlapping attempts, from the first start (`client.plan.deadline`).
pub const DEADLINE: Duration = Duration::from_secs(9);
/// The end of attempts made one after the other, from the first start (`client.plan.deadline`).
pub const DEADLINE_SEQUENTIAL: Duration = Duration::from_mins(1);

/// Bytes kept of any text that a server or a proxy sent and a report repeats; the rest is cut off
/// (`client.peer_text`).
pub const PEER_TEXT: usize = 200;

/// Winners remembered; the oldest is forgotten first (`client.memory.winners`).
pub const WINNERS: usize = 256;
/// How long a winner is remembered, in seconds: 30 days (`client.memory.age`).
pub const WINNER_AGE_S: u64 = 30 * 24 * 60 * 60;
/// Longest text of a remembered place in bytes; longer ones are not remembered (`client.memory.text`).
pub const MEMORY_TEXT: usize = 512;

/// Redirects followed for one connection (`client.redirects`).
pub const REDIRECTS: usize = 5;
/// Reconnect requests of one destination followed within [`RECONNECT_WINDOW`] (`client.reconnects`).
pub const RECONNECTS: usize = 5;
/// After this time a reconnect request that was followed no longer counts (`client.reconnects`).
pub const RECONNECT_WINDOW: Duration = Duration::from_mins(1);

/// Longest description of a rejection that is read for a login challenge, in bytes (`client.login.challenge`).
pub const CHALLENGE: usize = 4096;
/// Longest user name that a login sends, in bytes (`client.login.user`).
pub const USER: usize = 256;
/// Answers to challenges within one login: the user's name, then the response (`client.login.answers`).
pub const LOGIN_ANSWERS: u32 = 2;

/// Requests that wait for the task of a connection; whoever asks more waits (`client.requests`).
pub const REQUESTS: usize = 64;
/// Events kept for whoever takes those of a connection or of a stream. A stream that is full stops the connection
/// (`client.events`).
pub const EVENTS: usize = 256;
/// Bytes queued for the server beyond which frames wait at their sender (`client.queue`).
pub const QUEUE_BYTES: usize = 256 * 1024;
/// Ends of frames remembered until the server has acknowledged them (`client.marks`); the oldest is forgotten first.
pub const MARKS: usize = 4096;
/// How long a server may take nothing of what is queued for it before the connection counts as lost (`client.stall`).
pub const WRITE_STALL: Duration = Duration::from_secs(30);
/// How long a server may take to answer `createStream`, `publish` and `play` (`client.answer`).
pub const ANSWER: Duration = Duration::from_secs(10);
/// How long a server may take to answer a call of one of its methods (`client.call`).
pub const CALL: Duration = Duration::from_secs(30);
/// Slots of a shared object that are kept; one with more is given up (`client.so_slots`).
pub const OBJECT_SLOTS: usize = 4096;
/// Bytes of memory, about, that the slots of a shared object may take; one with more is given up (`client.so_bytes`).
pub const OBJECT_BYTES: usize = 16 * 1024 * 1024;
/// Updates of a shared object that nobody has taken; more are lost, and all slots are told again (`client.so_updates`).
pub const OBJECT_UPDATES: usize = 1024;
/// Bytes of the messages that they came in (`client.so_update_bytes`).
pub const OBJECT_UPDATE_BYTES: usize = 2 * 1024 * 1024;
/// Own requests to change a shared object that have no answer; the oldest is forgotten (`client.so_pending`).
pub const OBJECT_PENDING: usize = 4096;
/// Events of one shared object message of a server: some send all slots in one (`client.so_events`).
pub const OBJECT_EVENTS: usize = 8192;
/// Bytes of one value of a shared object, and of a method with its arguments (`client.so_value`).
pub const OBJECT_VALUE: usize = 512 * 1024;
/// How long a connection that is given up may take to say goodbye (`client.goodbye`).
pub const GOODBYE: Duration = Duration::from_secs(2);
/// How long a program that is about to end waits for the goodbyes of all connections that were given up (`client.losers`).
pub const LOSERS: Duration = Duration::from_secs(1);
/// What a player tells the server that it buffers, in milliseconds.
pub const BUFFER_MS: u32 = 3000;
