//! Amendments: what changed in a sealed year, who approved it, why, and how the record stands since.

use super::{line, sealed, snapshot};
use crate::{Error, Result, names};
use entity::{AccountId, LineKind, Moment, PersonId, ledger_entry, org_unit, person, seal, seal_line};
use sea_orm::{ColumnTrait, ConnectionTrait, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::{Deserialize, Serialize};

/// An amendment as people read it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Amendment {
    /// Its number in the chain of seals.
    pub seq: i64,
    /// Whose record.
    pub person_id: PersonId,
    /// Their name.
    pub name: String,
    /// The entry of the ledger that it added.
    pub entry_seq: i64,
    /// By how many milliseconds it changed what counts.
    pub delta_ms: i64,
    /// Why.
    pub reason: String,
    /// Who approved it.
    pub approver: String,
    /// When.
    pub at: Moment,
}

/// The text of an amendment's line.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Body {
    pub(super) v: u8,
    /// The entry it added.
    pub(super) entry: i64,
    pub(super) delta_ms: i64,
    pub(super) reason: String,
    /// The record with it, as a sealed record is written.
    pub(super) after: String,
}

/// Write the amendment that lets this entry stand in a sealed year, for this reason.
pub(crate) async fn write(
    txn: &DatabaseTransaction,
    closed: &sealed::Closed,
    (entry, reason): (&ledger_entry::Model, &str),
    by: AccountId,
    now: Moment,
) -> Result<()> {
    let head = line::hold_head(txn).await?;
    let who = entry.person_id;
    let person = person::Entity::find_by_id(who).one(txn).await?.ok_or(Error::NoSuchPerson(who))?;
    let unit = org_unit::Entity::find_by_id(person.unit_id).one(txn).await?.ok_or(Error::NoSuchUnit(person.unit_id))?;
    let then = seal::Model { upto_seq: entry.seq, ..closed.seal.clone() };
    let after = snapshot::of(txn, &then, vec![(person, unit)]).await?.pop().map(|(_, body)| body).unwrap_or_default();
    let body = Body { v: 1, entry: entry.seq, delta_ms: entry.credited_ms, reason: reason.to_owned(), after };
    let body = serde_json::to_string(&body).map_err(|_| Error::Unreadable(entry.seq))?;
    let amendment = line::NewLine {
        seal_id: closed.seal.id,
        kind: LineKind::Amendment,
        person_id: Some(who),
        body,
        written_by: by,
    };
    line::append(txn, head, vec![amendment], now).await?;
    Ok(())
}

/// The amendments of a seal, the latest first, at most five hundred; of one person only when asked.
///
/// # Errors
/// [`Error::Unreadable`] for a line that was tampered with.
pub async fn amendments(
    db: &impl ConnectionTrait,
    seal: &seal::Model,
    only: Option<PersonId>,
) -> Result<Vec<Amendment>> {
    let mut query = seal_line::Entity::find()
        .filter(seal_line::Column::SealId.eq(seal.id))
        .filter(seal_line::Column::Kind.eq(LineKind::Amendment));
    if let Some(who) = only {
        query = query.filter(seal_line::Column::PersonId.eq(who));
    }
    let lines = query.order_by_desc(seal_line::Column::Seq).limit(500).all(db).await?;
    let people = names::of_people(db, lines.iter().filter_map(|line| line.person_id).collect()).await?;
    let approvers = names::of_accounts(db, lines.iter().map(|line| line.written_by).collect()).await?;
    let read = |line: seal_line::Model| {
        let body: Body = serde_json::from_str(&line.body).map_err(|_| Error::Unreadable(line.seq))?;
        let person_id = line.person_id.ok_or(Error::Unreadable(line.seq))?;
        Ok(Amendment {
            seq: line.seq,
            person_id,
            name: people.get(&person_id).map(|(name, _)| name.clone()).unwrap_or_default(),
            entry_seq: body.entry,
            delta_ms: body.delta_ms,
            reason: body.reason,
            approver: approvers.get(&line.written_by).cloned().unwrap_or_default(),
            at: line.written_at,
        })
    };
    lines.into_iter().map(read).collect()
}
