use super::*;

fn first_of(content: Content) -> Planned {
    Schedule::default()
        .find(|planned| planned.content == content)
        .unwrap()
}

fn payload(planned: &Planned) -> Vec<u8> {
    let mut out = Vec::new();
    planned.write_payload(123_456_789, &mut out);
    out
}

fn check_in_pieces(kind: u8, payload: &[u8], piece: usize) -> Received {
    let mut checker = Checker::new();
    let message = (kind, payload.len());
    for (number, bytes) in payload.chunks(piece).enumerate() {
        checker.piece(message, number * piece, bytes, |_| true);
    }
    checker.finish(message)
}

#[test]
fn a_second_holds_30_video_and_43_audio_messages_in_order() {
    let second: Vec<_> = Schedule::default()
        .take_while(|planned| planned.due < Duration::from_secs(1))
        .collect();
    let count = |kind: u8| {
        second
            .iter()
            .filter(|planned| planned.content.kind() == kind)
            .count()
    };
    assert_eq!((count(VIDEO), count(AUDIO)), (30, 43));
    assert!(second.windows(2).all(|pair| pair[0].due <= pair[1].due));
    let numbers: Vec<_> = second.iter().map(|planned| planned.sequence).collect();
    assert_eq!(numbers, (0..73).collect::<Vec<_>>());
}

#[test]
fn a_key_frame_comes_every_two_seconds_and_sizes_average_to_the_rate() {
    let seconds = 20;
    let all: Vec<_> = Schedule::default()
        .take_while(|planned| planned.due < Duration::from_secs(seconds))
        .collect();
    let keys: Vec<_> = all
        .iter()
        .filter(|planned| planned.content == Content::Key)
        .map(|planned| planned.due.as_secs())
        .collect();
    assert_eq!(keys, (0..10).map(|number| number * 2).collect::<Vec<_>>());
    let bytes: usize = all.iter().map(|planned| planned.payload_len).sum();
    assert_eq!(bytes as u64, STANDARD.bytes_per_second() * seconds);
    assert_eq!(STANDARD.bytes_per_second(), 30 * 10_250 + 43 * 280);
}

#[test]
fn a_payload_is_recognized_whole_however_it_is_cut() {
    for (content, wrap) in [
        (Content::Key, Received::Key as fn(Mark) -> Received),
        (Content::Inter, Received::Inter),
        (Content::Audio, Received::Audio),
    ] {
        let planned = first_of(content);
        let payload = payload(&planned);
        assert_eq!(payload.len(), STANDARD.payload_len(content));
        let expected = wrap(Mark {
            sequence: planned.sequence,
            sent_ns: 123_456_789,
            timestamp: planned.timestamp(),
            len: payload.len(),
        });
        for piece in [1, 2, 7, 29, 30, 31, 128, 4096, payload.len()] {
            assert_eq!(
                check_in_pieces(content.kind(), &payload, piece),
                expected,
                "{piece}"
            );
        }
    }
}

#[test]
fn any_changed_byte_of_the_pattern_or_tail_is_noticed() {
    let planned = first_of(Content::Audio);
    let whole = payload(&planned);
    for at in AUDIO_PREFIX + MARK..whole.len() {
        let mut spoilt = whole.clone();
        spoilt[at] ^= 1;
        assert_eq!(
            check_in_pieces(AUDIO, &spoilt, 64),
            Received::Corrupt,
            "byte {at}"
        );
    }
}

#[test]
fn a_payload_cut_short_or_swapped_for_another_is_corrupt() {
    let planned = first_of(Content::Inter);
    let whole = payload(&planned);
    let mut next = planned;
    next.sequence += 1;
    let other = payload(&next);
    let spliced = [&whole[..5000], &other[5000..]].concat();
    for spoilt in [
        &whole[..whole.len() - 1],
        &whole[..20],
        &whole[..6],
        &spliced,
    ] {
        assert_eq!(check_in_pieces(VIDEO, spoilt, 4096), Received::Corrupt);
    }
}

#[test]
fn the_pattern_is_left_alone_when_the_caller_says_so() {
    let mut spoilt = payload(&first_of(Content::Inter));
    spoilt[5000] ^= 1;
    let message = (VIDEO, spoilt.len());
    let mut checker = Checker::new();
    checker.piece(message, 0, &spoilt, |_| false);
    assert!(matches!(checker.finish(message), Received::Inter(_)));
}

#[test]
fn sequence_headers_are_not_frames() {
    assert_eq!(check_in_pieces(VIDEO, &AVC_HEADER, 10), Received::Header);
    assert_eq!(check_in_pieces(AUDIO, &AAC_HEADER, 10), Received::Header);
}

#[test]
fn a_checker_forgets_the_last_message() {
    let mut checker = Checker::new();
    let whole = payload(&first_of(Content::Audio));
    checker.piece((AUDIO, whole.len()), 0, &whole, |_| true);
    assert!(matches!(
        checker.finish((AUDIO, whole.len())),
        Received::Audio(_)
    ));
    checker.piece((AUDIO, 5), 0, &[0xAF, 1, 0, 0, 0], |_| true);
    assert_eq!(checker.finish((AUDIO, 5)), Received::Corrupt);
}
