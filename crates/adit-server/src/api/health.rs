//! Whether the server lives, and whether it may be given more to do.

use std::sync::Arc;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Serialize;
use tokio::sync::Semaphore;

use super::{Api, blocking};
use crate::memory::Shortage;

/// A server whose tasks get their turns later than this is stuck.
const LAG: Duration = Duration::from_secs(1);

/// How long the disk may take to say how full it is.
const DISK: Duration = Duration::from_secs(2);

/// A question that may block for ever, which one asks at a time: a disk that hangs costs one thread, however many probes there are.
#[derive(Debug)]
pub(super) struct Question(Arc<Semaphore>);

impl Default for Question {
    fn default() -> Self {
        Self(Arc::new(Semaphore::new(1)))
    }
}

impl Question {
    /// None if there is no answer in time.
    async fn ask<T: Send + 'static>(
        &self,
        within: Duration,
        question: impl FnOnce() -> T + Send + 'static,
    ) -> Option<T> {
        let turn = Arc::clone(&self.0);
        let asked = async {
            let turn = turn.acquire_owned().await.ok()?;
            let question = move || (question(), turn);
            let (answer, _turn) = blocking(question).await.ok()?;
            Some(answer)
        };
        tokio::time::timeout(within, asked).await.ok()?
    }
}

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
    let has_room = api.disk.ask(DISK, move || control.has_room()).await;
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
            has_room != Some(true),
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

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicUsize, Ordering};
    use std::sync::mpsc;

    use super::*;

    #[tokio::test]
    async fn a_disk_that_hangs_costs_one_thread_however_many_ask() {
        let question = Question::default();
        let calls = Arc::<AtomicUsize>::default();
        let (answers, answer) = mpsc::channel();
        let counted = Arc::clone(&calls);
        let hangs = move || {
            counted.fetch_add(1, Ordering::Relaxed);
            answer.recv().unwrap_or(false)
        };
        let soon = Duration::from_millis(20);
        assert_eq!(question.ask(soon, hangs).await, None);
        for _ in 0..20 {
            let counted = Arc::clone(&calls);
            let another = move || {
                counted.fetch_add(1, Ordering::Relaxed);
                true
            };
            assert_eq!(question.ask(soon, another).await, None);
        }
        assert_eq!(calls.load(Ordering::Relaxed), 1);
        answers.send(true).unwrap();
        let in_time = Duration::from_secs(20);
        assert_eq!(question.ask(in_time, || true).await, Some(true));
    }
}
