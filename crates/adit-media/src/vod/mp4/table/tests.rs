use std::num::NonZeroU32;

use proptest::prelude::*;
use shiguredo_mp4::Either;
use shiguredo_mp4::boxes::{
    CttsBox, CttsEntry, StcoBox, StscBox, StscEntry, StssBox, StszBox, SttsBox, SttsEntry,
};

use super::{ChunksOutOfOrder, Parts, Sample, Table};

fn parts(stts: &[(u32, u32)], stsc: &[(u32, u32)], sizes: &[u32], chunks: &[u32]) -> Parts {
    let number = |n| NonZeroU32::new(n).unwrap();
    Parts {
        stts: SttsBox {
            entries: stts
                .iter()
                .map(|&(sample_count, sample_delta)| SttsEntry {
                    sample_count,
                    sample_delta,
                })
                .collect(),
        },
        ctts: None,
        stsc: StscBox {
            entries: stsc
                .iter()
                .map(|&(first, sample_per_chunk)| StscEntry {
                    first_chunk: number(first),
                    sample_per_chunk,
                    sample_description_index: number(1),
                })
                .collect(),
        },
        stsz: StszBox::Variable {
            entry_sizes: sizes.to_vec(),
        },
        chunks: Either::A(StcoBox {
            chunk_offsets: chunks.to_vec(),
        }),
        stss: None,
    }
}

fn all(table: &Table) -> Vec<Sample> {
    let mut cursor = table.cursor(0);
    std::iter::from_fn(|| {
        let sample = cursor.sample(table)?;
        cursor.advance(table);
        Some(sample)
    })
    .collect()
}

#[test]
fn samples_are_where_chunks_and_sizes_put_them() {
    let table = parts(
        &[(2, 10), (3, 20)],
        &[(1, 2), (2, 1)],
        &[5, 6, 7, 8, 9],
        &[100, 200, 300, 400],
    );
    let table = Table::new(table).unwrap();
    let places: Vec<_> = all(&table)
        .iter()
        .map(|s| (s.offset, s.size, s.dts))
        .collect();
    assert_eq!(
        places,
        [
            (100, 5, 0),
            (105, 6, 10),
            (200, 7, 20),
            (300, 8, 40),
            (400, 9, 60)
        ]
    );
    assert_eq!((table.count(), table.dts(5)), (5, 80));
}

#[test]
fn tables_that_disagree_have_as_many_samples_as_all_know() {
    let count = |stts, stsc: &[(u32, u32)], sizes, chunks: &[u32]| {
        let table = Table::new(parts(&[(stts, 1)], stsc, &vec![1; sizes], chunks)).unwrap();
        assert_eq!(all(&table).len(), usize::try_from(table.count()).unwrap());
        table.count()
    };
    assert_eq!(count(3, &[(1, 5)], 4, &[0]), 3);
    assert_eq!(count(9, &[(1, 5)], 4, &[0]), 4);
    assert_eq!(count(9, &[(1, 5)], 9, &[0]), 5);
    assert_eq!(count(9, &[(1, 5), (7, 5)], 9, &[0]), 5);
    assert_eq!(count(9, &[(1, 0)], 9, &[0]), 0);
    assert_eq!(count(u32::MAX, &[(1, u32::MAX)], 9, &[0, 0]), 9);
    assert_eq!(count(9, &[], 9, &[0]), 0);
}

#[test]
fn chunks_out_of_order_are_an_error() {
    let check = |stsc: &[(u32, u32)]| Table::new(parts(&[(1, 1)], stsc, &[1], &[0])).map(|_| ());
    assert_eq!(check(&[(2, 1)]), Err(ChunksOutOfOrder));
    assert_eq!(check(&[(1, 1), (1, 1)]), Err(ChunksOutOfOrder));
    assert_eq!(check(&[(1, 1), (3, 1), (2, 1)]), Err(ChunksOutOfOrder));
    assert_eq!(check(&[(1, 1), (2, 1)]), Ok(()));
}

#[test]
fn four_billion_samples_of_one_size_cost_nothing() {
    let mut parts = parts(&[(u32::MAX, 3)], &[(1, u32::MAX)], &[], &[1000]);
    parts.stsz = StszBox::Fixed {
        sample_size: NonZeroU32::MIN,
        sample_count: u32::MAX,
    };
    let table = Table::new(parts).unwrap();
    let far = table.cursor(4_000_000_000).sample(&table).unwrap();
    assert_eq!((far.offset, far.dts), (4_000_001_000, 12_000_000_000));
    assert_eq!(table.at_or_before(12_000_000_001), 4_000_000_000);
}

#[test]
fn key_frames_are_those_of_the_list_or_all() {
    let mut some = parts(&[(9, 1)], &[(1, 9)], &[1; 9], &[0]);
    let number = |n| NonZeroU32::new(n).unwrap();
    some.stss = Some(StssBox {
        sample_numbers: [3, 6].map(number).to_vec(),
    });
    let some = Table::new(some).unwrap();
    assert_eq!(
        [0, 1, 2, 4, 5, 8].map(|at| some.key_before(at)),
        [2, 2, 2, 2, 5, 5]
    );
    let keys: Vec<_> = all(&some).iter().map(|sample| sample.is_key).collect();
    assert_eq!(
        keys,
        [false, false, true, false, false, true, false, false, false]
    );
    let all = Table::new(parts(&[(9, 1)], &[(1, 9)], &[1; 9], &[0])).unwrap();
    assert_eq!(all.key_before(4), 4);
}

fn runs() -> impl Strategy<Value = Vec<(u32, u32)>> {
    proptest::collection::vec((0..5_u32, 0..5_u32), 0..8)
}

proptest! {
    #[test]
    fn a_cursor_stands_where_going_on_leads(
        stts in runs(),
        ctts in runs(),
        stsc in proptest::collection::vec((1..4_u32, 0..4_u32), 0..6),
        sizes in proptest::collection::vec(0..9_u32, 0..30),
        chunks in proptest::collection::vec(0..999_u32, 0..12),
    ) {
        let mut first = 1;
        let stsc: Vec<_> = stsc
            .into_iter()
            .map(|(step, samples)| {
                let run = (first, samples);
                first += step;
                run
            })
            .collect();
        let mut parts = parts(&stts, &stsc, &sizes, &chunks);
        parts.ctts = Some(CttsBox {
            version: 1,
            entries: ctts
                .into_iter()
                .map(|(sample_count, offset)| CttsEntry {
                    sample_count,
                    sample_offset: i64::from(offset) - 2,
                })
                .collect(),
        });
        let table = Table::new(parts).unwrap();
        let all = all(&table);
        prop_assert_eq!(all.len(), usize::try_from(table.count()).unwrap());
        for (at, sample) in all.iter().enumerate() {
            let at = u32::try_from(at).unwrap();
            prop_assert_eq!(table.cursor(at).sample(&table), Some(*sample));
            prop_assert_eq!(table.dts(at), sample.dts);
            let found = table.at_or_before(sample.dts);
            prop_assert_eq!(table.dts(found), sample.dts);
        }
        prop_assert_eq!(table.cursor(table.count()).sample(&table), None);
    }
}
