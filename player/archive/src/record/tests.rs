#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::Hundredths;
use crate::classes::{self, Attended, NewClass};
use crate::ledger::{correct, post_closed};
use crate::overview::units_overview;
use crate::testing::{CITY, COUNTY, City, FAR_VILLAGE, LESSON, OFFICE, OTHER_LESSON, START, VILLAGE, at, day, watched};
use entity::UnitLevel;

async fn township_class(city: &City, who: i64, half_days: i32) {
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".to_owned(),
        unit_id: VILLAGE,
        place: String::new(),
        teacher: String::new(),
        starts_on: day("2025-11-10"),
        ends_on: day("2025-11-16"),
        half_days,
    };
    let attended = vec![Attended { person_id: PersonId(who), half_days }];
    classes::record(&city.db, class, attended, None, START).await.unwrap();
}

#[tokio::test]
async fn a_record_adds_up_and_says_what_is_missing() {
    let city = City::with_people(1).await;
    township_class(&city, 1, 14).await;
    city.solo(1, LESSON, START, &[watched((0, 400), (0, 300)), watched((400, 600), (0, 200))]).await;
    post_closed(&city.db, at(700)).await.unwrap();
    correct(&city.db, 2, 60_000, "停电", OFFICE, at(800)).await.unwrap();
    let room = [watched((0, 300), (0, 600))]; // twice as fast as the clock: half of it counts
    city.room(OTHER_LESSON, at(1000), &room, &[(1, 0, Some(200))]).await;
    let record = of_person(&city.db, PersonId(1), 2025, day("2025-11-27")).await.unwrap();
    assert_eq!(record.total.credited_ms, (7 * 360 + 5 + 1) * 60_000);
    assert_eq!(record.total.credit.to_string(), "56.13");
    let sources: Vec<_> = record.sources.iter().map(|(source, total)| (*source, total.credited_ms / 60_000)).collect();
    assert_eq!(sources, [(Source::Solo, 5), (Source::Class, 2520), (Source::Correction, 1)]);
    assert_eq!(record.reasons, BTreeMap::from([(Reason::Overlap, 200_000)]));
    assert_eq!(record.pending_ms, 200_000);
    assert_eq!(record.months[10], record.total);
    let entries: Vec<_> = record.entries.rows.iter().map(|row| (row.seq, row.title.as_str())).collect();
    assert_eq!(entries, [(3, "停电"), (2, "沃柑保果1"), (1, "冬训班（乡镇级）")]);
    assert_eq!(record.entries.rows[1].began_at, Some(START));
    let met: Vec<_> = record.standings.iter().map(|standing| (standing.id.as_str(), standing.met)).collect();
    let expected = [
        ("committee_hours", true),
        ("committee_class", true),
        ("city_class", false),
        ("county_classes", false),
        ("township_days", true),
    ];
    assert_eq!(met, expected);
    assert_eq!(record.standings[3].missing, Hundredths(200));
    assert!(entries_are_empty(&city, 2024).await && entries_are_empty(&city, 2026).await);
    assert!(matches!(of_person(&city.db, PersonId(9), 2025, START.day()).await, Err(Error::NoSuchPerson(_))));
    assert!(matches!(of_person(&city.db, PersonId(1), 99_999, START.day()).await, Err(Error::BadPeriod)));
}

async fn entries_are_empty(city: &City, year: i32) -> bool {
    let page = super::entries(&city.db, PersonId(1), year, 1).await.unwrap();
    page.rows.is_empty() && page.pages == 1
}

#[tokio::test]
async fn pages_follow_each_other_without_a_gap() {
    let city = City::with_people(1).await;
    for n in 0..60 {
        city.solo(1, LESSON, at(-86_400 * n), &[watched((0, 300), (0, 300))]).await;
    }
    post_closed(&city.db, at(700)).await.unwrap();
    let mut days = Vec::new();
    for page in 1..=2 {
        let page = super::entries(&city.db, PersonId(1), 2025, page).await.unwrap();
        assert_eq!((page.total, page.pages), (60, 2));
        days.extend(page.rows.iter().map(|row| row.day));
    }
    assert_eq!(days.len(), 60);
    assert!(days.is_sorted_by(|a, b| a > b));
    assert!(super::entries(&city.db, PersonId(1), 2025, u64::MAX).await.unwrap().rows.is_empty());
}

#[tokio::test]
async fn a_cancelled_class_counts_for_no_target() {
    let city = City::with_people(1).await;
    township_class(&city, 1, 14).await;
    correct(&city.db, 1, -2520 * 60_000, "名单有误", OFFICE, at(1)).await.unwrap();
    let record = of_person(&city.db, PersonId(1), 2025, START.day()).await.unwrap();
    assert_eq!(record.total.credited_ms, 0);
    assert!(record.standings.iter().all(|standing| !standing.met && standing.have == Hundredths(0)));
}

#[tokio::test]
async fn an_overview_is_the_sum_of_its_people() {
    let city = City::with_people(3).await;
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    for who in [1, 2, 20] {
        city.solo(who, LESSON, START, &[watched((0, 300), (0, 300))]).await;
    }
    post_closed(&city.db, at(700)).await.unwrap();
    // The far county asks for less: its own rule, and only its own people meet it.
    city.rule(entity::UnitId(5), "2025-01-01", |text| text.replace("need = 32", "need = 1")).await;
    correct(&city.db, 3, 45 * 60_000, "补", OFFICE, at(800)).await.unwrap();
    let overview = units_overview(&city.db, CITY, 2025, START.day()).await.unwrap();
    assert_eq!((overview.whole.rates.people, overview.whole.rates.bound, overview.whole.rates.met), (4, 4, 1));
    assert_eq!(overview.whole.total.credited_ms, (15 + 45) * 60_000);
    assert_eq!(overview.months[10], overview.whole.total);
    let seen: Vec<_> = overview
        .children
        .iter()
        .map(|child| {
            (child.unit.name.as_str(), child.rates.people, child.rates.met_percent(), child.total.credited_ms / 60_000)
        })
        .collect();
    assert_eq!(seen, [("凤山县", 1, Some(100), 50), ("东兰县", 3, Some(0), 10)]);
    assert_eq!(overview.whole.last_day, Some(START.day()));
    let county = units_overview(&city.db, COUNTY, 2025, START.day()).await.unwrap();
    assert_eq!((county.whole.rates.people, county.children.len()), (3, 1));
    let empty = units_overview(&city.db, COUNTY, 2024, START.day()).await.unwrap();
    assert_eq!((empty.whole.rates.people, empty.whole.total), (3, Total::default()));
}
