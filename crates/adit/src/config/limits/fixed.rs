//! Limits of `docs/limits.md` that cannot be set, and why.

/// Keys that belong together, all with the same reason. A key that ends with a dot stands for all that begin so.
const FIXED: [(&[&str], &str); 6] = [
    (
        &[
            "sniff.bytes",
            "proxy.header",
            "msg.user_control",
            "msg.unknown",
            "chunk.in_effective",
            "chunk.headers_grace",
            "ack.min",
            "agg.",
            "name.",
            "connect.four_cc",
            "rtmpt.body",
            "rtmpt.target",
            "http.header",
            "http.path",
            "so.object_name",
            "so.value",
            "so.events",
            "so.key",
            "so.name",
            "stream.key",
            "media.",
        ],
        "it follows from the protocol and from what its clients send",
    ),
    (
        &[
            "flv.",
            "vod.",
            "mp4.",
            "record.index",
            "verify.findings",
            "recording.repair",
        ],
        "it follows from the formats of files",
    ),
    (
        &[
            "conn.addresses",
            "conn.queue",
            "conn.read",
            "conn.write_pieces",
            "conn.linger",
            "conn.linger_bytes",
            "tcp.backlog",
            "http.write_stall",
            "http.listed",
            "http.wait",
            "rtmpt.received_bodies",
            "rtmpt.waiters",
            "rtmpt.held_idles",
            "rtmpt.guess_window",
            "rtmpt.guessers",
            "rtmpt.tombstone",
            "rtmpt.tombstone_gone",
            "rtmpt.tombstones",
            "rtmpt.tick",
            "rtmpt.afterlife",
            "output.backlog",
            "viewer.write_ahead",
            "session.",
            "server.drain",
            "stream.forms",
            "bandwidth.",
            "application.mailbox",
            "application.about",
            "so.loads",
            "playback.",
            "recording.queue.frames",
            "recording.write",
            "recording.write_bytes",
            "recording.retry",
            "recording.ending",
        ],
        "it is made to fit the rest of the server",
    ),
    (&["latency."], "server.latency chooses between them"),
    (&["log."], "it keeps strangers from filling the log"),
    (
        &["chat.", "login.", "relay.", "events.", "control."],
        "it is the same in every server",
    ),
];

/// Why a limit cannot be set, if it is one of those.
pub(crate) fn why_fixed(key: &str) -> Option<&'static str> {
    let is_named = |name: &&&str| key == **name || (name.ends_with('.') && key.starts_with(**name));
    let mut groups = FIXED.iter();
    groups.find_map(|(keys, why)| keys.iter().find(is_named).map(|_| *why))
}
