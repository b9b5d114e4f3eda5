//! Reading without a buffer per connection.

use crate::limits;
use bytes::{Bytes, BytesMut};
use std::cell::RefCell;
use std::future::Future;
use std::io;
use std::pin::pin;
use std::task::{Context, Poll, ready};
use tokio::io::{AsyncRead, AsyncReadExt};

thread_local! {
    /// Where reads land. What is read is handed out in place; once everybody has dropped his part the
    /// memory is used again, so a busy thread settles on a few blocks however many connections it serves.
    static SCRATCH: RefCell<BytesMut> = RefCell::new(BytesMut::new());
}

/// Reads what is there into memory all connections of the thread share; `None` at the end of the stream.
pub(crate) fn read<S: AsyncRead + Unpin>(
    stream: &mut S,
    cx: &mut Context<'_>,
) -> Poll<io::Result<Option<Bytes>>> {
    SCRATCH.with_borrow_mut(|scratch| {
        scratch.clear();
        if scratch.capacity() < LEAST_ROOM {
            scratch.reserve(limits::READ_BYTES);
        }
        let count = ready!(pin!(stream.read_buf(scratch)).poll(cx))?;
        Poll::Ready(Ok(match count {
            0 => None,
            // A small piece must not hold the whole block for as long as somebody keeps it.
            _ if count <= COPY_UP_TO => Some(Bytes::copy_from_slice(scratch)),
            _ => Some(scratch.split().freeze()),
        }))
    })
}

/// Less room than this is not worth a system call.
const LEAST_ROOM: usize = 16 * 1024;
/// Pieces up to this size are copied out.
const COPY_UP_TO: usize = 4 * 1024;
