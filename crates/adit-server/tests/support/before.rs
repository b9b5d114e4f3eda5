//! The server before this one, for tests of what is done after a takeover.

use adit_server::{Asker, Elsewhere, Link, LinkFuture, Predecessor, Question, Visitors};
use tokio::io::duplex;

/// A server in the same process that was taken over from.
#[derive(Debug)]
pub(crate) struct Before(pub(crate) Visitors);

impl Elsewhere for Before {
    fn connect(&self, _: Asker) -> LinkFuture<'_> {
        Box::pin(async { None })
    }

    fn is_there(&self) -> bool {
        true
    }
}

impl Predecessor for Before {
    fn ask(&self, question: Question) -> LinkFuture<'_> {
        let (own, other) = duplex(4096);
        self.0.answer(question, other);
        Box::pin(async { Some(Box::new(own) as Box<dyn Link>) })
    }
}
