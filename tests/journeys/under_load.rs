//! Everything at once: beats, roll-calls, uploads, publishing and corrections of the archive; and kill -9 at random moments
//! of it, or a backup in the middle. A checker that was told of every acknowledged write looks for each of them: all are
//! there, and none is there twice.
//!
//! `TEST_KILLS` says how many times the server is killed; 12 when it says nothing.

mod checker;
mod load;

use checker::Acknowledged;
use entity::{LessonState, UnitId};
use load::Load;
use server::database::Database;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tests::city::{PASSWORD, on_postgres};
use tests::{City, Client, Process, Random, process};

/// Lessons that wait for their reviewer: more than can be published between two kills, for each of them.
const LESSONS_A_KILL: usize = 25;

#[tokio::test(flavor = "multi_thread")]
async fn whatever_was_acknowledged_is_there_once_however_often_the_server_is_killed() {
    let kills = std::env::var("TEST_KILLS").map_or(12, |kills| kills.parse().unwrap());
    let mut random = Random(SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_nanos() as u64);
    println!("{kills} kills, seed {}", random.0);
    let mut city = City::without_server().await;
    let corrected = load::entry_to_be_corrected(&city).await;
    let waiting = lessons_under_review(&mut city, kills * LESSONS_A_KILL).await;
    let acknowledged = Arc::new(Acknowledged::default());
    let mut load = Load::new(&mut city, waiting, corrected, acknowledged.clone()).await;
    for _ in 0..kills {
        let server = city.process(&[]);
        let running = load.begin(&server.url);
        tokio::time::sleep(Duration::from_millis(random.below(1500))).await;
        server.kill();
        load = running.ended().await;
    }
    // The last one lives: what was interrupted is brought to its end.
    let server = city.process(&[]);
    load.finish(&server.url, &acknowledged.so_far()).await;
    println!("{acknowledged}");
    acknowledged.must_be_enough(kills);
    acknowledged.so_far().must_be_there_once(&city.db.read).await;
    acknowledged.must_be_found(&load.reader(&server.url), &city.db.read).await;
    server.ask_to_stop();
    assert!(server.ended().success());
    assert!(archive::verify::ledger(&city.db.read, &|_, _| ()).await.unwrap().is_sound());
    let store = content::store::Store::open(&city.data).unwrap();
    let media = content::verify::verify(&city.db.write, &store, entity::Moment::now(), &|_| ()).await.unwrap();
    assert!(media.is_sound(), "{media}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_backup_taken_under_load_holds_whatever_was_acknowledged_before_it_began() {
    if on_postgres() {
        return; // the binary is given no PostgreSQL of its own here
    }
    let mut city = City::without_server().await;
    let corrected = load::entry_to_be_corrected(&city).await;
    let waiting = lessons_under_review(&mut city, 1000).await;
    let acknowledged = Arc::new(Acknowledged::default());
    let load = Load::new(&mut city, waiting, corrected, acknowledged.clone()).await;
    let folder = tempfile::tempdir().unwrap();
    let (backup, restored) = (folder.path().join("backup"), folder.path().join("restored"));
    let server = city.process(&[]);
    let trainer = Client::new(&server.url).sign_in("trainer", PASSWORD).await;
    let begun = trainer.begin_upload(&[7; 5000], 3000).await;
    let running = load.begin(&server.url);
    while !acknowledged.is_some_of_each() {
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    let before = acknowledged.so_far();
    let output = process::command(&city.data, &["backup", backup.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert!(acknowledged.so_far().asked.len() > before.asked.len(), "nothing was written meanwhile");
    server.kill();
    let load = running.ended().await;
    let output = process::command(&restored, &["restore", backup.to_str().unwrap()]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let server = Process::serve(&restored);
    load.finish(&server.url, &before).await;
    before.must_be_there_once(&Database::open(&restored, None).await.unwrap().read).await;
    load.must_go_on_from(&server.url, &before).await;
    let trainer = Client::new(&server.url).sign_in("trainer", PASSWORD).await;
    let offset = trainer.get(&format!("/api/v1/uploads/{begun}")).await.must(200).json()["offset"].clone();
    assert_eq!(offset, 3000, "what had come of an upload");
    server.ask_to_stop();
    assert!(server.ended().success());
    let output = process::command(&restored, &["verify"]);
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
}

async fn lessons_under_review(city: &mut City, count: usize) -> Vec<i64> {
    let unit: UnitId = city.units["东江县"];
    let course = city.course(unit).await;
    let row = |number: usize| {
        let (slug, title) = (format!("waiting-{number}"), format!("{}第{number}讲", checker::TITLE));
        City::lesson_row(course, &slug, number, &title, None, unit, LessonState::Review)
    };
    city.insert_lessons((0..count).map(row).collect()).await;
    (0..count).map(|number| city.lesson(&format!("waiting-{number}"))).collect()
}
