//! Why a message could not be decoded or encoded, and whose fault it is.

use std::fmt;

use crate::Text;

/// Whose fault an error is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Fault {
    /// The peer sent bytes that are no AMF.
    Peer,
    /// The peer sent more than a limit allows.
    Limit,
    /// The peer sent valid AMF that this library does not support.
    Incompatible,
    /// The calling program made a value that AMF cannot express.
    ApiMisuse,
}

/// The encoding that an error was found in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// AMF 0.
    Amf0,
    /// AMF 3.
    Amf3,
}

impl fmt::Display for Format {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amf0 => "AMF0",
            Self::Amf3 => "AMF3",
        })
    }
}

/// A reference table of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Table {
    /// Objects and arrays of AMF0 [AMF0 2.9].
    Amf0Objects,
    /// Strings of AMF3 [AMF3 2.2].
    Amf3Strings,
    /// Objects, arrays, dates, XML, byte arrays, vectors and dictionaries of AMF3 [AMF3 2.2].
    Amf3Objects,
    /// Traits of AMF3 [AMF3 2.2].
    Amf3Traits,
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Amf0Objects => "AMF0 object",
            Self::Amf3Strings => "AMF3 string",
            Self::Amf3Objects => "AMF3 object",
            Self::Amf3Traits => "AMF3 traits",
        })
    }
}

/// A limit of [`Limits`](crate::Limits), to count refusals by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LimitKind {
    /// [`Limits::depth`](crate::Limits::depth)
    Depth,
    /// [`Limits::nodes`](crate::Limits::nodes)
    Nodes,
    /// [`Limits::elements`](crate::Limits::elements)
    Elements,
    /// [`Limits::references`](crate::Limits::references)
    References,
    /// [`Limits::string`](crate::Limits::string)
    String,
    /// [`Limits::long_string`](crate::Limits::long_string)
    LongString,
    /// [`Limits::bytes`](crate::Limits::bytes)
    Bytes,
}

impl LimitKind {
    /// The configuration key, also fit for a metric label: `amf.depth`.
    pub const fn key(self) -> &'static str {
        match self {
            Self::Depth => "amf.depth",
            Self::Nodes => "amf.nodes",
            Self::Elements => "amf.elements",
            Self::References => "amf.references",
            Self::String => "amf.string",
            Self::LongString => "amf.long_string",
            Self::Bytes => "amf.bytes",
        }
    }
}

impl fmt::Display for LimitKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// Why a message could not be decoded.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The message ends inside a value.
    #[error("the message ends inside a value")]
    Truncated,
    /// A count or length says more than the rest of the message can hold.
    #[error("{count} elements or bytes announced, {remaining} bytes left in the message")]
    Overlong {
        /// What the message announced.
        count: u32,
        /// Bytes left after the announcement.
        remaining: usize,
    },
    /// A string, name or XML document is not UTF-8.
    #[error("text is not UTF-8")]
    InvalidUtf8,
    /// A byte that is the marker of no type.
    #[error("unknown {format} marker {marker:#04x}")]
    UnknownMarker {
        /// The encoding in effect.
        format: Format,
        /// The byte.
        marker: u8,
    },
    /// A reserved AMF0 marker whose layout nobody defined: movie clip or record set
    /// [AMF0 2.6, 2.16].
    #[error("reserved AMF0 marker {marker:#04x}")]
    ReservedMarker {
        /// The byte.
        marker: u8,
    },
    /// An object end marker where a value should be [AMF0 2.11].
    #[error("object end marker in place of a value")]
    UnexpectedObjectEnd,
    /// A reference to an entry that does not exist (yet).
    #[error("reference {index} outside the {table} table of {len}")]
    BadReference {
        /// The table referred to.
        table: Table,
        /// The index in the message.
        index: u32,
        /// Entries in the table at that moment.
        len: usize,
    },
    /// An externalizable class whose private layout is not known, so that what follows cannot be
    /// read [AMF3 3.12].
    #[error("unknown externalizable class {class:?}")]
    UnknownExternalizable {
        /// The class name, shortened to 128 bytes at most.
        class: Text,
    },
    /// A limit was passed.
    #[error("over the limit {limit} = {max}")]
    Limit {
        /// Which one.
        limit: LimitKind,
        /// Its value for this message.
        max: usize,
    },
    /// The system had no memory for a container.
    #[error("out of memory")]
    OutOfMemory,
}

impl DecodeError {
    /// Whose fault it is.
    pub const fn fault(&self) -> Fault {
        match self {
            Self::Truncated
            | Self::Overlong { .. }
            | Self::InvalidUtf8
            | Self::UnknownMarker { .. }
            | Self::UnexpectedObjectEnd
            | Self::BadReference { .. } => Fault::Peer,
            Self::ReservedMarker { .. } | Self::UnknownExternalizable { .. } => Fault::Incompatible,
            Self::Limit { .. } | Self::OutOfMemory => Fault::Limit,
        }
    }

    /// The limit that was passed, for the counter of refusals.
    pub const fn limit(&self) -> Option<LimitKind> {
        match self {
            Self::Limit { limit, .. } => Some(*limit),
            _ => None,
        }
    }
}

/// Why values could not be encoded. The output is left as it was before the failed call.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum EncodeError {
    /// Containers nested deeper than [`DEPTH_MAX`](crate::limits::DEPTH_MAX).
    #[error("nested deeper than {max} containers")]
    TooDeep {
        /// The bound.
        max: usize,
    },
    /// A member or class name over 65,535 bytes in AMF0.
    #[error("name of {len} bytes, 65535 is the most")]
    NameTooLong {
        /// Its length in bytes.
        len: usize,
    },
    /// A text, byte array or container over what its length field can say.
    #[error("length {len} does not fit its field")]
    TooLong {
        /// Bytes or elements.
        len: usize,
    },
    /// An empty name among dynamic or associative AMF3 members, where it would end the list.
    #[error("empty member name in AMF3")]
    EmptyName,
    /// Dynamic members in an AMF3 object whose traits are not dynamic.
    #[error("dynamic member in an object of a sealed class")]
    NotDynamic,
    /// A reference to a value that was not encoded before it in the same message.
    #[error("reference {index} outside the {table} table of {len}")]
    BadReference {
        /// The table referred to.
        table: Table,
        /// The index in the value.
        index: u32,
        /// Entries written so far.
        len: usize,
    },
}

impl EncodeError {
    /// Whose fault it is: always the calling program's.
    pub const fn fault(&self) -> Fault {
        Fault::ApiMisuse
    }
}
