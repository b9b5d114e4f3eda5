//! How many file descriptors may be in use before accepting rests.
//!
//! The system gives every new descriptor the lowest number that is free, so a descriptor with the number *n* says that
//! at that moment all *n* below it were in use, whatever for: connections, files, listening sockets.

use crate::config::AdmissionConfig;
#[cfg(unix)]
use std::os::fd::{AsFd, AsRawFd};

/// From which number on a descriptor is one of the last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Descriptors {
    stop_at: Option<u64>,
}

impl Descriptors {
    /// Measured by what this process may have now.
    pub(super) fn of_this_process(config: &AdmissionConfig) -> Self {
        #[cfg(unix)]
        let most = rustix::process::getrlimit(rustix::process::Resource::Nofile).current;
        #[cfg(not(unix))]
        let most = None;
        Self::of(most, config)
    }

    /// `most` is how many the process may have; `None` for any number.
    fn of(most: Option<u64>, config: &AdmissionConfig) -> Self {
        let stop_at = most.map(|most| {
            let part = most / 100 * u64::from(config.descriptors_percent)
                + most % 100 * u64::from(config.descriptors_percent) / 100;
            let reserve = config.descriptors_reserve.min(most / 2);
            part.min(most - reserve)
        });
        Self { stop_at }
    }

    #[cfg(unix)]
    fn is_one_of_the_last(self, descriptor: &impl AsRawFd) -> bool {
        // Descriptors are never negative; one that were would not be scarce.
        let number = u64::try_from(descriptor.as_raw_fd()).unwrap_or(0);
        self.stop_at.is_some_and(|stop_at| number >= stop_at)
    }
}

#[cfg(unix)]
impl Descriptors {
    /// Whether `newest`, the descriptor opened last, is one of the last.
    pub(super) fn are_scarce(self, newest: &impl AsRawFd) -> bool {
        self.is_one_of_the_last(newest)
    }

    /// Whether the next descriptor would be; asks the system for one, a copy of `any`, and gives it back.
    pub(super) fn would_be_scarce(self, any: &impl AsFd) -> bool {
        self.stop_at.is_some()
            && any
                .as_fd()
                .try_clone_to_owned()
                .map_or(true, |copy| self.is_one_of_the_last(&copy))
    }
}

#[cfg(not(unix))]
impl Descriptors {
    #[expect(clippy::unused_self, reason = "elsewhere there is something to ask")]
    pub(super) fn are_scarce<T>(self, _: &T) -> bool {
        false
    }

    #[expect(clippy::unused_self, reason = "elsewhere there is something to ask")]
    pub(super) fn would_be_scarce<T>(self, _: &T) -> bool {
        false
    }
}

#[cfg(test)]
mod tests;
