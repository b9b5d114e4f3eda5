//! Requests to a collector, on the thread that sends spans.

use std::future::{Future, ready};
use std::io;
use std::pin::Pin;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use adit_server::{Post, PostError};
use opentelemetry_http::{Bytes, HttpClient, HttpError, Request, Response};
use thiserror::Error;
use tokio::runtime::Runtime;

/// Why nothing can be sent by HTTP.
#[derive(Debug, Error)]
pub(crate) enum ClientError {
    /// What the operating system says.
    #[error("spans cannot be sent: {0}")]
    System(#[from] io::Error),
    /// There is no way to the collector.
    #[error("spans cannot be sent: {0}")]
    Post(#[from] PostError),
}

/// Sends requests with a runtime of its own: neither does the server wait for it, nor does it wait for the server.
#[derive(Debug)]
pub(super) struct Client {
    runtime: Runtime,
    post: Post,
    collector: String,
    told: Mutex<Option<Instant>>,
}

impl Client {
    /// Sends to `collector`, and these headers with all that is sent.
    ///
    /// # Errors
    /// It is no URL, or there is no TLS, or no runtime.
    pub(super) fn new<'a>(
        collector: &str,
        headers: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, ClientError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()?;
        Ok(Self {
            post: Post::to(collector, headers)?,
            runtime,
            collector: without_secrets(collector),
            told: Mutex::default(),
        })
    }

    fn send(&self, request: Request<Bytes>) -> Result<Response<Bytes>, HttpError> {
        let answered = self.runtime.block_on(async {
            let answered = tokio::time::timeout(PATIENCE, self.post.send(request)).await;
            answered.unwrap_or_else(|_| Err("it does not answer".into()))
        });
        match &answered {
            Ok(response) if response.status().is_success() => {}
            Ok(response) => self.tell(&format!("it answers {}", response.status())),
            Err(error) => self.tell(&cause(&**error)),
        }
        answered
    }

    /// Tells it now and then.
    fn tell(&self, error: &str) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.is_none_or(|at| at.elapsed() >= BETWEEN_LINES) {
            *told = Some(Instant::now());
            drop(told);
            let collector = &self.collector;
            tracing::warn!(%collector, error, "the collector takes no spans; they are lost, and nothing else is");
        }
    }
}

impl HttpClient for Client {
    /// Blocks: the thread has nothing else to do.
    fn send_bytes<'this, 'sending>(
        &'this self,
        request: Request<Bytes>,
    ) -> Pin<Box<dyn Future<Output = Result<Response<Bytes>, HttpError>> + Send + 'sending>>
    where
        'this: 'sending,
        Self: 'sending,
    {
        Box::pin(ready(self.send(request)))
    }
}

/// What is behind all other errors says the most.
fn cause(error: &(dyn std::error::Error + 'static)) -> String {
    let mut last = error;
    while let Some(source) = last.source() {
        last = source;
    }
    last.to_string()
}

/// The address as the log may have it: one that comes from the environment may have a password in it, or a query.
fn without_secrets(url: &str) -> String {
    let url = url.split('?').next().unwrap_or_default();
    match url.split_once("://") {
        Some((scheme, rest)) => {
            let (place, path) = rest.split_at(rest.find('/').unwrap_or(rest.len()));
            let host = place.rsplit('@').next().unwrap_or_default();
            format!("{scheme}://{host}{path}")
        }
        None => url.to_owned(),
    }
}

/// How long a collector has to take a batch, as the specification of OTLP has it.
const PATIENCE: Duration = Duration::from_secs(10);

/// The shortest time between two lines that say that it takes none.
const BETWEEN_LINES: Duration = Duration::from_mins(1);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_from_the_environment_is_told_without_its_secrets() {
        for (given, told) in [
            ("http://127.0.0.1:4318", "http://127.0.0.1:4318"),
            ("https://me:hush@host/otlp?key=hush", "https://host/otlp"),
            ("https://host?key=hush@x/y", "https://host"),
        ] {
            assert_eq!(without_secrets(given), told);
        }
    }
}
