//! Whether the server lives, and whether it may be given more to do.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;

use super::{Api, blocking};
use crate::memory::Shortage;

/// A server whose tasks get their turns later than this is stuck.
const LAG: Duration = Duration::from_secs(1);

/// How long the disk may take to say how full it is.
const DISK: Duration = Duration::from_secs(2);

/// What was found.
#[derive(Serialize)]
struct Health {
    /// Whether all is well.
    ok: bool,
    /// What is not.
    problems: Vec<Trouble>,
}

/// Something that is not well.
#[derive(Clone, Copy, Serialize)]
struct Trouble {
    /// What programs know it by; it stays what it is.
    code: &'static str,
    /// The same for people.
    message: &'static str,
}

const fn trouble(code: &'static str, message: &'static str) -> Trouble {
    Trouble { code, message }
}

/// Whether the tasks of the server get their turns.
pub(super) async fn alive(State(api): State<Arc<Api>>) -> Response {
    let is_stuck = api.control.server().lag > LAG;
    let late = trouble("late", "tasks get their turns more than a second late");
    answer(&[(is_stuck, late)])
}

/// Whether it may be given more to do.
pub(super) async fn ready(State(api): State<Arc<Api>>) -> Response {
    let server = api.control.server();
    let control = api.control.clone();
    let asked = tokio::time::timeout(DISK, blocking(move || control.has_room())).await;
    let has_room = matches!(asked, Ok(Ok(true)));
    answer(&[
        (
            !server.is_serving,
            trouble("not_serving", "the ports are not served"),
        ),
        // Whoever was on the way when another process took over asks about an address that goes on.
        (
            server.is_draining && !api.control.has_handed_over(),
            trouble("draining", "the server is draining"),
        ),
        (
            server.shortage >= Shortage::Hard,
            trouble("memory", "the server is short of memory and lets nobody in"),
        ),
        (
            !has_room,
            trouble(
                "disk",
                "the disk for recordings is nearly full, or does not answer",
            ),
        ),
    ])
}

fn answer(found: &[(bool, Trouble)]) -> Response {
    let wrong = found.iter().filter(|(is_wrong, _)| *is_wrong);
    let problems: Vec<_> = wrong.map(|(_, trouble)| *trouble).collect();
    let ok = problems.is_empty();
    let status = if ok {
        StatusCode::OK
    } else {
        StatusCode::SERVICE_UNAVAILABLE
    };
    (status, Json(Health { ok, problems })).into_response()
}
