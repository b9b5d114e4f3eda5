//! What somebody sees who asks the server for its page without a browser, with curl for example.

/// Says what this is and how to use it; nothing about who does.
pub(super) fn text() -> String {
    format!(
        "Adit {version}, an RTMP server

This port answers RTMP, RTMPT, RTMPS and RTMPTS. A browser shows here what is live, and plays it.

publish   ffmpeg -re -i FILE -c copy -f flv rtmp://HOST/live/NAME
OBS       Settings, Stream, Custom: server rtmp://HOST/live, stream key NAME
play      ffplay rtmp://HOST/live/NAME

HOST is what this page was asked from, with the port if there is one.
NAME is any name that publisher and players agree on.
",
        version = env!("CARGO_PKG_VERSION"),
    )
}
