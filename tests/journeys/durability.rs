//! Nothing acknowledged is lost: kill -9 in a stream of beats, and two hundred learners at once.

use sea_orm::{EntityTrait, PaginatorTrait};
use serde_json::json;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering::SeqCst};
use std::time::{Duration, Instant};
use tests::{City, Client, PATIENCE, Process};

#[tokio::test(flavor = "multi_thread")]
async fn every_acknowledged_beat_is_there_after_kill_9() {
    if tests::city::on_postgres() {
        return; // the process under test opens its own SQLite file; on PostgreSQL durability is the server's
    }
    let mut city = City::without_server().await;
    let mut acknowledged = Vec::new();
    for round in 0..3 {
        let process = Process::serve(&city.data);
        city.url = process.url.clone();
        let learners: Vec<_> = {
            let mut learners = Vec::new();
            for number in 0..8 {
                let client = city.learner(round * 8 + number).await;
                let session = client.play(city.lesson("video")).await;
                learners.push((client, session, Arc::new(AtomicI64::new(0))));
            }
            learners
        };
        let tasks: Vec<_> = learners
            .iter()
            .cloned()
            .map(|(client, session, last)| tokio::spawn(stream(client, session, last)))
            .collect();
        let heard = || learners.iter().map(|(_, _, last)| last.load(SeqCst)).sum::<i64>();
        let began = Instant::now();
        while heard() < 20 {
            assert!(began.elapsed() < PATIENCE, "no beat was acknowledged");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
        tokio::time::sleep(Duration::from_millis(400 + 150 * round as u64)).await;
        process.kill();
        for task in tasks {
            let _ = task.await;
        }
        acknowledged.extend(learners.into_iter().map(|(_, session, last)| (session, last.load(SeqCst))));
    }
    let process = Process::serve(&city.data);
    let stored = entity::beat::Entity::find().all(&city.db.read).await.unwrap();
    process.kill();
    let total: i64 = acknowledged.iter().map(|(_, last)| last).sum();
    assert!(total > 50, "only {total} beats were acknowledged: the test proves nothing");
    for (session, last) in acknowledged {
        let count = stored.iter().filter(|beat| beat.playback_id.0 == session && beat.seq <= last).count();
        assert_eq!(i64::try_from(count).unwrap(), last, "session {session}");
    }
}

/// Beats one after another until the server is gone; `last` is the highest acknowledged one.
async fn stream(client: Client, session: i64, last: Arc<AtomicI64>) {
    for seq in 1.. {
        let body = json!({"seq": seq, "position_ms": seq * 10, "playing": true, "rate": 1.0});
        let request = client.request(reqwest::Method::POST, &format!("/api/v1/playback/{session}/beat")).json(&body);
        match request.send().await {
            Ok(answer) if answer.status() == 200 => last.store(seq, SeqCst),
            _ => return,
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_learners_at_once_never_meet_a_locked_database() {
    let city = Arc::new(City::start().await);
    let video = city.lesson("video");
    let mut clients = Vec::new();
    for number in 0..20 {
        clients.push(city.learner(number).await);
    }
    let tasks: Vec<_> = (0..200)
        .map(|number| {
            let client = clients[number % clients.len()].clone();
            tokio::spawn(async move {
                let session = client.play(video).await;
                for seq in 1..=5 {
                    client.beat(session, seq, seq * 10, true).await.must(200);
                }
                client.post(&format!("/api/v1/playback/{session}/close"), json!({})).await.must(200);
            })
        })
        .collect();
    for task in tasks {
        task.await.unwrap();
    }
    assert_eq!(entity::beat::Entity::find().count(&city.db.read).await.unwrap(), 1000);
}
