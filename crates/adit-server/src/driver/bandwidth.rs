//! Measuring the line to a client.

use std::time::Instant;

use adit_amf::Text;
use adit_amf::amf0::Value;
use adit_rtmp::command::BandwidthDialect;
use tracing::debug;

use super::SessionDriver;
use super::calls::Caller;
use crate::application::Bandwidth;
use crate::bandwidth::{Measurement, Next};

/// What is to be measured of a line, and what is being measured.
#[derive(Default)]
pub(super) struct Line {
    pub(super) when: Bandwidth,
    measurement: Option<Measurement>,
}

impl SessionDriver {
    /// The client wants to be measured. It has had an answer, which is all that some want.
    pub(super) fn asked_to_measure(&mut self, now: Instant, dialect: BandwidthDialect) {
        if dialect == BandwidthDialect::Native || self.guest.bandwidth.when == Bandwidth::AtOnce {
            self.measure(now, dialect);
        }
    }

    /// Begins to measure; a measurement that is under way stands for this one too.
    pub(super) fn measure(&mut self, now: Instant, dialect: BandwidthDialect) {
        if self.guest.bandwidth.measurement.is_none() {
            let (measurement, argument) = Measurement::begin(now, dialect);
            self.guest.bandwidth.measurement = Some(measurement);
            self.probe(now, dialect, argument);
        }
    }

    pub(super) fn probe_answered(&mut self, now: Instant) {
        let Some(measurement) = &mut self.guest.bandwidth.measurement else {
            return;
        };
        let dialect = measurement.dialect();
        match measurement.answered(now) {
            Next::Probe(argument) => self.probe(now, dialect, argument),
            Next::Done(results) => self.measured(results),
        }
    }

    /// The client does not answer any more.
    pub(super) fn measured_so_far(&mut self) {
        if let Some(measurement) = &self.guest.bandwidth.measurement {
            let results = measurement.results();
            self.measured(results);
        }
    }

    fn probe(&mut self, now: Instant, dialect: BandwidthDialect, argument: Value) {
        let method = Text::from_static(dialect.probe());
        match self.session.call(method, vec![argument]) {
            Ok(transaction) => self.await_answer(now, transaction, Caller::Measurement),
            Err(error) => {
                debug!(%error, "bandwidth not measured");
                self.measured_so_far();
            }
        }
    }

    fn measured(&mut self, results: Vec<Value>) {
        if let Some(measurement) = self.guest.bandwidth.measurement.take() {
            let method = Text::from_static(measurement.dialect().done());
            if let Err(error) = self.session.notify(method, results) {
                debug!(%error, "bandwidth not told");
            }
        }
    }
}
