//! What a look at the header of a message tells about it.

/// What a message carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameKind {
    /// Audio: RTMP message type 8, FLV tag type 8.
    Audio,
    /// Video: RTMP message type 9, FLV tag type 9.
    Video,
    /// A data message in AMF0, such as `onMetaData`: RTMP message type 18, FLV tag type 18.
    Data,
}

/// What a look at the header of a message told about it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct FrameFlags(u8);

impl FrameFlags {
    /// No flag: an ordinary message.
    pub const NONE: Self = Self(0);
    /// A video frame a decoder can start at.
    pub const KEY_FRAME: Self = Self(1);
    /// A sequence header of any kind: what a late player needs before its first frame.
    pub const SEQUENCE_HEADER: Self = Self(1 << 1);
    /// A frame that no other frame refers to.
    pub const DISPOSABLE: Self = Self(1 << 2);
    /// The end of a sequence.
    pub const END_OF_SEQUENCE: Self = Self(1 << 3);
    /// A data message named `onMetaData`.
    pub const METADATA: Self = Self(1 << 4);
    /// Coded audio or video, as opposed to headers, commands, silence and unknown messages.
    pub const CODED: Self = Self(1 << 5);
    /// A data message that takes the stream's metadata away.
    pub const CLEARS_METADATA: Self = Self(1 << 6);

    /// Both sets together.
    #[must_use]
    pub const fn with(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether every flag of `other` is set.
    pub const fn contains(self, other: Self) -> bool {
        self.0 & other.0 == other.0
    }

    /// Whether [`Self::KEY_FRAME`] is set.
    pub const fn is_key_frame(self) -> bool {
        self.contains(Self::KEY_FRAME)
    }

    /// Whether [`Self::SEQUENCE_HEADER`] is set.
    pub const fn is_sequence_header(self) -> bool {
        self.contains(Self::SEQUENCE_HEADER)
    }

    /// Whether [`Self::DISPOSABLE`] is set.
    pub const fn is_disposable(self) -> bool {
        self.contains(Self::DISPOSABLE)
    }

    /// Whether [`Self::END_OF_SEQUENCE`] is set.
    pub const fn is_end_of_sequence(self) -> bool {
        self.contains(Self::END_OF_SEQUENCE)
    }

    /// Whether [`Self::METADATA`] is set.
    pub const fn is_metadata(self) -> bool {
        self.contains(Self::METADATA)
    }

    /// Whether [`Self::CODED`] is set.
    pub const fn is_coded(self) -> bool {
        self.contains(Self::CODED)
    }

    /// Whether [`Self::CLEARS_METADATA`] is set.
    pub const fn clears_metadata(self) -> bool {
        self.contains(Self::CLEARS_METADATA)
    }
}
