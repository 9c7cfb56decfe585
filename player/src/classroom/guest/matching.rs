//! A guest found to be somebody on a roster, and the finding taken back.
//!
//! A match gives the person the guest's stay, less the time they were counted elsewhere. What has been posted to the
//! ledger already is judged from the stays as they were, so a person who has an entry of this session gets no new stay:
//! what the match is worth to them is then the archive's to correct. Nothing is deleted: a stay taken back has no length.
//! Both run in the caller's transaction, together with what the archive adds.

use super::super::{audit, elsewhere, presence};
use crate::spans::Spans;
use crate::{Error, Result, session, takeover};
use entity::{
    AccountId, GuestId, MarkedHow, Moment, PersonId, PlaybackId, Verb, guest, ledger_entry, playback,
    presence as presence_row,
};
use sea_orm::sea_query::Expr;
use sea_orm::{ActiveModelTrait, ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, Set};
use std::collections::HashSet;

/// Matches a guest with a person; answers the session and whether anything changed. Whether `by` may is the caller's
/// question.
///
/// # Errors
/// [`Error::UnknownGuest`], [`Error::UnknownPerson`], and [`Error::GuestMatched`] with somebody else: that is to be
/// taken back first.
pub async fn join(
    txn: &DatabaseTransaction,
    id: GuestId,
    who: PersonId,
    by: AccountId,
    now: Moment,
) -> Result<(playback::Model, bool)> {
    let room = super::guest(txn, id).await?.playback_id;
    let row = session::locked(txn, room).await?;
    let guest = super::guest(txn, id).await?; // read anew: now nobody else can match it
    match guest.person_id {
        Some(known) if known == who => return Ok((row, false)),
        Some(_) => return Err(Error::GuestMatched(id)),
        None => {}
    }
    if row.closed_at.is_none() && guest.left_at.is_none() {
        takeover::stop_elsewhere(txn, &[who], None, Some(room), now).await?;
    }
    if may_change_stays(txn, &row, who).await? {
        presence::put(txn, stays(txn, &row, &guest, who, by, now).await?).await?;
    }
    matched(txn, id, Some(who), (by, now)).await?;
    let detail = format!("guest:{id}（{}）", guest.name);
    audit::note(txn, (by, now), Verb::GuestMatch, format!("person:{who}"), detail).await?;
    Ok((row, true))
}

/// Takes a match back; answers the session and whom it had been matched with. Taking back what is not matched changes
/// nothing.
///
/// # Errors
/// [`Error::UnknownGuest`], [`Error::NoReason`].
pub async fn part(
    txn: &DatabaseTransaction,
    id: GuestId,
    reason: &str,
    by: AccountId,
    now: Moment,
) -> Result<(playback::Model, Option<PersonId>)> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > 200 {
        return Err(Error::NoReason);
    }
    let room = super::guest(txn, id).await?.playback_id;
    let row = session::locked(txn, room).await?;
    let Some(who) = super::guest(txn, id).await?.person_id else { return Ok((row, None)) };
    if may_change_stays(txn, &row, who).await? {
        empty_stays(txn, id, who).await?;
    }
    matched(txn, id, None, (by, now)).await?;
    let detail = format!("guest:{id}：{reason}");
    audit::note(txn, (by, now), Verb::GuestUnmatch, format!("person:{who}"), detail).await?;
    Ok((row, Some(who)))
}

/// Whether the stays of this person may still change: nothing they earned in this session stands in the ledger.
async fn may_change_stays(db: &impl ConnectionTrait, row: &playback::Model, who: PersonId) -> Result<bool> {
    if row.posted_at.is_none() {
        return Ok(true);
    }
    let entry = ledger_entry::Entity::find()
        .filter(ledger_entry::Column::PlaybackId.eq(row.id))
        .filter(ledger_entry::Column::PersonId.eq(who))
        .one(db)
        .await?;
    Ok(entry.is_none())
}

/// The guest's stay as this person's, without what they were counted for elsewhere.
async fn stays(
    txn: &DatabaseTransaction,
    row: &playback::Model,
    guest: &guest::Model,
    who: PersonId,
    by: AccountId,
    now: Moment,
) -> Result<Vec<presence_row::ActiveModel>> {
    let end = guest.left_at.or(row.closed_at);
    let until = end.unwrap_or(now).max(guest.arrived_at);
    let mut whole = Spans::default();
    whole.insert(guest.arrived_at.0, until.0);
    let counted = elsewhere::of(txn, who, row.id, (guest.arrived_at, until)).await?;
    let mut parts: Vec<(i64, Option<i64>)> =
        whole.subtract(&counted).iter().map(|(from, to)| (from, Some(to))).collect();
    if end.is_none() {
        match parts.last_mut().filter(|part| part.1 == Some(until.0)) {
            Some(last) => last.1 = None,
            None => parts.push((until.0, None)),
        }
    }
    let mut taken = taken(txn, row.id, guest.id, who).await?;
    let mut stays = Vec::with_capacity(parts.len());
    for (from, to) in parts {
        let from = (from..).find(|at| taken.insert(*at)).unwrap_or(from);
        let stay = presence::stay(row.id, who, (Moment(from), to.map(Moment)), by, MarkedHow::Guest);
        stays.push(presence_row::ActiveModel { guest_id: Set(Some(guest.id)), ..stay });
    }
    Ok(stays)
}

/// When other stays of this person in the room begin: a row of their own must not be taken for them.
async fn taken(db: &impl ConnectionTrait, room: PlaybackId, id: GuestId, who: PersonId) -> Result<HashSet<i64>> {
    let rows = presence_row::Entity::find()
        .filter(presence_row::Column::PlaybackId.eq(room))
        .filter(presence_row::Column::PersonId.eq(who))
        .all(db)
        .await?;
    Ok(rows.into_iter().filter(|row| row.guest_id != Some(id)).map(|row| row.arrived_at.0).collect())
}

async fn empty_stays(db: &impl ConnectionTrait, id: GuestId, who: PersonId) -> Result<()> {
    presence_row::Entity::update_many()
        .col_expr(presence_row::Column::LeftAt, Expr::col(presence_row::Column::ArrivedAt))
        .filter(presence_row::Column::GuestId.eq(id))
        .filter(presence_row::Column::PersonId.eq(who))
        .exec(db)
        .await?;
    Ok(())
}

async fn matched(
    db: &impl ConnectionTrait,
    id: GuestId,
    who: Option<PersonId>,
    (by, now): (AccountId, Moment),
) -> Result<()> {
    let row = guest::ActiveModel {
        id: Set(id),
        person_id: Set(who),
        merged_by: Set(Some(by)),
        merged_at: Set(Some(now)),
        ..Default::default()
    };
    row.update(db).await?;
    Ok(())
}
