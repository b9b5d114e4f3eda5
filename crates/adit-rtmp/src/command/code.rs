//! The status codes of `onStatus`, `_error` and `onPlayStatus`, each with its usual level.

use std::fmt;

/// How serious a status is: the `level` property of an information object [RTMP 7.2.2].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Level {
    /// News: something happened as it should.
    Status,
    /// Something is amiss, but the stream goes on.
    Warning,
    /// A request failed.
    Error,
}

impl Level {
    /// The word on the wire, lower case.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }

    /// Reads a level; some servers write it with a capital letter.
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Status, Self::Warning, Self::Error]
            .into_iter()
            .find(|level| level.as_str().eq_ignore_ascii_case(text))
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Declares the enum, its code strings and its levels in one table, so that none can be forgotten.
macro_rules! status_codes {
    ($($(#[$doc:meta])* $variant:ident = $code:literal, $level:ident;)+) => {
        /// A status code, as `NetConnection`, `NetStream` and `SharedObject` objects report it.
        ///
        /// Codes that only a player makes for itself are listed too, because a client session of
        /// this crate has to raise them as well.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[non_exhaustive]
        pub enum StatusCode { $($(#[$doc])* $variant,)+ }

        impl StatusCode {
            /// Every code of this enum, in the order of the declaration.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)+];

            /// The dotted string on the wire.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)+ }
            }

            /// The level this code is sent with.
            pub const fn level(self) -> Level {
                match self { $(Self::$variant => Level::$level,)+ }
            }

            /// Finds the code of a string; `None` for one that this crate does not know.
            pub fn parse(code: &str) -> Option<Self> {
                match code { $($code => Some(Self::$variant),)+ _ => None }
            }
        }
    };
}

status_codes! {
    /// A packet that cannot be identified; made by the player itself.
    CallBadVersion = "NetConnection.Call.BadVersion", Error;
    /// The called procedure does not exist or failed.
    CallFailed = "NetConnection.Call.Failed", Error;
    /// A call over HTTP forbidden by the player's sandbox; made by the player itself.
    CallProhibited = "NetConnection.Call.Prohibited", Error;
    /// The application is being shut down.
    ConnectAppShutdown = "NetConnection.Connect.AppShutdown", Error;
    /// The connection ends.
    ConnectClosed = "NetConnection.Connect.Closed", Status;
    /// The connection could not be made.
    ConnectFailed = "NetConnection.Connect.Failed", Error;
    /// The connection ends because nobody used it.
    ConnectIdleTimeout = "NetConnection.Connect.IdleTimeout", Status;
    /// The name of the application is not acceptable.
    ConnectInvalidApp = "NetConnection.Connect.InvalidApp", Error;
    /// The player's network changed; made by the player itself.
    ConnectNetworkChange = "NetConnection.Connect.NetworkChange", Status;
    /// The application refused the connection, or sends it elsewhere.
    ConnectRejected = "NetConnection.Connect.Rejected", Error;
    /// The server asks the client to connect again, perhaps elsewhere [E-RTMP v2 Reconnect Request].
    ConnectReconnectRequest = "NetConnection.Connect.ReconnectRequest", Status;
    /// The connection is accepted.
    ConnectSuccess = "NetConnection.Connect.Success", Status;
    /// A command of the administration interface failed.
    AdminCommandFailed = "NetConnection.Admin.CommandFailed", Error;
    /// A proxy in between does not answer.
    ProxyNotResponding = "NetConnection.Proxy.NotResponding", Error;
    /// The player's buffer ran dry.
    BufferEmpty = "NetStream.Buffer.Empty", Status;
    /// The player's buffer is full.
    BufferFull = "NetStream.Buffer.Full", Status;
    /// The rest of the buffer is being played out.
    BufferFlush = "NetStream.Buffer.Flush", Status;
    /// A recorded stream was deleted.
    ClearSuccess = "NetStream.Clear.Success", Status;
    /// A recorded stream could not be deleted.
    ClearFailed = "NetStream.Clear.Failed", Error;
    /// A peer-to-peer stream ended.
    StreamConnectClosed = "NetStream.Connect.Closed", Status;
    /// A peer-to-peer stream could not be made.
    StreamConnectFailed = "NetStream.Connect.Failed", Error;
    /// A peer-to-peer stream was refused.
    StreamConnectRejected = "NetStream.Connect.Rejected", Error;
    /// A peer-to-peer stream was accepted.
    StreamConnectSuccess = "NetStream.Connect.Success", Status;
    /// Data begins; sent as a data message.
    DataStart = "NetStream.Data.Start", Status;
    /// A stream failed in a way no other code names.
    StreamFailed = "NetStream.Failed", Error;
    /// An argument of a stream command has the wrong type or value.
    StreamInvalidArg = "NetStream.InvalidArg", Error;
    /// A multicast stream was reset.
    MulticastReset = "NetStream.MulticastStream.Reset", Status;
    /// Play is paused.
    PauseNotify = "NetStream.Pause.Notify", Status;
    /// Play goes on.
    UnpauseNotify = "NetStream.Unpause.Notify", Status;
    /// A recorded stream was played to its end; sent through `onPlayStatus`.
    PlayComplete = "NetStream.Play.Complete", Status;
    /// Play is not possible.
    PlayFailed = "NetStream.Play.Failed", Error;
    /// The recorded file is damaged.
    PlayFileStructureInvalid = "NetStream.Play.FileStructureInvalid", Error;
    /// The client cannot keep up.
    PlayInsufficientBandwidth = "NetStream.Play.InsufficientBW", Warning;
    /// No track of the stream can be played by this client.
    PlayNoSupportedTrackFound = "NetStream.Play.NoSupportedTrackFound", Error;
    /// A publisher appeared on a stream that is being played.
    PlayPublishNotify = "NetStream.Play.PublishNotify", Status;
    /// The playlist was flushed.
    PlayReset = "NetStream.Play.Reset", Status;
    /// Play begins.
    PlayStart = "NetStream.Play.Start", Status;
    /// Play ended.
    PlayStop = "NetStream.Play.Stop", Status;
    /// No stream has that name.
    PlayStreamNotFound = "NetStream.Play.StreamNotFound", Error;
    /// The playlist moved to its next item; sent through `onPlayStatus`.
    PlaySwitch = "NetStream.Play.Switch", Status;
    /// A `play2` transition was accepted.
    PlayTransition = "NetStream.Play.Transition", Status;
    /// A `play2` transition became visible; sent through `onPlayStatus`.
    PlayTransitionComplete = "NetStream.Play.TransitionComplete", Status;
    /// The publisher of a stream that is being played is gone.
    PlayUnpublishNotify = "NetStream.Play.UnpublishNotify", Status;
    /// The name is taken or not acceptable.
    PublishBadName = "NetStream.Publish.BadName", Error;
    /// The client may not publish.
    PublishDenied = "NetStream.Publish.Denied", Error;
    /// The publisher has been silent for long.
    PublishIdle = "NetStream.Publish.Idle", Status;
    /// Publishing begins.
    PublishStart = "NetStream.Publish.Start", Status;
    /// The recording exists already.
    RecordAlreadyExists = "NetStream.Record.AlreadyExists", Status;
    /// The disk, or the share of it, is full.
    RecordDiskQuotaExceeded = "NetStream.Record.DiskQuotaExceeded", Error;
    /// The recording failed.
    RecordFailed = "NetStream.Record.Failed", Error;
    /// The recording may not be written.
    RecordNoAccess = "NetStream.Record.NoAccess", Error;
    /// The recording begins.
    RecordStart = "NetStream.Record.Start", Status;
    /// The recording ended.
    RecordStop = "NetStream.Record.Stop", Status;
    /// The stream cannot seek there.
    SeekFailed = "NetStream.Seek.Failed", Error;
    /// The time to seek to is outside the stream.
    SeekInvalidTime = "NetStream.Seek.InvalidTime", Error;
    /// The seek was done.
    SeekNotify = "NetStream.Seek.Notify", Status;
    /// The seek begins; made by the player itself.
    SeekStartNotify = "NetStream.SeekStart.Notify", Status;
    /// A step of frames was done.
    StepNotify = "NetStream.Step.Notify", Status;
    /// A transition succeeded.
    TransitionSuccess = "NetStream.Transition.Success", Status;
    /// A transition was forced.
    TransitionForced = "NetStream.Transition.Forced", Status;
    /// Publishing ended.
    UnpublishSuccess = "NetStream.Unpublish.Success", Status;
    /// The size of the picture changed; made by the player itself.
    VideoDimensionChange = "NetStream.Video.DimensionChange", Status;
    /// The shared object exists with another persistence.
    SharedObjectBadPersistence = "SharedObject.BadPersistence", Error;
    /// The shared object was written to disk; made by the player itself.
    SharedObjectFlushSuccess = "SharedObject.Flush.Success", Status;
    /// The shared object could not be written to disk; made by the player itself.
    SharedObjectFlushFailed = "SharedObject.Flush.Failed", Error;
    /// The shared object may not be read.
    SharedObjectNoReadAccess = "SharedObject.NoReadAccess", Error;
    /// The shared object may not be written.
    SharedObjectNoWriteAccess = "SharedObject.NoWriteAccess", Error;
    /// The shared object could not be made.
    SharedObjectCreationFailed = "SharedObject.ObjectCreationFailed", Error;
    /// The shared object was asked for at another address; made by the player itself.
    SharedObjectUriMismatch = "SharedObject.UriMismatch", Error;
    /// A script of the application failed.
    ScriptError = "Application.Script.Error", Error;
    /// A script of the application warns.
    ScriptWarning = "Application.Script.Warning", Warning;
    /// The application is short of memory.
    ResourceLowMemory = "Application.Resource.LowMemory", Status;
    /// The application is shut down.
    ApplicationShutdown = "Application.Shutdown", Status;
    /// The application's script engine collects garbage.
    ApplicationGc = "Application.GC", Status;
}

impl fmt::Display for StatusCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
