//! The two formats in which numbers are asked for.

/// How numbers are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// `OpenMetrics` 1.0, for those who ask for it.
    Open,
    /// The text format of Prometheus, 0.0.4, which everything reads.
    Plain,
}

impl Format {
    /// What is asked for by the `Accept` of a request: `OpenMetrics` where it is named and not refused.
    pub(crate) fn wanted<'a>(accept: impl IntoIterator<Item = &'a str>) -> Self {
        let mut ranges = accept.into_iter().flat_map(|field| field.split(','));
        let names_open = |range: &str| {
            let mut parts = range.split(';').map(str::trim);
            let kind = parts.next().unwrap_or_default();
            let is_refused = |it: &str| {
                let quality = it.strip_prefix("q=").and_then(|it| it.parse::<f32>().ok());
                quality.is_some_and(|quality| quality <= 0.0)
            };
            kind.eq_ignore_ascii_case("application/openmetrics-text") && !parts.any(is_refused)
        };
        if ranges.any(names_open) {
            Self::Open
        } else {
            Self::Plain
        }
    }

    /// The type of a response.
    pub(crate) const fn content_type(self) -> &'static str {
        match self {
            Self::Open => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Plain => "text/plain; version=0.0.4; charset=utf-8",
        }
    }
}

/// A text of `OpenMetrics` in the format of Prometheus: families are called as their series are, there is no type for what never changes,
/// and nothing says that it is whole.
pub(super) fn plain(open: &str) -> String {
    let mut text = String::with_capacity(open.len());
    let mut lines = open.lines().peekable();
    while let Some(line) = lines.next() {
        if line == "# EOF" {
            continue;
        }
        let described = line
            .strip_prefix("# HELP ")
            .and_then(|it| it.split_once(' '));
        let typed = lines.peek().and_then(|next| next.strip_prefix("# TYPE "));
        let kind = typed.and_then(|typed| typed.split_once(' '));
        if let (Some((name, help)), Some((_, kind))) = (described, kind) {
            let (suffix, kind) = match kind {
                "counter" => ("_total", "counter"),
                "info" => ("_info", "gauge"),
                kind => ("", kind),
            };
            text.extend(["# HELP ", name, suffix, " ", help, "\n"]);
            text.extend(["# TYPE ", name, suffix, " ", kind, "\n"]);
            lines.next();
            continue;
        }
        text.push_str(line);
        text.push('\n');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_format_knows_no_info_and_calls_families_as_their_series() {
        let open = "\
# HELP adit_build The server.
# TYPE adit_build info
adit_build_info{version=\"1\"} 1
# HELP adit_plays Plays.
# TYPE adit_plays counter
adit_plays_total{transport=\"rtmp\"} 3
# HELP adit_ready Ready.
# TYPE adit_ready gauge
adit_ready 1.0
# EOF
";
        let expected = "\
# HELP adit_build_info The server.
# TYPE adit_build_info gauge
adit_build_info{version=\"1\"} 1
# HELP adit_plays_total Plays.
# TYPE adit_plays_total counter
adit_plays_total{transport=\"rtmp\"} 3
# HELP adit_ready Ready.
# TYPE adit_ready gauge
adit_ready 1.0
";
        assert_eq!(plain(open), expected);
    }

    #[test]
    fn openmetrics_is_for_those_who_ask_for_it() {
        for (accept, expected) in [
            (&[][..], Format::Plain),
            (&["*/*"], Format::Plain),
            (&["text/plain;version=0.0.4"], Format::Plain),
            (&["application/openmetrics-text;q=0, */*"], Format::Plain),
            (
                &[
                    "application/openmetrics-text;version=1.0.0,text/plain;version=0.0.4;q=0.5,*/*;q=0.1",
                ],
                Format::Open,
            ),
            (
                &["text/plain", "Application/OpenMetrics-Text; q=0.5"],
                Format::Open,
            ),
        ] {
            assert_eq!(
                Format::wanted(accept.iter().copied()),
                expected,
                "{accept:?}"
            );
        }
    }
}
