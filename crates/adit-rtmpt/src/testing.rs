//! A starting point for the virtual clock of tests.

use std::time::Instant;

#[expect(
    clippy::disallowed_methods,
    reason = "tests start their virtual clock somewhere"
)]
pub(crate) fn start() -> Instant {
    Instant::now()
}
