//! Whether a viewer may see a stream: the one place where outputs ask.

use adit_net::http::{HttpBody, Response};

use super::place::Place;
use super::request::Asked;

/// Asks whether `place` may be seen.
///
/// # Errors
/// The response that says no.
#[expect(
    clippy::unused_async,
    reason = "the answer may take time once there is somebody to ask"
)]
pub(super) async fn allowed(asked: &Asked, place: &Place) -> Result<(), Box<Response<HttpBody>>> {
    tracing::trace!(peer = %asked.info.peer, application = place.key.application(), "a viewer");
    Ok(())
}
