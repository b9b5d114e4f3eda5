//! What a peer may make the decoder do, with the defaults and the hard bounds.

/// Nested containers in one value (`amf.depth`).
pub const DEPTH: usize = 32;
/// Values, members and trait names in one message (`amf.nodes`).
pub const NODES: usize = 10_000;
/// Elements of one container (`amf.elements`).
pub const ELEMENTS: usize = 4_096;
/// Entries of each reference table: AMF0 objects, AMF3 strings, objects and traits
/// (`amf.references`).
pub const REFERENCES: usize = 4_096;
/// Bytes of a name or an AMF0 short string (`amf.string`).
pub const STRING: usize = 64 * 1024;
/// Bytes of an AMF0 long string, an AMF3 string value or an XML document (`amf.long_string`).
pub const LONG_STRING: usize = 1024 * 1024;
/// Content bytes of one message: names, strings, XML, byte arrays and vectors (`amf.bytes`).
pub const BYTES: usize = 4 * 1024 * 1024;

/// The most that [`Limits::depth`] can be set to, and the depth up to which the encoders go. It keeps
/// the stack small whatever the configuration says.
pub const DEPTH_MAX: usize = 64;
/// How many times its own length the content of a message may be. Only AMF3 string and trait
/// references make it more than 1.
pub const EXPANSION: usize = 4;
/// Up to this many content bytes [`EXPANSION`] is not applied: in a small message of many alike AMF3
/// objects the repeated member names are honestly more than four times the rest.
pub const EXPANSION_FREE: usize = 256 * 1024;

/// The limits for decoding one message.
///
/// The defaults suit the open internet. One budget covers the whole message, AMF3 parts included.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct Limits {
    /// Nested containers (objects, arrays, object vectors, dictionaries, externalizables); the
    /// outermost counts 1. Values above [`DEPTH_MAX`] act as [`DEPTH_MAX`]. Default [`DEPTH`].
    pub depth: usize,
    /// Values in the message, at any depth, and names in AMF3 traits. Default [`NODES`].
    pub nodes: usize,
    /// Elements in one container: array items, members, dictionary entries, vector items, sealed
    /// names. Default [`ELEMENTS`].
    pub elements: usize,
    /// Entries in each reference table. Default [`REFERENCES`].
    pub references: usize,
    /// Bytes of one name, class name or AMF0 string with a 16-bit length. Default [`STRING`].
    pub string: usize,
    /// Bytes of one AMF0 long string, AMF3 string value or XML document. Default [`LONG_STRING`].
    pub long_string: usize,
    /// Content bytes of the message: names, strings, XML, byte arrays and vectors, counted again at
    /// each AMF3 string or trait reference that repeats them. Also held to [`EXPANSION`] times the
    /// message above [`EXPANSION_FREE`]. Default [`BYTES`].
    pub bytes: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            depth: DEPTH,
            nodes: NODES,
            elements: ELEMENTS,
            references: REFERENCES,
            string: STRING,
            long_string: LONG_STRING,
            bytes: BYTES,
        }
    }
}

#[cfg(test)]
mod tests;
