use m3u8_rs::{MasterPlaylist, MediaPlaylist};

use super::{Extent, frame_rate, is_too_far, multivariant, target_seconds};
use crate::outputs::hls::segmenter::{Lengths, Made};
use crate::outputs::hls::window::Init;
use crate::outputs::hls::window::Window;
use crate::outputs::hls::window::tests::{init, part, window};

const LENGTHS: Lengths = Lengths {
    part: 350,
    segment: 2_000,
};

fn read(text: &str) -> MediaPlaylist {
    m3u8_rs::parse_media_playlist_res(text.as_bytes())
        .unwrap_or_else(|error| panic!("{error}\n{text}"))
}

fn media(window: &Window, lengths: Lengths, query: &str) -> String {
    super::media(window, lengths, query, Extent::All)
}

#[test]
fn the_first_playlist_says_what_the_stream_is() {
    let text = multivariant(&window(1), "?token=x").unwrap();
    let MasterPlaylist { variants, .. } =
        m3u8_rs::parse_master_playlist_res(text.as_bytes()).unwrap();
    let [only] = variants.as_slice() else {
        panic!("{text}")
    };
    assert_eq!(only.uri, "media.m3u8?token=x");
    assert_eq!(only.codecs.as_deref(), Some("avc1.64001f,mp4a.40.2"));
    let size = only.resolution.unwrap();
    assert_eq!((size.width, size.height), (1280, 720));
    assert_eq!(only.frame_rate, Some(30.0));
    assert!(only.bandwidth > 0);
    // Segments of a stream are not always independent, and those that come are not known.
    assert!(!text.contains("INDEPENDENT"), "{text}");
    assert!(multivariant(&Window::new("r".to_owned(), 3), "").is_none());
}

#[test]
fn a_live_playlist_lists_segments_parts_and_what_comes_next() {
    let mut window = window(4);
    window.apply(part(350, 10));
    let text = media(&window, LENGTHS, "");
    let expected = "#EXTM3U\n#EXT-X-VERSION:9\n#EXT-X-TARGETDURATION:2\n\
        #EXT-X-SERVER-CONTROL:CAN-BLOCK-RELOAD=YES,CAN-SKIP-UNTIL=12.000,PART-HOLD-BACK=3.000\n#EXT-X-PART-INF:PART-TARGET=1.000\n\
        #EXT-X-MEDIA-SEQUENCE:1\n#EXT-X-INDEPENDENT-SEGMENTS\n\
        #EXT-X-MAP:URI=\"r-0.mp4\"\n#EXTINF:2.000,\nr-1.m4s\n\
        #EXT-X-PART:DURATION=1.000,URI=\"r-2.0.m4s\",INDEPENDENT=YES\n\
        #EXT-X-PART:DURATION=1.000,URI=\"r-2.1.m4s\",INDEPENDENT=YES\n#EXTINF:2.000,\nr-2.m4s\n\
        #EXT-X-PART:DURATION=1.000,URI=\"r-3.0.m4s\",INDEPENDENT=YES\n\
        #EXT-X-PART:DURATION=1.000,URI=\"r-3.1.m4s\",INDEPENDENT=YES\n#EXTINF:2.000,\nr-3.m4s\n\
        #EXT-X-PART:DURATION=0.350,URI=\"r-4.0.m4s\",INDEPENDENT=YES\n\
        #EXT-X-PRELOAD-HINT:TYPE=PART,URI=\"r-4.1.m4s\"\n";
    assert_eq!(text, expected);
    let playlist = read(&text);
    assert_eq!((playlist.media_sequence, playlist.segments.len()), (1, 3));
    assert!(!playlist.end_list);
}

#[test]
fn the_last_playlist_ends_and_announces_nothing() {
    let mut window = window(2);
    window.end();
    let text = media(&window, LENGTHS, "");
    let playlist = read(&text);
    assert!(playlist.end_list);
    assert_eq!(playlist.segments.len(), 2);
    for gone in ["PART", "HINT", "SERVER-CONTROL"] {
        assert!(!text.contains(gone), "{text}");
    }
}

#[test]
fn a_break_has_a_description_of_its_own() {
    let mut window = window(1);
    window.apply(init(1));
    window.apply(part(2_000, 10));
    window.apply(Made::EndOfSegment);
    let playlist = read(&media(&window, LENGTHS, ""));
    let [first, second] = playlist.segments.as_slice() else {
        panic!()
    };
    assert!(!first.discontinuity && second.discontinuity);
    let map = |segment: &m3u8_rs::MediaSegment| segment.map.as_ref().unwrap().uri.clone();
    assert_eq!(
        (map(first), map(second)),
        ("r-0.mp4".to_owned(), "r-1.mp4".to_owned())
    );
}

#[test]
fn what_the_viewer_has_shown_is_in_every_address() {
    let mut window = window(1);
    window.apply(part(350, 10));
    let text = media(&window, LENGTHS, "?token=x");
    for address in text.split(['"', '\n']).filter(|it| it.contains(".m")) {
        assert!(address.ends_with("?token=x"), "{address}");
    }
}

#[test]
fn the_target_is_what_was_announced_first_and_never_changes() {
    let mut window = Window::new("r".to_owned(), 3);
    assert_eq!(target_seconds(&window, LENGTHS), 2, "what is to be");
    window.apply(init(0));
    for (length, announced, expected) in [(2_600, 3, 3), (9_000, 9, 3), (1_000, 1, 3)] {
        window.apply(part(length, 10));
        window.apply(Made::Target(announced));
        window.apply(Made::EndOfSegment);
        assert_eq!(target_seconds(&window, LENGTHS), expected, "{length}");
        let text = media(&window, LENGTHS, "");
        assert!(text.contains("#EXT-X-TARGETDURATION:3\n"), "{text}");
    }
}

#[test]
fn no_part_is_longer_than_the_playlist_says_and_players_hold_back_three_of_them() {
    for (length, target, hold_back) in [
        (300, "0.350", "1.050"),
        (350, "0.350", "1.050"),
        (385, "0.385", "1.155"),
        (2_000, "2.000", "6.000"),
    ] {
        let mut window = Window::new("r".to_owned(), 3);
        window.apply(init(0));
        window.apply(part(length, 10));
        window.apply(Made::PartTarget(length.max(350)));
        window.apply(Made::EndOfSegment);
        let text = media(&window, LENGTHS, "");
        for tag in [
            format!("#EXT-X-PART-INF:PART-TARGET={target}\n"),
            format!(",PART-HOLD-BACK={hold_back}\n"),
        ] {
            assert!(text.contains(&tag), "{length}: {text}");
        }
        // It stays so, whatever comes.
        for length in [300; 40].into_iter().chain([9_000]) {
            window.apply(part(length, 10));
            window.apply(Made::PartTarget(length));
            window.apply(Made::EndOfSegment);
        }
        let text = media(&window, LENGTHS, "");
        assert!(text.contains(&format!("PART-TARGET={target}\n")), "{text}");
        assert!(text.contains("EXTINF:9.000,"), "{text}");
        assert!(text.contains(&format!("DURATION={target},")), "{text}");
    }
}

#[test]
fn parts_are_waited_for_three_seconds_ahead_and_not_more() {
    let mut window = window(2);
    for _ in 0..5 {
        window.apply(part(350, 10));
    }
    let is_too_far = |window: &Window, segment, part| is_too_far(window, LENGTHS, segment, part);
    // Those of the window last a second, so three of them: of five parts the last one is number 4.
    for (segment, part, expected) in [
        (0, 9, false),
        (1, 999, false),
        (2, 0, false),
        (2, 7, false),
        (2, 8, true),
        (3, 2, false),
        (3, 3, true),
        (2, usize::MAX, true),
    ] {
        assert_eq!(
            is_too_far(&window, segment, part),
            expected,
            "{segment} {part}"
        );
    }
    let mut window = Window::new("r".to_owned(), 3);
    window.apply(init(0));
    window.apply(part(350, 10));
    // Eight times 0.35 seconds are less than three seconds, nine times are more.
    assert!(!is_too_far(&window, 0, 8));
    assert!(is_too_far(&window, 0, 9));
}

#[test]
fn the_frame_rate_is_told_from_whole_milliseconds() {
    for (step, rate) in [
        (33, "30.000"),
        (34, "30.000"),
        (40, "25.000"),
        (41, "24.000"),
        (42, "24.000"),
        (20, "50.000"),
        (16, "60.000"),
        (17, "60.000"),
        (8, "120.000"),
        (100, "10.000"),
        (1_000, "1.000"),
    ] {
        let init = Init {
            run: "r".into(),
            id: 0,
            bytes: bytes::Bytes::new(),
            codecs: String::new(),
            size: None,
            step: Some(step),
        };
        assert_eq!(frame_rate(&init).as_deref(), Some(rate), "{step}");
    }
}

#[test]
fn who_knows_the_older_segments_gets_the_newer_ones() {
    let with = |segments: usize, extent| {
        let mut window = Window::new("r".to_owned(), 9);
        window.apply(init(0));
        for _ in 0..segments {
            window.apply(part(2_000, 10));
            window.apply(Made::EndOfSegment);
        }
        window.apply(part(350, 10));
        super::media(&window, LENGTHS, "", extent)
    };
    // Behind the last one that is left out are at least twelve seconds.
    for (segments, skipped) in [(1, 0), (6, 0), (7, 1), (9, 3)] {
        let text = with(segments, Extent::New);
        let tag = format!("#EXT-X-SKIP:SKIPPED-SEGMENTS={skipped}\n");
        assert_eq!(text.contains(&tag), skipped > 0, "{segments}: {text}");
        assert_eq!(read(&text).segments.len(), segments - skipped, "{text}");
        assert!(text.contains("#EXT-X-MEDIA-SEQUENCE:0\n"), "{text}");
        let all = with(segments, Extent::All);
        assert!(!all.contains("EXT-X-SKIP"), "{all}");
        // What is left is as it was.
        let tail = |text: &str| text.split_once("#EXTINF").unwrap().1.to_owned();
        assert!(all.ends_with(&tail(&text)), "{text}");
    }
}

#[test]
fn dates_are_those_of_the_segments() {
    let mut window = Window::new("r".to_owned(), 3);
    window.apply(init(0));
    let Made::Part(mut dated) = part(2_000, 10) else {
        panic!("a part")
    };
    dated.ended = Some(std::time::UNIX_EPOCH + std::time::Duration::from_millis(1_700_000_002_250));
    window.apply(Made::Part(dated));
    window.apply(Made::EndOfSegment);
    window.apply(part(350, 10));
    let text = media(&window, LENGTHS, "");
    for date in ["2023-11-14T22:13:20.250Z", "2023-11-14T22:13:22.250Z"] {
        let tag = format!("#EXT-X-PROGRAM-DATE-TIME:{date}\n");
        assert_eq!(text.matches(&tag).count(), 1, "{text}");
    }
    let first = &read(&text).segments[0];
    assert!(first.program_date_time.is_some(), "{text}");
}
