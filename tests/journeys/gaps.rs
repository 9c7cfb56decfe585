//! What a year lacks: told to a cadre with lessons to tap, to an office person by person, and less to the exempt.

use entity::{Moment, PlaybackMode};
use sea_orm::{ActiveModelTrait, ColumnTrait, EntityTrait, IntoActiveModel, QueryFilter, QueryOrder, Set};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::{City, Client};

async fn watch(city: &City, client: &Client, lesson: i64, minutes: i64) {
    let id = client.play(lesson).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    client.beat(id, 2, minutes * 60_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

fn slugs(gap: &Value) -> Vec<&str> {
    gap["make_up"]["lessons"].as_array().unwrap().iter().map(|lesson| lesson["slug"].as_str().unwrap()).collect()
}

async fn speak(city: &City, slug: &str, language: &str) {
    let row = entity::lesson::Entity::find_by_id(entity::LessonId(city.lesson(slug))).one(&city.db.read).await.unwrap();
    let mut row = row.unwrap().into_active_model();
    row.language = Set(language.into());
    row.update(&city.db.write).await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_cadre_is_told_what_is_missing_and_offered_what_they_can_learn() {
    let mut city = City::start().await;
    let (west, course) = (city.units["西山县"], city.course(city.units["西山县"]).await);
    let far = City::lesson_row(course, "west", 0, "西山县的课", None, west, entity::LessonState::Published);
    city.insert_lessons(vec![far]).await;
    let cadre = city.client("cadre").await;
    let path = format!("/api/v1/people/{}/gap", city.people["甲村韦大山"]);
    let gap = cadre.get(&path).await.must(200).json();
    assert_eq!((&gap["verdict"], &gap["missing_hours"]), (&json!("short"), &json!("56.00")));
    let home = cadre.get("/home").await.must(200).text();
    let short = gap["targets"].as_array().unwrap().iter().filter(|target| target["met"] == false);
    let named =
        short.map(|target| target["name"].as_str().unwrap()).inspect(|name| assert!(home.contains(name), "{name}"));
    assert!(named.count() > 1, "the hours are not all that is asked");
    let offered = slugs(&gap);
    assert!(["article", "video", "east"].iter().all(|slug| offered.contains(slug)), "{offered:?}");
    assert!(!offered.contains(&"draft") && !offered.contains(&"west"), "{offered:?}");
    let video = gap["make_up"]["lessons"].as_array().unwrap().iter().find(|lesson| lesson["slug"] == "video").unwrap();
    assert_eq!(video["credit_hours"], "0.22", "ten minutes of forty-five");
    speak(&city, "east", "壮话").await;
    watch(&city, &cadre, city.lesson("video"), 9).await;
    let gap = cadre.get(&path).await.must(200).json();
    assert_eq!(gap["missing_hours"], "55.80");
    let offered = slugs(&gap);
    assert!(!offered.contains(&"video"), "learnt already: {offered:?}");
    assert!(!offered.contains(&"east"), "nobody here has learnt in Zhuang: {offered:?}");
    city.client("cadre-b").await.get(&path).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_station_holds_stands_first() {
    let city = City::start().await;
    let site = city.client("site").await;
    let roster = json!({"lesson_id": city.lesson("video"), "mode": "group", "roster": [city.people["甲村覃小梅"]]});
    site.post("/api/v1/playback", roster).await.must(200);
    let sessions = entity::playback::Entity::find().filter(entity::playback::Column::Mode.eq(PlaybackMode::Group));
    let mut session = sessions.one(&city.db.read).await.unwrap().unwrap().into_active_model();
    session.plays_cached = Set(true);
    session.update(&city.db.write).await.unwrap();
    let path = format!("/api/v1/people/{}/gap", city.people["甲村韦大山"]);
    let gap = city.client("cadre").await.get(&path).await.must(200).json();
    let first = &gap["make_up"]["lessons"][0];
    assert_eq!((&first["slug"], &first["at_station"]), (&json!("video"), &json!(true)));
    assert_eq!(gap["make_up"]["lessons"][1]["at_station"], false);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_office_sees_who_is_behind_and_an_exemption_takes_them_off_the_list() {
    let city = City::start().await;
    let office = city.client("office").await;
    let unit = city.units["东江县"];
    let gaps =
        async |who: &str| office.get(&format!("/api/v1/units/{unit}/gaps?who={who}&size=3")).await.must(200).json();
    let before = gaps("short").await;
    assert_eq!((&before["bound"], &before["exempt"], &before["total"]), (&json!(8), &json!(0), &json!(8)));
    assert_eq!(before["list"].as_array().unwrap().len(), 3);
    let year = Moment::now().year();
    let body = json!({"kind": "sick", "begins_on": format!("{year}-01-01"), "ends_on": format!("{year}-12-31"),
        "reason": "县医院诊断证明"});
    let person = city.people["甲村韦大山"];
    let path = format!("/api/v1/people/{person}/exemptions");
    city.client("office-b").await.post(&path, body.clone()).await.must(404);
    city.client("auditor").await.post(&path, body.clone()).await.must(403);
    let nothing = json!({"kind": "sick", "begins_on": format!("{year}-12-31"), "ends_on": format!("{year}-01-01"), "reason": "无"});
    office.post(&path, nothing).await.must(400);
    let id = office.post(&path, body).await.must(201).json()["id"].to_string();
    let after = gaps("short").await;
    assert_eq!((&after["bound"], &after["exempt"], &after["total"]), (&json!(7), &json!(1), &json!(7)));
    assert_eq!((&after["met_percent"], &after["met_percent_with_exempt"]), (&json!(0), &json!(0)));
    assert_eq!(gaps("exempt").await["list"][0]["person_id"], person.0);
    let gap = office.get(&format!("/api/v1/people/{person}/gap")).await.must(200).json();
    assert!(gap["targets"].as_array().unwrap().iter().all(|target| target["exempt"] == true), "{gap}");
    let record = office.get(&format!("/office/people/{person}")).await.must(200).text();
    assert!(record.contains("已免除"));
    let listed = city.client("auditor").await.get(&path).await.must(200).json()["exemptions"].clone();
    assert_eq!((&listed[0]["approved_by"], &listed[0]["reason"]), (&json!("office"), &json!("县医院诊断证明")));
    let never = json!({"last_day": format!("{}-12-31", year - 1), "reason": "登记错了人"});
    office.post(&format!("/api/v1/exemptions/{id}/end"), never.clone()).await.must(200);
    office.post(&format!("/api/v1/exemptions/{id}/end"), never).await.must(400);
    assert_eq!(gaps("short").await["total"], 8);
    office.get(&format!("/api/v1/units/{unit}/gaps?who=nobody")).await.must(400);
    let trail = entity::audit::Entity::find().order_by_asc(entity::audit::Column::Id).all(&city.db.read).await.unwrap();
    let deeds: Vec<_> = trail
        .iter()
        .filter(|line| line.target == format!("person:{person}"))
        .map(|line| line.action.as_str())
        .collect();
    // Read three times: the gap, the page, and the exemptions.
    let read = "archive.read";
    assert_eq!(deeds, ["exemption.grant", read, read, read, "exemption.end"]);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_gap_report_has_the_people_of_the_gap_list() {
    let city = City::start().await;
    let office = city.client("office").await;
    let (unit, year) = (city.units["东江县"], Moment::now().year());
    let report = office.get(&format!("/api/v1/reports/gaps.json?unit={unit}&year={year}")).await.must(200).json();
    let list = office.get(&format!("/api/v1/units/{unit}/gaps?who=short")).await.must(200).json();
    assert_eq!((&report["row_count"], &report["totals"][1]), (&list["total"], &list["total"]));
    let csv = office.get(&format!("/api/v1/reports/gaps.csv?unit={unit}&year={year}")).await.must(200).text();
    assert!(csv.contains("学时缺口表") && csv.contains("甲村韦大山") && csv.contains("县级培训缺 2.00 次"), "{csv}");
    office.get(&format!("/api/v1/reports/gaps.xlsx?unit={unit}&year={year}")).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_phone_shows_what_is_missing_and_a_lesson_to_tap() {
    let city = City::start().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto("/record").await;
    phone.until("return document.body.innerText.includes('还差 56 学时')").await;
    phone.picture("gap-record").await;
    assert!(!phone.overflows().await);
    phone.run("document.querySelector('.cards a').scrollIntoView()").await;
    phone.picture("gap-record-lessons").await;
    phone.goto("/record/make-up").await;
    phone.picture("gap-make-up").await;
    assert!(!phone.overflows().await);
    phone.click(".cards a.lesson").await;
    phone.until("return location.pathname.startsWith('/lessons/')").await;
    phone.close().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_office_finds_who_is_behind_and_grants_an_exemption() {
    let city = City::start().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("office").await;
    desk.goto("/office").await;
    desk.until("return document.body.innerText.includes('落后于进度')").await;
    desk.picture("gap-office").await;
    desk.goto("/office/gaps").await;
    desk.until("return document.body.innerText.includes('照此达不到')").await;
    desk.picture("gap-list").await;
    assert!(!desk.overflows().await);
    let person = format!("/office/people/{}/exemptions", city.people["甲村韦大山"]);
    desk.goto(&person).await;
    desk.picture("exemptions-empty").await;
    desk.run("document.querySelector('[name=kind]').value = 'old'").await;
    desk.click("main form .btn").await;
    desk.until("return document.body.innerText.includes('请写明依据')").await;
    desk.fill("[name=reason]", "年满七十五岁").await;
    let july = format!("document.querySelector('[name=begins_on]').value = '{}-07-01'", Moment::now().year());
    desk.run(&july).await;
    desk.picture("exemptions-refused").await;
    desk.click("main form .btn").await;
    desk.until("return document.body.innerText.includes('生效中')").await;
    desk.picture("exemptions").await;
    assert!(!desk.overflows().await);
    desk.goto(&format!("/office/people/{}", city.people["甲村韦大山"])).await;
    desk.until("return document.body.innerText.includes('按天数折算')").await;
    desk.picture("exempt-person").await;
    desk.close().await;
}
