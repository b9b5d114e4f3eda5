//! The answers to requests, each in one burst.

use adit_amf::{
    Text,
    amf0::{Object, Value},
};

use super::{
    ConnectRequest, Decision, Phase, PlayRequest, PublishRequest, Rejection, Report, ServerSession,
    streams::Activity,
};
use crate::{
    MessageStreamId,
    command::{Invocation, Response, ServerCommand, Status, StatusCode, TransactionId},
    message::{BandwidthLimit, ControlMessage, MediaKind, UserControl},
    session::{CallRequest, CloseReason},
};

impl ServerSession {
    /// Accepts a `connect`: tells window, bandwidth and chunk size, begins stream 0, gives the
    /// result, and says that the bandwidth will not be measured [RTMP 7.2.1.1].
    pub fn accept_connect(&mut self, request: ConnectRequest) {
        self.accept_connect_of(request, Measured::Never);
    }

    /// The same for a client whose bandwidth is measured now; `onBWDone` is left to whoever does it.
    pub fn accept_connect_to_measure(&mut self, request: ConnectRequest) {
        self.accept_connect_of(request, Measured::Now);
    }

    fn accept_connect_of(&mut self, request: ConnectRequest, measured: Measured) {
        let Phase::Connect {
            decision: Decision::Pending,
            ..
        } = self.phase
        else {
            return;
        };
        let window = self.config.window;
        self.link
            .write_control(&ControlMessage::WindowAckSize(window));
        let limit = BandwidthLimit::Dynamic;
        self.link
            .write_control(&ControlMessage::SetPeerBandwidth { window, limit });
        self.link
            .write_control(&ControlMessage::SetChunkSize(self.config.chunk_size));
        self.link
            .write_user_control(UserControl::StreamBegin(MessageStreamId::CONNECTION));
        let result = self.connect_result(&request);
        self.write_invocation(MessageStreamId::CONNECTION, &result.into_invocation());
        if measured == Measured::Never {
            let done = ServerCommand::BandwidthDone.into_invocation(TransactionId::NONE);
            self.write_invocation(MessageStreamId::CONNECTION, &done);
        }
        self.link.set_connected();
        self.phase = Phase::Connected {
            use_by: Some(self.now + self.config.timeouts.first_use),
        };
        self.encoding = request.connect.object_encoding;
        self.client_extensions = request.connect.enhanced.extensions;
        self.client_program = Program::of(request.connect.client.flash_version.as_deref());
        self.address = Some(request.address);
    }

    /// Both objects state what we can do with enhanced RTMP, because clients differ in where they
    /// look.
    fn connect_result(&self, request: &ConnectRequest) -> Response {
        let mut properties = Object::new()
            .with("fmsVer", self.config.server_version.clone())
            .with("capabilities", SERVER_CAPABILITIES)
            .with("mode", 1.0);
        let enhanced = request.enhanced.as_deref();
        let enhanced = enhanced.unwrap_or(&self.config.enhanced);
        enhanced.write_into(&mut properties);
        let version = self.config.server_version.as_str();
        let version = version
            .split_once('/')
            .map_or(version, |(_, version)| version);
        let data = Value::EcmaArray(Object::new().with("version", version));
        let description = format!("connected to {}", shown(request.address.application()));
        let status = Status::new(StatusCode::ConnectSuccess, description)
            .with("objectEncoding", request.connect.object_encoding.number())
            .with("data", data);
        let mut information = status.into_object();
        enhanced.write_into(&mut information);
        let mut result = Response::result(request.transaction, vec![information.into()]);
        result.object = properties.into();
        result
    }

    /// Rejects a `connect`: `_error`, then `close`, for the clients that begin their next attempt
    /// only then. The session is closed; send what is in the output first.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "consumed: nothing is answered twice"
    )]
    pub fn reject_connect(&mut self, request: ConnectRequest, rejection: Rejection) {
        let Phase::Connect {
            decision: Decision::Pending,
            ..
        } = self.phase
        else {
            return;
        };
        let mut status = Status::new(rejection.code, rejection.description);
        if let Some(url) = rejection.redirect {
            status = status.with(
                "ex",
                Object::new().with("code", 302.0).with("redirect", url),
            );
        }
        if let Some(information) = rejection.information {
            status = status.with("application", information);
        }
        let error = Response::error(request.transaction, status);
        self.write_invocation(MessageStreamId::CONNECTION, &error.into_invocation());
        let close = ServerCommand::Close.into_invocation(TransactionId::NONE);
        self.write_invocation(MessageStreamId::CONNECTION, &close);
        self.end(CloseReason::Rejected, Report::Due);
    }

    /// Accepts a request to publish: media follows.
    ///
    /// Gives whether the request still stood; it does not when the session has ended since.
    pub fn accept_publish(&mut self, request: PublishRequest) -> bool {
        let name = request.location.name;
        let publishing = Activity::Publishing(request.name.name().into());
        if !self.settle(
            request.msid,
            &Activity::AsksPublish(request.serial),
            publishing,
        ) {
            return false;
        }
        self.link
            .write_user_control(UserControl::StreamBegin(request.msid));
        let description = if request.is_kind_known {
            format!("{name} is now published")
        } else {
            format!(
                "{name} is now published live: the type that was given is none of live, record, \
                 append and appendWithGap"
            )
        };
        let status = Status::new(StatusCode::PublishStart, description);
        self.write_status(request.msid, with_identity(status, &name));
        true
    }

    /// Refuses a request to publish. `NetStream.Publish.BadName` is what every encoder understands;
    /// the description says who has the name, or why it may not be used.
    ///
    /// The connection goes on; media that the client sends all the same ends it after some seconds.
    pub fn reject_publish(
        &mut self,
        request: PublishRequest,
        code: StatusCode,
        description: &str,
    ) -> bool {
        let refused = Activity::Refused(self.now);
        if !self.settle(
            request.msid,
            &Activity::AsksPublish(request.serial),
            refused,
        ) {
            return false;
        }
        let status = Status::new(code, description);
        let name = request.location.name;
        self.write_status(request.msid, status.with("details", name));
        true
    }

    /// Ends what a client publishes, against its will, and tells it why.
    ///
    /// The connection goes on; media that the client sends all the same ends it after some seconds. Gives whether it published there.
    pub fn end_publish(
        &mut self,
        msid: MessageStreamId,
        code: StatusCode,
        description: &str,
    ) -> bool {
        let refused = Activity::Refused(self.now);
        let Some(stream) = self.streams.find_mut(msid) else {
            return false;
        };
        let Activity::Publishing(name) = &stream.activity else {
            return false;
        };
        let status = Status::new(code, description).with("details", name.clone());
        stream.activity = refused;
        self.write_status(msid, status);
        true
    }

    /// Accepts a request to play: stream begin, reset, start, and the permission to look at the
    /// samples [RTMP 7.2.2.1]. Media may follow, now or when there is a publisher.
    ///
    /// `NetStream.Data.Start` is not sent: ffmpeg would show an empty data stream.
    ///
    /// Gives whether the request still stood; it does not when the client has stopped or played
    /// something else since, or the session has ended.
    pub fn accept_play(&mut self, request: PlayRequest) -> bool {
        self.accept_play_of(request, PlayOf::LiveStream)
    }

    /// The same for a recording: the client is told that it is one, and Flash that its data starts
    ///
    pub fn accept_play_recorded(&mut self, request: PlayRequest) -> bool {
        self.accept_play_of(request, PlayOf::Recording)
    }

    fn accept_play_of(&mut self, request: PlayRequest, what: PlayOf) -> bool {
        let msid = request.msid;
        if !self.settle(msid, &Activity::AsksPlay(request.serial), Activity::Playing) {
            return false;
        }
        let name = request.location.name;
        if what == PlayOf::Recording {
            self.link
                .write_user_control(UserControl::StreamIsRecorded(msid));
        }
        self.link.write_user_control(UserControl::StreamBegin(msid));
        if request.playlist.is_reset() {
            let status = Status::new(StatusCode::PlayReset, format!("{name} is about to play"));
            self.write_status(msid, with_identity(status, &name));
        }
        let status = Status::new(StatusCode::PlayStart, format!("{name} plays from now on"));
        self.write_status(msid, with_identity(status, &name));
        self.write_sample_access(msid);
        if what == PlayOf::Recording && self.client_program == Program::Flash {
            let status = Status::new(StatusCode::DataStart, "data of the recording follows");
            self.write_data(msid, &["onStatus".into(), status.into()]);
        }
        self.carry_out_early(msid);
        true
    }

    /// Refuses a request to play, with `NetStream.Play.StreamNotFound` or `.Failed`.
    pub fn reject_play(
        &mut self,
        request: PlayRequest,
        code: StatusCode,
        description: &str,
    ) -> bool {
        if !self.settle(
            request.msid,
            &Activity::AsksPlay(request.serial),
            Activity::Idle,
        ) {
            return false;
        }
        let status = Status::new(code, description);
        let name = request.location.name;
        self.write_status(request.msid, status.with("details", name));
        true
    }

    /// Answers a call with what it returns, in the [encoding](Self::object_encoding) of the
    /// connection. Values that AMF cannot express make it an `_error`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "consumed: nothing is answered twice"
    )]
    pub fn reply_call(&mut self, request: CallRequest, values: Vec<Value>) {
        self.calls.settle(&request);
        if !request.wants_answer() || !self.is_connected() {
            return;
        }
        let response = Response::result(request.transaction, values).into_invocation();
        if let Err(error) = self.link.write_call(self.encoding, &response) {
            let description = format!("{}: the answer cannot be sent: {error}", request.name);
            let msid = MessageStreamId::CONNECTION;
            self.answer_error(
                msid,
                request.transaction,
                StatusCode::CallFailed,
                description,
            );
        }
    }

    /// Answers a call with `_error` and `NetConnection.Call.Failed`.
    pub fn fail_call(&mut self, request: CallRequest, description: &str) {
        self.refuse_call(request, StatusCode::CallFailed, description);
    }

    /// Answers a call with `_error` and a code of its own.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "consumed: nothing is answered twice"
    )]
    pub fn refuse_call(&mut self, request: CallRequest, code: StatusCode, description: &str) {
        self.calls.settle(&request);
        if request.wants_answer() && self.is_connected() {
            let msid = MessageStreamId::CONNECTION;
            self.answer_error(msid, request.transaction, code, description);
        }
    }

    /// Moves a message stream on, if it still waits for this very decision.
    fn settle(&mut self, msid: MessageStreamId, from: &Activity, to: Activity) -> bool {
        if !self.is_connected() {
            return false;
        }
        match self.streams.find_mut(msid) {
            Some(stream) if stream.activity == *from => {
                stream.activity = to;
                true
            }
            _ => false,
        }
    }

    fn write_sample_access(&mut self, msid: MessageStreamId) {
        let values = [Value::from("|RtmpSampleAccess"), true.into(), true.into()];
        self.write_data(msid, &values);
    }

    fn write_data(&mut self, msid: MessageStreamId, values: &[Value]) {
        let mut body = bytes::BytesMut::with_capacity(32);
        if adit_amf::amf0::encode_all(values, &mut body).is_ok() {
            let sent = self.link.write_media(
                msid,
                MediaKind::Data,
                crate::Timestamp::ZERO,
                &body.freeze(),
            );
            debug_assert_eq!(sent, Ok(()), "a few bytes fit a message");
        }
    }

    /// `_result` without a value, which is undefined on the wire.
    pub(super) fn answer_nothing(&mut self, transaction: TransactionId) {
        self.answer_value(transaction, Value::Undefined);
    }

    /// `_result` with one value, if anybody wants it.
    pub(super) fn answer_value(&mut self, transaction: TransactionId, value: Value) {
        if transaction.wants_answer() {
            let response = Response::result(transaction, vec![value]);
            self.write_invocation(MessageStreamId::CONNECTION, &response.into_invocation());
        }
    }

    /// Tells that a command failed: `_error` if the client waits for an answer, else `onStatus`.
    pub(super) fn answer_error(
        &mut self,
        msid: MessageStreamId,
        transaction: TransactionId,
        code: StatusCode,
        description: impl Into<Text>,
    ) {
        let status = Status::new(code, description);
        if transaction.wants_answer() {
            let response = Response::error(transaction, status);
            self.write_invocation(MessageStreamId::CONNECTION, &response.into_invocation());
        } else {
            self.write_status(msid, status);
        }
    }

    pub(super) fn write_status(&mut self, msid: MessageStreamId, status: Status) {
        let status = ServerCommand::Status(status).into_invocation(TransactionId::NONE);
        self.write_invocation(msid, &status);
    }

    /// Writes a command made here, which always fits.
    pub(super) fn write_invocation(&mut self, msid: MessageStreamId, invocation: &Invocation) {
        if let Err(error) = self.link.write_command(msid, invocation) {
            tracing::debug!(%error, name = ?invocation.name, "command not sent");
        }
    }
}

/// The `capabilities` that Flash Media Server 3 gives; nobody knows what the bits mean.
const SERVER_CAPABILITIES: f64 = 31.0;
/// `clientid` is what the server calls the client; no client looks at it.
const CLIENT_ID: f64 = 1.0;

/// Whether the bandwidth of a client is measured when it has connected.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Measured {
    Never,
    Now,
}

/// What is played.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum PlayOf {
    LiveStream,
    Recording,
}

/// Who plays, as far as it matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Flash,
    Other,
}

impl Program {
    /// Flash Player, on the systems that most people had it on. Its version on Linux is what ffmpeg
    /// and librtmp give as theirs.
    fn of(flash_version: Option<&str>) -> Self {
        let version = flash_version.unwrap_or_default();
        let systems = ["WIN ", "MAC ", "AND ", "IOS "];
        if systems.iter().any(|system| version.starts_with(system)) {
            Self::Flash
        } else {
            Self::Other
        }
    }
}

/// A status with what Flash expects of one about a stream.
fn with_identity(status: Status, name: &Text) -> Status {
    status
        .with("details", name.clone())
        .with("clientid", CLIENT_ID)
}

/// An application name for people.
fn shown(application: &str) -> &str {
    if application.is_empty() {
        "the root application"
    } else {
        application
    }
}
