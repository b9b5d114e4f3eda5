//! Limits of who may do what.

use std::time::Duration;

/// Different wrong keys and passwords from one address in [`GUESS_SPAN`] after which it is not listened to for [`GUESS_BLOCK`]
/// (`access.guesses`).
pub(crate) const GUESSES: usize = 10;

/// The same of all who come through one reverse proxy (`access.guesses`).
pub(crate) const GUESSES_BEHIND: usize = 1_000;

/// The time over which [`GUESSES`] are counted (`access.guesses`).
pub(crate) const GUESS_SPAN: Duration = Duration::from_mins(1);

/// How long keys from an address that guessed are refused unseen (`access.guesses`).
pub(crate) const GUESS_BLOCK: Duration = Duration::from_mins(1);

/// Addresses whose guesses are remembered (`access.guess_addresses`); an IPv6 /64 is one.
pub(crate) const GUESS_ADDRESSES: usize = 65_536;

/// Stream keys of a server (`access.keys`).
pub(crate) const STREAM_KEYS: usize = 10_000;

/// Bytes of a stream key (`access.key`).
pub(crate) const STREAM_KEY_BYTES: usize = 128;

/// Bytes of a pattern in rules, keys and tokens (`access.pattern`).
pub(crate) const PATTERN_BYTES: usize = 256;

/// Bytes of a token (`access.token`); what comes in a query over RTMP is shorter.
pub(crate) const TOKEN_BYTES: usize = 4_096;

/// Keys that tokens may be signed with (`access.token_keys`).
pub(crate) const TOKEN_KEYS: usize = 64;

/// A callback has this long to answer (`callback.time`).
pub(crate) const CALLBACK_TIME: Duration = Duration::from_secs(3);

/// Bytes of the answer of a callback (`callback.answer`).
pub(crate) const CALLBACK_ANSWER: usize = 16 * 1024;

/// Questions of one kind to callbacks that wait for their answers (`callback.in_flight`).
pub(crate) const CALLBACKS_IN_FLIGHT: usize = 64;

/// Failures in a row after which a callback is left alone for [`CALLBACK_REST`] (`callback.rest`).
pub(crate) const CALLBACK_FAILURES: u32 = 10;

/// How long a callback is left alone (`callback.rest`).
pub(crate) const CALLBACK_REST: Duration = Duration::from_secs(10);

/// Ends that wait to be told to a callback (`callback.ends`).
pub(crate) const CALLBACK_ENDS: usize = 1_024;
