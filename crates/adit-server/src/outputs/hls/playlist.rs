//! Playlists [RFC 8216, and its second edition for what is about parts].

use std::fmt::Write as _;

use super::segmenter::Lengths;
use super::window::{End, Init, Segment, Window};

/// The playlist of all renditions, of which there is one: what comes in.
///
/// `query` is added to every address, so that whoever may read this may read the rest.
pub(super) fn multivariant(window: &Window, query: &str) -> Option<String> {
    let init = window.init()?;
    // It does not say that segments are independent: of all there will be nobody knows [RFC 8216 4.3.5.1].
    let mut out = String::from("#EXTM3U\n#EXT-X-VERSION:6\n");
    // What is not known yet is taken for usual.
    let bandwidth = if window.peak == 0 {
        USUAL_BANDWIDTH
    } else {
        window.peak
    };
    write(
        &mut out,
        format_args!(
            "#EXT-X-STREAM-INF:BANDWIDTH={bandwidth},CODECS=\"{}\"",
            init.codecs
        ),
    );
    if let Some((width, height)) = init.size {
        write(&mut out, format_args!(",RESOLUTION={width}x{height}"));
    }
    if let Some(rate) = frame_rate(init) {
        write(&mut out, format_args!(",FRAME-RATE={rate}"));
    }
    write(&mut out, format_args!("\n{MEDIA}{query}\n"));
    Some(out)
}

/// The name of the playlist with the segments.
pub(super) const MEDIA: &str = "media.m3u8";
/// Bits a second of a stream of which no segment is whole.
const USUAL_BANDWIDTH: u64 = 2_000_000;

fn frame_rate(init: &Init) -> Option<String> {
    let step = init.step.filter(|step| *step > 0)?;
    // Timestamps are whole milliseconds: 33 and 34 are 30 pictures a second, 16 and 17 are 60.
    let usual = [24, 25, 30, 50, 60, 120];
    let rounded = |rate: &i64| (1000 / rate..=(1000 + rate - 1) / rate).contains(&step);
    let rate = usual.into_iter().find(rounded).unwrap_or(1000 / step);
    Some(format!("{rate}.000"))
}

/// How much of a playlist is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Extent {
    All,
    /// Without segments that whoever asks has known for long.
    New,
}

/// The playlist with the segments.
pub(super) fn media(window: &Window, lengths: Lengths, query: &str, extent: Extent) -> String {
    let target = target_seconds(window, lengths);
    let (segments, discontinuities) = window.listed();
    let first = segments.clone().next().map_or(0, |segment| segment.number);
    let mut out = String::with_capacity(4096);
    out.push_str("#EXTM3U\n#EXT-X-VERSION:9\n");
    write(&mut out, format_args!("#EXT-X-TARGETDURATION:{target}\n"));
    let known = target.saturating_mul(SKIP_TARGETS);
    let is_over = window.end == Some(End::Over);
    if !is_over {
        promises(&mut out, known, part_target(window, lengths));
    }
    write(&mut out, format_args!("#EXT-X-MEDIA-SEQUENCE:{first}\n"));
    if discontinuities > 0 {
        write(
            &mut out,
            format_args!("#EXT-X-DISCONTINUITY-SEQUENCE:{discontinuities}\n"),
        );
    }
    if segments.clone().all(Segment::independent) {
        out.push_str("#EXT-X-INDEPENDENT-SEGMENTS\n");
    }
    let skipped = match extent {
        Extent::New if !is_over => skipped(segments.clone(), known.saturating_mul(1_000)),
        _ => 0,
    };
    if skipped > 0 {
        write(
            &mut out,
            format_args!("#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n"),
        );
    }
    let parts_from = window.head().saturating_sub(SEGMENTS_WITH_PARTS);
    let longest = part_target(window, lengths);
    let mut init = None;
    for segment in segments.skip(skipped) {
        let with_parts = !is_over && segment.number >= parts_from;
        segment_lines(&mut out, segment, query, &mut init, (with_parts, longest));
    }
    if is_over {
        out.push_str("#EXT-X-ENDLIST\n");
    } else if window.end.is_none() {
        let (segment, part) = window.next_part();
        let run = &window.run;
        write(
            &mut out,
            format_args!(
                "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"{run}-{segment}.{part}.m4s{query}\"\n"
            ),
        );
    } else {
        // What comes next comes from the server that has taken over. (hls.js 1.7 wants a tag behind the last segment where there are parts.)
        out.push_str("#EXT-X-DISCONTINUITY\n");
    }
    out
}

/// What a player may ask for, and how close to the edge it may be.
fn promises(out: &mut String, known: i64, part: i64) {
    let (part, hold_back) = (seconds(part), seconds(part.saturating_mul(3)));
    write(
        out,
        format_args!(
            "#EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL={known}.000,PART-HOLD-BACK={hold_back}\n"
        ),
    );
    write(out, format_args!("#EXT-X-PART-INF:PART-TARGET={part}\n"));
}

/// The longest that a part is, in milliseconds: what was announced, and before there is anything, what is to be.
fn part_target(window: &Window, lengths: Lengths) -> i64 {
    window.targets.part.unwrap_or(lengths.part)
}

/// Whether a part is too far in the future to be waited for [RFC 8216bis 6.2.5.2]: that of three seconds, and more than three.
pub(super) fn is_too_far(window: &Window, lengths: Lengths, segment: u64, part: usize) -> bool {
    let ahead = i64::try_from(window.ahead(segment, part)).unwrap_or(i64::MAX);
    let target = part_target(window, lengths).min(ADVANCE / 3);
    ahead.saturating_mul(target) > ADVANCE
}

/// How far ahead parts may be asked for, in milliseconds, if they are shorter than a third of it.
const ADVANCE: i64 = 3_000;

/// A playlist without what is known goes back so many target durations, which is as few as may be.
const SKIP_TARGETS: i64 = 6;

/// How many segments lie before the last so many `milliseconds`.
fn skipped<'a>(segments: impl Iterator<Item = &'a Segment> + Clone, milliseconds: i64) -> usize {
    let all: i64 = segments.clone().map(Segment::milliseconds).sum();
    let mut left = all;
    segments
        .take_while(|segment| {
            left = left.saturating_sub(segment.milliseconds());
            left >= milliseconds
        })
        .count()
}

/// Parts are listed of so many segments before the one that is being made.
const SEGMENTS_WITH_PARTS: u64 = 2;

/// The longest that a segment is, in whole seconds: what was announced, and before there is anything, what is to be.
pub(super) fn target_seconds(window: &Window, lengths: Lengths) -> i64 {
    let wanted = lengths.segment.saturating_add(999) / 1000;
    window.targets.segment.unwrap_or(wanted).max(1)
}

fn segment_lines<'a>(
    out: &mut String,
    segment: &'a Segment,
    query: &str,
    init: &mut Option<(&'a str, u32)>,
    (with_parts, longest): (bool, i64),
) {
    let run = &*segment.init.run;
    let number = segment.number;
    if segment.discontinuity {
        out.push_str("#EXT-X-DISCONTINUITY\n");
    }
    let id = segment.init.id;
    if init.replace((run, id)) != Some((run, id)) {
        write(
            out,
            format_args!("#EXT-X-MAP:URI=\"{run}-{id}.mp4{query}\"\n"),
        );
    }
    if let Some(date) = segment.date {
        let date = humantime::format_rfc3339_millis(date);
        write(out, format_args!("#EXT-X-PROGRAM-DATE-TIME:{date}\n"));
    }
    if with_parts || !segment.whole {
        for (index, part) in segment.parts.iter().enumerate() {
            // One that became longer, for a picture came late, lasts for more than it says: that must not change either.
            let length = seconds(part.milliseconds.min(longest));
            let independent = if part.independent {
                ",INDEPENDENT=YES"
            } else {
                ""
            };
            write(
                out,
                format_args!(
                    "#EXT-X-PART:DURATION={length},URI=\"{run}-{number}.{index}.m4s{query}\"{independent}\n"
                ),
            );
        }
    }
    if segment.whole {
        let length = seconds(segment.milliseconds());
        write(
            out,
            format_args!("#EXTINF:{length},\n{run}-{number}.m4s{query}\n"),
        );
    }
}

/// Milliseconds as seconds with three places.
fn seconds(milliseconds: i64) -> String {
    let milliseconds = milliseconds.max(0);
    format!("{}.{:03}", milliseconds / 1000, milliseconds % 1000)
}

fn write(out: &mut String, text: std::fmt::Arguments<'_>) {
    // Strings take whatever they are given.
    out.write_fmt(text).unwrap_or_default();
}

#[cfg(test)]
mod tests;
