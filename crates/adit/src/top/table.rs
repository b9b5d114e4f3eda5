//! The lines about a server and its streams.

use std::time::Duration;

use super::look::{Look, Stream, Track};
use super::view::Sort;
use crate::columns::{Side, clipped, lines};
use crate::progress::{BitRate, Clock};

/// The server as a whole, and its transports. Rates need the look before.
pub(super) fn head(now: &Look, before: Option<&Look>) -> Vec<String> {
    let server = &now.server;
    let connections: u64 = server.transports.values().map(|it| it.connections).sum();
    let up = Clock(Duration::from_secs(server.uptime_seconds));
    let version = clipped(&server.version, WORD);
    let mut parts = vec![
        format!("adit {version}"),
        format!("up {up}"),
        format!("{connections} connections"),
        format!("{} streams", now.total),
    ];
    if let (Some(half), Some(most)) = (server.delay.p50_ms, server.delay.p99_ms) {
        parts.push(format!("delay {half:.0} ms, 99 % within {most:.0} ms"));
    }
    if server.lag_ms > LATE_MS {
        parts.push(format!("tasks are {} ms late", server.lag_ms));
    }
    if server.draining {
        parts.push("draining".to_owned());
    }
    let names = [
        "transport",
        "connections",
        "publishers",
        "players",
        "in",
        "out",
    ];
    let mut rows = vec![names.map(str::to_owned).to_vec()];
    for (name, transport) in &server.transports {
        let is_idle =
            transport.connections == 0 && transport.publishers == 0 && transport.players == 0;
        if is_idle {
            continue;
        }
        let earlier = before.and_then(|look| look.server.transports.get(name));
        let seconds = before.map(|look| now.at.saturating_duration_since(look.at));
        let rate = |now: u64, before: Option<u64>| match (before, seconds) {
            (Some(before), Some(span)) => bit_rate(now.saturating_sub(before), span),
            _ => NONE.to_owned(),
        };
        rows.push(vec![
            clipped(name, WORD),
            transport.connections.to_string(),
            transport.publishers.to_string(),
            transport.players.to_string(),
            rate(
                transport.received_bytes,
                earlier.map(|it| it.received_bytes),
            ),
            rate(transport.sent_bytes, earlier.map(|it| it.sent_bytes)),
        ]);
    }
    let mut text = vec![parts.join("   "), String::new()];
    let figures = [Side::Right; 5];
    let sides: Vec<_> = [Side::Left].into_iter().chain(figures).collect();
    text.extend(lines(&rows, &sides));
    text.push(String::new());
    text
}

/// A row for each stream, with names as long as the terminal lets them be.
pub(super) fn streams(streams: &[&Stream], sort: Sort, columns: usize) -> Vec<String> {
    let mark = |of: Sort, text: &str| {
        if of == sort {
            format!("{text}*")
        } else {
            text.to_owned()
        }
    };
    let mut rows = vec![vec![
        mark(Sort::Name, "stream"),
        mark(Sort::BitRate, "bit rate"),
        mark(Sort::Players, "players"),
        mark(Sort::Time, "time"),
        "skips".to_owned(),
        "video".to_owned(),
        "audio".to_owned(),
        String::new(),
    ]];
    let longest = columns
        .saturating_sub(OTHER_COLUMNS)
        .clamp(SHORTEST_NAME, LONGEST_NAME);
    rows.extend(streams.iter().map(|stream| row(stream, longest)));
    let figures = [Side::Right; 4];
    let words = [Side::Left; 3];
    let sides: Vec<_> = [Side::Left]
        .into_iter()
        .chain(figures)
        .chain(words)
        .collect();
    lines(&rows, &sides)
}

fn row(stream: &Stream, longest: usize) -> Vec<String> {
    let place = match stream.instance.as_str() {
        "" | "_definst_" => stream.application.clone(),
        instance => format!("{}/{instance}", stream.application),
    };
    let time = stream.live_seconds.map(Duration::from_secs);
    vec![
        clipped(&format!("{place}/{}", stream.name), longest),
        stream
            .bits_per_second
            .map_or_else(|| NONE.to_owned(), |bits| BitRate(bits).to_string()),
        stream.players.to_string(),
        time.map_or_else(|| "waits".to_owned(), |time| Clock(time).to_string()),
        stream.skips.to_string(),
        stream.video.first().map_or_else(String::new, video),
        stream
            .audio
            .first()
            .map_or_else(String::new, |track| clipped(&track.codec, WORD)),
        if stream.recorded { "rec" } else { "" }.to_owned(),
    ]
}

fn video(track: &Track) -> String {
    let codec = clipped(&track.codec, WORD);
    match (track.width, track.height) {
        (Some(width), Some(height)) => format!("{codec} {width}x{height}"),
        _ => codec,
    }
}

fn bit_rate(bytes: u64, span: Duration) -> String {
    let bits = u128::from(bytes).saturating_mul(8_000);
    let rate = bits.checked_div(span.as_millis()).unwrap_or(0);
    BitRate(u64::try_from(rate).unwrap_or(u64::MAX)).to_string()
}

/// Nothing is known yet.
const NONE: &str = "·";

/// Tasks that are a little late are as they should be.
const LATE_MS: u64 = 100;

/// The longest version, name of a transport or codec.
const WORD: usize = 16;

/// What the columns beside the name take.
const OTHER_COLUMNS: usize = 75;
const SHORTEST_NAME: usize = 12;
const LONGEST_NAME: usize = 100;
