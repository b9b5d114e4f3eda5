//! What a client says: connect, commands, media, calls.

use adit_amf::{Text, amf0::Value};
use bytes::Bytes;

use super::{Asked, ClientSession, Phase};
use crate::{
    ChunkStreamId, MessageStreamId, Timestamp,
    command::{
        ClientCommand, Connect, Invocation, Play, Publish, PublishKind, Response, Status,
        StatusCode, TransactionId,
    },
    message::{MediaKind, MessageKind, UserControl},
    session::{CallRequest, FormKey, SendError, form::encode_form},
};

impl ClientSession {
    /// Asks for an application. Sent at once, or when the handshake is over; answered by
    /// [`Connected`](super::ClientEvent::Connected) or [`Rejected`](super::ClientEvent::Rejected).
    ///
    /// # Errors
    ///
    /// It was called before and not refused since, the session is over, or a property cannot be
    /// expressed.
    pub fn connect(&mut self, connect: Connect) -> Result<(), SendError> {
        let waits = matches!(self.phase, Phase::Handshake { .. } | Phase::Idle);
        if !waits || self.connect.is_some() {
            return Err(SendError::NotConnected);
        }
        let encoding = connect.object_encoding;
        let invocation = connect.into_invocation();
        invocation.encode()?;
        self.asked_encoding = encoding;
        self.connect = Some(invocation);
        if self.link.is_open() {
            self.send_connect();
        }
        Ok(())
    }

    /// Asks for a message stream; answered by [`StreamCreated`](super::ClientEvent::StreamCreated)
    /// or [`StreamRefused`](super::ClientEvent::StreamRefused).
    ///
    /// # Errors
    ///
    /// Nothing was connected to, or too many calls wait for an answer.
    pub fn create_stream(&mut self) -> Result<TransactionId, SendError> {
        self.check_open()?;
        self.calls.check()?;
        let transaction = self.calls.next();
        let invocation = ClientCommand::CreateStream.into_invocation(transaction);
        self.link
            .write_command(MessageStreamId::CONNECTION, &invocation)?;
        self.calls.sent(transaction, Asked::CreateStream);
        Ok(transaction)
    }

    /// Begins to publish; wait for `NetStream.Publish.Start` before sending media.
    ///
    /// # Errors
    ///
    /// Nothing was connected to.
    pub fn publish(
        &mut self,
        msid: MessageStreamId,
        name: impl Into<Text>,
        kind: PublishKind,
    ) -> Result<(), SendError> {
        self.send_command(msid, ClientCommand::Publish(Publish::new(name, kind)))
    }

    /// Begins to play.
    ///
    /// # Errors
    ///
    /// Nothing was connected to.
    pub fn play(&mut self, msid: MessageStreamId, play: Play) -> Result<(), SendError> {
        self.send_command(msid, ClientCommand::Play(play))
    }

    /// Sends a command that wants no answer but status messages: pause, seek, receive, close and
    /// delete a stream, and the like.
    ///
    /// # Errors
    ///
    /// Nothing was connected to, or a value cannot be expressed.
    pub fn send_command(
        &mut self,
        msid: MessageStreamId,
        command: ClientCommand,
    ) -> Result<(), SendError> {
        self.check_open()?;
        // These want a result on the wire; nobody waits for it here, so its number is forgotten.
        let transaction = match command {
            ClientCommand::ReleaseStream(_)
            | ClientCommand::FcPublish(_)
            | ClientCommand::FcUnpublish(_)
            | ClientCommand::FcSubscribe(_)
            | ClientCommand::FcUnsubscribe(_)
            | ClientCommand::CheckBandwidth(_) => self.calls.next(),
            _ => TransactionId::NONE,
        };
        self.link
            .write_command(msid, &command.into_invocation(transaction))
    }

    /// Tells the server how much a stream is buffered.
    ///
    /// # Errors
    ///
    /// Nothing was connected to.
    pub fn set_buffer_length(
        &mut self,
        msid: MessageStreamId,
        buffer_ms: u32,
    ) -> Result<(), SendError> {
        self.check_open()?;
        self.link
            .write_user_control(UserControl::SetBufferLength { msid, buffer_ms });
        Ok(())
    }

    /// Sends media on a message stream.
    ///
    /// # Errors
    ///
    /// Nothing was connected to, or the payload is longer than a message can be.
    pub fn send_media(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        timestamp: Timestamp,
        payload: &Bytes,
    ) -> Result<(), SendError> {
        self.check_open()?;
        self.link.write_media(msid, kind, timestamp, payload)
    }

    /// Sends a data message: the name of a handler and its values, in the
    /// [encoding](Self::object_encoding) of the connection as far as that loses nothing.
    ///
    /// # Errors
    ///
    /// Nothing was connected to, a value cannot be expressed, or the message is too long.
    pub fn send_data(
        &mut self,
        msid: MessageStreamId,
        timestamp: Timestamp,
        values: &[Value],
    ) -> Result<(), SendError> {
        self.check_open()?;
        self.link.write_data(self.encoding, msid, timestamp, values)
    }

    /// What the shared part of a media message depends on; see
    /// [`ServerSession::form_key`](super::super::ServerSession::form_key).
    pub fn form_key(&self, kind: MediaKind, timestamp: Timestamp) -> FormKey {
        FormKey::new(self.link.chunk_size(), kind, timestamp)
    }

    /// The shared part of a media message.
    pub fn encode_form(&self, kind: MediaKind, timestamp: Timestamp, payload: &Bytes) -> Bytes {
        encode_form(self.link.chunk_size(), kind, timestamp, payload)
    }

    /// Sends media whose shared part is encoded already. Allocates nothing.
    ///
    /// # Errors
    ///
    /// Nothing was connected to, or `payload_len` is more than a message can have.
    pub fn send_media_form(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        timestamp: Timestamp,
        payload_len: usize,
        tail: Bytes,
    ) -> Result<(), SendError> {
        self.check_open()?;
        self.link
            .write_form(msid, kind, timestamp, payload_len, tail)
    }

    /// Sends the body of a shared object message, of the type that the
    /// [encoding](Self::object_encoding) of the connection has for them.
    ///
    /// # Errors
    ///
    /// Nothing was connected to, `kind` is another type, or the body is longer than a message can be.
    pub fn send_shared_object(
        &mut self,
        kind: MessageKind,
        payload: Bytes,
    ) -> Result<(), SendError> {
        self.check_open()?;
        if !matches!(
            kind,
            MessageKind::SharedObjectAmf0 | MessageKind::SharedObjectAmf3
        ) {
            return Err(SendError::NotOpen);
        }
        let msid = MessageStreamId::CONNECTION;
        self.link
            .write_message(kind, msid, ChunkStreamId::COMMAND, payload)
    }

    /// Calls a method of the application, with arguments in the [encoding](Self::object_encoding) of
    /// the connection as far as that loses nothing; the answer comes as
    /// [`Response`](super::ClientEvent::Response) with the transaction given here.
    ///
    /// # Errors
    ///
    /// Nothing was connected to, too many calls wait for an answer, or a value cannot be expressed.
    pub fn call(
        &mut self,
        name: impl Into<Text>,
        arguments: Vec<Value>,
    ) -> Result<TransactionId, SendError> {
        self.check_open()?;
        self.calls.check()?;
        let transaction = self.calls.next();
        let invocation = Invocation {
            arguments,
            ..Invocation::new(name, transaction)
        };
        self.link.write_call(self.encoding, &invocation)?;
        self.calls.sent(transaction, Asked::Call);
        Ok(transaction)
    }

    /// Waits no longer for the answer to a call of ours: one that still comes is ignored.
    pub fn forget_call(&mut self, transaction: TransactionId) {
        self.calls.answered(transaction);
    }

    /// Answers a call of the server with what it returns, in the [encoding](Self::object_encoding) of
    /// the connection. Values that AMF cannot express make it an `_error`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "consumed: nothing is answered twice"
    )]
    pub fn reply_call(&mut self, request: CallRequest, values: Vec<Value>) {
        self.calls.settle(&request);
        if !request.wants_answer() || self.check_open().is_err() {
            return;
        }
        let response = Response::result(request.transaction, values).into_invocation();
        if let Err(error) = self.link.write_call(self.encoding, &response) {
            self.write_call_error(&request, &format!("the answer cannot be sent: {error}"));
        }
    }

    /// Answers a call of the server with `_error` and `NetConnection.Call.Failed`.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "consumed: nothing is answered twice"
    )]
    pub fn fail_call(&mut self, request: CallRequest, description: &str) {
        self.calls.settle(&request);
        if request.wants_answer() && self.check_open().is_ok() {
            self.write_call_error(&request, description);
        }
    }

    fn write_call_error(&mut self, request: &CallRequest, description: &str) {
        let status = Status::new(StatusCode::CallFailed, description);
        self.write_invocation(&Response::error(request.transaction, status).into_invocation());
    }

    /// Writes a command made here, which always fits.
    pub(super) fn write_invocation(&mut self, invocation: &Invocation) {
        if let Err(error) = self
            .link
            .write_command(MessageStreamId::CONNECTION, invocation)
        {
            tracing::debug!(%error, name = ?invocation.name, "command not sent");
        }
    }

    /// Whether a `connect` is on its way or was accepted.
    const fn check_open(&self) -> Result<(), SendError> {
        match self.phase {
            Phase::Connecting { .. } | Phase::Connected => Ok(()),
            _ => Err(SendError::NotConnected),
        }
    }
}
