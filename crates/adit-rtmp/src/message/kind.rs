//! Message type ids.

use crate::id::ChunkStreamId;
use crate::limits::MESSAGE_USER_CONTROL;

/// The type of a message, by its id [RTMP 7.1].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum MessageKind {
    /// 1: the sender's chunks are of another size from now on [RTMP 5.4.1].
    SetChunkSize,
    /// 2: the rest of a message will not come [RTMP 5.4.2].
    Abort,
    /// 3: bytes received so far [RTMP 5.4.3].
    Acknowledgement,
    /// 4: an event between the two ends [RTMP 6.2].
    UserControl,
    /// 5: how often the sender wants acknowledgements [RTMP 5.4.4].
    WindowAckSize,
    /// 6: how much the receiver may send ahead [RTMP 5.4.5].
    SetPeerBandwidth,
    /// 8: audio [RTMP 7.1.4].
    Audio,
    /// 9: video [RTMP 7.1.5].
    Video,
    /// 15: data, AMF3 [RTMP 7.1.2].
    DataAmf3,
    /// 16: shared object, AMF3 [RTMP 7.1.3].
    SharedObjectAmf3,
    /// 17: command, AMF3 [RTMP 7.1.1].
    CommandAmf3,
    /// 18: data, AMF0 [RTMP 7.1.2].
    DataAmf0,
    /// 19: shared object, AMF0 [RTMP 7.1.3].
    SharedObjectAmf0,
    /// 20: command, AMF0 [RTMP 7.1.1].
    CommandAmf0,
    /// 22: several media messages in one [RTMP 7.1.6].
    Aggregate,
    /// Any other id; such messages are to be ignored.
    ///
    /// Made by [`MessageKind::from_id`] only, so that no type has two names.
    Other(u8),
}

impl MessageKind {
    /// The type with this id.
    pub const fn from_id(id: u8) -> Self {
        match id {
            1 => Self::SetChunkSize,
            2 => Self::Abort,
            3 => Self::Acknowledgement,
            4 => Self::UserControl,
            5 => Self::WindowAckSize,
            6 => Self::SetPeerBandwidth,
            8 => Self::Audio,
            9 => Self::Video,
            15 => Self::DataAmf3,
            16 => Self::SharedObjectAmf3,
            17 => Self::CommandAmf3,
            18 => Self::DataAmf0,
            19 => Self::SharedObjectAmf0,
            20 => Self::CommandAmf0,
            22 => Self::Aggregate,
            other => Self::Other(other),
        }
    }

    /// The id of this type.
    pub const fn id(self) -> u8 {
        match self {
            Self::SetChunkSize => 1,
            Self::Abort => 2,
            Self::Acknowledgement => 3,
            Self::UserControl => 4,
            Self::WindowAckSize => 5,
            Self::SetPeerBandwidth => 6,
            Self::Audio => 8,
            Self::Video => 9,
            Self::DataAmf3 => 15,
            Self::SharedObjectAmf3 => 16,
            Self::CommandAmf3 => 17,
            Self::DataAmf0 => 18,
            Self::SharedObjectAmf0 => 19,
            Self::CommandAmf0 => 20,
            Self::Aggregate => 22,
            Self::Other(other) => other,
        }
    }
}

impl MessageKind {
    /// Whether a message of this type can have a body of so many bytes; only control messages are
    /// choosy.
    pub(crate) const fn allows_length(self, length: u32) -> bool {
        match self {
            Self::SetChunkSize | Self::Abort | Self::Acknowledgement | Self::WindowAckSize => {
                length == 4
            }
            Self::SetPeerBandwidth => length == 5,
            Self::UserControl => length <= MESSAGE_USER_CONTROL,
            _ => true,
        }
    }
}

/// The types of message that make up a live stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MediaKind {
    /// Audio, message type 8.
    Audio,
    /// Video, message type 9.
    Video,
    /// AMF0 data such as `onMetaData`, message type 18.
    Data,
}

impl MediaKind {
    /// The message type that carries this kind.
    pub const fn message_kind(self) -> MessageKind {
        match self {
            Self::Audio => MessageKind::Audio,
            Self::Video => MessageKind::Video,
            Self::Data => MessageKind::DataAmf0,
        }
    }

    /// The chunk stream on which we send this kind.
    pub const fn csid(self) -> ChunkStreamId {
        match self {
            Self::Audio => ChunkStreamId::AUDIO,
            Self::Video => ChunkStreamId::VIDEO,
            Self::Data => ChunkStreamId::DATA,
        }
    }
}
