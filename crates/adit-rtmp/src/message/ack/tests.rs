use super::*;

const HALF: usize = DEFAULT_WINDOW as usize / 2;

//
#[test]
fn an_acknowledgement_is_due_at_half_the_window() {
    let mut received = ReceivedBytes::new();
    assert_eq!(received.receive(HALF - 1), None);
    assert_eq!(received.receive(1), Some(1_250_000));
    assert_eq!(received.receive(HALF - 1), None);
    assert_eq!(received.receive(2), Some(2_500_001));
}

#[test]
fn the_number_is_of_all_bytes_and_not_of_those_since_the_last() {
    let mut received = ReceivedBytes::new();
    received.set_window(100_000);
    let numbers: Vec<u32> = (0..200).filter_map(|_| received.receive(1000)).collect();
    assert_eq!(numbers, [50_000, 100_000, 150_000, 200_000]);
    assert_eq!(received.total(), 200_000);
}

//
#[test]
fn one_input_gives_one_acknowledgement_at_most() {
    let mut received = ReceivedBytes::new();
    received.set_window(ACK_WINDOW_MIN);
    assert_eq!(received.receive(10_000_000), Some(10_000_000));
    assert_eq!(received.receive(1), None);
}

//
#[test]
fn a_window_is_at_least_64_kib() {
    let check = |asked, window| {
        let mut received = ReceivedBytes::new();
        received.set_window(asked);
        assert_eq!(received.window(), window);
    };
    check(0, 65_536);
    check(1, 65_536);
    check(65_535, 65_536);
    check(65_536, 65_536);
    check(65_537, 65_537);
    check(u32::MAX, u32::MAX);
}

//
#[test]
fn the_number_wraps_at_32_bits() {
    let mut received = ReceivedBytes::new();
    let mut last = 0;
    for _ in 0..5 {
        last = received.receive(1_000_000_000).unwrap();
    }
    assert_eq!(received.total(), 5_000_000_000);
    assert_eq!(last, 705_032_704);
}

fn sent(bytes: usize) -> SentBytes {
    let mut account = SentBytes::new();
    account.send(bytes);
    account
}

#[test]
fn acknowledged_bytes_follow_the_peer() {
    let mut account = sent(10_000);
    account.acknowledge(3000);
    account.acknowledge(3000);
    assert_eq!((account.acknowledged(), account.resets()), (3000, 0));
    account.acknowledge(10_000);
    assert_eq!((account.acknowledged(), account.resets()), (10_000, 0));
}

//
#[test]
fn a_count_that_wraps_at_32_bits_goes_on() {
    let mut account = sent(0x1_0000_2000);
    for number in [0xF000_0000, 0xFFFF_FFFF, 0x1000] {
        account.acknowledge(number);
    }
    assert_eq!(
        (account.acknowledged(), account.resets()),
        (0x1_0000_1000, 0)
    );
}

//
#[test]
fn a_count_that_starts_again_is_followed_from_there() {
    // nginx-rtmp at 0xF0000000, others at 2^31.
    for reset_at in [0xF000_0000, 0x7FFF_FFFF_u32] {
        let mut account = sent(reset_at as usize + 500_000);
        account.acknowledge(reset_at);
        account.acknowledge(0);
        assert_eq!(
            (account.acknowledged(), account.resets()),
            (reset_at.into(), 1)
        );
        account.acknowledge(400_000);
        assert_eq!(account.acknowledged(), u64::from(reset_at) + 400_000);
    }
}

#[test]
fn nonsense_never_leads_past_what_was_sent() {
    let mut account = sent(1000);
    for number in [u32::MAX, 5, 0x8000_0000, 900, 0, 77, u32::MAX] {
        account.acknowledge(number);
        assert!(account.acknowledged() <= account.total());
    }
}

#[track_caller]
fn check_bandwidth(limits: &[(u32, BandwidthLimit)], answers: &[Option<u32>]) {
    let mut window = OutputWindow::new();
    let got: Vec<_> = limits
        .iter()
        .map(|(bytes, limit)| window.limit(*bytes, *limit))
        .collect();
    assert_eq!(got, answers);
}

#[test]
fn bandwidth_limits_are_answered_when_the_window_changes() {
    use BandwidthLimit::{Dynamic, Hard, Soft};
    check_bandwidth(
        &[(5, Hard), (5, Hard), (9, Hard)],
        &[Some(5), None, Some(9)],
    );
    check_bandwidth(
        &[(5, Soft), (9, Soft), (3, Soft)],
        &[Some(5), None, Some(3)],
    );
    check_bandwidth(
        &[(5, Dynamic), (6, Soft), (4, Dynamic)],
        &[None, Some(6), None],
    );
    check_bandwidth(
        &[(5, Hard), (6, Dynamic), (7, Dynamic)],
        &[Some(5), Some(6), Some(7)],
    );
    check_bandwidth(&[(0, Hard), (0, Soft)], &[Some(0), None]);
}
