//! What a pass does to hours, and where they do not wait for it.

use super::{begin, city, hand_in, right, wrong};
use serde_json::{Value, json};
use tests::{City, Client};

pub(super) async fn watch(city: &City, client: &Client, minutes: i64) {
    let id = client.play(city.lesson("east")).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    client.beat(id, 2, minutes * 60_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
}

pub(super) async fn archive(city: &City, client: &Client) -> Value {
    let path = format!("/api/v1/people/{}/archive", city.people["甲村韦大山"]);
    client.get(&path).await.must(200).json()
}

pub(super) fn credited_minutes(record: &Value) -> i64 {
    let entries = record["entries"].as_array().unwrap();
    let (credited, claimed, reasons) = entries.iter().fold((0, 0, 0), |(credited, claimed, reasons), entry| {
        let of = |name: &str| entry[name].as_i64().unwrap();
        let some: i64 = entry["reasons"].as_object().unwrap().values().map(|ms| ms.as_i64().unwrap()).sum();
        (credited + of("credited_ms"), claimed + of("claimed_ms"), reasons + some)
    });
    assert_eq!(credited + reasons, claimed, "{record}");
    credited / 60_000
}

async fn sound(city: &City) {
    let findings = archive::verify::ledger(&city.db.write, &|_, _| {}).await.unwrap();
    assert!(findings.is_sound(), "{findings}");
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_wait_for_the_pass_and_come_with_it() {
    let city = city(true).await;
    let cadre = city.client("cadre").await;
    let page = cadre.get("/lessons/east").await.must(200).text();
    assert!(page.contains("才计学时") && page.contains("3 题，答对 2 题通过"), "{page}");
    watch(&city, &cadre, 5).await;
    let before = archive(&city, &cadre).await;
    assert_eq!((credited_minutes(&before), &before["entries"][0]["reasons"]["QUIZ_NOT_PASSED"]), (0, &json!(300_000)));
    sound(&city).await;
    hand_in(&cadre, begin(&cadre).await, wrong()).await.must(200);
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 0);
    let attempt = begin(&cadre).await;
    let two_of_three = json!({"answers": [[1], [2, 0], [0]]});
    let (one, two) =
        tokio::join!(hand_in(&cadre, attempt, two_of_three.clone()), hand_in(&cadre, attempt, two_of_three.clone()));
    assert_eq!(
        (one.must(200).json()["passed"].clone(), two.must(200).json()["passed"].clone()),
        (json!(true), json!(true))
    );
    let after = archive(&city, &cadre).await;
    assert_eq!((credited_minutes(&after), after["entries"].as_array().unwrap().len()), (5, 2), "{after}");
    assert!(after.to_string().contains("随堂测验通过"), "{after}");
    assert!(after["reasons"].get("QUIZ_NOT_PASSED").is_none_or(|ms| ms == 0), "{}", after["reasons"]);
    sound(&city).await;
    watch(&city, &cadre, 7).await;
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 7, "watched again, only what is new counts");
    hand_in(&cadre, begin(&cadre).await, right()).await.must(200);
    assert_eq!(credited_minutes(&archive(&city, &cadre).await), 7, "a second pass gives nothing");
    sound(&city).await;
    let record = cadre.get("/record").await.must(200).text();
    assert!(record.contains("随堂测验 3/3 通过") && !record.contains("-5 分钟"), "{record}");
    let lesson = cadre.get("/lessons/east").await.must(200).text();
    assert!(
        lesson.contains("已通过") && !lesson.contains("才计学时") && !lesson.contains("随堂测验尚未通过"),
        "{lesson}"
    );
    let office = city.client("office").await;
    let query = format!("unit={}&year={}", city.units["东江县"], entity::Moment::now().year());
    let csv = office.get(&format!("/api/v1/reports/attendance.csv?{query}")).await.must(200).text();
    assert!(csv.contains("随堂测验通过"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_room_earns_its_hours_without_the_quiz() {
    let city = city(true).await;
    let site = city.client("site").await;
    let roster = json!({"lesson_id": city.lesson("east"), "mode": "group", "roster": [city.people["甲村韦大山"]]});
    let id = site.post("/api/v1/playback", roster).await.must(200).json()["session_id"].as_i64().unwrap();
    site.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    use sea_orm::sea_query::{Expr, ExprTrait};
    use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
    entity::presence::Entity::update_many()
        .col_expr(entity::presence::Column::ArrivedAt, Expr::col(entity::presence::Column::ArrivedAt).sub(300_000))
        .filter(entity::presence::Column::PlaybackId.eq(id))
        .exec(&city.db.write)
        .await
        .unwrap();
    site.beat(id, 2, 300_000, true).await.must(200);
    site.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    assert_eq!(credited_minutes(&archive(&city, &city.client("cadre").await).await), 5);
    sound(&city).await;
}
