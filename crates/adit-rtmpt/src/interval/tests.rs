use super::*;

fn silent(ladder: &mut Ladder) -> PollByte {
    ladder.silence();
    ladder.current()
}

#[test]
fn every_byte_means_the_pause_of_the_table() {
    for (byte, ms) in [
        (0x01, 0),
        (0x03, 32),
        (0x05, 64),
        (0x09, 128),
        (0x11, 256),
        (0x21, 512),
        (0x41, 1024),
        (0x81, 2048),
        (0xFF, 4064),
    ] {
        let poll = PollByte::from_wire(byte).unwrap();
        assert_eq!(poll.pause(), Duration::from_millis(ms), "{byte:#04x}");
        assert_eq!(
            PollByte::from_pause(Duration::from_millis(ms)),
            poll,
            "{ms} ms"
        );
        assert_eq!(poll.to_wire(), byte);
    }
}

#[test]
fn zero_is_no_pause_but_the_end() {
    assert_eq!(PollByte::from_wire(0), None);
}

#[test]
fn a_pause_between_two_bytes_takes_the_shorter() {
    assert_eq!(PollByte::from_pause(Duration::from_millis(15)).to_wire(), 1);
    assert_eq!(PollByte::from_pause(Duration::from_millis(31)).to_wire(), 2);
    assert_eq!(
        PollByte::from_pause(Duration::from_mins(1)),
        PollByte::LONGEST
    );
}

#[test]
fn the_ladder_climbs_one_three_five_nine_and_stops_at_the_top() {
    let mut poll = PollByte::NOW;
    let mut seen = vec![poll.to_wire()];
    for _ in 0..9 {
        poll = poll.slower();
        seen.push(poll.to_wire());
    }
    assert_eq!(
        seen,
        [0x01, 0x03, 0x05, 0x09, 0x11, 0x21, 0x41, 0x81, 0xFF, 0xFF]
    );
}

#[test]
fn ten_empty_idles_keep_the_pace_and_the_eleventh_slows_down() {
    let mut ladder = Ladder::new(PollConfig::default());
    for _ in 0..10 {
        assert_eq!(silent(&mut ladder), PollByte::NOW);
    }
    let climbed: Vec<u8> = (0..7).map(|_| silent(&mut ladder).to_wire()).collect();
    assert_eq!(climbed, [0x03, 0x05, 0x09, 0x11, 0x21, 0x21, 0x21]);
}

#[test]
fn data_brings_the_ladder_back_to_the_bottom() {
    let mut ladder = Ladder::new(PollConfig::default());
    for _ in 0..20 {
        ladder.silence();
    }
    assert_eq!(ladder.data(), PollByte::NOW);
    assert_eq!(silent(&mut ladder), PollByte::NOW);
}

#[test]
fn the_ladder_stays_between_the_configured_bytes() {
    let config = PollConfig {
        min: PollByte(5),
        max: PollByte(7),
        ..PollConfig::default()
    };
    let mut ladder = Ladder::new(config);
    assert_eq!(ladder.data(), PollByte(5));
    for _ in 0..30 {
        ladder.silence();
    }
    assert_eq!(ladder.current(), PollByte(7));
}

#[test]
fn a_maximum_below_the_minimum_means_the_minimum() {
    let config = PollConfig {
        min: PollByte(9),
        max: PollByte(3),
        patience: 0,
    };
    let mut ladder = Ladder::new(config);
    assert_eq!(silent(&mut ladder), PollByte(9));
}
