//! How many pictures a second.

use std::fmt;

/// The most pictures a second.
pub(super) const MOST_FPS: u16 = 120;

/// The rates of television in colour, by their usual names: 1000 pictures take as long as 1001 would.
const SLOWED: [(&str, u16); 5] = [
    ("23.976", 24),
    ("23.98", 24),
    ("29.97", 30),
    ("59.94", 60),
    ("119.88", 120),
];

/// A number of pictures a second: a whole one from 1 to 120, or 24, 30, 60 or 120 slowed down by 1001 / 1000.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PictureRate {
    nominal: u16,
    /// Thousandths of a second that `nominal` pictures take: 1000, or 1001.
    thousandths: u16,
}

impl PictureRate {
    /// 30 pictures a second.
    pub(super) const THIRTY: Self = Self {
        nominal: 30,
        thousandths: 1000,
    };

    /// A whole number; `None` out of range.
    pub(super) fn whole(fps: u32) -> Option<Self> {
        let nominal = u16::try_from(fps).ok()?;
        (1..=MOST_FPS).contains(&nominal).then_some(Self {
            nominal,
            thousandths: 1000,
        })
    }

    /// One of 23.976 (or 23.98), 29.97, 59.94 and 119.88; `None` for anything else.
    pub(super) fn slowed(text: &str) -> Option<Self> {
        let (_, nominal) = SLOWED.iter().find(|(name, _)| *name == text)?;
        Some(Self {
            nominal: *nominal,
            thousandths: 1001,
        })
    }

    /// The rate as a whole number, rounded up: what a clock of frames counts to.
    pub const fn nominal(self) -> u16 {
        self.nominal
    }

    /// The rate as it is: 29.97 is 30000 / 1001.
    pub fn per_second(self) -> f64 {
        f64::from(self.nominal) * 1000.0 / f64::from(self.thousandths)
    }

    /// Thousandths of a second that [`Self::nominal`] pictures take.
    pub(super) const fn thousandths(self) -> u16 {
        self.thousandths
    }

    /// Units of time, in a second and of a field: two fields are a picture.
    pub(super) fn time_scale(self) -> (u32, u32) {
        let fields = u32::from(self.nominal) * 2;
        match self.thousandths {
            1000 => (fields, 1),
            slowed => (fields * 1000, slowed.into()),
        }
    }
}

impl fmt::Display for PictureRate {
    /// As it is written in a pattern.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let slowed = SLOWED
            .iter()
            .find(|(_, nominal)| self.thousandths != 1000 && *nominal == self.nominal);
        match slowed {
            Some((name, _)) => f.write_str(name),
            None => write!(f, "{}", self.nominal),
        }
    }
}
