//! Everything at once, each by somebody of their own who goes on after a kill where they were: what was not answered is
//! sent again where sending twice must change nothing, and never again where it would.

use super::checker::{Acknowledged, Told};
use archive::classes::{Attended, NewClass};
use entity::{AccountId, Moment, PersonId, UnitLevel};
use reqwest::Method;
use serde_json::{Value, json};
use server::auth::token::Tokens;
use std::sync::Arc;
use tests::city::{pseudo_random, sha256};
use tests::{Answer, City, Client};
use tokio::task::JoinHandle;

/// Learners who watch.
const LEARNERS: usize = 4;
/// Bytes of an upload, and of a piece of it.
const FILE: usize = 120_000;
const PIECE: usize = 30_000;

/// The people and where they are.
pub struct Load {
    tokens: Tokens,
    reader: AccountId,
    actors: Vec<(AccountId, Actor)>,
    acknowledged: Arc<Acknowledged>,
}

/// The same while they act.
pub struct Running {
    tokens: Tokens,
    reader: AccountId,
    acknowledged: Arc<Acknowledged>,
    tasks: Vec<JoinHandle<(AccountId, Actor)>>,
}

/// Somebody who writes.
enum Actor {
    Learner { lesson: i64, session: Option<i64>, seq: i64 },
    Room { lesson: i64, people: [PersonId; 3], session: Option<i64>, step: usize },
    Uploader { number: usize, current: Option<Upload> },
    Reviewer { waiting: Vec<i64> },
    Assessor { entry: i64, number: usize },
}

struct Upload {
    path: String,
    bytes: Vec<u8>,
    /// What the server has; `None` after a kill, until it is asked.
    offset: Option<usize>,
}

impl Load {
    pub async fn new(city: &mut City, waiting: Vec<i64>, entry: i64, acknowledged: Arc<Acknowledged>) -> Self {
        let mut actors = Vec::new();
        for number in 0..LEARNERS {
            let learner = Actor::Learner { lesson: city.lesson("video"), session: None, seq: 0 };
            actors.push((city.learner_account(number).await, learner));
        }
        let people = ["甲村韦大山", "甲村覃小梅", "甲村黄志强"].map(|name| city.people[name]);
        let room = Actor::Room { lesson: city.lesson("video"), people, session: None, step: 0 };
        actors.push((city.accounts["site"], room));
        actors.push((city.accounts["trainer"], Actor::Uploader { number: 0, current: None }));
        actors.push((city.accounts["reviewer"], Actor::Reviewer { waiting }));
        actors.push((city.accounts["office"], Actor::Assessor { entry, number: 0 }));
        Self { tokens: city.tokens(), reader: city.accounts["cadre"], actors, acknowledged }
    }

    /// Let all of them act on this server until it is gone.
    pub fn begin(self, url: &str) -> Running {
        let act = |(account, mut actor): (AccountId, Actor)| {
            let (client, acknowledged) = (signed_in(&self.tokens, url, account), self.acknowledged.clone());
            tokio::spawn(async move {
                while actor.step(&client, &acknowledged).await.is_some() {}
                actor.lost_the_server();
                (account, actor)
            })
        };
        let tasks = self.actors.into_iter().map(act).collect();
        Running { tokens: self.tokens, reader: self.reader, acknowledged: self.acknowledged, tasks }
    }

    /// Somebody who reads.
    pub fn reader(&self, url: &str) -> Client {
        signed_in(&self.tokens, url, self.reader)
    }

    /// Wait until the server has made recordings of all uploads that were whole.
    pub async fn finish(&self, url: &str, told: &Told) {
        let client = self.uploader(url);
        for id in told.whole.keys() {
            client.uploaded(id).await;
        }
    }

    /// Every upload goes on from what was acknowledged of it, or beyond.
    pub async fn must_go_on_from(&self, url: &str, told: &Told) {
        let client = self.uploader(url);
        for (id, offset) in &told.offsets {
            let answer = client.get(&format!("/api/v1/uploads/{id}")).await.must(200).json();
            assert!(answer["offset"].as_u64().unwrap() >= *offset as u64, "{offset} bytes were taken: {answer}");
        }
    }

    fn uploader(&self, url: &str) -> Client {
        let (uploader, _) = self.actors.iter().find(|(_, actor)| matches!(actor, Actor::Uploader { .. })).unwrap();
        signed_in(&self.tokens, url, *uploader)
    }
}

impl Running {
    /// Once the server is gone: everybody as they are then.
    pub async fn ended(self) -> Load {
        let mut actors = Vec::new();
        for task in self.tasks {
            actors.push(task.await.unwrap());
        }
        Load { tokens: self.tokens, reader: self.reader, actors, acknowledged: self.acknowledged }
    }
}

fn signed_in(tokens: &Tokens, url: &str, account: AccountId) -> Client {
    Client::new(url).holding(&tokens.issue(account, "load", 0, Moment::now()).unwrap())
}

impl Actor {
    /// One request; `None` when the server is gone.
    async fn step(&mut self, client: &Client, acknowledged: &Acknowledged) -> Option<()> {
        match self {
            Self::Learner { lesson, session, seq } => learn(client, acknowledged, *lesson, session, seq).await,
            Self::Room { lesson, people, session, step } => {
                call(client, acknowledged, *lesson, people, session, step).await
            }
            Self::Uploader { number, current } => bring(client, acknowledged, number, current).await,
            Self::Reviewer { waiting } => publish(client, acknowledged, waiting).await,
            Self::Assessor { entry, number } => correct(client, acknowledged, *entry, number).await,
        }
    }

    fn lost_the_server(&mut self) {
        if let Self::Uploader { current: Some(upload), .. } = self {
            upload.offset = None;
        }
    }
}

async fn learn(
    client: &Client,
    acknowledged: &Acknowledged,
    lesson: i64,
    session: &mut Option<i64>,
    seq: &mut i64,
) -> Option<()> {
    const BEATS: i64 = 12;
    let Some(id) = *session else {
        *session = begin(client, json!({"lesson_id": lesson, "mode": "solo"})).await?;
        *seq = 0;
        return Some(());
    };
    if *seq < BEATS {
        let body = json!({"seq": *seq + 1, "position_ms": *seq * 10, "playing": true, "rate": 1.0});
        if post(client, &format!("/api/v1/playback/{id}/beat"), body).await?.status == 200 {
            *seq += 1;
            acknowledged.told().beats.insert(id, *seq);
        }
    } else if close(client, acknowledged, id).await? {
        *session = None;
    }
    Some(())
}

async fn call(
    client: &Client,
    acknowledged: &Acknowledged,
    lesson: i64,
    [first, second, late]: &[PersonId; 3],
    session: &mut Option<i64>,
    step: &mut usize,
) -> Option<()> {
    let Some(id) = *session else {
        *session = begin(client, json!({"lesson_id": lesson, "mode": "group", "roster": [first, second]})).await?;
        *step = 0;
        acknowledged.told().called.extend(session.iter().flat_map(|id| [(*id, first.0), (*id, second.0)]));
        return Some(());
    };
    let attend = |person: &PersonId, action: &str| {
        let body = json!({"person_id": person, "action": action});
        async move { Some(post(client, &format!("/api/v1/playback/{id}/attendance"), body).await?.status == 200) }
    };
    let done = match *step {
        0 => attend(late, "arrive").await?,
        1 => attend(first, "leave").await?,
        _ => close(client, acknowledged, id).await?,
    };
    if done {
        match *step {
            0 => _ = acknowledged.told().came.insert((id, late.0)),
            1 => _ = acknowledged.told().left.insert((id, first.0)),
            _ => *session = None,
        }
        *step += 1;
    }
    Some(())
}

async fn bring(
    client: &Client,
    acknowledged: &Acknowledged,
    number: &mut usize,
    current: &mut Option<Upload>,
) -> Option<()> {
    let tus = |method, path: &str| client.request(method, path).header("Tus-Resumable", "1.0.0");
    let Some(upload) = current else {
        *number += 1;
        let bytes = [number.to_string().into_bytes(), pseudo_random(FILE)].concat();
        let made = answered(client, tus(Method::POST, "/uploads").header("Upload-Length", bytes.len())).await?;
        if made.status == 201 {
            let location = made.header("location");
            let path = location[location.find("/uploads/").unwrap()..].to_owned();
            acknowledged.told().offsets.insert(id_of(&path), 0);
            *current = Some(Upload { path, bytes, offset: Some(0) });
        }
        return Some(());
    };
    let Some(offset) = upload.offset else {
        let told = answered(client, tus(Method::HEAD, &upload.path)).await?;
        upload.offset = told.header("upload-offset").parse().ok();
        let kept = acknowledged.told().offsets[&id_of(&upload.path)];
        assert!(upload.offset.is_some_and(|offset| offset >= kept), "{kept} bytes were taken, {:?} are there", told);
        return Some(());
    };
    if offset < upload.bytes.len() {
        let piece = &upload.bytes[offset..upload.bytes.len().min(offset + PIECE)];
        let request = tus(Method::PATCH, &upload.path)
            .header("Upload-Offset", offset)
            .header("Content-Type", "application/offset+octet-stream")
            .body(piece.to_vec());
        if answered(client, request).await?.status != 204 {
            return Some(());
        }
        upload.offset = Some(offset + piece.len());
        acknowledged.told().offsets.insert(id_of(&upload.path), offset + piece.len());
    }
    if upload.offset == Some(upload.bytes.len()) {
        acknowledged.told().whole.insert(id_of(&upload.path), sha256(&upload.bytes));
        *current = None;
    }
    Some(())
}

fn id_of(path: &str) -> String {
    path.trim_start_matches("/uploads/").to_owned()
}

/// Each lesson is tried once.
async fn publish(client: &Client, acknowledged: &Acknowledged, waiting: &mut Vec<i64>) -> Option<()> {
    let Some(id) = waiting.pop() else {
        return answered(client, client.request(Method::GET, "/healthz")).await.map(drop);
    };
    if post(client, &format!("/api/v1/lessons/{id}/publish"), json!({})).await?.status == 200 {
        acknowledged.told().published.insert(id);
    }
    Some(())
}

/// Each correction is tried once, and says which it is.
async fn correct(client: &Client, acknowledged: &Acknowledged, entry: i64, number: &mut usize) -> Option<()> {
    *number += 1;
    let reason = format!("第 {number} 次更正");
    acknowledged.told().asked.insert(reason.clone());
    let body = json!({"credited_delta_ms": -100, "reason": reason});
    if post(client, &format!("/api/v1/ledger/{entry}/corrections"), body).await?.status == 201 {
        acknowledged.told().corrections.insert(reason);
    }
    Some(())
}

async fn begin(client: &Client, body: Value) -> Option<Option<i64>> {
    let answer = post(client, "/api/v1/playback", body).await?;
    Some(if answer.status == 200 { answer.json()["session_id"].as_i64() } else { None })
}

async fn close(client: &Client, acknowledged: &Acknowledged, id: i64) -> Option<bool> {
    let closed = post(client, &format!("/api/v1/playback/{id}/close"), json!({})).await?.status == 200;
    if closed {
        acknowledged.told().closed.insert(id);
    }
    Some(closed)
}

async fn post(client: &Client, path: &str, body: Value) -> Option<Answer> {
    answered(client, client.request(Method::POST, path).json(&body)).await
}

/// The answer; `None` when the server is gone. It may be busy, but it never answers that something broke.
async fn answered(client: &Client, request: reqwest::RequestBuilder) -> Option<Answer> {
    let answer = client.try_send(request).await.ok()?;
    assert!(answer.status.is_success() || answer.status == 503, "{}: {}", answer.status, answer.text());
    Some(answer)
}

/// An entry of the ledger that is worth some hours: its number.
pub async fn entry_to_be_corrected(city: &City) -> i64 {
    let day = Moment::now().day();
    let class = NewClass {
        level: UnitLevel::Township,
        title: "冬训班".into(),
        unit_id: city.units["清水镇"],
        place: String::new(),
        teacher: String::new(),
        starts_on: day,
        ends_on: day,
        half_days: 2,
    };
    archive::rules::ensure_presets(&city.db.write, city.units["桂岭市"], Moment::now()).await.unwrap();
    let attended = vec![Attended { person_id: city.people["甲村蒙秀英"], half_days: 2 }];
    archive::classes::record(&city.db.write, class, attended, None, Moment::now()).await.unwrap();
    use sea_orm::EntityTrait;
    entity::ledger_head::Entity::find_by_id(1).one(&city.db.read).await.unwrap().unwrap().seq
}
