//! The machine's clock stepped by an hour, either way, while people watch: back, nobody's minutes are lost; forwards, none
//! are made up.

use serde_json::json;
use std::path::{Path, PathBuf};
use tests::{Answer, City, Client};

/// What shows a process another time of day than the machine's. The running clock stays the machine's, as when somebody
/// sets the date.
fn library() -> PathBuf {
    let folders = std::fs::read_dir("/usr/lib").unwrap().flatten();
    let library = folders.map(|folder| folder.path().join("faketime/libfaketime.so.1")).find(|path| path.exists());
    library.expect("apt-get install faketime")
}

/// Sets the clock of the server that looks at this file, which never sees it half written.
fn set(clock: &Path, offset_s: i64) {
    let new = clock.with_extension("new");
    std::fs::write(&new, format!("{offset_s:+}\n")).unwrap();
    std::fs::rename(new, clock).unwrap();
}

fn totals(answer: &Answer) -> (i64, i64) {
    let answer = answer.json();
    (answer["credited_ms"].as_i64().unwrap(), answer["claimed_ms"].as_i64().unwrap())
}

/// A minute passes and the playhead with it, and somebody touches the player; answers what is credited by then.
async fn watch_a_minute(city: &City, cadre: &Client, session: i64, minute: i64) -> i64 {
    city.let_pass(session, 60_000).await;
    let beat =
        json!({"seq": minute + 1, "position_ms": minute * 60_000, "playing": true, "rate": 1.0, "touched": true});
    let told = cadre.post(&format!("/api/v1/playback/{session}/beat"), beat).await.must(200);
    let (credited, claimed) = totals(&told);
    assert_eq!(claimed, minute * 60_000, "{}", told.text());
    credited
}

#[tokio::test(flavor = "multi_thread")]
async fn an_hour_forwards_or_back_neither_loses_minutes_nor_makes_them_up() {
    let mut city = City::without_server().await;
    let clock = city.data.join("clock");
    set(&clock, 0);
    let (library, file) = (library(), clock.display().to_string());
    let settings = [
        ("LD_PRELOAD", library.to_str().unwrap()),
        ("FAKETIME_TIMESTAMP_FILE", file.as_str()),
        ("FAKETIME_NO_CACHE", "1"),
        ("FAKETIME_DONT_FAKE_MONOTONIC", "1"),
    ];
    let server = city.process(&settings);
    city.url = server.url.clone();
    city.let_every_second_count().await; // also those of a day that begins within the hour
    let cadre = city.client("cadre").await;
    let session = cadre.play(city.lesson("video")).await;
    cadre.beat(session, 1, 0, true).await.must(200);
    assert_eq!(watch_a_minute(&city, &cadre, session, 1).await, 60_000);
    set(&clock, -3600);
    for minute in 2..4 {
        assert_eq!(watch_a_minute(&city, &cadre, session, minute).await, minute * 60_000);
    }
    // Forwards an hour has passed for the server: the access token is over, and of the minute that was under way counts
    // what lies before the idle check that nobody seems to have answered.
    set(&clock, 3600);
    cadre.get("/api/v1/me").await.must(401);
    let cadre = city.client("cadre").await;
    let across = watch_a_minute(&city, &cadre, session, 4).await;
    assert!((180_000..=240_000).contains(&across), "{across}");
    assert_eq!(watch_a_minute(&city, &cadre, session, 5).await, across + 60_000);
    let closed = cadre.post(&format!("/api/v1/playback/{session}/close"), json!({})).await.must(200);
    assert_eq!(totals(&closed), (across + 60_000, 300_000), "{}", closed.text());
    use sea_orm::EntityTrait;
    let entries = entity::ledger_entry::Entity::find().all(&city.db.read).await.unwrap();
    let sum = entries
        .iter()
        .fold((0, 0), |(credited, claimed), entry| (credited + entry.credited_ms, claimed + entry.claimed_ms));
    assert_eq!(sum, (across + 60_000, 300_000), "{entries:?}");
    assert!(archive::verify::ledger(&city.db.read, &|_, _| ()).await.unwrap().is_sound());
}
