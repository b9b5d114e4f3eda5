//! What the clip is to be, as text and as numbers.

use std::fmt;
use std::str::FromStr;

use super::padding;
use super::picture::CELL;
use super::{PatternError, PictureRate};
use crate::limits::FLV_TAG_BYTES;

pub(super) const SMALLEST: u16 = 96;
pub(super) const LARGEST: u16 = 4096;
const MOST_KBPS: u32 = 100_000;
pub(super) const LONGEST_KEY_SECONDS: u16 = 60;

/// Levels of H.264: its number, macroblocks a second, macroblocks a picture, kbit/s [H264 table A-1].
const LEVELS: [(u8, u32, u32, u32); 9] = [
    (30, 40_500, 1_620, 10_000),
    (31, 108_000, 3_600, 14_000),
    (32, 216_000, 5_120, 20_000),
    (40, 245_760, 8_192, 20_000),
    (41, 245_760, 8_192, 50_000),
    (42, 522_240, 8_704, 50_000),
    (50, 589_824, 22_080, 135_000),
    (51, 983_040, 36_864, 240_000),
    (52, 2_073_600, 36_864, 240_000),
];

/// What the test clip is to be; always something that can be made.
///
/// As text it begins with `pattern:`, then come parts in any order with commas between them, each at most once:
///
/// | part | means | without it |
/// |---|---|---|
/// | `1280x720`, `1280x720@30`, `@30` | width and height, even, 96 to 4096; pictures a second, 1 to 120, or 23.976, 29.97, 59.94, 119.88 | 640x360@30 |
/// | `2500k`, `2.5M` | bit rate of the video in kbit/s or Mbit/s, up to 100M and 10 MiB a picture; 0k leaves it as small as it is | 500k |
/// | `key=2` | seconds from key frame to key frame, 1 to 60, by the rate rounded up | 2 |
/// | `no-audio` | video alone | a beep each second |
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PatternOptions {
    width: u16,
    height: u16,
    rate: PictureRate,
    video_kbps: u32,
    key_seconds: u16,
    sound: PatternSound,
    level: u8,
}

/// What is to be heard.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum PatternSound {
    /// A tone of 1 kHz for 85 ms each second, in AAC-LC, 48 kHz, stereo.
    #[default]
    Beep,
    /// There is no audio track.
    None,
}

impl Default for PatternOptions {
    /// 640x360 at 30 pictures a second, 500 kbit/s, a key frame every 2 s, a beep each second.
    fn default() -> Self {
        Self {
            width: 640,
            height: 360,
            rate: PictureRate::THIRTY,
            video_kbps: 500,
            key_seconds: 2,
            sound: PatternSound::Beep,
            level: 30,
        }
    }
}

impl PatternOptions {
    /// Pixels from left to right.
    pub const fn width(&self) -> u16 {
        self.width
    }

    /// Pixels from top to bottom.
    pub const fn height(&self) -> u16 {
        self.height
    }

    /// Pictures a second.
    pub const fn rate(&self) -> PictureRate {
        self.rate
    }

    /// The bit rate that video is brought to, in kbit/s; 0 when it is left as small as it is.
    pub const fn video_kbps(&self) -> u32 {
        self.video_kbps
    }

    /// Pictures from key frame to key frame.
    pub const fn gop(&self) -> u32 {
        // Both are small: at most 60 · 120.
        self.key_seconds as u32 * self.rate.nominal() as u32
    }

    /// What is to be heard.
    pub const fn sound(&self) -> PatternSound {
        self.sound
    }

    /// The level of H.264, times ten.
    pub(super) const fn level(&self) -> u8 {
        self.level
    }

    /// The same, if servers and readers of files take its messages.
    fn carried(self) -> Result<Self, PatternError> {
        let bytes = padding::largest_message(&self);
        if bytes > u64::from(FLV_TAG_BYTES) {
            return Err(PatternError::Message {
                kbps: self.video_kbps,
                rate: self.rate,
                bytes,
            });
        }
        Ok(self)
    }

    /// The same with the level it needs.
    fn levelled(mut self) -> Result<Self, PatternError> {
        let [columns, rows] = [self.width, self.height].map(|side| u32::from(side.div_ceil(CELL)));
        let size = columns * rows;
        let fits = |(_, each_second, each_picture, kbps): &&(u8, u32, u32, u32)| {
            size <= *each_picture
                && columns.max(rows).pow(2) <= each_picture * 8
                && size * u32::from(self.rate.nominal()) <= *each_second
                && self.video_kbps <= *kbps
        };
        let (level, ..) = LEVELS.iter().find(fits).ok_or(PatternError::TooMuch {
            width: self.width,
            height: self.height,
            rate: self.rate,
        })?;
        self.level = *level;
        Ok(self)
    }
}

impl FromStr for PatternOptions {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let not = || PatternError::NotPattern {
            text: text.to_owned(),
        };
        let parts = text.strip_prefix("pattern:").ok_or_else(not)?;
        let mut options = Self::default();
        let mut said = Vec::new();
        for part in parts.split(',').filter(|_| !parts.is_empty()) {
            for topic in options.take(part)? {
                if said.contains(&topic) {
                    return Err(PatternError::Repeated {
                        part: part.to_owned(),
                    });
                }
                said.push(topic);
            }
        }
        options.carried()?.levelled()
    }
}

/// What a part is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Topic {
    Size,
    Fps,
    Rate,
    Key,
    Sound,
}

impl PatternOptions {
    /// Takes over what `part` says, and tells what that was about.
    fn take(&mut self, part: &str) -> Result<Vec<Topic>, PatternError> {
        let unknown = || PatternError::UnknownPart {
            part: part.to_owned(),
        };
        if part == "no-audio" {
            self.sound = PatternSound::None;
            return Ok(vec![Topic::Sound]);
        }
        if let Some(seconds) = part.strip_prefix("key=") {
            let seconds = number(seconds).ok_or_else(unknown)?;
            self.key_seconds =
                within(seconds, 1, LONGEST_KEY_SECONDS).ok_or(PatternError::Key { seconds })?;
            return Ok(vec![Topic::Key]);
        }
        if let Some(rate) = part.strip_suffix(['k', 'M']) {
            let thousandths = if part.ends_with('M') { 1000 } else { 1 };
            let kbps = decimal(rate, thousandths).ok_or_else(unknown)?;
            self.video_kbps = u32::try_from(kbps)
                .ok()
                .filter(|kbps| *kbps <= MOST_KBPS)
                .ok_or_else(|| PatternError::Rate {
                    part: part.to_owned(),
                })?;
            return Ok(vec![Topic::Rate]);
        }
        let (size, fps) = part
            .split_once('@')
            .map_or((part, None), |(size, fps)| (size, Some(fps)));
        let mut topics = Vec::new();
        if !size.is_empty() || fps.is_none() {
            self.take_size(size).ok_or_else(unknown)??;
            topics.push(Topic::Size);
        }
        if let Some(fps) = fps {
            self.rate = take_rate(fps).ok_or_else(unknown)??;
            topics.push(Topic::Fps);
        }
        Ok(topics)
    }

    /// `None` when it is no size at all.
    fn take_size(&mut self, text: &str) -> Option<Result<(), PatternError>> {
        let (width, height) = text.split_once('x')?;
        let (width, height) = (number(width)?, number(height)?);
        let side = |pixels| within(pixels, SMALLEST, LARGEST).filter(|side| side % 2 == 0);
        Some(match (side(width), side(height)) {
            (Some(width), Some(height)) => {
                (self.width, self.height) = (width, height);
                Ok(())
            }
            _ => Err(PatternError::Size { width, height }),
        })
    }
}

impl fmt::Display for PatternOptions {
    /// As the text that means the same.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "pattern:{}x{}@{},{}k,key={}",
            self.width, self.height, self.rate, self.video_kbps, self.key_seconds
        )?;
        match self.sound {
            PatternSound::Beep => Ok(()),
            PatternSound::None => f.write_str(",no-audio"),
        }
    }
}

/// `None` when it is no rate at all.
fn take_rate(text: &str) -> Option<Result<PictureRate, PatternError>> {
    if let Some(rate) = PictureRate::slowed(text) {
        return Some(Ok(rate));
    }
    let fps = number(text)?;
    Some(PictureRate::whole(fps).ok_or(PatternError::Fps { fps }))
}

/// A number of digits alone; one that is too large is as large as can be.
fn number(digits: &str) -> Option<u32> {
    let all_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    all_digits.then(|| digits.parse().unwrap_or(u32::MAX))
}

/// A number with up to three digits behind the point, in units of 1 / `unit`, rounded down.
fn decimal(text: &str, unit: u64) -> Option<u64> {
    let (whole, part) = text.split_once('.').unwrap_or((text, "0"));
    let whole = u64::from(number(whole)?);
    let thousandths = (part.len() <= 3)
        .then(|| number(&format!("{part:0<3}")))
        .flatten()?;
    Some(whole * unit + u64::from(thousandths) * unit / 1000)
}

fn within(number: u32, least: u16, most: u16) -> Option<u16> {
    let number = u16::try_from(number).ok()?;
    (least..=most).contains(&number).then_some(number)
}
