//! Sets of time: sorted, disjoint, half-open intervals of milliseconds.
//!
//! Owns the arithmetic of "which parts have been seen". Does not know what is being seen.

use serde::{Deserialize, Serialize};

/// A set of milliseconds as sorted, disjoint, non-touching intervals `[from, to)`. As JSON: `[[from, to], ...]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Vec<(i64, i64)>")]
pub struct Spans(Vec<(i64, i64)>);

impl Spans {
    /// Adds `[from, to)`. An empty or backward interval adds nothing.
    pub fn insert(&mut self, from: i64, to: i64) {
        if from >= to {
            return;
        }
        let first = self.0.partition_point(|span| span.1 < from);
        let end = self.0.partition_point(|span| span.0 <= to);
        let touched = self.0.get(first..end).unwrap_or_default();
        let from = touched.first().map_or(from, |span| span.0.min(from));
        let to = touched.last().map_or(to, |span| span.1.max(to));
        self.0.splice(first..end, [(from, to)]);
    }

    /// What lies in either set.
    #[must_use]
    pub fn union(&self, other: &Self) -> Self {
        let (mut larger, smaller) =
            if self.0.len() < other.0.len() { (other.clone(), self) } else { (self.clone(), other) };
        for &(from, to) in &smaller.0 {
            larger.insert(from, to);
        }
        larger
    }

    /// What lies in both sets.
    #[must_use]
    pub fn intersect(&self, other: &Self) -> Self {
        let mut both = Vec::new();
        let (mut left, mut right) = (self.0.iter().peekable(), other.0.iter().peekable());
        while let (Some(&&a), Some(&&b)) = (left.peek(), right.peek()) {
            let (from, to) = (a.0.max(b.0), a.1.min(b.1));
            if from < to {
                both.push((from, to));
            }
            if a.1 <= b.1 {
                left.next()
            } else {
                right.next()
            };
        }
        Self(both)
    }

    /// What lies in this set and not in `other`.
    #[must_use]
    pub fn subtract(&self, other: &Self) -> Self {
        let mut rest = Vec::new();
        for &(start, to) in &self.0 {
            let mut from = start;
            let first = other.0.partition_point(|span| span.1 <= from);
            for &(cut_from, cut_to) in other.0.get(first..).unwrap_or_default().iter().take_while(|cut| cut.0 < to) {
                if from < cut_from {
                    rest.push((from, cut_from));
                }
                from = cut_to;
            }
            if from < to {
                rest.push((from, to));
            }
        }
        Self(rest)
    }

    /// How many milliseconds lie in the set.
    pub fn measure(&self) -> i64 {
        self.0.iter().map(|span| span.1.saturating_sub(span.0)).fold(0, i64::saturating_add)
    }

    /// How many milliseconds of `[from, to)` lie in the set.
    pub fn measure_within(&self, from: i64, to: i64) -> i64 {
        if from >= to {
            return 0;
        }
        let first = self.0.partition_point(|span| span.1 <= from);
        let touched = self.0.get(first..).unwrap_or_default().iter().take_while(|span| span.0 < to);
        touched.map(|span| span.1.min(to).saturating_sub(span.0.max(from))).fold(0, i64::saturating_add)
    }

    /// Fills the smallest gaps until at most `most` intervals are left, so that a set of crumbs stays small.
    pub fn coarsen(&mut self, most: usize) {
        while self.0.len() > most.max(1) {
            let gaps = self.0.iter().zip(self.0.iter().skip(1)).map(|(a, b)| b.0.saturating_sub(a.1));
            let Some((place, _)) = gaps.enumerate().min_by_key(|&(_, gap)| gap) else { return };
            let after = self.0.remove(place + 1);
            if let Some(before) = self.0.get_mut(place) {
                before.1 = after.1;
            }
        }
    }

    /// The intervals, in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = (i64, i64)> + '_ {
        self.0.iter().copied()
    }

    /// Whether nothing lies in the set.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Any intervals, in any order and overlapping, become the set they cover.
impl From<Vec<(i64, i64)>> for Spans {
    fn from(intervals: Vec<(i64, i64)>) -> Self {
        let mut spans = Self::default();
        for (from, to) in intervals {
            spans.insert(from, to);
        }
        spans
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const END: i64 = 120;

    /// The naive model: one flag a millisecond.
    type Bits = Vec<bool>;

    fn bits_of(intervals: &[(i64, i64)]) -> Bits {
        (0..END).map(|ms| intervals.iter().any(|&(from, to)| from <= ms && ms < to)).collect()
    }

    fn model(spans: &Spans) -> Bits {
        bits_of(&spans.iter().collect::<Vec<_>>())
    }

    fn both(a: &Bits, b: &Bits, rule: impl Fn(bool, bool) -> bool) -> Bits {
        a.iter().zip(b).map(|(&a, &b)| rule(a, b)).collect()
    }

    fn count(bits: &Bits) -> i64 {
        i64::try_from(bits.iter().filter(|&&bit| bit).count()).unwrap_or(i64::MAX)
    }

    fn intervals() -> impl Strategy<Value = Vec<(i64, i64)>> {
        prop::collection::vec((0..END, 0..=END), 0..24)
    }

    fn is_normal(spans: &Spans) -> bool {
        spans.0.iter().all(|span| span.0 < span.1) && spans.0.windows(2).all(|pair| matches!(pair, [a, b] if a.1 < b.0))
    }

    proptest! {
        #[test]
        fn a_set_equals_its_bitmap_whatever_the_order_of_insertion(given in intervals()) {
            let spans = Spans::from(given.clone());
            prop_assert!(is_normal(&spans));
            prop_assert_eq!(model(&spans), bits_of(&given));
            prop_assert_eq!(spans.measure(), count(&bits_of(&given)));
            let backwards = Spans::from(given.into_iter().rev().collect::<Vec<_>>());
            prop_assert_eq!(spans, backwards);
        }

        #[test]
        fn union_intersection_and_difference_equal_those_of_bitmaps(a in intervals(), b in intervals()) {
            let (left, right) = (Spans::from(a.clone()), Spans::from(b.clone()));
            let (a, b) = (bits_of(&a), bits_of(&b));
            for (set, bits) in [
                (left.union(&right), both(&a, &b, |a, b| a || b)),
                (left.intersect(&right), both(&a, &b, |a, b| a && b)),
                (left.subtract(&right), both(&a, &b, |a, b| a && !b)),
            ] {
                prop_assert!(is_normal(&set));
                prop_assert_eq!(model(&set), bits);
            }
            prop_assert_eq!(left.union(&right).measure() + left.intersect(&right).measure(), left.measure() + right.measure());
        }

        #[test]
        fn what_lies_within_an_interval_is_the_intersection_with_it(a in intervals(), from in 0..END, to in 0..=END) {
            let spans = Spans::from(a);
            let window = Spans::from(vec![(from, to)]);
            prop_assert_eq!(spans.measure_within(from, to), spans.intersect(&window).measure());
        }

        #[test]
        fn json_brings_back_the_same_set(a in intervals()) {
            let spans = Spans::from(a);
            let json = serde_json::to_string(&spans)?;
            prop_assert_eq!(serde_json::from_str::<Spans>(&json)?, spans);
        }

        #[test]
        fn a_coarser_set_is_smaller_in_crumbs_and_covers_the_same(a in intervals(), most in 1usize..6) {
            let spans = Spans::from(a);
            let mut coarse = spans.clone();
            coarse.coarsen(most);
            prop_assert!(is_normal(&coarse) && coarse.iter().len() <= most);
            prop_assert!(spans.subtract(&coarse).is_empty());
        }

        #[test]
        fn no_interval_of_any_size_overflows(a in prop::collection::vec((any::<i64>(), any::<i64>()), 0..8)) {
            let spans = Spans::from(a);
            prop_assert!(spans.measure() >= 0);
            prop_assert!(spans.measure_within(i64::MIN, i64::MAX) >= 0);
        }
    }

    #[test]
    fn json_is_pairs_of_numbers() {
        let spans = Spans::from(vec![(20, 30), (0, 10)]);
        assert_eq!(serde_json::to_string(&spans).unwrap_or_default(), "[[0,10],[20,30]]");
    }
}
