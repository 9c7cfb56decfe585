use super::*;
use crate::totals::Totals;
use proptest::prelude::*;
use std::collections::BTreeMap;

mod whatever_comes;

const START: Moment = Moment(1_764_205_200_000);
const LENGTH_MS: i64 = 3_600_000;

/// A session that stands at `position_ms`, playing at normal speed, after its tenth beat.
fn playing_at(position_ms: i64) -> LastBeat {
    LastBeat {
        seq: 10,
        position_ms,
        playing: true,
        rate_permille: 1000,
        at: START,
        duration_ms: LENGTH_MS,
        most_rate_permille: MOST_RATE_PERMILLE,
        superseded_at: None,
        touched_at: START,
        idle_after_ms: None,
    }
}

/// The next beat as the recorder judges it: one that was seen or passed, and has no date, changes nothing.
fn next(last: &LastBeat, beat: &Beat, now: Moment) -> Option<Judged> {
    (beat.seq > last.seq).then(|| judge(last, &beat.told(now)))
}

fn beat(seq: i64, position_ms: i64) -> Beat {
    Beat { seq, position_ms, playing: true, rate_permille: 1000, ago_ms: None, touched: false }
}

/// Claimed, length of the span, reason and its share, for the next beat after `elapsed_ms`.
fn verdict(last: &LastBeat, position_ms: i64, elapsed_ms: i64) -> Option<(i64, i64, Option<Reason>, i64)> {
    let judged = next(last, &beat(11, position_ms), START.plus_ms(elapsed_ms))?;
    Some((judged.claimed_ms, judged.span_to_ms - judged.span_from_ms, judged.reason, judged.reason_ms))
}

/// A whole session: beats with the milliseconds after the start at which they came.
fn played(mut last: LastBeat, beats: &[(Beat, i64)]) -> Totals {
    let mut totals = Totals::default();
    for (beat, at) in beats {
        let now = START.plus_ms(*at);
        if let Some(judged) = next(&last, beat, now) {
            totals.add(&judged);
            last = last.after(&beat.told(now), &judged);
        }
    }
    totals
}

/// A session that has just begun at the start of the lesson.
fn begun() -> LastBeat {
    LastBeat { seq: 0, ..playing_at(0) }
}

fn reasons(pairs: &[(Reason, i64)]) -> BTreeMap<Reason, i64> {
    pairs.iter().copied().collect()
}

#[test]
fn a_playhead_that_moves_with_the_clock_earns_its_whole_way() {
    assert_eq!(verdict(&playing_at(60_000), 75_000, 15_000), Some((15_000, 15_000, None, 0)));
}

#[test]
fn a_paused_playhead_claims_nothing_wherever_it_is_found() {
    let paused = LastBeat { playing: false, ..playing_at(60_000) };
    assert_eq!(verdict(&paused, 60_000, 15_000), Some((0, 0, None, 0)));
    assert_eq!(verdict(&paused, 75_000, 15_000), Some((0, 0, None, 0)));
}

#[test]
fn a_seek_back_claims_nothing_and_starts_anew_from_there() {
    let last = playing_at(60_000);
    assert_eq!(verdict(&last, 20_000, 15_000), Some((0, 0, None, 0)));
    let totals = played(last, &[(beat(11, 20_000), 15_000), (beat(12, 35_000), 30_000)]);
    assert_eq!((totals.claimed_ms, totals.credited_ms), (15_000, 15_000));
}

#[test]
fn a_little_more_than_the_clock_allows_is_over_wall() {
    assert_eq!(verdict(&playing_at(0), 17_000, 15_000), Some((17_000, 15_000, Some(Reason::OverWall), 2_000)));
    assert_eq!(verdict(&playing_at(0), 18_500, 15_000), Some((18_500, 15_000, Some(Reason::OverWall), 3_500)));
}

#[test]
fn far_more_than_the_clock_allows_is_a_seek_and_earns_nothing() {
    assert_eq!(verdict(&playing_at(0), 18_501, 15_000), Some((18_501, 0, Some(Reason::SeekUnseen), 18_501)));
    assert_eq!(verdict(&playing_at(0), LENGTH_MS, 1_000), Some((LENGTH_MS, 0, Some(Reason::SeekUnseen), LENGTH_MS)));
}

#[test]
fn half_a_second_of_slack_joins_the_span_but_never_the_credit() {
    assert_eq!(verdict(&playing_at(0), 15_500, 15_000), Some((15_500, 15_500, None, 0)));
    let totals = played(playing_at(0), &[(beat(11, 15_500), 15_000)]);
    assert_eq!((totals.claimed_ms, totals.credited_ms), (15_500, 15_000));
    assert_eq!(totals.reasons, reasons(&[(Reason::OverWall, 500)]));
}

#[test]
fn play_at_one_and_a_half_speed_earns_the_time_it_took() {
    let last = LastBeat { rate_permille: 1500, ..playing_at(0) };
    let totals = played(last, &[(beat(11, 22_500), 15_000)]);
    assert_eq!((totals.claimed_ms, totals.credited_ms), (22_500, 15_000));
    assert_eq!(totals.reasons, reasons(&[(Reason::OverWall, 7_500)]));
}

#[test]
fn no_claimed_speed_allows_more_than_one_and_a_half() {
    let last = LastBeat { rate_permille: 3000, ..playing_at(0) };
    assert_eq!(verdict(&last, 25_000, 15_000), Some((25_000, 22_500, Some(Reason::OverWall), 2_500)));
    assert_eq!(verdict(&last, 45_000, 15_000), Some((45_000, 0, Some(Reason::SeekUnseen), 45_000)));
}

#[test]
fn slow_play_earns_the_media_and_not_the_time() {
    let slow = LastBeat { rate_permille: 500, ..playing_at(0) };
    let slow_beat = Beat { rate_permille: 500, ..beat(11, 7_500) };
    assert_eq!(played(slow, &[(slow_beat, 15_000)]).credited_ms, 7_500);
}

#[test]
fn what_was_seen_before_in_the_session_is_overlap() {
    let again = [(beat(1, 15_000), 15_000), (beat(2, 5_000), 16_000), (beat(3, 25_000), 36_000)];
    let totals = played(begun(), &again);
    assert_eq!((totals.claimed_ms, totals.credited_ms), (35_000, 25_000));
    assert_eq!(totals.reasons, reasons(&[(Reason::Overlap, 10_000)]));
}

#[test]
fn a_superseded_session_earns_nothing() {
    let last = LastBeat { superseded_at: Some(START), ..playing_at(0) };
    assert_eq!(verdict(&last, 15_000, 15_000), Some((15_000, 0, Some(Reason::SecondDevice), 15_000)));
    assert_eq!(verdict(&last, LENGTH_MS, 15_000), Some((LENGTH_MS, 0, Some(Reason::SecondDevice), LENGTH_MS)));
    assert_eq!(verdict(&last, 0, 15_000), Some((0, 0, None, 0)));
}

#[test]
fn one_beat_vouches_for_ten_minutes_and_the_rest_is_idle() {
    let half_an_hour = 1_800_000;
    let rest = half_an_hour - IDLE_MS;
    assert_eq!(
        verdict(&playing_at(0), half_an_hour, half_an_hour),
        Some((half_an_hour, IDLE_MS, Some(Reason::Idle), rest))
    );
}

#[test]
fn a_beat_that_was_seen_or_passed_changes_nothing() {
    let last = playing_at(0);
    assert_eq!(next(&last, &beat(10, 15_000), START.plus_ms(15_000)), None);
    assert_eq!(next(&last, &beat(3, 15_000), START.plus_ms(15_000)), None);
}

#[test]
fn a_position_beyond_the_end_is_the_end() {
    let judged = next(&playing_at(LENGTH_MS - 5_000), &beat(11, i64::MAX), START.plus_ms(15_000));
    assert_eq!(judged.map(|it| (it.position_ms, it.claimed_ms, it.reason_ms)), Some((LENGTH_MS, 5_000, 0)));
}

#[test]
fn a_beat_delivered_late_does_not_cost_the_next_one() {
    let late = [(beat(1, 15_000), 20_000), (beat(2, 30_000), 30_000)];
    assert_eq!(played(begun(), &late).credited_ms, 30_000);
}

#[test]
fn ten_seconds_and_no_more_are_left_for_the_next_beat() {
    let stalled = [(beat(1, 15_000), 60_000), (beat(2, 25_000), 60_000), (beat(3, 26_000), 60_000)];
    let totals = played(begun(), &stalled);
    assert_eq!((totals.claimed_ms, totals.credited_ms), (26_000, 25_000));
}

#[test]
fn time_before_play_was_pressed_is_not_left_for_a_seek() {
    let waited = [(beat(1, 0), 60_000), (beat(2, 10_000), 60_000)];
    assert_eq!(played(begun(), &waited).reasons, reasons(&[(Reason::SeekUnseen, 10_000)]));
}

#[test]
fn a_clock_that_runs_backwards_earns_nothing_and_moves_nothing_back() {
    let last = playing_at(0);
    let (early, beat) = (START.plus_ms(-5_000), beat(11, 400));
    let judged = next(&last, &beat, early);
    assert_eq!(judged.map(|it| last.after(&beat.told(early), &it).at), Some(START));
    assert_eq!(played(last, &[(beat, -5_000)]).credited_ms, 0);
}

#[test]
fn what_was_played_before_another_device_took_over_still_counts() {
    let last = LastBeat { superseded_at: Some(START.plus_ms(10_000)), ..playing_at(0) };
    assert_eq!(verdict(&last, 15_000, 15_000), Some((15_000, 10_000, Some(Reason::SecondDevice), 5_000)));
    let seek = verdict(&last, LENGTH_MS, 15_000);
    assert_eq!(seek, Some((LENGTH_MS, 0, Some(Reason::SeekUnseen), LENGTH_MS)));
}

#[test]
fn beats_that_waited_without_a_line_earn_the_time_they_were_made_in() {
    let waited: Vec<_> =
        (1..=80).map(|seq| (beat(seq, seq * 15_000).made_ago((80 - seq) * 15_000), 80 * 15_000)).collect();
    assert_eq!(played(begun(), &waited).credited_ms, 80 * 15_000);
    let undated: Vec<_> = waited.iter().map(|(told, at)| (Beat { ago_ms: None, ..*told }, *at)).collect();
    assert!(played(begun(), &undated).credited_ms < 60_000);
}

#[test]
fn backdated_beats_earn_no_more_than_the_server_saw_pass() {
    let forged: Vec<_> =
        (1..=100).map(|seq| (beat(seq, seq * 15_000).made_ago((100 - seq) * 15_000), 30_000)).collect();
    let totals = played(begun(), &forged);
    assert!(totals.credited_ms <= 30_000, "{totals:?}");
    assert!(totals.reasons.contains_key(&Reason::ClockUnresolved), "{totals:?}");
}

#[test]
fn what_cannot_be_placed_waits_and_the_next_beat_goes_on_from_there() {
    for ago_ms in [-1, LATEST_MS + 1, i64::MAX, i64::MIN, 86_400_000] {
        let last = playing_at(0);
        let lost = beat(11, 15_000).made_ago(ago_ms).told(START.plus_ms(15_000));
        let judged = judge(&last, &lost);
        assert_eq!(
            (judged.claimed_ms, judged.reason, judged.reason_ms),
            (15_000, Some(Reason::ClockUnresolved), 15_000)
        );
        let totals = played(last.after(&lost, &judged), &[(beat(12, 30_000), 30_000)]);
        assert_eq!(totals.credited_ms, 15_000, "{ago_ms}");
    }
}

#[test]
fn an_idle_check_that_nobody_answers_stops_the_clock_after_its_grace() {
    let idle = LastBeat { idle_after_ms: Some(1_200_000), ..playing_at(0) };
    let unanswered: Vec<_> = (11..=110).map(|seq| (beat(seq, (seq - 10) * 15_000), (seq - 10) * 15_000)).collect();
    let totals = played(idle, &unanswered);
    assert_eq!((totals.credited_ms, totals.claimed_ms), (1_200_000 + GRACE_MS, 1_500_000));
    assert_eq!(totals.reasons, reasons(&[(Reason::Idle, 300_000 - GRACE_MS)]));
    let answered = unanswered.iter().map(|(told, at)| (told.by_hand(*at == 1_230_000), *at)).collect::<Vec<_>>();
    assert_eq!(played(idle, &answered).credited_ms, 1_500_000);
}

#[test]
fn a_touch_after_the_grace_starts_the_clock_again_and_gives_nothing_back() {
    let idle = LastBeat { idle_after_ms: Some(60_000), ..playing_at(0) };
    let late: Vec<_> =
        (11..=30).map(|seq| (beat(seq, (seq - 10) * 15_000).by_hand(seq == 22), (seq - 10) * 15_000)).collect();
    assert_eq!(played(idle, &late).credited_ms, 60_000 + GRACE_MS + 120_000);
}

#[test]
fn a_rule_may_allow_less_than_one_and_a_half() {
    let last = LastBeat { rate_permille: 1500, most_rate_permille: 1000, ..playing_at(0) };
    assert_eq!(verdict(&last, 16_000, 15_000), Some((16_000, 15_000, Some(Reason::OverWall), 1_000)));
}

#[test]
fn numbers_that_make_no_sense_are_refused() {
    assert!(matches!(Beat::parse(0, 0, true, 1.0), Err(Error::BadSeq)));
    assert!(matches!(Beat::parse(i64::MAX, 0, true, 1.0), Err(Error::BadSeq)));
    assert!(matches!(Beat::parse(1, -1, true, 1.0), Err(Error::BadPosition)));
    for rate in [0.0, 0.249, 3.01, -1.0, f64::NAN, f64::INFINITY] {
        assert!(matches!(Beat::parse(1, 0, true, rate), Err(Error::BadRate)));
    }
    assert_eq!(Beat::parse(MOST_SEQ, i64::MAX, false, 1.25).map(|beat| beat.rate_permille).ok(), Some(1250));
}
