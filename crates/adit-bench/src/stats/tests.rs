use super::*;

#[test]
fn percentiles_are_nearest_ranks() {
    let samples: Vec<u32> = (1..=200).rev().collect();
    let expected = Percentiles {
        p50: 100,
        p90: 180,
        p99: 198,
        max: 200,
        count: 200,
    };
    assert_eq!(Percentiles::of(&samples), Some(expected));
}

#[test]
fn one_sample_is_every_percentile() {
    let expected = Percentiles {
        p50: 7,
        p90: 7,
        p99: 7,
        max: 7,
        count: 1,
    };
    assert_eq!(Percentiles::of(&[7]), Some(expected));
    assert_eq!(Percentiles::of(&[]), None);
}

#[test]
fn a_median_is_the_middle_or_the_mean_of_two() {
    let check = |values: &[f64], expected: Option<f64>| {
        assert_eq!(median(values.iter().copied()), expected, "{values:?}");
    };
    check(&[], None);
    check(&[3.0], Some(3.0));
    check(&[9.0, 1.0, 5.0], Some(5.0));
    check(&[4.0, 1.0, 2.0, 9.0], Some(3.0));
}
