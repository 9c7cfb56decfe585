//! Journey 3: beats become hours in the training archive, each second credited or explained, the same everywhere.

use calamine::{Data, Reader, Xlsx};
use serde_json::{Value, json};
use std::io::Cursor;
use tests::{City, Client};

async fn watch(city: &City, client: &Client, lesson: i64, minutes: i64) -> i64 {
    let id = client.play(lesson).await;
    client.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, minutes * 60_000).await;
    client.beat(id, 2, minutes * 60_000, true).await.must(200);
    client.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    id
}

async fn me(client: &Client) -> i64 {
    client.get("/api/v1/me").await.must(200).json()["person_id"].as_i64().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn watched_minutes_are_in_the_archive_when_the_session_closes() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    watch(&city, &cadre, city.lesson("video"), 5).await;
    let record = cadre.get(&format!("/api/v1/people/{}/archive", me(&cadre).await)).await.must(200).json();
    let entry = &record["entries"][0];
    assert_eq!((&entry["source"], &entry["credited_ms"]), (&json!("solo"), &json!(300_000)));
    let standing = record["standing"].as_array().unwrap();
    assert!(standing.iter().any(|rule| rule.to_string().contains("56")), "{standing:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn seeking_forging_and_replaying_earn_nothing() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    let jumped = cadre.beat(id, 2, 590_000, true).await.must(200).json();
    assert!(jumped["credited_ms"].as_i64().unwrap() < 2_000, "{jumped}");
    conserves(&jumped);
    for seq in 3..200 {
        conserves(&cadre.beat(id, seq, (seq * 3_000) % 600_000, true).await.must(200).json());
    }
    let forged = cadre.beat(id, 200, 600_000, true).await.must(200).json();
    assert!(forged["credited_ms"].as_i64().unwrap() < 10_000, "{forged}");
    let other = city.learner(1).await;
    other.beat(id, 201, 600_000, true).await.must(404);
}

fn conserves(totals: &Value) {
    let reasons: i64 = totals["reasons"].as_object().unwrap().values().map(|ms| ms.as_i64().unwrap()).sum();
    assert_eq!(totals["credited_ms"].as_i64().unwrap() + reasons, totals["claimed_ms"].as_i64().unwrap(), "{totals}");
}

#[tokio::test(flavor = "multi_thread")]
async fn resent_and_reordered_beats_change_nothing() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 60_000).await;
    let third = cadre.beat(id, 3, 60_000, true).await.must(200).json();
    for seq in [1, 2, 3, 2, 3] {
        let again = cadre.beat(id, seq, seq * 20_000, true).await.must(200).json();
        assert_eq!(again["credited_ms"], third["credited_ms"]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn playing_resumes_on_another_device_and_the_first_one_stops_counting() {
    let city = City::start().await;
    let (phone, desk) = (city.client("cadre").await, city.client("cadre").await);
    let began = std::time::Instant::now();
    let first = phone.play(city.lesson("video")).await;
    phone.beat(first, 1, 0, true).await.must(200);
    city.let_pass(first, 120_000).await;
    phone.beat(first, 2, 120_000, true).await.must(200);
    let body = json!({"lesson_id": city.lesson("video"), "mode": "solo"});
    let begun = desk.post("/api/v1/playback", body).await.must(200).json();
    let took_ms = i64::try_from(began.elapsed().as_millis()).unwrap();
    assert_eq!(begun["resume_at_ms"], 120_000);
    city.let_pass(first, 60_000).await;
    let late = phone.beat(first, 3, 180_000, true).await.must(200).json();
    assert_eq!(late["superseded"], true);
    let (credited, elsewhere) =
        (late["credited_ms"].as_i64().unwrap(), late["reasons"]["SECOND_DEVICE"].as_i64().unwrap());
    assert!((120_000..121_000 + took_ms).contains(&credited), "{late}"); // up to the moment the desk took over
    assert_eq!(credited + elsewhere, 180_000, "{late}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_withdrawn_while_it_plays_counts_to_the_end_and_begins_no_more() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let lesson = city.lesson("east");
    let id = cadre.play(lesson).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    let reason = json!({"reason": "政策已更新"});
    city.client("reviewer").await.post(&format!("/api/v1/lessons/{lesson}/withdraw"), reason).await.must(200);
    city.let_pass(id, 300_000).await;
    let totals = cadre.beat(id, 2, 300_000, true).await.must(200).json();
    assert_eq!(totals["credited_ms"], 300_000);
    cadre.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let record = cadre.get(&format!("/api/v1/people/{}/archive", me(&cadre).await)).await.must(200).json();
    assert_eq!(record["entries"][0]["credited_ms"], 300_000);
    cadre.post("/api/v1/playback", json!({"lesson_id": lesson, "mode": "solo"})).await.must(404);
}

#[tokio::test(flavor = "multi_thread")]
async fn hours_of_a_day_of_transfer_stay_with_the_person_and_name_the_village_they_were_earned_in() {
    use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, QueryOrder, Set};
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    let person = city.people["甲村韦大山"];
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    let row = entity::person::Entity::find_by_id(person).one(&city.db.read).await.unwrap().unwrap();
    let mut moved = row.into_active_model();
    moved.unit_id = Set(city.units["丙村"]);
    moved.update(&city.db.write).await.unwrap();
    city.let_pass(id, 300_000).await;
    cadre.beat(id, 2, 300_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let entries = entity::ledger_entry::Entity::find();
    let entry = entries.order_by_desc(entity::ledger_entry::Column::Seq).one(&city.db.read).await.unwrap().unwrap();
    assert_eq!((entry.person_id, entry.unit_id, entry.credited_ms), (person, city.units["甲村"], 300_000));
}

#[tokio::test(flavor = "multi_thread")]
async fn watching_the_same_part_twice_in_a_day_counts_once() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    watch(&city, &cadre, city.lesson("video"), 5).await;
    let id = cadre.play(city.lesson("video")).await;
    cadre.beat(id, 1, 0, true).await.must(200);
    city.let_pass(id, 300_000).await;
    cadre.beat(id, 2, 300_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{id}/close"), json!({})).await.must(200);
    let record = cadre.get(&format!("/api/v1/people/{}/archive", me(&cadre).await)).await.must(200).json();
    let credited: i64 =
        record["entries"].as_array().unwrap().iter().map(|entry| entry["credited_ms"].as_i64().unwrap()).sum();
    assert_eq!(credited, 300_000, "{record}");
}

#[tokio::test(flavor = "multi_thread")]
async fn page_api_csv_and_xlsx_show_the_same_hours() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    watch(&city, &cadre, city.lesson("video"), 9).await;
    let office = city.client("office").await;
    let (unit, year) = (city.units["东江县"], entity::Moment::now().year());
    let query = format!("unit={unit}&year={year}");
    let report = office.get(&format!("/api/v1/reports/hours.json?{query}")).await.must(200).text();
    assert!(report.contains("甲村韦大山"), "{report}");
    let csv = office.get(&format!("/api/v1/reports/hours.csv?{query}")).await.must(200);
    assert!(csv.body.starts_with(b"\xef\xbb\xbf"), "no byte order mark");
    assert!(csv.header("content-disposition").contains("filename*=UTF-8''"), "{}", csv.header("content-disposition"));
    let csv = csv.text();
    let row = csv.lines().find(|line| line.contains("甲村韦大山")).unwrap();
    assert!(row.contains("04501000"), "the code lost its zero: {row}");
    assert!(row.contains("0.20"), "9 minutes are 0.20 credit hours of 45 minutes: {row}");
    let xlsx = office.get(&format!("/api/v1/reports/hours.xlsx?{query}")).await.must(200);
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(xlsx.body)).unwrap();
    let sheet = book.worksheet_range_at(0).unwrap().unwrap();
    let cells = sheet.rows().find(|row| row.iter().any(|cell| cell == &Data::String("甲村韦大山".into()))).unwrap();
    assert!(cells.iter().any(|cell| cell.to_string().starts_with("04501000")), "{cells:?}");
    assert!(cells.iter().any(|cell| matches!(cell, Data::Float(hours) if (*hours - 0.2).abs() < 1e-9)), "{cells:?}");
    let page = cadre.get("/record").await.must(200).text();
    assert!(page.contains("0.20"), "the page shows another number");
    for kind in ["attendance", "assessment"] {
        for format in ["json", "csv", "xlsx"] {
            office.get(&format!("/api/v1/reports/{kind}.{format}?{query}")).await.must(200);
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_name_cannot_become_a_formula_in_the_export() {
    use sea_orm::{ActiveModelTrait, EntityTrait, IntoActiveModel, Set};
    let city = City::start().await;
    let person =
        entity::person::Entity::find_by_id(city.people["甲村韦大山"]).one(&city.db.read).await.unwrap().unwrap();
    let mut person = person.into_active_model();
    person.name = Set("=HYPERLINK(\"http://evil\",\"x\")".into());
    person.update(&city.db.write).await.unwrap();
    let unit = city.units["东江县"];
    let csv = city
        .client("office")
        .await
        .get(&format!("/api/v1/reports/hours.csv?unit={unit}&year=2026"))
        .await
        .must(200)
        .text();
    assert!(csv.contains("'=HYPERLINK") && !csv.contains(",=HYPERLINK") && !csv.contains(",\"=HYPERLINK"), "{csv}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_correction_is_a_new_entry_that_the_person_sees() {
    let city = City::start().await;
    let cadre = city.client("cadre").await;
    watch(&city, &cadre, city.lesson("video"), 5).await;
    let person = me(&cadre).await;
    let before = cadre.get(&format!("/api/v1/people/{person}/archive")).await.json();
    let seq = before["entries"][0]["seq"].as_i64().unwrap();
    let body = json!({"credited_delta_ms": -60_000, "reason": "该时段停电，经村委会证实"});
    let office = city.client("office").await;
    office.post(&format!("/api/v1/ledger/{seq}/corrections"), body.clone()).await.must(201);
    city.client("office-b").await.post(&format!("/api/v1/ledger/{seq}/corrections"), body).await.must(404);
    let after = cadre.get(&format!("/api/v1/people/{person}/archive")).await.json();
    assert_eq!(after["entries"].as_array().unwrap().len(), 2);
    assert!(after.to_string().contains("停电"));
}
