//! What each command of a client does.

use adit_amf::{Text, amf0::Value};
use tracing::debug;

use super::{
    Asked, Decision, Phase, Report, ServerEvent, ServerSession,
    streams::{Activity, Early, Pause},
};
use crate::{
    MessageStreamId,
    command::{
        ClientCommand, ClientCommandError, FcNotice, Invocation, InvocationError, PauseForm,
        PauseState, Response, ServerCommand, Status, StatusCode, StreamName, TransactionId,
    },
    message::UserControl,
    session::{CloseReason, stats::hit},
};

impl ServerSession {
    /// Carries out a command, or answers why not.
    pub(super) fn handle_invocation(
        &mut self,
        msid: MessageStreamId,
        invocation: Invocation,
    ) -> Option<ServerEvent> {
        let (name, transaction) = (invocation.name.clone(), invocation.transaction);
        let command = match ClientCommand::parse(invocation) {
            Ok(command) => command,
            Err(error) => {
                return self.answer_misunderstood(msid, &name, transaction, &error);
            }
        };
        match (command, self.phase) {
            (ClientCommand::Close, _) => {
                self.end(CloseReason::PeerClosed, Report::Due);
                None
            }
            (ClientCommand::Connect(connect), _) => self.handle_connect(*connect, transaction),
            (ClientCommand::Response(_), Phase::Connect { .. }) => None,
            (
                _,
                Phase::Connect {
                    decision: Decision::None,
                    ..
                },
            ) => {
                let description =
                    format!("{name} comes too early: connect to an application first");
                self.answer_error(
                    msid,
                    transaction,
                    StatusCode::CallFailed,
                    description.clone(),
                );
                asked(&name).map(|asked| ServerEvent::Refused {
                    asked,
                    name: Text::default(),
                    description: description.into(),
                })
            }
            (command, _) => self.handle_connected(msid, transaction, command),
        }
    }

    fn handle_connected(
        &mut self,
        msid: MessageStreamId,
        transaction: TransactionId,
        command: ClientCommand,
    ) -> Option<ServerEvent> {
        match command {
            ClientCommand::CreateStream => self.create_stream(transaction),
            ClientCommand::InitStream(id) => self.init_stream(id, transaction),
            ClientCommand::DeleteStream(id) => return self.delete_stream(id),
            ClientCommand::Publish(publish) => return Some(self.handle_publish(msid, &publish)),
            ClientCommand::Play(play) => return Some(self.handle_play(msid, play)),
            ClientCommand::CloseStream | ClientCommand::StopPublish | ClientCommand::StopPlay => {
                return self.close_stream(msid);
            }
            ClientCommand::PublishNothing => return self.stop_or_refuse(msid, Asked::Publish),
            ClientCommand::PlayNothing => return self.stop_or_refuse(msid, Asked::Play),
            ClientCommand::ReleaseStream(_) => self.answer_nothing(transaction),
            ClientCommand::FcPublish(name) => {
                self.fc_notice(
                    FcNotice::Published,
                    StatusCode::PublishStart,
                    name,
                    transaction,
                );
            }
            ClientCommand::FcSubscribe(name) => {
                self.fc_notice(
                    FcNotice::Subscribed,
                    StatusCode::PlayStart,
                    name,
                    transaction,
                );
            }
            ClientCommand::FcUnpublish(name) => return self.fc_unpublish(name, transaction),
            ClientCommand::FcUnsubscribe(name) => {
                self.fc_notice(
                    FcNotice::Unsubscribed,
                    StatusCode::PlayStop,
                    name,
                    transaction,
                );
            }
            ClientCommand::StreamLength(name) => {
                return self.handle_stream_length(msid, name, transaction);
            }
            // Encoders of Haivision and DJI wait for any answer.
            ClientCommand::CheckBandwidth(dialect) => {
                self.answer_value(transaction, Value::Null);
                return Some(ServerEvent::CheckBandwidth { dialect });
            }
            ClientCommand::Response(response) => return self.handle_response(response),
            ClientCommand::Call(invocation) => return self.handle_call(msid, invocation),
            playing => return self.handle_player(msid, transaction, playing),
        }
        None
    }

    /// Commands about what a message stream plays.
    fn handle_player(
        &mut self,
        msid: MessageStreamId,
        transaction: TransactionId,
        command: ClientCommand,
    ) -> Option<ServerEvent> {
        let stream = self.streams.meant_by_command(msid);
        let stream = stream.map(|stream| (stream.msid, stream.activity.plays()));
        match (command, stream) {
            // Flash sets what it wants to receive before it plays.
            (ClientCommand::ReceiveAudio(receive), Some((msid, _))) => {
                Some(ServerEvent::ReceiveAudio { msid, receive })
            }
            (ClientCommand::ReceiveVideo(receive), Some((msid, _))) => {
                Some(ServerEvent::ReceiveVideo { msid, receive })
            }
            (ClientCommand::ReceiveAudio(_) | ClientCommand::ReceiveVideo(_), None) => None,
            (ClientCommand::Play2(options), Some((msid, plays))) => match options.as_play() {
                Some(play) => Some(self.handle_play(msid, play)),
                None if plays => self.handle_playing(msid, ClientCommand::Play2(options)),
                None => self.answer_plays_nothing(msid, transaction),
            },
            (command, Some((msid, true))) => self.handle_playing(msid, command),
            _ => self.answer_plays_nothing(msid, transaction),
        }
    }

    fn answer_plays_nothing(
        &mut self,
        msid: MessageStreamId,
        transaction: TransactionId,
    ) -> Option<ServerEvent> {
        let description = format!("message stream {msid} does not play: play a stream first");
        self.answer_error(msid, transaction, StatusCode::StreamFailed, description);
        None
    }

    /// Commands about something that plays, or is to play: then they wait until that is decided.
    fn handle_playing(
        &mut self,
        msid: MessageStreamId,
        command: ClientCommand,
    ) -> Option<ServerEvent> {
        let stream = self.streams.find_mut(msid)?;
        let waits = matches!(stream.activity, Activity::AsksPlay(_));
        match command {
            ClientCommand::Pause {
                state,
                position_ms,
                form,
            } => {
                let pause = Pause {
                    state,
                    position_ms,
                    form,
                };
                if waits {
                    stream.early.pause = Some(pause);
                    return None;
                }
                Some(self.pause(msid, &pause))
            }
            ClientCommand::Seek { position_ms } if waits => {
                stream.early.seek = Some(position_ms);
                None
            }
            ClientCommand::Seek { position_ms } => Some(ServerEvent::Seek { msid, position_ms }),
            ClientCommand::Play2(options) if waits => {
                if let Some(earlier) = stream.early.play2.replace(Box::new(options)) {
                    let description =
                        format!("{}: another transition took its place", earlier.name);
                    self.write_status(msid, Status::new(StatusCode::PlayFailed, description));
                }
                None
            }
            ClientCommand::Play2(options) => Some(ServerEvent::Play2 {
                msid,
                options: Box::new(options),
            }),
            _ => None,
        }
    }

    /// Carries out what was said while nobody had decided about a play that is accepted now.
    pub(super) fn carry_out_early(&mut self, msid: MessageStreamId) {
        let Some(stream) = self.streams.find_mut(msid) else {
            return;
        };
        let Early { pause, seek, play2 } = std::mem::take(&mut stream.early);
        let pause = pause.map(|pause| self.pause(msid, &pause));
        let seek = seek.map(|position_ms| ServerEvent::Seek { msid, position_ms });
        let play2 = play2.map(|options| ServerEvent::Play2 { msid, options });
        let events = [pause, seek, play2].into_iter().flatten();
        self.intake.events.extend(events);
    }

    /// Tells the player that it pauses or goes on, where it waits for that.
    fn pause(&mut self, msid: MessageStreamId, pause: &Pause) -> ServerEvent {
        if pause.form == PauseForm::Plain {
            self.notice_pause(msid, pause.state);
        }
        ServerEvent::Pause {
            msid,
            state: pause.state,
            position_ms: pause.position_ms,
        }
    }

    fn notice_pause(&mut self, msid: MessageStreamId, state: PauseState) {
        let (code, event, description) = match state {
            PauseState::Paused => (
                StatusCode::PauseNotify,
                UserControl::StreamEof(msid),
                "play is paused",
            ),
            PauseState::Playing => (
                StatusCode::UnpauseNotify,
                UserControl::StreamBegin(msid),
                "play goes on",
            ),
        };
        self.link.write_user_control(event);
        self.write_status(msid, Status::new(code, description));
    }

    fn create_stream(&mut self, transaction: TransactionId) {
        if !transaction.wants_answer() {
            debug!("createStream without a transaction id: nobody can be told which it is");
        }
        match self.streams.create(&self.config.limits) {
            Some(msid) => self.answer_value(transaction, msid.get().into()),
            None => self.answer_too_many_streams(transaction),
        }
    }

    fn init_stream(&mut self, id: Option<MessageStreamId>, transaction: TransactionId) {
        if let Some(id) = id
            && id != MessageStreamId::CONNECTION
            && self.streams.open(id, &self.config.limits).is_none()
        {
            self.answer_too_many_streams(transaction);
        }
    }

    fn answer_too_many_streams(&mut self, transaction: TransactionId) {
        hit(&mut self.link.counts.hits.streams);
        let description = format!(
            "this connection has {} message streams already: delete one first",
            self.config.limits.streams
        );
        let msid = MessageStreamId::CONNECTION;
        self.answer_error(msid, transaction, StatusCode::CallFailed, description);
    }

    fn delete_stream(&mut self, msid: MessageStreamId) -> Option<ServerEvent> {
        let activity = self.streams.remove(msid)?;
        end_of(msid, &activity)
    }

    /// Ends what a message stream is used for; a publisher is told.
    fn close_stream(&mut self, msid: MessageStreamId) -> Option<ServerEvent> {
        let stream = self.streams.meant_by_command(msid)?;
        let msid = stream.msid;
        let activity = std::mem::replace(&mut stream.activity, Activity::Idle);
        if let Activity::Publishing(name) = &activity {
            self.notice_unpublished(msid, name);
        }
        end_of(msid, &activity)
    }

    /// A `publish` or `play` without a name: ends what is published or played there, and is a
    /// mistake if that is nothing.
    fn stop_or_refuse(&mut self, msid: MessageStreamId, asked: Asked) -> Option<ServerEvent> {
        let stream = self.streams.meant_by_command(msid);
        let activity = stream.map_or(&Activity::Idle, |stream| &stream.activity);
        let (name, is_busy) = match asked {
            Asked::Publish => ("publish", activity.publishes()),
            Asked::Play => ("play", activity.plays()),
        };
        if is_busy {
            return self.close_stream(msid);
        }
        let description = format!("{name}: the stream name is missing, it has to be a string");
        Some(self.refuse(msid, asked, Text::default(), description))
    }

    fn fc_unpublish(
        &mut self,
        name: Option<Text>,
        transaction: TransactionId,
    ) -> Option<ServerEvent> {
        let parsed = StreamName::parse(name.as_deref().unwrap_or_default());
        let parsed = parsed.as_ref().map_or("", StreamName::name);
        let msid = self.streams.publishing(parsed);
        self.fc_notice(
            FcNotice::Unpublished,
            StatusCode::UnpublishSuccess,
            name,
            transaction,
        );
        self.close_stream(msid?)
    }

    fn notice_unpublished(&mut self, msid: MessageStreamId, name: &Text) {
        let status = Status::new(
            StatusCode::UnpublishSuccess,
            format!("{name} is not published any more"),
        );
        self.write_status(msid, status.with("details", name.clone()));
    }

    /// Answers the commands of the old encoders' dialect: the notice, with the transaction of the
    /// command because Livestream Studio waits for that, and then an empty result.
    fn fc_notice(
        &mut self,
        notice: FcNotice,
        code: StatusCode,
        name: Option<Text>,
        transaction: TransactionId,
    ) {
        let status = Status::new(code, name.unwrap_or_default());
        let command = ServerCommand::FcStatus(notice, Some(status));
        self.write_invocation(
            MessageStreamId::CONNECTION,
            &command.into_invocation(transaction),
        );
        self.answer_nothing(transaction);
    }

    fn handle_call(
        &mut self,
        msid: MessageStreamId,
        invocation: Invocation,
    ) -> Option<ServerEvent> {
        match self.calls.receive(msid, invocation) {
            Ok(request) => {
                self.mark_used();
                Some(ServerEvent::Call(request))
            }
            Err(error) => {
                hit(&mut self.link.counts.hits.calls);
                let description = error.to_string();
                self.answer_error(msid, error.transaction, StatusCode::CallFailed, description);
                None
            }
        }
    }

    /// Without a name, the length is unknown: ffmpeg reads a number here, and takes 0 for that
    /// . Nothing is looked for where nobody waits for the answer.
    fn handle_stream_length(
        &mut self,
        msid: MessageStreamId,
        name: Option<Text>,
        transaction: TransactionId,
    ) -> Option<ServerEvent> {
        let name = name.filter(|_| transaction.wants_answer());
        let Some(name) = name else {
            self.answer_value(transaction, Value::Number(0.0));
            return None;
        };
        let invocation = Invocation::new(Text::from_static("getStreamLength"), transaction);
        match self.handle_call(msid, invocation)? {
            ServerEvent::Call(call) => Some(ServerEvent::StreamLength { name, call }),
            other => Some(other),
        }
    }

    fn handle_response(&mut self, response: Response) -> Option<ServerEvent> {
        self.calls.answered(response.transaction)?;
        Some(ServerEvent::Response(response))
    }

    /// Answers a command whose arguments are wrong. The connection goes on.
    fn answer_misunderstood(
        &mut self,
        msid: MessageStreamId,
        name: &Text,
        transaction: TransactionId,
        error: &ClientCommandError,
    ) -> Option<ServerEvent> {
        self.link.counts.hits.count_command(error);
        hit(&mut self.link.counts.dropped.commands);
        let description = match error {
            ClientCommandError::Argument(error) => format!("{name}: {error}"),
            other => other.to_string(),
        };
        // A client looks for news of publish and play in onStatus only.
        if let Some(asked) = asked(name) {
            return Some(self.refuse(msid, asked, Text::default(), description));
        }
        if name.as_str() == "seek" {
            self.write_status(msid, Status::new(StatusCode::SeekInvalidTime, description));
            return None;
        }
        let code = match error {
            ClientCommandError::Connect(_) => StatusCode::ConnectInvalidApp,
            _ if transaction.wants_answer() => StatusCode::CallFailed,
            _ => StatusCode::StreamInvalidArg,
        };
        self.answer_error(msid, transaction, code, description);
        None
    }

    /// Answers a command that cannot be decoded, as far as anybody can tell what it was.
    pub(super) fn answer_undecodable(
        &mut self,
        msid: MessageStreamId,
        error: &InvocationError,
    ) -> Option<ServerEvent> {
        debug!(%error, "command not understood");
        hit(&mut self.link.counts.dropped.commands);
        self.link.counts.hits.count_invocation(error);
        let description = error.to_string();
        match error {
            InvocationError::Values { name, .. } if let Some(asked) = asked(name) => {
                return Some(self.refuse(msid, asked, Text::default(), description));
            }
            InvocationError::NoName { transaction } if !transaction.wants_answer() => {}
            InvocationError::NoName { transaction }
            | InvocationError::Values { transaction, .. } => {
                self.answer_error(msid, *transaction, StatusCode::CallFailed, description);
            }
        }
        None
    }
}

/// What a command of this name asks to do with a stream.
fn asked(name: &str) -> Option<Asked> {
    match name {
        "publish" => Some(Asked::Publish),
        "play" => Some(Asked::Play),
        _ => None,
    }
}

/// What the end of an activity is reported as.
pub(super) const fn end_of(msid: MessageStreamId, activity: &Activity) -> Option<ServerEvent> {
    match activity {
        Activity::AsksPublish(_) | Activity::Publishing(_) => Some(ServerEvent::Unpublish { msid }),
        Activity::AsksPlay(_) | Activity::Playing => Some(ServerEvent::StopPlay { msid }),
        Activity::Idle | Activity::Refused(_) => None,
    }
}
