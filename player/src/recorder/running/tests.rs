#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use super::*;
use crate::beat::LATEST_MS;
use crate::testing::{LENGTH_MS, START, account};
use proptest::prelude::*;

/// A session that has just begun.
fn begun(idle_after_ms: Option<i64>, superseded_at: Option<i64>) -> Row {
    Row {
        id: PlaybackId(1),
        account_id: account(1),
        duration_ms: LENGTH_MS,
        started_at: START,
        start_position_ms: 0,
        most_rate_permille: 1500,
        idle_after_ms,
        superseded_at: superseded_at.map(|ms| START.plus_ms(ms)),
        closed_at: None,
        last_seq: 0,
        last_position_ms: 0,
        last_playing: 1,
        last_rate_permille: 1000,
        last_beat_at: START,
        touched_at: None,
        claimed_ms: 0,
        credited_ms: 0,
        reasons: "{}".to_owned(),
        seen: "[]".to_owned(),
    }
}

/// When a beat was made, in milliseconds after the start.
type Made = (Beat, i64);

/// Anything that a device with a steady clock may tell: playing, pausing, seeking, touching; numbers with gaps.
fn told_by_a_device() -> impl Strategy<Value = Vec<Made>> {
    let step = (
        1..4i64,
        0..60_000i64,
        prop_oneof![Just(None), (0..LENGTH_MS).prop_map(Some)],
        any::<(bool, bool)>(),
        250..=2000i32,
    );
    prop::collection::vec(step, 1..40).prop_map(|steps| {
        let (mut seq, mut at, mut position_ms) = (0, 0, 0);
        let made = steps.into_iter().map(|(gap, pause, sought, (playing, touched), rate)| {
            seq += gap;
            at += pause;
            position_ms = sought.unwrap_or((position_ms + pause).min(LENGTH_MS));
            let beat = Beat::parse(seq, position_ms, playing, f64::from(rate) / 1000.0).unwrap();
            (beat.by_hand(touched), at)
        });
        made.collect()
    })
}

/// The session once these batches have come, each at its own time, every beat dated by how long ago it was made.
fn after(row: Row, batches: &[(Vec<Made>, i64)]) -> (Progress, Row) {
    let mut session = Running::of(row, Some(Vec::new())).unwrap();
    for (beats, came) in batches {
        let mut dated: Vec<_> = beats.iter().map(|(beat, made)| beat.made_ago(came - made)).collect();
        dated.sort_by_key(Beat::seq);
        session.take(&dated, START.plus_ms(*came));
    }
    let progress = session.progress();
    session.row.set_totals(&session.totals).unwrap();
    (progress, session.row)
}

/// The same beats, shuffled, some twice, split into batches that come at any time after their beats were made.
fn mangled(made: Vec<Made>) -> impl Strategy<Value = Vec<(Vec<Made>, i64)>> {
    let end = made.last().map_or(0, |(_, at)| *at);
    let again = prop::collection::vec(any::<prop::sample::Index>(), 0..10);
    (Just(made), again, any::<u64>(), prop::collection::vec(1..6usize, 60)).prop_map(
        move |(made, again, seed, sizes)| {
            let mut all = made.clone();
            all.extend(again.iter().map(|index| *index.get(&made)));
            fastrand::Rng::with_seed(seed).shuffle(&mut all);
            let mut came = end;
            let mut batches = Vec::new();
            let mut rest = all.as_slice();
            for size in sizes {
                if rest.is_empty() {
                    break;
                }
                let (some, left) = rest.split_at(size.min(rest.len()));
                came += 1_000;
                batches.push((some.to_vec(), came));
                rest = left;
            }
            if !rest.is_empty() {
                batches.push((rest.to_vec(), came + 1_000));
            }
            batches
        },
    )
}

proptest! {
    #[test]
    fn the_order_batches_and_repeats_of_beats_never_change_the_outcome(
        (made, batches) in told_by_a_device().prop_flat_map(|made| (Just(made.clone()), mangled(made))),
        idle_after_ms in prop_oneof![Just(None), (10_000..600_000i64).prop_map(Some)],
        superseded_at in prop_oneof![Just(None), (0..1_000_000i64).prop_map(Some)],
    ) {
        let in_order: Vec<_> = made.iter().map(|told| (vec![*told], told.1)).collect();
        let live = after(begun(idle_after_ms, superseded_at), &in_order);
        let late = after(begun(idle_after_ms, superseded_at), &batches);
        prop_assert_eq!(&live.0, &late.0);
        prop_assert_eq!(live.1, late.1);
        let totals = live.0.totals;
        prop_assert_eq!(totals.credited_ms + totals.reasons.values().sum::<i64>(), totals.claimed_ms);
    }

    #[test]
    fn whatever_dates_are_claimed_no_session_earns_more_than_the_server_saw_pass(
        made in told_by_a_device(),
        dates in prop::collection::vec(prop_oneof![-1_000..LATEST_MS + 1_000, 0..60_000i64], 40),
        order in any::<u64>(),
    ) {
        let end = made.last().map_or(0, |(_, at)| *at);
        let mut forged: Vec<_> = made.iter().zip(dates).map(|((beat, at), ago_ms)| (beat.made_ago(ago_ms), *at)).collect();
        fastrand::Rng::with_seed(order).shuffle(&mut forged);
        let mut session = Running::of(begun(None, None), Some(Vec::new())).unwrap();
        for (beat, _) in &forged {
            session.take(&[*beat], START.plus_ms(end));
        }
        let totals = session.progress().totals;
        prop_assert!(totals.credited_ms <= end, "{} of {}", totals.credited_ms, end);
        prop_assert_eq!(totals.credited_ms + totals.reasons.values().sum::<i64>(), totals.claimed_ms);
    }
}
