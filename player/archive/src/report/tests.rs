#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use super::*;
use crate::classes::{self, Attended, NewClass};
use crate::ledger::post_closed;
use crate::testing::{CITY, COUNTY, City, FAR_VILLAGE, LESSON, START, VILLAGE, at, day, watched};
use crate::{CreditHours, export, record};
use calamine::{Data, Reader, Xlsx};
use entity::{PersonId, PostKind, Reason, UnitLevel, person};
use futures_util::StreamExt;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, IntoActiveModel};

fn query(unit: UnitId) -> ReportQuery {
    ReportQuery {
        unit: Some(unit),
        from: None,
        to: None,
        year: Some(2025),
        about: crate::About::Everything,
        scope: Scope::of(["/1/".to_owned()]),
        today: START.day(),
    }
}

/// Three cadres here, one member far away; the first attended a class.
async fn city() -> City {
    let city = City::with_people(3).await;
    city.person(20, FAR_VILLAGE, PostKind::Member).await;
    for who in [3, 1, 20] {
        let lost = Some((Reason::SeekUnseen, 90));
        let jump = crate::testing::Seconds { wall: (301, 301), media: (300, 300), lost };
        city.solo(who, LESSON, at(who), &[watched((0, 301), (0, 301)), jump]).await;
    }
    city.room(LESSON, at(86_400), &[watched((0, 600), (0, 600))], &[(1, 0, None), (2, 100, None)]).await;
    post_closed(&city.db, at(90_000)).await.unwrap();
    let class = NewClass {
        level: UnitLevel::City,
        title: "=HYPERLINK(\"x\")班".to_owned(),
        unit_id: CITY,
        place: String::new(),
        teacher: String::new(),
        starts_on: day("2025-11-20"),
        ends_on: day("2025-11-20"),
        half_days: 1,
    };
    let attended = vec![Attended { person_id: PersonId(1), half_days: 1 }];
    classes::record(&city.db, class, attended, None, START).await.unwrap();
    city
}

async fn all_rows(report: &mut Report) -> Vec<Vec<Cell>> {
    let mut rows = Vec::new();
    while let Some(batch) = report.rows.next().await {
        rows.extend(batch.unwrap());
    }
    assert_eq!(u64::try_from(rows.len()).unwrap(), report.row_count, "{:?} says how many rows come", report.kind);
    assert!(rows.iter().chain([&report.totals]).all(|row| row.len() == report.columns.len()));
    rows
}

fn column(report: &Report, title: &str) -> usize {
    report.columns.iter().position(|column| column.title == title).unwrap()
}

async fn csv_text(report: Report) -> String {
    let pieces: Vec<_> = export::csv(report).map(|piece| piece.unwrap()).collect().await;
    String::from_utf8(pieces.concat()).unwrap()
}

#[test]
fn days_and_times_are_spelt_as_a_format_would_on_shanghais_clock() {
    for ms in [0, -1, -28_800_001, 951_782_399_999, 1_709_164_800_000, 1_764_205_493_999, 253_402_271_999_999] {
        let moment = entity::Moment(ms);
        let spelt = moment.local().format("%Y-%m-%d %H:%M:%S").to_string();
        assert_eq!(Cell::Time(moment).text(), spelt);
        assert_eq!(Cell::Date(moment.day()).text(), spelt[..10]);
    }
}

#[tokio::test]
async fn attendance_lists_every_entry_in_the_order_of_the_tree() {
    let city = city().await;
    let mut report = attendance(&city.db, &query(CITY)).await.unwrap();
    let rows = all_rows(&mut report).await;
    let texts: Vec<Vec<_>> = rows.iter().map(|row| row.iter().map(Cell::text).collect()).collect();
    let who: Vec<_> = texts.iter().map(|row| (row[1].as_str(), row[5].as_str(), row[7].as_str())).collect();
    let expected = [
        ("凤山县", "韦20", "自学"),
        ("东兰县", "韦3", "自学"),
        ("东兰县", "韦2", "集体学习"),
        ("东兰县", "韦1", "集中培训"),
        ("东兰县", "韦1", "自学"),
        ("东兰县", "韦1", "集体学习"),
    ];
    assert_eq!(who, expected, "counties by code, people by code, then by day");
    let line = texts[1].join("|");
    let said = "2025-11-27|东兰县|长江镇|木棉村|000097|韦3|村党组织书记|自学|沃柑保果1|\
                2025-11-27 09:00:03|2025-11-27 09:05:04|6.51|5.01|0.11|拖动跳过,未观看 1.50 分钟|";
    assert!(line.starts_with(said), "{line}");
    assert_eq!(rows[3][9], Cell::Empty, "a class has no session");
}

#[tokio::test]
async fn every_report_and_record_says_the_same_number() {
    let city = city().await;
    let mut hours = hours(&city.db, &query(CITY)).await.unwrap();
    let hour_rows = all_rows(&mut hours).await;
    let credited = column(&hours, "计入分钟");
    let mut recorded_ms = 0;
    let mut recorded = CreditHours::default();
    for (row, id) in hour_rows.iter().zip([20, 3, 2, 1]) {
        let record = record::of_person(&city.db, PersonId(id), 2025, START.day()).await.unwrap();
        assert_eq!(row[credited], Cell::minutes(record.total.credited_ms));
        recorded_ms += record.total.credited_ms;
        recorded += record.total.credit;
    }
    assert_eq!(hours.totals[credited], Cell::minutes(recorded_ms));
    let attendance = attendance(&city.db, &query(CITY)).await.unwrap();
    assert_eq!(attendance.totals[column(&attendance, "计入分钟")], Cell::minutes(recorded_ms));
    assert_eq!(attendance.totals[column(&attendance, "学时")], Cell::Amount(recorded.hundredths()));
    let overview = crate::overview::units_overview(&city.db, CITY, 2025, START.day()).await.unwrap();
    assert_eq!((overview.whole.total.credited_ms, overview.whole.total.credit), (recorded_ms, recorded));
    let mut assessment = assessment(&city.db, &query(CITY)).await.unwrap();
    let rows = all_rows(&mut assessment).await;
    assert_eq!(assessment.totals[column(&assessment, "学时合计")], Cell::Amount(recorded.hundredths()));
    let texts: Vec<_> = rows[3].iter().map(Cell::text).collect();
    let city_class = column(&assessment, "市级培训：达标");
    assert_eq!((texts[city_class - 2].as_str(), texts[city_class].as_str()), ("1.00", "是"));
    assert_eq!(texts[column(&assessment, "党员年度集中学习：达标")], "不适用");
    assert!(texts.last().unwrap().contains("县级培训缺 2.00 次"), "{texts:?}");
}

#[tokio::test]
async fn a_report_keeps_to_scope_and_days() {
    let city = city().await;
    let count = async |query: &ReportQuery| attendance(&city.db, query).await.map(|report| report.row_count);
    assert_eq!(count(&query(COUNTY)).await.unwrap(), 5);
    let day_one = ReportQuery { from: Some(START.day()), to: Some(START.day()), ..query(CITY) };
    assert_eq!(count(&day_one).await.unwrap(), 3);
    let county_only = Scope::of(["/1/2/".to_owned()]);
    let narrow = |unit| ReportQuery { scope: county_only.clone(), unit, ..query(CITY) };
    assert_eq!(count(&narrow(None)).await.unwrap(), 5);
    for unit in [CITY, FAR_VILLAGE, UnitId(99)] {
        assert!(matches!(count(&narrow(Some(unit))).await, Err(Error::NoSuchUnit(_))));
    }
    let nothing = ReportQuery { scope: Scope::default(), unit: None, ..query(CITY) };
    assert_eq!(count(&nothing).await.unwrap(), 0);
    let backwards = ReportQuery { from: Some(day("2025-12-31")), to: Some(day("2025-01-01")), ..query(CITY) };
    assert!(matches!(count(&backwards).await, Err(Error::BadPeriod)));
    assert!(matches!(count(&ReportQuery { year: Some(-5), ..query(CITY) }).await, Err(Error::BadPeriod)));
    let name = attendance(&city.db, &day_one).await.unwrap().file_name("csv");
    assert_eq!(name, "学习考勤明细表_百河市_2025-11-27_2025-11-27.csv");
}

#[tokio::test]
async fn csv_opens_right_in_a_spreadsheet() {
    let city = city().await;
    let evil = person::Model { name: "@韦,\"二\"".to_owned(), ..one(&city, 2).await };
    evil.into_active_model().reset_all().update(&city.db).await.unwrap();
    let text = csv_text(attendance(&city.db, &query(COUNTY)).await.unwrap()).await;
    assert!(text.starts_with("\u{FEFF}报表,学习考勤明细表\r\n范围,东兰县\r\n期间,2025-01-01 至 2025-12-31\r\n"));
    let belonging = format!("归属,人员按 {} 所在的单位统计，调动前的学时随人计入", START.day());
    assert!(text.contains(&format!("时区,Asia/Shanghai (UTC+8)\r\n{belonging}\r\n行数,5\r\n\r\n日期,县区,")), "{text}");
    assert!(text.contains(",000099\t,韦1,"), "{text}");
    assert!(text.contains("\"'@韦,\"\"二\"\"\""));
    assert!(text.contains("\"'=HYPERLINK(\"\"x\"\")班（市级）\""));
    assert!(text.ends_with("\r\n") && !text.replace("\r\n", "").contains('\n'));
    assert_eq!(text.lines().count(), 6 + 1 + 1 + 5 + 1);
}

async fn one(city: &City, id: i64) -> person::Model {
    person::Entity::find_by_id(PersonId(id)).one(&city.db).await.unwrap().unwrap()
}

#[tokio::test]
async fn a_workbook_has_real_dates_and_numbers_and_ids_as_text() {
    let city = city().await;
    let file = export::xlsx(attendance(&city.db, &query(COUNTY)).await.unwrap()).await.unwrap();
    let mut book: Xlsx<_> = calamine::open_workbook(file.path()).unwrap();
    assert_eq!(book.sheet_names(), ["明细", "说明"]);
    let sheet = book.worksheet_range("明细").unwrap();
    let cell = |row: u32, column: u32| sheet.get_value((row, column)).cloned().unwrap_or(Data::Empty);
    assert_eq!(sheet.height(), 1 + 5 + 1);
    assert_eq!(cell(0, 4), Data::String("人员编号".to_owned()));
    assert_eq!(cell(1, 4), Data::String("000097".to_owned()));
    assert!(matches!(cell(1, 0), Data::DateTime(date) if date.as_f64() == 45_988.0));
    assert!(
        matches!(cell(1, 9), Data::DateTime(time) if time.is_datetime() && (time.as_f64() - 45_988.375_034_72).abs() < 1e-7)
    );
    assert_eq!(cell(1, 12), Data::Float(5.01));
    assert_eq!(cell(3, 8), Data::String("=HYPERLINK(\"x\")班（市级）".to_owned()), "text, not a formula");
    assert_eq!(cell(6, 0), Data::String("合计".to_owned()));
    let notes = book.worksheet_range("说明").unwrap();
    let said: Vec<_> = notes.rows().map(|row| row[1].to_string()).collect();
    let belonging = format!("人员按 {} 所在的单位统计，调动前的学时随人计入", START.day());
    assert_eq!(said[..6], ["学习考勤明细表", "东兰县", "2025-01-01 至 2025-12-31", TIME_ZONE, &belonging, "5"]);
}

#[tokio::test]
async fn a_year_before_the_first_rule_is_empty_and_no_error() {
    let city = city().await;
    for kind in [Kind::Attendance, Kind::Hours, Kind::Assessment, Kind::Gaps] {
        let old = ReportQuery { year: Some(2001), ..query(CITY) };
        let mut report = report(&city.db, kind, &old).await.unwrap();
        let people = if matches!(kind, Kind::Attendance | Kind::Gaps) { 0 } else { 4 };
        assert_eq!(all_rows(&mut report).await.len(), people);
        let report = super::report(&city.db, kind, &old).await.unwrap();
        assert!(export::xlsx(report).await.is_ok());
    }
    let record = record::of_person(&city.db, PersonId(1), 2001, START.day()).await.unwrap();
    assert!(record.standings.is_empty() && record.rule_name.is_empty());
    assert_eq!(crate::overview::units_overview(&city.db, CITY, 2001, START.day()).await.unwrap().whole.rates.people, 4);
}

#[tokio::test]
async fn the_gap_list_has_who_lacks_something_with_the_numbers_of_the_assessment() {
    let city = city().await;
    let mut gaps = report(&city.db, Kind::Gaps, &query(COUNTY)).await.unwrap();
    let rows = all_rows(&mut gaps).await;
    let mut assessment = assessment(&city.db, &query(COUNTY)).await.unwrap();
    let judged = all_rows(&mut assessment).await;
    let (said, met) = (column(&gaps, "尚缺"), column(&assessment, "全部达标"));
    let short: Vec<_> = judged.iter().filter(|row| row[met].text() == "否").map(|row| row.last().unwrap()).collect();
    assert_eq!(rows.iter().map(|row| &row[said]).collect::<Vec<_>>(), short);
    assert_eq!(rows.len(), 3);
    assert_eq!(rows[0][column(&gaps, "缺学时")].text(), "55.89");
    assert_eq!(rows[0][column(&gaps, "落后自")].text(), "2025-01-01");
    assert!(rows[0][column(&gaps, "按目前进度年底还缺")].text().contains("县级培训 2.00 次"));
}

#[tokio::test]
async fn who_left_stays_in_the_reports_of_their_time() {
    let city = city().await;
    let mut gone = one(&city, 3).await.into_active_model();
    gone.left_on = Set(Some(day("2025-11-28")));
    gone.update(&city.db).await.unwrap();
    let count = async |query: &ReportQuery| hours(&city.db, query).await.unwrap().row_count;
    assert_eq!(count(&query(VILLAGE)).await, 3);
    assert_eq!(count(&ReportQuery { year: Some(2026), ..query(VILLAGE) }).await, 2);
}
