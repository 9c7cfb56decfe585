//! Sets of milliseconds as sorted, disjoint, half-open intervals.
//!
//! Pure. Used for both axes: which parts of a lesson were seen, and when somebody was in the room.

/// A union of half-open intervals `[from, to)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Intervals {
    parts: Vec<(i64, i64)>,
}

impl Intervals {
    /// Everything: a learner alone is always present.
    pub(crate) fn always() -> Self {
        Self { parts: vec![(i64::MIN, i64::MAX)] }
    }

    /// Add `[from, to)` and say how much of it was new.
    pub(crate) fn insert(&mut self, from: i64, to: i64) -> i64 {
        if from >= to {
            return 0;
        }
        let new = length(from, to).saturating_sub(self.parts_within(from, to).map(|(a, b)| length(a, b)).sum());
        let first = self.parts.partition_point(|part| part.1 < from);
        let after = self.parts.partition_point(|part| part.0 <= to);
        let touched = self.parts.get(first..after).unwrap_or_default();
        let low = touched.first().map_or(from, |part| part.0.min(from));
        let high = touched.last().map_or(to, |part| part.1.max(to));
        self.parts.splice(first..after, [(low, high)]);
        new
    }

    /// Add all of `other`.
    pub(crate) fn extend(&mut self, other: &Self) {
        for (from, to) in &other.parts {
            self.insert(*from, *to);
        }
    }

    /// How much it covers.
    pub(crate) fn measure(&self) -> i64 {
        self.parts.iter().map(|(from, to)| length(*from, *to)).fold(0, i64::saturating_add)
    }

    /// The parts of it that lie in `[from, to)`, in order.
    pub(crate) fn parts_within(&self, from: i64, to: i64) -> impl Iterator<Item = (i64, i64)> + '_ {
        let first = self.parts.partition_point(|part| part.1 <= from);
        self.parts
            .iter()
            .skip(first)
            .take_while(move |part| part.0 < to)
            .map(move |part| (part.0.max(from), part.1.min(to)))
    }

    /// Whether `at` lies in it.
    pub(crate) fn contains(&self, at: i64) -> bool {
        self.parts_within(at, at.saturating_add(1)).next().is_some()
    }

    /// Whether any of it lies in `[from, to)`.
    pub(crate) fn touches(&self, from: i64, to: i64) -> bool {
        self.parts_within(from, to).next().is_some()
    }
}

fn length(from: i64, to: i64) -> i64 {
    to.saturating_sub(from)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    proptest! {
        #[test]
        fn intervals_behave_like_a_set_of_milliseconds(spans in prop::collection::vec((0_i64..60, 0_i64..20), 0..20)) {
            let mut set = BTreeSet::new();
            let mut intervals = Intervals::default();
            for (from, len) in spans {
                let before = set.len();
                set.extend(from..from + len);
                prop_assert_eq!(intervals.insert(from, from + len), i64::try_from(set.len() - before)?);
                prop_assert_eq!(intervals.measure(), i64::try_from(set.len())?);
                prop_assert!(intervals.parts.windows(2).all(|pair| matches!(pair, [a, b] if a.1 < b.0)));
            }
            for at in 0..90 {
                prop_assert_eq!(intervals.contains(at), set.contains(&at));
            }
        }
    }
}
