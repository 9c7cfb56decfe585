//! One number: whatever is learnt, corrected or taken back, a person's hours are the same on their phone, at the office's
//! desk, in the API, and in every report as JSON, CSV and XLSX.

use calamine::{Data, Reader, Xlsx};
use entity::{Moment, UnitLevel};
use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::io::Cursor;
use tests::{City, Client};

/// The names behind logins whose hours are looked at.
const PEOPLE: [(&str, &str); 2] = [("cadre", "甲村韦大山"), ("cadre-b", "丙村韦大山")];

/// Something that changes hours.
#[derive(Clone, Debug)]
enum Deed {
    /// Who watches for how many minutes of the lesson.
    Watch(usize, i64),
    /// A class of so many half-days ends today, of which each attends so many.
    Class(i32, [i32; 2]),
    /// Who declared a study of so many half-days of which the office approves so many; 0 is a refusal.
    Study(usize, i32, i32),
    /// The office corrects one of the entries by so many minutes, if it may.
    Correct(usize, i64),
}

fn deed() -> impl Strategy<Value = Deed> {
    prop_oneof![
        3 => (0_usize..2, 1_i64..10).prop_map(|(who, minutes)| Deed::Watch(who, minutes)),
        1 => (0_i32..=4, 0_i32..=4).prop_map(|(one, other)| Deed::Class(4, [one, other])),
        1 => (0_usize..2, 1_i32..=4, 0_i32..=4).prop_map(|(who, half_days, of)| Deed::Study(who, half_days, of.min(half_days))),
        2 => (0_usize..20, -30_i64..30).prop_map(|(which, minutes)| Deed::Correct(which, minutes)),
    ]
}

async fn happen(city: &City, learners: &[Client], deed: &Deed) {
    match deed {
        Deed::Watch(who, minutes) => watch(city, &learners[*who], *minutes).await,
        Deed::Class(half_days, there) => class(city, *half_days, *there).await,
        Deed::Study(who, half_days, approved) => study(city, *who, *half_days, *approved).await,
        Deed::Correct(which, minutes) => {
            let entries = entity::ledger_entry::Entity::find().all(&city.db.read).await.unwrap();
            let Some(entry) = entries.get(which % entries.len().max(1)) else { return };
            let body = json!({"credited_delta_ms": minutes * 60_000, "reason": "核实"});
            let office = city.client(if entry.unit_id == city.units["甲村"] { "office" } else { "office-b" }).await;
            office.post(&format!("/api/v1/ledger/{}/corrections", entry.seq), body).await; // 201, or refused with a reason
        }
    }
}

async fn watch(city: &City, client: &Client, minutes: i64) {
    let id = client.play(city.lesson("video")).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    client.beat(id, 2, minutes * 60_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

async fn class(city: &City, half_days: i32, there: [i32; 2]) {
    let today = Moment::now().day();
    let class = archive::classes::NewClass {
        level: UnitLevel::City,
        title: "市级培训班".into(),
        unit_id: city.units["桂岭市"],
        place: "市委党校".into(),
        teacher: "韦老师".into(),
        starts_on: today.pred_opt().unwrap(),
        ends_on: today,
        half_days,
    };
    let attended = PEOPLE
        .iter()
        .zip(there)
        .map(|((_, name), half_days)| archive::classes::Attended { person_id: city.people[*name], half_days });
    archive::classes::record(&city.db.write, class, attended.collect(), None, Moment::now()).await.unwrap();
}

async fn study(city: &City, who: usize, half_days: i32, approved: i32) {
    use archive::classes::{decide, study};
    let (now, bytes) = (Moment::now(), b"%PDF-1.7 a certificate");
    let evidence_sha256 = tests::sha256(bytes);
    if entity::media::Entity::find_by_id(&evidence_sha256).one(&city.db.read).await.unwrap().is_none() {
        city.blob(bytes, "application/pdf", "a.pdf", city.units["桂岭市"], None).await;
    }
    let new = study::NewStudy {
        person_id: city.people[PEOPLE[who].1],
        source: entity::Source::FieldStudy,
        title: "果园现场教学",
        place: "",
        starts_on: now.day().pred_opt().unwrap(),
        ends_on: now.day(),
        half_days,
        words: "看了嫁接",
        evidence_sha256: &evidence_sha256,
    };
    let declared = study::declare(&city.db.write, new, city.accounts[PEOPLE[who].0], now).await.unwrap();
    let (approve, half_days) = (approved > 0, Some(approved));
    let decision = decide::Decision { approve, half_days, reason: "核对过", by: city.accounts["office"] };
    decide::decide(&city.db.write, declared.id, &decision, now).await.unwrap();
}

/// The rows of a report in one form, the headings first and the totals last.
type Rows = Vec<Vec<String>>;

fn word(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn of_json(report: &Value) -> Rows {
    let row = |row: &Value| row.as_array().unwrap().iter().map(word).collect();
    let mut rows = vec![row(&report["columns"])];
    rows.extend(report["rows"].as_array().unwrap().iter().map(row));
    rows.push(row(&report["totals"]));
    rows
}

fn of_csv(text: &str) -> Rows {
    let (_, table) = text.split_once("\r\n\r\n").unwrap();
    let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(table.as_bytes());
    let plain = |text: &str| text.strip_prefix('\'').unwrap_or(text).trim_end_matches('\t').to_owned();
    reader.records().map(|line| line.unwrap().iter().map(plain).collect()).collect()
}

fn of_xlsx(bytes: Vec<u8>) -> Rows {
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    let cell = |cell: &Data| match cell {
        Data::Float(number) => number.to_string(),
        Data::DateTime(at) => {
            let zero = chrono::NaiveDate::from_ymd_opt(1899, 12, 30).unwrap().and_hms_opt(0, 0, 0).unwrap();
            let at = zero + chrono::TimeDelta::milliseconds((at.as_f64() * 86_400_000.0).round() as i64);
            at.format("%Y-%m-%d %H:%M:%S").to_string()
        }
        other => other.to_string(),
    };
    let sheet = book.worksheet_range("明细").unwrap();
    sheet.rows().map(|row| row.iter().map(cell).collect()).collect()
}

/// Whether two cells say the same: as numbers when both are, as times to the second, and a day is its midnight.
fn same(a: &str, b: &str) -> bool {
    let time = |text: &str| {
        let text = if text.len() == 10 { format!("{text} 00:00:00") } else { text.to_owned() };
        chrono::NaiveDateTime::parse_from_str(&text, "%Y-%m-%d %H:%M:%S").ok()
    };
    match (a.parse::<f64>(), b.parse::<f64>(), time(a), time(b)) {
        (Ok(a), Ok(b), ..) => (a - b).abs() < 1e-9,
        (.., Some(a), Some(b)) => (a - b).num_seconds().abs() <= 1, // a worksheet counts in fractions of a day
        _ => a == b,
    }
}

fn difference(what: &str, truth: &Rows, told: &Rows) -> Option<String> {
    if truth.len() != told.len() {
        return Some(format!("{what}: {} rows and {}", truth.len(), told.len()));
    }
    truth.iter().zip(told).find_map(|(row, shown)| {
        let place = (0..row.len()).find(|at| !same(&row[*at], shown.get(*at).map_or("", String::as_str)))?;
        Some(format!("{what}, {}: {} and {:?}", truth[0][place], row[place], shown.get(place)))
    })
}

/// The cell of a person's row under this heading.
fn cell<'a>(rows: &'a Rows, name: &str, head: &str) -> &'a str {
    let place = rows[0].iter().position(|known| known == head).unwrap();
    &rows.iter().find(|row| row.iter().any(|cell| cell == name)).unwrap()[place]
}

async fn all_agree(city: &City, above: &Client) -> Result<(), String> {
    let year = Moment::now().year();
    let mut reports = Vec::new();
    for kind in ["hours", "assessment", "attendance", "gaps"] {
        let file = |end: &str| format!("/api/v1/reports/{kind}.{end}?year={year}");
        let truth = of_json(&above.get(&file("json")).await.must(200).json());
        let csv = of_csv(&above.get(&file("csv")).await.must(200).text());
        let xlsx = of_xlsx(above.get(&file("xlsx")).await.must(200).body);
        for (form, told) in [("csv", csv), ("xlsx", xlsx)] {
            if let Some(found) = difference(&format!("{kind}.{form}"), &truth, &told) {
                return Err(found);
            }
        }
        reports.push(truth);
    }
    for (login, name) in PEOPLE {
        let own = city.client(login).await;
        let id = city.people[name];
        let api = own.get(&format!("/api/v1/people/{id}/archive?year={year}")).await.must(200).json();
        let hours = api["credit_hours"].as_str().unwrap().to_owned();
        let phone = own.get(&format!("/record?year={year}")).await.must(200).text();
        let desk = above.get(&format!("/office/people/{id}?year={year}")).await.must(200).text();
        let village = city.units[&name[..6]];
        let village = above.get(&format!("/office?unit={village}&year={year}")).await.must(200).text();
        let shown = [
            ("hours", same(cell(&reports[0], name, "学时合计"), &hours)),
            ("assessment", same(cell(&reports[1], name, "学时合计"), &hours)),
            ("the phone", phone.contains(&format!("<b>{hours}</b><span>学时</span>"))),
            ("the desk", desk.contains(&format!("<b>{hours} 学时</b>"))),
            ("the village's page", village.contains(&format!("{hours}</td>"))),
        ];
        if let Some((where_, _)) = shown.iter().find(|(_, right)| !right) {
            return Err(format!("{name}: {hours} credit hours, but not in {where_}"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn screen_api_json_csv_and_xlsx_say_the_same_hours_whatever_happens() {
    let city = City::start().await;
    let above = city.client("city-office").await;
    let mut learners = Vec::new();
    for (login, _) in PEOPLE {
        learners.push(city.client(login).await);
    }
    let mut runner = TestRunner::new(Config { cases: 12, max_shrink_iters: 0, ..Config::default() });
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&prop::collection::vec(deed(), 1..4), |deeds| {
            let told = tokio::runtime::Handle::current().block_on(async {
                for deed in &deeds {
                    happen(&city, &learners, deed).await;
                }
                all_agree(&city, &above).await
            });
            told.map_err(TestCaseError::fail)
        })
    });
    outcome.unwrap();
}
