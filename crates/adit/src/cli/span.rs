//! Lengths of time as people write them.

use std::time::Duration;

/// `5s`, `1m30s`, `250ms`, and a bare number of seconds as in `5` or `0.5`.
pub(crate) fn parse(text: &str) -> Result<Duration, String> {
    let seconds = is_number(text).then(|| text.parse().ok()).flatten();
    let seconds = seconds.map(Duration::try_from_secs_f64);
    let parsed = match seconds {
        Some(seconds) => seconds.ok(),
        None => humantime::parse_duration(text).ok(),
    };
    parsed
        .filter(|span| !span.is_zero() && *span <= LONGEST)
        .ok_or_else(|| "not a length of time; write it as in 5s, 1m30s or 250ms".to_owned())
}

/// The same, and 0.
pub(crate) fn parse_or_zero(text: &str) -> Result<Duration, String> {
    match text {
        "0" | "0s" => Ok(Duration::ZERO),
        _ => parse(text),
    }
}

/// Whether it is a number as people write it: `inf` and `1e3` are none.
pub(crate) fn is_number(text: &str) -> bool {
    let is_figure = |byte: u8| byte.is_ascii_digit() || byte == b'.';
    text.bytes().all(is_figure) && text.parse::<f64>().is_ok()
}

/// A year: nothing here lasts longer, and clocks can add it.
const LONGEST: Duration = Duration::from_hours(365 * 24);
