use super::Marks;
use crate::limits;

#[test]
fn a_frame_counts_as_received_when_its_last_byte_is_acknowledged() {
    let mut marks = Marks::default();
    for end in [100, 200, 300] {
        marks.take(end);
    }
    for (bytes, frames) in [(0, 0), (99, 0), (100, 1), (299, 2), (250, 2), (300, 3)] {
        assert_eq!(marks.acknowledged(bytes), frames, "{bytes} bytes");
    }
    marks.take(400);
    assert_eq!(marks.acknowledged(400), 4);
}

#[test]
fn so_many_ends_of_frames_are_kept_and_the_oldest_is_told_by_the_next() {
    let marks = |count: usize| {
        let mut marks = Marks::default();
        (1..=count).for_each(|end| marks.take(end as u64));
        marks
    };
    assert_eq!(marks(limits::MARKS).acknowledged(1), 1);
    let mut one_more = marks(limits::MARKS + 1);
    assert_eq!(one_more.ends.len(), limits::MARKS);
    assert_eq!(one_more.acknowledged(1), 0);
    assert_eq!(one_more.acknowledged(2), 2);
}
