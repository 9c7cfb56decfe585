//! Closing a year: sealed by an office, changed only by amendments that everybody sees, proved by an auditor.

use archive::classes::{Attended, NewClass};
use entity::{Day, Moment, UnitLevel};
use sea_orm::EntityTrait;
use serde_json::{Value, json};
use std::time::Duration;
use tests::browser::Browser;
use tests::paper::A4;
use tests::{City, Client};

/// The civil year that is over.
pub fn last_year() -> i32 {
    Moment::now().year() - 1
}

/// A class of last year that one person attended: the number of its entry.
async fn class(city: &City, name: &str) -> i64 {
    let on = Day::from_ymd_opt(last_year(), 11, 20).unwrap();
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".into(),
        unit_id: city.units["清水镇"],
        place: String::new(),
        teacher: String::new(),
        starts_on: on,
        ends_on: on,
        half_days: 2,
    };
    let attended = vec![Attended { person_id: city.people[name], half_days: 2 }];
    archive::classes::record(&city.db.write, class, attended, None, Moment::now()).await.unwrap();
    entity::ledger_head::Entity::find_by_id(1).one(&city.db.read).await.unwrap().unwrap().seq
}

/// Seal last year of a unit and wait for the background to have done it.
pub async fn seal(city: &City, office: &Client, unit: &str) -> Value {
    let path = format!("/api/v1/units/{}/seals", city.units[unit]);
    let begun = office.post(&path, json!({"year": last_year()})).await.must(202).json();
    for _ in 0..1200 {
        let seal = office.get(&format!("/api/v1/seals/{}", begun["id"])).await.must(200).json();
        if seal["state"] == "sealed" {
            return seal;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never sealed");
}

async fn is_sound(city: &City) -> bool {
    archive::seal::check(&city.db.read, &|_, _| ()).await.unwrap().is_sound()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sealed_year_takes_no_correction_but_an_amendment_that_all_can_see() {
    let city = City::start().await;
    let seq = class(&city, "甲村韦大山").await;
    let office = city.client("office").await;
    let county = city.units["东江县"];
    let look = office.get(&format!("/api/v1/units/{county}/seals")).await.must(200).json();
    assert_eq!((&look["people"], &look["ready"], &look["year"]), (&json!(8), &json!(true), &json!(last_year())));
    let this_year = json!({"year": last_year() + 1});
    office.post(&format!("/api/v1/units/{county}/seals"), this_year).await.must(409);
    city.client("auditor")
        .await
        .post(&format!("/api/v1/units/{county}/seals"), json!({"year": last_year()}))
        .await
        .must(403);
    city.client("office-b")
        .await
        .post(&format!("/api/v1/units/{county}/seals"), json!({"year": last_year()}))
        .await
        .must(404);
    let sealed = seal(&city, &office, "东江县").await;
    assert_eq!((&sealed["people"], &sealed["done"], &sealed["by"]), (&json!(8), &json!(8), &json!("office")));
    let body = json!({"credited_delta_ms": -60_000, "reason": "名单有误"});
    let refused = office.post(&format!("/api/v1/ledger/{seq}/corrections"), body.clone()).await.must(409);
    assert!(refused.json()["message"].as_str().unwrap().contains("已封存"));
    office.post(&format!("/api/v1/ledger/{seq}/amendments"), body.clone()).await.must(201);
    city.client("office-b").await.post(&format!("/api/v1/ledger/{seq}/amendments"), body).await.must(404);
    let shown = city.client("auditor").await.get(&format!("/api/v1/seals/{}", sealed["id"])).await.must(200).json();
    let amendment = &shown["amendments"][0];
    assert_eq!(
        (&amendment["delta_ms"], &amendment["reason"], &amendment["approver"]),
        (&json!(-60_000), &json!("名单有误"), &json!("office"))
    );
    assert_eq!(shown["hash"], sealed["hash"], "the seal itself is as it was");
    let page = office
        .get(&format!("/office/people/{}?year={}", city.people["甲村韦大山"], last_year()))
        .await
        .must(200)
        .text();
    assert!(page.contains("已封存") && page.contains("名单有误"));
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_city_sealed_no_county_amends() {
    let city = City::start().await;
    let seq = class(&city, "甲村韦大山").await;
    let above = city.client("city-office").await;
    assert_eq!(seal(&city, &above, "桂岭市").await["people"], 16);
    let body = json!({"credited_delta_ms": -60_000, "reason": "名单有误"});
    city.client("office").await.post(&format!("/api/v1/ledger/{seq}/amendments"), body.clone()).await.must(403);
    above.post(&format!("/api/v1/ledger/{seq}/amendments"), body).await.must(201);
    assert!(is_sound(&city).await);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_begun_before_a_restart_is_finished_after_it() {
    let city = City::without_server().await;
    let by = city.accounts["office"];
    let unit = city.units["东江县"];
    let begun = archive::seal::begin(&city.db.write, unit, last_year(), by, Moment::now()).await.unwrap();
    let url = tests::city::serve(city.config.clone()).await;
    let office = Client::new(&url).sign_in("office", tests::city::PASSWORD).await;
    for _ in 0..1200 {
        if office.get(&format!("/api/v1/seals/{}", begun.id)).await.must(200).json()["state"] == "sealed" {
            return assert!(is_sound(&city).await);
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("never sealed");
}

#[tokio::test(flavor = "multi_thread")]
async fn anyone_checks_a_code_and_learns_only_what_is_on_paper_and_guessing_ends() {
    let city = City::start().await;
    let seq = class(&city, "甲村韦大山").await;
    let office = city.client("office").await;
    let certificate = format!("/office/people/{}/certificate?year={}", city.people["甲村韦大山"], last_year());
    office.get(&certificate).await.must(404);
    seal(&city, &office, "东江县").await;
    let paper = office.get(&certificate).await.must(200).text();
    assert!(paper.contains("培训档案证明") && paper.contains("8.00"), "one day of a class is not all that is asked");
    let code =
        paper.split("查验码 <b class=\"nowrap\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap().to_owned();
    let stranger = city.stranger();
    let found = stranger.get(&format!("/api/v1/check/{code}")).await.must(200).json();
    let expected = json!({"name": "甲村韦大山", "unit": "甲村", "year": last_year(), "credit_hours": "8.00",
        "certificate": false, "sealed_on": Moment::now().day().to_string(), "amended_on": null});
    assert_eq!(found, expected);
    assert!(stranger.get(&format!("/check?code={}", code.to_lowercase())).await.must(200).text().contains("真实有效"));
    let body = json!({"credited_delta_ms": -2_700_000, "reason": "名单有误"});
    office.post(&format!("/api/v1/ledger/{seq}/amendments"), body).await.must(201);
    let found = stranger.get(&format!("/api/v1/check/{code}")).await.must(200).json();
    assert_eq!((&found["credit_hours"], found["amended_on"].is_null()), (&json!("7.00"), false));
    city.client("cadre-b").await.get(&format!("/record/certificate?year={}", last_year())).await.must(404);
    let mut last = 0;
    for guess in 0..70 {
        last = stranger.get(&format!("/api/v1/check/{guess:012}")).await.status.as_u16();
    }
    assert_eq!(last, 429);
    stranger.get(&format!("/check?code={code}")).await.must(429);
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_office_seals_a_year_and_an_auditor_and_the_person_see_it() {
    let city = City::start().await;
    let seq = class(&city, "甲村韦大山").await;
    let person = city.people["甲村韦大山"];
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("office").await;
    desk.goto("/office/seal").await;
    desk.picture("seal-before").await;
    desk.click("main details summary").await;
    desk.click("main details .btn.danger").await;
    desk.until("return document.body.innerText.includes('已封存') && document.body.innerText.includes('校验码')").await;
    desk.goto("/office/seal").await;
    assert!(!desk.overflows().await);
    desk.goto(&format!("/office/people/{person}?year={}&correct={seq}#correct", last_year())).await;
    desk.fill("[name=minutes]", "-15").await;
    desk.fill("[name=reason]", "半天没有到场，培训班老师证实").await;
    desk.picture("seal-amend").await;
    desk.click("#correct .btn").await;
    desk.until("return document.body.innerText.includes('封存第')").await;
    desk.picture("seal-person").await;
    assert!(!desk.overflows().await);
    desk.close().await;
    let Some(desk) = Browser::open(&city.url, 1280, 900).await else { return };
    desk.sign_in("auditor").await;
    desk.goto("/office/seal").await;
    desk.until("return document.body.innerText.includes('培训班老师证实')").await;
    desk.picture("seal-auditor").await;
    assert_eq!(desk.run("return document.querySelectorAll('main .btn.danger').length").await, 0);
    desk.close().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto(&format!("/record?year={}", last_year())).await;
    phone.until("return document.body.innerText.includes('已封存')").await;
    phone.picture("seal-phone").await;
    assert!(!phone.overflows().await);
    phone.goto(&format!("/record/certificate?year={}", last_year())).await;
    phone.until("return document.body.innerText.includes('查验码')").await;
    phone.picture("certificate").await;
    let paper = phone.print("certificate").await;
    assert!(paper.is(A4) && paper.sheets.len() == 1, "a certificate is one sheet: {paper:?}");
    assert!(["培训档案证明", "查验码", "单位盖章处"].iter().all(|part| paper.sheets[0].contains(part)), "{paper:?}");
    assert!(!phone.overflows().await);
    let code = phone.run("return document.querySelector('.proof b').innerText").await;
    phone.goto("/check").await;
    phone.fill("#code", code.as_str().unwrap()).await;
    phone.picture("check").await;
    phone.click("main .btn").await;
    phone.until("return document.body.innerText.includes('这份档案真实')").await;
    phone.picture("checked").await;
    assert!(!phone.overflows().await);
    phone.close().await;
}
