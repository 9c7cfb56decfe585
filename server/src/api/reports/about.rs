//! Which lesson, course, class or plan a report is about, and whether the caller may ask.

use crate::auth::identity::Reader;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use archive::About;
use entity::{ClassId, CourseId, LessonId, Moment, PlanId, UnitId, class_run, org_unit, training_plan};
use sea_orm::EntityTrait;

/// The parameters of an address, of which one may be given.
#[derive(Clone, Copy, Debug, Default)]
pub struct Named {
    /// A lesson.
    pub lesson: Option<i64>,
    /// A course.
    pub course: Option<i64>,
    /// A class.
    pub class: Option<i64>,
    /// A training plan.
    pub plan: Option<i64>,
}

/// What is named; whose hours are shown is the scope's matter, whether the caller may know of the thing is decided here.
///
/// # Errors
/// `not_found` for what the caller may not see, `invalid_request` for two at once.
pub async fn about(db: &Database, reader: &Reader, named: Named) -> ApiResult<About> {
    let (viewer, today) = (reader.viewer(), Moment::now().day());
    match (named.lesson, named.course, named.class, named.plan) {
        (None, None, None, None) => Ok(About::Everything),
        (Some(id), None, None, None) => {
            let lesson = catalog::lesson::visible(&db.read, &viewer, LessonId(id), today).await?;
            Ok(About::Lesson(lesson.id))
        }
        (None, Some(id), None, None) => {
            let course = catalog::course::visible(&db.read, &viewer, &CourseId(id).to_string(), today).await?;
            Ok(About::Course(course.id))
        }
        (None, None, Some(id), None) => {
            let class = class_run::Entity::find_by_id(ClassId(id)).one(&db.read).await?.ok_or(Code::NotFound)?;
            concerns(db, reader, class.unit_id).await?;
            Ok(About::Class(class.id))
        }
        (None, None, None, Some(id)) => {
            let plan = training_plan::Entity::find_by_id(PlanId(id)).one(&db.read).await?.ok_or(Code::NotFound)?;
            concerns(db, reader, plan.unit_id).await?;
            Ok(About::Plan(plan.id))
        }
        _ => Err(ApiError::say(Code::InvalidRequest, "课、课程、培训班和计划只能选一个")),
    }
}

/// Whether what a unit holds is within the caller's reach, or meant for all of it.
async fn concerns(db: &Database, reader: &Reader, unit: UnitId) -> ApiResult<()> {
    let unit = org_unit::Entity::find_by_id(unit).one(&db.read).await?.ok_or(Code::NotFound)?;
    let reach = reader.reach();
    let above = reach.paths().iter().any(|path| path.starts_with(&unit.path));
    if above || reach.contains(&unit.path) { Ok(()) } else { Err(Code::NotFound.into()) }
}
