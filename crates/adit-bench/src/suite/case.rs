//! One thing that is measured: a server, the way to it, and how many come at once.

use std::fmt;

use crate::{cli::LoopMode, server::Kind, swarm::Way};

/// A case of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    pub(super) kind: Kind,
    pub(super) way: Way,
    /// Players, publishers or connections at the same time.
    pub(super) load: u32,
}

impl Case {
    pub(super) fn new(kind: Kind, load: u32) -> Self {
        Self {
            kind,
            way: Way::Rtmp,
            load,
        }
    }

    pub(super) fn by(mut self, way: Way) -> Self {
        self.way = way;
        self
    }

    /// The server and the way, as tables name them.
    pub(super) fn name(self) -> String {
        match self.way {
            Way::Rtmp => self.kind.to_string(),
            Way::Rtmps => format!("{} by RTMPS", self.kind),
            Way::Rtmpt => format!("{} by RTMPT", self.kind),
        }
    }

    /// Whether `other` is what this case is held against.
    pub(super) fn has_base(self, base: Base, other: Self) -> bool {
        match base {
            Base::Nginx => other.kind == Kind::Nginx && other.load == self.load,
            Base::Loop => {
                // HTTP is no part of a loop.
                let way = if self.way == Way::Rtmpt {
                    Way::Rtmp
                } else {
                    self.way
                };
                (other.kind, other.way, other.load) == (self.kind.limit(), way, self.load)
            }
            Base::Exactly(mode) => (other.kind, other.load) == (Kind::Loop(mode), self.load),
            Base::Direct => {
                (other.kind, other.way, other.load) == (self.kind, Way::Rtmp, self.load)
            }
            Base::Lightest => {
                (other.kind, other.way) == (self.kind, self.way) && other.load <= self.load
            }
        }
    }
}

impl fmt::Display for Case {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}, {}", self.name(), self.load)
    }
}

/// What a figure is held against, measured in the same round.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Base {
    /// nginx-rtmp under the same load, by RTMP whatever the way: it has no other.
    Nginx,
    /// The bare loop that writes as often, on the same way; by RTMP for RTMPT.
    Loop,
    /// The bare loop of this mode.
    Exactly(LoopMode),
    /// The same server by RTMP.
    Direct,
    /// The same server on the same way under the lightest load of the section.
    Lightest,
}
