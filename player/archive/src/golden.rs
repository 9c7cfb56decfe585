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

mod lives;
mod sessions;

use lives::lives;

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
