use super::Seed;

fn bytes(seed: u8, label: &'static str, len: usize) -> Vec<u8> {
    let mut out = vec![0; len];
    Seed::new([seed; 32]).stream(label).fill(&mut out);
    out
}

#[test]
fn the_same_seed_and_label_give_the_same_bytes() {
    assert_eq!(bytes(7, "a", 1528), bytes(7, "a", 1528));
}

#[test]
fn seeds_and_labels_separate_streams() {
    assert_ne!(bytes(7, "a", 32), bytes(8, "a", 32));
    assert_ne!(bytes(7, "a", 32), bytes(7, "b", 32));
}

#[test]
fn blocks_of_one_stream_differ() {
    let long = bytes(7, "a", 96);
    assert_ne!(long[..32], long[32..64]);
    assert_ne!(long[32..64], long[64..]);
}

#[test]
fn a_shorter_fill_is_a_prefix_of_a_longer_one() {
    assert_eq!(bytes(7, "a", 45), bytes(7, "a", 96)[..45]);
}

#[test]
fn debug_output_hides_the_bytes() {
    let seed = Seed::new([0x41; 32]);
    assert_eq!(
        format!("{seed:?} {:?}", seed.stream("a")),
        "Seed(..) SeedStream(..)"
    );
}
