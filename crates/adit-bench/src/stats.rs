//! Percentiles and medians.

/// The usual points of a distribution, in the unit of its samples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Percentiles {
    pub(crate) p50: u32,
    pub(crate) p90: u32,
    pub(crate) p99: u32,
    pub(crate) max: u32,
    /// How many samples there were.
    pub(crate) count: usize,
}

impl Percentiles {
    /// Nearest-rank percentiles; None without samples.
    pub(crate) fn of(samples: &[u32]) -> Option<Self> {
        let mut sorted = samples.to_vec();
        sorted.sort_unstable();
        let rank = |percent: usize| {
            let nearest = (sorted.len() * percent).div_ceil(100).max(1);
            sorted.get(nearest - 1).copied()
        };
        Some(Self {
            p50: rank(50)?,
            p90: rank(90)?,
            p99: rank(99)?,
            max: rank(100)?,
            count: sorted.len(),
        })
    }
}

/// The middle value, or the mean of the two middle ones; None without values.
pub(crate) fn median(values: impl IntoIterator<Item = f64>) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = *sorted.get(sorted.len() / 2)?;
    if sorted.len() % 2 == 1 {
        return Some(upper);
    }
    sorted
        .get(sorted.len() / 2 - 1)
        .map(|lower| f64::midpoint(*lower, upper))
}

#[cfg(test)]
mod tests;
