//! The shared objects that one connection uses.

mod work;

use std::net::IpAddr;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::{Duration, Instant};

use adit_amf::Text;
use adit_broker::shared_object::{
    Batch, Client, Delivery, Joining, Member, ObjectKey, Permission, Persistence, Request,
};
use adit_rtmp::command::StatusCode;
use adit_rtmp::message::MessageKind;
use adit_rtmp::session::ServerSession;
use adit_rtmp::shared_object::{self as wire, DecodeError, Event, SharedObjectMessage};
use bytes::{Buf as _, Bytes};
use tokio::time::timeout;
use tracing::debug;

use self::work::{Task, Work};
use super::bell::Bell;
use super::sending::{Addressee, Sending};
use super::value::Stored;
use super::{ObjectError, Objects, Opened, Opening};
use crate::application::{ObjectAccess, Refusal, Seat};
use crate::limits::{OBJECT_DELIVERIES_PER_TURN, WRITE_AHEAD_BYTES};

/// The shared objects that one connection uses; dropping it releases them.
pub(crate) struct Members {
    objects: Objects,
    client: Client,
    used: Vec<Used>,
    /// A message that is not worked off yet: no other one is read before.
    work: Option<Work>,
    bell: Arc<Bell>,
    /// The same, as what objects wake.
    waker: Waker,
    /// Whether there may be more to send than was.
    behind: Behind,
    /// Who is served first, so that all are.
    first: usize,
    /// The object that was refused last, and why, for the log.
    refusal: Option<(Text, String)>,
}

/// What a driver gives its members to work with.
pub(crate) struct Turn<'a> {
    pub(crate) now: Instant,
    /// The place of the connection in its application, where there are shared objects.
    pub(crate) seat: Option<&'a Seat>,
    /// How long an application may take to decide.
    pub(crate) patience: Duration,
}

/// An object in use.
struct Used {
    to: Addressee,
    member: Member<Stored>,
    access: ObjectAccess,
    /// What is being sent to it in parts.
    sending: Option<Sending>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Behind {
    No,
    Perhaps,
}

/// How far sending went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Filled {
    /// Everything is sent; the task is woken when there is more.
    All,
    /// So much is queued that the peer has to read first.
    Full,
    /// The share of this turn was used up.
    More,
}

impl Members {
    /// Those of a connection from this address.
    pub(crate) fn new(objects: Objects, address: IpAddr) -> Self {
        let bell = Arc::new(Bell::default());
        Self {
            client: objects.client_at(address),
            objects,
            used: Vec::new(),
            work: None,
            waker: Waker::from(Arc::clone(&bell)),
            bell,
            behind: Behind::No,
            first: 0,
            refusal: None,
        }
    }

    /// What was refused since the last call, the last of it: the object, and why.
    pub(crate) const fn take_refusal(&mut self) -> Option<(Text, String)> {
        self.refusal.take()
    }

    /// The connection is over.
    pub(crate) fn clear(&mut self) {
        self.work = None;
        self.used.clear();
    }

    /// Takes a message in; [`Members::poll_work`] works it off.
    ///
    /// # Errors
    /// It cannot be read, or passes a limit.
    pub(crate) fn take_in(&mut self, kind: MessageKind, body: &Bytes) -> Result<(), DecodeError> {
        let message = SharedObjectMessage::decode(kind, body, &self.objects.0.decoding);
        let message = message.inspect_err(|error| self.objects.0.counters.refused(error))?;
        self.work = Some(Work::new(kind, message));
        Ok(())
    }

    /// Whether no object is used.
    pub(crate) fn is_empty(&self) -> bool {
        self.used.is_empty()
    }

    /// Whether a message waits to be worked off.
    pub(crate) fn is_waiting(&self) -> bool {
        self.work.is_some()
    }

    /// When a message that came too soon is worked off.
    pub(crate) fn deadline(&self) -> Option<Instant> {
        self.work.as_ref().and_then(Work::until)
    }

    /// Whether nothing is to be sent until the task is woken.
    pub(crate) fn is_quiet(&self) -> bool {
        self.work.is_none() && self.behind == Behind::No && !self.bell.is_rung()
    }

    /// Works off the message that was taken in; `Pending` while it has to wait.
    pub(crate) fn poll_work(
        &mut self,
        cx: &mut Context<'_>,
        turn: &Turn<'_>,
        session: &mut ServerSession,
    ) -> Poll<()> {
        while let Some(mut work) = self.work.take() {
            let task = work.take_task();
            match self.carry_out(cx, turn, &work, task) {
                Next::Over => {}
                Next::Then(task) => work.task = task,
                Next::Wait(task) => {
                    work.task = task;
                    self.work = Some(work);
                    return Poll::Pending;
                }
                Next::Refused(code, reason) => {
                    refuse(session, &work.to, work.version, code);
                    self.refusal = Some((work.to.name.clone(), reason));
                }
            }
            self.work = (!work.is_over()).then_some(work);
        }
        Poll::Ready(())
    }

    /// Does one of the things that a message asks for.
    fn carry_out(
        &mut self,
        cx: &mut Context<'_>,
        turn: &Turn<'_>,
        work: &Work,
        task: Task,
    ) -> Next {
        match task {
            Task::Nothing => Next::Over,
            Task::Use => match self.client.pay(turn.now, 1) {
                Ok(()) => {
                    self.release(&work.to);
                    self.ask_leave(turn, work)
                }
                Err(until) => Next::Then(Task::Wait(until, Box::new(Task::Use))),
            },
            Task::Decide(mut later) => match later.as_mut().poll(cx) {
                Poll::Ready(answer) => self.decided(turn, work, answer),
                Poll::Pending => Next::Wait(Task::Decide(later)),
            },
            Task::Load(mut loading, access) => match loading.as_mut().poll(cx) {
                Poll::Ready(opened) => self.join(work, opened, access),
                Poll::Pending => Next::Wait(Task::Load(loading, access)),
            },
            Task::Release => {
                self.release(&work.to);
                Next::Over
            }
            Task::Ask(requests) => self.ask(turn, work, requests),
            Task::Wait(until, task) if until <= turn.now => Next::Then(*task),
            wait @ Task::Wait(..) => Next::Wait(wait),
        }
    }

    fn position(&self, to: &Addressee) -> Option<usize> {
        let is_it = |used: &Used| used.to.is_same_object(to);
        self.used.iter().position(is_it)
    }

    fn release(&mut self, to: &Addressee) {
        if let Some(position) = self.position(to) {
            self.used.remove(position);
        }
    }

    /// Asks the application whether the client may use an object.
    fn ask_leave(&mut self, turn: &Turn<'_>, work: &Work) -> Next {
        let Some(seat) = turn.seat else {
            let reason = ObjectError::Nowhere.to_string();
            return Next::Refused(StatusCode::SharedObjectCreationFailed, reason);
        };
        let name = &work.to.name;
        if !seat.client().may_read(name) {
            let reason = "this client may not read it".to_owned();
            return Next::Refused(StatusCode::SharedObjectNoReadAccess, reason);
        }
        let decision = seat.application().shared_object(
            seat.instance(),
            seat.client(),
            name,
            persistence(&work.to),
        );
        match decision.settled() {
            Ok(answer) => self.decided(turn, work, answer),
            Err(later) => {
                let in_time = timeout(turn.patience, later);
                let answer = async { in_time.await.unwrap_or_else(|_| Err(Refusal::too_late())) };
                Next::Then(Task::Decide(Box::pin(answer)))
            }
        }
    }

    fn decided(
        &mut self,
        turn: &Turn<'_>,
        work: &Work,
        answer: Result<ObjectAccess, Refusal>,
    ) -> Next {
        let access = match answer {
            Ok(access) => access,
            Err(refusal) => {
                let usual = StatusCode::SharedObjectNoReadAccess;
                let code = refusal.code.unwrap_or(usual);
                return Next::Refused(code, refusal.description.to_string());
            }
        };
        let opening = || {
            let seat = turn.seat.ok_or(ObjectError::Nowhere)?;
            let place = seat.instance().key(&work.to.name)?;
            let key = ObjectKey::new(place, persistence(&work.to))?;
            Ok(self.objects.open(&self.client, key))
        };
        match opening() {
            Ok(Opening::Done(opened)) => self.join(work, opened, access),
            Ok(Opening::Loading(loading)) => {
                let opened = Box::pin(loading.within(turn.patience));
                Next::Then(Task::Load(opened, access))
            }
            Err(error) => self.join(work, Err(error), access),
        }
    }

    fn join(&mut self, work: &Work, opened: Opened, access: ObjectAccess) -> Next {
        let object = match opened {
            Ok(object) => object,
            Err(error) => return Next::Refused(error.code(), error.to_string()),
        };
        let joining = Joining {
            known: work.version,
            read: Permission::Granted,
        };
        match object.join(&self.client, joining) {
            Ok(member) => {
                self.behind = Behind::Perhaps;
                self.used.push(Used {
                    to: work.to.clone(),
                    member,
                    access,
                    sending: None,
                });
                Next::Over
            }
            Err(error) => Next::Refused(StatusCode::SharedObjectCreationFailed, error.to_string()),
        }
    }

    fn ask(&self, turn: &Turn<'_>, work: &Work, requests: Vec<Request<Stored>>) -> Next {
        let to = &work.to;
        let again = |until, requests| Next::Then(Task::Wait(until, Box::new(Task::Ask(requests))));
        let Some(used) = self.position(to).and_then(|at| self.used.get(at)) else {
            // Who does not use an object has no business with it, and pays all the same.
            return match self.client.pay(turn.now, 1) {
                Ok(()) if self.uses_namesake(to) => {
                    let reason = "it is used with the other persistence".to_owned();
                    Next::Refused(StatusCode::SharedObjectBadPersistence, reason)
                }
                Ok(()) => {
                    let reason = "it is to be changed by a client that does not use it".to_owned();
                    Next::Refused(StatusCode::SharedObjectNoWriteAccess, reason)
                }
                Err(until) => again(until, requests),
            };
        };
        let has_right = turn
            .seat
            .is_some_and(|seat| seat.client().may_write(&to.name));
        let batch = Batch {
            // Many never say which version they have.
            based_on: (work.version != 0).then_some(work.version),
            write: match used.access {
                ObjectAccess::Full if has_right => Permission::Granted,
                _ => Permission::Denied,
            },
            requests,
        };
        match used.member.ask(turn.now, batch) {
            Ok(()) => Next::Over,
            Err(throttled) => again(throttled.until, throttled.batch.requests),
        }
    }

    /// Whether the connection uses the object of this name and the other persistence.
    fn uses_namesake(&self, to: &Addressee) -> bool {
        self.used.iter().any(|used| used.to.name == to.name)
    }

    /// Moves what members are told into the session's queue, as much as there is room for.
    pub(crate) fn fill(&mut self, cx: &Context<'_>, session: &mut ServerSession) -> Filled {
        if self.used.is_empty() {
            self.behind = Behind::No;
            return Filled::All;
        }
        let is_rung = self.bell.listen(cx.waker());
        if !is_rung && self.behind == Behind::No {
            return Filled::All;
        }
        self.behind = Behind::Perhaps;
        let members = self.used.len();
        self.first = self.first.checked_rem(members).unwrap_or_default();
        let mut left = OBJECT_DELIVERIES_PER_TURN;
        let (before, from) = self.used.split_at_mut(self.first);
        for used in from.iter_mut().chain(before) {
            let filled = used.fill(&self.waker, session, &mut left);
            if filled != Filled::All {
                self.first = self.first.saturating_add(1);
                return filled;
            }
        }
        self.behind = Behind::No;
        Filled::All
    }
}

/// What follows from a thing that was done.
enum Next {
    /// Nothing: the message goes on.
    Over,
    /// This.
    Then(Task),
    /// It cannot be done yet.
    Wait(Task),
    /// The client is told that it does not get what it asked for.
    /// Also for the log: the protocol has room for the code only.
    Refused(StatusCode, String),
}

impl Used {
    fn fill(&mut self, waker: &Waker, session: &mut ServerSession, left: &mut usize) -> Filled {
        loop {
            if session.output().remaining() >= WRITE_AHEAD_BYTES {
                return Filled::Full;
            }
            if *left == 0 {
                return Filled::More;
            }
            *left = left.saturating_sub(1);
            if let Some(sending) = &mut self.sending {
                match sending.next(&self.to) {
                    Some(bodies) => send(session, &self.to, bodies),
                    None => self.sending = None,
                }
                continue;
            }
            match self.member.poll_next(&Context::from_waker(waker)) {
                Poll::Pending => return Filled::All,
                Poll::Ready(Delivery::Joined(changes)) => {
                    self.sending = Some(Sending::joined(changes));
                }
                Poll::Ready(Delivery::Resynced(changes)) => {
                    self.sending = Some(Sending::resynced(changes));
                }
                Poll::Ready(Delivery::Update(update)) => {
                    self.sending = Sending::large(&update);
                    if self.sending.is_none() {
                        send(session, &self.to, self.to.update(&update));
                    }
                }
                Poll::Ready(_) => {}
            }
        }
    }
}

fn persistence(to: &Addressee) -> Persistence {
    match to.flags.persistence() {
        wire::Persistence::Temporary => Persistence::Temporary,
        wire::Persistence::Persistent => Persistence::Persistent,
    }
}

/// Tells a client that it does not get what it asked for.
fn refuse(session: &mut ServerSession, to: &Addressee, version: u32, code: StatusCode) {
    let bodies = to.bodies(version, vec![Event::status(code)]);
    send(session, to, bodies.unwrap_or_default());
}

fn send(session: &mut ServerSession, to: &Addressee, bodies: Vec<Bytes>) {
    for body in bodies {
        if let Err(error) = session.send_shared_object(to.kind, body) {
            debug!(%error, object = &*to.name, "shared object message not sent");
        }
    }
}
