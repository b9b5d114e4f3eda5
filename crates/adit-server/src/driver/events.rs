//! Who deals with what a session reports.

use std::time::Instant;

use adit_rtmp::MessageStreamId;
use adit_rtmp::command::{Status, StatusCode};
use adit_rtmp::session::{CloseReason, ServerEvent};
use tracing::debug;

use super::SessionDriver;
use super::leaving::TAKEN_DOWN;

impl SessionDriver {
    pub(super) fn handle_event(&mut self, now: Instant, event: ServerEvent) {
        self.note_activity(now, &event);
        match event {
            ServerEvent::Connect(request) => self.connect(now, request),
            ServerEvent::Publish(request) => self.publish(now, request),
            ServerEvent::Play(request) => self.play(now, request),
            ServerEvent::Media {
                msid,
                kind,
                timestamp,
                payload,
            } => {
                self.media(now, msid, kind, timestamp, payload);
            }
            ServerEvent::ClearData { msid, handler } => self.clear_data(now, msid, handler),
            ServerEvent::Unpublish { msid } | ServerEvent::StopPlay { msid } => {
                self.guest.requests.forget(msid);
                self.guest.tickets.forget(msid);
                self.guest.wishes.forget(msid);
                self.roles.remove(msid);
            }
            ServerEvent::Pause {
                msid,
                state,
                position_ms,
            } => self.pause(msid, state, position_ms),
            ServerEvent::BufferLength { msid, buffer_ms } => self.buffer_length(msid, buffer_ms),
            ServerEvent::ReceiveAudio { msid, receive } => self.receive_audio(msid, receive),
            ServerEvent::ReceiveVideo { msid, receive } => self.receive_video(msid, receive),
            ServerEvent::Seek { msid, position_ms } => self.seek(msid, position_ms),
            ServerEvent::Play2 { msid, options } => self.play2(now, msid, *options),
            ServerEvent::PlayNext { msid, play } => self.play_next(now, msid, &play),
            ServerEvent::StreamLength { name, call } => self.stream_length(now, &name, call),
            ServerEvent::Call(request) => self.called(now, request),
            ServerEvent::Response(response) => self.answered(now, response),
            ServerEvent::CheckBandwidth { dialect } => self.asked_to_measure(now, dialect),
            ServerEvent::SharedObject { kind, payload, .. } => self.shared_object(kind, &payload),
            ServerEvent::Refused {
                asked,
                name,
                description,
            } => self.summary.refused(asked.into(), &name, &description),
            ServerEvent::Closed { reason } => self.summary.ended(words(reason)),
            _ => {}
        }
    }

    pub(super) fn finish(&mut self, reason: &str) {
        self.summary.ended(reason);
        self.session.close(CloseReason::Ended);
    }

    /// The server stops, or somebody who looks after it does not want this connection.
    pub(super) fn obey_stop(&mut self) {
        let Some(reason) = self.summary.presence().kick_reason() else {
            self.summary.ended("the server is stopping");
            self.session.close(CloseReason::Shutdown);
            return;
        };
        if self.session.is_connected() {
            let connection = MessageStreamId::CONNECTION;
            self.tell(connection, StatusCode::ConnectClosed, &reason);
        }
        self.finish(&format!("ended from outside: {reason}"));
    }

    /// Ends the connection at the wish of the application, and tells the client why.
    pub(super) fn send_away(&mut self, reason: &str) {
        let connection = MessageStreamId::CONNECTION;
        self.tell(connection, StatusCode::ConnectClosed, reason);
        self.finish(&format!("the application ended it: {reason}"));
    }

    /// Ends the connection because the server is taken down and nothing is left to wait for.
    pub(super) fn send_off(&mut self) {
        let connection = MessageStreamId::CONNECTION;
        self.tell(connection, StatusCode::ConnectClosed, TAKEN_DOWN);
        self.finish("the server is being taken down, and the stream has ended");
    }

    /// News of one stream. A client that is just leaving misses nothing.
    pub(super) fn tell(&mut self, msid: MessageStreamId, code: StatusCode, description: &str) {
        if let Err(error) = self
            .session
            .send_status(msid, Status::new(code, description))
        {
            debug!(%error, %code, "status not sent");
        }
    }
}

fn words(reason: CloseReason) -> &'static str {
    match reason {
        CloseReason::PeerEnded => "the peer ended the connection",
        CloseReason::PeerClosed => "the peer said close",
        CloseReason::Rejected => "connect was rejected",
        CloseReason::Shutdown => "the server is stopping",
        _ => "ended",
    }
}
