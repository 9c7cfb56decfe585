//! Forty people with their own minutes, computed by hand: as the rules see it, and over HTTP.

use super::{Room, assert_sound, forty, of_person};
use entity::{LessonId, Moment, PlaybackMode, ledger_entry};
use player::beat::Beat;
use player::classroom::Attendance::{Arrive, Leave};
use player::classroom::attend;
use player::recorder::Recorder;
use player::session::{self, Begin, Terms};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::Value;
use std::collections::BTreeMap;
use tests::City;

/// Credited and each reason, in seconds.
type Worth = (i64, BTreeMap<String, i64>);

fn worth(credited: i64, reasons: &[(&str, i64)]) -> Worth {
    (credited, reasons.iter().filter(|(_, s)| *s > 0).map(|(code, s)| ((*code).to_owned(), *s)).collect())
}

/// The room of the issue, computed by hand. A lesson of ten minutes:
///
/// | wall, s | playhead, s | what the operator does |
/// |---|---|---|
/// | 0-120 | 0-120 | plays |
/// | 120-180 | 120 | pauses |
/// | 180-300 | 120-240 | plays |
/// | 300-480 | 60-240 | seeks back to 60 and plays again |
/// | 480-600 | 240-360 | plays on, then ends |
///
/// Claimed: 120 + 120 + 180 + 120 = 540 s, of which 60-240 is seen twice (180 s).
fn by_hand(place: usize) -> Worth {
    match place {
        // Comes at 60: misses 0-60; sees 60-240 and 240-360; the replay is all old to them.
        0 => worth(300, &[("OVERLAP", 180), ("NOT_PRESENT", 60)]),
        // Comes at 150, in the pause: misses 0-120; sees 120-240; of the replay 60-120 is new, 120-240 old.
        1 => worth(300, &[("OVERLAP", 120), ("NOT_PRESENT", 120)]),
        // Comes at 400, in the replay at 160: misses 120 + 120 + 100; sees 160-240 and 240-360, all new.
        2 => worth(200, &[("NOT_PRESENT", 340)]),
        // Leaves at 240, the playhead at 180: sees 0-180; misses 60 + 180 + 120.
        3 => worth(180, &[("NOT_PRESENT", 360)]),
        // Leaves at 330, in the replay at 90: sees 0-240, then 60-90 again; misses 150 + 120.
        4 => worth(240, &[("OVERLAP", 30), ("NOT_PRESENT", 270)]),
        // There all the time.
        _ => worth(360, &[("OVERLAP", 180)]),
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_people_have_the_totals_computed_by_hand() {
    let city = City::without_server().await;
    let root = roster::org::root(&city.db.read).await.unwrap().unwrap();
    archive::rules::ensure_presets(&city.db.write, root.id, Moment::now()).await.unwrap();
    let (people, db) = (forty(&city).await, &city.db.write);
    let start = Moment(1_764_205_200_000);
    let at = |second: i64| start.plus_ms(second * 1000);
    let (by, recorder) = (city.accounts["site"], Recorder::start(db.clone()));
    let begin = Begin {
        lesson_id: LessonId(city.lesson("video")),
        mode: PlaybackMode::Group,
        person_id: None,
        account_id: by,
        unit_id: city.units["甲村"],
        roster: people[3..].to_vec(),
        terms: Terms { most_rate_permille: 1500, idle_after_ms: None },
    };
    let room = session::begin(db, begin, at(0)).await.unwrap().playback.id;
    let mut seq = 0;
    let mut beat = |position: i64, playing: bool| {
        seq += 1;
        Beat::parse(seq, position * 1000, playing, 1.0).unwrap()
    };
    let mut told: Vec<(i64, Beat)> = vec![
        (0, beat(0, true)),
        (60, beat(60, true)),
        (120, beat(120, false)),
        (180, beat(120, true)),
        (240, beat(180, true)),
        (300, beat(240, true)),
        (300, beat(60, true)),
        (480, beat(240, true)),
        (600, beat(360, true)),
    ];
    let doors = [(60, 0, Arrive), (150, 1, Arrive), (240, 3, Leave), (330, 4, Leave), (400, 2, Arrive)];
    for second in 0..=600 {
        for (_, place, what) in doors.iter().filter(|(when, ..)| *when == second) {
            attend(db, room, people[*place], *what, by, at(second)).await.unwrap();
        }
        while told.first().is_some_and(|(when, _)| *when == second) {
            recorder.record(room, by, told.remove(0).1, at(second)).await.unwrap();
        }
    }
    session::close(db, room, by, at(600)).await.unwrap();
    archive::ledger::post_playback(db, room, at(601)).await.unwrap();
    let entries = ledger_entry::Entity::find().filter(ledger_entry::Column::PlaybackId.eq(room)).all(db).await.unwrap();
    assert_eq!(entries.len(), 40);
    for (place, person) in people.iter().enumerate() {
        let entry = entries.iter().find(|entry| entry.person_id == *person).unwrap();
        let reasons: BTreeMap<String, i64> = serde_json::from_str(&entry.reasons).unwrap();
        let reasons = reasons.into_iter().map(|(code, ms)| (code, ms / 1000)).collect();
        assert_eq!((entry.credited_ms / 1000, reasons), by_hand(place), "person {place}");
        assert_eq!(entry.claimed_ms, 540_000);
        assert_eq!(entry.credited_ms % 1000, 0, "exact to the millisecond");
    }
    assert_sound(&city).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn forty_people_over_http_get_what_was_computed_by_hand() {
    let city = City::start().await;
    let people = forty(&city).await;
    let mut room = Room::open(&city, "site", &people[3..]).await;
    room.beat(0, true).await;
    room.pass(60).await;
    room.door(people[0], "arrive", 0).await;
    room.beat(60, true).await;
    room.pass(60).await;
    room.beat(120, false).await;
    room.pass(30).await;
    room.door(people[1], "arrive", 0).await;
    room.pass(30).await;
    room.beat(120, true).await;
    room.pass(60).await;
    room.beat(180, true).await;
    room.door(people[3], "leave", 0).await;
    room.pass(60).await;
    room.beat(240, true).await;
    room.beat(60, true).await;
    room.pass(180).await;
    room.beat(240, true).await;
    // The link was away: both presses come later, with how long ago they were made.
    room.door(people[4], "leave", 150).await;
    room.door(people[2], "arrive", 80).await;
    room.door(people[2], "arrive", 80).await;
    room.pass(120).await;
    room.beat(360, true).await;
    room.close().await;
    let session = room.seen().await;
    assert_eq!(session["people"].as_array().unwrap().len(), 40);
    for (place, person) in people.iter().enumerate() {
        let known = of_person(&session, *person);
        let (credited, reasons) = by_hand(place);
        let near = |ms: &Value, seconds: i64| (ms.as_i64().unwrap_or(0) - seconds * 1000).abs() < 8_000;
        assert!(near(&known["credited_ms"], credited), "person {place}: {credited} s, not {known}");
        for (code, seconds) in reasons {
            assert!(near(&known["reasons"][&code], seconds), "person {place}: {code} {seconds} s, not {known}");
        }
        let sum: i64 = known["reasons"].as_object().unwrap().values().map(|ms| ms.as_i64().unwrap()).sum();
        assert_eq!(known["credited_ms"].as_i64().unwrap() + sum, 540_000);
    }
    assert_sound(&city).await;
}
