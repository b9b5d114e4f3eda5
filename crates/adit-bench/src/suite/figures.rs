//! Figures of one measurement, by name.

use std::{collections::BTreeMap, fmt};

/// A figure; its name ends in its unit where it has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Figure {
    /// Payload that arrived.
    MbitPerS,
    /// What arrived over what should have.
    Share,
    /// CPU seconds of the server for each gigabit of payload delivered.
    CpuSPerGbit,
    /// Cores that the server kept busy.
    Cores,
    /// Cores that the swarm's one thread kept busy: never more than 1.
    LoadCores,
    /// Cores that everything else on the machine kept busy.
    OtherCores,
    /// From the publisher's write to the player's read of video messages.
    VideoP50Us,
    VideoP99Us,
    AudioP50Us,
    /// The latest the publisher has sent a message after it was due.
    PublisherLateUs,
    ResidentBytes,
    BytesPerPlayer,
    BytesPerIdle,
    BytesPerPublisher,
    /// CPU milliseconds of the server for each publisher and second.
    CpuMsPerPublisher,
    /// CPU microseconds of the server for each connection.
    CpuUsPerConnection,
    ConnectionsPerS,
    SetupP50Us,
    StartMs,
    BinaryBytes,
    Faults,
}

impl Figure {
    /// The name in JSON and in progress lines.
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::MbitPerS => "mbit_per_s",
            Self::Share => "share",
            Self::CpuSPerGbit => "cpu_s_per_gbit",
            Self::Cores => "cores",
            Self::LoadCores => "load_cores",
            Self::OtherCores => "other_cores",
            Self::VideoP50Us => "video_delay_p50_us",
            Self::VideoP99Us => "video_delay_p99_us",
            Self::AudioP50Us => "audio_delay_p50_us",
            Self::PublisherLateUs => "publisher_late_us",
            Self::ResidentBytes => "resident_bytes",
            Self::BytesPerPlayer => "bytes_per_player",
            Self::BytesPerIdle => "bytes_per_idle_connection",
            Self::BytesPerPublisher => "bytes_per_publisher",
            Self::CpuMsPerPublisher => "cpu_ms_per_s_and_publisher",
            Self::CpuUsPerConnection => "cpu_us_per_connection",
            Self::ConnectionsPerS => "connections_per_s",
            Self::SetupP50Us => "setup_p50_us",
            Self::StartMs => "start_ms",
            Self::BinaryBytes => "binary_bytes",
            Self::Faults => "faults",
        }
    }
}

/// What one measurement has found.
#[derive(Debug, Clone, Default)]
pub(super) struct Figures(BTreeMap<Figure, f64>);

impl Figures {
    /// Notes a figure, if it is a number.
    pub(super) fn note(&mut self, figure: Figure, value: f64) {
        if value.is_finite() {
            self.0.insert(figure, value);
        }
    }

    pub(super) fn note_some(&mut self, figure: Figure, value: Option<impl Into<f64>>) {
        if let Some(value) = value {
            self.note(figure, value.into());
        }
    }

    pub(super) fn value(&self, figure: Figure) -> Option<f64> {
        self.0.get(&figure).copied()
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (Figure, f64)> {
        self.0.iter().map(|(figure, value)| (*figure, *value))
    }
}

impl fmt::Display for Figures {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, (figure, value)) in self.iter().enumerate() {
            let comma = if number > 0 { ", " } else { "" };
            let digits = if value.abs() < 10.0 { 3 } else { 0 };
            write!(out, "{comma}{} {value:.digits$}", figure.name())?;
        }
        Ok(())
    }
}
