//! From SQLite to PostgreSQL: every row, the chain of the ledger and everybody's session come along.

use entity::{AccountId, Moment};
use reqwest::Method;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde_json::{Value, json};
use server::database::Database;
use std::path::Path;
use tests::city::{PASSWORD, on_postgres, pseudo_random, sha256};
use tests::postgres::Postgres;
use tests::{City, Client, Process, process, rows};

fn relocate(data: &Path, to: &str) -> (bool, String) {
    let output = process::command(data, &["move", "--to", to]);
    let said = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    (output.status.success(), said)
}

async fn sign_in(client: &Client, login: &str) -> Value {
    client.post("/api/v1/session", json!({"login": login, "password": PASSWORD})).await.must(200).json()
}

fn patch(trainer: &Client, path: &str, offset: usize, bytes: &[u8]) -> reqwest::RequestBuilder {
    trainer
        .request(Method::PATCH, path)
        .header("Tus-Resumable", "1.0.0")
        .header("Upload-Offset", offset)
        .header("Content-Type", "application/offset+octet-stream")
        .body(bytes.to_vec())
}

#[tokio::test(flavor = "multi_thread")]
async fn a_city_moves_to_postgresql_with_every_row_and_every_session() {
    if on_postgres() {
        return; // it begins on SQLite
    }
    let mut city = City::without_server().await;
    let before = Process::serve(&city.data);
    city.url = before.url.clone();
    let phone = sign_in(&city.stranger(), "cadre").await;
    let cadre = city.stranger().holding(phone["access_token"].as_str().unwrap());
    // A finished sitting in the ledger, and one that goes on.
    let posted = cadre.play(city.lesson("video")).await;
    cadre.beat(posted, 1, 0, true).await.must(200);
    city.let_pass(posted, 300_000).await;
    cadre.beat(posted, 2, 300_000, true).await.must(200);
    cadre.post(&format!("/api/v1/playback/{posted}/close"), json!({})).await.must(200);
    let open = cadre.play(city.lesson("article")).await;
    cadre.beat(open, 1, 0, true).await.must(200);
    let trainer = city.client("trainer").await;
    let file = pseudo_random(400_000);
    let announced = trainer.request(Method::POST, "/uploads").header("Tus-Resumable", "1.0.0");
    let announced = trainer.send(announced.header("Upload-Length", file.len())).await.must(201);
    let location = announced.header("location");
    let upload = location[location.find("/uploads/").unwrap()..].to_owned();
    trainer.send(patch(&trainer, &upload, 0, &file[..150_000])).await.must(204);
    // A number that was given once is not given again, though its row is gone.
    let gone = roster::account::NewAccount {
        login: "gone",
        password: None,
        person_id: None,
        device_id: None,
        must_change: false,
    };
    let gone = roster::account::create(&city.db.write, gone, None, Moment::now()).await.unwrap();
    entity::account::Entity::delete_by_id(gone).exec(&city.db.write).await.unwrap();

    let postgres = Postgres::start();
    city.db.read.clone().close().await.unwrap();
    city.db.write.clone().close().await.unwrap();
    let (moved, said) = relocate(&city.data, &postgres.url());
    assert!(!moved && said.contains("先停止服务"), "{said}");
    before.ask_to_stop();
    assert!(before.ended().success());
    let (moved, said) = relocate(&city.data, &postgres.url());
    assert!(moved && said.contains("database_url") && said.contains("核对无误"), "{said}");
    let (again, said) = relocate(&city.data, &postgres.url());
    assert!(!again && said.contains("不是空的"), "{said}");

    let (old, new) = (
        Database::open(&city.data, None).await.unwrap(),
        Database::open(&city.data, Some(&postgres.url())).await.unwrap(),
    );
    let columns = rows::columns(&old.read).await;
    assert_eq!(columns, rows::columns(&new.read).await);
    let (old_rows, new_rows) = (rows::all(&old.read, &columns).await, rows::all(&new.read, &columns).await);
    // What the databases note for running servers is theirs.
    for (table, rows) in old_rows.iter().filter(|(table, _)| *table != "directory_change") {
        assert_eq!(rows, &new_rows[table], "{table}");
    }
    assert!(
        ["beat", "ledger_entry", "refresh_token", "upload", "rule", "media"]
            .iter()
            .all(|table| !old_rows[*table].is_empty())
    );
    assert!(archive::verify::ledger(&new.read, &|_, _| ()).await.unwrap().is_sound());

    let settings = [("YUANJIAO_DATABASE_URL", postgres.url()), ("YUANJIAO_PREPARE_WORKERS", "0".to_owned())];
    let after = Process::serve_with(&city.data, &settings.each_ref().map(|(name, value)| (*name, value.as_str())));
    city.url = after.url.clone();
    let cadre = city.stranger().holding(phone["access_token"].as_str().unwrap());
    cadre.get("/api/v1/me").await.must(200);
    cadre.beat(open, 2, 1_000, true).await.must(200);
    let refreshed = json!({"refresh_token": phone["refresh_token"]});
    cadre.post("/api/v1/session/refresh", refreshed).await.must(200);
    assert!(cadre.play(city.lesson("video")).await > open);
    let trainer = city.stranger().holding(trainer.token.as_deref().unwrap());
    trainer.send(patch(&trainer, &upload, 150_000, &file[150_000..])).await.must(204);
    let done = trainer.uploaded(upload.trim_start_matches("/uploads/")).await;
    assert_eq!((&done["state"], &done["sha256"]), (&json!("complete"), &json!(sha256(&file))));
    let range = cadre.get_with(&format!("/media/{}", sha256(&city.video)), "Range", "bytes=5-9").await.must(206);
    assert!(range.body == city.video[5..=9]);
    let newest = roster::account::NewAccount {
        login: "newest",
        password: None,
        person_id: None,
        device_id: None,
        must_change: false,
    };
    let newest: AccountId = roster::account::create(&new.write, newest, None, Moment::now()).await.unwrap();
    assert!(newest.0 > gone.0);
    let credited = entity::ledger_entry::Entity::find().filter(entity::ledger_entry::Column::PlaybackId.eq(posted));
    assert!(credited.one(&new.read).await.unwrap().unwrap().credited_ms > 0);
}
