//! From messages to events.

use bytes::Bytes;
use tracing::{debug, trace};

use super::{Asked, ClientEvent, ClientSession, Phase, Report};
use crate::{
    Fault, MessageStreamId, Timestamp,
    command::{
        ConnectReply, DataMessage, Invocation, Outcome, Response, ServerCommand, Status,
        StatusCode, TransactionId,
    },
    message::{ControlMessage, MediaKind, Message, MessageKind, aggregate::Items},
    session::{
        CloseReason, SessionError,
        link::{HandshakeOutcome, Step},
        stats::hit,
    },
};

impl ClientSession {
    /// Goes on with what is there until something is to be reported.
    pub(super) fn advance(&mut self) -> Result<Option<ClientEvent>, SessionError> {
        loop {
            if let Some(error) = self.link.failure() {
                return Err(error);
            }
            if std::mem::replace(&mut self.shaken, Report::Done) == Report::Due {
                let HandshakeOutcome { scheme, proof } = self.link.handshake_outcome();
                return Ok(Some(ClientEvent::HandshakeDone { scheme, proof }));
            }
            if let Phase::Closed { reason, report, .. } = &mut self.phase {
                let due = std::mem::replace(report, Report::Done) == Report::Due;
                return Ok(due.then_some(ClientEvent::Closed { reason: *reason }));
            }
            if let Some(event) = self.next_of_aggregate() {
                return Ok(Some(event));
            }
            let event = match self.link.poll(self.now)? {
                Step::Message(message) => self.handle_message(message),
                Step::Control(event) => Some(ClientEvent::Control(event)),
                Step::Wait => return Ok(None),
                Step::Ended => {
                    self.end(CloseReason::PeerEnded, Report::Due);
                    None
                }
            };
            if event.is_some() {
                return Ok(event);
            }
        }
    }

    fn next_of_aggregate(&mut self) -> Option<ClientEvent> {
        while let Some(items) = &mut self.aggregate {
            match items.next() {
                Some(Ok(message)) => {
                    if let Some(event) = self.handle_message(message) {
                        return Some(event);
                    }
                }
                Some(Err(error)) => {
                    debug!(%error, "rest of an aggregate message dropped");
                    hit(&mut self.link.counts.dropped.aggregates);
                    if error.fault() == Fault::Limit {
                        hit(&mut self.link.counts.hits.aggregate_items);
                    }
                    self.aggregate = None;
                }
                None => self.aggregate = None,
            }
        }
        None
    }

    fn handle_message(&mut self, message: Message) -> Option<ClientEvent> {
        let Message {
            kind,
            timestamp,
            msid,
            ..
        } = message;
        let media = |kind, payload| {
            Some(ClientEvent::Media {
                msid,
                kind,
                timestamp,
                payload,
            })
        };
        match kind {
            MessageKind::CommandAmf0 | MessageKind::CommandAmf3 => {
                self.handle_command(kind, msid, message.payload)
            }
            MessageKind::Audio => media(MediaKind::Audio, message.payload),
            MessageKind::Video => media(MediaKind::Video, message.payload),
            MessageKind::DataAmf0 | MessageKind::DataAmf3 => {
                self.data(kind, msid, timestamp, message.payload)
            }
            MessageKind::Aggregate => {
                self.aggregate = Some(Items::new(message));
                self.next_of_aggregate()
            }
            MessageKind::SharedObjectAmf0 | MessageKind::SharedObjectAmf3 => {
                let payload = message.payload;
                Some(ClientEvent::SharedObject {
                    kind,
                    timestamp,
                    payload,
                })
            }
            _ => {
                hit(&mut self.link.counts.dropped.unknown);
                None
            }
        }
    }

    fn data(
        &mut self,
        kind: MessageKind,
        msid: MessageStreamId,
        timestamp: Timestamp,
        payload: Bytes,
    ) -> Option<ClientEvent> {
        match DataMessage::parse(kind, payload, &self.config.amf_limits) {
            DataMessage::Event(payload) => Some(ClientEvent::Media {
                msid,
                kind: MediaKind::Data,
                timestamp,
                payload,
            }),
            DataMessage::Clear(handler) => Some(ClientEvent::ClearData { msid, handler }),
            DataMessage::Meaningless => {
                hit(&mut self.link.counts.dropped.data);
                None
            }
        }
    }

    fn handle_command(
        &mut self,
        kind: MessageKind,
        msid: MessageStreamId,
        payload: Bytes,
    ) -> Option<ClientEvent> {
        let invocation = match Invocation::decode(kind, payload, &self.config.amf_limits) {
            Ok(invocation) => invocation,
            Err(error) => {
                debug!(%error, "command not understood");
                hit(&mut self.link.counts.dropped.commands);
                self.link.counts.hits.count_invocation(&error);
                return None;
            }
        };
        trace!(name = ?invocation.name, %msid, "command");
        let transaction = invocation.transaction;
        match ServerCommand::parse(invocation) {
            ServerCommand::Response(response) => self.handle_response(response),
            ServerCommand::Status(status) => Some(ClientEvent::Status { msid, status }),
            ServerCommand::FcStatus(notice, status) => {
                Some(ClientEvent::FcStatus { notice, status })
            }
            ServerCommand::BandwidthDone => None,
            ServerCommand::BandwidthCheck => {
                let probe = self.next_probe();
                if transaction.wants_answer() {
                    let response = Response::result(transaction, vec![probe]);
                    self.write_invocation(&response.into_invocation());
                }
                None
            }
            ServerCommand::Ping => {
                self.write_invocation(&Invocation::new("pong", TransactionId::NONE));
                None
            }
            ServerCommand::Close => {
                self.end(CloseReason::PeerClosed, Report::Due);
                None
            }
            ServerCommand::Call(invocation) => self.handle_call(msid, invocation),
        }
    }

    fn handle_call(
        &mut self,
        msid: MessageStreamId,
        invocation: Invocation,
    ) -> Option<ClientEvent> {
        match self.calls.receive(msid, invocation) {
            Ok(request) => Some(ClientEvent::Call(request)),
            Err(error) => {
                hit(&mut self.link.counts.hits.calls);
                let status = Status::new(StatusCode::CallFailed, error.to_string());
                self.write_invocation(
                    &Response::error(error.transaction, status).into_invocation(),
                );
                None
            }
        }
    }

    fn handle_response(&mut self, response: Response) -> Option<ClientEvent> {
        match (self.calls.answered(response.transaction)?, response.outcome) {
            (Asked::Connect, Outcome::Result) => {
                self.phase = Phase::Connected;
                self.link.set_connected();
                self.link
                    .write_control(&ControlMessage::WindowAckSize(self.config.window));
                let reply = ConnectReply::from_values(&response.object, response.values.first());
                self.encoding = self.asked_encoding.agreed(reply.object_encoding);
                Some(ClientEvent::Connected(Box::new(reply)))
            }
            (Asked::Connect, Outcome::Error) => {
                self.phase = Phase::Idle;
                Some(ClientEvent::Rejected {
                    status: response.status(),
                })
            }
            (Asked::CreateStream, outcome) => {
                let transaction = response.transaction;
                let id = response
                    .values
                    .first()
                    .and_then(adit_amf::amf0::Value::as_u32);
                Some(
                    match id.filter(|id| outcome == Outcome::Result && *id != 0) {
                        Some(id) => {
                            let msid = MessageStreamId::new(id);
                            ClientEvent::StreamCreated { transaction, msid }
                        }
                        None => ClientEvent::StreamRefused {
                            transaction,
                            status: response.status(),
                        },
                    },
                )
            }
            (Asked::Call, _) => Some(ClientEvent::Response(response)),
        }
    }
}
