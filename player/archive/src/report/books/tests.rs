#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use crate::ledger::post_closed;
use crate::report::{self, Cell, Kind, Report, ReportQuery};
use crate::testing::{
    CITY, City, FAR_VILLAGE, LESSON, OFFICE, OTHER_LESSON, START, Seconds, VILLAGE, at, day, watched,
};
use crate::{Error, export, record};
use entity::{
    DeviceId, Moment, PersonId, PostKind, Reason, Scope, UnitId, account, device, device_run, guest, presence_check,
};
use futures_util::StreamExt;
use sea_orm::{ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, EntityTrait, IntoActiveModel};

mod feedback;
mod flagged;

fn query(unit: UnitId) -> ReportQuery {
    ReportQuery {
        unit: Some(unit),
        from: Some(day("2025-11-01")),
        to: Some(day("2025-12-31")),
        year: None,
        about: crate::About::Everything,
        scope: Scope::of(["/1/".to_owned()]),
        today: START.day(),
    }
}

async fn rows_of(mut report: Report) -> Vec<Vec<String>> {
    let mut rows = Vec::new();
    while let Some(batch) = report.rows.next().await {
        rows.extend(batch.unwrap());
    }
    assert!(rows.iter().chain([&report.totals]).all(|row| row.len() == report.columns.len()));
    rows.iter().map(|row| row.iter().map(Cell::text).collect()).collect()
}

async fn book(city: &City, kind: Kind, unit: UnitId) -> Report {
    report::report(&city.db, kind, &query(unit)).await.unwrap()
}

fn column(report: &Report, title: &str) -> usize {
    report.columns.iter().position(|column| column.title == title).unwrap()
}

async fn cells(city: &City, kind: Kind, unit: UnitId, title: &str) -> Vec<String> {
    let report = book(city, kind, unit).await;
    let at = column(&report, title);
    rows_of(report).await.into_iter().map(|row| row[at].clone()).collect()
}

#[tokio::test]
async fn the_viewing_record_says_what_was_played_to_whom_and_how_sure_it_is() {
    let city = City::with_people(3).await;
    let room = city
        .room(LESSON, START, &[watched((0, 600), (0, 600))], &[(1, 0, None), (2, 0, Some(120)), (1, 5, None)])
        .await;
    city.room(OTHER_LESSON, at(86_400), &[watched((0, 300), (0, 300))], &[(3, 0, None)]).await;
    city.solo(3, LESSON, at(5_000), &[watched((0, 300), (0, 300))]).await;
    post_closed(&city.db, at(90_000)).await.unwrap();
    for (person, present) in [(1, Some(true)), (2, Some(false)), (1, None)] {
        let drawn = presence_check::ActiveModel {
            id: NotSet,
            playback_id: Set(room),
            person_id: Set(PersonId(person)),
            asked_at: Set(at(60)),
            present: Set(present),
            answered_by: Set(None),
            answered_at: Set(None),
        };
        drawn.insert(&city.db).await.unwrap();
    }
    for (name, merged) in [("蓝大嫂", None), ("韦二", Some(PersonId(2)))] {
        let guest = guest::ActiveModel {
            id: NotSet,
            playback_id: Set(room),
            name: Set(name.to_owned()),
            place: Set("丁村".to_owned()),
            phone: Set(None),
            arrived_at: Set(START),
            left_at: Set(None),
            marked_by: Set(None),
            person_id: Set(merged),
            merged_by: Set(None),
            merged_at: Set(None),
        };
        guest.insert(&city.db).await.unwrap();
    }
    let report = book(&city, Kind::Viewing, VILLAGE).await;
    assert_eq!(report.row_count, 2, "a session alone is in no room");
    let at_of = |title: &str| column(&report, title);
    let (when, minutes, people, credited, who, sure) =
        (at_of("开始时间"), at_of("播放分钟"), at_of("人数"), at_of("计入分钟"), at_of("学员"), at_of("抽点核对"));
    assert_eq!(report.totals[people], Cell::Count(3), "a person who came back is one");
    assert_eq!(report.totals[credited].text(), "17.00");
    let rows = rows_of(report).await;
    assert_eq!(rows[0][when], "2025-11-27 09:00:00");
    assert_eq!((rows[0][people].as_str(), rows[0][credited].as_str()), ("2", "12.00"));
    assert_eq!(rows[0][who], "韦2、韦1；来宾：蓝大嫂（丁村）", "by roster number; who was merged is no guest");
    assert_eq!((rows[0][sure].as_str(), rows[1][sure].as_str()), ("抽 3 人，到 1 人，33%", "未抽点"));
    assert_eq!(rows[1][minutes], "0.00", "the session's own total, which this test's rows leave at nothing");
    assert_eq!(book(&city, Kind::Viewing, FAR_VILLAGE).await.row_count, 0);
}

/// The sums of one random city, from the books and from the reports.
async fn the_same_numbers(seed: u64) {
    let mut dice = fastrand::Rng::with_seed(seed);
    let city = City::with_people(4).await;
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    for hour in 0..dice.i64(1..12) {
        let lesson = if dice.bool() { LESSON } else { OTHER_LESSON };
        let (from, length) = (dice.i64(0..300), dice.i64(30..300));
        let lost = dice.bool().then_some((Reason::SeekUnseen, dice.i64(1..90)));
        let beats = [
            watched((0, length), (from, from + length)),
            Seconds { wall: (length, length), media: (from + length, from + length), lost },
        ];
        let start = at(hour * 20_000); // some fall on either side of a midnight
        if dice.bool() {
            let who = [1, 2, 3, 4, 20][dice.usize(0..5)];
            city.solo(who, lesson, start, &beats).await;
        } else {
            let mut stays = Vec::new();
            for who in [1, 2, 3, 4, 20] {
                if dice.bool() {
                    stays.push((who, dice.i64(0..60), Some(dice.i64(60..400))));
                }
            }
            city.room(lesson, start, &beats, &stays).await;
        }
    }
    post_closed(&city.db, at(900_000)).await.unwrap();
    let hours = book(&city, Kind::Hours, CITY).await;
    let attendance = book(&city, Kind::Attendance, CITY).await;
    let (roster, viewing) = (book(&city, Kind::Roster, CITY).await, book(&city, Kind::Viewing, CITY).await);
    let total = |report: &Report, title: &str| report.totals[column(report, title)].clone();
    assert_eq!(total(&roster, "计入分钟"), total(&attendance, "计入分钟"), "seed {seed}");
    assert_eq!(total(&roster, "学时"), total(&attendance, "学时"), "seed {seed}");
    assert_eq!(total(&viewing, "计入分钟"), total(&hours, "集体学习分钟"), "seed {seed}");
    let mut by_person = std::collections::BTreeMap::new();
    let at = (column(&roster, "人员编号"), column(&roster, "计入分钟"));
    for row in rows_of(roster).await {
        by_person.insert(row[at.0].clone(), row[at.1].clone());
    }
    for id in [1, 2, 3, 4, 20] {
        let record = record::of_person(&city.db, PersonId(id), 2025, START.day()).await.unwrap();
        assert_eq!(by_person[&record.code], Cell::minutes(record.total.credited_ms).text(), "seed {seed}");
    }
}

#[tokio::test]
async fn the_sums_of_the_books_are_those_of_the_reports() {
    for seed in 0..6 {
        the_same_numbers(seed).await;
    }
}

#[tokio::test]
async fn every_book_is_cut_into_pages_without_a_row_lost_or_twice() {
    let city = City::with_people(7).await;
    for hour in 0..7 {
        city.room(LESSON, at(hour * 3_600), &[watched((0, 300), (0, 300))], &[(hour + 1, 0, None)]).await;
    }
    post_closed(&city.db, at(90_000)).await.unwrap();
    terminal(&city, &[(0, 3_600), (7_200, 9_000), (20_000, 20_600)]).await;
    feedback::feedback(&city).await;
    for (kind, word) in Kind::BOOKS {
        assert_eq!(Kind::parse(word), Some(kind));
        let whole = rows_of(book(&city, kind, CITY).await).await;
        assert!(!whole.is_empty(), "{word}");
        let mut pages = Vec::new();
        for number in 1..=5 {
            let page = report::page(&city.db, kind, &query(CITY), number, 2).await.unwrap();
            assert_eq!(page.row_count, u64::try_from(whole.len()).unwrap(), "{word}");
            let rows = rows_of(page).await;
            assert!(rows.len() <= 2);
            pages.extend(rows);
        }
        assert_eq!(pages, whole, "{word}");
        let csv: Vec<_> = export::csv(book(&city, kind, CITY).await).map(|piece| piece.unwrap()).collect().await;
        assert!(String::from_utf8(csv.concat()).unwrap().contains(kind.title()));
        export::xlsx(book(&city, kind, CITY).await).await.unwrap();
        let foreign = ReportQuery { scope: Scope::of(["/1/5/".to_owned()]), ..query(VILLAGE) };
        assert!(matches!(report::report(&city.db, kind, &foreign).await, Err(Error::NoSuchUnit(_))));
    }
}

/// A terminal of the village with these runs, in seconds after the start; what was played from the first on is its own.
async fn terminal(city: &City, runs: &[(i64, i64)]) -> DeviceId {
    let row = device::ActiveModel {
        id: NotSet,
        unit_id: Set(VILLAGE),
        name: Set("村部电视".to_owned()),
        pairing_hash: Set(None),
        pairing_expires_at: Set(None),
        paired_at: Set(Some(START)),
        revoked_at: Set(None),
        last_seen_at: Set(Some(at(9_000))),
    };
    let id = row.insert(&city.db).await.unwrap().id;
    for (began, seen) in runs {
        let run = device_run::ActiveModel {
            id: NotSet,
            device_id: Set(id),
            began_at: Set(at(*began)),
            last_seen_at: Set(at(*seen)),
        };
        run.insert(&city.db).await.unwrap();
    }
    let own = account::Model {
        id: OFFICE, // who plays everything in these tests
        login: "device-1".to_owned(),
        password_hash: String::new(),
        person_id: None,
        device_id: Some(id),
        must_change_password: false,
        session_epoch: 1,
        disabled_at: None,
        created_at: START,
    };
    own.into_active_model().insert(&city.db).await.unwrap();
    id
}

#[tokio::test]
async fn the_run_log_counts_a_session_to_the_run_it_began_in() {
    let city = City::with_people(1).await;
    for hour in 0..3 {
        city.room(LESSON, at(hour * 3_600 + 10), &[watched((0, 300), (0, 300))], &[(1, 0, None)]).await;
    }
    terminal(&city, &[(0, 3_700), (7_000, 9_000), (90_000, 90_060)]).await;
    assert_eq!(cells(&city, Kind::Runs, VILLAGE, "播放场次").await, ["2", "1", "0"]);
    assert_eq!(cells(&city, Kind::Runs, VILLAGE, "开机分钟").await, ["61.66", "33.33", "1.00"]);
    assert_eq!(cells(&city, Kind::Runs, VILLAGE, "日期").await, ["2025-11-27", "2025-11-27", "2025-11-28"]);
    assert_eq!(cells(&city, Kind::Runs, FAR_VILLAGE, "日期").await.len(), 0);
    assert_eq!(cells(&city, Kind::Equipment, VILLAGE, "状态").await, ["使用中"]);
    let mut gone = device::Entity::find().one(&city.db).await.unwrap().unwrap().into_active_model();
    gone.revoked_at = Set(Some(Moment::start_of(day("2025-10-01"))));
    gone.update(&city.db).await.unwrap();
    assert_eq!(cells(&city, Kind::Equipment, VILLAGE, "状态").await.len(), 0, "out of use before the period");
}
