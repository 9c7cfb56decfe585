//! A city's day: every classroom and every phone at once, the server killed in the middle of it, and at the end every
//! acknowledged beat looked for and every hour counted again.
//!
//! Time is the server's own and cannot be sped up honestly. What is sped up is what a day consists of: a sitting lasts
//! minutes and not an hour, and beats come every few seconds.

mod audit;
mod line;
mod player;

use super::crowd;
use entity::{Moment, Role};
use player::{Day, Player, Seen};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering::Relaxed;
use std::time::Duration;
use tests::city::City;
use tests::load::{cpu_seconds, own_memory, resident};
use tests::process::Process;
use tokio::time::{Instant, sleep};

/// Classrooms of the city, and people in each.
const ROOMS: usize = 938;
const IN_A_ROOM: usize = 10;
/// Village cadres with a phone.
const PHONES: usize = 8_898;
/// Lessons that are watched, an hour long each.
const LESSONS: usize = 12;
/// Between two lines of the report.
const LINE: Duration = Duration::from_secs(30);

/// Let the day pass and print what was seen.
pub async fn pass(minutes: u64, beat_s: f64, sitting_s: u64) {
    let mut city = City::without_server().await;
    let (players, lessons) = crowd(&mut city).await;
    let mut server = Process::serve(&city.data);
    let address: SocketAddr = server.url.trim_start_matches("http://").parse().unwrap();
    let (beat, sitting) = (Duration::from_secs_f64(beat_s), Duration::from_secs(sitting_s));
    println!(
        "\nsoak: {ROOMS} classrooms of {IN_A_ROOM} and {PHONES} phones, a beat every {beat_s} s ({:.0}/s, {:.0} x a city's \
         every 15 s), sittings of {sitting_s} s, {minutes} minutes; kill -9 in the middle",
        players.len() as f64 / beat_s,
        15.0 / beat_s
    );
    let began = Instant::now();
    let until = began + Duration::from_secs(60 * minutes);
    let tokens = city.tokens();
    let day = Arc::new(Day { address, tokens, lessons, beat, sitting, until, seen: Seen::default() });
    let all: Vec<_> = players
        .into_iter()
        .map(|player| {
            let day = day.clone();
            tokio::spawn(async move { player.live(&day).await })
        })
        .collect();
    println!(
        "{:>6} {:>9} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>12} {:>9} {:>6}",
        "at s", "beats/s", "sittings", "p50 ms", "p99 ms", "busy", "broken", "refused", "resident MB", "own MB", "cpu"
    );
    let mut killed = false;
    let (mut beats, mut cpu) = (0, cpu_seconds(&[server.id()]));
    while Instant::now() + LINE <= until {
        sleep(LINE).await;
        line(&day.seen, began, &server, &mut beats, &mut cpu);
        if !killed && began.elapsed() >= Duration::from_secs(30 * minutes) {
            killed = true;
            server.kill();
            let dead = Instant::now();
            server = Process::serve_at(&city.data, address);
            println!("       kill -9, and answering again after {} ms", dead.elapsed().as_millis());
            cpu = cpu_seconds(&[server.id()]);
        }
    }
    for player in all {
        player.await.unwrap();
    }
    audit::posted(&city).await;
    drop(server);
    judge(&city, &day.seen).await;
}

async fn crowd(city: &mut City) -> (Vec<Player>, Vec<i64>) {
    let lessons: Vec<i64> = {
        let unit = city.units["桂岭市"];
        let blob =
            city.blob(&tests::city::pseudo_random(100_000), "video/mp4", "soak.mp4", unit, Some(3_600_000)).await;
        let course = city.course(unit).await;
        let row = |number: usize| {
            let (slug, title) = (format!("soak-{number}"), format!("整日课程{number}"));
            let media = Some((blob.clone(), 3_600_000));
            City::lesson_row(course, &slug, number, &title, media, unit, entity::LessonState::Published)
        };
        city.insert_lessons((0..LESSONS).map(row).collect()).await;
        (0..LESSONS).map(|number| city.lesson(&format!("soak-{number}"))).collect()
    };
    archive::rules::ensure_presets(&city.db.write, city.units["桂岭市"], Moment::now()).await.unwrap();
    city.let_every_second_count().await; // what is too short counts with a later sitting; marks know nothing of that
    let villages = crowd::villages(city, ROOMS).await;
    let managers: Vec<_> = villages.iter().map(|unit| (None, *unit)).collect();
    let managers = crowd::accounts(city, Role::SiteManager, &managers).await;
    let homes: Vec<_> = (0..ROOMS * IN_A_ROOM).map(|number| villages[number / IN_A_ROOM]).collect();
    let neighbours = crowd::people(city, &homes).await;
    let homes: Vec<_> = (0..PHONES).map(|number| villages[number % ROOMS]).collect();
    let cadres = crowd::people(city, &homes).await;
    let cadres: Vec<_> = cadres.into_iter().map(Some).zip(homes).collect();
    let phones = crowd::accounts(city, Role::Learner, &cadres).await;
    let rooms = managers.into_iter().zip(neighbours.chunks(IN_A_ROOM).map(<[_]>::to_vec));
    let alone = phones.into_iter().map(|account| (account, Vec::new()));
    let players = rooms.chain(alone).enumerate().map(|(number, (account, room))| {
        let jitter = number.wrapping_mul(7_919) % 10_007;
        Player { account, room, jitter: jitter as f64 / 10_007.0, seed: number as u64 }
    });
    (players.collect(), lessons)
}

fn line(seen: &Seen, began: Instant, server: &Process, beats: &mut u64, cpu: &mut f64) {
    let mut waits = std::mem::take(&mut *seen.waits_ms.lock().unwrap());
    waits.sort_unstable();
    let at = |share: f64| waits.get((waits.len().saturating_sub(1) as f64 * share) as usize).copied().unwrap_or(0);
    let (now, spent) = (seen.beats.load(Relaxed), cpu_seconds(&[server.id()]));
    println!(
        "{:>6.0} {:>9.0} {:>9} {:>8} {:>8} {:>8} {:>8} {:>8} {:>12.0} {:>9.0} {:>5.0}%",
        began.elapsed().as_secs_f64(),
        (now - *beats) as f64 / LINE.as_secs_f64(),
        seen.sittings.load(Relaxed),
        at(0.5),
        at(0.99),
        seen.busy.load(Relaxed),
        seen.broken.load(Relaxed),
        seen.refused.load(Relaxed),
        resident(server.id()) as f64 / 1e6,
        own_memory(server.id()) as f64 / 1e6,
        (spent - *cpu) / LINE.as_secs_f64() * 100.0
    );
    (*beats, *cpu) = (now, spent);
}

async fn judge(city: &City, seen: &Seen) {
    let acknowledged = std::mem::take(&mut *seen.acknowledged.lock().unwrap());
    let beats: i64 = acknowledged.iter().map(|(_, last)| last).sum();
    let lost = audit::lost(city, &acknowledged).await;
    println!("  {beats} beats acknowledged in {} sittings, {lost} of them lost", acknowledged.len());
    let sums = audit::sums(city).await;
    println!(
        "  {} people, {:.1} credited hours; {} sums differ from the spans counted millisecond by millisecond, {} entries \
         do not add up",
        sums.people, sums.hours, sums.differ, sums.unbalanced
    );
    assert!(lost == 0 && sums.differ == 0 && sums.unbalanced == 0, "the day did not hold");
}
