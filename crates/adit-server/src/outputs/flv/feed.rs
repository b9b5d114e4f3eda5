//! One viewer's way through a stream, as tags of FLV.

use std::collections::VecDeque;
use std::future::Future as _;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Instant;

use adit_broker::{Delivery, SharedFrame, Subscription};
use adit_media::flv::{TAG_HEAD_BYTES, tag_head, tag_tail};
use bytes::Bytes;
use tokio_util::sync::WaitForCancellationFutureOwned;
use tracing::debug;

use super::clock::Clock;
use super::opening::Opening;
use crate::driver::{Overflows, Verdict};
use crate::limits::ServerLimits;
use crate::limits::outputs::OPENING_FRAMES;
use crate::outputs::stats::Ticket;
use crate::outputs::watcher::Watcher;

/// What goes to the viewer next.
#[derive(Debug)]
pub(in crate::outputs) enum Piece {
    /// The file header.
    Whole(Bytes),
    Tag(Tag),
}

/// One tag; the body is that of the publisher.
#[derive(Debug)]
pub(in crate::outputs) struct Tag {
    pub(in crate::outputs) head: [u8; TAG_HEAD_BYTES],
    pub(in crate::outputs) body: Bytes,
    pub(in crate::outputs) tail: [u8; 4],
    /// When it came from its publisher, of those whose way is measured.
    pub(in crate::outputs) arrival: Option<Instant>,
}

/// Reads a stream that is live for one viewer.
pub(in crate::outputs) struct Feed {
    subscription: Subscription,
    watcher: Watcher,
    ticket: Ticket,
    stop: Pin<Box<WaitForCancellationFutureOwned>>,
    /// Until the file header is made.
    opening: Option<Opening>,
    /// What waits for the file header.
    ready: VecDeque<Piece>,
    end: End,
    clock: Clock,
    sample: Sample,
    limits: ServerLimits,
    overflows: Overflows,
}

/// How far it has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::outputs) enum End {
    /// There may be more.
    NotYet,
    /// The stream is over.
    OfStream,
    /// The server stops.
    OfServer,
    /// The viewer was too slow for it.
    TooSlow,
    /// The operator has ended it.
    Kicked,
}

impl End {
    /// What the log says of it; of what the operator has ended it has his words.
    const fn words(self) -> Option<&'static str> {
        match self {
            Self::NotYet | Self::Kicked => None,
            Self::OfStream => Some("the stream has ended"),
            Self::OfServer => Some("the server is stopping"),
            Self::TooSlow => Some("too slow: the line does not carry this stream"),
        }
    }
}

/// Which of the tags are measured: one in so many, of those that were waited for. What lay in the log before does not count.
#[derive(Debug, Default)]
struct Sample {
    has_waited: bool,
    tags: u8,
}

/// One tag in so many is measured.
const TAGS: u8 = 64;

impl Sample {
    fn passes(&mut self, frame: &SharedFrame) -> Option<Instant> {
        self.tags = (self.tags + 1) % TAGS;
        frame
            .arrival()
            .filter(|_| self.has_waited && self.tags == 0)
    }
}

impl Feed {
    /// A feed of `subscription`, which has told already that the stream is live.
    pub(in crate::outputs) fn new(
        subscription: Subscription,
        watcher: Watcher,
        ticket: Ticket,
        limits: ServerLimits,
    ) -> Self {
        Self {
            subscription,
            stop: Box::pin(watcher.to_end()),
            watcher,
            ticket,
            opening: Some(Opening::default()),
            ready: VecDeque::new(),
            end: End::NotYet,
            clock: Clock::default(),
            sample: Sample::default(),
            limits,
            overflows: Overflows::default(),
        }
    }

    /// Whose it is.
    pub(in crate::outputs) const fn watcher(&self) -> &Watcher {
        &self.watcher
    }

    /// His right to it.
    pub(in crate::outputs) const fn ticket(&self) -> &Ticket {
        &self.ticket
    }

    /// The next piece; none when it is over, and then [`end`](Self::end) says why.
    pub(in crate::outputs) fn poll_piece(&mut self, cx: &mut Context<'_>) -> Poll<Option<Piece>> {
        loop {
            if self.opening.is_none()
                && let Some(piece) = self.ready.pop_front()
            {
                return Poll::Ready(Some(piece));
            }
            if self.end != End::NotYet {
                return Poll::Ready(None);
            }
            if self.watcher.is_kicked() {
                self.finish(End::Kicked);
                continue;
            }
            match self.subscription.poll_next(cx) {
                Poll::Ready(Delivery::Frame(frame)) => self.take(&frame),
                Poll::Ready(Delivery::Skipped { frames }) => self.fell_behind(frames),
                Poll::Ready(Delivery::Stopped { .. }) => self.finish(End::OfStream),
                Poll::Ready(_) => {}
                Poll::Pending if self.opening.is_some_and(Opening::has_begun) => self.open(),
                Poll::Pending if self.stop.as_mut().poll(cx).is_ready() => {
                    // Who is to go sees that at the next turn.
                    if !self.watcher.is_kicked() {
                        self.finish(End::OfServer);
                    }
                }
                Poll::Pending => {
                    self.sample.has_waited = true;
                    return Poll::Pending;
                }
            }
        }
    }

    fn take(&mut self, shared: &SharedFrame) {
        let frame = shared.frame();
        let bytes = frame.payload().len();
        let time = self.clock.time(frame);
        let (Ok(head), Ok(tail)) = (tag_head(frame.kind(), time, bytes), tag_tail(bytes)) else {
            // No message of RTMP that is let in is that large.
            return;
        };
        let body = frame.payload().clone();
        let arrival = self.sample.passes(shared);
        self.ready.push_back(Piece::Tag(Tag {
            head,
            body,
            tail,
            arrival,
        }));
        if let Some(opening) = &mut self.opening {
            opening.note(frame);
            if opening.is_certain() || self.ready.len() >= OPENING_FRAMES {
                self.open();
            }
        }
    }

    /// It is known which tracks there are.
    fn open(&mut self) {
        if let Some(opening) = self.opening.take() {
            self.ready.push_front(Piece::Whole(opening.header()));
        }
    }

    fn finish(&mut self, end: End) {
        self.open();
        self.end = end;
        if let Some(words) = end.words() {
            self.watcher.ends(words);
        }
    }

    /// It is over for another reason than what becomes of the stream.
    pub(in crate::outputs) fn ends(&mut self, reason: &'static str) {
        self.watcher.ends(reason);
    }

    /// Why there is nothing more.
    pub(in crate::outputs) fn end(&self) -> End {
        self.end
    }

    fn fell_behind(&mut self, frames: u64) {
        debug!(frames, "left out: the line to this viewer is too slow");
        if self.overflows.count(Instant::now(), &self.limits) == Verdict::TooMany {
            self.ticket.count_hopeless();
            self.finish(End::TooSlow);
        }
    }
}

#[cfg(test)]
mod tests;
