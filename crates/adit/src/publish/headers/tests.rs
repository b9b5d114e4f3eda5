use adit_client::media::pattern::Pattern;
use adit_client::media::{Frame, FrameKind, Timestamp};

use super::Headers;

fn frames(pattern: &str) -> Vec<Frame> {
    Pattern::new(pattern.parse().unwrap()).take(200).collect()
}

#[test]
fn q164_metadata_is_told_again_at_0_and_sequence_headers_at_the_time_of_going_on() {
    let mut headers = Headers::default();
    let frames = frames("pattern:");
    for frame in &frames {
        headers.note(frame);
    }
    let again = headers.again(Timestamp::from_ms(5000));
    assert_eq!(again.len(), 3);
    for (again, first) in again.iter().zip(&frames) {
        assert_eq!(again.payload(), first.payload());
        let at = if again.flags().is_metadata() { 0 } else { 5000 };
        assert_eq!(again.at(), Timestamp::from_ms(at));
    }
}

#[test]
fn a_stream_with_video_goes_on_at_a_key_frame_and_another_one_with_any_sound() {
    let frames = frames("pattern:");
    let mut headers = Headers::default();
    let sound = frames
        .iter()
        .find(|frame| frame.kind() == FrameKind::Audio && frame.flags().is_coded())
        .unwrap();
    assert!(headers.can_go_on_with(sound));
    headers.note(&frames[1]);
    assert!(!headers.can_go_on_with(sound));
    let pictures = frames
        .iter()
        .filter(|frame| frame.kind() == FrameKind::Video);
    for picture in pictures.filter(|frame| frame.flags().is_coded()) {
        assert_eq!(
            headers.can_go_on_with(picture),
            picture.flags().is_key_frame()
        );
    }
}
