//! The wait for an application to let us in.

use std::pin::Pin;
use std::task::{Context, Poll};

use adit_rtmp::command::Connect;
use tokio::runtime::Handle;
use tokio_util::task::TaskTracker;

use super::attempt::{Answer, ask, poll_answer};
use crate::link::{Link, Lost};

/// Asks for an application; gives back the answer, and the link it came by. Dropped before, it leaves a task behind that closes the
/// link: the server would keep a session that nobody knows of.
pub(super) struct Asking<'a> {
    /// Until there is an answer.
    link: Option<Box<Link>>,
    /// Until it is sent.
    connect: Option<Connect>,
    closing: &'a TaskTracker,
}

impl<'a> Asking<'a> {
    pub(super) fn new(link: Box<Link>, connect: Connect, closing: &'a TaskTracker) -> Self {
        Self {
            link: Some(link),
            connect: Some(connect),
            closing,
        }
    }
}

impl Future for Asking<'_> {
    type Output = (Result<Answer, Lost>, Box<Link>);

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        // Whoever has had his answer gets no other.
        let Some(mut link) = self.link.take() else {
            return Poll::Pending;
        };
        let asked = self.connect.take().map(|connect| ask(&mut link, connect));
        let answer = match asked {
            Some(Err(lost)) => Poll::Ready(Err(lost)),
            _ => poll_answer(&mut link, cx),
        };
        match answer {
            Poll::Ready(answer) => Poll::Ready((answer, link)),
            Poll::Pending => {
                self.link = Some(link);
                Poll::Pending
            }
        }
    }
}

impl Drop for Asking<'_> {
    fn drop(&mut self) {
        // Without a runtime there are no connections any more.
        if let Some(link) = self.link.take()
            && let Ok(runtime) = Handle::try_current()
        {
            self.closing.spawn_on(link.close(), &runtime);
        }
    }
}
