//! A build without OpenTelemetry.

use std::convert::Infallible;
use std::sync::Arc;

use adit_server::TraceContext;

use crate::config::OpenTelemetry;

/// Nobody collects spans.
#[derive(Debug, Default)]
pub(crate) struct Traces(());

/// There is nothing that could go wrong.
pub(crate) type TracesError = Infallible;

impl Traces {
    /// Nothing begins: a configuration that asks for it was refused before.
    #[expect(clippy::unnecessary_wraps, reason = "it can fail in other builds")]
    pub(crate) const fn begin(_asked: &OpenTelemetry) -> Result<Self, TracesError> {
        Ok(Self(()))
    }

    /// Nobody.
    #[expect(clippy::unused_self, reason = "there is somebody in other builds")]
    pub(crate) const fn context(&self) -> Option<Arc<dyn TraceContext>> {
        None
    }

    /// Nothing ends.
    #[expect(clippy::unused_self, reason = "there is something in other builds")]
    pub(crate) const fn end(self) {}
}
