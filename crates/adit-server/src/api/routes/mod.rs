//! The paths of the API, by what they are about.
#![expect(
    unused_qualifications,
    reason = "what utoipa makes of attributes has some"
)]

pub(super) mod applications;
pub(super) mod connections;
pub(super) mod objects;
pub(super) mod recordings;
pub(super) mod relays;
pub(super) mod server;
pub(super) mod streams;

use std::time::{Duration, Instant, SystemTime};

use serde::Serialize;
use utoipa::ToSchema;

/// Done; there is nothing to say.
#[derive(Serialize, ToSchema)]
pub(super) struct Done {
    /// Always true.
    done: bool,
}

impl Done {
    pub(super) const fn yes() -> axum::Json<Self> {
        axum::Json(Self { done: true })
    }
}

/// Milliseconds since 1970, as JSON has no times.
pub(super) fn unix_ms(at: SystemTime) -> u64 {
    let since = at.duration_since(SystemTime::UNIX_EPOCH);
    milliseconds(since.unwrap_or_default())
}

/// How many seconds ago.
fn seconds_ago(at: Instant) -> u64 {
    at.elapsed().as_secs()
}

fn milliseconds(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}
