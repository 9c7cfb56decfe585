//! One group session as its page, its JSON and the television's summary show it: who was there, what each got, guests,
//! drawn names, raised hands. Reads only.

use crate::database::Database;
use crate::error::ApiResult;
use entity::{
    LessonId, MarkedHow, Moment, PersonId, PlaybackId, PlaybackMode, Reason, Scope, guest, ledger_entry, lesson,
    org_unit, person, playback, presence, presence_check,
};
use player::classroom::hands::{self, Asked};
use player::classroom::{Confidence, checks, confidence};
use player::spans::Spans;
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{BTreeMap, BTreeSet, HashMap};

/// Everything of one session.
pub struct Gathering {
    /// Its row.
    pub row: playback::Model,
    /// What was played.
    pub title: String,
    /// Where.
    pub unit: org_unit::Model,
    /// Who was there, by pinyin.
    pub people: Vec<Attendee>,
    /// Guests, in the order they were written down.
    pub guests: Vec<guest::Model>,
    /// Names drawn, with those who were drawn.
    pub checks: Vec<(presence_check::Model, String)>,
    /// What the answers say.
    pub confidence: Confidence,
    /// Questions that hands were counted for.
    pub hands: Vec<Asked>,
}

/// Somebody who was there.
pub struct Attendee {
    /// Who.
    pub person: person::Model,
    /// From when to when; `None` while they are there.
    pub stays: Vec<(Moment, Option<Moment>)>,
    /// How their presence was written down.
    pub marked: BTreeSet<MarkedHow>,
    /// What counts, corrections included; `None` before it is posted.
    pub credited_ms: Option<i64>,
    /// What corrections changed.
    pub corrected_ms: i64,
    /// Why the rest does not count.
    pub reasons: BTreeMap<Reason, i64>,
}

/// Read a session.
///
/// # Errors
/// When the database fails.
pub async fn of(db: &Database, row: playback::Model) -> ApiResult<Gathering> {
    let lesson = lesson::Entity::find_by_id(row.lesson_id).one(&db.read).await?;
    let drawn = checks::of(&db.read, row.id).await?;
    let people = people(db, &row).await?;
    let names = names(db, drawn.iter().map(|check| check.person_id)).await?;
    let mut hands = hands::questions(&db.read, row.id, row.lesson_id).await?;
    hands.retain(|asked| !asked.hands.is_empty());
    Ok(Gathering {
        title: lesson.map(|lesson| lesson.title).unwrap_or_default(),
        unit: roster::org::unit(&db.read, row.unit_id).await?,
        people,
        guests: player::classroom::guest::of(&db.read, row.id).await?,
        confidence: confidence(&drawn),
        checks: drawn
            .into_iter()
            .map(|check| {
                let name = names.get(&check.person_id).cloned().unwrap_or_default();
                (check, name)
            })
            .collect(),
        hands,
        row,
    })
}

/// The names of these people.
///
/// # Errors
/// When the database fails.
pub async fn names(db: &Database, ids: impl IntoIterator<Item = PersonId>) -> ApiResult<HashMap<PersonId, String>> {
    let named: Vec<(PersonId, String)> = person::Entity::find()
        .select_only()
        .columns([person::Column::Id, person::Column::Name])
        .filter(person::Column::Id.is_in(ids))
        .into_tuple()
        .all(&db.read)
        .await?;
    Ok(named.into_iter().collect())
}

/// Everybody who was there for any time at all.
async fn people(db: &Database, row: &playback::Model) -> ApiResult<Vec<Attendee>> {
    let rows = presence::Entity::find().filter(presence::Column::PlaybackId.eq(row.id)).all(&db.read).await?;
    let mut by_person: HashMap<PersonId, Vec<presence::Model>> = HashMap::new();
    for stay in rows.into_iter().filter(|stay| stay.left_at != Some(stay.arrived_at)) {
        by_person.entry(stay.person_id).or_default().push(stay);
    }
    let came = person::Entity::find().filter(person::Column::Id.is_in(by_person.keys().copied()));
    let people = came.order_by_asc(person::Column::Pinyin).order_by_asc(person::Column::Id).all(&db.read).await?;
    let entries = entries(db, row.id).await?;
    people
        .into_iter()
        .map(|person| {
            let stays = by_person.remove(&person.id).unwrap_or_default();
            attendee(person, &stays, &entries)
        })
        .collect()
}

/// The entries of the session and their corrections.
async fn entries(db: &Database, id: PlaybackId) -> ApiResult<Vec<ledger_entry::Model>> {
    let mut entries = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PlaybackId.eq(id))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(&db.read)
        .await?;
    let seqs: Vec<i64> = entries.iter().map(|entry| entry.seq).collect();
    for chunk in seqs.chunks(500) {
        let corrections = ledger_entry::Entity::find()
            .filter(ledger_entry::Column::CorrectsSeq.is_in(chunk.iter().copied()))
            .all(&db.read)
            .await?;
        entries.extend(corrections);
    }
    Ok(entries)
}

fn attendee(person: person::Model, stays: &[presence::Model], entries: &[ledger_entry::Model]) -> ApiResult<Attendee> {
    let (mut credited_ms, mut corrected_ms, mut reasons) = (None, 0, BTreeMap::new());
    for entry in entries.iter().filter(|entry| entry.person_id == person.id) {
        credited_ms = Some(credited_ms.unwrap_or(0) + entry.credited_ms);
        if entry.corrects_seq.is_some() {
            corrected_ms += entry.credited_ms;
        }
        for (reason, ms) in archive::ledger::reasons_of(entry)? {
            *reasons.entry(reason).or_insert(0) += ms;
        }
    }
    let marked = stays.iter().map(|stay| stay.marked_how).collect();
    Ok(Attendee { stays: joined(stays), marked, credited_ms, corrected_ms, reasons, person })
}

/// The stays of a person as one reads them: those that touch are one.
fn joined(stays: &[presence::Model]) -> Vec<(Moment, Option<Moment>)> {
    let mut spans = Spans::default();
    for stay in stays {
        spans.insert(stay.arrived_at.0, stay.left_at.map_or(i64::MAX, |left| left.0));
    }
    spans.iter().map(|(from, to)| (Moment(from), (to != i64::MAX).then_some(Moment(to)))).collect()
}

/// One line of a list of sessions.
pub struct Line {
    /// The session.
    pub row: playback::Model,
    /// What was played.
    pub title: String,
    /// Where.
    pub unit_name: String,
    /// People who were there.
    pub people: usize,
    /// Guests, matched or not.
    pub guests: usize,
    /// What the drawn names say.
    pub confidence: Confidence,
}

/// The group sessions of the rooms in this scope, the newest first, and how many there are.
///
/// # Errors
/// When the database fails.
pub async fn page(db: &Database, scope: &Scope, page: u64, size: u64) -> ApiResult<(Vec<Line>, u64)> {
    let all = playback::Entity::find()
        .filter(playback::Column::Mode.eq(PlaybackMode::Group))
        .filter(scope.reaches((playback::Entity, playback::Column::UnitId)));
    let total = all.clone().count(&db.read).await?;
    let offset = page.saturating_sub(1).saturating_mul(size).min(total);
    let newest = all.order_by_desc(playback::Column::StartedAt).order_by_desc(playback::Column::Id);
    let rows = newest.offset(offset).limit(size).all(&db.read).await?;
    Ok((lines(db, rows).await?, total))
}

async fn lines(db: &Database, rows: Vec<playback::Model>) -> ApiResult<Vec<Line>> {
    let ids: Vec<PlaybackId> = rows.iter().map(|row| row.id).collect();
    let stays = presence::Entity::find().filter(presence::Column::PlaybackId.is_in(ids.clone())).all(&db.read).await?;
    let mut people: HashMap<PlaybackId, BTreeSet<PersonId>> = HashMap::new();
    for stay in stays.into_iter().filter(|stay| stay.left_at != Some(stay.arrived_at)) {
        people.entry(stay.playback_id).or_default().insert(stay.person_id);
    }
    let guests = guest::Entity::find().filter(guest::Column::PlaybackId.is_in(ids.clone())).all(&db.read).await?;
    let drawn =
        presence_check::Entity::find().filter(presence_check::Column::PlaybackId.is_in(ids)).all(&db.read).await?;
    let titles = titles(db, &rows).await?;
    let units = org_unit::Entity::find()
        .filter(org_unit::Column::Id.is_in(rows.iter().map(|row| row.unit_id)))
        .all(&db.read)
        .await?;
    let unit_name = |row: &playback::Model| units.iter().find(|unit| unit.id == row.unit_id);
    let line = |row: playback::Model| Line {
        title: titles.get(&row.lesson_id).cloned().unwrap_or_default(),
        unit_name: unit_name(&row).map(|unit| unit.name.clone()).unwrap_or_default(),
        people: people.get(&row.id).map_or(0, BTreeSet::len),
        guests: guests.iter().filter(|guest| guest.playback_id == row.id).count(),
        confidence: {
            let of_it: Vec<_> = drawn.iter().filter(|check| check.playback_id == row.id).cloned().collect();
            confidence(&of_it)
        },
        row,
    };
    Ok(rows.into_iter().map(line).collect())
}

async fn titles(db: &Database, rows: &[playback::Model]) -> ApiResult<HashMap<LessonId, String>> {
    let titles: Vec<(LessonId, String)> = lesson::Entity::find()
        .select_only()
        .columns([lesson::Column::Id, lesson::Column::Title])
        .filter(lesson::Column::Id.is_in(rows.iter().map(|row| row.lesson_id)))
        .into_tuple()
        .all(&db.read)
        .await?;
    Ok(titles.into_iter().collect())
}
