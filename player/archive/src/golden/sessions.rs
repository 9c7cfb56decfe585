//! What hours are made of, worked out by hand: years of people who watched alone, in rooms and as guests, under two rules.
//!
//! At home the preset holds: an hour of 45 minutes, at most 480 minutes a day, at least 2 of a lesson, a part once a day.
//! In the far county an hour has 30 minutes, a day 60 at most and a part of a lesson counts once a year; from July on an
//! hour has 60 minutes and a part counts once in a lifetime.

use super::{FAR_COUNTY, NOW};
use crate::appeals::{self, Decision, Verdict};
use crate::ledger::{self, guests, post_closed};
use crate::seal::{self, Snapshot};
use crate::testing::{City, FAR_VILLAGE, LESSON, OFFICE, OTHER_LESSON, Seconds, VILLAGE, day, watched};
use crate::{late, quiz, record, verify};
use entity::Reason::SeekUnseen;
use entity::{
    AccountId, Day, LessonId, LineKind, Moment, PersonId, PostKind, Reason, Scope, UnitId, guest, lesson, person,
    playback, quiz_attempt, seal_line,
};
use sea_orm::ActiveValue::Set;
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, TransactionTrait};
use std::collections::BTreeMap;

mod years;

use years::{
    ASKING, AUGUST, At,
    Deed::{self, Alone, Corrected, Guest, Hurries, Jumps, Moves, NotMe, Passes, Room},
    MARCH, MAY, years,
};

fn moment((on, hour, minute): At) -> Moment {
    Moment::start_of(day(on)).plus_ms((hour * 60 + minute) * 60_000)
}

/// The guest of a room that was matched last.
type LastGuest = Option<guest::Model>;

async fn live(city: &City, who: i64, far: bool, deeds: &[Deed]) {
    city.person(who, if far { FAR_VILLAGE } else { VILLAGE }, PostKind::Member).await;
    let mut guest = None;
    let mut home = if far { FAR_VILLAGE } else { VILLAGE };
    for deed in deeds {
        match *deed {
            Alone(at, lesson, from, to) => {
                solo(city, (who, home), lesson, at, &[watched((0, to - from), (from, to))]).await
            }
            Room(at, lesson, length, (from, to)) => {
                let stays = [(who, from, Some(to))];
                city.room(lesson, moment(at), &[watched((0, length), (0, length))], &stays).await;
            }
            Guest(at, lesson, length, stay) => guest = Some(be_guest(city, who, (at, lesson, length), stay).await),
            NotMe => part(city, who, &guest).await,
            Jumps(at, lesson, seen, over) => {
                let jump = Seconds { wall: (seen, seen), media: (seen, seen), lost: Some((SeekUnseen, over)) };
                solo(city, (who, home), lesson, at, &[watched((0, seen), (0, seen)), jump]).await;
            }
            Hurries(at, lesson, length) => {
                solo(city, (who, home), lesson, at, &[watched((0, length / 2), (0, length))]).await;
            }
            Passes(lesson) => pass(city, who, lesson).await,
            Corrected(minutes) => {
                let newest = crate::view::newest_seq(&city.db).await.unwrap();
                ledger::correct(&city.db, newest, minutes * 60_000, "核实", OFFICE, NOW).await.unwrap();
            }
            Moves => {
                home = FAR_VILLAGE;
                let row = person::Entity::find_by_id(PersonId(who)).one(&city.db).await.unwrap().unwrap();
                let mut row = row.into_active_model();
                row.unit_id = Set(home);
                row.update(&city.db).await.unwrap();
            }
        }
        post_closed(&city.db, NOW).await.unwrap();
    }
}

/// A session alone, begun where the person lives then.
async fn solo(city: &City, (who, home): (i64, UnitId), lesson: LessonId, at: At, beats: &[Seconds]) {
    let id = city.solo(who, lesson, moment(at), beats).await;
    let begun_at = playback::ActiveModel { unit_id: Set(home), ..Default::default() };
    playback::Entity::update_many().set(begun_at).filter(playback::Column::Id.eq(id)).exec(&city.db).await.unwrap();
}

async fn be_guest(
    city: &City,
    who: i64,
    (at, lesson, length): (At, LessonId, i64),
    (from, to): (i64, i64),
) -> guest::Model {
    let start = moment(at);
    let room = city.room(lesson, start, &[watched((0, length), (0, length))], &[]).await;
    post_closed(&city.db, NOW).await.unwrap();
    let guest = city.guest(room, start.plus_ms(from * 1000), start.plus_ms(to * 1000)).await;
    city.seat(&guest, who).await;
    let txn = crate::ledger::begin(&city.db).await.unwrap();
    guests::credit(&txn, (&guest, PersonId(who)), OFFICE, NOW).await.unwrap();
    txn.commit().await.unwrap();
    guest
}

async fn part(city: &City, who: i64, guest: &LastGuest) {
    let txn = crate::ledger::begin(&city.db).await.unwrap();
    let guest = guest.as_ref().unwrap();
    guests::withdraw(&txn, (guest, PersonId(who)), "认错了人", OFFICE, NOW).await.unwrap();
    txn.commit().await.unwrap();
}

async fn pass(city: &City, who: i64, lesson: LessonId) {
    let txn = city.db.begin().await.unwrap();
    let now = quiz::hold(&txn, PersonId(who), lesson, NOW).await.unwrap();
    let row = quiz_attempt::ActiveModel {
        person_id: Set(PersonId(who)),
        lesson_id: Set(lesson),
        day: Set(now.day()),
        begun_at: Set(now),
        submitted_at: Set(Some(now)),
        questions: Set("[]".to_owned()),
        answers: Set(Some("[]".to_owned())),
        right_count: Set(1),
        question_count: Set(1),
        passed: Set(true),
        ..Default::default()
    };
    row.insert(&txn).await.unwrap();
    quiz::release(&txn, PersonId(who), lesson, now).await.unwrap();
    txn.commit().await.unwrap();
}

async fn everybody() -> City {
    let city = City::with_people(0).await;
    let asking = lesson::Entity::find_by_id(OTHER_LESSON).one(&city.db).await.unwrap().unwrap();
    let asking = lesson::Model {
        id: ASKING,
        slug: "asking".to_owned(),
        quiz_required: true,
        updated_at: Moment::start_of(day("2024-01-01")),
        ..asking
    };
    asking.into_active_model().reset_all().insert(&city.db).await.unwrap();
    let until_june = |text: &str| {
        text.replace("minutes_per_credit_hour = 45", "minutes_per_credit_hour = 30")
            .replace("daily_cap_minutes = 480", "daily_cap_minutes = 60")
            .replace("once_per = \"day\"", "once_per = \"year\"")
    };
    city.rule(FAR_COUNTY, "2024-01-01", until_june).await;
    let from_july = |text: &str| {
        until_june(text).replace("credit_hour = 30", "credit_hour = 60").replace("\"year\"", "\"lifetime\"")
    };
    city.rule(FAR_COUNTY, "2025-07-01", from_july).await;
    for (who, (_, far, deeds, ..)) in (1..).zip(years()) {
        live(&city, who, far, &deeds).await;
    }
    city
}

/// Credit hours of 2025, and what does not count, in seconds.
async fn told(city: &City, who: i64) -> (String, BTreeMap<Reason, i64>) {
    let year = record::of_person(&city.db, PersonId(who), 2025, day("2025-12-31")).await.unwrap();
    let reasons = year.reasons.into_iter().map(|(reason, ms)| (reason, ms / 1000)).collect();
    (year.total.credit.to_string(), reasons)
}

#[tokio::test]
async fn years_of_sessions_worked_out_by_hand_come_out_as_they_should_and_are_sealed_so() {
    let city = everybody().await;
    let years = years();
    assert!(years.len() >= 25);
    for (who, (about, _, _, credit, uncounted)) in (1..).zip(&years) {
        assert_eq!(told(&city, who).await, ((*credit).to_owned(), uncounted.iter().copied().collect()), "{about}");
    }
    let ledger = verify::ledger(&city.db, &|_, _| ()).await.unwrap();
    assert!(ledger.is_sound(), "{ledger}");
    seal::begin(&city.db, UnitId(1), 2025, OFFICE, NOW).await.unwrap();
    while seal::work(&city.db, NOW).await.unwrap() > 0 {}
    let lines = seal_line::Entity::find().filter(seal_line::Column::Kind.eq(LineKind::Record)).all(&city.db).await;
    for line in lines.unwrap() {
        let sealed: Snapshot = serde_json::from_str(&line.body).unwrap();
        let (credit, _) = told(&city, sealed.person.0).await;
        assert_eq!(crate::Hundredths(sealed.credit).to_string(), credit, "{}", sealed.name);
    }
    assert!(seal::check(&city.db, &|_, _| ()).await.unwrap().is_sound());
}

/// Sealed with 1.00; the appeal gives back 15 minutes of 45, 0.333; the late session brings 45 more: 1.00, 1.33, 2.33.
#[tokio::test]
async fn a_sealed_year_an_appeal_granted_and_a_session_admitted_afterwards() {
    let city = City::with_people(0).await;
    live(&city, 1, false, &[Alone(MARCH, LESSON, 0, 3600), Corrected(-15)]).await;
    let newest = ledger_seq(&city, 1).await;
    let text = "村委可以作证";
    let appeal = appeals::make(&city.db, PersonId(1), newest, text, AccountId(5), moment(AUGUST)).await.unwrap();
    seal::begin(&city.db, UnitId(1), 2025, OFFICE, NOW).await.unwrap();
    while seal::work(&city.db, NOW).await.unwrap() > 0 {}
    assert_eq!(told(&city, 1).await.0, "1.00");
    let decision =
        Decision { verdict: Verdict::Granted { ms: 900_000 }, reason: "属实", by: OFFICE, clock_only: false };
    appeals::decide(&city.db, appeal.id, &decision, NOW).await.unwrap();
    assert_eq!(told(&city, 1).await.0, "1.33");
    live_on(&city, Alone(MAY, OTHER_LESSON, 0, 2700)).await;
    assert_eq!(told(&city, 1).await.0, "1.33", "it waits");
    let everything = late::Filter { reach: Scope::of(["/1/".to_owned()]), ..late::Filter::default() };
    let waits = late::page(&city.db, &everything, 1, 9).await.unwrap();
    let id = waits.rows.into_iter().next().unwrap().row.id;
    let admitted = late::Decision { admit: true, reason: "断网", by: OFFICE };
    late::decide(&city.db, id, &admitted, NOW).await.unwrap();
    assert_eq!(told(&city, 1).await.0, "2.33");
    let sealed = seal::of_person(&city.db, PersonId(1), 2025).await.unwrap().unwrap();
    assert_eq!((sealed.sealed.credit, sealed.now().credit), (100, 233), "the paper of the seal and of today");
    assert!(seal::check(&city.db, &|_, _| ()).await.unwrap().is_sound());
    assert!(verify::ledger(&city.db, &|_, _| ()).await.unwrap().is_sound());
}

async fn live_on(city: &City, deed: Deed) {
    if let Alone(at, lesson, from, to) = deed {
        solo(city, (1, VILLAGE), lesson, at, &[watched((0, to - from), (from, to))]).await;
    }
    post_closed(&city.db, NOW).await.unwrap();
}

/// The first entry of a person.
async fn ledger_seq(city: &City, who: i64) -> i64 {
    let year = record::of_person(&city.db, PersonId(who), 2025, Day::default()).await.unwrap();
    year.entries.rows.last().unwrap().seq
}
