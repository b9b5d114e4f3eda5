//! Spans of the server for an OpenTelemetry collector, in builds with the feature `otel`; elsewhere there are none.
//!
//! ```text
//!  adit-server: span ─▶ layer ─▶ queue (2,048, the rest is lost) ─▶ thread: OTLP over HTTP, each 5 s or 512 spans ─▶ collector
//! ```
//!
//! Whoever makes spans never waits: a collector that is away costs spans and nothing else, and one line in the log each minute.

#[cfg(feature = "otel")]
mod collector;
#[cfg(feature = "otel")]
mod environment;
#[cfg(feature = "otel")]
mod layer;
#[cfg(not(feature = "otel"))]
mod none;
#[cfg(feature = "otel")]
mod numbers;

#[cfg(feature = "otel")]
pub(crate) use self::layer::{Traces, TracesError};
#[cfg(not(feature = "otel"))]
pub(crate) use self::none::{Traces, TracesError};
