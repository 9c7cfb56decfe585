//! The bulletin, the star rating and the spreadsheets: the same numbers on the screen, on paper and in every file, and
//! files that open right elsewhere.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestRunner};
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use serde_json::json;
use tests::browser::Browser;
use tests::paper::A4_LYING;
use tests::{City, Client};

mod told;
mod workbook;

use told::{difference, of_csv, of_json, of_page, of_xlsx};

/// A name that a spreadsheet would run, and a roster number that it would cut.
const FORMULA: &str = "=HYPERLINK(\"http://x\",\"点\")";
const ZEROS: &str = "0004501220";

/// Somebody watches so many minutes of a lesson.
pub async fn watch(city: &City, client: &Client, lesson: &str, minutes: i64) {
    let id = client.play(city.lesson(lesson)).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    client.beat(id, 2, minutes * 60_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

/// A room of two in 甲村 watches so many minutes.
async fn room(city: &City, minutes: i64) -> i64 {
    let site = city.client("site").await;
    let roster: Vec<_> = ["覃小梅", "黄志强"].map(|name| city.people[&format!("甲村{name}")]).to_vec();
    let begin = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": roster});
    let id = site.post("/api/v1/playback", begin).await.must(200).json()["session_id"].as_i64().unwrap();
    site.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    use entity::presence::{Column, Entity};
    use sea_orm::sea_query::{Expr, ExprTrait};
    use sea_orm::{ColumnTrait, QueryFilter};
    let earlier = Entity::update_many().col_expr(Column::ArrivedAt, Expr::col(Column::ArrivedAt).sub(minutes * 60_000));
    earlier.filter(Column::PlaybackId.eq(id)).exec(&city.db.write).await.unwrap();
    site.beat(id, 2, minutes * 60_000, true).await.must(200);
    site.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    id
}

/// A month in which something of everything happened.
pub async fn busy_city() -> City {
    let city = City::start().await;
    let person = entity::person::ActiveModel {
        code: Set(ZEROS.into()),
        name: Set(FORMULA.into()),
        pinyin: Set(String::new()),
        unit_id: Set(city.units["乙村"]),
        gender: Set(None),
        birth_year: Set(None),
        phone: Set(Some("013807731234".into())),
        left_on: Set(None),
        created_at: Set(entity::Moment::now()),
        ..Default::default()
    };
    let who = person.insert(&city.db.write).await.unwrap().id;
    let learner = city.learner(1).await;
    for minutes in [3, 7] {
        watch(&city, &learner, "video", minutes).await;
    }
    watch(&city, &city.client("cadre").await, "video", 5).await;
    room(&city, 6).await;
    for (query, tier) in [("沙糖桔", entity::SearchTier::Full), ("百香果", entity::SearchTier::None)] {
        let row = entity::search_count::ActiveModel {
            day: Set(entity::Moment::now().day()),
            unit_id: Set(city.units["东江县"]),
            tier: Set(tier),
            meaning: Set(query.into()),
            query: Set(query.into()),
            asked: Set(7),
        };
        entity::search_count::Entity::insert(row).exec_without_returning(&city.db.write).await.unwrap();
    }
    let class = archive::classes::NewClass {
        level: entity::UnitLevel::County,
        title: "=1+1 培训班".into(),
        unit_id: city.units["东江县"],
        place: "党校".into(),
        teacher: "韦老师".into(),
        starts_on: entity::Moment::now().day(),
        ends_on: entity::Moment::now().day(),
        half_days: 2,
    };
    let attended = vec![archive::classes::Attended { person_id: who, half_days: 2 }];
    archive::classes::record(&city.db.write, class, attended, None, entity::Moment::now()).await.unwrap();
    city
}

async fn every_telling_agrees(city: &City, kind: &str, unit: &str, when: &str) -> Result<(), String> {
    let office = city.client("office").await;
    let id = city.units[unit];
    let (files, shown) = match kind {
        "bulletin" => {
            let month: entity::Day = format!("{when}-01").parse().unwrap();
            let last = month.checked_add_months(chrono::Months::new(1)).unwrap().pred_opt().unwrap();
            (format!("unit={id}&from={month}&to={last}"), format!("unit={id}&month={when}"))
        }
        _ => (format!("unit={id}&year={}", &when[..4]), format!("unit={id}&year={}", &when[..4])),
    };
    let file = |end: &str| format!("/api/v1/reports/{kind}.{end}?{files}");
    let truth = of_json(&office.get(&file("json")).await.must(200).json());
    let mut read = truth.clone();
    if kind == "stars" && unit == "东江县" {
        read.truncate(1); // what the points rest on is read further down
    }
    let tellings = [
        ("csv", &truth, of_csv(&office.get(&file("csv")).await.must(200).text())),
        ("xlsx", &truth, of_xlsx(office.get(&file("xlsx")).await.must(200).body)),
        ("screen", &read, of_page(&office.get(&format!("/office/{kind}?{shown}")).await.must(200).text())),
        ("paper", &read, of_page(&office.get(&format!("/office/{kind}/print?{shown}")).await.must(200).text())),
    ];
    for (what, truth, told) in tellings {
        let truth: Vec<_> = truth.iter().filter(|table| what != "paper" || !table.rows.is_empty()).cloned().collect();
        if let Some(found) = difference(&truth, &told) {
            return Err(format!("{kind} of {unit} {when}, {what}: {found}"));
        }
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn screen_paper_csv_xlsx_and_json_tell_the_same_numbers_whatever_was_studied() {
    let city = busy_city().await;
    let mut learners = Vec::new();
    for number in 2..6 {
        learners.push(city.learner(number).await);
    }
    let now = entity::Moment::now().day();
    let months = [now.format("%Y-%m").to_string(), format!("{}-01", entity::Moment::now().year() - 1)];
    let cases = (
        prop::sample::select(vec!["bulletin", "stars"]),
        prop::sample::select(vec!["东江县", "清水镇", "甲村"]),
        prop::sample::select(months.to_vec()),
        (0_usize..4, 1_i64..10),
    );
    let mut runner = TestRunner::new(Config { cases: 16, max_shrink_iters: 0, ..Config::default() });
    let outcome = tokio::task::block_in_place(|| {
        runner.run(&cases, |(kind, unit, when, (who, minutes))| {
            let told = tokio::runtime::Handle::current().block_on(async {
                watch(&city, &learners[who], "video", minutes).await;
                every_telling_agrees(&city, kind, unit, &when).await
            });
            told.map_err(TestCaseError::fail)
        })
    });
    outcome.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_bulletin_adds_up_and_its_hours_are_those_of_the_ledger() {
    let city = busy_city().await;
    let office = city.client("office").await;
    let unit = city.units["东江县"];
    let report = office.get(&format!("/api/v1/reports/bulletin.json?unit={unit}")).await.must(200).json();
    let hours = office.get(&format!("/api/v1/reports/hours.json?unit={unit}")).await.must(200).json();
    let tables = of_json(&report);
    let table = |title: &str| tables.iter().find(|table| table.title == title).unwrap();
    let at = |title: &str, head: &str, row: usize| -> f64 {
        let table = table(title);
        let place = table.heads.iter().position(|known| known == head).unwrap();
        table.rows[row][place].parse().unwrap_or(0.0)
    };
    let last = |title: &str| table(title).rows.len() - 1;
    let minutes_at = hours["columns"].as_array().unwrap().iter().position(|head| head == "计入分钟").unwrap();
    let minutes = hours["totals"][minutes_at].as_f64().unwrap();
    assert!((at("学习时长", "有效学习小时", last("学习时长")) - minutes / 60.0).abs() < 0.02, "{minutes} minutes");
    for (title, head) in
        [("参学情况", "在册人数"), ("参学情况", "参学人数"), ("站点运行", "播放场次"), ("用户分类", "在册人数")]
    {
        let sum: f64 = (0..last(title)).map(|row| at(title, head, row)).sum();
        assert_eq!(sum, at(title, head, last(title)), "{title} {head}");
    }
    assert_eq!(at("参学情况", "在册人数", last("参学情况")), at("用户分类", "在册人数", 4));
    assert_eq!(at("参学情况", "参学人数", last("参学情况")), 5.0, "a learner, the cadre, a room of two, and the class");
    assert_eq!(at("站点运行", "零点击站点", last("站点运行")), 1.0);
    assert_eq!(table("热搜词").rows, [["1", "沙糖桔", "7"]]);
    assert_eq!(table("没搜到的词").rows, [["1", "百香果", "7"]]);
    assert_eq!(table("热门课程").rows[0][1], "沙糖桔修剪与保花保果");
    let other = city.client("office-b").await;
    other.get(&format!("/api/v1/reports/bulletin.json?unit={unit}")).await.must(404);
    let elsewhere = other.get("/api/v1/reports/bulletin.json").await.must(200).text();
    assert!(!elsewhere.contains("沙糖桔") && !elsewhere.contains("百香果"), "another county's searches");
}

async fn mark(client: &Client, unit: entity::UnitId, query: &str, evidence: &[u8]) -> tests::client::Answer {
    let path = format!("/api/v1/units/{unit}/stars/{query}");
    client.send(client.request(reqwest::Method::POST, &path).body(evidence.to_vec())).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mark_keeps_its_evidence_for_those_who_read_the_village_and_for_nobody_else() {
    let city = busy_city().await;
    let (office, village) = (city.client("office").await, city.units["甲村"]);
    let year = entity::Moment::now().year();
    let said = format!("practice?year={year}&points=8&reason=%E5%B8%A6%E5%8A%A8&filename=a.txt");
    let made = mark(&office, village, &said, b"ten households").await.must(201).json();
    let url = made["evidence_url"].as_str().unwrap();
    for (login, status) in
        [("office", 200), ("auditor", 200), ("site", 200), ("office-b", 404), ("auditor-b", 404), ("cadre", 404)]
    {
        city.client(login).await.get(url).await.must(status);
    }
    let page = city.client("auditor").await.get(&format!("/office/stars?unit={village}")).await.must(200).text();
    assert!(page.contains("带动") && page.contains(url) && !page.contains("评分并存档"), "read, not changed");
    assert!(page.contains("引用的 1 场集体学习"), "{page}");
    for (wrong, body, status) in [
        (said.as_str(), &b""[..], 400),
        (&said.replace("points=8", "points=11"), b"x", 400),
        (&said.replace("practice", "sessions"), b"x", 400),
        (&said.replace("%E5%B8%A6%E5%8A%A8", ""), b"x", 400),
    ] {
        mark(&office, village, wrong, body).await.must(status);
    }
    mark(&office, city.units["丙村"], &said, b"x").await.must(404);
    mark(&city.client("trainer").await, village, &said, b"x").await.must(403);
    let moment = entity::Moment::now().plus_ms(1000);
    let gone = content::collect::forget(&city.db.write, moment, None, moment, true).await.unwrap();
    assert!(gone.iter().all(|media| !url.ends_with(&media.sha256)), "what proves a mark is in use");
    let form = reqwest::multipart::Form::new()
        .text("unit", village.to_string())
        .text("year", year.to_string())
        .text("item", "people")
        .text("points", "9")
        .text("reason", "群众评议满意");
    let request = office.request(reqwest::Method::POST, "/office/stars");
    let refused = office.send(request.multipart(form)).await.must(422).text();
    assert!(refused.contains("请附上证据文件") && refused.contains("群众评议满意"), "the form keeps its text");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_the_office_reads_the_bulletin_marks_a_village_and_prints_both() {
    let city = busy_city().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("office").await;
    let (county, village) = (city.units["东江县"], city.units["甲村"]);
    desk.goto(&format!("/office/bulletin?unit={county}")).await;
    desk.until("return document.body.innerText.includes('没搜到的词')").await;
    desk.picture("bulletin").await;
    assert!(!desk.overflows().await);
    desk.goto(&format!("/office/stars?unit={county}")).await;
    desk.picture("stars-county").await;
    desk.click("td a").await;
    desk.until("return document.body.innerText.includes('学用转化')").await;
    desk.goto(&format!("/office/stars?unit={village}")).await;
    let evidence = city.data.join("评议会.txt");
    std::fs::write(&evidence, "到会三十人，满意二十九人").unwrap();
    desk.fill("#points-people", "9").await;
    desk.fill("#reason-people", "群众评议会三十人到会，二十九人满意").await;
    desk.choose("#evidence-people", &evidence).await;
    desk.picture("stars-form").await;
    desk.click("#people button").await;
    desk.until("return document.body.innerText.includes('评分和证据已存档')").await;
    desk.until("return document.querySelector('#people').innerText.includes('评议会.txt')").await;
    desk.picture("stars-village").await;
    assert!(!desk.overflows().await);
    for (page, name) in [
        (format!("/office/bulletin/print?unit={county}"), "bulletin-print"),
        (format!("/office/stars/print?unit={village}"), "stars-print"),
    ] {
        desk.goto(&page).await;
        desk.until("return document.querySelector('.book-seal') !== null").await;
        desk.picture(name).await;
        let paper = desk.print(name).await;
        assert!(paper.is(A4_LYING), "{name}: {:?}", paper.size);
        paper.must_be_numbered();
        paper.must_hold_whole(&desk.cells(".book table tbody tr").await);
        assert!(paper.sheets.last().unwrap().contains("单位盖章处"), "{name}");
    }
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 780).await else { return };
    phone.sign_in("office").await;
    for (page, name) in [
        (format!("/office/bulletin?unit={county}"), "bulletin-360"),
        (format!("/office/stars?unit={village}"), "stars-360"),
    ] {
        phone.goto(&page).await;
        phone.until("return document.querySelector('h1') !== null").await;
        phone.picture(name).await;
        assert!(!phone.overflows().await, "{name}");
    }
    phone.close().await;
}
