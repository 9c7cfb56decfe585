//! Whether a thing lies where the caller's roles reach. What lies outside is answered as if it did not exist.

use super::identity::{AUTHORS, Identity, UPLOADERS};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use entity::{LessonId, Moment, Scope, UnitId, course, lesson, media, org_unit};
use sea_orm::EntityTrait;

/// The unit, if it lies in the scope.
///
/// # Errors
/// `not_found` when there is none, or it lies outside.
pub async fn unit(db: &Database, scope: &Scope, id: UnitId) -> ApiResult<org_unit::Model> {
    let found = org_unit::Entity::find_by_id(id).one(&db.read).await?;
    found.filter(|unit| scope.contains(&unit.path)).ok_or_else(|| Code::NotFound.into())
}

/// The lesson, in whatever state, if a unit in the scope keeps it.
///
/// # Errors
/// `not_found` when there is none, or it is kept outside.
pub async fn lesson(db: &Database, scope: &Scope, id: LessonId) -> ApiResult<lesson::Model> {
    let row = catalog::lesson::get(&db.read, id).await?;
    unit(db, scope, row.unit_id).await.map(|_| row)
}

/// The course, if the caller may put lessons into it: a unit of theirs keeps it, or it is shown to them and the lesson
/// will be theirs alone.
///
/// # Errors
/// `invalid_request` when there is no such course for them.
pub async fn course(db: &Database, identity: &Identity, id: entity::CourseId) -> ApiResult<course::Model> {
    let found = catalog::course::visible(&db.read, &identity.viewer(), &id.to_string(), Moment::now().day()).await;
    found.map_err(|_| ApiError::say(Code::InvalidRequest, "course_id：没有这门课程"))
}

/// Refuses a blob the caller may not use in a lesson: it must come from a unit they reach, or from themselves.
///
/// # Errors
/// `invalid_request` when there is no such blob for them.
pub async fn blob(db: &Database, identity: &Identity, sha256: &str) -> ApiResult<()> {
    let unknown = || ApiError::say(Code::InvalidRequest, "media_sha256：没有这个文件，请先上传");
    let found = media::Entity::find_by_id(sha256.to_owned()).one(&db.read).await?.ok_or_else(unknown)?;
    if found.uploaded_by == Some(identity.account_id) {
        return Ok(());
    }
    unit(db, &identity.scope(UPLOADERS), found.unit_id).await.map(|_| ()).map_err(|_| unknown())
}

/// Refuses an audience the caller has no say over.
///
/// # Errors
/// `invalid_request` when the unit lies outside the caller's scope.
pub async fn audience(db: &Database, identity: &Identity, id: UnitId) -> ApiResult<()> {
    let outside = |_| ApiError::say(Code::InvalidRequest, "audience_unit_id：只能面向您管理范围内的单位");
    unit(db, &identity.scope(AUTHORS), id).await.map(|_| ()).map_err(outside)
}

/// The unit whose lessons the caller writes when none is named: that of their first author's role.
///
/// # Errors
/// `forbidden` when they have no such role.
pub fn desk(identity: &Identity) -> ApiResult<UnitId> {
    let grant = identity.grants.iter().find(|grant| AUTHORS.contains(&grant.role));
    grant.map(|grant| grant.unit_id).ok_or_else(|| Code::Forbidden.into())
}
