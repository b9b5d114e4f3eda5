//! Players, live streams and recordings.

use adit_server::ServerConfig;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Size, Span, Unit, table};

table! {
    /// Memory of the process.
    Mem {
        /// What the process may use. Without it what its control group may, as with `MemoryMax=` of systemd or in a container, else what the
        /// machine has.
        total: Option<Size>, "16MiB" ..= "16TiB", limits.memory.total;
        /// From so many percent of it on, new players are refused; 100 is never, here and in the next two.
        soft: u64, 10 ..= 100, limits.memory.soft;
        /// From so many percent of it on, new connections and publishers are refused, and no groups of pictures are kept for players to come.
        hard: u64, 10 ..= 100, limits.memory.hard;
        /// From so many percent of it on, players are ended, the slowest first.
        shed: u64, 10 ..= 100, limits.memory.shed;
    }
}

table! {
    /// Players.
    Viewer {
        /// How often a player may fall so far behind that it jumps to a key frame, within `overflows_within`; the last time ends
        /// it.
        overflows: u64, 1 ..= 1000, limits.overflows;
        /// The time over which they are counted.
        overflows_within: Span, "1s" ..= "1h", limits.overflow_window;
        /// How long a player may take nothing while bytes wait for it.
        stall: Span, "1s" ..= "1h", limits.write_stall;
    }
    [
        /// How far a player may fall behind.
        queue: ViewerQueue,
    ]
}

table! {
    /// How far a player may fall behind.
    ViewerQueue {
        /// Messages.
        frames: u64, 16 ..= 1_000_000, streams.lag.frames;
        /// Bytes.
        bytes: Size, "256KiB" ..= "4GiB", streams.lag.bytes;
        /// Time.
        duration: Span, "100ms" ..= "10m", streams.lag.duration;
    }
}

table! {
    /// The group of pictures kept for players to come.
    Gop {
        /// Frames of it.
        frames: u64, 1 ..= 1_000_000, streams.gop.frames;
        /// Bytes of it.
        bytes: Size, "64KiB" ..= "4GiB", streams.gop.bytes;
        /// How long it may be.
        duration: Span, "100ms" ..= "10m", streams.gop.duration;
    }
    [
        /// What is kept of a stream without video.
        tail: GopTail,
    ]
}

table! {
    /// What is kept of a stream without video.
    GopTail {
        /// Frames of it.
        frames: u64, 1 ..= 1_000_000, streams.tail.frames;
        /// Bytes of it.
        bytes: Size, "1KiB" ..= "4GiB", streams.tail.bytes;
        /// How long it may be.
        duration: Span, "10ms" ..= "10m", streams.tail.duration;
    }
}

table! {
    /// Live streams.
    Stream {}
    [
        /// Sequence headers kept for players to come.
        headers: StreamHeaders,
    ]
}

table! {
    /// Sequence headers kept for players to come.
    StreamHeaders {
        /// How many.
        frames: u64, 1 ..= 65_536, streams.header_frames;
        /// Bytes of them, and of the metadata.
        bytes: Size, "1KiB" ..= "1GiB", streams.header_bytes;
    }
}

table! {
    /// Recordings.
    Recording {
        /// Recordings at a time.
        streams: u64, 1 ..= 100_000, recording.recordings;
        /// What stays free on the disk, or 5 % where that is less; of a disk below 320 MiB 16 MiB, or a quarter.
        reserve: Size, "0B" ..= "1024TiB", recording.reserve;
        /// Length of a file; a recording that is longer goes on in another.
        file: Size, "1MiB" ..= "1024TiB", recording.file_bytes;
        /// Length of all files of a stream together; a recording that comes to that ends.
        stream: Size, "1MiB" ..= "1024TiB", recording.stream_bytes;
        /// How long a recording waits for an earlier one to the same file to be finished.
        wait: Span, "0s" ..= "1h", recording.wait;
    }
    [
        /// What a disk that is too slow keeps in memory, of each stream.
        queue: RecordingQueue,
    ]
}

table! {
    /// What a disk that is too slow keeps in memory, of each stream.
    RecordingQueue {
        /// Bytes.
        bytes: Size, "1MiB" ..= "64GiB", recording.queue_bytes;
        /// Time.
        duration: Span, "1s" ..= "1h", recording.queue_duration;
    }
}

table! {
    /// Relays.
    Relay {
        /// Relays that are asked for, and streams that are relayed at once.
        total: u64, 1 ..= 100_000, limits.relays.total;
        /// Places to which one stream is pushed at once.
        per_stream: u64, 1 ..= 1000, limits.relays.per_stream;
        /// Servers that a stream has come through from which on it is not pushed any further.
        hops: u64, 1 ..= 16, limits.relays.hops;
        /// How long a stream that is pulled stays published while its far side is away.
        hold: Span, "1s" ..= "1h", limits.relays.hold;
    }
}
