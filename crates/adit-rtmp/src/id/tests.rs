use super::{ChunkSize, ChunkStreamId};

#[test]
fn chunk_stream_ids_are_2_to_65599() {
    let accepted = |id| ChunkStreamId::new(id).map(ChunkStreamId::get);
    assert_eq!(accepted(0), None);
    assert_eq!(accepted(1), None);
    assert_eq!(accepted(2), Some(2));
    assert_eq!(accepted(65_599), Some(65_599));
    assert_eq!(accepted(65_600), None);
}

#[test]
fn chunk_sizes_are_clamped_to_the_longest_message_and_never_zero_or_negative() {
    let accepted = |bytes| ChunkSize::new(bytes).map(ChunkSize::get);
    assert_eq!(accepted(0), None);
    assert_eq!(accepted(1), Some(1));
    assert_eq!(accepted(0xFF_FFFF), Some(0xFF_FFFF));
    assert_eq!(accepted(0x100_0000), Some(0xFF_FFFF));
    assert_eq!(accepted(0x7FFF_FFFF), Some(0xFF_FFFF));
    assert_eq!(accepted(0x8000_0000), None);
    assert_eq!(accepted(u32::MAX), None);
}
