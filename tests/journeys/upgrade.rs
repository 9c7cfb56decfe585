//! Data of the first release comes through every migration since as it was, and the server of today serves on it.
//!
//! `first_release.sql` holds rows of every table of that schema, written by a city that watched, called the roll, held a
//! class, corrected an hour, published, uploaded and paired a terminal. It is never written anew: later servers write
//! otherwise.

use migrations::{Migrate, Migrator};
use sea_orm::{ConnectionTrait, EntityTrait, PaginatorTrait};
use secrecy::ExposeSecret;
use server::database::Database;
use tests::city::{Ground, PASSWORD, on_postgres, serve};
use tests::{Client, rows};

const ROWS: &str = include_str!("upgrade/first_release.sql");

#[tokio::test(flavor = "multi_thread")]
async fn rows_and_hashes_of_the_first_release_come_through_every_migration_and_are_served() {
    let ground = Ground::new().await;
    let url = ground.config.database_url.as_ref().map(|url| url.expose_secret().to_owned());
    let db = Database::open(&ground.config.data, url.as_deref()).await.unwrap();
    Migrator::up(&db.write, Some(1)).await.unwrap();
    db.write.execute_unprepared(ROWS).await.unwrap();
    let mut columns = rows::columns(&db.read).await;
    for (table, column) in DROPPED {
        columns.get_mut(table).unwrap().retain(|name| name != column);
    }
    if on_postgres() {
        go_on_numbering(&db, &columns).await;
    }
    let before = rows::all(&db.read, &columns).await;
    let empty: Vec<_> = before.iter().filter(|(_, rows)| rows.is_empty()).map(|(table, _)| table).collect();
    assert!(empty.is_empty() && before.len() >= 21, "nothing of the first release stands in {empty:?}");

    db.migrate().await.unwrap();
    assert!(rows::columns(&db.read).await.len() > columns.len(), "there was nothing to migrate");
    let after = rows::all(&db.read, &columns).await;
    for (table, rows) in &before {
        assert_eq!(rows, &after[table], "{table}");
    }
    let ledger = archive::verify::ledger(&db.read, &|_, _| ()).await.unwrap();
    assert!(ledger.is_sound() && ledger.recomputed > 0, "{ledger}");

    let url = serve(ground.config.clone()).await;
    let cadre = Client::new(&url).sign_in("cadre", PASSWORD).await;
    let person = cadre.get("/api/v1/me").await.must(200).json()["person_id"].clone();
    let record = cadre.get(&format!("/api/v1/people/{person}/archive?year=2026")).await.must(200).json();
    let credited: i64 =
        record["entries"].as_array().unwrap().iter().map(|entry| entry["credited_ms"].as_i64().unwrap()).sum();
    let posted = entity::ledger_entry::Entity::find().all(&db.read).await.unwrap();
    let mine = posted.iter().filter(|entry| serde_json::json!(entry.person_id) == person);
    assert_eq!(credited, mine.map(|entry| entry.credited_ms).sum::<i64>());
    assert!(credited > 0);
    let found = cadre.get("/api/v1/search?q=%E6%B2%99%E7%B3%96%E6%A1%94").await.must(200).json();
    let lesson = found["hits"][0]["lesson_id"].as_i64().unwrap();
    let session = cadre.play(lesson).await;
    cadre.beat(session, 1, 0, true).await.must(200);
    let sessions = entity::playback::Entity::find().count(&db.read).await.unwrap();
    assert_eq!(sessions, before["playback"].len() as u64 + 1, "a number was given twice");
}

/// What a later release has no use for: wrong passwords are counted elsewhere, by what was typed.
const DROPPED: [(&str, &str); 2] = [("account", "failed_count"), ("account", "failed_at")];

/// The rows were given their numbers, which PostgreSQL does not count.
async fn go_on_numbering(db: &Database, columns: &rows::Columns) {
    for (table, _) in columns.iter().filter(|(_, names)| names.iter().any(|name| name == "id")) {
        let set = format!(
            "SELECT setval(pg_get_serial_sequence('\"{table}\"', 'id'), (SELECT max(id::bigint) FROM \"{table}\")) \
             WHERE pg_get_serial_sequence('\"{table}\"', 'id') IS NOT NULL"
        );
        db.write.execute_unprepared(&set).await.unwrap();
    }
}
