//! Which kinds of media a player wants.

use adit_media::{FrameFlags, FrameKind};
use adit_rtmp::command::Receive;

use super::wishes::Wish;

/// What `receiveAudio` and `receiveVideo` let through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Gates {
    audio: Gate,
    video: Gate,
}

/// Whether a kind of media goes through.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Gate {
    #[default]
    Open,
    /// The player asked for video again; it starts at the next key frame.
    WaitsForKeyFrame,
    Shut,
}

impl Gates {
    /// What a player that begins gets.
    pub(super) fn of(wish: Wish) -> Self {
        let mut gates = Self::default();
        gates.set_audio(wish.audio);
        gates.set_video(wish.video);
        gates
    }

    pub(super) fn set_audio(&mut self, receive: Receive) {
        self.audio = match receive {
            Receive::Off => Gate::Shut,
            _ => Gate::Open,
        };
    }

    /// Who wants so many pictures a second gets all of them: none can be left out without those that need it.
    pub(super) fn set_video(&mut self, receive: Receive) {
        self.video = match (receive, self.video) {
            (Receive::Off, _) => Gate::Shut,
            (_, Gate::Open) => Gate::Open,
            (_, Gate::Shut | Gate::WaitsForKeyFrame) => Gate::WaitsForKeyFrame,
        };
    }

    /// Whether everything goes through.
    pub(super) fn are_open(self) -> bool {
        self.audio == Gate::Open && self.video == Gate::Open
    }

    /// Pictures were left out: they begin again at a key frame.
    pub(super) fn wait_for_key_frame(&mut self) {
        if self.video == Gate::Open {
            self.video = Gate::WaitsForKeyFrame;
        }
    }

    /// Headers always go through: a decoder that missed one shows nothing when media comes back.
    pub(super) fn let_through(&mut self, kind: FrameKind, flags: FrameFlags) -> bool {
        if flags.is_sequence_header() || kind == FrameKind::Data {
            return true;
        }
        let gate = if kind == FrameKind::Audio {
            &mut self.audio
        } else {
            &mut self.video
        };
        if *gate == Gate::WaitsForKeyFrame && flags.is_key_frame() {
            *gate = Gate::Open;
        }
        *gate == Gate::Open
    }
}
