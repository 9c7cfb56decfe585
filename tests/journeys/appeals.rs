//! Appeals: a person sees where their minutes went, says what is wrong, the office decides, the person reads why.

use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, Set};
use serde_json::{Value, json};
use tests::browser::Browser;
use tests::{City, Client};

/// Five minutes watched and one and a half jumped over: the entry's number.
async fn watched(city: &City, client: &Client, lesson: &str) -> i64 {
    let id = client.play(city.lesson(lesson)).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    client.beat(id, 2, 300_000, true).await.must(200);
    client.beat(id, 3, 390_000, false).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let person = client.get("/api/v1/me").await.must(200).json()["person_id"].as_i64().unwrap();
    let record = client.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
    record["entries"][0]["seq"].as_i64().unwrap()
}

async fn appealed(client: &Client, seq: i64) -> i64 {
    let body = json!({"text": "拖动是孩子碰的，我后来看完了"});
    let made = client.post(&format!("/api/v1/ledger/{seq}/appeals"), body).await.must(201).json();
    assert_eq!(made["state"], "open");
    made["id"].as_i64().unwrap()
}

fn grant(ms: i64) -> Value {
    json!({"granted": true, "granted_ms": ms, "reason": "核对过播放经过，准予补记"})
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_is_decided_by_the_county_and_becomes_a_new_entry() {
    let city = City::start().await;
    let (cadre, office) = (city.client("cadre").await, city.client("office").await);
    let seq = watched(&city, &cadre, "video").await;
    let id = appealed(&cadre, seq).await;
    let again = cadre.post(&format!("/api/v1/ledger/{seq}/appeals"), json!({"text": "再说一次"})).await.must(409);
    assert_eq!(again.code(), "wrong_state");
    let path = format!("/api/v1/appeals/{id}/decision");
    let too_much = office.post(&path, grant(90_000 + 60_000)).await.must(400);
    assert!(too_much.text().contains("最多"), "{}", too_much.text());
    office.post(&path, json!({"granted": true, "granted_ms": 1000, "reason": " "})).await.must(400);
    office.post(&path, json!({"granted": true, "reason": "没说多少"})).await.must(400);
    cadre.post(&path, grant(1000)).await.must(403);
    let decided = office.post(&path, grant(60_000)).await.must(200).json();
    assert_eq!((&decided["state"], decided["correction_seq"].is_i64()), (&json!("granted"), true));
    assert_eq!(office.post(&path, grant(1000)).await.must(409).code(), "wrong_state");
    let mine = cadre.get("/api/v1/appeals").await.must(200).json();
    assert_eq!((&mine["total"], &mine["appeals"][0]["decision"]), (&json!(1), &json!("核对过播放经过，准予补记")));
    let person = city.people["甲村韦大山"];
    let record = cadre.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
    let newest = &record["entries"][0];
    assert_eq!(
        (&newest["source"], &newest["credited_ms"], &newest["corrects_seq"]),
        (&json!("correction"), &json!(60_000), &json!(seq))
    );
    let audit = entity::audit::Entity::find().filter(entity::audit::Column::Target.eq(format!("appeal:{id}")));
    assert_eq!(audit.all(&city.db.read).await.unwrap().len(), 2, "made and decided");
    let findings = archive::verify::ledger(&city.db.read, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_is_ones_own_and_beyond_the_county_does_not_exist() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = watched(&city, &cadre, "video").await;
    let text = json!({"text": "不是我的"});
    city.learner(1).await.post(&format!("/api/v1/ledger/{seq}/appeals"), text.clone()).await.must(404);
    city.client("office").await.post(&format!("/api/v1/ledger/{seq}/appeals"), text).await.must(404);
    cadre.post("/api/v1/ledger/99/appeals", json!({"text": "没有"})).await.must(404);
    for bad in ["", " \n", &"长".repeat(501)] {
        cadre.post(&format!("/api/v1/ledger/{seq}/appeals"), json!({"text": bad})).await.must(400);
    }
    let id = appealed(&cadre, seq).await;
    let other = city.client("office-b").await;
    other.post(&format!("/api/v1/appeals/{id}/decision"), grant(1000)).await.must(404);
    other.get(&format!("/office/appeals/{id}")).await.must(404);
    assert_eq!(other.get("/api/v1/appeals").await.must(200).json()["total"], 0);
    assert!(!other.get("/office/appeals").await.must(200).text().contains("甲村韦大山"));
    city.learner(2).await.get(&format!("/record/{seq}")).await.must(404);
    let trainer = city.client("trainer").await;
    trainer.post(&format!("/api/v1/appeals/{id}/decision"), grant(1000)).await.must(404);
    assert_eq!(trainer.get("/api/v1/appeals").await.must(200).json()["total"], 0, "no clock was wrong");
    let auditor = city.client("auditor").await;
    assert_eq!(auditor.get("/api/v1/appeals").await.must(200).json()["total"], 1);
    assert!(auditor.get(&format!("/office/appeals/{id}")).await.must(200).text().contains("等待考核办处理"));
    auditor.post(&format!("/api/v1/appeals/{id}/decision"), grant(1000)).await.must(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_entry_of_more_than_a_year_ago_is_no_longer_appealed_against() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = watched(&city, &cadre, "video").await;
    let old = entity::Moment::now().plus_ms(-368 * 86_400_000).day();
    entity::ledger_entry::Entity::update_many()
        .set(entity::ledger_entry::ActiveModel { day: Set(old), ..Default::default() })
        .filter(entity::ledger_entry::Column::Seq.eq(seq))
        .exec(&city.db.write)
        .await
        .unwrap();
    let late = cadre.post(&format!("/api/v1/ledger/{seq}/appeals"), json!({"text": "晚了"})).await.must(409);
    assert_eq!(late.code(), "wrong_state");
    assert!(cadre.get(&format!("/record/{seq}")).await.must(200).text().contains("超过一年"));
}

#[tokio::test(flavor = "multi_thread")]
async fn of_two_offices_at_once_one_decides_and_the_other_is_told() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = watched(&city, &cadre, "video").await;
    let id = appealed(&cadre, seq).await;
    let (one, two) = (city.client("office").await, city.client("office").await);
    let path = format!("/api/v1/appeals/{id}/decision");
    let (first, second) = tokio::join!(one.post(&path, grant(60_000)), two.post(&path, grant(60_000)));
    let mut statuses = [first.status.as_u16(), second.status.as_u16()];
    statuses.sort_unstable();
    assert_eq!(statuses, [200, 409]);
    let loser = if first.status.as_u16() == 409 { first } else { second };
    assert!(loser.text().contains("已由他人处理"), "{}", loser.text());
}

#[tokio::test(flavor = "multi_thread")]
async fn the_number_of_open_appeals_stands_beside_the_desks_tab() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = watched(&city, &cadre, "video").await;
    let id = appealed(&cadre, seq).await;
    let office = city.client("office").await;
    assert!(office.get("/office/people").await.must(200).text().contains(">申诉 1<"));
    let refused = json!({"granted": false, "reason": "拖动部分没有再看的记录"});
    office.post(&format!("/api/v1/appeals/{id}/decision"), refused).await.must(200);
    let page = office.get("/office/people").await.must(200).text();
    assert!(page.contains(">申诉<"), "decided, and the number is gone at once");
    assert!(!city.client("site").await.get("/office").await.must(200).text().contains("/office/appeals"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_is_not_in_the_archive_yet_is_named_with_its_minutes() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 240_000).await;
    cadre.beat(id, 2, 240_000, true).await.must(200);
    let page = cadre.get("/record").await.must(200).text();
    assert!(page.contains("正在学习") && page.contains("4 分钟"), "{page}");
}

#[tokio::test(flavor = "multi_thread")]
async fn the_record_says_in_plain_words_where_the_minutes_went() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = watched(&city, &cadre, "video").await;
    for page in ["/record".to_owned(), format!("/record/{seq}")] {
        let page = cadre.get(&page).await.must(200).text();
        assert!(page.contains("重新打开这一课，把跳过的这一段看完，就会计入。"), "{page}");
        let sum: Vec<f64> = ["申报 <b>", "计入 <b>", "未计入 <b>"].map(|label| number(&page, label)).to_vec();
        assert!((sum[0] - sum[1] - sum[2]).abs() < 1e-9 && sum[2] > 1.0, "{sum:?}");
    }
    let empty = cadre.request(reqwest::Method::POST, &format!("/record/{seq}/appeal")).form(&[("text", " ")]);
    let page = cadre.send(empty).await.must(422).text();
    assert!(page.contains("请写明哪里不对"));
}

fn number(page: &str, label: &str) -> f64 {
    let at = page.find(label).unwrap() + label.len();
    page[at..].split('<').next().unwrap().parse().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn browser_a_cadre_appeals_on_a_phone_and_the_office_answers_at_its_desk() {
    let city = City::start().await;
    let Some(phone) = Browser::open(&city.url, 360, 740).await else { return };
    let cadre = city.client("cadre").await;
    let seq = watched(&city, &cadre, "video").await;
    let open = cadre.play(city.lesson("article")).await;
    cadre.beat(open, 1, 0, true).await.must(200);
    phone.sign_in("cadre").await;
    phone.goto("/record").await;
    phone.until("return document.body.innerText.includes('正在学习')").await;
    phone.run("document.querySelector('.log').scrollIntoView()").await;
    phone.picture("appeal-record").await;
    phone.click(&format!(".log li:has(a[href='/record/{seq}']) summary")).await;
    phone.until("return document.body.innerText.includes('把跳过的这一段看完')").await;
    phone.picture("appeal-record-open").await;
    assert!(!phone.overflows().await);
    phone.click(&format!("a[href='/record/{seq}']")).await;
    phone.fill("#text", "拖动是孩子碰的，后来我从头看完了，村主任可以作证。").await;
    phone.picture("appeal-form").await;
    assert!(!phone.overflows().await);
    phone.click("form.form .btn").await;
    phone.until("return document.body.innerText.includes('申诉处理中')").await;
    phone.picture("appeal-sent").await;
    let desk = Browser::open(&city.url, 1280, 900).await.unwrap();
    desk.sign_in("office").await;
    desk.goto("/office/appeals").await;
    desk.until("return document.body.innerText.includes('待处理')").await;
    desk.picture("appeal-list").await;
    desk.click("td.key a").await;
    desk.until("return document.body.innerText.includes('这次学习的经过')").await;
    desk.picture("appeal-case").await;
    assert!(!desk.overflows().await);
    desk.click("input[value=granted]").await;
    desk.fill("#minutes", "99").await;
    desk.fill("#reason", "核对过播放经过，准予补记一分钟。").await;
    desk.click("#decide .btn").await;
    desk.until("return document.querySelector('#minutes-error')?.innerText.includes('最多')").await;
    desk.until("return document.querySelector('#reason').value.includes('准予补记一分钟')").await;
    desk.picture("appeal-case-wrong").await;
    desk.fill("#minutes", "1").await;
    desk.click("#decide .btn").await;
    desk.until("return document.body.innerText.includes('已处理，本人在')").await;
    desk.picture("appeal-case-done").await;
    desk.close().await;
    phone.goto(&format!("/record/{seq}")).await;
    phone.until("return document.body.innerText.includes('申诉已准予')").await;
    phone.until("return document.body.innerText.includes('准予补记一分钟')").await;
    phone.picture("appeal-answered").await;
    assert!(!phone.overflows().await);
    phone.close().await;
}
