//! A lesson playing to a room, and what everybody got when it is over.

use super::roll::{Name, names};
use super::room;
use crate::api::media::sources::{Prepared, prepared_of};
use crate::api::schedule::following;
use crate::api::voices::{self, VoiceAnswer};
use crate::auth::identity::Operator;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::figures;
use crate::pages::phone::transcript::{self, Transcript};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use entity::{
    Day, Moment, PersonId, PlaybackId, PlaybackMode, ledger_entry, lesson, person, playback, presence, question,
};
use player::classroom;
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};
use std::collections::{BTreeMap, HashMap};

#[derive(Template)]
#[template(path = "classroom/play.html")]
struct PlayPage {
    shell: Shell,
    playback_id: PlaybackId,
    last_seq: i64,
    start_ms: i64,
    duration_ms: i64,
    title: String,
    media_url: String,
    prepared: Prepared,
    transcript: Transcript,
    /// What the recording itself speaks, and what it is heard in besides.
    language: String,
    voices: Vec<VoiceAnswer>,
    people: Vec<Name>,
    present: usize,
}

#[derive(Template)]
#[template(path = "classroom/done.html")]
struct DonePage {
    shell: Shell,
    title: String,
    unit_name: String,
    date: Day,
    watched: String,
    posted: bool,
    people: Vec<Share>,
    /// Title and address of what follows on the list of today's play day.
    next: Option<(String, String)>,
    /// The class ended just now, so what follows may open by itself.
    fresh: bool,
    /// Guests and drawn names, in a few words.
    notes: Vec<String>,
    /// Where the room is asked a question; `None` when the lesson has none.
    quiz: Option<String>,
}

/// After so long a class is over: whoever looks at its summary then came back to read it.
const FRESH_MS: i64 = 10 * 60 * 1000;

/// What one person got.
struct Share {
    name: String,
    credited: String,
    why: String,
}

/// The page a room watches. One that has ended leads to its summary.
pub async fn play(caller: Operator, id: Path<PlaybackId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let row = class(&db, &caller, *id).await?;
    if row.closed_at.is_some() {
        return Ok(crate::pages::go(&format!("/classroom/done/{id}")));
    }
    let lesson = catalog::lesson::get(&db.read, row.lesson_id).await?;
    let transcript = transcript::of(&db, &lesson).await?;
    let prepared = prepared_of(&db, lesson.media_sha256.as_deref()).await?;
    let media_url = prepared.media_url().ok_or(Code::NotFound)?;
    let stays = stays(&db, row.id).await?;
    let people = people(&db, &row, &stays).await?;
    let names = names(&people, &stays);
    crate::pages::draw_for_back(&PlayPage {
        shell: Shell::room_of(&caller, lesson.title.clone()),
        playback_id: row.id,
        last_seq: row.last_seq,
        start_ms: row.last_position_ms,
        duration_ms: row.duration_ms,
        voices: voices::of_lesson(&db, &lesson).await?,
        title: lesson.title,
        language: lesson.language,
        media_url,
        prepared,
        transcript,
        present: names.iter().filter(|name| name.present).count(),
        people: names,
    })
}

/// The summary of a class that has ended.
pub async fn done(caller: Operator, id: Path<PlaybackId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let row = class(&db, &caller, *id).await?;
    if row.closed_at.is_none() {
        return Ok(crate::pages::go(&format!("/classroom/play/{id}")));
    }
    let now = Moment::now();
    let lesson = lesson::Entity::find_by_id(row.lesson_id).one(&db.read).await?;
    let unit = roster::org::unit(&db.read, row.unit_id).await?;
    let next = following(&db, &caller, &room(&db, &caller, None).await?, row.lesson_id, now.day()).await?;
    crate::pages::draw_for_back(&DonePage {
        shell: Shell::room("下课了"),
        title: lesson.map(|lesson| lesson.title).unwrap_or_default(),
        unit_name: unit.name,
        date: row.day,
        watched: figures::minutes(row.credited_ms),
        posted: row.posted_at.is_some(),
        people: shares(&db, &row).await?,
        fresh: row.closed_at.is_some_and(|closed| now.since(closed) < FRESH_MS),
        next,
        notes: notes(&db, row.id).await?,
        quiz: quiz(&db, &row).await?,
    })
}

/// How many guests there were, and how many drawn names were confirmed.
async fn notes(db: &Database, id: PlaybackId) -> ApiResult<Vec<String>> {
    let guests = classroom::guest::of(&db.read, id).await?.len();
    let drawn = classroom::confidence(&classroom::checks::of(&db.read, id).await?);
    let of_guests = (guests > 0).then(|| format!("来宾 {guests} 位，可在手机的“集体学习”里补姓名"));
    let of_names = (drawn.asked > 0).then(|| format!("抽查到场：{} 人中确认 {} 人", drawn.asked, drawn.confirmed));
    Ok(of_guests.into_iter().chain(of_names).collect())
}

async fn quiz(db: &Database, row: &playback::Model) -> ApiResult<Option<String>> {
    let any = question::Entity::find().filter(question::Column::LessonId.eq(row.lesson_id)).one(&db.read).await?;
    Ok(any.map(|_| format!("/classroom/quiz/{}", row.id)))
}

/// The class with this id, when this caller runs it.
pub(super) async fn class(db: &Database, caller: &Operator, id: PlaybackId) -> ApiResult<playback::Model> {
    let row = playback::Entity::find_by_id(id).one(&db.read).await?;
    row.filter(|row| row.account_id == caller.account_id && row.mode == PlaybackMode::Group)
        .ok_or_else(|| ApiError::new(Code::NotFound))
}

/// Who was ever in the room, and whether they are now.
async fn stays(db: &Database, room: PlaybackId) -> ApiResult<HashMap<PersonId, bool>> {
    let rows = presence::Entity::find().filter(presence::Column::PlaybackId.eq(room)).all(&db.read).await?;
    let mut stays = HashMap::new();
    for row in rows {
        *stays.entry(row.person_id).or_insert(false) |= row.left_at.is_none();
    }
    Ok(stays)
}

/// Everybody who came, and those of the same unit who did not, filed by pinyin.
async fn people(
    db: &Database,
    row: &playback::Model,
    stays: &HashMap<PersonId, bool>,
) -> ApiResult<Vec<person::Model>> {
    let came = person::Entity::find().filter(person::Column::Id.is_in(stays.keys().copied()));
    let mut people = came.order_by_asc(person::Column::Pinyin).all(&db.read).await?;
    // A county trainer teaches in a village: the roll that was called is that of the people, not of the operator.
    let unit = people.first().map_or(row.unit_id, |person| person.unit_id);
    for person in roster::people::of_unit(&db.read, unit).await? {
        if !stays.contains_key(&person.id) {
            people.push(person);
        }
    }
    people.sort_by(|a, b| a.pinyin.cmp(&b.pinyin).then(a.id.cmp(&b.id)));
    Ok(people)
}

/// What the ledger says everybody got; who has no entry yet is named without minutes.
async fn shares(db: &Database, row: &playback::Model) -> ApiResult<Vec<Share>> {
    let stays = stays(db, row.id).await?;
    let came = person::Entity::find().filter(person::Column::Id.is_in(stays.keys().copied()));
    let people = came.order_by_asc(person::Column::Pinyin).order_by_asc(person::Column::Id).all(&db.read).await?;
    let entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PlaybackId.eq(row.id))
        .filter(ledger_entry::Column::CorrectsSeq.is_null())
        .all(&db.read)
        .await?;
    people.iter().map(|person| share(person, &entries)).collect()
}

fn share(person: &person::Model, entries: &[ledger_entry::Model]) -> ApiResult<Share> {
    let mut credited = None;
    let mut reasons = BTreeMap::new();
    for entry in entries.iter().filter(|entry| entry.person_id == person.id) {
        credited = Some(credited.unwrap_or(0) + entry.credited_ms);
        for (reason, ms) in archive::ledger::reasons_of(entry)? {
            *reasons.entry(reason).or_insert(0) += ms;
        }
    }
    let most = reasons.into_iter().filter(|(_, ms)| *ms >= 1000).max_by_key(|(_, ms)| *ms);
    Ok(Share {
        name: person.name.clone(),
        credited: credited.map_or_else(|| "—".into(), figures::minutes),
        why: most.map(|(reason, ms)| format!("{} {}", reason.label(), figures::minutes(ms))).unwrap_or_default(),
    })
}
