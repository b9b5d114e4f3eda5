//! One carrier and the session on it, driven together by whoever owns both.

use std::future::{Future, poll_fn};
use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Instant;

use adit_net::Carrier;
use adit_rtmp::Seed;
use adit_rtmp::session::{ClientConfig, ClientEvent, ClientSession, CloseReason, SessionError};
use bytes::{Buf as _, Bytes};
use tokio::time::{Sleep, sleep_until, timeout};

use crate::clock::now;
use crate::limits;

/// A carrier with its session. One task polls it.
pub(crate) struct Link {
    carrier: Carrier,
    session: ClientSession,
    timer: Pin<Box<Sleep>>,
    first: First,
    /// Writing has failed. What the peer said before is still read.
    broken: Option<io::Error>,
    /// Since when nothing of what is queued has left.
    stuck: Option<Instant>,
}

/// The first bytes that came, to tell what answers where no RTMP does.
#[derive(Debug, Clone, Copy, Default)]
struct First {
    bytes: [u8; 4],
    count: usize,
}

/// A connection that is of no further use.
#[derive(Debug)]
pub(crate) struct Lost {
    pub(crate) cause: LostCause,
    first: First,
}

#[derive(Debug)]
pub(crate) enum LostCause {
    /// The carrier broke.
    Io(io::Error),
    /// The session failed: the peer breaks the rules, or is silent.
    Session(SessionError),
    /// The peer takes nothing any more.
    Stuck,
    /// The peer ended the connection.
    Ended,
}

impl Lost {
    /// What came first, up to four bytes.
    pub(crate) fn first_bytes(&self) -> &[u8] {
        self.first.as_slice()
    }
}

impl First {
    fn note(&mut self, input: &[u8]) {
        let room = self.bytes.iter_mut().skip(self.count);
        self.count += room.zip(input).map(|(slot, byte)| *slot = *byte).count();
    }

    fn as_slice(&self) -> &[u8] {
        self.bytes.get(..self.count).unwrap_or_default()
    }
}

impl Link {
    /// A session that begins its handshake on a carrier.
    ///
    /// # Errors
    ///
    /// The system gives no random bytes.
    pub(crate) fn new(carrier: Carrier, config: ClientConfig) -> io::Result<Self> {
        let mut random = [0; 32];
        getrandom::getrandom(&mut random).map_err(|error| io::Error::other(error.to_string()))?;
        Ok(Self {
            carrier,
            session: ClientSession::new(now(), config, &Seed::new(random)),
            timer: Box::pin(sleep_until(tokio::time::Instant::now())),
            first: First::default(),
            broken: None,
            stuck: None,
        })
    }

    pub(crate) fn carrier(&self) -> &Carrier {
        &self.carrier
    }

    pub(crate) fn session(&mut self) -> &mut ClientSession {
        &mut self.session
    }

    /// Whether the peer has said anything yet.
    pub(crate) fn has_heard(&self) -> bool {
        !self.first.as_slice().is_empty()
    }

    /// Bytes that wait for the carrier to take them, or in the carrier for the network.
    pub(crate) fn unsent(&mut self) -> usize {
        self.session.output().remaining() + self.carrier.unsent()
    }

    /// The next event. Whatever the session has to say leaves on the way.
    pub(crate) fn poll_event(&mut self, cx: &mut Context<'_>) -> Poll<Result<ClientEvent, Lost>> {
        loop {
            let now = now();
            if self.session.poll_timeout().is_some_and(|due| due <= now) {
                self.session.handle_timeout(now);
            }
            match self.session.poll_event(now) {
                Ok(Some(event)) => return Poll::Ready(Ok(event)),
                Ok(None) => {}
                Err(error) => return Poll::Ready(Err(self.lost(LostCause::Session(error)))),
            }
            self.write(cx, now);
            if self.is_stuck(now) {
                return Poll::Ready(Err(self.lost(LostCause::Stuck)));
            }
            if self.session.is_closing() {
                return Poll::Ready(Err(self.lost(LostCause::Ended)));
            }
            if self.session.wants_input() {
                match self.carrier.poll_recv(cx) {
                    Poll::Ready(Ok(Some(bytes))) => {
                        self.handle_input(now, bytes);
                        continue;
                    }
                    Poll::Ready(Ok(None)) if self.broken.is_none() => {
                        self.session.handle_eof(now);
                        continue;
                    }
                    Poll::Ready(Err(error)) if self.broken.is_none() => self.broken = Some(error),
                    Poll::Ready(_) | Poll::Pending => {}
                }
            }
            if let Some(error) = self.broken.take() {
                return Poll::Ready(Err(self.lost(LostCause::Io(error))));
            }
            if !self.is_due(cx) {
                return Poll::Pending;
            }
        }
    }

    /// Writes what is queued. A failure is kept for [`poll_event`](Self::poll_event), which reads first what the peer has said.
    pub(crate) fn write(&mut self, cx: &mut Context<'_>, now: Instant) {
        let before = self.unsent();
        if self.broken.is_none()
            && let Poll::Ready(Err(error)) = self.carrier.poll_send(cx, self.session.output())
        {
            self.broken = Some(error);
        }
        let left = self.unsent();
        if left == 0 {
            self.stuck = None;
        } else if left < before || self.stuck.is_none() {
            self.stuck = Some(now);
        }
    }

    fn is_stuck(&self, now: Instant) -> bool {
        self.stuck
            .is_some_and(|since| now.saturating_duration_since(since) >= limits::WRITE_STALL)
    }

    /// Ends the session and the carrier the way they like to be ended, within [`limits::GOODBYE`]: for connections nobody wants any more.
    pub(crate) async fn close(self) {
        // Whoever does not take it in time has lost interest in it.
        timeout(limits::GOODBYE, self.finish()).await.ok();
    }

    /// The same once everything queued has left, for as long as the peer takes something of it. Says whether it has.
    pub(crate) async fn finish(mut self) -> Result<(), Lost> {
        self.session.close(CloseReason::Ended);
        poll_fn(|cx| self.poll_finish(cx)).await
    }

    fn poll_finish(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), Lost>> {
        loop {
            let now = now();
            self.write(cx, now);
            if let Some(error) = self.broken.take() {
                return Poll::Ready(Err(self.lost(LostCause::Io(error))));
            }
            if self.is_stuck(now) {
                return Poll::Ready(Err(self.lost(LostCause::Stuck)));
            }
            if self.session.output().has_remaining() {
                if !self.is_due(cx) {
                    return Poll::Pending;
                }
                continue;
            }
            let closed = ready!(self.carrier.poll_close(cx));
            return Poll::Ready(closed.map_err(|error| self.lost(LostCause::Io(error))));
        }
    }

    fn handle_input(&mut self, now: Instant, bytes: Bytes) {
        self.first.note(&bytes);
        self.session.handle_input(now, bytes);
    }

    pub(crate) fn lost(&self, cause: LostCause) -> Lost {
        Lost {
            cause,
            first: self.first,
        }
    }

    /// Whether the session's next deadline has passed; else the task is woken then.
    fn is_due(&mut self, cx: &mut Context<'_>) -> bool {
        let stall = self
            .stuck
            .and_then(|since| since.checked_add(limits::WRITE_STALL));
        let due = [self.session.poll_timeout(), stall]
            .into_iter()
            .flatten()
            .min();
        let Some(due) = due else {
            return false;
        };
        let due = tokio::time::Instant::from_std(due);
        if self.timer.deadline() != due {
            self.timer.as_mut().reset(due);
        }
        self.timer.as_mut().poll(cx).is_ready()
    }
}

#[cfg(test)]
mod tests;
