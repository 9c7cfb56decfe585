//! Whether a thing lies where the caller's roles reach. What lies outside is answered as if it did not exist.

use super::identity::{Identity, UPLOADERS};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use entity::{LessonId, PersonId, Scope, UnitId, lesson, media, org_unit, person, upload};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};

/// The unit, if it lies in the scope.
///
/// # Errors
/// `not_found` when there is none, or it lies outside.
pub async fn unit(db: &Database, scope: &Scope, id: UnitId) -> ApiResult<org_unit::Model> {
    let found = org_unit::Entity::find_by_id(id).one(&db.read).await?;
    found.filter(|unit| scope.contains(&unit.path)).ok_or_else(|| Code::NotFound.into())
}

/// The person, if they belong to a unit in the scope and are listed under this number.
///
/// # Errors
/// `not_found` when there is none, or they belong elsewhere; `person_merged` when they are one with another.
pub async fn person(db: &Database, scope: &Scope, id: PersonId) -> ApiResult<person::Model> {
    let (row, listed) = found(db, scope, id).await?;
    if listed == id { Ok(row) } else { Err(Code::PersonMerged.into()) }
}

/// Who is listed for the person, if they belong to a unit in the scope: they themselves, or whom they are one with.
///
/// # Errors
/// `not_found` when there is none, or they belong elsewhere.
pub async fn listed(db: &Database, scope: &Scope, id: PersonId) -> ApiResult<PersonId> {
    found(db, scope, id).await.map(|(_, listed)| listed)
}

async fn found(db: &Database, scope: &Scope, id: PersonId) -> ApiResult<(person::Model, PersonId)> {
    let row = person::Entity::find_by_id(id).one(&db.read).await?.ok_or(Code::NotFound)?;
    unit(db, scope, row.unit_id).await?;
    Ok((row, archive::merges::kept(&db.read, id).await?))
}

/// The lesson, in whatever state, if a unit in the scope keeps it.
///
/// # Errors
/// `not_found` when there is none, or it is kept outside.
pub async fn lesson(db: &Database, scope: &Scope, id: LessonId) -> ApiResult<lesson::Model> {
    let row = catalog::lesson::get(&db.read, id).await?;
    unit(db, scope, row.unit_id).await.map(|_| row)
}

/// Refuses a blob the caller may not use in a lesson: it must come from a unit they reach, or from themselves.
///
/// # Errors
/// `invalid_request` when there is no such blob for them.
pub async fn blob(db: &Database, identity: &Identity, sha256: &str) -> ApiResult<()> {
    let unknown = || ApiError::say(Code::InvalidRequest, "media_sha256：没有这个文件，请先上传");
    let found = media::Entity::find_by_id(sha256.to_owned()).one(&db.read).await?.ok_or_else(unknown)?;
    if brought(db, identity, &found).await? {
        return Ok(());
    }
    unit(db, &identity.scope(UPLOADERS), found.unit_id).await.map(|_| ()).map_err(|_| unknown())
}

/// Whether the caller brought these bytes: as the first, or later again, when the blob was already there.
///
/// # Errors
/// When the database fails.
pub async fn brought(db: &Database, identity: &Identity, blob: &media::Model) -> ApiResult<bool> {
    if blob.uploaded_by == Some(identity.account_id) {
        return Ok(true);
    }
    let again = upload::Entity::find()
        .filter(upload::Column::AccountId.eq(identity.account_id))
        .filter(upload::Column::Sha256.eq(&blob.sha256));
    Ok(again.one(&db.read).await?.is_some())
}
