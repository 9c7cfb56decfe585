//! The chain of seals: one line for every record, for every closing of a seal, and for every amendment after it.
//!
//! A line's hash is SHA-256 over the hash before it, a line feed, and the canonical line, version 1, a JSON array
//! without spaces: `["s1",seq,seal,"kind",person,"body",by,at]`, `null` for what is absent.

use super::certificate;
use crate::{GENESIS, Result, chain};
use entity::{AccountId, LineKind, Moment, PersonId, SealId, seal, seal_head, seal_line};
use sea_orm::sea_query::OnConflict;
use sea_orm::{ActiveModelTrait, DatabaseTransaction, EntityTrait, IntoActiveModel, QuerySelect};
use serde_json::Value;

/// What a new line says; number, hashes and time are the chain's own.
#[derive(Clone, Debug)]
pub(super) struct NewLine {
    pub(super) seal_id: SealId,
    pub(super) kind: LineKind,
    pub(super) person_id: Option<PersonId>,
    pub(super) body: String,
    pub(super) written_by: AccountId,
}

impl NewLine {
    pub(super) fn record(seal: &seal::Model, who: PersonId, body: String) -> Self {
        Self { seal_id: seal.id, kind: LineKind::Record, person_id: Some(who), body, written_by: seal.asked_by }
    }

    pub(super) fn roll(seal: &seal::Model, body: String) -> Self {
        Self { seal_id: seal.id, kind: LineKind::Roll, person_id: None, body, written_by: seal.asked_by }
    }
}

/// Rows per insert statement.
const CHUNK: usize = 200;

/// Take the chain's head for this transaction.
pub(super) async fn hold_head(txn: &DatabaseTransaction) -> Result<seal_head::Model> {
    if let Some(head) = seal_head::Entity::find_by_id(1).lock_exclusive().one(txn).await? {
        return Ok(head);
    }
    let first = seal_head::Model { id: 1, seq: 0, hash: GENESIS.to_owned() };
    seal_head::Entity::insert(first.clone().into_active_model().reset_all())
        .on_conflict(OnConflict::column(seal_head::Column::Id).do_nothing().to_owned())
        .exec_without_returning(txn)
        .await?;
    Ok(seal_head::Entity::find_by_id(1).lock_exclusive().one(txn).await?.unwrap_or(first))
}

/// Add lines at the end. Answers the head after them.
pub(super) async fn append(
    txn: &DatabaseTransaction,
    mut head: seal_head::Model,
    lines: Vec<NewLine>,
    now: Moment,
) -> Result<seal_head::Model> {
    let rows: Vec<_> = lines.into_iter().map(|line| chained(&mut head, line, now)).collect();
    for chunk in rows.chunks(CHUNK) {
        let models = chunk.iter().map(|row| row.clone().into_active_model().reset_all());
        seal_line::Entity::insert_many(models).exec_without_returning(txn).await?;
    }
    if !rows.is_empty() {
        head.clone().into_active_model().reset_all().update(txn).await?;
    }
    Ok(head)
}

fn chained(head: &mut seal_head::Model, line: NewLine, now: Moment) -> seal_line::Model {
    let mut row = seal_line::Model {
        seq: head.seq + 1,
        seal_id: line.seal_id,
        kind: line.kind,
        person_id: line.person_id,
        body: line.body,
        written_by: line.written_by,
        written_at: now,
        prev_hash: std::mem::take(&mut head.hash),
        hash: String::new(),
        check_code: None,
    };
    row.hash = link(&row);
    row.check_code = check_code(&row);
    head.seq = row.seq;
    head.hash.clone_from(&row.hash);
    row
}

/// The code that belongs to a line.
pub(super) fn check_code(row: &seal_line::Model) -> Option<String> {
    (row.kind == LineKind::Record).then(|| certificate::code_of(&row.hash))
}

/// The hash of a line by its own content and the hash it says stands before it.
pub(super) fn link(row: &seal_line::Model) -> String {
    let canonical = Value::Array(vec![
        Value::from("s1"),
        Value::from(row.seq),
        Value::from(row.seal_id.0),
        Value::from(row.kind.as_str()),
        Value::from(row.person_id.map(|id| id.0)),
        Value::from(row.body.as_str()),
        Value::from(row.written_by.0),
        Value::from(row.written_at.0),
    ]);
    chain::sha256_hex(&[row.prev_hash.as_bytes(), b"\n", canonical.to_string().as_bytes()])
}
