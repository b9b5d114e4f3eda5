//! What can be configured, with defaults that are safe on the open internet.

use std::time::Duration;

use crate::interval::PollByte;
use crate::limits;
use crate::table::Binding;

/// How one [`ServerTunnel`](crate::ServerTunnel) behaves. Make it with `default()` and change fields. Times longer than
/// [`limits::LONGEST`] are taken as that.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TunnelConfig {
    /// How numbers are put in order.
    pub order: OrderConfig,
    /// How replies are held, filled and kept.
    pub reply: ReplyConfig,
    /// What the poll byte says.
    pub poll: PollConfig,
    /// When a session ends by itself, and what it may hold meanwhile.
    pub lifetime: LifetimeConfig,
}

/// How requests are put into the order of their numbers.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct OrderConfig {
    /// Numbers ahead of the next one that may wait ([`limits::AHEAD`]).
    pub ahead: u64,
    /// Bytes that may wait ahead before the session is proven ([`limits::AHEAD_BYTES_UNPROVEN`]).
    pub ahead_bytes_unproven: usize,
    /// Bytes that may wait ahead afterwards ([`limits::AHEAD_BYTES`]).
    pub ahead_bytes: usize,
    /// How long a missing number may hold up the others ([`limits::HOLE`]).
    pub hole: Duration,
    /// How long a first number 1 waits for a number 0 ([`limits::FIRST_GRACE`]).
    pub first_grace: Duration,
    /// When a request ahead of a hole gets an empty reply ([`limits::AHEAD_ANSWER`]).
    pub ahead_answer: Duration,
    /// Longest body of a send before the session is proven ([`limits::SEND_BODY_UNPROVEN`]).
    pub send_body_unproven: usize,
    /// Longest body of a send afterwards ([`limits::SEND_BODY`]).
    pub send_body: usize,
}

/// How replies are held, filled and kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct ReplyConfig {
    /// How long an empty idle is held; taken as at least [`limits::HOLD_MIN`] and at most [`limits::HOLD_MAX`].
    pub hold: Duration,
    /// How long a send waits for the RTMP side's answer ([`limits::SEND_GRACE`]); zero answers at once.
    pub send_grace: Duration,
    /// A held idle is released once so many bytes wait, or `coalesce_delay` after the first of them. Default 1: at once.
    pub coalesce_bytes: usize,
    /// The longest wait for `coalesce_bytes`. Default zero: at once.
    pub coalesce_delay: Duration,
    /// RTMP bytes in a reply ([`limits::REPLY_BYTES`]); taken as at least 1 and at most [`limits::REPLY_BYTES_CEILING`].
    pub bytes: usize,
    /// RTMP bytes in a reply after replies that were cut ([`limits::REPLY_BYTES_MAX`]).
    pub bytes_max: usize,
    /// Replies kept for duplicates ([`limits::CACHED_REPLIES`]).
    pub cached: usize,
    /// Bytes of replies kept for duplicates ([`limits::CACHED_BYTES`]).
    pub cached_bytes: usize,
}

/// What the poll byte says: `min` while data flows, up to `max` when idles come back empty.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct PollConfig {
    /// The byte while data flows ([`limits::POLL_MIN`]). Default 0x01, ask again at once.
    pub min: PollByte,
    /// The slowest byte ([`limits::POLL_MAX`]). Default 0x21, 512 ms.
    pub max: PollByte,
    /// Empty replies to idles in a row that keep the pace; each further one slows down a step. Default 10.
    pub patience: u32,
}

/// What may become different in a session that runs; see [`ServerTunnel::set_pace`](crate::ServerTunnel::set_pace). What is `None` stays
/// as it is.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
#[non_exhaustive]
pub struct TunnelPace {
    /// The byte while data flows ([`PollConfig::min`]).
    pub min: Option<PollByte>,
    /// The slowest byte ([`PollConfig::max`]); no faster than the other one.
    pub max: Option<PollByte>,
    /// How long an empty idle is held ([`ReplyConfig::hold`]), within the same bounds.
    pub hold: Option<Duration>,
}

/// When a session ends by itself, and what it may hold meanwhile.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct LifetimeConfig {
    /// Silence of the client after which nothing more is queued for it ([`limits::STALLED`]).
    pub stalled: Duration,
    /// Silence of the client after which the session is over ([`limits::IDLE`]).
    pub idle: Duration,
    /// How long the last bytes wait to be fetched after [`close`](crate::ServerTunnel::close) ([`limits::DRAIN`]).
    pub drain: Duration,
    /// Downstream bytes that may wait for a request ([`limits::QUEUE_BYTES`]).
    pub queue_bytes: usize,
    /// Upstream bytes that may wait for the RTMP side ([`limits::RECEIVED_BYTES`]).
    pub received_bytes: usize,
}

/// What a [`SessionTable`](crate::SessionTable) allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[non_exhaustive]
pub struct TableConfig {
    /// Sessions in all ([`limits::SESSIONS`]).
    pub sessions: usize,
    /// Sessions of one network ([`limits::SESSIONS_PER_NETWORK`]).
    pub per_network: usize,
    /// Sessions that are not proven yet ([`limits::SESSIONS_UNPROVEN`]).
    pub unproven: usize,
    /// Opens of one network in a second, and at once ([`limits::OPENS_PER_SECOND`]).
    pub opens_per_second: u32,
    /// Unknown ids of one network in a minute ([`limits::GUESSES`]).
    pub guesses: u32,
    /// How long a guessing network finds only sessions of its own ([`limits::GUESS_BLOCK`]); at most [`limits::LONGEST`].
    pub guess_block: Duration,
    /// Whether sessions may move between networks. Default [`Binding::Anywhere`].
    pub binding: Binding,
}

impl TunnelConfig {
    /// The same within the bounds that hold whatever is configured.
    pub(crate) fn bounded(mut self) -> Self {
        let Self {
            order,
            reply,
            lifetime,
            ..
        } = &mut self;
        for time in [
            &mut order.hole,
            &mut order.first_grace,
            &mut order.ahead_answer,
            &mut reply.send_grace,
            &mut reply.coalesce_delay,
            &mut lifetime.stalled,
            &mut lifetime.idle,
            &mut lifetime.drain,
        ] {
            *time = (*time).min(limits::LONGEST);
        }
        reply.hold = reply.hold.clamp(limits::HOLD_MIN, limits::HOLD_MAX);
        reply.bytes = reply.bytes.clamp(1, limits::REPLY_BYTES_CEILING);
        reply.bytes_max = reply
            .bytes_max
            .clamp(reply.bytes, limits::REPLY_BYTES_CEILING);
        self
    }
}

impl Default for OrderConfig {
    fn default() -> Self {
        Self {
            ahead: limits::AHEAD,
            ahead_bytes_unproven: limits::AHEAD_BYTES_UNPROVEN,
            ahead_bytes: limits::AHEAD_BYTES,
            hole: limits::HOLE,
            first_grace: limits::FIRST_GRACE,
            ahead_answer: limits::AHEAD_ANSWER,
            send_body_unproven: limits::SEND_BODY_UNPROVEN,
            send_body: limits::SEND_BODY,
        }
    }
}

impl Default for ReplyConfig {
    fn default() -> Self {
        Self {
            hold: limits::HOLD,
            send_grace: limits::SEND_GRACE,
            coalesce_bytes: 1,
            coalesce_delay: Duration::ZERO,
            bytes: limits::REPLY_BYTES,
            bytes_max: limits::REPLY_BYTES_MAX,
            cached: limits::CACHED_REPLIES,
            cached_bytes: limits::CACHED_BYTES,
        }
    }
}

impl Default for PollConfig {
    fn default() -> Self {
        Self {
            min: limits::POLL_MIN,
            max: limits::POLL_MAX,
            patience: 10,
        }
    }
}

impl Default for LifetimeConfig {
    fn default() -> Self {
        Self {
            stalled: limits::STALLED,
            idle: limits::IDLE,
            drain: limits::DRAIN,
            queue_bytes: limits::QUEUE_BYTES,
            received_bytes: limits::RECEIVED_BYTES,
        }
    }
}

impl Default for TableConfig {
    fn default() -> Self {
        Self {
            sessions: limits::SESSIONS,
            per_network: limits::SESSIONS_PER_NETWORK,
            unproven: limits::SESSIONS_UNPROVEN,
            opens_per_second: limits::OPENS_PER_SECOND,
            guesses: limits::GUESSES,
            guess_block: limits::GUESS_BLOCK,
            binding: Binding::Anywhere,
        }
    }
}
