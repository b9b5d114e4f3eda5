use std::time::{Duration, Instant};

use adit_amf::amf0::Value;
use adit_rtmp::command::BandwidthDialect;

use super::{Measurement, Next};
use crate::limits::{BANDWIDTH_BYTES, BANDWIDTH_TIME};

/// Measures a line of so many bytes a second, both ways of which take `latency`; gives what is told and how long it took.
fn measure(bytes_a_second: u32, latency: Duration) -> (Vec<f64>, Duration, usize) {
    let begun = Instant::now();
    let mut now = begun;
    let mut largest = 0;
    let (mut measurement, mut argument) = Measurement::begin(now, BandwidthDialect::Native);
    loop {
        let bytes = argument.as_str().map_or(0, str::len);
        largest = largest.max(bytes);
        now += latency + Duration::from_secs(1) * u32::try_from(bytes).unwrap() / bytes_a_second;
        match measurement.answered(now) {
            Next::Probe(next) => argument = next,
            Next::Done(results) => {
                let results = results.iter().map(|value| value.as_number().unwrap());
                return (results.collect(), now - begun, largest);
            }
        }
    }
}

#[test]
fn the_bandwidth_is_found_whatever_the_latency() {
    for (bytes_a_second, latency_ms) in [
        (125_000, 5_u8),
        (125_000, 100),
        (2_000_000, 20),
        (20_000, 1),
    ] {
        let (found, ..) = measure(bytes_a_second, Duration::from_millis(latency_ms.into()));
        let expected = f64::from(bytes_a_second) * 8.0 / 1000.0;
        assert!(
            (found[0] / expected - 1.0).abs() < 0.1,
            "{found:?} on a line of {expected} kbit/s"
        );
        assert!(
            (found[0] * found[2] / found[1] - 1.0).abs() < 0.1,
            "{found:?}"
        );
        assert!((found[3] - f64::from(latency_ms)).abs() < 1.0, "{found:?}");
    }
}

#[test]
fn a_measurement_is_bounded_in_bytes_and_time() {
    let (_, _, largest) = measure(1_000_000_000, Duration::from_millis(1));
    assert_eq!(largest, BANDWIDTH_BYTES);
    // One that needs so long for the smallest probe is not sent another.
    let (found, took, largest) = measure(4_000, Duration::from_millis(50));
    assert_eq!(largest, 16 * 1024);
    assert!((found[0] - 32.0).abs() < 1.0, "{found:?}");
    let (_, took_longer, _) = measure(40_000, Duration::from_millis(50));
    assert!(took_longer < BANDWIDTH_TIME && took < Duration::from_secs(5));
}

#[test]
fn nothing_is_told_of_a_line_that_answered_nothing() {
    let (measurement, first) = Measurement::begin(Instant::now(), BandwidthDialect::Old);
    assert_eq!(first, Value::Null);
    assert_eq!(measurement.results(), []);
}
