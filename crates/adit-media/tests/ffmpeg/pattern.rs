//! The test clip is decoded without a word of complaint, and shows and sounds as it should.

use adit_testkit::peers::{Peer, Peers};

use crate::tools::{FFMPEGS, clip, decode, flv, read, write};

/// Decodes five seconds: so many pictures of this size, and with sound so many frames of it.
fn check(pattern: &str, size: &str, pictures: usize, sounds: usize) {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "clip.flv", &flv(&clip(pattern, 5000)));
    for peer in FFMPEGS {
        let text = decode(
            peers,
            peer,
            &file,
            &["-fps_mode", "passthrough", "-f", "framecrc", "-"],
        );
        let frames = |stream: &str| text.lines().filter(|line| line.starts_with(stream)).count();
        assert_eq!(
            (frames("0,"), frames("1,")),
            (pictures, sounds),
            "{peer}: {pattern}"
        );
        assert!(text.contains(&format!("#dimensions 0: {size}\n")), "{text}");
    }
}

#[test]
fn five_seconds_are_decoded() {
    check("pattern:", "640x360", 150, 235);
}

#[test]
fn five_seconds_of_high_definition_are_decoded() {
    check("pattern:1280x720@30,2500k", "1280x720", 150, 235);
}

#[test]
fn five_seconds_of_sixty_large_pictures_are_decoded() {
    check("pattern:1920x1080@60,8M,key=1", "1920x1080", 300, 235);
}

#[test]
fn five_seconds_without_padding_are_decoded() {
    check("pattern:@25,0k", "640x360", 125, 235);
}

#[test]
fn sizes_that_are_no_whole_macroblocks_are_decoded() {
    check("pattern:322x182@24,no-audio", "322x182", 120, 0);
}

#[test]
fn a_small_slow_clip_is_decoded() {
    check("pattern:96x96@1,key=3", "96x96", 5, 235);
}

#[test]
fn five_seconds_at_the_rates_of_television_are_decoded() {
    check("pattern:@29.97", "640x360", 150, 235);
    check("pattern:@23.976,no-audio", "640x360", 120, 0);
    check("pattern:1280x720@59.94,no-audio", "1280x720", 300, 0);
}

#[test]
fn frame_numbers_wrap_without_harm() {
    check("pattern:96x96@120,key=60,no-audio", "96x96", 600, 0);
}

/// Decodes picture `n` as planes of Y, Cb and Cr.
fn planes(peers: Peers, peer: Peer, n: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "clip.flv", &flv(&clip("pattern:", 5000)));
    let raw = folder.path().join("picture.yuv");
    let select = format!("select=eq(n\\,{n})");
    let arguments = [
        "-vf",
        &select,
        "-frames:v",
        "1",
        "-pix_fmt",
        "yuv420p",
        "-f",
        "rawvideo",
    ];
    let mut arguments = arguments.to_vec();
    arguments.push(raw.to_str().unwrap());
    decode(peers, peer, &file, &arguments);
    let planes = read(&raw);
    assert_eq!(planes.len(), 640 * 360 * 3 / 2);
    planes
}

/// The colour of the pixel at `x`, `y`.
fn colour(planes: &[u8], x: usize, y: usize) -> [u8; 3] {
    let (cb, cr) = planes[640 * 360..].split_at(320 * 180);
    let small = y / 2 * 320 + x / 2;
    [planes[y * 640 + x], cb[small], cr[small]]
}

const WHITE: [u8; 3] = [235, 128, 128];
const BLACK: [u8; 3] = [16, 128, 128];

#[test]
fn the_bars_have_their_colours_to_the_last_bit() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let bars = [
        [180, 128, 128],
        [168, 44, 136],
        [145, 147, 44],
        [133, 63, 52],
        [63, 193, 204],
        [51, 109, 212],
        [28, 212, 120],
        BLACK,
    ];
    for peer in FFMPEGS {
        // The first picture, and one in the middle of a group.
        for n in [0, 95] {
            let planes = planes(peers, peer, n);
            for (bar, expected) in bars.iter().enumerate() {
                for (x, y) in [(bar * 80, 0), (bar * 80 + 40, 50), (bar * 80 + 79, 319)] {
                    assert_eq!(
                        colour(&planes, x, y),
                        *expected,
                        "{peer}: bar {bar} of picture {n}"
                    );
                }
            }
        }
    }
}

#[test]
fn the_box_moves_by_16_pixels_with_each_picture_and_the_clock_counts() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    for (n, left) in [(0, 0), (1, 16), (37, 37 * 16), (38, 36 * 16), (75, 16)] {
        let planes = planes(peers, Peer::Ffmpeg5, n);
        let row: Vec<_> = (0..640).map(|x| colour(&planes, x, 340)).collect();
        let white = |x: usize| (left..left + 48).contains(&x);
        let expected: Vec<_> = (0..640)
            .map(|x| if white(x) { WHITE } else { BLACK })
            .collect();
        assert_eq!(row, expected, "picture {n}");
        // The last digit: its lower left dot is white in even digits but 4.
        let dot = colour(&planes, 640 - 112 - 40, 96 + 16 + 3 * 16 + 8);
        let digit = n % 30 % 10;
        let lit = digit % 2 == 0 && digit != 4;
        assert_eq!(dot, if lit { WHITE } else { BLACK }, "picture {n}");
    }
}

#[test]
fn each_second_begins_with_a_tone_of_1_khz_and_is_silent_then() {
    let Some(peers) = Peers::for_test() else {
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let file = write(folder.path(), "clip.flv", &flv(&clip("pattern:", 5000)));
    for peer in FFMPEGS {
        let raw = folder.path().join("sound.pcm");
        decode(
            peers,
            peer,
            &file,
            &["-vn", "-f", "s16le", raw.to_str().unwrap()],
        );
        let bytes = read(&raw);
        let samples = bytes.chunks_exact(4);
        let left: Vec<_> = samples
            .clone()
            .map(|s| i16::from_le_bytes([s[0], s[1]]))
            .collect();
        let right: Vec<_> = samples.map(|s| i16::from_le_bytes([s[2], s[3]])).collect();
        assert_eq!(left, right);
        assert_eq!(left.len(), 235 * 1024);
        let loudest = |from_ms: usize, to_ms: usize| {
            let part = &left[from_ms * 48..to_ms * 48];
            part.iter()
                .map(|sample| sample.unsigned_abs())
                .max()
                .unwrap()
        };
        assert!(loudest(0, 960) < 10, "{peer}: the first second is silent");
        for second in 1..5 {
            let tone = &left[(second * 1000 + 20) * 48..(second * 1000 + 70) * 48];
            let rises = tone
                .windows(2)
                .filter(|pair| pair[0] < 0 && pair[1] >= 0)
                .count();
            assert!(
                (49..=51).contains(&rises),
                "{peer}: {rises} periods in 50 ms"
            );
            let peak = loudest(second * 1000 + 20, second * 1000 + 70);
            assert!((7000..10_000).contains(&peak), "{peer}: {peak}");
            assert!(
                loudest(second * 1000 + 130, second * 1000 + 960) < 10,
                "{peer}"
            );
        }
    }
}
