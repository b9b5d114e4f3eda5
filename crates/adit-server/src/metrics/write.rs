//! One family of numbers after the other.

use std::fmt;

use prometheus_client::encoding::{
    DescriptorEncoder, EncodeMetric as _, MetricEncoder, NoLabelSet,
};
use prometheus_client::metrics::MetricType;
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;

use crate::control::DelaySnapshot;

/// Writes families.
pub(super) struct Writer<'a>(pub(super) DescriptorEncoder<'a>);

impl Writer<'_> {
    pub(super) fn counter(&mut self, name: &str, help: &str, count: u64) -> fmt::Result {
        let encoder = self.begin(name, help, MetricType::Counter)?;
        ConstCounter::new(count).encode(encoder)
    }

    /// A time that only grows.
    pub(super) fn seconds(&mut self, name: &str, help: &str, seconds: f64) -> fmt::Result {
        let encoder = self.begin(name, help, MetricType::Counter)?;
        ConstCounter::new(seconds).encode(encoder)
    }

    pub(super) fn gauge(&mut self, name: &str, help: &str, value: f64) -> fmt::Result {
        let encoder = self.begin(name, help, MetricType::Gauge)?;
        ConstGauge::new(value).encode(encoder)
    }

    /// A counter for each value of a label.
    pub(super) fn counters(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        all: &[(&'static str, u64)],
    ) -> fmt::Result {
        let mut encoder = self.begin(name, help, MetricType::Counter)?;
        for (value, count) in all {
            let labels = [(label, *value)];
            ConstCounter::new(*count).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    /// The same with numbers that also fall.
    pub(super) fn gauges(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        all: &[(&'static str, u64)],
    ) -> fmt::Result {
        let mut encoder = self.begin(name, help, MetricType::Gauge)?;
        for (value, count) in all {
            let labels = [(label, *value)];
            let count = i64::try_from(*count).unwrap_or(i64::MAX);
            ConstGauge::new(count).encode(encoder.encode_family(&labels)?)?;
        }
        Ok(())
    }

    /// What does not change.
    pub(super) fn info(
        &mut self,
        name: &str,
        help: &str,
        labels: &[(&'static str, &'static str); 1],
    ) -> fmt::Result {
        let mut encoder = self.begin(name, help, MetricType::Info)?;
        encoder.encode_info(labels)
    }

    /// A histogram for each value of a label.
    pub(super) fn histograms(
        &mut self,
        name: &str,
        help: &str,
        label: &'static str,
        all: &[(&'static str, &DelaySnapshot)],
    ) -> fmt::Result {
        let mut encoder = self.begin(name, help, MetricType::Histogram)?;
        for (value, delays) in all {
            let labels = [(label, *value)];
            let buckets: Vec<_> = delays
                .classes()
                .map(|(bound, count)| (bound.map_or(f64::INFINITY, |it| it.as_secs_f64()), count))
                .collect();
            let (sum, count) = (delays.sum().as_secs_f64(), delays.count());
            let mut encoder = encoder.encode_family(&labels)?;
            encoder.encode_histogram::<NoLabelSet>(sum, count, &buckets, None)?;
        }
        Ok(())
    }

    fn begin<'s>(
        &'s mut self,
        name: &'s str,
        help: &str,
        kind: MetricType,
    ) -> Result<MetricEncoder<'s>, fmt::Error> {
        self.0.encode_descriptor(name, help, None, kind)
    }
}
