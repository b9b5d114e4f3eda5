//! From messages to events.

use bytes::Bytes;
use tracing::{debug, trace};

use super::{Phase, Report, ServerEvent, ServerSession, streams::Activity};
use crate::{
    Fault, MessageStreamId, Timestamp,
    command::{DataMessage, Invocation},
    message::{MediaKind, Message, MessageKind, UserControl, aggregate::Items},
    session::{CloseReason, SessionError, link::Step, stats::hit},
};

/// What the input has to offer.
enum Taken {
    Message(Message),
    /// Something that was dealt with; look again.
    Again,
    Nothing,
}

impl ServerSession {
    /// Goes on with what is there until something is to be reported.
    pub(super) fn advance(&mut self) -> Result<Option<ServerEvent>, SessionError> {
        loop {
            if let Some(error) = self.link.failure() {
                return Err(error);
            }
            if let Phase::Closed { reason, report, .. } = &mut self.phase {
                let due = std::mem::replace(report, Report::Done) == Report::Due;
                return Ok(due.then_some(ServerEvent::Closed { reason: *reason }));
            }
            if let Some(event) = self.intake.events.pop_front() {
                return Ok(Some(event));
            }
            if self.waits_for_decision() {
                return Ok(None);
            }
            let event = match self.take()? {
                Taken::Message(message) => self.handle_message(message),
                Taken::Again => None,
                Taken::Nothing => return Ok(None),
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    /// What comes next: the rest of an aggregate, then the held command, then the input.
    fn take(&mut self) -> Result<Taken, SessionError> {
        if let Some(items) = &mut self.intake.aggregate {
            return Ok(match items.next() {
                Some(Ok(message)) => Taken::Message(message),
                Some(Err(error)) => {
                    debug!(%error, "rest of an aggregate message dropped");
                    hit(&mut self.link.counts.dropped.aggregates);
                    if error.fault() == Fault::Limit {
                        hit(&mut self.link.counts.hits.aggregate_items);
                    }
                    self.intake.aggregate = None;
                    Taken::Again
                }
                None => {
                    self.intake.aggregate = None;
                    Taken::Again
                }
            });
        }
        match self.intake.held.take() {
            Some((message, until)) if self.now < until => {
                self.intake.held = Some((message, until));
                return Ok(Taken::Nothing);
            }
            Some((message, _)) => return Ok(Taken::Message(message)),
            None => {}
        }
        Ok(match self.link.poll(self.now)? {
            Step::Message(message) => Taken::Message(message),
            Step::Control(event) => {
                self.handle_user_control(&event);
                Taken::Again
            }
            Step::Wait => Taken::Nothing,
            Step::Ended => {
                self.end(CloseReason::PeerEnded, Report::Due);
                Taken::Again
            }
        })
    }

    fn handle_user_control(&mut self, event: &UserControl) {
        if let UserControl::SetBufferLength { msid, buffer_ms } = *event
            && self.is_connected()
        {
            self.intake
                .events
                .push_back(ServerEvent::BufferLength { msid, buffer_ms });
        }
    }

    fn handle_message(&mut self, message: Message) -> Option<ServerEvent> {
        let Message {
            kind,
            timestamp,
            msid,
            payload,
            ..
        } = message;
        match kind {
            MessageKind::CommandAmf0 | MessageKind::CommandAmf3 => {
                self.handle_command_message(Message {
                    kind,
                    timestamp,
                    msid,
                    payload,
                    ..message
                })
            }
            MessageKind::Audio => self.media(msid, MediaKind::Audio, timestamp, payload),
            MessageKind::Video => self.media(msid, MediaKind::Video, timestamp, payload),
            MessageKind::DataAmf0 | MessageKind::DataAmf3 => {
                self.data(kind, msid, timestamp, payload)
            }
            MessageKind::Aggregate => {
                // Its parts are media: taken apart only where media is welcome.
                if self.publisher(msid).is_some() {
                    let whole = Message {
                        kind,
                        timestamp,
                        msid,
                        payload,
                        ..message
                    };
                    self.intake.aggregate = Some(Items::new(whole));
                }
                None
            }
            MessageKind::SharedObjectAmf0 | MessageKind::SharedObjectAmf3
                if self.is_connected() =>
            {
                self.mark_used();
                Some(ServerEvent::SharedObject {
                    kind,
                    timestamp,
                    payload,
                })
            }
            _ => {
                // The chunk reader ends a connection that sends nothing else.
                hit(&mut self.link.counts.dropped.unknown);
                None
            }
        }
    }

    fn media(
        &mut self,
        msid: MessageStreamId,
        kind: MediaKind,
        timestamp: Timestamp,
        payload: Bytes,
    ) -> Option<ServerEvent> {
        let msid = self.publisher(msid)?;
        Some(ServerEvent::Media {
            msid,
            kind,
            timestamp,
            payload,
        })
    }

    fn data(
        &mut self,
        kind: MessageKind,
        msid: MessageStreamId,
        timestamp: Timestamp,
        payload: Bytes,
    ) -> Option<ServerEvent> {
        let msid = self.publisher(msid)?;
        match DataMessage::parse(kind, payload, &self.config.amf_limits) {
            DataMessage::Event(payload) => Some(ServerEvent::Media {
                msid,
                kind: MediaKind::Data,
                timestamp,
                payload,
            }),
            DataMessage::Clear(handler) => Some(ServerEvent::ClearData { msid, handler }),
            DataMessage::Meaningless => {
                hit(&mut self.link.counts.dropped.data);
                None
            }
        }
    }

    /// The stream that media on this message stream belongs to; nothing if it is not welcome.
    ///
    /// A publisher that was refused and goes on all the same ends the session: DJI's encoders report
    /// success to their user otherwise.
    fn publisher(&mut self, msid: MessageStreamId) -> Option<MessageStreamId> {
        let stream = self.streams.meant_by_media(msid);
        match stream.map(|stream| (stream.msid, &stream.activity)) {
            Some((msid, Activity::Publishing(_))) => return Some(msid),
            Some((_, Activity::Refused(at)))
                if self.now.saturating_duration_since(*at) > self.config.timeouts.refused =>
            {
                self.fail(SessionError::MediaAfterRefusal);
            }
            _ => {}
        }
        hit(&mut self.link.counts.dropped.media);
        None
    }

    fn handle_command_message(&mut self, message: Message) -> Option<ServerEvent> {
        if let Err(until) = self.intake.rate.take(self.now) {
            hit(&mut self.link.counts.hits.commands);
            self.intake.held = Some((message, until));
            return None;
        }
        let Message {
            kind,
            msid,
            payload,
            ..
        } = message;
        match Invocation::decode(kind, payload, &self.config.amf_limits) {
            Ok(invocation) => {
                trace!(name = ?invocation.name, %msid, "command");
                self.handle_invocation(msid, invocation)
            }
            Err(error) => self.answer_undecodable(msid, &error),
        }
    }
}
