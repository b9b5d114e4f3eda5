//! A file that is read for somebody, and only for as long as he waits for it.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::sync::{Arc, Weak};

/// Whoever wants what is read.
pub(super) type Interest = Arc<()>;

/// A file that cannot be read any more once nobody wants what is in it: a walk through all of a large one ends then.
#[derive(Debug)]
pub(super) struct Watched {
    file: File,
    interest: Weak<()>,
}

impl Watched {
    pub(super) const fn new(file: File, interest: Weak<()>) -> Self {
        Self { file, interest }
    }
}

impl Read for Watched {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if self.interest.strong_count() == 0 {
            return Err(io::Error::other("nobody waits for it any more"));
        }
        self.file.read(buffer)
    }
}

impl Seek for Watched {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        self.file.seek(to)
    }
}
