//! What has to hold whatever people do, and in whatever order it reaches the ledger: the chain is whole, every entry is
//! what beats and presence say, to post everything anew makes the same bytes, and every telling has the same number.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use crate::classes::{self, Attended, NewClass};
use crate::ledger::{self, guests, post_playback};
use crate::testing::{CITY, City, FAR_VILLAGE, LESSON, OFFICE, OTHER_LESSON, Seconds, VILLAGE, at, day};
use crate::{Error, seal, verify};
use entity::{
    LessonId, Moment, PersonId, PostKind, Reason, Source, UnitLevel, guest, ledger_entry, ledger_head, playback,
};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sea_orm::ActiveValue::Set;
use sea_orm::{EntityTrait, QueryOrder};

mod tellings;

/// Midday of the second of January 2026.
const NEW_YEAR: Moment = Moment(1_767_326_400_000);
/// Three at home, one far away.
const PEOPLE: [i64; 4] = [1, 2, 3, 20];

/// Something that changes the ledger.
#[derive(Clone, Debug)]
enum Deed {
    /// Who watches which lesson alone, beginning so many seconds after the start.
    Alone(i64, LessonId, i64, Vec<Play>),
    /// A room with those stays: who, from, to.
    Room(LessonId, i64, Vec<Play>, Vec<(i64, i64, i64)>),
    /// A class: who was there for how many of four half-days.
    Class(Vec<(i64, i32)>),
    /// So many minutes more or less for one of the entries there are.
    Correct(usize, i64),
    /// A guest of one of the rooms there are is found to be somebody: which, who, from, to; and is nobody again or not.
    Match(usize, i64, i64, i64, bool),
}

/// So many seconds of the clock, from where in the lesson, how much of it, and what was lost.
type Play = (i64, i64, i64, i64);

fn plays() -> impl Strategy<Value = Vec<Play>> {
    prop::collection::vec((0_i64..400, 0_i64..500, 0_i64..400, 0_i64..40), 1..5)
}

fn lesson() -> impl Strategy<Value = LessonId> {
    prop::sample::select(vec![LESSON, OTHER_LESSON])
}

/// Six weeks around the end of November: no day of 2026.
fn start() -> impl Strategy<Value = i64> {
    -20 * 86_400_i64..20 * 86_400
}

fn who() -> impl Strategy<Value = i64> {
    prop::sample::select(PEOPLE.to_vec())
}

/// What can be done again over the rows of the player alone: a class and a match write rows of their own.
fn deed_of_the_ledger() -> impl Strategy<Value = Deed> {
    deed().prop_filter("writes other rows", |deed| !matches!(deed, Deed::Class(..) | Deed::Match(..)))
}

fn deed() -> impl Strategy<Value = Deed> {
    // Nobody comes in twice at the same moment: the player takes the second for the first.
    let stays = prop::collection::btree_map((who(), -10_i64..300), 0_i64..900, 0..4)
        .prop_map(|stays| stays.into_iter().map(|((who, from), long)| (who, from, long)).collect());
    prop_oneof![
        4 => (who(), lesson(), start(), plays()).prop_map(|(who, lesson, start, plays)| Deed::Alone(who, lesson, start, plays)),
        3 => (lesson(), start(), plays(), stays).prop_map(|(lesson, start, plays, stays)| Deed::Room(lesson, start, plays, stays)),
        1 => prop::collection::btree_map(who(), 0..=4_i32, 1..4).prop_map(|there| Deed::Class(there.into_iter().collect())),
        2 => (0_usize..50, -60_i64..60).prop_map(|(which, minutes)| Deed::Correct(which, minutes)),
        2 => (0_usize..50, who(), 0_i64..300, 0_i64..900, any::<bool>())
            .prop_map(|(which, who, from, length, back)| Deed::Match(which, who, from, from + length, back)),
    ]
}

/// How often a lesson counts, by the city's rule of November on.
fn policy() -> impl Strategy<Value = (&'static str, &'static str)> {
    prop::sample::select(vec![
        ("", ""),
        ("once_per = \"day\"", "once_per = \"year\""),
        ("after_days = 1", "after_days = 4"),
        ("daily_cap_minutes = 480", "daily_cap_minutes = 9"),
    ])
}

fn beats(plays: &[Play]) -> Vec<Seconds> {
    let mut wall = 0;
    let beat = |(long, from, media, lost): &Play| {
        let span = (wall, wall + long);
        wall = span.1;
        Seconds { wall: span, media: (*from, from + media), lost: (*lost > 0).then_some((Reason::SeekUnseen, *lost)) }
    };
    plays.iter().map(beat).collect()
}

/// A city in which all of it happened, each thing in the ledger before the next.
async fn city_after(deeds: &[Deed], (old, new): (&str, &str)) -> City {
    let city = City::with_people(3).await;
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    city.rule(CITY, "2025-11-20", |text| text.replace(old, new)).await;
    let mut rooms = Vec::new();
    for (place, deed) in (0..).zip(deeds) {
        let now = NEW_YEAR.plus_ms(place);
        match deed {
            Deed::Alone(who, lesson, start, plays) => {
                let id = city.solo(*who, *lesson, at(*start), &beats(plays)).await;
                post_playback(&city.db, id, now).await.unwrap();
            }
            Deed::Room(lesson, start, plays, stays) => {
                let stays: Vec<_> = stays.iter().map(|(who, from, long)| (*who, *from, Some(from + long))).collect();
                let id = city.room(*lesson, at(*start), &beats(plays), &stays).await;
                post_playback(&city.db, id, now).await.unwrap();
                rooms.push((id, at(*start)));
            }
            Deed::Class(there) => class(&city, there, now).await,
            Deed::Correct(which, minutes) => correct(&city, *which, *minutes, now).await,
            Deed::Match(which, who, from, to, back) if !rooms.is_empty() => {
                let (room, began) = rooms[which % rooms.len()];
                let guest = city.guest(room, began.plus_ms(from * 1000), began.plus_ms(to * 1000)).await;
                found(&city, guest, *who, *back, now).await;
            }
            Deed::Match(..) => {}
        }
    }
    city
}

async fn class(city: &City, there: &[(i64, i32)], now: Moment) {
    let class = NewClass {
        level: UnitLevel::County,
        title: "培训班".to_owned(),
        unit_id: VILLAGE,
        place: String::new(),
        teacher: String::new(),
        starts_on: day("2025-12-01"),
        ends_on: day("2025-12-02"),
        half_days: 4,
    };
    let attended = there.iter().map(|(who, half_days)| Attended { person_id: PersonId(*who), half_days: *half_days });
    classes::record(&city.db, class, attended.collect(), None, now).await.unwrap();
}

/// A correction that goes beyond what an entry may hold is refused, and changes nothing.
async fn correct(city: &City, which: usize, minutes: i64, now: Moment) {
    let entries = entries(city).await;
    let Some(entry) = entries.get(which % entries.len().max(1)) else { return };
    match ledger::correct(&city.db, entry.seq, minutes * 60_000, "核实", OFFICE, now).await {
        Ok(_) | Err(Error::CorrectsCorrection(_) | Error::CorrectionOutOfBounds { .. }) => {}
        Err(other) => unreachable!("{other}"),
    }
}

/// A guest is found to be somebody. Who has an entry of the session keeps their own stays, as the player does it.
async fn found(city: &City, guest: guest::Model, who: i64, back: bool, now: Moment) {
    let had = entries(city).await;
    let is_theirs = |entry: &ledger_entry::Model| entry.person_id == PersonId(who);
    if !had.iter().any(|entry| is_theirs(entry) && entry.playback_id == Some(guest.playback_id)) {
        city.seat(&guest, who).await;
    }
    let txn = crate::ledger::begin(&city.db).await.unwrap();
    guests::credit(&txn, (&guest, PersonId(who)), OFFICE, now).await.unwrap();
    if back {
        guests::withdraw(&txn, (&guest, PersonId(who)), "认错了人", OFFICE, now).await.unwrap();
    }
    txn.commit().await.unwrap();
}

async fn entries(city: &City) -> Vec<ledger_entry::Model> {
    ledger_entry::Entity::find().order_by_asc(ledger_entry::Column::Seq).all(&city.db).await.unwrap()
}

/// Run a property over generated deeds, each case on a city of its own.
fn always(deeds: impl Strategy<Value = Deed>, property: impl AsyncFn(&City) -> Result<(), String>) {
    let cases = (prop::collection::vec(deeds, 1..14), policy());
    let mut runner = TestRunner::new(Config { cases: 24, max_shrink_iters: 40, ..Config::default() });
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let outcome = runner.run(&cases, |(deeds, policy)| {
        let kept = runtime.block_on(async { property(&city_after(&deeds, policy).await).await });
        kept.map_err(TestCaseError::fail)
    });
    outcome.unwrap();
}

fn equal<T: PartialEq + std::fmt::Debug>(what: &str, found: &T, expected: &T) -> Result<(), String> {
    if found == expected { Ok(()) } else { Err(format!("{what}: {found:?} and not {expected:?}")) }
}

#[test]
fn the_chain_holds_and_every_entry_is_what_was_watched_whatever_happened() {
    always(deed(), async |city: &City| {
        let findings = verify::ledger(&city.db, &|_, _| ()).await.unwrap();
        if !findings.is_sound() {
            return Err(findings.to_string());
        }
        let entries = entries(city).await;
        let places: Vec<i64> = (1..).take(entries.len()).collect();
        equal("numbers", &entries.iter().map(|entry| entry.seq).collect(), &places)?;
        seal::begin(&city.db, CITY, 2025, OFFICE, NEW_YEAR).await.unwrap();
        while seal::work(&city.db, NEW_YEAR).await.unwrap() > 0 {}
        let seals = seal::check(&city.db, &|_, _| ()).await.unwrap();
        if seals.is_sound() { Ok(()) } else { Err(seals.to_string()) }
    });
}

/// Everything that can be made of the rows of the player is made again, and what people decided is decided again: the
/// same bytes, the hashes included.
#[test]
fn to_post_everything_anew_makes_the_same_bytes() {
    always(deed_of_the_ledger(), async |city: &City| {
        let before = entries(city).await;
        ledger_entry::Entity::delete_many().exec(&city.db).await.unwrap();
        ledger_head::Entity::delete_many().exec(&city.db).await.unwrap();
        let unposted = playback::ActiveModel { posted_at: Set(None), ..Default::default() };
        playback::Entity::update_many().set(unposted).exec(&city.db).await.unwrap();
        for entry in &before {
            match (entry.source, entry.playback_id) {
                (Source::Correction, _) => {
                    let (seq, by) = (entry.corrects_seq.unwrap(), entry.author_id.unwrap());
                    let (delta, now) = (entry.credited_ms, entry.posted_at);
                    ledger::correct(&city.db, seq, delta, &entry.note, by, now).await.unwrap();
                }
                (_, Some(id)) => {
                    post_playback(&city.db, id, entry.posted_at).await.unwrap();
                }
                (_, None) => {}
            }
        }
        equal("the ledger", &entries(city).await, &before)
    });
}
