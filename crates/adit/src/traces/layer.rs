//! What makes spans of `tracing` those of OpenTelemetry, and sends them.

use std::sync::Arc;
use std::time::Duration;

use adit_server::{SPANS, TraceContext};
use opentelemetry::trace::{TraceContextExt as _, TracerProvider as _};
use opentelemetry::{InstrumentationScope, KeyValue};
use opentelemetry_otlp::{ExporterBuildError, SpanExporter, WithExportConfig as _};
use opentelemetry_otlp::{Protocol, WithHttpConfig as _};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::{Sampler, SdkTracer, SdkTracerProvider};
use thiserror::Error;
use tracing::subscriber::Interest;
use tracing::{Metadata, Span};
use tracing_opentelemetry::{OpenTelemetryLayer, OpenTelemetrySpanExt as _};
use tracing_subscriber::filter::{Filtered, LevelFilter};
use tracing_subscriber::layer::{Context, Filter};
use tracing_subscriber::{Layer as _, Registry};

use super::collector::{Client, ClientError};
use super::environment::{self, PATH, WrongVariable};
use super::numbers::Numbers;
use crate::config::OpenTelemetry;

/// Spans on their way to a collector, if there is one.
#[derive(Debug, Default)]
pub(crate) struct Traces(Option<SdkTracerProvider>);

/// Why no spans can be sent.
#[derive(Debug, Error)]
pub(crate) enum TracesError {
    /// A variable whose content may be secret.
    #[error("spans cannot be sent: {0}")]
    Variable(#[from] WrongVariable),
    /// Something else in the environment.
    #[error("spans cannot be sent: {0}")]
    Unusable(#[from] ExporterBuildError),
    /// Nothing can be sent by HTTP.
    #[error(transparent)]
    Client(#[from] ClientError),
}

/// Takes what is under the log.
pub(crate) type Layer = Filtered<OpenTelemetryLayer<Registry, SdkTracer>, OnlySpans, Registry>;

impl Traces {
    /// Begins, if the configuration or the environment names a collector.
    ///
    /// # Errors
    /// What they say cannot be used.
    pub(crate) fn begin(asked: &OpenTelemetry) -> Result<Self, TracesError> {
        if environment::is_off() {
            return Ok(Self::default());
        }
        let of_file = (asked.endpoint.as_ref()).map(|it| format!("{}{PATH}", it.base()));
        let Some(collector) = of_file.map_or_else(environment::collector, |it| Ok(Some(it)))?
        else {
            return Ok(Self::default());
        };
        environment::check_headers()?;
        // The library shows what it cannot read, so it is given what has been read already.
        let exporter = SpanExporter::builder()
            .with_http()
            .with_protocol(Protocol::HttpBinary)
            .with_http_client(Client::new(&collector, asked.header_fields())?)
            .with_endpoint(collector);
        let mut provider = SdkTracerProvider::builder()
            .with_id_generator(Numbers)
            .with_resource(resource(asked))
            .with_batch_exporter(exporter.build()?);
        if let Some(share) = asked.share {
            let sampler = Sampler::TraceIdRatioBased(share.0);
            provider = provider.with_sampler(Sampler::ParentBased(Box::new(sampler)));
        }
        Ok(Self(Some(provider.build())))
    }

    /// What is to be put under the log, if there is a collector.
    pub(crate) fn layer(&self) -> Option<Layer> {
        let scope = InstrumentationScope::builder("adit").with_version(VERSION);
        let tracer = self.0.as_ref()?.tracer_with_scope(scope.build());
        // None of them is entered but at its end, so there is nothing to be known of threads and of time spent in it.
        let layer = OpenTelemetryLayer::new(tracer)
            .with_location(false)
            .with_threads(false)
            .with_target(false)
            .with_tracked_inactivity(false)
            .with_context_activation(false);
        Some(layer.with_filter(OnlySpans))
    }

    /// What the server has to know of it.
    pub(crate) fn context(&self) -> Option<Arc<dyn TraceContext>> {
        self.0.as_ref()?;
        Some(Arc::new(Names))
    }

    /// Sends what waits, for a few seconds at the most. Blocks.
    pub(crate) fn end(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown_with_timeout(AT_THE_END)
        {
            tracing::warn!(%error, "the last spans were not sent");
        }
    }
}

/// What the server says of itself.
fn resource(asked: &OpenTelemetry) -> Resource {
    let said = Resource::builder().build();
    let said = said.iter().find(|(key, _)| key.as_str() == "service.name");
    let said = said.map(|(_, name)| name.to_string());
    // What the library says of whoever says nothing.
    let said = said.filter(|name| !name.starts_with("unknown_service"));
    let name = asked.service_name.clone().or(said);
    Resource::builder()
        .with_service_name(name.unwrap_or_else(|| "adit".to_owned()))
        .with_attribute(KeyValue::new("service.version", VERSION))
        .build()
}

/// Says how spans are called outside of this process.
#[derive(Debug)]
struct Names;

impl TraceContext for Names {
    fn traceparent(&self, span: &Span) -> Option<String> {
        let context = span.context();
        let span = context.span();
        let known = span.span_context();
        let (trace, span) = (known.trace_id(), known.span_id());
        let flags = known.trace_flags().to_u8();
        known
            .is_valid()
            .then(|| format!("00-{trace}-{span}-{flags:02x}"))
    }
}

/// Lets those spans through that are made for collectors, and nothing that is for the log.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OnlySpans;

impl<S> Filter<S> for OnlySpans {
    fn enabled(&self, metadata: &Metadata<'_>, _: &Context<'_, S>) -> bool {
        metadata.is_span() && metadata.target() == SPANS
    }

    fn callsite_enabled(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.is_span() && metadata.target() == SPANS {
            Interest::always()
        } else {
            Interest::never()
        }
    }

    fn max_level_hint(&self) -> Option<LevelFilter> {
        Some(LevelFilter::TRACE)
    }
}

const VERSION: &str = env!("CARGO_PKG_VERSION");

/// How long the end waits for the collector.
const AT_THE_END: Duration = Duration::from_secs(3);
