//! Lists of the API that anybody could let grow: a page at a time, and nothing beyond reach.

use entity::{Moment, PlanId, SealState, notice, person_merge, seal, training_plan};
use reqwest::Method;
use sea_orm::{ActiveModelTrait, EntityTrait, Set};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use tests::{City, Client};

/// Every row of a list by its key, read two at a time; each page says how many there are in all.
async fn walked(client: &Client, path: &str, list: &str) -> Vec<i64> {
    let mut keys = Vec::new();
    for page in 1.. {
        let mark = if path.contains('?') { '&' } else { '?' };
        let answer = client.get(&format!("{path}{mark}page={page}&size=2")).await.must(200).json();
        let rows = answer[list].as_array().unwrap();
        assert_eq!(answer["page"], page, "{path}");
        assert!(rows.len() <= 2, "{path}");
        keys.extend(rows.iter().map(|row: &Value| row["id"].as_i64().unwrap()));
        if rows.is_empty() {
            assert_eq!(answer["total"], keys.len(), "{path}");
            break;
        }
    }
    assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), keys.len(), "{path} shows something twice");
    keys
}

async fn exemptions_of(city: &City) {
    let person = city.people["甲村韦大山"];
    let this = Moment::now().year();
    for year in this - 1..=this + 1 {
        let body = json!({"kind": "sick", "begins_on": format!("{year}-03-01"), "ends_on": format!("{year}-04-01"),
            "reason": "县医院证明"});
        city.client("office").await.post(&format!("/api/v1/people/{person}/exemptions"), body).await.must(201);
    }
}

async fn plans_of(city: &City) {
    let today = Moment::now().day();
    let due = |days: u64| today.checked_add_days(chrono::Days::new(days)).unwrap();
    for (title, days, over) in
        [("丙", 9, false), ("甲", 1, false), ("旧", 2, true), ("乙", 5, false), ("丁", 30, false)]
    {
        let row = training_plan::ActiveModel {
            unit_id: Set(city.units["东江县"]),
            title: Set(title.into()),
            note: Set(String::new()),
            posts: Set("[]".into()),
            from_on: Set(today),
            due_on: Set(due(days)),
            created_by: Set(None),
            created_at: Set(Moment::now()),
            ended_at: Set(over.then(Moment::now)),
            ..Default::default()
        };
        row.insert(&city.db.write).await.unwrap();
    }
}

async fn notices_of(city: &City) {
    let rows = (0..5).map(|number| notice::ActiveModel {
        account_id: Set(city.accounts["cadre"]),
        kind: Set("wish.answered".into()),
        subject_id: Set(1),
        text: Set(format!("第 {number} 条")),
        created_at: Set(Moment(number)),
        seen_at: Set(None),
        ..Default::default()
    });
    notice::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
}

/// Found to be one and parted again, 25 times.
async fn merges_of(city: &City) {
    let office = city.accounts["office"];
    let rows = (0..25).map(|number| person_merge::ActiveModel {
        kept_id: Set(city.people["甲村韦大山"]),
        merged_id: Set(city.people["甲村覃小梅"]),
        reason: Set("同一个人".into()),
        merged_by: Set(office),
        merged_at: Set(Moment(number)),
        before_seq: Set(0),
        since_seq: Set(0),
        until_seq: Set(Some(0)),
        unit_id: Set(city.units["甲村"]),
        left_on: Set(None),
        posts: Set("[]".into()),
        exemptions: Set("[]".into()),
        parted_by: Set(Some(office)),
        parted_at: Set(Some(Moment(number))),
        part_reason: Set(Some("是两个人".into())),
        ..Default::default()
    });
    person_merge::Entity::insert_many(rows).exec_without_returning(&city.db.write).await.unwrap();
}

async fn studies_of(city: &City) {
    let cadre = city.client("cadre").await;
    let today = Moment::now().day();
    for number in 0..3 {
        let query = format!(
            "/api/v1/me/studies?source=degree&title=第{number}学期&words=土肥&starts_on={today}&ends_on={today}\
             &half_days=1&filename=a.png"
        );
        let file = b"\x89PNG\r\n\x1a\n a certificate".to_vec();
        cadre.send(cadre.request(Method::POST, &query).body(file)).await.must(201);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn lists_are_read_to_their_end_a_page_at_a_time() {
    let city = City::start().await;
    let (cadre, office, trainer) =
        (city.client("cadre").await, city.client("office").await, city.client("trainer").await);
    exemptions_of(&city).await;
    plans_of(&city).await;
    notices_of(&city).await;
    studies_of(&city).await;
    merges_of(&city).await;
    let merges = format!("/api/v1/people/{}/merges", city.people["甲村韦大山"]);
    assert_eq!(walked(&office, &merges, "merges").await.len(), 25);
    let exemptions = format!("/api/v1/people/{}/exemptions", city.people["甲村韦大山"]);
    assert_eq!(walked(&office, &exemptions, "exemptions").await.len(), 3);
    assert_eq!(walked(&cadre, "/api/v1/notices", "notices").await.len(), 5);
    assert_eq!(walked(&cadre, "/api/v1/me/studies", "studies").await.len(), 3);
    let title =
        async |id: i64| training_plan::Entity::find_by_id(PlanId(id)).one(&city.db.read).await.unwrap().unwrap().title;
    let mut titles = Vec::new();
    for id in walked(&trainer, "/api/v1/plans", "plans").await {
        titles.push(title(id).await);
    }
    assert_eq!(titles, ["甲", "乙", "丙", "丁", "旧"], "those that run first, by their last day");
    let mut mine = Vec::new();
    for id in walked(&cadre, "/api/v1/me/plans", "plans").await {
        mine.push(title(id).await);
    }
    assert_eq!(mine, ["甲", "乙", "丙", "丁"]);
    let rules = office.get(&format!("/api/v1/units/{}/rules", city.units["桂岭市"])).await;
    assert_eq!(rules.status, 404, "the city's rules are beyond a county's office");
    let above = city.client("city-office").await;
    assert_eq!(walked(&above, &format!("/api/v1/units/{}/rules", city.units["桂岭市"]), "versions").await.len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_merges_of_a_person_are_shown_twenty_at_a_time() {
    let city = City::start().await;
    merges_of(&city).await;
    let (office, page) = (city.client("office").await, format!("/office/people/{}/merge", city.people["甲村韦大山"]));
    for (address, shown) in [(page.clone(), 20), (format!("{page}?page=2"), 5), (format!("{page}?page=3"), 0)] {
        let text = office.get(&address).await.must(200).text();
        assert_eq!(text.matches("已拆分").count(), shown, "{address}");
        assert!(text.contains("共 25 条"), "{address}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_seal_is_found_however_many_came_after_it() {
    let city = City::start().await;
    let office = city.client("office").await;
    let village = city.units["甲村"];
    let row = |year: i32| seal::ActiveModel {
        unit_id: Set(village),
        year: Set(year),
        state: Set(SealState::Sealed),
        upto_seq: Set(0),
        people: Set(0),
        done: Set(0),
        asked_by: Set(city.accounts["office"]),
        asked_at: Set(Moment(0)),
        sealed_at: Set(Some(Moment(0))),
        hash: Set(Some("0".repeat(64))),
        ..Default::default()
    };
    for year in 1700..1925 {
        row(year).insert(&city.db.write).await.unwrap();
    }
    let path = format!("/api/v1/units/{village}/seals");
    let answer = office.get(&path).await.must(200).json();
    assert_eq!((&answer["total"], answer["seals"].as_array().unwrap().len()), (&json!(225), 20));
    let last = office.get(&format!("{path}?page=3&size=100")).await.must(200).json();
    assert_eq!((&last["page"], last["seals"].as_array().unwrap().len()), (&json!(3), 25));
    let first = last["seals"][24].clone();
    assert_eq!(first["year"], 1700);
    assert_eq!(office.get(&format!("/api/v1/seals/{}", first["id"])).await.must(200).json()["year"], 1700);
}
