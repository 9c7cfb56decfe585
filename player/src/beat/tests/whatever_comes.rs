//! What holds for any beats, honest or not.

use super::*;

/// Anything a client may send, at any time: position, playing, rate, milliseconds since the beat before.
fn any_beats() -> impl Strategy<Value = Vec<(Beat, i64)>> {
    let position = prop_oneof![0..LENGTH_MS + 60_000, 0..60_000i64];
    let pause = prop_oneof![0..30_000i64, 0..2_000_000i64, Just(0)];
    prop::collection::vec((1..40i64, position, any::<bool>(), 250..=3000, pause), 0..60).prop_map(|steps| {
        let mut at = 0;
        let timed = steps.into_iter().map(|(seq, position_ms, playing, rate_permille, pause)| {
            at += pause;
            (Beat { playing, rate_permille, ..beat(seq, position_ms) }, at)
        });
        timed.collect()
    })
}

/// A learner who plays (at a speed up to 1.5), pauses and goes on, whose player says so at every change: the beats,
/// and the time they are owed.
fn honest_beats() -> impl Strategy<Value = (Vec<(Beat, i64)>, i64)> {
    let rate = prop_oneof![Just(500), Just(1000), Just(1250), Just(1500)];
    prop::collection::vec((any::<bool>(), rate, 1..60_000i64), 1..40).prop_map(|steps| {
        let (mut at, mut position_ms, mut owed_ms, mut beats) = (0, 0, 0, Vec::new());
        for (seq, (playing, rate_permille, lasts_ms)) in (1..).zip(steps) {
            beats.push((Beat { playing, rate_permille, ..beat(seq, position_ms) }, at));
            at += lasts_ms;
            if playing {
                let media_ms = lasts_ms * i64::from(rate_permille) / 1000;
                position_ms += media_ms;
                owed_ms += media_ms.min(lasts_ms);
            }
        }
        beats.push((Beat { playing: false, ..beat(MOST_SEQ, position_ms) }, at));
        (beats, owed_ms)
    })
}

/// A learner who plays through at normal speed; each beat is on its way for up to ten seconds.
fn late_beats() -> impl Strategy<Value = (Vec<(Beat, i64)>, i64)> {
    prop::collection::vec((1..20_000i64, 0..=LATE_MS), 1..60).prop_map(|steps| {
        let (mut position_ms, mut beats) = (0, vec![(beat(1, 0), 0)]);
        for (seq, (lasts_ms, delay_ms)) in (2..).zip(steps) {
            position_ms += lasts_ms;
            beats.push((beat(seq, position_ms), position_ms + delay_ms));
        }
        beats.sort_by_key(|(_, at)| *at);
        (beats, position_ms)
    })
}

proptest! {
    #[test]
    fn credit_never_exceeds_the_wall_clock_nor_the_lesson_and_every_claim_is_explained(beats in any_beats()) {
        let totals = played(begun(), &beats);
        let wall_ms = beats.last().map_or(0, |(_, at)| *at);
        prop_assert!(totals.credited_ms <= wall_ms);
        prop_assert!(totals.credited_ms <= totals.seen.measure());
        prop_assert!(totals.seen.measure() <= LENGTH_MS);
        prop_assert!(totals.reasons.values().all(|ms| *ms > 0));
        prop_assert_eq!(totals.credited_ms + totals.reasons.values().sum::<i64>(), totals.claimed_ms);
    }

    #[test]
    fn no_instant_of_the_wall_clock_is_used_twice(beats in any_beats()) {
        let (mut last, mut used) = (begun(), START);
        for (beat, at) in &beats {
            let now = START.plus_ms(*at);
            let Some(judged) = next(&last, beat, now) else { continue };
            prop_assert!(used <= judged.wall_from && judged.wall_from <= judged.wall_to && judged.wall_to <= now);
            used = judged.wall_to;
            last = last.after(&beat.told(now), &judged);
        }
    }

    #[test]
    fn an_honest_learner_gets_their_full_time((beats, owed_ms) in honest_beats()) {
        // Positions are whole milliseconds: each may round off what two of the wall clock then leave for the next beat.
        let rounding_ms = 2 * i64::try_from(beats.len())?;
        let credited_ms = played(begun(), &beats).credited_ms;
        prop_assert!((owed_ms..=owed_ms + rounding_ms).contains(&credited_ms), "{} of {}", credited_ms, owed_ms);
    }

    #[test]
    fn a_thin_link_costs_an_honest_learner_nothing((beats, owed_ms) in late_beats()) {
        // A beat overtaken by a later one changes nothing; the later one carries its time.
        prop_assert_eq!(played(begun(), &beats).credited_ms, owed_ms);
    }

    #[test]
    fn beats_sent_again_add_nothing((beats, _) in honest_beats(), again in prop::collection::vec((any::<prop::sample::Index>(), 0..20_000i64), 0..30)) {
        let mut resent = beats.clone();
        for (which, later) in again {
            let (beat, at) = *which.get(&beats);
            resent.push((beat, at + later));
        }
        resent.sort_by_key(|(beat, at)| (*at, beat.seq));
        prop_assert_eq!(played(begun(), &resent), played(begun(), &beats));
    }

    #[test]
    fn beats_in_any_order_never_add_credit(
        (order, beats) in honest_beats().prop_map(|(beats, _)| beats).prop_flat_map(|beats| {
            (Just(beats.iter().map(|(beat, _)| *beat).collect::<Vec<_>>()).prop_shuffle(), Just(beats))
        })
    ) {
        let shuffled: Vec<(Beat, i64)> = order.into_iter().zip(&beats).map(|(beat, (_, at))| (beat, *at)).collect();
        let (mixed, honest) = (played(begun(), &shuffled), played(begun(), &beats));
        let wall_ms = beats.last().map_or(0, |(_, at)| *at);
        prop_assert!(mixed.credited_ms <= wall_ms && mixed.credited_ms <= honest.seen.measure());
    }
}
