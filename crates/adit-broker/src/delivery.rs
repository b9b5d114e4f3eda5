//! What a reader receives.

use std::sync::Arc;
use std::time::Instant;

use crate::{PublisherInfo, SharedFrame};

/// One run of a stream, from publish to unpublish.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct PublicationInfo {
    /// Counts publications of this broker, from 1.
    pub id: u64,
    /// Who publishes.
    pub publisher: PublisherInfo,
    /// Since when.
    pub since: Instant,
}

/// What [`Subscription::poll_next`](crate::Subscription::poll_next) hands out.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Delivery {
    /// A publication began, or was under way when the reader came.
    Started {
        /// Which one.
        publication: Arc<PublicationInfo>,
    },
    /// The next frame.
    Frame(Arc<SharedFrame>),
    /// The reader was too slow: this many frames were left out, and what follows are metadata and
    /// sequence headers again, then a key frame.
    Skipped {
        /// How many frames of the log the reader will not see.
        frames: u64,
    },
    /// The publication ended; the subscription stays and waits for the next one.
    Stopped {
        /// Which one.
        publication: Arc<PublicationInfo>,
    },
}
