//! kill -9 at random moments of everything at once: beats, roll-calls, uploads, publishing and corrections of the archive.
//! A checker that was told of every acknowledged write looks for each of them: all are there, and none is there twice.
//!
//! `TEST_KILLS` says how many times the server is killed; 12 when it says nothing.

mod checker;
mod load;

use checker::Acknowledged;
use entity::{LessonState, UnitId};
use load::Load;
use secrecy::ExposeSecret;
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tests::{City, Process};

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
        let server = serve(&city);
        let running = load.begin(&server.url);
        tokio::time::sleep(Duration::from_millis(random.below(1500))).await;
        server.kill();
        load = running.ended().await;
    }
    // The last one lives: what was interrupted is brought to its end.
    let server = serve(&city);
    load.finish(&server.url).await;
    println!("{acknowledged}");
    acknowledged.must_be_enough(kills);
    acknowledged.must_be_there_once(&city).await;
    acknowledged.must_be_found(&load.reader(&server.url), &city).await;
    server.ask_to_stop();
    assert!(server.ended().success());
    assert!(archive::verify::ledger(&city.db.read, &|_, _| ()).await.unwrap().is_sound());
    let store = content::store::Store::open(&city.data).unwrap();
    let media = content::verify::verify(&city.db.write, &store, entity::Moment::now(), &|_| ()).await.unwrap();
    assert!(media.is_sound(), "{media}");
}

/// A server of this city, on whatever database it is.
fn serve(city: &City) -> Process {
    let mut settings = vec![("YUANJIAO_PREPARE_WORKERS", "0")];
    let database = city.config.database_url.as_ref();
    settings.extend(database.map(|url| ("YUANJIAO_DATABASE_URL", url.expose_secret())));
    Process::serve_with(&city.data, &settings)
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

/// A xorshift: any numbers do that nobody has chosen.
struct Random(u64);

impl Random {
    fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
