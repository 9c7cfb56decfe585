//! One person's comings and goings in one room, as a set of moments.
//!
//! Pure. Presses may come late, twice and in any order; what they amount to depends on the set alone, so no order of
//! delivery changes anybody's minutes.

use super::Attendance;
use std::collections::BTreeSet;

/// Two presses of the same kind this close, with none of the other kind between them, are one press sent twice: a
/// resend takes its time from how long ago it was, and that differs by what the link took.
const SAME_MS: i64 = 1000;

/// When somebody came in, and when they went out, each as often as it was noted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Doors {
    arrivals: BTreeSet<i64>,
    leaves: BTreeSet<i64>,
}

impl Doors {
    /// What these stays tell. One of no length tells of a leave only: somebody was seen going who had not been seen coming.
    pub(super) fn of(stays: impl IntoIterator<Item = (i64, Option<i64>)>) -> Self {
        let mut doors = Self::default();
        for (arrived, left) in stays {
            if left != Some(arrived) {
                doors.arrivals.insert(arrived);
            }
            doors.leaves.extend(left);
        }
        doors
    }

    /// Adds one press; answers whether that says anything new.
    pub(super) fn note(&mut self, what: Attendance, at: i64) -> bool {
        let (same, other) = match what {
            Attendance::Arrive => (&mut self.arrivals, &self.leaves),
            Attendance::Leave => (&mut self.leaves, &self.arrivals),
        };
        let near = same.range(at.saturating_sub(SAME_MS)..=at.saturating_add(SAME_MS));
        let told = near.copied().any(|known| other.range(known.min(at)..=known.max(at)).next().is_none());
        !told && same.insert(at)
    }

    /// The stays: from each arrival to whatever comes next, and one of no length for each leave that ends none.
    ///
    /// Who comes and goes within one millisecond is here.
    pub(super) fn stays(&self) -> Vec<(i64, Option<i64>)> {
        let mut stays: Vec<_> = self.arrivals.iter().map(|&from| (from, self.next_after(from))).collect();
        let ends: BTreeSet<i64> = stays.iter().filter_map(|(_, left)| *left).collect();
        let lone = self.leaves.iter().filter(|at| !ends.contains(at) && !self.arrivals.contains(at));
        stays.extend(lone.map(|&at| (at, Some(at))));
        stays.sort_unstable();
        stays
    }

    fn next_after(&self, from: i64) -> Option<i64> {
        let after = |set: &BTreeSet<i64>| set.range(from.saturating_add(1)..).next().copied();
        after(&self.arrivals).into_iter().chain(after(&self.leaves)).min()
    }
}

#[cfg(test)]
mod tests {
    use super::Attendance::{Arrive, Leave};
    use super::*;
    use crate::spans::Spans;
    use proptest::prelude::*;

    /// What the presses amount to, in order of time: in from each arrival to the next leave.
    fn straight(presses: &[(bool, i64)]) -> Spans {
        let mut sorted = presses.to_vec();
        sorted.sort_by_key(|(arrives, at)| (*at, *arrives)); // an arrival of the same moment counts
        let (mut spans, mut since) = (Spans::default(), None);
        for (arrives, at) in sorted {
            match (arrives, since) {
                (true, None) => since = Some(at),
                (false, Some(from)) => {
                    spans.insert(from, at);
                    since = None;
                }
                _ => {}
            }
        }
        if let Some(from) = since {
            spans.insert(from, 1_000_000);
        }
        spans
    }

    fn kept(presses: &[(bool, i64)]) -> Spans {
        let mut doors = Doors::default();
        for (arrives, at) in presses {
            doors = Doors::of(doors.stays()); // as it is stored between two presses
            doors.note(if *arrives { Arrive } else { Leave }, *at);
        }
        let mut spans = Spans::default();
        for (from, to) in doors.stays() {
            spans.insert(from, to.unwrap_or(1_000_000));
        }
        spans
    }

    proptest! {
        #[test]
        fn no_order_and_no_repetition_of_presses_changes_the_stays(
            presses in prop::collection::vec((any::<bool>(), 0_i64..40), 1..14)
                .prop_map(|all| all.into_iter().map(|(arrives, slot)| (arrives, slot * 5000)).collect::<Vec<_>>()),
            keys in prop::collection::vec(any::<u32>(), 28),
        ) {
            let mut shuffled: Vec<_> = presses.iter().chain(&presses).copied().zip(keys).collect();
            shuffled.sort_by_key(|(_, key)| *key);
            let shuffled: Vec<_> = shuffled.into_iter().map(|(press, _)| press).collect();
            prop_assert_eq!(kept(&shuffled), straight(&presses));
        }
    }

    #[test]
    fn a_press_sent_again_is_one_press_but_a_correction_is_another() {
        let mut doors = Doors::default();
        assert!(doors.note(Arrive, 10_000));
        assert!(!doors.note(Arrive, 10_700), "the same press, delivered again over a slower link");
        assert!(doors.note(Leave, 10_900), "pressed by mistake and taken back");
        assert!(doors.note(Arrive, 11_100), "and pressed again");
        assert_eq!(doors.stays(), [(10_000, Some(10_900)), (11_100, None)]);
    }
}
