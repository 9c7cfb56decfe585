#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::appeals::{self, Decision, Reach, Verdict, waiting};
use crate::classes::{self, Attended, NewClass};
use crate::exemptions::{self, NewExemption};
use crate::ledger::{amend, correct, post_closed};
use crate::record;
use crate::testing::{CITY, COUNTY, City, FAR_VILLAGE, LESSON, OFFICE, Seconds, VILLAGE, at, day, watched};
use entity::{Day, ExemptionKind, PostKind, Reason, UnitLevel, ledger_entry};
use sea_orm::Iterable;

mod tampered;

/// Midday of the second of January 2026.
const NEW_YEAR: Moment = Moment(1_767_326_400_000);

/// Somebody who approves.
const APPROVER: AccountId = AccountId(901);

async fn township_class(city: &City, who: &[i64], ends_on: Day, now: Moment) -> Result<()> {
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".to_owned(),
        unit_id: VILLAGE,
        place: String::new(),
        teacher: String::new(),
        starts_on: ends_on,
        ends_on,
        half_days: 2,
    };
    let attended = who.iter().map(|who| Attended { person_id: PersonId(*who), half_days: 2 }).collect();
    classes::record(&city.db, class, attended, None, now).await.map(|_| ())
}

/// Three secretaries with a class and a lesson in 2025, and a member far away.
async fn city() -> City {
    let city = City::with_people(3).await;
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    township_class(&city, &[1, 2], day("2025-11-20"), crate::testing::START).await.unwrap();
    city.solo(1, LESSON, crate::testing::START, &[watched((0, 300), (0, 300))]).await;
    post_closed(&city.db, at(700)).await.unwrap();
    city
}

async fn sealed(city: &City, unit: UnitId) -> seal::Model {
    let begun = begin(&city.db, unit, 2025, OFFICE, NEW_YEAR).await.unwrap();
    while work(&city.db, NEW_YEAR).await.unwrap() > 0 {}
    seal::Entity::find_by_id(begun.id).one(&city.db).await.unwrap().unwrap()
}

async fn faults(db: &impl ConnectionTrait) -> Vec<String> {
    check(db, &|_, _| ()).await.unwrap().faults.iter().map(ToString::to_string).collect()
}

async fn snapshots(city: &City) -> Vec<Snapshot> {
    let records = seal_line::Entity::find().filter(seal_line::Column::Kind.eq(LineKind::Record));
    let rows = records.order_by_asc(seal_line::Column::Seq).all(&city.db).await.unwrap();
    rows.iter().map(|row| serde_json::from_str(&row.body).unwrap()).collect()
}

#[tokio::test]
async fn a_sealed_record_says_what_the_record_said() {
    let city = city().await;
    let before = record::of_person(&city.db, PersonId(1), 2025, day("2025-12-31")).await.unwrap();
    let seal = sealed(&city, CITY).await;
    assert_eq!((seal.state, seal.people, seal.done), (SealState::Sealed, 4, 4));
    let all = snapshots(&city).await;
    assert_eq!(all.iter().map(|one| one.name.as_str()).collect::<Vec<_>>(), ["韦1", "韦2", "韦3", "韦20"]);
    let one = &all[0];
    assert_eq!((one.credited_ms, one.credit), (before.total.credited_ms, before.total.credit.hundredths().0));
    assert_eq!(
        one.standings.iter().map(|standing| standing.have).collect::<Vec<_>>(),
        before.standings.iter().map(|standing| standing.have.0).collect::<Vec<_>>()
    );
    assert_eq!((one.verdict.as_str(), one.unit_name.as_str(), one.entries), ("short", "木棉村", 2));
    assert_eq!(faults(&city.db).await, [""; 0]);
    let found = check(&city.db, &|_, _| ()).await.unwrap();
    assert_eq!((found.lines, found.recomputed), (5, 4));
}

#[tokio::test]
async fn sealing_goes_on_where_a_stopped_server_left_it() {
    let city = City::with_people(i64::try_from(BATCH).unwrap() * 2 + 3).await;
    let begun = begin(&city.db, CITY, 2025, OFFICE, NEW_YEAR).await.unwrap();
    assert_eq!(work(&city.db, NEW_YEAR).await.unwrap(), BATCH);
    let halfway = seal::Entity::find_by_id(begun.id).one(&city.db).await.unwrap().unwrap();
    assert_eq!((halfway.state, halfway.done), (SealState::Sealing, 200));
    assert_eq!(faults(&city.db).await, [""; 0], "half a seal is no fault");
    // What the next process finds is only the rows.
    assert_eq!(work(&city.db, NEW_YEAR).await.unwrap(), BATCH);
    assert_eq!(work(&city.db, NEW_YEAR).await.unwrap(), 3);
    assert_eq!(work(&city.db, NEW_YEAR).await.unwrap(), 0);
    let people: Vec<_> = snapshots(&city).await.iter().map(|one| one.person.0).collect();
    assert_eq!(people, (1..=403).collect::<Vec<_>>());
    assert_eq!(faults(&city.db).await, [""; 0]);
}

#[tokio::test]
async fn only_a_year_that_is_over_and_wholly_posted_is_sealed_and_once() {
    let city = city().await;
    let late = Moment::start_of(day("2025-12-31"));
    assert!(matches!(begin(&city.db, CITY, 2025, OFFICE, late).await, Err(Error::YearNotOver(2025))));
    city.solo(2, LESSON, late, &[watched((0, 300), (0, 300))]).await;
    assert!(matches!(begin(&city.db, CITY, 2025, OFFICE, NEW_YEAR).await, Err(Error::SessionsWait(1))));
    post_closed(&city.db, NEW_YEAR).await.unwrap();
    begin(&city.db, COUNTY, 2025, OFFICE, NEW_YEAR).await.unwrap();
    assert!(matches!(begin(&city.db, CITY, 2025, OFFICE, NEW_YEAR).await, Err(Error::SealUnderWay)));
    while work(&city.db, NEW_YEAR).await.unwrap() > 0 {}
    assert!(matches!(begin(&city.db, COUNTY, 2025, OFFICE, NEW_YEAR).await, Err(Error::NothingToSeal)));
    let look = outlook(&city.db, CITY, 2025, NEW_YEAR).await.unwrap();
    assert_eq!((look.people, look.already, look.is_ready()), (1, 3, true));
    assert_eq!(sealed(&city, CITY).await.people, 1, "the county's people stay in the county's seal");
    assert_eq!(faults(&city.db).await, [""; 0]);
}

#[tokio::test]
async fn nothing_enters_a_sealed_year_but_an_amendment() {
    let city = city().await;
    let seal = sealed(&city, CITY).await;
    let refused = correct(&city.db, 1, -60_000, "名单有误", OFFICE, NEW_YEAR).await;
    assert!(matches!(refused, Err(Error::YearSealed(2025))), "{refused:?}");
    let class = township_class(&city, &[3], day("2025-12-01"), NEW_YEAR).await;
    assert!(matches!(class, Err(Error::YearSealed(2025))));
    township_class(&city, &[3], day("2026-01-01"), NEW_YEAR).await.unwrap();
    let before = snapshots(&city).await;
    amend(&city.db, 1, -60_000, "名单有误", APPROVER, NEW_YEAR).await.unwrap();
    assert_eq!(snapshots(&city).await, before, "what was sealed stays as it was");
    let found = amendments(&city.db, &seal, None).await.unwrap();
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].person_id, found[0].delta_ms, found[0].reason.as_str()), (PersonId(1), -60_000, "名单有误"));
    assert_eq!(
        record::of_person(&city.db, PersonId(1), 2025, day("2026-01-02")).await.unwrap().total.credited_ms,
        (360 + 5 - 1) * 60_000
    );
    assert_eq!(faults(&city.db).await, [""; 0]);
    let open_year = amend(&city.db, 4, -60_000, "名单有误", APPROVER, NEW_YEAR).await;
    assert!(matches!(open_year, Err(Error::NotSealed(2026))), "{open_year:?}");
}

#[tokio::test]
async fn while_a_seal_is_made_the_year_is_closed_already() {
    let city = city().await;
    begin(&city.db, CITY, 2025, OFFICE, NEW_YEAR).await.unwrap();
    let refused = correct(&city.db, 1, -60_000, "名单有误", OFFICE, NEW_YEAR).await;
    assert!(matches!(refused, Err(Error::YearSealed(2025))), "{refused:?}");
    let early = amend(&city.db, 1, -60_000, "名单有误", APPROVER, NEW_YEAR).await;
    assert!(matches!(early, Err(Error::SealUnderWay)), "{early:?}");
}

#[tokio::test]
async fn an_appeal_granted_after_the_seal_is_an_amendment() {
    let city = city().await;
    correct(&city.db, 3, -60_000, "误判", OFFICE, at(800)).await.unwrap();
    let made = appeals::make(&city.db, PersonId(1), 3, "当时在学", AccountId(5), at(900)).await.unwrap();
    let seal = sealed(&city, CITY).await;
    let granted = Verdict::Granted { ms: 60_000 };
    let clock = Decision { verdict: granted, reason: "属实", by: APPROVER, clock_only: true };
    assert!(appeals::decide(&city.db, made.id, &clock, NEW_YEAR).await.is_err(), "a trainer amends nothing");
    let decision = Decision { clock_only: false, ..clock };
    appeals::decide(&city.db, made.id, &decision, NEW_YEAR).await.unwrap();
    let found = amendments(&city.db, &seal, Some(PersonId(1))).await.unwrap();
    assert_eq!((found.len(), found[0].delta_ms, found[0].reason.as_str()), (1, 60_000, "属实"));
    assert_eq!(faults(&city.db).await, [""; 0]);
}

#[tokio::test]
async fn what_waits_for_a_clock_in_a_sealed_year_is_given_as_an_amendment() {
    let city = city().await;
    let unplaced = Seconds { lost: Some((Reason::ClockUnresolved, 60)), ..watched((0, 300), (0, 300)) };
    city.solo(2, LESSON, crate::testing::START, &[unplaced]).await;
    post_closed(&city.db, at(700)).await.unwrap();
    let seal = sealed(&city, CITY).await;
    let everywhere = Reach { all: Scope::of(["/1/".to_owned()]), ..Reach::default() };
    let filter = appeals::Filter { reach: everywhere, ..appeals::Filter::default() };
    let seq = waiting::page(&city.db, &filter, 1, 10).await.unwrap().rows[0].entry.seq;
    let granted = Verdict::Granted { ms: 60_000 };
    let clock = Decision { verdict: granted, reason: "属实", by: APPROVER, clock_only: true };
    let refused = waiting::decide(&city.db, seq, &clock, NEW_YEAR).await;
    assert!(matches!(refused, Err(Error::YearSealed(2025))), "a trainer amends nothing: {refused:?}");
    waiting::decide(&city.db, seq, &Decision { clock_only: false, ..clock }, NEW_YEAR).await.unwrap();
    let found = amendments(&city.db, &seal, Some(PersonId(2))).await.unwrap();
    assert_eq!((found.len(), found[0].delta_ms, found[0].reason.as_str()), (1, 60_000, "属实"));
    assert_eq!(faults(&city.db).await, [""; 0]);
}

#[tokio::test]
async fn neither_a_rule_nor_an_exemption_nor_a_transfer_changes_what_is_sealed() {
    let city = city().await;
    sealed(&city, CITY).await;
    let before = snapshots(&city).await;
    city.rule(CITY, "2025-06-01", |text| text.replace("need = 56", "need = 1")).await;
    let ill = NewExemption {
        person_id: PersonId(1),
        kind: ExemptionKind::Sick,
        begins_on: day("2025-01-01"),
        ends_on: day("2025-12-31"),
        reason: "补办".to_owned(),
    };
    exemptions::grant(&city.db, ill, OFFICE, NEW_YEAR).await.unwrap();
    let moved = person::Entity::find_by_id(PersonId(1)).one(&city.db).await.unwrap().unwrap();
    let mut moved = moved.into_active_model();
    moved.unit_id = Set(FAR_VILLAGE);
    moved.update(&city.db).await.unwrap();
    assert_eq!(snapshots(&city).await, before);
    assert_eq!(faults(&city.db).await, [""; 0]);
    assert!(closed(&city.db, PersonId(1), 2025).await.unwrap().is_some_and(|closed| closed.line == Some(1)));
    assert!(closed(&city.db, PersonId(1), 2026).await.unwrap().is_none());
}

#[tokio::test]
async fn a_code_tells_name_unit_hours_and_validity_and_follows_amendments() {
    let city = city().await;
    assert!(of_person(&city.db, PersonId(1), 2025).await.unwrap().is_none());
    sealed(&city, CITY).await;
    let paper = of_person(&city.db, PersonId(1), 2025).await.unwrap().unwrap();
    let checked = by_code(&city.db, &paper.code.to_lowercase()).await.unwrap().unwrap();
    assert_eq!((checked.name.as_str(), checked.unit_name.as_str(), checked.year), ("韦1", "木棉村", 2025));
    assert_eq!((checked.credit.to_string(), checked.amended_on), ("8.11".to_owned(), None));
    amend(&city.db, 1, -45 * 60_000, "名单有误", APPROVER, NEW_YEAR).await.unwrap();
    let checked = by_code(&city.db, &paper.code).await.unwrap().unwrap();
    assert_eq!((checked.credit.to_string(), checked.amended_on), ("7.11".to_owned(), Some(day("2026-01-02"))));
    assert!(by_code(&city.db, "0000-0000-0000").await.unwrap().is_none());
    let codes: std::collections::BTreeSet<_> =
        seal_line::Entity::find().all(&city.db).await.unwrap().into_iter().filter_map(|line| line.check_code).collect();
    assert_eq!(codes.len(), 4);
}

#[tokio::test]
async fn no_code_opens_a_record_whose_seal_is_not_closed() {
    let city = City::with_people(i64::try_from(BATCH).unwrap() + 1).await;
    begin(&city.db, CITY, 2025, OFFICE, NEW_YEAR).await.unwrap();
    work(&city.db, NEW_YEAR).await.unwrap();
    let line = seal_line::Entity::find_by_id(1).one(&city.db).await.unwrap().unwrap();
    assert!(by_code(&city.db, &line.check_code.unwrap()).await.unwrap().is_none());
    assert!(of_person(&city.db, PersonId(1), 2025).await.unwrap().is_none());
}
