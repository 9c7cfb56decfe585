//! Files that prove a class or another study: photographs, a scanned sign-in sheet, a diploma. Only ever added.

use super::run::{held, note};
use crate::{Error, Result};
use entity::{AccountId, ClassId, ClassState, Moment, Verb, class_evidence, class_run, media};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    DatabaseTransaction, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect,
};
use std::collections::HashMap;

/// The most files of one class.
pub const MOST_FILES: u64 = 20;

/// Refuses a class that is decided: nothing is added to it.
///
/// # Errors
/// [`Error::ClassState`].
pub fn check(class: &class_run::Model) -> Result<()> {
    match class.state {
        ClassState::Open | ClassState::HandedIn => Ok(()),
        decided => Err(Error::ClassState(decided)),
    }
}

/// Add a file that is media already, while it is not decided. One that is there already is answered as it is.
///
/// # Errors
/// [`Error::NoSuchClass`], [`Error::ClassState`]; [`Error::BadClass`] when there is no such file, or too many.
pub async fn add(
    db: &DatabaseConnection,
    id: ClassId,
    sha256: &str,
    by: AccountId,
    now: Moment,
) -> Result<class_evidence::Model> {
    let txn = entity::writing::begin(db).await?;
    let class = held(&txn, id).await?;
    check(&class)?;
    let files = class_evidence::Entity::find().filter(class_evidence::Column::ClassRunId.eq(id));
    let same = files.clone().filter(class_evidence::Column::Sha256.eq(sha256)).one(&txn).await?;
    if let Some(same) = same {
        return Ok(same);
    }
    if files.count(&txn).await? >= MOST_FILES {
        return Err(Error::BadClass("evidence_count"));
    }
    let added = insert(&txn, id, sha256, by, now).await?;
    note(&txn, &class, Verb::ClassEvidence, added.name.clone(), by, now).await?;
    txn.commit().await?;
    Ok(added)
}

/// The files of these classes, in the order they were added.
///
/// # Errors
/// Only those of the database.
pub async fn of(db: &impl ConnectionTrait, ids: &[ClassId]) -> Result<HashMap<ClassId, Vec<class_evidence::Model>>> {
    let mut files: HashMap<ClassId, Vec<class_evidence::Model>> = HashMap::new();
    let rows = class_evidence::Entity::find()
        .filter(class_evidence::Column::ClassRunId.is_in(ids.iter().copied()))
        .order_by_asc(class_evidence::Column::Id);
    rows.all(db).await?.into_iter().for_each(|row| files.entry(row.class_run_id).or_default().push(row));
    Ok(files)
}

/// The row of a file, in the caller's transaction.
pub(super) async fn insert(
    txn: &DatabaseTransaction,
    id: ClassId,
    sha256: &str,
    by: AccountId,
    now: Moment,
) -> Result<class_evidence::Model> {
    // Held until the row is there, so that nobody forgets the file in between.
    let file = media::Entity::find_by_id(sha256).lock_shared().one(txn).await?.ok_or(Error::BadClass("evidence"))?;
    let row = class_evidence::ActiveModel {
        id: NotSet,
        class_run_id: Set(id),
        sha256: Set(file.sha256),
        name: Set(file.filename),
        added_by: Set(by),
        added_at: Set(now),
    };
    Ok(row.insert(txn).await?)
}
