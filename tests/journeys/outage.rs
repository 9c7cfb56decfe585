//! The database away for a while: a calm refusal that says when to come again, and everything back by itself.

use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter};
use serde_json::json;
use std::time::Instant;
use tests::city::{Ground, on_postgres, serve};
use tests::postgres::Postgres;
use tests::{Answer, City, PATIENCE};

#[track_caller]
fn told_to_come_again(answer: Answer) {
    let answer = answer.must(503);
    assert_eq!(answer.code(), "busy");
    assert!(!answer.header("retry-after").is_empty());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_is_away_is_waited_for_and_loses_no_acknowledged_beat() {
    if !on_postgres() {
        return; // SQLite is a part of the server
    }
    let (postgres, mut ground) = (Postgres::start(), Ground::new().await);
    ground.config.database_url = Some(postgres.url().into());
    let mut city = City::on(ground).await;
    city.url = serve(city.config.clone()).await;
    let (cadre, trainer) = (city.client("cadre").await, city.client("trainer").await);
    let session = cadre.play(city.lesson("video")).await;
    let mut seq = 1;
    for _ in 0..2 {
        for _ in 0..5 {
            cadre.beat(session, seq, seq * 10, true).await.must(200);
            seq += 1;
        }
        postgres.fail();
        let page = cadre.request(Method::GET, "/lessons/video").header("Accept", "text/html");
        let stranger = city.stranger();
        let (page, beat, lesson, sign_in, upload, ready, alive) = tokio::join!(
            cadre.send(page),
            cadre.beat(session, seq, seq * 10, true),
            trainer.get("/api/v1/courses"),
            stranger.post("/api/v1/session", json!({"login": "cadre", "password": tests::city::PASSWORD})),
            trainer.send(
                trainer.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0").header("Upload-Length", 5)
            ),
            cadre.get("/readyz"),
            cadre.get("/healthz"),
        );
        for refused in [beat, lesson, sign_in, upload, ready] {
            told_to_come_again(refused);
        }
        alive.must(200);
        let page = page.must(503);
        assert!(page.header("content-type").starts_with("text/html") && !page.header("retry-after").is_empty());
        assert!(page.text().contains("请稍后再试"), "{}", page.text());
        postgres.begin();
        let begun = Instant::now();
        while cadre.get("/readyz").await.status != 200 {
            assert!(begun.elapsed() < PATIENCE, "never ready again");
        }
        cadre.beat(session, seq, seq * 10, true).await.must(200);
        seq += 1;
        city.client("cadre").await.get("/api/v1/me").await.must(200);
        let mine = entity::beat::Entity::find().filter(entity::beat::Column::PlaybackId.eq(session));
        assert_eq!(mine.count(&city.db.read).await.unwrap(), u64::try_from(seq - 1).unwrap());
    }
}
