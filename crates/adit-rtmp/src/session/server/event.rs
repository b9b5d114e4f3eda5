//! What a server session reports, and the requests that want an answer.

use std::fmt;

use adit_amf::{Text, amf0::Value};
use bytes::Bytes;

use super::super::{CallRequest, CloseReason};
use crate::{
    MessageStreamId, Timestamp,
    command::{
        Address, BandwidthDialect, Connect, EnhancedCapabilities, Location, PauseState, Play,
        Play2, PlayDuration, PlayStart, Playlist, PublishKind, Query, Receive, Response,
        StatusCode, StreamName, TransactionId,
    },
    message::{MediaKind, MessageKind},
};

/// What happened on a server session.
///
/// When [`Closed`](Self::Closed) comes, or an error, all its streams are gone with it; no
/// [`Unpublish`](Self::Unpublish) and [`StopPlay`](Self::StopPlay) are reported before.
#[derive(Debug)]
#[non_exhaustive]
pub enum ServerEvent {
    /// The client wants to connect. Nothing else happens until it is answered.
    Connect(ConnectRequest),
    /// It wants to publish. Nothing else happens until it is answered.
    Publish(PublishRequest),
    /// It wants to play. Pauses, seeks and transitions that come before that is decided are reported
    /// when it is accepted.
    Play(PlayRequest),
    /// It wants to play something after what is on its playlist. Not answered by the session: what
    /// plays is told when its turn has come, and what cannot be played by a status.
    PlayNext {
        /// The message stream, which plays or asks to.
        msid: MessageStreamId,
        /// What, as it was asked for; see [`locate`](super::ServerSession::locate).
        play: Box<Play>,
    },
    /// It wants to know how long a recording is. Answered like any call, with seconds; 0 is
    /// "unknown".
    StreamLength {
        /// The name as it came; see [`locate`](super::ServerSession::locate).
        name: Text,
        /// What is to be answered.
        call: CallRequest,
    },
    /// It wants to go over to another stream on a message stream that plays. Not answered by the
    /// session: the server says `NetStream.Play.Transition` or `NetStream.Play.Failed`. What is as
    /// good as a play is reported as one, see [`Play2::as_play`].
    Play2 {
        /// The message stream.
        msid: MessageStreamId,
        /// Where to go and how.
        options: Box<Play2>,
    },
    /// Media of a stream that publishes.
    Media {
        /// The message stream.
        msid: MessageStreamId,
        /// Audio, video or data.
        kind: MediaKind,
        /// As the publisher sent it.
        timestamp: Timestamp,
        /// The body of the message; of data as AMF0, without `@setDataFrame`.
        payload: Bytes,
    },
    /// The publisher withdraws data that it had set for players to come (`@clearDataFrame`).
    ClearData {
        /// The message stream.
        msid: MessageStreamId,
        /// The name it was set under, mostly `onMetaData`.
        handler: Text,
    },
    /// Publishing ended.
    Unpublish {
        /// The message stream.
        msid: MessageStreamId,
    },
    /// Playing ended, or the request to play is withdrawn.
    StopPlay {
        /// The message stream.
        msid: MessageStreamId,
    },
    /// A player stops or goes on; it has been told that it may.
    Pause {
        /// The message stream.
        msid: MessageStreamId,
        /// Stop or go on.
        state: PauseState,
        /// Where it is, milliseconds of the stream. After going on only later media is of use.
        position_ms: u32,
    },
    /// A player wants to go elsewhere. The server says `NetStream.Seek.Notify` or `.Failed`.
    Seek {
        /// The message stream.
        msid: MessageStreamId,
        /// Where to, milliseconds of the stream.
        position_ms: u32,
    },
    /// A player wants audio, or does not; also one that plays nothing yet.
    ReceiveAudio {
        /// The message stream.
        msid: MessageStreamId,
        /// What it wants.
        receive: Receive,
    },
    /// The same of video.
    ReceiveVideo {
        /// The message stream.
        msid: MessageStreamId,
        /// What it wants.
        receive: Receive,
    },
    /// The session itself refused a request to publish or to play, and has told the client so: it was
    /// not understood, had no usable name, or came too early or once too often.
    Refused {
        /// What was asked.
        asked: Asked,
        /// The name of the stream, without its query; empty where there was no usable one.
        name: Text,
        /// What the client was told, for people.
        description: Text,
    },
    /// A player says how much it buffers, perhaps before the message stream exists.
    BufferLength {
        /// The message stream.
        msid: MessageStreamId,
        /// Milliseconds.
        buffer_ms: u32,
    },
    /// It wants its bandwidth to be measured, and has an empty answer: what was found is said by a
    /// call of its own.
    CheckBandwidth {
        /// In which words.
        dialect: BandwidthDialect,
    },
    /// The client calls something that is not part of RTMP.
    Call(CallRequest),
    /// The answer to a call of ours.
    Response(Response),
    /// A shared object message.
    SharedObject {
        /// Type 19 or 16.
        kind: MessageKind,
        /// As it came.
        timestamp: Timestamp,
        /// The body.
        payload: Bytes,
    },
    /// The session is over; what is left in the output can still be sent.
    Closed {
        /// Why.
        reason: CloseReason,
    },
}

/// What a client asks to do with a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Asked {
    /// `publish`.
    Publish,
    /// `play`.
    Play,
}

/// A client that wants to connect.
///
/// Answered by [`accept_connect`](super::ServerSession::accept_connect) or
/// [`reject_connect`](super::ServerSession::reject_connect).
#[derive(Debug)]
#[must_use = "the client waits for an answer"]
#[non_exhaustive]
pub struct ConnectRequest {
    /// Where it wants to go.
    pub address: Address,
    /// All it said.
    pub connect: Box<Connect>,
    /// What is said to it about enhanced RTMP; without it what the [configuration](crate::session::SessionConfig::enhanced) says.
    pub enhanced: Option<Box<EnhancedCapabilities>>,
    pub(super) transaction: TransactionId,
}

/// A client that wants to publish.
///
/// Answered by [`accept_publish`](super::ServerSession::accept_publish) or
/// [`reject_publish`](super::ServerSession::reject_publish).
#[derive(Debug)]
#[must_use = "the client waits for an answer"]
#[non_exhaustive]
pub struct PublishRequest {
    /// The message stream.
    pub msid: MessageStreamId,
    /// The identity of the stream, made of the connection's path and the name.
    pub location: Location,
    /// The name as the client gave it, taken apart.
    pub name: StreamName,
    /// What becomes of it besides being live.
    pub kind: PublishKind,
    /// Whether the client said so; else it said an unknown word, and is told what it is taken for.
    pub is_kind_known: bool,
    pub(super) serial: u64,
}

impl PublishRequest {
    /// The query of the name, which often holds a token.
    pub const fn query(&self) -> &Query {
        self.name.query()
    }
}

/// A client that wants to play.
///
/// Answered by [`accept_play`](super::ServerSession::accept_play) or
/// [`reject_play`](super::ServerSession::reject_play), at once or when the stream begins.
#[derive(Debug)]
#[must_use = "the client waits for an answer"]
#[non_exhaustive]
pub struct PlayRequest {
    /// The message stream.
    pub msid: MessageStreamId,
    /// The identity of the stream, made of the connection's path and the name.
    pub location: Location,
    /// The name as the client gave it, taken apart.
    pub name: StreamName,
    /// Live or from where.
    pub start: PlayStart,
    /// For how long.
    pub duration: PlayDuration,
    /// What becomes of the playlist.
    pub playlist: Playlist,
    pub(super) serial: u64,
}

impl PlayRequest {
    /// The query of the name, which often holds a token.
    pub const fn query(&self) -> &Query {
        self.name.query()
    }
}

/// Why a `connect` is refused, and perhaps where to go instead.
#[derive(Clone, PartialEq)]
#[non_exhaustive]
pub struct Rejection {
    /// Mostly `NetConnection.Connect.Rejected`.
    pub code: StatusCode,
    /// For people, and for encoders that look for `[ AccessManager.Reject ]` in it.
    pub description: Text,
    /// The URL to connect to instead.
    pub redirect: Option<Text>,
    /// Something for the program of the client: `application` of the information object.
    pub information: Option<Value>,
}

impl Rejection {
    /// A plain refusal.
    pub fn new(code: StatusCode, description: impl Into<Text>) -> Self {
        Self {
            code,
            description: description.into(),
            redirect: None,
            information: None,
        }
    }

    /// Sends the client elsewhere.
    #[must_use]
    pub fn redirect(mut self, url: impl Into<Text>) -> Self {
        self.redirect = Some(url.into());
        self
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The description may repeat a challenge or a user name; the code says enough.
        f.debug_struct("Rejection")
            .field("code", &self.code)
            .finish_non_exhaustive()
    }
}
