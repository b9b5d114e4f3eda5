//! What a viewer asks for.

use std::time::Duration;

use adit_net::CarrierInfo;
use adit_net::http::{HeaderMap, Method, Request, RequestBody, Uri, header};
use adit_rtmp::command::Query;

use crate::limits::outputs::WAIT;

/// A request without its body, which no output reads.
pub(super) struct Asked {
    pub(super) method: Method,
    pub(super) uri: Uri,
    pub(super) fields: HeaderMap,
    pub(super) info: CarrierInfo,
}

impl Asked {
    pub(super) fn new(request: Request<RequestBody>, info: &CarrierInfo) -> Self {
        let (head, _) = request.into_parts();
        Self {
            method: head.method,
            uri: head.uri,
            fields: head.headers,
            info: info.clone(),
        }
    }

    /// A header field, if it is text.
    pub(super) fn field(&self, name: header::HeaderName) -> Option<&str> {
        self.fields.get(name)?.to_str().ok()
    }

    pub(super) fn query(&self) -> Query {
        Query::from(self.uri.query().unwrap_or_default())
    }

    /// The query without what players by HLS add to it.
    pub(super) fn own_query(&self) -> String {
        let query = self.uri.query().unwrap_or_default();
        let kept: Vec<&str> = query
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("_HLS_"))
            .collect();
        kept.join("&")
    }

    /// The host that the viewer believes to talk to, as RTMP clients name it: in lower case, without port.
    pub(super) fn vhost(&self) -> String {
        let query = self.query();
        let asked = query.value("vhost").filter(|vhost| !vhost.is_empty());
        let host = asked
            .or_else(|| self.uri.host())
            .or_else(|| self.field(header::HOST).map(without_port))
            .unwrap_or_default();
        host.trim_end_matches('.').to_ascii_lowercase()
    }

    /// How long to wait for a stream that is not live: `?wait=SECONDS`.
    pub(super) fn patience(&self) -> Duration {
        patience(&self.query())
    }
}

fn patience(query: &Query) -> Duration {
    let seconds = query.value("wait").and_then(|text| text.parse().ok());
    seconds
        .map_or(Duration::ZERO, Duration::from_secs)
        .min(WAIT)
}

fn without_port(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

#[cfg(test)]
mod tests;
