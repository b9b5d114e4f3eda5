//! Arguments of `play`, `play2`, `publish`, `pause` and `seek`.

use std::{fmt, time::Duration};

use adit_amf::{
    Text,
    amf0::{Object, Value},
};

use super::shown::without_query;

/// What `play` wants to see first: its `start` argument.
///
/// The specification counts in seconds, all clients in milliseconds. Exactly −2, −2000, −1 and
/// −1000 are the two flags, any number above 0 is milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PlayStart {
    /// −2, also when absent: the live stream; else the recording; else wait for the live stream.
    #[default]
    LiveOrRecorded,
    /// −1: the live stream only; wait for it if it is not there.
    Live,
    /// 0: the recording from its beginning; where there is none, the live stream, for rtmpdump
    /// without `--live` asks for 0 whatever it means.
    Beginning,
    /// The recording only, from this time on. All of it is asked for by a fraction of a millisecond.
    Recorded {
        /// Milliseconds from the beginning of the recording.
        from_ms: u32,
    },
}

impl PlayStart {
    /// What this number means; nonsense (NaN, other negative numbers) is the default.
    pub fn from_number(number: f64) -> Self {
        const LIVE_OR_RECORDED: [f64; 2] = [-2.0, -2000.0];
        const LIVE: [f64; 2] = [-1.0, -1000.0];
        if LIVE.contains(&number) {
            Self::Live
        } else if number.is_nan() || number < 0.0 || LIVE_OR_RECORDED.contains(&number) {
            Self::LiveOrRecorded
        } else if number == 0.0 {
            Self::Beginning
        } else {
            Self::Recorded {
                from_ms: milliseconds(number),
            }
        }
    }

    /// The number that librtmp and ffmpeg would send.
    pub fn to_number(self) -> f64 {
        match self {
            Self::LiveOrRecorded => -2000.0,
            Self::Live => -1000.0,
            Self::Beginning => 0.0,
            Self::Recorded { from_ms: 0 } => 0.5,
            Self::Recorded { from_ms } => f64::from(from_ms),
        }
    }
}

/// How long to play: the `duration` argument of `play`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum PlayDuration {
    /// −1 or any negative number, also when absent: to the end.
    #[default]
    All,
    /// 0: the single frame at the start.
    SingleFrame,
    /// At most so long.
    Limited {
        /// Milliseconds.
        ms: u32,
    },
}

impl PlayDuration {
    /// What this number means; NaN is the default.
    pub fn from_number(number: f64) -> Self {
        if number.is_nan() || number < 0.0 {
            Self::All
        } else {
            match milliseconds(number) {
                0 => Self::SingleFrame,
                ms => Self::Limited { ms },
            }
        }
    }

    /// The number on the wire.
    pub fn to_number(self) -> f64 {
        match self {
            Self::All => -1.0,
            Self::SingleFrame => 0.0,
            Self::Limited { ms } => f64::from(ms),
        }
    }
}

/// What happens to the playlist of the stream: the `reset` argument of `play`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Playlist {
    /// true or 1, also when absent: flush it and play now.
    #[default]
    Reset,
    /// false or 0: play after what is on it.
    Append,
    /// 2: like [`Append`](Self::Append), with all data messages of a recording at once.
    AppendDataAtOnce,
    /// 3: like [`Reset`](Self::Reset), with all data messages of a recording at once.
    ResetDataAtOnce,
}

impl Playlist {
    /// What this number means; numbers without meaning are the default.
    pub fn from_number(number: f64) -> Self {
        const MEANINGS: [(f64, Playlist); 3] = [
            (0.0, Playlist::Append),
            (2.0, Playlist::AppendDataAtOnce),
            (3.0, Playlist::ResetDataAtOnce),
        ];
        let known = |(value, _): &&(f64, Self)| (*value - number).abs() < 0.5;
        MEANINGS
            .iter()
            .find(known)
            .map_or(Self::Reset, |(_, meaning)| *meaning)
    }

    /// Whether what is on the playlist goes away.
    pub const fn is_reset(self) -> bool {
        matches!(self, Self::Reset | Self::ResetDataAtOnce)
    }

    /// The value on the wire: booleans where they suffice.
    pub fn to_value(self) -> Value {
        match self {
            Self::Reset => true.into(),
            Self::Append => false.into(),
            Self::AppendDataAtOnce => 2.0.into(),
            Self::ResetDataAtOnce => 3.0.into(),
        }
    }
}

/// The arguments of `play` [RTMP 7.2.2.1].
#[derive(Clone, PartialEq)]
pub struct Play {
    /// The name as it came, with prefix and query.
    pub name: Text,
    /// Live or from where.
    pub start: PlayStart,
    /// For how long.
    pub duration: PlayDuration,
    /// Instead of or after what is playing.
    pub playlist: Playlist,
}

impl Play {
    /// Plays `name`, live if it is live, at once.
    pub fn new(name: impl Into<Text>) -> Self {
        Self {
            name: name.into(),
            start: PlayStart::default(),
            duration: PlayDuration::default(),
            playlist: Playlist::default(),
        }
    }
}

/// The arguments of `play2`: the options object of a switch between streams [RTMP 7.2.2.2].
#[derive(Clone, PartialEq)]
pub struct Play2 {
    /// The stream to go to, as it came.
    pub name: Text,
    /// The stream to leave, if it was named.
    pub old_name: Option<Text>,
    /// Live or from where.
    pub start: PlayStart,
    /// For how long.
    pub duration: PlayDuration,
    /// How to go over: `switch`, `swap`, `append`, `appendAndWait`, `reset`, `resume` or `stop`.
    pub transition: Option<Text>,
    /// The options object as it came.
    pub options: Object,
}

impl Play2 {
    /// Goes over to `name`, live if it is live, in the way that `transition` names.
    pub fn new(name: impl Into<Text>, transition: impl Into<Text>) -> Self {
        let (name, transition) = (name.into(), transition.into());
        let options = Object::new()
            .with("streamName", name.clone())
            .with("transition", transition.clone());
        Self {
            name,
            old_name: None,
            start: PlayStart::default(),
            duration: PlayDuration::default(),
            transition: Some(transition),
            options,
        }
    }

    /// The `play` that says the same, for transitions that need nothing that plays: `append` and
    /// `appendAndWait` put something behind all else, `reset` and `resume` play it at once.
    pub fn as_play(&self) -> Option<Play> {
        let is = |words: [&str; 2]| {
            let transition = self.transition.as_deref().unwrap_or_default();
            words
                .iter()
                .any(|word| word.eq_ignore_ascii_case(transition))
        };
        let playlist = if is(["append", "appendAndWait"]) {
            Playlist::Append
        } else if is(["reset", "resume"]) {
            Playlist::Reset
        } else {
            return None;
        };
        Some(Play {
            name: self.name.clone(),
            start: self.start,
            duration: self.duration,
            playlist,
        })
    }

    /// Reads the options object; `None` if it has no `streamName` string.
    pub fn from_object(options: &Object) -> Option<Self> {
        let text = |name| {
            options
                .property_ignore_case(name)
                .and_then(Value::as_text)
                .cloned()
        };
        let number = |name| {
            options
                .property_ignore_case(name)
                .and_then(Value::as_number)
        };
        Some(Self {
            name: text("streamName")?,
            old_name: text("oldStreamName"),
            start: number("start").map_or_else(PlayStart::default, PlayStart::from_number),
            duration: number("len").map_or_else(PlayDuration::default, PlayDuration::from_number),
            transition: text("transition"),
            options: options.clone(),
        })
    }
}

/// What becomes of a published stream besides being live: the `type` argument of `publish`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
#[non_exhaustive]
pub enum PublishKind {
    /// `live`, also when absent: nothing.
    #[default]
    Live,
    /// `record`: a new recording replaces an older one.
    Record,
    /// `append`: the recording is continued, or begun.
    Append,
    /// `appendWithGap`: continued, with the time that has passed left as a gap.
    AppendWithGap,
}

impl PublishKind {
    /// Reads the word without regard to case; whoever writes anything else means
    /// [live](Self::Live).
    pub fn parse(text: &str) -> Option<Self> {
        [Self::Live, Self::Record, Self::Append, Self::AppendWithGap]
            .into_iter()
            .find(|kind| kind.as_str().eq_ignore_ascii_case(text))
    }

    /// The word on the wire. The ingest of `YouTube` insists on exactly `live`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Live => "live",
            Self::Record => "record",
            Self::Append => "append",
            Self::AppendWithGap => "appendWithGap",
        }
    }
}

/// The arguments of `publish` [RTMP 7.2.2.6].
#[derive(Clone, PartialEq)]
pub struct Publish {
    /// The name as it came, with prefix and query.
    pub name: Text,
    /// What becomes of the stream.
    pub kind: PublishKind,
    /// Whether `kind` is what the publisher said; else that was an unknown word.
    pub is_kind_known: bool,
}

impl Publish {
    /// Publishes this name as this.
    pub fn new(name: impl Into<Text>, kind: PublishKind) -> Self {
        Self {
            name: name.into(),
            kind,
            is_kind_known: true,
        }
    }
}

/// What `pause` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PauseState {
    /// Stop sending.
    Paused,
    /// Go on.
    Playing,
}

/// Whether one kind of media is wanted: `receiveAudio` and `receiveVideo`.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
#[non_exhaustive]
pub enum Receive {
    /// All of it; after [`Off`](Self::Off) beginning with a key frame.
    #[default]
    On,
    /// None of it.
    Off,
    /// At most so many frames a second, above 0.
    FramesPerSecond(f64),
}

impl Receive {
    /// What a number of frames a second means: 0 or less is off, nonsense is on.
    pub fn from_number(number: f64) -> Self {
        if !number.is_finite() {
            Self::On
        } else if number <= 0.0 {
            Self::Off
        } else {
            Self::FramesPerSecond(number)
        }
    }
}

/// Without the query of the name.
impl fmt::Debug for Play {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Play")
            .field("name", &without_query(&self.name))
            .field("start", &self.start)
            .field("duration", &self.duration)
            .field("playlist", &self.playlist)
            .finish()
    }
}

/// Without the queries of the names.
impl fmt::Debug for Play2 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Play2")
            .field("name", &without_query(&self.name))
            .field("old_name", &self.old_name.as_ref().map(without_query))
            .field("transition", &self.transition)
            .finish_non_exhaustive()
    }
}

/// Without the query of the name.
impl fmt::Debug for Publish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("name", &without_query(&self.name))
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// Milliseconds of a number from the wire: the fraction is cut off, NaN and negative numbers are 0,
/// too large ones the largest.
pub(crate) fn milliseconds(number: f64) -> u32 {
    Value::Number(number)
        .as_u32()
        .unwrap_or(if number > 0.0 { u32::MAX } else { 0 })
}

/// The milliseconds of a duration, modulo 2^32, for clocks on the wire.
pub(crate) fn wrapping_ms(duration: Duration) -> u32 {
    let ms = duration.as_millis() & u128::from(u32::MAX);
    u32::try_from(ms).unwrap_or_default()
}
