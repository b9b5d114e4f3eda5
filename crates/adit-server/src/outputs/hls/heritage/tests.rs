use tokio::io::AsyncWriteExt as _;

use super::*;
use crate::outputs::hls::playlist::{Extent, media};
use crate::outputs::hls::segmenter::{Lengths, Made};
use crate::outputs::hls::window::Window;
use crate::outputs::hls::window::tests::{init, part, window};

const LENGTHS: Lengths = Lengths {
    part: 350,
    segment: 2_000,
};

async fn over(heritage: &Heritage) -> Heritage {
    let (mut own, mut other) = tokio::io::duplex(1_000);
    let (written, read) = tokio::join!(heritage.write(&mut own), Heritage::read(&mut other));
    written.unwrap();
    read.unwrap()
}

fn playlist(window: &Window) -> String {
    media(window, LENGTHS, "", Extent::All)
}

/// A window of the next server.
fn next(heritage: Heritage) -> Window {
    let mut window = Window::new("new".to_owned(), 3);
    window.inherit(heritage);
    window
}

#[tokio::test]
async fn the_next_server_lists_and_has_the_same_segments_and_goes_on_with_their_numbers() {
    let mut old = window(5);
    old.apply(init(1));
    old.apply(part(1_500, 10));
    old.apply(Made::Target(2));
    old.apply(part(300, 10));
    let heritage = over(&old.give()).await;
    assert!(heritage.is_live);
    let mut new = next(heritage);
    let (before, after) = (playlist(&old), playlist(&new));
    // Nothing is announced any more by the old one: the new one says where it goes on.
    assert!(
        !before.contains("HINT") && !before.contains("ENDLIST"),
        "{before}"
    );
    let before = before.strip_suffix("#EXT-X-DISCONTINUITY\n").unwrap();
    let (same, hint) = after.split_at(before.len());
    assert_eq!(same, before);
    assert_eq!(hint, "#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"new-6.0.m4s\"\n");
    for file in ["r-0.mp4", "r-1.mp4", "r-4.m4s", "r-5.m4s", "r-5.1.m4s"] {
        let bytes = |window: &Window| window.bytes_of(file);
        assert!(bytes(&old).is_some(), "{file}");
        assert_eq!(bytes(&new), bytes(&old), "{file}");
    }
    new.apply(Made::Init(new_init()));
    new.apply(part(2_000, 10));
    new.apply(Made::Target(9));
    new.apply(Made::PartTarget(2_000));
    new.apply(Made::EndOfSegment);
    let text = playlist(&new);
    let end = "#EXT-X-DISCONTINUITY\n#EXT-X-MAP:URI=\"new-0.mp4\"\n\
        #EXT-X-PART:DURATION=1.000,URI=\"new-6.0.m4s\",INDEPENDENT=YES\n\
        #EXTINF:2.000,\nnew-6.m4s\n#EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"new-7.0.m4s\"\n";
    assert!(text.ends_with(end), "{text}");
    assert!(text.contains("#EXT-X-TARGETDURATION:2\n"), "{text}");
    assert!(text.contains("PART-TARGET=1.000\n"), "{text}");
    assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:4\n"), "{text}");
}

fn new_init() -> Arc<Init> {
    Arc::new(Init {
        run: "new".into(),
        id: 0,
        bytes: Bytes::from_static(b"another"),
        codecs: "avc1.64001f".to_owned(),
        size: None,
        step: None,
    })
}

#[tokio::test]
async fn a_stream_that_nobody_watches_has_numbers_and_nothing_else() {
    let next_one = First {
        segment: 70,
        discontinuities: 3,
    };
    let heritage = Heritage {
        next: next_one,
        ..Heritage::default()
    };
    let heritage = over(&heritage).await;
    assert!(!heritage.is_live && heritage.segments.is_empty());
    let new = next(heritage);
    assert_eq!(
        (new.head(), new.init().is_some(), new.targets.segment),
        (70, false, None)
    );
    assert_eq!(new.discontinuities, 3);
}

#[tokio::test]
async fn what_is_cut_off_or_too_much_is_no_heritage() {
    let (mut own, mut other) = tokio::io::duplex(1_000_000);
    window(2).give().write(&mut own).await.unwrap();
    drop(own);
    let mut bytes = Vec::new();
    tokio::io::AsyncReadExt::read_to_end(&mut other, &mut bytes)
        .await
        .unwrap();
    for length in 0..bytes.len() {
        assert!(read(&bytes[..length]).await.is_err(), "{length}");
    }
    assert!(read(&bytes).await.is_ok());
    // The text of the first init, which is as long as it says.
    let head = 1 + 8 + 8 + 4 + 4 + 8 + 2 + 8 + 1 + 8 + 8;
    bytes[head..head + 4].copy_from_slice(&u32::MAX.to_be_bytes());
    assert_eq!(
        read(&bytes).await.unwrap_err().kind(),
        io::ErrorKind::InvalidData
    );
}

async fn read(bytes: &[u8]) -> io::Result<Heritage> {
    let (mut own, mut other) = tokio::io::duplex(bytes.len().max(1));
    own.write_all(bytes).await.unwrap();
    drop(own);
    Heritage::read(&mut other).await
}
