//! A message stream: to publish or to play.

use std::sync::Arc;

use adit_amf::Text;
use adit_amf::amf0::Value;
use adit_media::{Frame, Timestamp};
use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{
    ClientCommand, PauseForm, PauseState, Play, Play2, Playlist, Publish, PublishKind, Receive,
    Status, StatusCode,
};
use adit_rtmp::message::UserControl;
use tokio::sync::{mpsc, oneshot};
use tokio::time::timeout;

use super::error::StreamError;
use super::event::StreamEvent;
use super::request::{Handle, Request};
use crate::limits;
use crate::secret::Secret;

/// A message stream of a connection.
///
/// ```text
/// publish ─▶ send, send, … ─▶ flush ─▶ close
/// play ─▶ next_event, next_event, … with pause, seek, receive_audio, receive_video between ─▶ close
/// ```
///
/// Dropping it gives the message stream back to the server.
///
/// ```no_run
/// use adit_client::connection::{StreamError, StreamEvent};
/// use adit_client::rtmp::command::{Play, Receive};
/// use adit_client::NetConnection;
///
/// # async fn listen(connection: NetConnection) -> Result<(), StreamError> {
/// let mut stream = connection.create_stream().await?;
/// stream.play(Play::new("radio")).await?;
/// stream.receive_video(Receive::Off).await?;
/// while let Some(event) = stream.next_event().await {
///     match event {
///         StreamEvent::Frame(frame) => println!("{} ms", frame.at().ms()),
///         StreamEvent::Status(status) => println!("{}", status.code_text()),
///         _ => {}
///     }
/// }
/// stream.close(None).await
/// # }
/// ```
#[derive(Debug)]
pub struct NetStream {
    msid: MessageStreamId,
    handle: Arc<Handle>,
    events: mpsc::Receiver<StreamEvent>,
    /// What came before the answer that somebody waited for.
    early: std::collections::VecDeque<StreamEvent>,
    /// What was played there last. What is on its way of it is no answer to another play.
    last: Option<Text>,
    resets: Resets,
}

/// Whether the server says where another play begins (`NetStream.Play.Reset`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Resets {
    NotSeen,
    Told,
}

impl NetStream {
    pub(super) fn new(
        msid: MessageStreamId,
        handle: Arc<Handle>,
        events: mpsc::Receiver<StreamEvent>,
    ) -> Self {
        Self {
            msid,
            handle,
            events,
            early: std::collections::VecDeque::new(),
            last: None,
            resets: Resets::NotSeen,
        }
    }

    /// Publishes under a name, and waits until the server is ready for media.
    ///
    /// Encoders' servers are told in the encoders' dialect first (`releaseStream`, `FCPublish`); others ignore it.
    ///
    /// # Errors
    ///
    /// The server refuses, does not answer within [`limits::ANSWER`], or the connection has ended.
    pub async fn publish(&mut self, name: &Secret, kind: PublishKind) -> Result<(), StreamError> {
        let text = || Some(name.expose().into());
        let connection = MessageStreamId::CONNECTION;
        self.command_on(connection, ClientCommand::ReleaseStream(text()))
            .await?;
        self.command_on(connection, ClientCommand::FcPublish(text()))
            .await?;
        self.command(ClientCommand::Publish(Publish::new(name.expose(), kind)))
            .await?;
        self.answer(&[StatusCode::PublishStart]).await
    }

    /// Plays, and waits until the server has begun to, or has said that it will.
    ///
    /// A live stream that nobody publishes yet is a success: its frames come when it starts. What was on its way of something that
    /// played before is dropped.
    ///
    /// # Errors
    ///
    /// The server refuses, does not answer within [`limits::ANSWER`], or the connection has ended.
    pub async fn play(&mut self, play: Play) -> Result<(), StreamError> {
        let last = self.last.replace(play.name.clone());
        let mut again = Again {
            // It is no news of what has played if the same is played again.
            last: last.clone().filter(|last| *last != play.name),
            waits_for_reset: play.playlist.is_reset() && self.resets == Resets::Told,
        };
        self.command(ClientCommand::Play(play)).await?;
        self.set_buffer(limits::BUFFER_MS).await?;
        if last.is_none() {
            return self.answer(&[StatusCode::PlayStart]).await;
        }
        self.early.clear();
        let after = limits::ANSWER;
        timeout(after, self.answer_again(&mut again))
            .await
            .unwrap_or(Err(StreamError::Silent { after }))
    }

    /// Puts a stream or a part of a recording on the playlist behind what is playing ([`Playlist::Append`] or
    /// [`AppendDataAtOnce`](Playlist::AppendDataAtOnce)). It begins when its turn comes, with a status `NetStream.Play.Switch`;
    /// the end of the list is `NetStream.Play.Complete`.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn enqueue(&self, play: Play) -> Result<(), StreamError> {
        let playlist = match play.playlist {
            Playlist::ResetDataAtOnce | Playlist::AppendDataAtOnce => Playlist::AppendDataAtOnce,
            _ => Playlist::Append,
        };
        let play = Play { playlist, ..play };
        self.command(ClientCommand::Play(play)).await
    }

    /// Goes over to another stream, such as another rendition of what is playing. The server answers with a status,
    /// `NetStream.Play.Transition` or a failure, and later with `NetStream.Play.TransitionComplete`.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn play2(&self, play: Play2) -> Result<(), StreamError> {
        self.command(ClientCommand::Play2(play)).await
    }

    /// Stops the server from sending, or lets it go on. `position_ms` is where this player is.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn pause(&self, state: PauseState, position_ms: u32) -> Result<(), StreamError> {
        self.command(ClientCommand::Pause {
            state,
            position_ms,
            form: PauseForm::Plain,
        })
        .await
    }

    /// Goes to a place in a recording, in milliseconds; the answer is a status, `NetStream.Seek.Notify` or a failure. Frames that were
    /// on their way come before it.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn seek(&self, position_ms: u32) -> Result<(), StreamError> {
        self.command(ClientCommand::Seek { position_ms }).await
    }

    /// Says whether audio is wanted.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn receive_audio(&self, receive: Receive) -> Result<(), StreamError> {
        self.command(ClientCommand::ReceiveAudio(receive)).await
    }

    /// Says whether video is wanted.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn receive_video(&self, receive: Receive) -> Result<(), StreamError> {
        self.command(ClientCommand::ReceiveVideo(receive)).await
    }

    /// Tells the server how much this player buffers, in milliseconds.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn set_buffer(&self, ms: u32) -> Result<(), StreamError> {
        let msid = self.msid;
        self.handle.ask(Request::BufferLength { msid, ms }).await
    }

    /// Sends a frame of what is published, and waits while too much is queued.
    ///
    /// Metadata (`onMetaData`) is sent in the form that makes servers keep it for players who come later.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn send(&self, frame: Frame) -> Result<(), StreamError> {
        let msid = self.msid;
        self.handle.ask(Request::Frame { msid, frame }).await
    }

    /// Calls a method at everybody who plays what is published here. It is not kept for players to come.
    ///
    /// # Errors
    ///
    /// A value cannot be expressed, or the connection has ended.
    pub async fn send_data(
        &self,
        at: Timestamp,
        handler: &str,
        arguments: Vec<Value>,
    ) -> Result<(), StreamError> {
        self.data(at, vec![handler.into()], arguments).await
    }

    /// The same, and the server keeps it for players to come (`@setDataFrame`), until it is set again or [cleared](Self::clear_data).
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub async fn set_data(
        &self,
        at: Timestamp,
        handler: &str,
        arguments: Vec<Value>,
    ) -> Result<(), StreamError> {
        let names = vec!["@setDataFrame".into(), handler.into()];
        self.data(at, names, arguments).await
    }

    /// Withdraws data that was set (`@clearDataFrame`).
    ///
    /// # Errors
    ///
    /// As [`send_data`](Self::send_data).
    pub async fn clear_data(&self, at: Timestamp, handler: &str) -> Result<(), StreamError> {
        let names = vec!["@clearDataFrame".into(), handler.into()];
        self.data(at, names, Vec::new()).await
    }

    async fn data(
        &self,
        at: Timestamp,
        mut values: Vec<Value>,
        arguments: Vec<Value>,
    ) -> Result<(), StreamError> {
        values.extend(arguments);
        let msid = self.msid;
        let (answer, answered) = oneshot::channel();
        let request = Request::Data {
            msid,
            at,
            values,
            answer,
        };
        self.handle.ask(request).await?;
        answered.await.map_err(|_| self.handle.shared.gone())?
    }

    /// Waits until everything sent before has left this machine's memory.
    ///
    /// # Errors
    ///
    /// The connection has ended.
    pub async fn flush(&self) -> Result<(), StreamError> {
        let (answer, answered) = oneshot::channel();
        self.handle.ask(Request::Flush { answer }).await?;
        answered.await.map_err(|_| self.handle.shared.gone())
    }

    /// The next thing that happened, or `None` at the end of the connection. Cancel-safe.
    pub async fn next_event(&mut self) -> Option<StreamEvent> {
        match self.early.pop_front() {
            Some(event) => Some(event),
            None => self.receive().await,
        }
    }

    /// The next thing from the server. Cancel-safe.
    async fn receive(&mut self) -> Option<StreamEvent> {
        let event = self.events.recv().await;
        if let Some(StreamEvent::Status(status)) = &event
            && status.code() == Some(StatusCode::PlayReset)
        {
            self.resets = Resets::Told;
        }
        event
    }

    /// Why the connection has ended, if it has.
    pub fn ended(&self) -> Option<&super::Ended> {
        self.handle.shared.ended()
    }

    /// Ends the stream once everything sent has left. `name` is that of a published stream, for servers that want to hear it again.
    ///
    /// # Errors
    ///
    /// The connection has ended before.
    pub async fn close(self, name: Option<&Secret>) -> Result<(), StreamError> {
        if let Some(name) = name {
            let connection = MessageStreamId::CONNECTION;
            let command = ClientCommand::FcUnpublish(Some(name.expose().into()));
            self.command_on(connection, command).await?;
        }
        self.command(ClientCommand::CloseStream).await?;
        self.flush().await
    }

    /// Waits for one of `codes`, an error, or media.
    async fn answer(&mut self, codes: &[StatusCode]) -> Result<(), StreamError> {
        let after = limits::ANSWER;
        timeout(after, self.find_answer(codes))
            .await
            .unwrap_or(Err(StreamError::Silent { after }))
    }

    async fn find_answer(&mut self, codes: &[StatusCode]) -> Result<(), StreamError> {
        loop {
            let Some(event) = self.receive().await else {
                return Err(self.handle.shared.gone());
            };
            match &event {
                StreamEvent::Status(status) if status.is_error() => {
                    return Err(StreamError::Refused(status.clone()));
                }
                StreamEvent::Status(status) if is_one_of(status, codes) => {
                    self.early.push_back(event);
                    return Ok(());
                }
                StreamEvent::Frame(_) => {
                    self.early.push_back(event);
                    return Ok(());
                }
                // A few words at most come before the answer.
                _ if self.early.len() < limits::EVENTS => self.early.push_back(event),
                _ => {}
            }
        }
    }

    /// Waits for the start of something else than what has played, or for its refusal.
    async fn answer_again(&mut self, again: &mut Again) -> Result<(), StreamError> {
        loop {
            let Some(event) = self.receive().await else {
                return Err(self.handle.shared.gone());
            };
            match &event {
                // The beginning is told before the reset is.
                StreamEvent::Control(
                    UserControl::StreamIsRecorded(_) | UserControl::StreamBegin(_),
                ) => {}
                StreamEvent::Status(status) if again.is_refused_by(status) => {
                    return Err(StreamError::Refused(status.clone()));
                }
                StreamEvent::Status(status) if is_one_of(status, &[StatusCode::PlayReset]) => {
                    again.waits_for_reset = false;
                }
                StreamEvent::Status(status) if again.is_started_by(status) => {
                    self.early.push_back(event);
                    return Ok(());
                }
                // It is of what has played, and so is what came before it.
                _ => {
                    self.early.clear();
                    continue;
                }
            }
            if self.early.len() < limits::EVENTS {
                self.early.push_back(event);
            }
        }
    }

    async fn command(&self, command: ClientCommand) -> Result<(), StreamError> {
        self.command_on(self.msid, command).await
    }

    async fn command_on(
        &self,
        msid: MessageStreamId,
        command: ClientCommand,
    ) -> Result<(), StreamError> {
        let (answer, answered) = oneshot::channel();
        self.handle
            .ask(Request::Command {
                msid,
                command,
                answer,
            })
            .await?;
        answered.await.map_err(|_| self.handle.shared.gone())?
    }
}

/// How the answer to another play is told from what is on its way of the last.
struct Again {
    last: Option<Text>,
    /// A start before that is one of what has played, after a seek or of a playlist.
    waits_for_reset: bool,
}

impl Again {
    fn is_started_by(&self, status: &Status) -> bool {
        !self.waits_for_reset && is_one_of(status, &[StatusCode::PlayStart])
    }

    /// What is refused is not told to begin before, so this may come without a reset.
    fn is_refused_by(&self, status: &Status) -> bool {
        let named = status.property("details").and_then(Value::as_text);
        let is_of_last = named.is_some() && named == self.last.as_ref();
        let is_of_seek = is_one_of(
            status,
            &[StatusCode::SeekFailed, StatusCode::SeekInvalidTime],
        );
        status.is_error() && !is_of_last && !is_of_seek
    }
}

impl Drop for NetStream {
    fn drop(&mut self) {
        self.handle.delete(self.msid);
    }
}

fn is_one_of(status: &Status, codes: &[StatusCode]) -> bool {
    status.code().is_some_and(|code| codes.contains(&code))
}
