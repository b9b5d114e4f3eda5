//! A client of the API, for commands of the same program.

use std::time::Duration;

use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::{Request, StatusCode, Uri, header};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use thiserror::Error;

/// Asks the API of a server. Needs a tokio runtime.
#[derive(Debug)]
pub struct ApiClient {
    base: String,
    token: Option<String>,
    client: Client<HttpConnector, Empty<Bytes>>,
}

/// Why there is no answer of an API.
#[derive(Debug, Error)]
#[non_exhaustive]
pub enum ApiClientError {
    /// The address is none.
    #[error("{0:?} is no address of an API; write it as in http://127.0.0.1:9350")]
    Address(String),
    /// Nobody answers there.
    #[error("the API is not reached: {0}")]
    Unreachable(String),
    /// It takes too long.
    #[error("the API does not answer within {} s", PATIENCE.as_secs())]
    TooLate,
    /// The token is missing or wrong.
    #[error("the API does not take the token")]
    Unauthorized,
    /// It answers something else.
    #[error("the API answers with status {status}: {words}")]
    Status {
        /// The status of HTTP.
        status: u16,
        /// What it says.
        words: String,
    },
    /// What answers is no API.
    #[error("what answers there is no API of Adit")]
    Other,
}

impl ApiClient {
    /// For the API at `http://HOST:PORT`; without a token only health is told.
    ///
    /// # Errors
    /// The address is none.
    pub fn new(base: &str, token: Option<String>) -> Result<Self, ApiClientError> {
        let wrong = || ApiClientError::Address(base.to_owned());
        let uri: Uri = base.parse().map_err(|_| wrong())?;
        let has_host = uri.host().is_some_and(|host| !host.is_empty());
        if uri.scheme_str() != Some("http") || !has_host {
            return Err(wrong());
        }
        let mut connector = HttpConnector::new();
        connector.set_connect_timeout(Some(PATIENCE));
        let client = Client::builder(TokioExecutor::new())
            .pool_timer(TokioTimer::new())
            .build(connector);
        Ok(Self {
            base: base.trim_end_matches('/').to_owned(),
            token,
            client,
        })
    }

    /// What is at `path`, as in `/api/v1/server`, whatever the status.
    ///
    /// # Errors
    /// Nobody answers, or not with JSON.
    pub async fn ask(&self, path: &str) -> Result<(u16, Value), ApiClientError> {
        let asked = tokio::time::timeout(PATIENCE, self.send(path)).await;
        let (status, body) = asked.map_err(|_| ApiClientError::TooLate)??;
        let value = serde_json::from_slice(&body).map_err(|_| ApiClientError::Other)?;
        Ok((status.as_u16(), value))
    }

    /// What is at `path`, as in `/api/v1/server`.
    ///
    /// # Errors
    /// Nobody answers, or something else than what was asked for.
    pub async fn get(&self, path: &str) -> Result<Value, ApiClientError> {
        match self.ask(path).await? {
            (200, value) => Ok(value),
            (401, _) => Err(ApiClientError::Unauthorized),
            (status, value) => {
                let words = value.get("message").and_then(Value::as_str);
                Err(ApiClientError::Status {
                    status,
                    words: words.unwrap_or("it does not say why").to_owned(),
                })
            }
        }
    }

    async fn send(&self, path: &str) -> Result<(StatusCode, Bytes), ApiClientError> {
        let unreachable = |error: &(dyn std::error::Error + 'static)| {
            ApiClientError::Unreachable(innermost(error))
        };
        let mut request = Request::get(format!("{}{path}", self.base));
        if let Some(token) = &self.token {
            request = request.header(header::AUTHORIZATION, format!("Bearer {token}"));
        }
        let request = request
            .body(Empty::new())
            .map_err(|_| ApiClientError::Address(self.base.clone()))?;
        let response = self.client.request(request).await;
        let (head, body) = response.map_err(|error| unreachable(&error))?.into_parts();
        let body = Limited::new(body, ANSWER_BYTES).collect().await;
        let body = body.map_err(|error| unreachable(&*error))?.to_bytes();
        Ok((head.status, body))
    }
}

fn innermost(error: &(dyn std::error::Error + 'static)) -> String {
    let mut error = error;
    while let Some(cause) = error.source() {
        error = cause;
    }
    match error.downcast_ref() {
        Some(error) => adit_net::in_words(error),
        None => error.to_string(),
    }
}

/// Longer than any page of the API.
const ANSWER_BYTES: usize = 16 << 20;

/// How long an answer may take.
const PATIENCE: Duration = Duration::from_secs(5);
