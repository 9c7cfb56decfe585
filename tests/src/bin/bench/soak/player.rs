//! One player of the day: a phone, or a room with its people. It plays lesson after lesson, keeps every beat until it is
//! acknowledged, and writes down what was.

use super::line::{Effort, Line};
use entity::{AccountId, Moment, PersonId};
use serde_json::{Value, json};
use server::auth::token::Tokens;
use std::net::SocketAddr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;
use tokio::time::{Instant, sleep, sleep_until};

/// What is common to all players.
pub struct Day {
    /// The server.
    pub address: SocketAddr,
    /// Makes tokens.
    pub tokens: Tokens,
    /// Lessons, an hour long each.
    pub lessons: Vec<i64>,
    /// From beat to beat.
    pub beat: Duration,
    /// How long one lesson is watched.
    pub sitting: Duration,
    /// When no new lesson is begun.
    pub until: Instant,
    /// What they saw.
    pub seen: Seen,
}

/// What all players saw.
#[derive(Default)]
pub struct Seen {
    /// Beats acknowledged.
    pub beats: AtomicU64,
    /// Sessions begun and closed.
    pub sittings: AtomicU64,
    /// Answers "come again".
    pub busy: AtomicU64,
    /// Lines that broke.
    pub broken: AtomicU64,
    /// Answers that nobody expected.
    pub refused: AtomicU64,
    /// Milliseconds from a beat to its acknowledgement, since last asked.
    pub waits_ms: Mutex<Vec<u32>>,
    /// The highest beat acknowledged in each session.
    pub acknowledged: Mutex<Vec<(i64, i64)>>,
}

/// A phone, or a room.
pub struct Player {
    /// Who operates it.
    pub account: AccountId,
    /// The people of the room; nobody for a phone.
    pub room: Vec<PersonId>,
    /// Where it stands in the crowd, so that no two begin together.
    pub jitter: f64,
    /// A number of its own.
    pub seed: u64,
}

impl Player {
    /// Play until the day ends.
    pub async fn live(self, day: &Day) {
        let (mut line, mut turn) = (Line::to(day.address), 0u64);
        sleep(day.sitting.mul_f64(self.jitter)).await;
        while Instant::now() + day.beat * 3 < day.until {
            let lesson =
                day.lessons[(self.seed.wrapping_mul(31).wrapping_add(turn / 2) % day.lessons.len() as u64) as usize];
            self.sit(day, &mut line, lesson).await;
            turn += 1;
        }
    }

    async fn sit(&self, day: &Day, line: &mut Line, lesson: i64) {
        let token = day.tokens.issue(self.account, "soak", 0, Moment::now()).unwrap();
        let (late, there) = self.room.split_at(self.room.len().min(2));
        let begin = match self.room.is_empty() {
            true => json!({"lesson_id": lesson, "mode": "solo", "cached": true}),
            false => json!({"lesson_id": lesson, "mode": "group", "roster": there, "cached": true}),
        };
        let Some(begun) = self.say(day, line, "/api/v1/playback", &token, || begin.clone()).await else { return };
        let session = begun["session_id"].as_i64().unwrap();
        let (mut position, mut since, began) =
            (begun["resume_at_ms"].as_i64().unwrap(), Instant::now(), Instant::now());
        let end = (began + day.sitting).min(day.until);
        let (mut seq, mut next) = (0, began + day.beat);
        while next < end {
            sleep_until(next).await;
            seq += 1;
            let made = Instant::now();
            let at = position + made.duration_since(since).as_millis() as i64;
            let path = format!("/api/v1/playback/{session}/beat");
            let beat = || {
                json!({"seq": seq, "position_ms": at, "playing": true, "rate": 1.0,
                    "ago_ms": made.elapsed().as_millis() as u64, "touched": true})
            };
            if self.say(day, line, &path, &token, beat).await.is_none() {
                break;
            }
            day.seen.beats.fetch_add(1, Relaxed);
            day.seen.waits_ms.lock().unwrap().push(made.elapsed().as_millis() as u32);
            // Now and then somebody wants to see the last half minute once more.
            if (self.seed + seq as u64).is_multiple_of(17) {
                (position, since) = ((at - 30_000).max(0), made);
            }
            self.doors(day, line, session, &token, seq, late).await;
            next = (next + day.beat).max(Instant::now());
        }
        day.seen.acknowledged.lock().unwrap().push((session, seq));
        let close = format!("/api/v1/playback/{session}/close");
        self.say(day, line, &close, &token, || json!({})).await;
        day.seen.sittings.fetch_add(1, Relaxed);
    }

    /// Two people come late, and one of them leaves early.
    async fn doors(&self, day: &Day, line: &mut Line, session: i64, token: &str, seq: i64, late: &[PersonId]) {
        let path = format!("/api/v1/playback/{session}/attendance");
        let doors: &[(usize, &str)] = match seq {
            2 => &[(0, "arrive"), (1, "arrive")],
            5 => &[(1, "leave")],
            _ => &[],
        };
        for (who, action) in doors {
            if let Some(who) = late.get(*who) {
                self.say(day, line, &path, token, || json!({"person_id": who, "action": action})).await;
            }
        }
    }

    async fn say(
        &self,
        day: &Day,
        line: &mut Line,
        path: &str,
        token: &str,
        body: impl Fn() -> Value,
    ) -> Option<Value> {
        let mut effort = Effort::default();
        let (status, answer) = line.post(path, token, body, &mut effort).await;
        day.seen.busy.fetch_add(effort.busy, Relaxed);
        day.seen.broken.fetch_add(effort.broken, Relaxed);
        if status == 200 {
            return Some(answer);
        }
        if day.seen.refused.fetch_add(1, Relaxed) < 3 {
            println!("  refused: {path} {status} {answer}");
        }
        None
    }
}
