//! A server in the same process that was taken over.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use adit_net::http::{Asker, Elsewhere, Link, LinkFuture};
use tokio::io::{DuplexStream, duplex};

use super::{Predecessor, Question};

/// Answers as it was told; what the answer does not take, it hangs up on.
pub(crate) struct Near<A> {
    answer: A,
    is_there: AtomicBool,
    asked: AtomicUsize,
    /// So many links to streams do not come about.
    fails: AtomicUsize,
}

impl<A: Fn(Question, DuplexStream) + Send + Sync + 'static> Near<A> {
    pub(crate) fn new(answer: A) -> Arc<Self> {
        Arc::new(Self {
            answer,
            is_there: AtomicBool::new(true),
            asked: AtomicUsize::new(0),
            fails: AtomicUsize::new(0),
        })
    }

    /// Ends.
    pub(crate) fn end(&self) {
        self.is_there.store(false, Ordering::Relaxed);
    }

    /// The next questions for a stream fail.
    pub(crate) fn fail(&self, questions: usize) {
        self.fails.store(questions, Ordering::Relaxed);
    }

    /// How often it was asked.
    pub(crate) fn asked(&self) -> usize {
        self.asked.load(Ordering::Relaxed)
    }
}

impl<A> fmt::Debug for Near<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Near").finish_non_exhaustive()
    }
}

impl<A: Send + Sync + 'static> Elsewhere for Near<A> {
    fn connect(&self, _: Asker) -> LinkFuture<'_> {
        Box::pin(async { None })
    }

    fn is_there(&self) -> bool {
        self.is_there.load(Ordering::Relaxed)
    }
}

impl<A: Fn(Question, DuplexStream) + Send + Sync + 'static> Predecessor for Near<A> {
    fn ask(&self, question: Question) -> LinkFuture<'_> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        let fewer = |fails: usize| fails.checked_sub(1);
        let (now, then) = (Ordering::Relaxed, Ordering::Relaxed);
        if question == Question::Stream && self.fails.fetch_update(now, then, fewer).is_ok() {
            return Box::pin(async { None });
        }
        let (own, other) = duplex(1_000);
        (self.answer)(question, other);
        Box::pin(async { Some(Box::new(own) as Box<dyn Link>) })
    }
}
