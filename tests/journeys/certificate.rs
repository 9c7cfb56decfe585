//! The certificate (结业证书): who gets one, on the screen and on paper, and how little its code tells a stranger.

use crate::seals::{last_year, seal};
use archive::classes::{Attended, NewClass};
use entity::{Day, Moment, PersonId, UnitLevel, ledger_head, person, post};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::json;
use tests::browser::Browser;
use tests::paper::{A4, Paper};
use tests::{City, Client, qr};

/// What only the archive knows, and no stranger may learn.
const IDENTITY: &str = "45122019900101123X";
const PHONE: &str = "13807731234";
const TITLE: &str = "冬训班";

/// A day of last year.
pub fn day(month: u32, day: u32) -> Day {
    Day::from_ymd_opt(last_year(), month, day).unwrap()
}

/// A class at which one person was all the time: the number of its entry.
pub async fn class(city: &City, who: PersonId, of: (UnitLevel, &str), days: (Day, Day), half_days: i32) -> i64 {
    let class = NewClass {
        level: of.0,
        title: TITLE.into(),
        unit_id: city.units[of.1],
        place: String::new(),
        teacher: String::new(),
        starts_on: days.0,
        ends_on: days.1,
        half_days,
    };
    let attended = vec![Attended { person_id: who, half_days }];
    archive::classes::record(&city.db.write, class, attended, None, Moment::now()).await.unwrap();
    ledger_head::Entity::find_by_id(1).one(&city.db.read).await.unwrap().unwrap().seq
}

/// Somebody long in office met last year all that is asked of a village secretary, with ten days of classes: eighty credit
/// hours. The number of the entry of the last seven days.
pub async fn full_year(city: &City, who: PersonId) -> i64 {
    let long_ago = Day::from_ymd_opt(last_year() - 5, 1, 1).unwrap();
    let term = post::ActiveModel { appointed_on: Set(long_ago), ..Default::default() };
    let terms = post::Entity::update_many().set(term).filter(post::Column::PersonId.eq(who));
    terms.exec(&city.db.write).await.unwrap();
    class(city, who, (UnitLevel::City, "桂岭市"), (day(3, 10), day(3, 10)), 2).await;
    class(city, who, (UnitLevel::County, "东江县"), (day(5, 12), day(5, 12)), 2).await;
    class(city, who, (UnitLevel::County, "东江县"), (day(9, 15), day(9, 15)), 2).await;
    class(city, who, (UnitLevel::Township, "清水镇"), (day(11, 3), day(11, 9)), 14).await
}

/// Somebody with an identity number for a roster number, and a telephone.
async fn give_secrets(city: &City, who: PersonId) {
    let (code, phone) = (Set(IDENTITY.into()), Set(Some(PHONE.into())));
    let secrets = person::ActiveModel { code, phone, ..Default::default() };
    let theirs = person::Entity::update_many().set(secrets).filter(person::Column::Id.eq(who));
    theirs.exec(&city.db.write).await.unwrap();
}

/// One's own certificate of last year.
async fn certificate(client: &Client) -> String {
    client.get(&format!("/record/certificate?year={}", last_year())).await.must(200).text()
}

/// The code printed on it.
fn code_on(paper: &str) -> &str {
    paper.split("查验码 <b class=\"nowrap\">").nth(1).and_then(|rest| rest.split('<').next()).unwrap()
}

/// The page of checking a code, as a stranger sees it. It says nothing but what it may.
async fn checked(city: &City, code: &str) -> String {
    let page = city.stranger().get(&format!("/check?code={code}")).await.must(200).text();
    for secret in [IDENTITY, "123X", PHONE, TITLE, "名单有误", "书记"] {
        assert!(!page.contains(secret), "{secret}: {page}");
    }
    page
}

/// The facts on that page, each with its name.
fn facts(page: &str) -> String {
    let (_, list) = page.split_once("<dl class=\"facts card\">").unwrap();
    let (list, _) = list.split_once("</dl>").unwrap();
    let words = list.replace("</dt>", " ").replace("</dd>", "，");
    let words = ["<dt>", "<dd>", "<b>", "</b>"].iter().fold(words, |words, tag| words.replace(tag, ""));
    words.trim_end_matches('，').to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn who_met_everything_gets_a_certificate_and_the_picture_on_it_leads_anyone_to_what_holds() {
    let city = City::start().await;
    let who = city.people["甲村韦大山"];
    give_secrets(&city, who).await;
    full_year(&city, who).await;
    let (office, cadre) = (city.client("office").await, city.client("cadre").await);
    cadre.get(&format!("/record/certificate?year={}", last_year())).await.must(404);
    seal(&city, &office, "东江县").await;
    let paper = certificate(&cadre).await;
    for part in [
        "<h1>结业证书</h1>",
        "<b>甲村韦大山</b>（4512**********123X），甲村，",
        "计 <b>80.00</b> 学时，达到年度培训的全部要求，准予结业。",
        "<td>80.00 学时</td><td>56.00 学时</td><td>达标</td>",
        "可核对姓名、单位、学时和是否有效",
    ] {
        assert!(paper.contains(part), "{part}: {paper}");
    }
    assert!(!paper.contains("未达标") && !paper.contains(IDENTITY) && !paper.contains(PHONE), "{paper}");
    let seen = office.get(&format!("/office/people/{who}/certificate?year={}", last_year())).await.must(200).text();
    assert!(seen.contains("<h1>结业证书</h1>") && code_on(&seen) == code_on(&paper), "the office prints the same");
    let address = qr::on_page(&paper, "查验二维码");
    assert_eq!(address, format!("{}/check?code={}", city.url, code_on(&paper)));
    let (_, code) = address.split_once("?code=").unwrap();
    let page = checked(&city, code).await;
    assert!(page.contains("这份结业证书真实有效"), "{page}");
    let (year, today) = (last_year(), Moment::now().day());
    assert_eq!(facts(&page), format!("姓名 甲村韦大山，单位 甲村，年度 {year}，学时 80.00，封存 {today}"));
    let answer = city.stranger().get(&format!("/api/v1/check/{code}")).await.must(200).json();
    assert_eq!((&answer["certificate"], &answer["credit_hours"]), (&json!(true), &json!("80.00")));
}

#[tokio::test(flavor = "multi_thread")]
async fn an_amendment_is_told_to_whoever_checks_and_one_that_takes_too_much_ends_the_certificate() {
    let city = City::start().await;
    let seq = full_year(&city, city.people["甲村韦大山"]).await;
    let (office, cadre) = (city.client("office").await, city.client("cadre").await);
    seal(&city, &office, "东江县").await;
    let paper = certificate(&cadre).await;
    let code = code_on(&paper);
    let take = async |credit_hours: i64| {
        let body = json!({"credited_delta_ms": -credit_hours * 2_700_000, "reason": "名单有误"});
        office.post(&format!("/api/v1/ledger/{seq}/amendments"), body).await.must(201);
        (checked(&city, code).await, certificate(&cadre).await)
    };
    let today = Moment::now().day();
    let told = |hours: &str| {
        let who = format!("姓名 甲村韦大山，单位 甲村，年度 {}", last_year());
        format!("{who}，学时 {hours}，封存 {today}，修订 {today}")
    };
    let (page, paper) = take(1).await;
    assert!(page.contains("这份结业证书真实，但在封存以后修订过"), "{page}");
    assert_eq!(facts(&page), told("79.00"));
    let parts = ["<h1>结业证书</h1>", "计 <b>79.00</b> 学时", "以后有修订"];
    assert!(parts.iter().all(|part| paper.contains(part)), "{paper}");
    let (page, paper) = take(25).await;
    assert!(page.contains("现在不是结业证书") && !page.contains("结业证书真实"), "{page}");
    assert_eq!(facts(&page), told("54.00"));
    assert!(paper.contains("<h1>培训档案证明</h1>") && !paper.contains("结业证书"), "{paper}");
}

#[tokio::test(flavor = "multi_thread")]
async fn who_lacks_something_gets_a_proof_of_what_there_is_and_no_certificate() {
    let city = City::start().await;
    let (who, idle) = (city.people["甲村韦大山"], city.people["甲村覃小梅"]);
    class(&city, who, (UnitLevel::Township, "清水镇"), (day(11, 20), day(11, 20)), 2).await;
    let (office, cadre) = (city.client("office").await, city.client("cadre").await);
    seal(&city, &office, "东江县").await;
    let papers = [(who, "8.00"), (idle, "0.00")].map(|(who, hours)| {
        let path = format!("/office/people/{who}/certificate?year={}", last_year());
        (path, format!("计 <b>{hours}</b> 学时。"), format!("<td>{hours} 学时</td><td>56.00 学时</td><td>未达标</td>"))
    });
    for (path, hours, row) in &papers {
        let paper = office.get(path).await.must(200).text();
        for part in ["<h1>培训档案证明</h1>", hours.as_str(), row.as_str()] {
            assert!(paper.contains(part), "{part}: {paper}");
        }
        assert!(!paper.contains("结业"), "{paper}");
    }
    let paper = certificate(&cadre).await;
    assert!(paper.contains("<h1>培训档案证明</h1>") && !paper.contains("结业"), "{paper}");
    let page = checked(&city, code_on(&paper)).await;
    assert!(page.contains("这份培训档案证明真实有效，它不是结业证书"), "{page}");
    let (year, today) = (last_year(), Moment::now().day());
    assert_eq!(facts(&page), format!("姓名 甲村韦大山，单位 甲村，年度 {year}，学时 8.00，封存 {today}"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_code_is_answered_plainly_and_tells_of_nobody() {
    let city = City::start().await;
    seal(&city, &city.client("office").await, "东江县").await;
    let paper = certificate(&city.client("cadre").await).await;
    let (most, last) = code_on(&paper).split_at(code_on(&paper).len() - 1);
    let near = format!("{most}{}", if last == "0" { "1" } else { "0" });
    let stranger = city.stranger();
    for code in [near.as_str(), "0000-0000-0000", "4F7K", "%3Cb%3E"] {
        let page = stranger.get(&format!("/check?code={code}")).await.must(404).text();
        assert!(page.contains("没有这个查验码，请对照纸上的字再输一次"), "{code}: {page}");
        assert!(!page.contains("<dl") && !page.contains("甲村") && !page.contains("<b>"), "{code}: {page}");
    }
    let empty = stranger.get("/check").await.must(200).text();
    assert!(!empty.contains("没有这个查验码") && !empty.contains("<dl"), "{empty}");
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_the_code_is_read_from_the_printed_certificate_and_opened_by_a_stranger() {
    let city = City::start().await;
    full_year(&city, city.people["甲村韦大山"]).await;
    seal(&city, &city.client("office").await, "东江县").await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    phone.sign_in("cadre").await;
    phone.goto(&format!("/record/certificate?year={}", last_year())).await;
    phone.until("return document.body.innerText.includes('准予结业')").await;
    phone.picture("certificate-met").await;
    assert!(!phone.overflows().await);
    let pdf = phone.pdf("certificate-met").await;
    phone.close().await;
    let paper = Paper::of(&pdf);
    assert!(paper.is(A4) && paper.sheets.len() == 1, "a certificate is one sheet: {paper:?}");
    let parts = ["结业证书", "甲村韦大山", "80.00", "查验码", "单位盖章处"];
    assert!(parts.iter().all(|part| paper.sheets[0].contains(part)), "{paper:?}");
    let codes = qr::on_paper(&pdf);
    let [address] = &codes[..] else { panic!("one code on the sheet: {codes:?}") };
    let path = address.strip_prefix(city.url.as_str()).unwrap_or_else(|| panic!("leads elsewhere: {address}"));
    let Some(stranger) = Browser::open(&city.url, 360, 740).await else { return };
    stranger.goto(path).await;
    stranger.until("return document.body.innerText.includes('这份结业证书真实有效')").await;
    stranger.until("return document.querySelector('dl.facts').innerText.includes('80.00')").await;
    stranger.picture("certificate-checked").await;
    assert!(!stranger.overflows().await);
    stranger.close().await;
}
