#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::assess::Rates;
use crate::assess::{self, ClassFact, Facts, Term};
use crate::classes::{self, Attended, NewClass};
use crate::exemptions::{self, NewExemption};
use crate::overview::units_overview;
use crate::rules::Rules;
use crate::testing::{CITY, City, FAR_VILLAGE, LESSON, OFFICE, START, VILLAGE, at, day, watched};
use crate::{CreditHours, Error};
use entity::{ExemptionKind, PersonId, PostKind, UnitLevel};
use proptest::prelude::*;

fn year() -> (Day, Day) {
    (day("2025-01-01"), day("2025-12-31"))
}

fn member(hours: i64) -> Standing {
    let terms = vec![Term { kind: PostKind::Member, from: day("2020-01-01"), to: None }];
    let facts = Facts { terms, credit: CreditHours::whole(hours), ..Facts::of_nothing(year()) };
    let rules = Rules::parse(include_str!("../rules/presets.toml")).unwrap();
    assess::standings(Some(&rules), &facts).remove(0)
}

fn of_classes(id: &str, held: i32) -> Standing {
    let terms = vec![Term { kind: PostKind::VillageSecretary, from: day("2020-01-01"), to: None }];
    let class = ClassFact { level: UnitLevel::Township, half_days: held, day: day("2025-02-01") };
    let facts = Facts { terms, classes: vec![class], ..Facts::of_nothing(year()) };
    let rules = Rules::parse(include_str!("../rules/presets.toml")).unwrap();
    assess::standings(Some(&rules), &facts).into_iter().find(|standing| standing.id == id).unwrap()
}

#[test]
fn who_goes_on_as_before_ends_where_the_pace_leads() {
    // 2 July is day 183 of 365: 16 hours in 183 days are 31.91 in 365.
    let half = progress(&member(16), year(), day("2025-07-02"));
    assert_eq!((half.forecast.to_string(), half.will_meet()), ("31.91".into(), false));
    assert!(progress(&member(17), year(), day("2025-07-02")).will_meet());
    assert_eq!(progress(&member(4), year(), day("2025-01-05")).forecast, Hundredths(5200), "4 in 30 days, not in 5");
    assert_eq!(progress(&member(16), year(), day("2026-03-01")).forecast, Hundredths(1600), "over is over");
}

#[test]
fn behind_begins_on_the_day_the_line_passes_what_there_is() {
    // 16 of 32 hours suffice until the middle of the year: day 182 asks for 15.95, day 183 for 16.04.
    assert_eq!(progress(&member(16), year(), day("2025-07-01")).behind_since, None);
    assert_eq!(progress(&member(16), year(), day("2025-12-01")).behind_since, Some(day("2025-07-02")));
    assert_eq!(progress(&member(0), year(), day("2025-12-01")).behind_since, Some(day("2025-01-01")));
    assert_eq!(progress(&member(32), year(), day("2025-12-31")).behind_since, None);
}

#[test]
fn classes_fall_due_whole_and_forecast_nothing() {
    let days = of_classes("township_days", 2); // one day of seven
    assert_eq!(
        progress(&days, year(), day("2025-03-01")).behind_since,
        None,
        "1 day is due after 53 days, 1.5 after 79"
    );
    let late = progress(&days, year(), day("2025-10-01"));
    assert_eq!((late.behind_since, late.forecast), (Some(day("2025-03-20")), Hundredths(100)));
    let city = of_classes("city_class", 2);
    assert_eq!(progress(&city, year(), day("2025-12-30")).behind_since, None, "the one class may be the last day's");
    assert_eq!(progress(&city, year(), day("2025-12-31")).behind_since, Some(day("2025-12-31")));
}

proptest! {
    #[test]
    fn whoever_is_behind_has_been_since_a_day_whose_line_is_just_above(hours in 0_i64..40, on in 0_i64..365) {
        let (standing, today) = (member(hours), day("2025-01-01") + chrono::Days::new(on.unsigned_abs()));
        let found = progress(&standing, year(), today);
        match found.behind_since {
            None => prop_assert!(standing.met || due(&standing, year(), today) <= standing.have),
            Some(since) => {
                prop_assert!(since <= today && due(&standing, year(), since) > standing.have);
                let before = since.pred_opt().unwrap();
                prop_assert!(before < year().0 || due(&standing, year(), before) <= standing.have);
            }
        }
        prop_assert!(found.forecast >= standing.have);
    }
}

/// A class of the township of so many half-days for the whole village, so that hours come quickly.
async fn class(city: &City, who: &[i64], half_days: i32) {
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".to_owned(),
        unit_id: VILLAGE,
        place: String::new(),
        teacher: String::new(),
        starts_on: day("2025-03-01"),
        ends_on: day("2025-03-31"),
        half_days,
    };
    let attended = who.iter().map(|who| Attended { person_id: PersonId(*who), half_days }).collect();
    classes::record(&city.db, class, attended, None, START).await.unwrap();
}

#[tokio::test]
async fn a_unit_lists_who_is_behind_longest_first_and_counts_the_exempt_apart() {
    let city = City::with_people(0).await;
    for id in 1..=4 {
        city.person(id, VILLAGE, PostKind::Member).await;
    }
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    class(&city, &[1], 8).await; // 32 hours: met
    class(&city, &[2], 4).await; // 16 hours: enough until July
    let sick = NewExemption {
        person_id: PersonId(4),
        kind: ExemptionKind::Sick,
        begins_on: day("2025-01-01"),
        ends_on: day("2025-12-31"),
        reason: "县医院诊断证明".to_owned(),
    };
    exemptions::grant(&city.db, sick, OFFICE, START).await.unwrap();
    let on = day("2025-09-01");
    let gaps = of_unit(&city.db, CITY, (2025, on), Who::Behind, (1, 2)).await.unwrap();
    assert_eq!((gaps.behind, gaps.total, gaps.people.len()), (3, 3, 2));
    let rows: Vec<_> = gaps.people.iter().map(|row| (row.name.as_str(), row.since)).collect();
    assert_eq!(rows, [("韦3", Some(day("2025-01-01"))), ("韦20", Some(day("2025-01-01")))]);
    assert_eq!(gaps.people[0].unit_name, "木棉村");
    let next = of_unit(&city.db, CITY, (2025, on), Who::Behind, (2, 2)).await.unwrap();
    assert_eq!(next.people.iter().map(|row| row.since).collect::<Vec<_>>(), [Some(day("2025-07-02"))]);
    let whole = units_overview(&city.db, CITY, 2025, on).await.unwrap().whole;
    assert_eq!(whole.rates, Rates { people: 5, bound: 4, met: 1, exempt: 1, met_whole: 1 });
    assert_eq!(whole.rates, gaps.rates);
    assert_eq!((whole.rates.met_percent(), whole.rates.met_percent_of_all()), (Some(25), Some(20)));
    let seen = crate::overview::glance(&city.db, CITY, (2025, on), 2).await.unwrap();
    let first = |rows: &[Behind]| rows.iter().map(|row| (row.person_id, row.since)).collect::<Vec<_>>();
    assert_eq!((seen.behind, first(&seen.longest)), (gaps.behind, first(&gaps.people)));
    let exempt = of_unit(&city.db, CITY, (2025, on), Who::Exempt, (1, 9)).await.unwrap();
    assert_eq!(exempt.people.iter().map(|row| row.person_id.0).collect::<Vec<_>>(), [4]);
    let early = of_unit(&city.db, CITY, (2025, day("2025-05-01")), Who::Behind, (1, 9)).await.unwrap();
    assert_eq!(early.behind, 2, "sixteen hours suffice in May");
    let short = of_unit(&city.db, CITY, (2025, day("2025-05-01")), Who::Short, (1, 9)).await.unwrap();
    assert_eq!(short.total, 3);
}

#[tokio::test]
async fn a_person_and_their_unit_are_told_the_same() {
    let city = City::with_people(2).await;
    class(&city, &[1], 4).await;
    let on = day("2025-09-01");
    let gap = of_person(&city.db, PersonId(1), 2025, on).await.unwrap();
    let listed = of_unit(&city.db, VILLAGE, (2025, on), Who::Short, (1, 9)).await.unwrap();
    let row = listed.people.iter().find(|row| row.person_id == PersonId(1)).unwrap();
    assert_eq!((&row.targets, gap.verdict), (&gap.targets, Verdict::Short));
    assert_eq!(gap.missing_hours(), Hundredths(4000));
    assert_eq!(gap.worth(600_000), Hundredths(22));
    assert!(matches!(of_person(&city.db, PersonId(99), 2025, on).await, Err(Error::NoSuchPerson(_))));
}

#[tokio::test]
async fn what_was_credited_this_year_is_learnt_and_its_language_known() {
    let city = City::with_people(1).await;
    city.solo(1, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    crate::ledger::post_closed(&city.db, at(700)).await.unwrap();
    assert_eq!(
        learnt(&city.db, PersonId(1), day("2025-01-01"), 2025).await.unwrap().into_iter().collect::<Vec<_>>(),
        [LESSON]
    );
    assert!(learnt(&city.db, PersonId(1), day("2026-01-01"), 2026).await.unwrap().is_empty());
    let lately = learnt(&city.db, PersonId(1), day("2025-11-01"), 2026).await.unwrap();
    assert!(lately.contains(&LESSON), "what would not count again is not offered in the new year either");
    assert_eq!(languages(&city.db, VILLAGE).await.unwrap().into_iter().collect::<Vec<_>>(), ["普通话"]);
    assert!(languages(&city.db, FAR_VILLAGE).await.unwrap().is_empty());
}
