use super::*;
use crate::testing::{START, Seconds, beat_model};
use entity::PlaybackId;
use proptest::prelude::*;

fn rules() -> Rules {
    Rules::parse(include_str!("../rules/presets.toml")).unwrap_or_else(|error| unreachable!("{error}"))
}

fn intervals(parts: &[(i64, i64)]) -> Intervals {
    let mut all = Intervals::default();
    for (from, len) in parts {
        all.insert(*from, from + len);
    }
    all
}

prop_compose! {
    /// Beats one after the other, some of no length, around a midnight.
    fn beats()(steps in prop::collection::vec((0_i64..700, 0_i64..700, 0_i64..400, 0_i64..90), 0..12)) -> Vec<beat::Model> {
        let start = Moment::start_of(START.day()).plus_ms(-1_500_000);
        let mut wall = 0;
        (1..).zip(steps).map(|(seq, (wall_s, from_s, media_s, lost_s))| {
            let lost = (lost_s > 0).then_some((Reason::SeekUnseen, lost_s));
            let beat = Seconds { wall: (wall, wall + wall_s), media: (from_s, from_s + media_s), lost };
            wall += wall_s;
            beat_model(PlaybackId(1), seq, start, &beat)
        }).collect()
    }
}

prop_compose! {
    fn before()(
        credited in prop::collection::vec((0_i64..900_000, 0_i64..300_000), 0..4),
        repeated in prop::collection::vec((0_i64..900_000, 0_i64..300_000), 0..4),
        too_short in prop::collection::vec((0_i64..900_000, 0_i64..300_000), 0..4),
        watched_ms in 0_i64..600_000,
        day_credited_ms in 0_i64..30_000_000,
    ) -> Before {
        let credited = intervals(&credited);
        let mut watched = intervals(&too_short);
        watched.extend(&credited);
        Before { credited, repeated: intervals(&repeated), watched, watched_ms, day_credited_ms }
    }
}

proptest! {
    #[test]
    fn every_claimed_millisecond_is_credited_or_has_a_reason(
        beats in beats(),
        stays in prop::collection::vec((0_i64..4_000_000, 0_i64..2_000_000), 0..4),
        before in before(),
    ) {
        let midnight = Moment::start_of(START.day()).0;
        let stays: Vec<_> = stays.into_iter().map(|(from, len)| (midnight - 1_500_000 + from, len)).collect();
        let stays = intervals(&stays);
        let rules = rules();
        let days = by_day(&beats);
        let mut claimed_ms = 0;
        for stretches in days.values() {
            let worth = worth(stretches, &stays, &before, &rules, false);
            prop_assert!(worth.credited_ms >= 0 && worth.reasons.values().all(|ms| *ms > 0));
            prop_assert_eq!(worth.credited_ms + worth.reasons.values().sum::<i64>(), worth.claimed_ms);
            prop_assert!(worth.credited_ms <= stays.measure(), "nobody earns more than they were there");
            prop_assert!(worth.credited_ms + before.day_credited_ms <= before.day_credited_ms.max(480 * 60_000));
            prop_assert!(worth.credited_ms <= seen(stretches, &stays).measure(), "nor more than they saw");
            claimed_ms += worth.claimed_ms;
        }
        let all_ms: i64 = beats.iter().map(|beat| beat.claimed_ms).sum();
        prop_assert_eq!(claimed_ms, all_ms, "the days of a session claim what the session claimed");
    }

    #[test]
    fn what_waits_for_a_quiz_is_exactly_what_would_have_counted(beats in beats(), before in before()) {
        let rules = rules();
        for stretches in by_day(&beats).values() {
            let free = worth(stretches, &Intervals::always(), &before, &rules, false);
            let held = worth(stretches, &Intervals::always(), &before, &rules, true);
            let waits_ms = held.reasons.get(&Reason::QuizNotPassed).copied().unwrap_or(0);
            prop_assert_eq!((held.claimed_ms, held.credited_ms, waits_ms), (free.claimed_ms, 0, free.credited_ms));
            prop_assert_eq!(held.reasons.values().sum::<i64>(), held.claimed_ms);
        }
    }

    #[test]
    fn watching_the_same_again_the_same_day_earns_nothing(beats in beats()) {
        let rules = rules();
        for stretches in by_day(&beats).values() {
            let first = worth(stretches, &Intervals::always(), &Before::default(), &rules, false);
            let saw = seen(stretches, &Intervals::always());
            let (watched_ms, day_credited_ms) = (first.credited_ms, first.credited_ms);
            let before =
                Before { credited: saw.clone(), watched: saw, watched_ms, day_credited_ms, ..Before::default() };
            prop_assert_eq!(worth(stretches, &Intervals::always(), &before, &rules, false).credited_ms, 0);
        }
    }

    #[test]
    fn what_counted_on_another_day_and_does_not_count_again_earns_nothing(beats in beats(), before in before()) {
        let rules = rules();
        for stretches in by_day(&beats).values() {
            let repeated = seen(stretches, &Intervals::always());
            let before = Before { repeated, ..before.clone() };
            let again = worth(stretches, &Intervals::always(), &before, &rules, false);
            prop_assert_eq!(again.credited_ms, 0);
            prop_assert_eq!(again.reasons.values().sum::<i64>(), again.claimed_ms);
            prop_assert!(!again.reasons.contains_key(&Reason::OverWall), "what is repeated could not be too fast");
        }
    }
}
