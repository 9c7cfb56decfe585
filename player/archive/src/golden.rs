//! Forty people whose year was worked out by hand: every target of the presets and every edge of a year; what their hours
//! are made of is worked out in `sessions`.
//!
//! Each goes through the real ledger and is read back as a record, as a gap, as a row of the assessment and as a sealed
//! record, which all have to say what stands here.

#![expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]

use crate::classes::{self, Attended, NewClass};
use crate::exemptions::{self, NewExemption};
use crate::ledger::{self, NewEntry};
use crate::seal::{self, Snapshot};
use crate::testing::{City, FAR_VILLAGE, OFFICE, VILLAGE, day};
use crate::{gap, record, rules};
use entity::{
    Day, ExemptionKind, LineKind, Moment, PersonId, PostKind, Source, UnitId, UnitLevel, person, post, seal_line,
};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, TransactionTrait};
use std::collections::BTreeMap;

mod sessions;

/// Midday of the second of January 2026: the year is over.
const NOW: Moment = Moment(1_767_326_400_000);
const FAR_COUNTY: UnitId = UnitId(5);
const MINUTE: i64 = 60_000;
/// Milliseconds of one credit hour in the first county, where it has 45 minutes.
const HOUR: i64 = 45 * MINUTE;
const LONG_AGO: &str = "2020-01-01";

#[derive(Clone, Default)]
struct Life {
    /// What the case is about.
    about: &'static str,
    far: bool,
    /// Post, first day, last day.
    terms: Vec<(Option<PostKind>, &'static str, Option<&'static str>)>,
    /// Organiser, last day, half-days held, half-days present.
    classes: Vec<(Option<UnitLevel>, &'static str, i32, i32)>,
    /// Day and milliseconds watched.
    watched: Vec<(&'static str, i64)>,
    /// Kind, first day, last day.
    exempt: Vec<(Option<ExemptionKind>, &'static str, &'static str)>,
    /// The last day of the exemption when it was ended early.
    ended: Option<&'static str>,
    /// Target, what there is, what is needed, whether it is met.
    expect: Vec<(&'static str, &'static str, &'static str, bool)>,
    /// Targets that do not bind them, though they hold the post.
    unbound: Vec<&'static str>,
}

fn of(about: &'static str, kind: PostKind) -> Life {
    Life { about, terms: vec![(Some(kind), LONG_AGO, None)], ..Life::default() }
}

impl Life {
    fn far(self) -> Self {
        Self { far: true, ..self }
    }

    fn term(mut self, kind: PostKind, from: &'static str, to: Option<&'static str>) -> Self {
        self.terms.push((Some(kind), from, to));
        self
    }

    fn only(mut self, kind: PostKind, from: &'static str, to: Option<&'static str>) -> Self {
        self.terms = vec![(Some(kind), from, to)];
        self
    }

    fn class(mut self, level: UnitLevel, on: &'static str, half_days: i32) -> Self {
        self.classes.push((Some(level), on, half_days, half_days));
        self
    }

    fn partly(mut self, level: UnitLevel, on: &'static str, held: i32, present: i32) -> Self {
        self.classes.push((Some(level), on, held, present));
        self
    }

    fn watched(mut self, on: &'static str, ms: i64) -> Self {
        self.watched.push((on, ms));
        self
    }

    fn exempt(mut self, kind: ExemptionKind, from: &'static str, to: &'static str) -> Self {
        self.exempt.push((Some(kind), from, to));
        self
    }

    fn ended(mut self, on: &'static str) -> Self {
        self.ended = Some(on);
        self
    }

    fn unbound(mut self, target: &'static str) -> Self {
        self.unbound.push(target);
        self
    }

    fn expect(mut self, target: &'static str, have: &'static str, need: &'static str, met: bool) -> Self {
        self.expect.push((target, have, need, met));
        self
    }
}

/// A secretary with the classes of a whole year: one of the city, two of the county, seven days of the township.
fn diligent(about: &'static str) -> Life {
    of(about, PostKind::VillageSecretary)
        .class(UnitLevel::City, "2025-03-10", 2)
        .class(UnitLevel::County, "2025-05-10", 2)
        .class(UnitLevel::County, "2025-09-10", 2)
}

fn lives() -> Vec<Life> {
    use ExemptionKind::{Disabled, Migrant, Old, Sick};
    use PostKind::{CommitteeMember, FirstSecretary, HamletHead, HamletSecretary, Member, VillageSecretary};
    use UnitLevel::{City as AtCity, County, Township};
    vec![
        of("exactly the hours", Member).watched("2025-06-01", 32 * HOUR).expect("member_hours", "32.00", "32.00", true),
        of("a millisecond short", Member).watched("2025-06-01", 32 * HOUR - 1).expect(
            "member_hours",
            "31.99",
            "32.00",
            false,
        ),
        of("the days before and after the year", Member)
            .watched("2024-12-31", 32 * HOUR)
            .watched("2026-01-01", 32 * HOUR)
            .expect("member_hours", "0.00", "32.00", false),
        of("the first and the last day of the year", Member)
            .watched("2025-01-01", 16 * HOUR)
            .watched("2025-12-31", 16 * HOUR)
            .expect("member_hours", "32.00", "32.00", true),
        of("nothing at all", Member).expect("member_hours", "0.00", "32.00", false),
        diligent("everything asked of a secretary")
            .class(Township, "2025-11-10", 14)
            .expect("committee_hours", "80.00", "56.00", true)
            .expect("committee_class", "4.00", "1.00", true)
            .expect("city_class", "1.00", "1.00", true)
            .expect("county_classes", "2.00", "2.00", true)
            .expect("township_days", "7.00", "7.00", true),
        diligent("half a township day too little")
            .class(Township, "2025-11-10", 13)
            .expect("committee_hours", "76.00", "56.00", true)
            .expect("committee_class", "4.00", "1.00", true)
            .expect("city_class", "1.00", "1.00", true)
            .expect("county_classes", "2.00", "2.00", true)
            .expect("township_days", "6.50", "7.00", false),
        of("a county class too few, hours from watching", CommitteeMember)
            .class(AtCity, "2025-03-10", 2)
            .class(County, "2025-05-10", 2)
            .class(Township, "2025-11-10", 14)
            .watched("2025-06-01", 10 * HOUR)
            .expect("committee_hours", "82.00", "56.00", true)
            .expect("committee_class", "3.00", "1.00", true)
            .expect("city_class", "1.00", "1.00", true)
            .expect("county_classes", "1.00", "2.00", false)
            .expect("township_days", "7.00", "7.00", true),
        of("in office on the last day only", Member).only(Member, "2025-12-31", None).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("out of office before the year", Member).only(Member, LONG_AGO, Some("2024-12-31")),
        of("out of office on its first day", Member).only(Member, LONG_AGO, Some("2025-01-01")).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("a post that no target binds", HamletHead).watched("2025-06-01", HOUR),
        of("two posts in one year", Member)
            .term(CommitteeMember, "2025-08-01", None)
            .watched("2025-06-01", 40 * HOUR)
            .expect("member_hours", "40.00", "32.00", true)
            .expect("committee_hours", "40.00", "56.00", false)
            .expect("committee_class", "0.00", "1.00", false)
            .expect("city_class", "0.00", "1.00", false)
            .expect("county_classes", "0.00", "2.00", false)
            .expect("township_days", "0.00", "7.00", false),
        of("a new secretary on the last day of the half year", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", None)
            .class(County, "2025-04-15", 2)
            .expect("new_secretary", "1.00", "1.00", true),
        of("a new secretary a day too late", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", None)
            .class(County, "2025-04-16", 2)
            .expect("new_secretary", "0.00", "1.00", false),
        of("a new secretary with a class of last year", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", None)
            .class(County, "2024-11-20", 2)
            .expect("new_secretary", "1.00", "1.00", true)
            .expect("committee_class", "0.00", "1.00", false),
        of("twelve days in place of ninety hours", FirstSecretary)
            .class(County, "2025-11-20", 24)
            .expect("member_hours", "96.00", "32.00", true)
            .expect("cadre_training", "96.00", "90.00", true),
        of("twelve days of which one was missed", FirstSecretary)
            .partly(County, "2025-11-20", 24, 22)
            .expect("member_hours", "88.00", "32.00", true)
            .expect("cadre_training", "88.00", "90.00", false),
        of("ninety hours without a class", FirstSecretary)
            .watched("2025-06-01", 90 * HOUR)
            .expect("member_hours", "90.00", "32.00", true)
            .expect("cadre_training", "90.00", "90.00", true),
        of("disabled all the year", Member).exempt(Disabled, "2025-01-01", "2025-12-31").expect(
            "member_hours",
            "0.00",
            "0.00",
            true,
        ),
        // 181 of 365 days are left: 15.86 hours, cut to 15.
        of("old from July on", Member).exempt(Old, "2025-07-01", "2030-06-30").watched("2025-03-01", 15 * HOUR).expect(
            "member_hours",
            "15.00",
            "15.00",
            true,
        ),
        of("old from July on and a millisecond short", Member)
            .exempt(Old, "2025-07-01", "2030-06-30")
            .watched("2025-03-01", 15 * HOUR - 1)
            .expect("member_hours", "14.99", "15.00", false),
        // February and March overlap: 120 days lifted, 245 left: 21.47 hours, cut to 21.
        of("ill and old at the same time", Member)
            .exempt(Sick, "2025-01-01", "2025-03-31")
            .exempt(Old, "2025-02-01", "2025-04-30")
            .expect("member_hours", "0.00", "21.00", false),
        of("away for work", CommitteeMember)
            .exempt(Migrant, "2025-01-01", "2025-12-31")
            .watched("2025-06-01", 56 * HOUR)
            .expect("committee_hours", "56.00", "56.00", true)
            .expect("committee_class", "0.00", "0.00", true)
            .expect("city_class", "0.00", "0.00", true)
            .expect("county_classes", "0.00", "0.00", true)
            .expect("township_days", "0.00", "0.00", true),
        // January has 31 days; 334 of 365 are left: 29.28 hours, cut to 29.
        of("an exemption that ran out in January", Member)
            .exempt(Sick, "2025-01-01", "2025-01-31")
            .watched("2025-06-01", 29 * HOUR)
            .expect("member_hours", "29.00", "29.00", true),
        // Lifted to the end of June, 181 days; 184 are left: 16.13 hours, cut to 16.
        of("an exemption ended early", Member)
            .exempt(Sick, "2025-01-01", "2025-12-31")
            .ended("2025-06-30")
            .watched("2025-09-01", 16 * HOUR - 1)
            .expect("member_hours", "15.99", "16.00", false),
        // 184 of 365 days are left. Of one class 0.50, cut to none; of two 1.008, cut to one; of seven days 3.53, cut to 3.5.
        // A migrant's hours stay as they are.
        of("away for work until June", CommitteeMember)
            .exempt(Migrant, "2025-01-01", "2025-06-30")
            .class(County, "2025-10-10", 2)
            .class(Township, "2025-11-10", 7)
            .expect("committee_hours", "36.00", "56.00", false)
            .expect("committee_class", "2.00", "0.00", true)
            .expect("city_class", "0.00", "0.00", true)
            .expect("county_classes", "1.00", "1.00", true)
            .expect("township_days", "3.50", "3.50", true),
        of("a class that ended on New Year's Day", Member).class(County, "2026-01-01", 8).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("secretary again a week after the last term", VillageSecretary)
            .only(VillageSecretary, LONG_AGO, Some("2024-10-08"))
            .term(VillageSecretary, "2024-10-15", None)
            .unbound("new_secretary")
            .expect("committee_class", "0.00", "1.00", false),
        of("a new secretary for five months only", VillageSecretary)
            .only(VillageSecretary, "2024-10-15", Some("2025-03-14"))
            .unbound("new_secretary")
            .expect("committee_class", "0.00", "1.00", false),
        of("three posts, two of which ask for the same", Member)
            .term(HamletSecretary, "2025-02-01", Some("2025-04-30"))
            .term(FirstSecretary, "2025-03-01", Some("2025-05-31"))
            .watched("2025-06-01", 40 * HOUR)
            .expect("member_hours", "40.00", "32.00", true)
            .expect("cadre_training", "40.00", "90.00", false),
        // Seven half-days with one missed: six are three days of 8 hours.
        of("one of seven half-days missed", Member).partly(Township, "2025-11-10", 7, 6).expect(
            "member_hours",
            "24.00",
            "32.00",
            false,
        ),
        of("two of eight half-days missed", Member).partly(Township, "2025-11-10", 8, 6).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("surplus lapses where nothing is carried over", Member).watched("2024-06-01", 64 * HOUR).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        of("exactly one seventh of leave", Member).partly(Township, "2025-11-10", 14, 12).expect(
            "member_hours",
            "48.00",
            "32.00",
            true,
        ),
        of("more than one seventh of leave", Member).partly(Township, "2025-11-10", 14, 11).expect(
            "member_hours",
            "0.00",
            "32.00",
            false,
        ),
        // The far county: 30 minutes an hour, surplus up to 8 carried over, half of the need online.
        of("hours of thirty minutes, all online", Member).far().watched("2025-06-01", 32 * 30 * MINUTE).expect(
            "member_hours",
            "16.00",
            "32.00",
            false,
        ),
        of("half online and three half-days in class", Member)
            .far()
            .watched("2025-06-01", 16 * 30 * MINUTE)
            .class(County, "2025-05-10", 3)
            .expect("member_hours", "34.00", "32.00", true),
        of("surplus of last year carried over", Member)
            .far()
            .watched("2024-06-01", 40 * 30 * MINUTE)
            .class(County, "2025-05-10", 4)
            .expect("member_hours", "32.00", "32.00", true),
        of("surplus carried over only up to the bound", Member)
            .far()
            .watched("2024-06-01", 60 * 30 * MINUTE)
            .class(County, "2025-05-10", 2)
            .expect("member_hours", "20.00", "32.00", false),
    ]
}

/// Moved to the far county in mid-year: the hours follow, each worth what it was where it was earned.
const MOVED: i64 = 91;
/// Had a class taken back by a correction.
const CORRECTED: i64 = 92;

async fn live(city: &City, id: i64, life: &Life) {
    let home = if life.far { FAR_VILLAGE } else { VILLAGE };
    city.person(id, home, PostKind::Member).await;
    post::Entity::delete_many().filter(post::Column::PersonId.eq(id)).exec(&city.db).await.unwrap();
    for (kind, from, to) in &life.terms {
        let term = post::ActiveModel {
            id: NotSet,
            person_id: Set(PersonId(id)),
            kind: Set(kind.unwrap()),
            appointed_on: Set(day(from)),
            ended_on: Set(to.map(day)),
        };
        term.insert(&city.db).await.unwrap();
    }
    for (level, on, held, present) in &life.classes {
        attend(city, id, level.unwrap(), day(on), (*held, *present)).await;
    }
    let path = if life.far { "/1/5/6/7/" } else { "/1/2/3/4/" };
    for (on, ms) in &life.watched {
        watch(city, id, (home, path), day(on), *ms).await;
    }
    for (kind, from, to) in &life.exempt {
        let new = NewExemption {
            person_id: PersonId(id),
            kind: kind.unwrap(),
            begins_on: day(from),
            ends_on: day(to),
            reason: "证明".to_owned(),
        };
        let granted = exemptions::grant(&city.db, new, OFFICE, NOW).await.unwrap();
        if let Some(on) = life.ended {
            exemptions::end(&city.db, granted.id, day(on), "已康复", OFFICE, NOW).await.unwrap();
        }
    }
}

async fn attend(city: &City, id: i64, level: UnitLevel, ends_on: Day, (half_days, present): (i32, i32)) {
    let days = u64::try_from(half_days).unwrap().div_ceil(2) - 1;
    let class = NewClass {
        level,
        title: "培训班".to_owned(),
        unit_id: VILLAGE,
        place: String::new(),
        teacher: String::new(),
        starts_on: ends_on - chrono::Days::new(days),
        ends_on,
        half_days,
    };
    let attended = vec![Attended { person_id: PersonId(id), half_days: present }];
    classes::record(&city.db, class, attended, None, NOW).await.unwrap();
}

/// Hours as a playback would have posted them; how beats become hours is tested where it is done.
async fn watch(city: &City, id: i64, (unit_id, path): (UnitId, &str), on: Day, ms: i64) {
    let (rule_id, _) = rules::in_force(&city.db, path, on).await.unwrap();
    let entry = NewEntry {
        person_id: PersonId(id),
        unit_id,
        day: on,
        source: Source::Solo,
        lesson_id: None,
        playback_id: None,
        class_run_id: None,
        corrects_seq: None,
        claimed_ms: ms,
        credited_ms: ms,
        reasons: BTreeMap::new(),
        rule_id,
        note: "课".to_owned(),
        author_id: None,
    };
    let txn = city.db.begin().await.unwrap();
    ledger::append(&txn, &[entry], NOW).await.unwrap();
    txn.commit().await.unwrap();
}

async fn everybody() -> City {
    let city = City::with_people(0).await;
    let far = |text: &str| {
        text.replace("minutes_per_credit_hour = 45", "minutes_per_credit_hour = 30")
            .replace("carry_over_hours = 0", "carry_over_hours = 8")
            .replace("online_share_percent = 100", "online_share_percent = 50")
    };
    city.rule(FAR_COUNTY, "2024-01-01", far).await;
    for (id, life) in (1..).zip(lives()) {
        live(&city, id, &life).await;
    }
    let moved =
        of("moved", PostKind::Member).watched("2025-02-01", 20 * HOUR).class(UnitLevel::County, "2025-05-10", 3);
    live(&city, MOVED, &moved).await;
    let row = person::Entity::find_by_id(PersonId(MOVED)).one(&city.db).await.unwrap().unwrap();
    let mut row = row.into_active_model();
    row.unit_id = Set(FAR_VILLAGE);
    row.update(&city.db).await.unwrap();
    live(&city, CORRECTED, &of("corrected", PostKind::Member).class(UnitLevel::County, "2025-05-10", 8)).await;
    let newest = crate::view::newest_seq(&city.db).await.unwrap();
    ledger::correct(&city.db, newest, -4 * 360 * MINUTE, "名单有误", OFFICE, NOW).await.unwrap();
    city
}

/// The year of one person, as the record has it: target, what there is, what is needed, met.
async fn year_of(city: &City, id: i64) -> Vec<(String, String, String, bool)> {
    let record = record::of_person(&city.db, PersonId(id), 2025, day("2025-12-31")).await.unwrap();
    let row = |one: crate::assess::Standing| (one.id, one.have.to_string(), one.need.to_string(), one.met);
    record.standings.into_iter().map(row).collect()
}

#[tokio::test]
async fn forty_years_worked_out_by_hand_come_out_as_they_should() {
    let city = everybody().await;
    let lives = lives();
    assert_eq!(lives.len(), 40);
    for (id, life) in (1..).zip(&lives) {
        let found = year_of(&city, id).await;
        for (target, have, need, met) in &life.expect {
            let row = found.iter().find(|row| row.0 == *target);
            let row = row.map(|(_, have, need, met)| (have.as_str(), need.as_str(), *met));
            assert_eq!(row, Some((*have, *need, *met)), "{}: {target}", life.about);
        }
        for target in &life.unbound {
            assert!(found.iter().all(|row| row.0 != *target), "{}: {target}", life.about);
        }
        if life.expect.is_empty() {
            assert!(found.is_empty(), "{}: {found:?}", life.about);
        }
    }
    // 20 hours of 45 minutes and 12 in class, judged by the far county: 12 + at most half of 32 online.
    assert_eq!(year_of(&city, MOVED).await, [("member_hours".into(), "28.00".into(), "32.00".into(), false)]);
    assert_eq!(year_of(&city, CORRECTED).await, [("member_hours".into(), "0.00".into(), "32.00".into(), false)]);
}

#[tokio::test]
async fn record_gap_and_seal_say_the_same_of_all_of_them() {
    let city = everybody().await;
    let begun = seal::begin(&city.db, UnitId(1), 2025, OFFICE, NOW).await.unwrap();
    while seal::work(&city.db, NOW).await.unwrap() > 0 {}
    let records = seal_line::Entity::find().filter(seal_line::Column::Kind.eq(LineKind::Record));
    let lines = records.filter(seal_line::Column::SealId.eq(begun.id)).all(&city.db).await.unwrap();
    assert_eq!(lines.len(), lives().len() + 2);
    for line in lines {
        let sealed: Snapshot = serde_json::from_str(&line.body).unwrap();
        let found = year_of(&city, sealed.person.0).await;
        let gap = gap::of_person(&city.db, sealed.person, 2025, day("2025-12-31")).await.unwrap();
        let of_gap: Vec<_> =
            gap.targets.iter().map(|target| (target.standing.have.0, target.standing.need.0)).collect();
        let of_seal: Vec<_> = sealed.standings.iter().map(|standing| (standing.have, standing.need)).collect();
        assert_eq!(of_gap, of_seal, "{}", sealed.name);
        let met: Vec<_> = sealed.standings.iter().map(|standing| standing.met).collect();
        assert_eq!(found.iter().map(|row| row.3).collect::<Vec<_>>(), met);
    }
    assert!(seal::check(&city.db, &|_, _| ()).await.unwrap().is_sound());
    assert!(crate::verify::ledger(&city.db, &|_, _| ()).await.unwrap().is_sound());
}
