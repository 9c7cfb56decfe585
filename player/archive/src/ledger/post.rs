//! Posting: a closed playback becomes ledger entries, one per person and civil day.
//!
//! Idempotent: a playback is posted once, and the ledger's unique key (playback, person, day) holds even if two
//! servers try. What each entry says is `judge`'s; this only brings rows together. What belongs into a sealed year is put
//! aside (`late`), so that one whose year is closed holds up nobody else in the room.

use super::{NewEntry, append, hold_head};
use crate::quiz::Quiz;
use crate::rules::RuleBook;
use crate::watched::{self, Session, Sessions};
use crate::{Error, Result, late};
use entity::{
    Moment, PersonId, PlaybackId, PlaybackMode, Source, UnitId, ledger_entry, lesson, org_unit, person, playback,
};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect,
};
use std::collections::HashMap;

/// Post one closed playback. A second call changes nothing and answers the entries of the first.
///
/// # Errors
/// [`Error::NoSuchPlayback`], [`Error::StillOpen`], [`Error::NoRule`].
pub async fn post_playback(db: &DatabaseConnection, id: PlaybackId, now: Moment) -> Result<Vec<ledger_entry::Model>> {
    let txn = entity::writing::begin(db).await?;
    let rows = post_within(&txn, id, now).await?;
    txn.commit().await?;
    Ok(rows)
}

/// [`post_playback`] as part of a larger change, which should take nothing but the chain's head before.
///
/// # Errors
/// As [`post_playback`].
pub async fn post_within(txn: &DatabaseTransaction, id: PlaybackId, now: Moment) -> Result<Vec<ledger_entry::Model>> {
    hold_head(txn).await?; // before reading: what is judged must not change until it is added
    let playback = playback::Entity::find_by_id(id).one(txn).await?.ok_or(Error::NoSuchPlayback(id))?;
    if playback.posted_at.is_some() {
        return entries_of(txn, id).await;
    }
    if playback.closed_at.is_none() {
        return Err(Error::StillOpen(id));
    }
    let quiz = Quiz::of(txn, &playback).await?;
    let now = quiz.dated(now);
    let entries = late::put_aside(txn, judged(txn, &playback, None, quiz).await?, now).await?;
    let rows = append(txn, &entries, now).await?;
    playback::Entity::update_many()
        .set(playback::ActiveModel { posted_at: Set(Some(now)), ..Default::default() })
        .filter(playback::Column::Id.eq(id))
        .exec(txn)
        .await?;
    Ok(rows)
}

/// Post every closed playback that has not been posted, oldest end first, at most a thousand. Answers how many.
///
/// One that cannot be posted is logged and left for the next call; it holds up no other.
///
/// # Errors
/// Only when the list itself cannot be read.
pub async fn post_closed(db: &DatabaseConnection, now: Moment) -> Result<usize> {
    let ids: Vec<PlaybackId> = playback::Entity::find()
        .select_only()
        .column(playback::Column::Id)
        .filter(playback::Column::PostedAt.is_null())
        .filter(playback::Column::ClosedAt.is_not_null())
        .order_by_asc(playback::Column::ClosedAt)
        .order_by_asc(playback::Column::Id)
        .limit(1000)
        .into_tuple()
        .all(db)
        .await?;
    let mut posted = 0;
    for id in ids {
        match post_playback(db, id, now).await {
            Ok(_) => posted += 1,
            Err(error) => tracing::error!(playback_id = id.0, %error, "playback cannot be posted"),
        }
    }
    Ok(posted)
}

/// What a playback is worth to everybody in it, or to one of them.
pub(crate) async fn judged(
    txn: &DatabaseTransaction,
    playback: &playback::Model,
    only: Option<PersonId>,
    quiz: Quiz,
) -> Result<Vec<NewEntry>> {
    let sessions = Session::load(txn, std::slice::from_ref(playback)).await?;
    let session = sessions.first().ok_or(Error::NoSuchPlayback(playback.id))?;
    let people: Vec<_> = session.people().into_iter().filter(|who| only.is_none_or(|only| only == *who)).collect();
    let book = RuleBook::load(txn).await?;
    let (everybody, lessons) = (people.iter().copied().collect(), [playback.lesson_id].into());
    let earlier = watched::earlier(txn, &book, &everybody, &session.days(), &lessons).await?;
    let title = lesson::Entity::find_by_id(playback.lesson_id).one(txn).await?.map(|lesson| lesson.title);
    let homes = homes_of(txn, playback, &people).await?;
    let mut known = Sessions::default();
    let mut entries = Vec::new();
    for person in people {
        let (unit_id, path) = homes.get(&person).ok_or(Error::NoSuchPerson(person))?;
        for day in session.days_of(person) {
            let (rule_id, rules) = book.in_force(path, day)?;
            let posted = earlier.of((person, day), playback.lesson_id, &rules);
            let worth = session.worth(txn, &mut known, (person, day), &posted, &rules, quiz.withheld).await?;
            if worth.claimed_ms == 0 {
                continue;
            }
            entries.push(NewEntry {
                person_id: person,
                unit_id: *unit_id,
                day,
                source: source_of(playback.mode),
                lesson_id: Some(playback.lesson_id),
                playback_id: Some(playback.id),
                class_run_id: None,
                corrects_seq: None,
                claimed_ms: worth.claimed_ms,
                credited_ms: worth.credited_ms,
                reasons: worth.reasons,
                rule_id,
                note: title.clone().unwrap_or_default(),
                author_id: None,
            });
        }
    }
    Ok(entries)
}

fn source_of(mode: PlaybackMode) -> Source {
    match mode {
        PlaybackMode::Solo => Source::Solo,
        PlaybackMode::Group => Source::Group,
    }
}

async fn entries_of(db: &impl ConnectionTrait, id: PlaybackId) -> Result<Vec<ledger_entry::Model>> {
    let rows = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PlaybackId.eq(id))
        .order_by_asc(ledger_entry::Column::Seq)
        .all(db)
        .await?;
    Ok(rows)
}

/// The unit each person belongs to: of a solo session the one it began in, of a room each one's own.
async fn homes_of(
    db: &impl ConnectionTrait,
    playback: &playback::Model,
    people: &[PersonId],
) -> Result<HashMap<PersonId, (UnitId, String)>> {
    let mut homes: HashMap<PersonId, UnitId> = match playback.mode {
        PlaybackMode::Solo => people.iter().map(|person| (*person, playback.unit_id)).collect(),
        PlaybackMode::Group => HashMap::new(),
    };
    if homes.is_empty() {
        for chunk in people.chunks(500) {
            let rows = person::Entity::find().filter(person::Column::Id.is_in(chunk.iter().copied())).all(db).await?;
            homes.extend(rows.into_iter().map(|row| (row.id, row.unit_id)));
        }
    }
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(homes.values().copied())).all(db).await?;
    let paths: HashMap<UnitId, String> = units.into_iter().map(|unit| (unit.id, unit.path)).collect();
    let placed = homes.into_iter().map(|(person, unit)| {
        let path = paths.get(&unit).cloned().ok_or(Error::NoSuchUnit(unit))?;
        Ok((person, (unit, path)))
    });
    placed.collect()
}

#[cfg(test)]
mod tests;
