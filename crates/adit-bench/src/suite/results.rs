//! Samples into medians and ratios.

use super::{
    case::{Base, Case},
    figures::{Figure, Figures},
    sections::Section,
};
use crate::{server::Kind, stats::median, swarm::Faults};

/// One case, measured once.
#[derive(Debug)]
pub(super) struct Sample {
    /// Counts from 1.
    pub(super) round: u32,
    pub(super) case: Case,
    pub(super) figures: Figures,
    pub(super) faults: Faults,
}

/// All rounds of a section.
#[derive(Debug)]
pub(super) struct Results {
    pub(super) section: Section,
    pub(super) samples: Vec<Sample>,
    /// Measurements that broke off, in words.
    pub(super) broken: Vec<String>,
}

/// What is shown of a figure.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Quantity {
    /// The median of all rounds.
    Value(Figure),
    /// The median of the ratios within each round.
    Ratio(Figure, Base),
    /// The median of the differences within each round.
    Excess(Figure, Base),
    /// The sum over all rounds.
    Sum(Figure),
}

impl Results {
    pub(super) fn new(section: Section) -> Self {
        Self {
            section,
            samples: Vec::new(),
            broken: Vec::new(),
        }
    }

    /// None where it was not measured, or there is nothing to hold it against.
    pub(super) fn quantity(&self, case: Case, quantity: Quantity) -> Option<f64> {
        match quantity {
            Quantity::Value(figure) => median(self.values(case, figure).map(|(_, value)| value)),
            Quantity::Sum(figure) => self
                .values(case, figure)
                .map(|(_, value)| value)
                .reduce(|sum, value| sum + value),
            Quantity::Ratio(figure, base) => self.against(case, figure, base, |one, other| {
                Some(one / other).filter(|ratio| ratio.is_finite())
            }),
            Quantity::Excess(figure, base) => {
                self.against(case, figure, base, |one, other| Some(one - other))
            }
        }
    }

    fn against(
        &self,
        case: Case,
        figure: Figure,
        base: Base,
        compare: impl Fn(f64, f64) -> Option<f64>,
    ) -> Option<f64> {
        let candidates = self.section.cases.iter().copied();
        let base = candidates
            .filter(|other| case.has_base(base, *other))
            .min_by_key(|other| other.load)?;
        median(self.values(case, figure).filter_map(|(round, value)| {
            let (_, other) = self
                .values(base, figure)
                .find(|(number, _)| *number == round)?;
            compare(value, other)
        }))
    }

    /// The figure in each round that has it.
    fn values(&self, case: Case, figure: Figure) -> impl Iterator<Item = (u32, f64)> {
        self.samples
            .iter()
            .filter(move |sample| sample.case == case)
            .filter_map(move |sample| Some((sample.round, sample.figures.value(figure)?)))
    }

    /// Whether nothing broke off, and Adit and the bare loops lost nothing. What rivals lose is in the
    /// table, and no reason to call the run a failure.
    pub(super) fn is_faultless(&self) -> bool {
        let is_ours = |kind: Kind| matches!(kind, Kind::Adit(_) | Kind::Loop(_));
        let mut ours = self
            .samples
            .iter()
            .filter(|sample| is_ours(sample.case.kind));
        self.broken.is_empty() && ours.all(|sample| sample.faults.total() == 0)
    }
}

#[cfg(test)]
mod tests;
