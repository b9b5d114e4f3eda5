//! What a server says of its own accord: media, status, calls.

use std::time::Duration;

use adit_amf::{
    Text,
    amf0::{self, Value},
};
use bytes::{Bytes, BytesMut};

use super::{ServerSession, streams::Activity};
use crate::{
    ChunkSize, ChunkStreamId, MessageStreamId, Timestamp,
    command::{Extensions, Invocation, Status, StatusCode, TransactionId},
    message::{MediaKind, MessageKind, UserControl},
    session::{FormKey, SendError, SessionError, form::encode_form},
};

impl ServerSession {
    /// Sends media to a message stream that plays.
    ///
    /// # Errors
    ///
    /// The message stream does not play, or the payload is longer than a message can be.
    pub fn send_media(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        timestamp: Timestamp,
        payload: &Bytes,
    ) -> Result<(), SendError> {
        self.check_playing(msid)?;
        self.link.write_media(msid, kind, timestamp, payload)
    }

    /// What the shared part of a media message depends on. Sessions with equal keys take the same
    /// one; the key of a session changes when its chunk size does, which is when it is connected.
    pub fn form_key(&self, kind: MediaKind, timestamp: Timestamp) -> FormKey {
        FormKey::new(self.link.chunk_size(), kind, timestamp)
    }

    /// The size of the chunks it sends; see [`form_key`](Self::form_key).
    pub fn chunk_size(&self) -> ChunkSize {
        self.link.chunk_size()
    }

    /// Somebody else has sent whole media messages of `sent` bytes to the client, but for `unsent` at their end, while
    /// [`output`](Self::output) was empty: they count as sent by the session, and the rest follows now.
    pub fn send_rest_of_media(&mut self, sent: u64, unsent: Bytes) {
        self.link.write_rest(sent, unsent);
    }

    /// The shared part of a media message, for [`send_media_form`](Self::send_media_form).
    pub fn encode_form(&self, kind: MediaKind, timestamp: Timestamp, payload: &Bytes) -> Bytes {
        encode_form(self.link.chunk_size(), kind, timestamp, payload)
    }

    /// Sends media whose shared part is encoded already, under the key that
    /// [`form_key`](Self::form_key) gives for the same kind and time. Allocates nothing.
    ///
    /// # Errors
    ///
    /// The message stream does not play, or `payload_len` is more than a message can have.
    pub fn send_media_form(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        timestamp: Timestamp,
        payload_len: usize,
        tail: Bytes,
    ) -> Result<(), SendError> {
        self.check_playing(msid)?;
        self.link
            .write_form(msid, kind, timestamp, payload_len, tail)
    }

    /// Tells a player that the publisher of its stream is gone. It may wait for another.
    ///
    /// # Errors
    ///
    /// The message stream does not play.
    pub fn notify_play_unpublished(
        &mut self,
        msid: MessageStreamId,
        name: &str,
    ) -> Result<(), SendError> {
        self.check_playing(msid)?;
        self.link.write_user_control(UserControl::StreamEof(msid));
        let description = format!("the publisher of {name} is gone");
        self.notify_of(msid, StatusCode::PlayUnpublishNotify, description, name)
    }

    /// Tells a player that its stream has a publisher now.
    ///
    /// # Errors
    ///
    /// The message stream does not play.
    pub fn notify_play_published(
        &mut self,
        msid: MessageStreamId,
        name: &str,
    ) -> Result<(), SendError> {
        self.check_playing(msid)?;
        self.link.write_user_control(UserControl::StreamBegin(msid));
        let description = format!("{name} is now published");
        self.notify_of(msid, StatusCode::PlayPublishNotify, description, name)
    }

    /// Tells a player that its stream is over, and ends the play.
    ///
    /// # Errors
    ///
    /// The message stream does not play.
    pub fn notify_play_stopped(
        &mut self,
        msid: MessageStreamId,
        name: &str,
    ) -> Result<(), SendError> {
        self.check_playing(msid)?;
        self.notify_of(
            msid,
            StatusCode::PlayStop,
            format!("{name} has ended"),
            name,
        )?;
        self.link.write_user_control(UserControl::StreamEof(msid));
        if let Some(stream) = self.streams.find_mut(msid) {
            stream.activity = Activity::Idle;
        }
        Ok(())
    }

    /// Tells a player how a recording ended, as data: `onPlayStatus` with
    /// `NetStream.Play.Complete`. To be called before [`notify_play_stopped`](Self::notify_play_stopped).
    ///
    /// # Errors
    ///
    /// The message stream does not play.
    pub fn notify_play_complete(
        &mut self,
        msid: MessageStreamId,
        duration: Duration,
        bytes: u64,
    ) -> Result<(), SendError> {
        self.check_playing(msid)?;
        #[expect(clippy::cast_precision_loss, reason = "a double is all the wire has")]
        let bytes = bytes as f64;
        let status = Status::new(
            StatusCode::PlayComplete,
            "the recording was played to its end",
        )
        .with("duration", duration.as_secs_f64())
        .with("bytes", bytes);
        let mut body = BytesMut::with_capacity(256);
        amf0::encode_all(&["onPlayStatus".into(), status.into()], &mut body)?;
        self.link
            .write_media(msid, MediaKind::Data, Timestamp::ZERO, &body.freeze())
    }

    /// Sends an `onStatus` on a message stream, or on the connection.
    ///
    /// # Errors
    ///
    /// Nobody is connected, the message stream does not exist, or a property cannot be expressed.
    pub fn send_status(&mut self, msid: MessageStreamId, status: Status) -> Result<(), SendError> {
        self.check_open(msid)?;
        let invocation = Invocation::new(Text::from_static("onStatus"), TransactionId::NONE);
        self.link.write_command(msid, &invocation.argument(status))
    }

    /// Sends a user control event.
    ///
    /// # Errors
    ///
    /// Nobody is connected.
    pub fn send_user_control(&mut self, event: UserControl) -> Result<(), SendError> {
        self.check_open(MessageStreamId::CONNECTION)?;
        self.link.write_user_control(event);
        Ok(())
    }

    /// Sends the body of a shared object message, of the type that the
    /// [encoding](Self::object_encoding) of the connection has for them.
    ///
    /// # Errors
    ///
    /// Nobody is connected, `kind` is another type, or the body is longer than a message can be.
    pub fn send_shared_object(
        &mut self,
        kind: MessageKind,
        payload: Bytes,
    ) -> Result<(), SendError> {
        self.check_open(MessageStreamId::CONNECTION)?;
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

    /// Sends a data message to a message stream that plays: the name of a handler and its values, in
    /// the [encoding](Self::object_encoding) of the connection.
    ///
    /// # Errors
    ///
    /// The message stream does not play, a value cannot be expressed, or the message is too long.
    pub fn send_data(
        &mut self,
        msid: MessageStreamId,
        timestamp: Timestamp,
        values: &[Value],
    ) -> Result<(), SendError> {
        self.check_playing(msid)?;
        self.link.write_data(self.encoding, msid, timestamp, values)
    }

    /// Calls a method of the client, with arguments in the [encoding](Self::object_encoding) of the
    /// connection as far as that loses nothing; the answer comes as
    /// [`ServerEvent::Response`](super::ServerEvent::Response) with the transaction given here.
    ///
    /// # Errors
    ///
    /// Nobody is connected, too many calls wait for an answer, or a value cannot be expressed.
    pub fn call(
        &mut self,
        name: impl Into<Text>,
        arguments: Vec<Value>,
    ) -> Result<TransactionId, SendError> {
        self.check_open(MessageStreamId::CONNECTION)?;
        self.calls.check()?;
        let transaction = self.calls.next();
        let invocation = Invocation {
            arguments,
            ..Invocation::new(name, transaction)
        };
        self.link.write_call(self.encoding, &invocation)?;
        self.calls.sent(transaction, ());
        Ok(transaction)
    }

    /// Takes back the expectation of an answer to a call: if one comes after all it is ignored.
    pub fn forget_call(&mut self, transaction: TransactionId) {
        let _: Option<()> = self.calls.answered(transaction);
    }

    /// Calls a method of the client that answers nothing.
    ///
    /// # Errors
    ///
    /// Nobody is connected, or a value cannot be expressed.
    pub fn notify(
        &mut self,
        name: impl Into<Text>,
        arguments: Vec<Value>,
    ) -> Result<(), SendError> {
        self.check_open(MessageStreamId::CONNECTION)?;
        let invocation = Invocation {
            arguments,
            ..Invocation::new(name, TransactionId::NONE)
        };
        self.link.write_call(self.encoding, &invocation)
    }

    /// Asks the client to connect again, to another URL or the same one, while this connection goes
    /// on [E-RTMP v2 Reconnect Request].
    ///
    /// Only for a client that stated [`Extensions::RECONNECT`] in its `connect`.
    ///
    /// # Errors
    ///
    /// Nobody is connected, or the client does not know such requests.
    pub fn request_reconnect(
        &mut self,
        url: Option<&str>,
        description: &str,
    ) -> Result<(), SendError> {
        if !self.client_extensions.contains(Extensions::RECONNECT) {
            return Err(SendError::NotOpen);
        }
        let status = Status::new(StatusCode::ConnectReconnectRequest, description);
        let status = match url {
            Some(url) => status.with("tcUrl", url),
            None => status,
        };
        self.send_status(MessageStreamId::CONNECTION, status)
    }

    pub(super) fn announce_failure(&mut self, error: SessionError) {
        let code = match error {
            SessionError::UseDeadline => StatusCode::ConnectIdleTimeout,
            _ => StatusCode::ConnectClosed,
        };
        self.write_status(
            MessageStreamId::CONNECTION,
            Status::new(code, error.to_string()),
        );
    }

    /// A `connect` that is too long to be read is answered as every other that is wrong.
    pub(super) fn reject_too_long(&mut self, error: SessionError) {
        let description = format!("connect: {error}");
        self.answer_error(
            MessageStreamId::CONNECTION,
            TransactionId::CONNECT,
            StatusCode::ConnectRejected,
            description,
        );
    }

    pub(super) fn announce_shutdown(&mut self) {
        let status = Status::new(
            StatusCode::ConnectAppShutdown,
            "the server is shutting down",
        );
        self.write_status(MessageStreamId::CONNECTION, status);
    }

    fn notify_of(
        &mut self,
        msid: MessageStreamId,
        code: StatusCode,
        description: String,
        name: &str,
    ) -> Result<(), SendError> {
        self.send_status(msid, Status::new(code, description).with("details", name))
    }

    fn check_open(&self, msid: MessageStreamId) -> Result<(), SendError> {
        if !self.is_connected() {
            Err(SendError::NotConnected)
        } else if msid != MessageStreamId::CONNECTION && self.streams.find(msid).is_none() {
            Err(SendError::NotOpen)
        } else {
            Ok(())
        }
    }

    fn check_playing(&self, msid: MessageStreamId) -> Result<(), SendError> {
        if !self.is_connected() {
            return Err(SendError::NotConnected);
        }
        match self.streams.find(msid) {
            Some(stream) if stream.activity == Activity::Playing => Ok(()),
            _ => Err(SendError::NotOpen),
        }
    }
}
