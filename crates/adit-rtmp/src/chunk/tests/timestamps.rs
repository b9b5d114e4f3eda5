//! Extended timestamps, deltas, and the ends of the 24-bit and 32-bit ranges.

use super::*;

const MARK: u32 = 0xFF_FFFF;

fn long() -> Vec<u8> {
    body(1, 300)
}

/// One message of 300 bytes with an extended time, whose type 3 chunks are preceded by `ext`.
fn extended_message(time: u32, ext: Option<u32>) -> Wire {
    let mut wire = Wire::new()
        .type0(4, MARK, 300, 8, 1)
        .ext(time)
        .bytes(&long()[..128]);
    for piece in [128..256, 256..300] {
        wire = wire.type3(4);
        if let Some(value) = ext {
            wire = wire.ext(value);
        }
        wire = wire.bytes(&long()[piece]);
    }
    wire
}

// D1.

//
#[test]
fn an_extended_timestamp_may_be_repeated_in_type_3_chunks() {
    for time in [MARK, 0x100_0000, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
        check(
            &extended_message(time, Some(time)),
            &[audio(time, 1, &long())],
        );
    }
}

//
#[test]
fn an_extended_timestamp_may_be_left_out_in_type_3_chunks() {
    for time in [MARK, 0x100_0000, 0x7FFF_FFFF, 0x8000_0000, u32::MAX] {
        check(&extended_message(time, None), &[audio(time, 1, &long())]);
    }
}

//
#[test]
fn a_repeated_timestamp_may_lack_its_top_bit() {
    check(
        &extended_message(0x8123_4567, Some(0x0123_4567)),
        &[audio(0x8123_4567, 1, &long())],
    );
    check(
        &extended_message(0x0123_4567, Some(0x8123_4567)),
        &[audio(0x0123_4567, 1, &long())],
    );
}

#[test]
fn an_extended_field_may_hold_a_small_time() {
    check(&extended_message(5, Some(5)), &[audio(5, 1, &long())]);
    check(&extended_message(5, None), &[audio(5, 1, &long())]);
}

#[test]
fn payload_that_begins_like_the_timestamp_is_not_taken_for_it() {
    for alike in 1..4 {
        let time = 0x0102_0304_u32;
        let mut payload = body(0x55, 130);
        payload.extend_from_slice(&time.to_be_bytes()[..alike]);
        payload.push(0xEE);
        let len = payload.len() as u32;
        let wire = Wire::new().type0(4, MARK, len, 8, 1).ext(time);
        let wire = wire.bytes(&payload[..128]).type3(4).bytes(&payload[128..]);
        let wire = wire.type0(4, 9, 1, 8, 1).bytes(b"z");
        check(&wire, &[audio(time, 1, &payload), audio(9, 1, b"z")]);
        // The look ahead ends inside the next chunk.
        let mut payload = body(0x55, 128);
        payload.extend_from_slice(&time.to_be_bytes()[..alike]);
        let len = payload.len() as u32;
        let wire = Wire::new().type0(4, MARK, len, 8, 1).ext(time);
        let wire = wire.bytes(&payload[..128]).type3(4).bytes(&payload[128..]);
        let wire = wire.type0(6, 9, 1, 8, 1).bytes(b"z");
        check(&wire, &[audio(time, 1, &payload), audio(9, 1, b"z")]);
    }
}

#[test]
fn a_short_rest_without_the_timestamp_is_delivered_at_once() {
    let payload = body(0x55, 129);
    let wire = Wire::new().type0(4, MARK, 129, 8, 1).ext(0x0100_0000);
    let wire = wire.bytes(&payload[..128]).type3(4).bytes(&payload[128..]);
    check(&wire, &[audio(0x0100_0000, 1, &payload)]);
}

#[test]
fn a_new_message_of_type_3_may_repeat_the_extended_timestamp_or_not() {
    let delta = 0x0100_0000;
    for repeated in [true, false] {
        let wire = Wire::new().type0(4, 1000, 5, 8, 1).bytes(b"first");
        let mut wire = wire.type2(4, MARK).ext(delta).bytes(b"secon").type3(4);
        if repeated {
            wire = wire.ext(delta);
        }
        let wire = wire
            .bytes(b"third")
            .type2(4, 7)
            .bytes(b"fourt")
            .type3(4)
            .bytes(b"fifth");
        let second = 1000 + delta;
        let third = second + delta;
        check(
            &wire,
            &[
                audio(1000, 1, b"first"),
                audio(second, 1, b"secon"),
                audio(third, 1, b"third"),
                audio(third + 7, 1, b"fourt"),
                audio(third + 14, 1, b"fifth"),
            ],
        );
    }
}

#[test]
fn a_shorter_time_ends_the_extended_state() {
    let wire = extended_message(0x0100_0000, Some(0x0100_0000));
    let wire = wire
        .type0(4, 3, 130, 8, 1)
        .bytes(&body(0, 128))
        .type3(4)
        .bytes(&[1, 0]);
    let second = [body(0, 128), vec![1, 0]].concat();
    check(
        &wire,
        &[audio(0x0100_0000, 1, &long()), audio(3, 1, &second)],
    );
}

#[test]
fn the_extended_state_is_one_of_each_chunk_stream() {
    let payload = body(1, 130);
    let wire = Wire::new()
        .type0(4, MARK, 130, 8, 1)
        .ext(0x0100_0000)
        .bytes(&payload[..128])
        .type0(6, 5, 130, 9, 1)
        .bytes(&payload[..128])
        .type3(6)
        .bytes(&payload[128..])
        .type3(4)
        .ext(0x0100_0000)
        .bytes(&payload[128..]);
    check(
        &wire,
        &[(9, 5, 1, payload.clone()), audio(0x0100_0000, 1, &payload)],
    );
}

// D2.

#[test]
fn type_3_behind_type_0_adds_the_time_of_type_0() {
    // As FMLE does.
    let wire = Wire::new()
        .type0(4, 26, 1, 8, 1)
        .bytes(b"a")
        .type3(4)
        .bytes(b"b")
        .type3(4)
        .bytes(b"c");
    check(
        &wire,
        &[audio(26, 1, b"a"), audio(52, 1, b"b"), audio(78, 1, b"c")],
    );
    // GStreamer does it at time 0, where all readings agree.
    let wire = Wire::new()
        .type0(4, 0, 1, 8, 1)
        .bytes(b"a")
        .type3(4)
        .bytes(b"b");
    check(&wire, &[audio(0, 1, b"a"), audio(0, 1, b"b")]);
}

// D3.

//
#[test]
fn an_extended_field_of_types_1_and_2_is_a_delta() {
    let wire = Wire::new()
        .type0(4, 1000, 1, 8, 1)
        .bytes(b"a")
        .type1(4, MARK, 1, 8)
        .ext(0x0100_0000)
        .bytes(b"b")
        .type2(4, MARK)
        .ext(0x0200_0000)
        .bytes(b"c");
    check(
        &wire,
        &[
            audio(1000, 1, b"a"),
            audio(0x0100_03E8, 1, b"b"),
            audio(0x0300_03E8, 1, b"c"),
        ],
    );
}

#[test]
fn a_negative_delta_goes_back() {
    //
    let wire = Wire::new().type0(4, 1000, 1, 8, 1).bytes(b"a");
    let wire = wire.type2(4, MARK).ext(0_u32.wrapping_sub(40)).bytes(b"b");
    check(&wire, &[audio(1000, 1, b"a"), audio(960, 1, b"b")]);
}

// The ends of the ranges.

#[test]
fn deltas_lead_across_24_bits() {
    let wire = Wire::new().type0(4, 0xFF_FFFE, 1, 8, 1).bytes(b"a");
    let wire = wire
        .type2(4, 1)
        .bytes(b"b")
        .type3(4)
        .bytes(b"c")
        .type3(4)
        .bytes(b"d");
    check(
        &wire,
        &[
            audio(0xFF_FFFE, 1, b"a"),
            audio(0xFF_FFFF, 1, b"b"),
            audio(0x100_0000, 1, b"c"),
            audio(0x100_0001, 1, b"d"),
        ],
    );
}

#[test]
fn absolute_times_lead_across_24_bits_and_back() {
    let wire = Wire::new()
        .type0(4, 0xFF_FFFE, 1, 8, 1)
        .bytes(b"a")
        .type0(4, MARK, 1, 8, 1)
        .ext(0xFF_FFFF)
        .bytes(b"b")
        .type0(4, MARK, 1, 8, 1)
        .ext(0x100_0000)
        .bytes(b"c")
        .type0(4, 0xFF_FFFD, 1, 8, 1)
        .bytes(b"d");
    check(
        &wire,
        &[
            audio(0xFF_FFFE, 1, b"a"),
            audio(0xFF_FFFF, 1, b"b"),
            audio(0x100_0000, 1, b"c"),
            audio(0xFF_FFFD, 1, b"d"),
        ],
    );
}

#[test]
fn deltas_lead_across_32_bits_in_both_directions() {
    let wire = Wire::new()
        .type0(4, MARK, 1, 8, 1)
        .ext(u32::MAX - 10)
        .bytes(b"a");
    let wire = wire
        .type2(4, 23)
        .bytes(b"b")
        .type2(4, MARK)
        .ext(0_u32.wrapping_sub(23))
        .bytes(b"c");
    check(
        &wire,
        &[
            audio(u32::MAX - 10, 1, b"a"),
            audio(12, 1, b"b"),
            audio(u32::MAX - 10, 1, b"c"),
        ],
    );
}
