//! Requests to whoever collects spans.

use std::error::Error;

use adit_net::http::{HeaderMap, Uri, header};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::header::{HeaderName, HeaderValue};
use hyper::{Request, Response};
use hyper_rustls::{HttpsConnector, HttpsConnectorBuilder};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::{Connect, HttpConnector};
use hyper_util::rt::TokioExecutor;

/// Sends requests to one server, each over a connection of its own. Needs a tokio runtime that runs while it sends.
#[derive(Debug)]
pub struct Post {
    way: Way,
    fields: HeaderMap,
}

/// What looks for certificates only where some are needed.
#[derive(Debug)]
enum Way {
    Plain(Client<HttpConnector, Full<Bytes>>),
    Tls(Client<HttpsConnector<HttpConnector>, Full<Bytes>>),
}

/// Nothing can be sent to somebody.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum PostError {
    /// Where he is cannot be read. The text is not shown: it may have a password in it.
    #[error("this is no URL of http or https")]
    NoUrl,
    /// It takes certificates, and those of this machine cannot be read.
    #[error("the certificates that this machine trusts cannot be read: {0}")]
    NoCertificates(String),
}

impl Post {
    /// To the server of this URL, with these header fields in each request. Those that cannot be sent are left out.
    ///
    /// # Errors
    /// It is no URL of http or https, or it takes certificates, and there are none.
    pub fn to<'a>(
        url: &str,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
    ) -> Result<Self, PostError> {
        let url: Uri = url.parse().map_err(|_| PostError::NoUrl)?;
        if url.host().is_none_or(str::is_empty) {
            return Err(PostError::NoUrl);
        }
        // What is parsed counts, not how it is written: `HTTPS:` is https, and what stands in the fields may be secret.
        let way = match url.scheme_str() {
            Some("http") => Way::plain(),
            Some("https") => Way::tls()?,
            _ => return Err(PostError::NoUrl),
        };
        let field = |(name, value): (&str, &str)| {
            let name = HeaderName::try_from(name).ok()?;
            let mut value = HeaderValue::try_from(value).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        };
        Ok(Self {
            way,
            fields: fields.filter_map(field).collect(),
        })
    }

    /// Sends a request, and gives the answer whatever it is. Whoever calls sets the time.
    ///
    /// # Errors
    /// Nobody answers, or more than 64 KiB.
    pub async fn send(
        &self,
        mut request: Request<Bytes>,
    ) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>> {
        let fields = request.headers_mut();
        fields.insert(header::USER_AGENT, HeaderValue::from_static(PROGRAM));
        for (name, value) in &self.fields {
            fields.insert(name, value.clone());
        }
        let request = request.map(Full::new);
        match &self.way {
            Way::Plain(client) => ask(client, request).await,
            Way::Tls(client) => ask(client, request).await,
        }
    }
}

impl Way {
    /// Each refuses an address that is for the other.
    fn plain() -> Self {
        Self::Plain(client(HttpConnector::new()))
    }

    fn tls() -> Result<Self, PostError> {
        let mut tcp = HttpConnector::new();
        // The one around it looks.
        tcp.enforce_http(false);
        let tls = HttpsConnectorBuilder::new()
            .try_with_platform_verifier()
            .map_err(|error| PostError::NoCertificates(error.to_string()))?;
        let tls = tls.https_only().enable_http1().wrap_connector(tcp);
        Ok(Self::Tls(client(tls)))
    }
}

fn client<C>(way: C) -> Client<C, Full<Bytes>>
where
    C: Connect + Clone,
{
    let mut builder = Client::builder(TokioExecutor::new());
    // Nobody looks after one that is kept while nothing is sent.
    builder.pool_max_idle_per_host(0);
    builder.build(way)
}

async fn ask<C>(
    client: &Client<C, Full<Bytes>>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Bytes>, Box<dyn Error + Send + Sync>>
where
    C: Connect + Clone + Send + Sync + 'static,
{
    let (head, body) = client.request(request).await?.into_parts();
    let body = Limited::new(body, ANSWER).collect().await?.to_bytes();
    Ok(Response::from_parts(head, body))
}

const PROGRAM: &str = concat!("adit/", env!("CARGO_PKG_VERSION"));

/// Bytes of an answer, which says at the most how many spans were not wanted.
const ANSWER: usize = 64 << 10;
