//! A file as its reader gives it, read at any place.

use std::io::{self, Read, Seek, SeekFrom};

/// What is read at once where a few bytes are asked for.
const WINDOW_BYTES: usize = 4096;
/// How much of a long read is set aside before its bytes are there.
const EAGER_BYTES: usize = 64 * 1024;

/// A source that is read at any place, with the few kilobytes that were looked at last at hand.
///
/// Its length is that of the moment it was opened, so of a file that grows a beginning is read.
#[derive(Debug)]
pub(crate) struct Source<S> {
    inner: S,
    len: u64,
    window: Vec<u8>,
    /// Where the window begins.
    start: u64,
    /// Where the source stands, if that is known.
    at: Option<u64>,
}

impl<S: Read + Seek> Source<S> {
    pub(crate) fn new(mut inner: S) -> io::Result<Self> {
        let len = inner.seek(SeekFrom::End(0))?;
        Ok(Self {
            inner,
            len,
            window: Vec::new(),
            start: 0,
            at: Some(len),
        })
    }

    pub(crate) const fn len(&self) -> u64 {
        self.len
    }

    /// What lies at `offset`: `most` bytes, at most 4096, or fewer where the source ends.
    pub(crate) fn peek(&mut self, offset: u64, most: usize) -> io::Result<&[u8]> {
        let most = most.min(WINDOW_BYTES).min(self.left(offset));
        if self.held(offset).len() < most {
            let mut window = std::mem::take(&mut self.window);
            window.clear();
            self.fill(offset, WINDOW_BYTES.min(self.left(offset)), &mut window)?;
            self.window = window;
            self.start = offset;
        }
        let held = self.held(offset);
        Ok(held.get(..most).unwrap_or(held))
    }

    /// `len` bytes at `offset`; `None` where the source ends before.
    pub(crate) fn read(&mut self, offset: u64, len: usize) -> io::Result<Option<Vec<u8>>> {
        self.read_behind(&[], offset, len)
    }

    /// `front`, and `len` bytes at `offset` behind it; `None` where the source ends before.
    pub(crate) fn read_behind(
        &mut self,
        front: &[u8],
        offset: u64,
        len: usize,
    ) -> io::Result<Option<Vec<u8>>> {
        if self.left(offset) < len {
            return Ok(None);
        }
        let held = self.held(offset);
        let held = held.get(..len).unwrap_or(held);
        let whole = front.len().saturating_add(len);
        let mut out = Vec::with_capacity(whole.min(EAGER_BYTES));
        out.extend_from_slice(front);
        out.extend_from_slice(held);
        let from = offset.saturating_add(u64::try_from(held.len()).unwrap_or(u64::MAX));
        self.fill(from, whole.saturating_sub(out.len()), &mut out)?;
        if out.len() < whole {
            return Ok(None);
        }
        out.shrink_to_fit();
        Ok(Some(out))
    }

    /// Bytes from `offset` to the end.
    fn left(&self, offset: u64) -> usize {
        usize::try_from(self.len.saturating_sub(offset)).unwrap_or(usize::MAX)
    }

    fn held(&self, offset: u64) -> &[u8] {
        let skipped = offset
            .checked_sub(self.start)
            .and_then(|skipped| usize::try_from(skipped).ok());
        skipped
            .and_then(|skipped| self.window.get(skipped..))
            .unwrap_or_default()
    }

    /// Appends up to `len` bytes at `offset`; fewer if the source has become shorter.
    fn fill(&mut self, offset: u64, len: usize, out: &mut Vec<u8>) -> io::Result<()> {
        if len == 0 {
            return Ok(());
        }
        if self.at.take() != Some(offset) {
            self.inner.seek(SeekFrom::Start(offset))?;
        }
        let limit = u64::try_from(len).unwrap_or(u64::MAX);
        let read = (&mut self.inner).take(limit).read_to_end(out)?;
        self.at = offset.checked_add(u64::try_from(read).unwrap_or(u64::MAX));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
