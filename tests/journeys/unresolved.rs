//! Minutes whose moment nobody knows, because a clock was wrong: the person is told that somebody looks into them, and
//! whoever decides is shown them, also when nobody appeals.

use entity::{Moment, Role, appeal, audit};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::{Value, json};
use tests::city::PASSWORD;
use tests::{Answer, City, Client};

/// Five minutes that count, and one and a half that a device dates an hour into the future: the entry's number.
pub async fn unplaced(city: &City, client: &Client, lesson: &str) -> i64 {
    let id = client.play(city.lesson(lesson)).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    client.beat(id, 2, 300_000, true).await.must(200);
    let beat = json!({"seq": 3, "position_ms": 390_000, "playing": false, "rate": 1.0, "ago_ms": -3_600_000});
    let told = client.post(&format!("/api/v1/playback/{id}/beat"), beat).await.must(200).json();
    assert_eq!(told["reasons"]["CLOCK_UNRESOLVED"], 90_000, "{told}");
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    newest(client).await["seq"].as_i64().unwrap()
}

/// The newest entry of one's own archive.
async fn newest(client: &Client) -> Value {
    let person = client.get("/api/v1/me").await.must(200).json()["person_id"].as_i64().unwrap();
    let record = client.get(&format!("/api/v1/people/{person}/archive")).await.must(200).json();
    record["entries"][0].clone()
}

async fn waiting(client: &Client, more: &str) -> Value {
    client.get(&format!("/api/v1/appeals?state=waiting{more}")).await.must(200).json()
}

async fn send_form(client: &Client, path: &str, fields: &[(&str, &str)]) -> Answer {
    client.send(client.request(Method::POST, path).form(fields)).await
}

fn grant(ms: i64) -> Value {
    json!({"granted": true, "granted_ms": ms, "reason": "村里的签到表上有，准予补记"})
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_for_a_clock_is_shown_to_the_county_and_decided_without_an_appeal() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = unplaced(&city, &cadre, "video").await;
    let own_page = format!("/record/{seq}");
    assert!(cadre.get(&own_page).await.must(200).text().contains("正在等培训员核实"));
    let (trainer, office) = (city.client("trainer").await, city.client("office").await);
    for who in [&trainer, &office] {
        let listed = waiting(who, "").await;
        let row = &listed["appeals"][0];
        assert_eq!((&listed["total"], &row["seq"], &row["state"]), (&json!(1), &json!(seq), &json!("waiting")));
        assert_eq!((&row["person"], &row["waiting_ms"]), (&json!("甲村韦大山"), &json!(90_000)));
        assert!(row.get("id").is_none(), "there is no appeal yet: {row}");
        let page = format!("/office/appeals/entries/{seq}");
        let told = async |address: &str, parts: &[&str]| {
            let text = who.get(address).await.must(200).text();
            assert!(parts.iter().all(|part| text.contains(part)), "{parts:?} at {address}: {text}");
        };
        told("/office/appeals", &["有 1 条学习记录", ">申诉 1<"]).await;
        told("/office/appeals?state=waiting", &["1.50 分钟等候核实", &page]).await;
        told(&page, &["这次学习的经过", "本人没有申诉", "作出处理"]).await;
    }
    let path = format!("/api/v1/ledger/{seq}/decision");
    cadre.post(&path, grant(1000)).await.must(403);
    let too_much = trainer.post(&path, grant(90_001)).await.must(400);
    assert!(too_much.text().contains("最多"), "{}", too_much.text());
    trainer.post(&path, json!({"granted": true, "granted_ms": 1000, "reason": " "})).await.must(400);
    trainer.post(&path, json!({"granted": true, "reason": "没说多少"})).await.must(400);
    assert_eq!(waiting(&trainer, "").await["total"], 1, "what is refused changes nothing");
    let decided = trainer.post(&path, grant(90_000)).await.must(200).json();
    assert_eq!((&decided["state"], decided["correction_seq"].is_i64()), (&json!("granted"), true), "{decided}");
    assert_eq!(trainer.post(&path, grant(1000)).await.must(409).code(), "wrong_state");
    assert_eq!(waiting(&office, "").await["total"], 0);
    assert_eq!(office.get("/api/v1/appeals?state=decided").await.must(200).json()["total"], 1);
    assert!(trainer.get("/office/people").await.must(200).text().contains(">申诉<"), "the number is gone at once");
    // The person reads what became of it where they were told to wait.
    let answered = cadre.get(&own_page).await.must(200).text();
    assert!(!answered.contains("正在等培训员核实") && answered.contains("已经核实"), "{answered}");
    assert!(answered.contains("代为提出") && answered.contains("村里的签到表上有，准予补记"), "{answered}");
    let given = newest(&cadre).await;
    assert_eq!(
        (&given["source"], &given["credited_ms"], &given["corrects_seq"]),
        (&json!("correction"), &json!(90_000), &json!(seq))
    );
    let target = format!("appeal:{}", decided["id"]);
    let lines = audit::Entity::find().filter(audit::Column::Target.eq(target)).count(&city.db.read).await.unwrap();
    assert_eq!(lines, 2, "made on their behalf, and decided");
    let findings = archive::verify::ledger(&city.db.read, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_listed_by_reach_and_page_and_who_only_reads_decides_nothing() {
    let city = City::start().await;
    let mut seqs = Vec::new();
    for number in 1..=3 {
        seqs.push(unplaced(&city, &city.learner(number).await, "video").await);
    }
    let office = city.client("office").await;
    let pages = [waiting(&office, "&size=2").await, waiting(&office, "&size=2&page=2").await];
    let listed: Vec<_> = pages.iter().flat_map(|page| page["appeals"].as_array().unwrap()).collect();
    assert_eq!(listed.iter().map(|row| row["seq"].as_i64().unwrap()).collect::<Vec<_>>(), seqs);
    assert!(pages.iter().all(|page| page["total"] == 3));
    for (village, many) in [("甲村", 3), ("乙村", 0)] {
        assert_eq!(waiting(&office, &format!("&unit={}", city.units[village])).await["total"], many, "{village}");
    }
    office.get(&format!("/api/v1/appeals?state=waiting&unit={}", city.units["丙村"])).await.must(404);
    office.get("/api/v1/appeals?state=later").await.must(400);
    let (decision, page) =
        (format!("/api/v1/ledger/{}/decision", seqs[0]), format!("/office/appeals/entries/{}", seqs[0]));
    for login in ["office-b", "trainer-b"] {
        let other = city.client(login).await;
        assert_eq!(waiting(&other, "").await["total"], 0, "{login}");
        other.post(&decision, grant(1000)).await.must(404);
        other.get(&page).await.must(404);
        assert!(!other.get("/office/appeals").await.must(200).text().contains("等候核实，本人没有申诉"), "{login}");
    }
    let auditor = city.client("auditor").await;
    assert_eq!(waiting(&auditor, "").await["total"], 3);
    assert!(auditor.get(&page).await.must(200).text().contains("等待考核办处理"));
    auditor.post(&decision, grant(1000)).await.must(403);
    // Everybody sees what of their own waits, and nothing else.
    let learner = city.client("learner-2").await;
    let own = waiting(&learner, "").await;
    assert_eq!((&own["total"], &own["appeals"][0]["seq"]), (&json!(1), &json!(seqs[1])));
    learner.get(&page).await.must(403);
}

#[tokio::test(flavor = "multi_thread")]
async fn at_the_desk_it_is_decided_by_the_form_of_an_appeal() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = unplaced(&city, &cadre, "video").await;
    let trainer = city.client("trainer").await;
    let page = format!("/office/appeals/entries/{seq}");
    let wrong = send_form(&trainer, &page, &[("reason", "看过了")]).await.must(422).text();
    assert!(wrong.contains("请选择准予或不准予") && wrong.contains("看过了"), "{wrong}");
    let much = [("verdict", "granted"), ("minutes", "2"), ("reason", "看过了")];
    assert!(send_form(&trainer, &page, &much).await.must(422).text().contains("最多 1.50 分钟"));
    let refused = [("verdict", "refused"), ("reason", "签到表上没有")];
    let led = send_form(&trainer, &page, &refused).await.must(303).header("location").to_owned();
    let made = appeal::Entity::find().one(&city.db.read).await.unwrap().unwrap();
    assert_eq!(led, format!("/office/appeals/{}?done=decided", made.id));
    assert_eq!((made.granted, made.entry_seq), (Some(false), seq));
    assert!(trainer.get(&led).await.must(200).text().contains("签到表上没有"));
    // Who comes second is led to what became of it.
    let second = send_form(&trainer, &page, &refused).await.must(303);
    assert_eq!(second.header("location"), format!("/office/appeals/{}", made.id));
    assert_eq!(trainer.get(&page).await.must(303).header("location"), format!("/office/appeals/{}", made.id));
    // The person may still say what they know.
    let appealed = json!({"text": "那天是十五号晚上，在村部"});
    cadre.post(&format!("/api/v1/ledger/{seq}/appeals"), appealed).await.must(201);
}

#[tokio::test(flavor = "multi_thread")]
async fn an_appeal_made_meanwhile_is_what_is_decided() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let seq = unplaced(&city, &cadre, "video").await;
    let text = json!({"text": "那天是十五号晚上，在村部"});
    let id = cadre.post(&format!("/api/v1/ledger/{seq}/appeals"), text).await.must(201).json()["id"].clone();
    let office = city.client("office").await;
    assert_eq!(waiting(&office, "").await["total"], 0);
    assert_eq!(office.get("/api/v1/appeals?state=open").await.must(200).json()["total"], 1);
    let early = office.post(&format!("/api/v1/ledger/{seq}/decision"), grant(1000)).await.must(409);
    assert_eq!(early.code(), "wrong_state");
    let led = office.get(&format!("/office/appeals/entries/{seq}")).await.must(303);
    assert_eq!(led.header("location"), format!("/office/appeals/{id}"));
    office.post(&format!("/api/v1/appeals/{id}/decision"), grant(90_000)).await.must(200);
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_decides_what_waits_of_their_own() {
    let city = City::start().await;
    let (login, person_id) = ("both", Some(city.people["甲村覃小梅"]));
    let new =
        roster::account::NewAccount { login, password: Some(PASSWORD), person_id, device_id: None, must_change: false };
    let account = roster::account::create(&city.db.write, new, None, Moment::now()).await.unwrap();
    for (role, unit) in [(Role::Learner, "甲村"), (Role::Trainer, "东江县")] {
        roster::grants::give(&city.db.write, account, role, city.units[unit], None, Moment::now()).await.unwrap();
    }
    let both = city.client(login).await;
    let seq = unplaced(&city, &both, "video").await;
    let page = both.get(&format!("/office/appeals/entries/{seq}")).await.must(200).text();
    assert!(page.contains("等待考核办处理") && !page.contains("作出处理"), "{page}");
    both.post(&format!("/api/v1/ledger/{seq}/decision"), grant(90_000)).await.must(403);
    assert_eq!(appeal::Entity::find().count(&city.db.read).await.unwrap(), 0);
    assert_eq!(waiting(&city.client("office").await, "").await["total"], 1);
}
