//! One request to a callback.

use adit_net::http::header;
use bytes::Bytes;
use hmac::{Hmac, Mac as _};
use http_body_util::{BodyExt as _, Full, LengthLimitError, Limited};
use hyper::Request;
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::{TokioExecutor, TokioTimer};
use serde_json::Value;
use sha2::Sha256;

use super::answer::Answer;
use super::url::CallbackUrl;
use super::{Secret, cause};
use crate::limits::CALLBACK_ANSWER;
use crate::spans::Trace;

/// Why there is no answer.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Failure {
    #[error("did not answer in time")]
    TooLate,
    #[error("answered more than 16 KiB")]
    TooLong,
    #[error("answered with status {0}")]
    Status(u16),
    #[error("answered with what looks like JSON and is not")]
    NotJson,
    #[error("gave a name that no stream can have")]
    BadName,
    #[error("gave a redirect that is no URL")]
    BadRedirect,
    #[error("cannot be reached: {0}")]
    Unreachable(String),
    #[error("failed so often that it is left alone for a while")]
    Rests,
}

/// Sends requests, and keeps connections for the next ones.
#[derive(Debug)]
pub(super) struct Poster {
    /// Nothing where the certificates of the system cannot be read.
    client: Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, String>,
    secret: Option<Secret>,
}

impl Poster {
    pub(super) fn new(secret: Option<Secret>) -> Self {
        Self {
            client: client(),
            secret,
        }
    }

    /// Asks, and once more where the connection failed. Whoever calls sets the time.
    pub(super) async fn ask(
        &self,
        url: &CallbackUrl,
        body: &Value,
        trace: &Trace,
    ) -> Result<Answer, Failure> {
        let body = Bytes::from(body.to_string());
        match self.send(url, &body, trace).await {
            Err(Failure::Unreachable(_)) => self.send(url, &body, trace).await,
            answered => answered,
        }
    }

    async fn send(
        &self,
        url: &CallbackUrl,
        body: &Bytes,
        trace: &Trace,
    ) -> Result<Answer, Failure> {
        let client = self
            .client
            .as_ref()
            .map_err(|error| Failure::Unreachable(error.clone()))?;
        let unreachable =
            |error: &(dyn std::error::Error + 'static)| Failure::Unreachable(cause(error));
        let mut request = Request::post(url.uri())
            .header(header::CONTENT_TYPE, "application/json")
            .header(
                header::USER_AGENT,
                concat!("adit/", env!("CARGO_PKG_VERSION")),
            );
        if let Some(code) = self.signature(body) {
            request = request.header("Adit-Signature", code);
        }
        if let Some(parent) = trace.traceparent() {
            request = request.header("traceparent", parent);
        }
        let request = request
            .body(Full::new(body.clone()))
            .map_err(|error| unreachable(&error))?;
        let response = client
            .request(request)
            .await
            .map_err(|error| unreachable(&error))?;
        let (head, body) = response.into_parts();
        let collected = Limited::new(body, CALLBACK_ANSWER).collect().await;
        let body = collected.map_err(|error| {
            if error.is::<LengthLimitError>() {
                Failure::TooLong
            } else {
                unreachable(&*error)
            }
        })?;
        Answer::read(head.status, &body.to_bytes())
    }

    fn signature(&self, body: &Bytes) -> Option<String> {
        let Secret(secret) = self.secret.as_ref()?;
        let mac = Hmac::<Sha256>::new_from_slice(secret).ok()?;
        let code = mac.chain_update(body).finalize().into_bytes();
        Some(format!("sha256={}", hex::encode(code)))
    }
}

fn client() -> Result<Client<HttpsConnector<HttpConnector>, Full<Bytes>>, String> {
    let mut http = HttpConnector::new();
    http.enforce_http(false);
    http.set_nodelay(true);
    let https = HttpsConnectorBuilder::new()
        .try_with_platform_verifier()
        .map_err(|error| cause(&error))?
        .https_or_http()
        .enable_http1()
        .wrap_connector(http);
    let mut builder = Client::builder(TokioExecutor::new());
    builder
        .pool_timer(TokioTimer::new())
        .pool_max_idle_per_host(IDLE_CONNECTIONS);
    Ok(builder.build(https))
}

/// Connections kept for the next question.
const IDLE_CONNECTIONS: usize = 8;
