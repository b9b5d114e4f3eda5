//! `[log.opentelemetry]`

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::share::Share;
use super::units::{Collector, HeaderField};

/// Spans for an OpenTelemetry collector, by OTLP over HTTP: connections, what they publish and play, recordings, callbacks and relays.
/// It takes a build with `--features otel`.
#[derive(Clone, Debug, Default, Serialize, Deserialize, JsonSchema)]
#[serde(default, deny_unknown_fields)]
pub(crate) struct OpenTelemetry {
    /// Where the collector is; `/v1/traces` is added. The variable `OTEL_EXPORTER_OTLP_ENDPOINT` counts where this is not set, and without
    /// both nothing is sent. Only a program built with `--features otel` takes this and the other keys about it.
    pub(crate) endpoint: Option<Collector>,
    /// What the server is called there. `OTEL_SERVICE_NAME` counts where this is not set; without both it is `adit`.
    pub(crate) service_name: Option<String>,
    /// What is sent with each request, as in `"Authorization=Bearer TOKEN"`. They take the place of those of the same name in
    /// `OTEL_EXPORTER_OTLP_HEADERS`.
    pub(crate) headers: Vec<HeaderField>,
    /// The share of connections and relays whose spans are sent. `OTEL_TRACES_SAMPLER` counts where this is not set; without both it is
    /// all of them.
    pub(crate) share: Option<Share>,
}

impl OpenTelemetry {
    /// Names and values of what is sent with each request.
    #[cfg_attr(not(feature = "otel"), expect(dead_code, reason = "nothing is sent"))]
    pub(crate) fn header_fields(&self) -> impl Iterator<Item = (&str, &str)> {
        self.headers.iter().map(HeaderField::name_and_value)
    }

    /// The first key of the section that is set.
    pub(crate) const fn first_set(&self) -> Option<&'static str> {
        if self.endpoint.is_some() {
            Some("log.opentelemetry.endpoint")
        } else if self.service_name.is_some() {
            Some("log.opentelemetry.service_name")
        } else if !self.headers.is_empty() {
            Some("log.opentelemetry.headers")
        } else if self.share.is_some() {
            Some("log.opentelemetry.share")
        } else {
            None
        }
    }
}
