//! What somebody sees who opens the server in a browser.

/// Says what this is and how to use it; nothing about who does.
pub(super) fn text() -> String {
    format!(
        "Adit {version}, an RTMP server

This port answers RTMP, RTMPT, RTMPS and RTMPTS. There is nothing else to see in a browser.

publish   ffmpeg -re -i FILE -c copy -f flv rtmp://HOST/live/NAME
OBS       Settings, Stream, Custom: server rtmp://HOST/live, stream key NAME
play      ffplay rtmp://HOST/live/NAME

HOST is what stands in the address bar of the browser, with the port if there is one.
NAME is any name that publisher and players agree on.
",
        version = env!("CARGO_PKG_VERSION"),
    )
}
