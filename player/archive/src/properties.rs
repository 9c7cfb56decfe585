//! What has to hold whatever people do, and in whatever order it reaches the ledger: the chain is whole, every entry is
//! what beats and presence say, to post everything anew makes the same bytes, and every telling has the same number.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use crate::classes::{self, Attended, NewClass};
use crate::ledger::{self, guests, post_playback};
use crate::overview::units_overview;
use crate::report::{self, Cell, Kind, Report, ReportQuery};
use crate::testing::{CITY, City, FAR_VILLAGE, LESSON, OFFICE, OTHER_LESSON, Seconds, VILLAGE, at, day};
use crate::{About, CreditHours, Error, Hundredths, export, record, seal, verify};
use calamine::{Data, Reader, Xlsx};
use entity::{
    LessonId, MarkedHow, Moment, PersonId, PostKind, Reason, Scope, Source, UnitLevel, guest, ledger_entry,
    ledger_head, playback, presence,
};
use futures_util::StreamExt;
use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::{ActiveModelTrait, EntityTrait, QueryOrder};

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
    let stays = prop::collection::vec((who(), -10_i64..300, 0_i64..900), 0..4);
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
                let guest = guest_of(room, began.plus_ms(from * 1000), began.plus_ms(to * 1000));
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

fn guest_of(room: entity::PlaybackId, arrived_at: Moment, left_at: Moment) -> guest::ActiveModel {
    guest::ActiveModel {
        id: NotSet,
        playback_id: Set(room),
        name: Set("来宾".to_owned()),
        place: Set(String::new()),
        phone: Set(None),
        arrived_at: Set(arrived_at),
        left_at: Set(Some(left_at)),
        marked_by: Set(None),
        person_id: Set(None),
        merged_by: Set(None),
        merged_at: Set(None),
    }
}

/// A guest is found to be somebody. Who has an entry of the session keeps their own stays, as the player does it.
async fn found(city: &City, guest: guest::ActiveModel, who: i64, back: bool, now: Moment) {
    let guest = guest.insert(&city.db).await.unwrap();
    let had = entries(city).await;
    let is_theirs = |entry: &ledger_entry::Model| entry.person_id == PersonId(who);
    if !had.iter().any(|entry| is_theirs(entry) && entry.playback_id == Some(guest.playback_id)) {
        let stay = presence::ActiveModel {
            id: NotSet,
            playback_id: Set(guest.playback_id),
            person_id: Set(PersonId(who)),
            arrived_at: Set(guest.arrived_at),
            left_at: Set(guest.left_at),
            marked_by: Set(None),
            marked_how: Set(MarkedHow::Guest),
            guest_id: Set(Some(guest.id)),
        };
        stay.insert(&city.db).await.unwrap();
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

fn query() -> ReportQuery {
    ReportQuery {
        unit: Some(CITY),
        from: None,
        to: None,
        year: Some(2025),
        about: About::Everything,
        scope: Scope::of(["/1/".to_owned()]),
        today: day("2025-12-31"),
    }
}

async fn rows(report: &mut Report) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    while let Some(batch) = report.rows.next().await {
        rows.extend(batch.unwrap());
    }
    rows
}

fn column(report: &Report, title: &str) -> usize {
    report.columns.iter().position(|column| column.title == title).unwrap()
}

/// The rows of a report as its CSV has them: the last one is the totals.
async fn of_csv(kind: Kind, city: &City) -> Vec<Vec<String>> {
    let report = report::report(&city.db, kind, &query()).await.unwrap();
    let pieces: Vec<_> = export::csv(report).map(|piece| piece.unwrap()).collect().await;
    let text = String::from_utf8(pieces.concat()).unwrap();
    let (_, table) = text.split_once("\r\n\r\n").unwrap();
    let mut reader = csv::Reader::from_reader(table.as_bytes());
    let plain = |text: &str| text.strip_prefix('\'').unwrap_or(text).trim_end_matches('\t').to_owned();
    reader.records().map(|line| line.unwrap().iter().map(plain).collect()).collect()
}

async fn of_xlsx(kind: Kind, city: &City) -> Vec<Vec<Data>> {
    let file = export::xlsx(report::report(&city.db, kind, &query()).await.unwrap()).await.unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook(file.path()).unwrap();
    let sheet = book.worksheet_range("明细").unwrap();
    sheet.rows().skip(1).map(<[Data]>::to_vec).collect()
}

/// Whether a worksheet's cell says what the report's does.
fn says(cell: &Cell, data: &Data) -> bool {
    match (cell, data) {
        (Cell::Amount(amount), Data::Float(number)) => (amount.to_f64() - number).abs() < 1e-9,
        (Cell::Count(count), Data::Float(number)) => (*count as f64 - number).abs() < 1e-9,
        (Cell::Date(_) | Cell::Time(_), Data::DateTime(_)) => true, // looked at where worksheets are written
        (Cell::Empty, Data::Empty) => true,
        (cell, Data::String(text)) => cell.text() == *text,
        (cell, Data::Empty) => cell.text().is_empty(),
        _ => false,
    }
}

/// A report's cells as its CSV and its worksheet have them.
async fn files_agree(kind: Kind, city: &City) -> Result<(), String> {
    let mut report = report::report(&city.db, kind, &query()).await.unwrap();
    let mut cells = rows(&mut report).await;
    cells.push(report.totals.clone());
    let texts: Vec<Vec<String>> = cells.iter().map(|row| row.iter().map(Cell::text).collect()).collect();
    equal(&format!("{kind:?} as CSV"), &of_csv(kind, city).await, &texts)?;
    let sheet = of_xlsx(kind, city).await;
    equal(&format!("rows of {kind:?} as XLSX"), &sheet.len(), &cells.len())?;
    for (row, told) in cells.iter().zip(&sheet) {
        if let Some(place) = (0..row.len()).find(|place| !says(&row[*place], told.get(*place).unwrap_or(&Data::Empty)))
        {
            return Err(format!("{kind:?} as XLSX: {:?} and {:?}", row[place], told.get(place)));
        }
    }
    Ok(())
}

#[test]
fn record_reports_files_and_overview_say_the_same_number_whatever_happened() {
    always(deed(), async |city: &City| {
        let mut hours = report::report(&city.db, Kind::Hours, &query()).await.unwrap();
        let hour_rows = rows(&mut hours).await;
        let mut assessment = report::report(&city.db, Kind::Assessment, &query()).await.unwrap();
        let judged = rows(&mut assessment).await;
        let mut attendance = report::report(&city.db, Kind::Attendance, &query()).await.unwrap();
        let entered = rows(&mut attendance).await;
        let (mut credit, mut credited_ms, mut told) = (CreditHours::default(), 0, 0);
        // Counties by code, then people by code, which fall as ids rise.
        for (place, who) in [20, 3, 2, 1].into_iter().enumerate() {
            let record = record::of_person(&city.db, PersonId(who), 2025, day("2025-12-31")).await.unwrap();
            let own = Cell::Amount(record.total.credit.hundredths());
            equal("hours", &hour_rows[place][column(&hours, "学时合计")], &own)?;
            equal("assessment", &judged[place][column(&assessment, "学时合计")], &own)?;
            let minutes = Cell::Amount(Hundredths::minutes(record.total.credited_ms));
            equal("minutes", &hour_rows[place][column(&hours, "计入分钟")], &minutes)?;
            let entries = usize::try_from(record.total.entries).unwrap();
            let own: Vec<_> = entered.iter().skip(told).take(entries).collect();
            let sum: i64 = own.iter().map(|row| seq_of(row, &attendance)).sum();
            let seqs: i64 = record.entries.rows.iter().map(|entry| entry.seq).sum();
            equal("the entries of the attendance", &sum, &seqs)?;
            (credit, credited_ms, told) =
                (credit + record.total.credit, credited_ms + record.total.credited_ms, told + entries);
        }
        equal("rows of the attendance", &entered.len(), &told)?;
        let whole = Cell::Amount(credit.hundredths());
        for (report, title) in [(&hours, "学时合计"), (&assessment, "学时合计"), (&attendance, "学时")] {
            equal(title, &report.totals[column(report, title)], &whole)?;
        }
        let overview = units_overview(&city.db, CITY, 2025, day("2025-12-31")).await.unwrap().whole;
        equal("overview", &(overview.total.credited_ms, overview.total.credit), &(credited_ms, credit))?;
        for kind in [Kind::Hours, Kind::Assessment, Kind::Attendance, Kind::Gaps] {
            files_agree(kind, city).await?;
        }
        Ok(())
    });
}

fn seq_of(row: &[Cell], attendance: &Report) -> i64 {
    match row[column(attendance, "台账号")] {
        Cell::Count(seq) => seq,
        _ => 0,
    }
}
