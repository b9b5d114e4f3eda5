//! Recorded files: whatever is in them, they are opened, played, sought, repaired and verified without harm.

use std::io::{Cursor, Read, Seek};

use adit_media::{
    Frame, Timestamp, repair::repair, verify::Finding, verify::verify, vod::Recording,
};

use crate::input::Input;

/// Frames looked at: a few bytes can describe samples without end.
const FRAMES: usize = 2000;
/// Bytes that stand in front of a frame, and a header that is made of another one.
const OVERHEAD: usize = 64;

/// Four bytes for two places to seek, in hundredths of a second, then an FLV file.
pub fn flv_recording(data: &[u8]) {
    let mut input = Input::new(data);
    let targets = [input.short(), input.short()];
    let file = input.rest();
    play(file, targets);
    repaired(file);
}

/// Four bytes for two places to seek, in hundredths of a second, then an MP4 file.
pub fn mp4_recording(data: &[u8]) {
    let mut input = Input::new(data);
    let targets = [input.short(), input.short()];
    play(input.rest(), targets);
}

fn play(file: &[u8], targets: [u16; 2]) {
    let Ok(mut recording) = Recording::open(Cursor::new(file)) else {
        return;
    };
    let first = frames(&mut recording, file.len());
    for target in targets {
        let target = Timestamp::from_ms(u32::from(target).saturating_mul(10));
        let Ok(at) = recording.seek(target) else {
            continue;
        };
        let played = frames(&mut recording, file.len());
        assert_eq!(
            recording.seek(target).ok(),
            Some(at),
            "the same place again"
        );
        assert_eq!(
            frames(&mut recording, file.len()),
            played,
            "the same from there"
        );
    }
    if let Ok(mut again) = recording.reopen(Cursor::new(file)) {
        assert_eq!(frames(&mut again, file.len()), first, "the same again");
    }
}

fn frames<S: Read + Seek>(recording: &mut Recording<S>, most: usize) -> Vec<Frame> {
    let mut frames = Vec::new();
    for _ in 0..FRAMES {
        match recording.next_frame() {
            Ok(Some(frame)) => {
                let size = frame.payload().len();
                // Metadata has the duration and what is known of the tracks besides.
                assert!(
                    size <= most.saturating_mul(2).saturating_add(OVERHEAD * 4),
                    "{size} out of {most}"
                );
                frames.push(frame);
            }
            Ok(None) => break,
            Err(_) => {}
        }
    }
    frames
}

/// What is cut and patched as a repair says is whole at its end, and needs no other repair.
fn repaired(file: &[u8]) {
    // It says what it finds, whatever that is.
    let found = verify(Cursor::new(file)).is_ok();
    let Ok(first) = repair(Cursor::new(file), 0) else {
        return;
    };
    assert!(found, "what can be repaired can be verified");
    let len = usize::try_from(first.bytes()).unwrap_or(usize::MAX);
    let Some(mut file) = file.get(..len).map(<[u8]>::to_vec) else {
        panic!("{len} bytes of {} are good", file.len())
    };
    if file.is_empty() {
        return;
    }
    for patch in first.patches() {
        let at = usize::try_from(patch.offset).unwrap_or(usize::MAX);
        let end = at.saturating_add(patch.bytes.len());
        let Some(place) = file.get_mut(at..end) else {
            panic!("a patch from {at} to {end} of {len}")
        };
        place.copy_from_slice(&patch.bytes);
    }
    let again = repair(Cursor::new(&file), 0).map(|again| again.lost_bytes());
    assert_eq!(again.ok(), Some(0), "what was repaired is whole");
    let Ok(report) = verify(Cursor::new(&file)) else {
        panic!("what was repaired can be verified")
    };
    let is_torn = |finding: &&Finding| {
        matches!(
            finding,
            Finding::Torn { .. } | Finding::BackPointer { found: None, .. }
        )
    };
    assert_eq!(report.findings.iter().find(is_torn), None);
}
