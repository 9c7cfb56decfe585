//! Courses: ordered lists of lessons. A course has no state of its own; it shows the lessons its viewer may see.

use crate::audience::{Viewer, published_for};
use crate::trail::{self, Change};
use crate::{Error, Page, Result, fields, page, slug};
use entity::{AccountId, Category, CourseId, Day, LessonId, Moment, UnitId, Verb, course, lesson, org_unit};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, Condition, ConnectionTrait,
    DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

mod outline;

pub use outline::{all_lessons, arrange, lesson_ids, outline};

/// What a new course is made of.
#[derive(Clone, Debug)]
pub struct NewCourse {
    /// The name in addresses; made from the title when absent.
    pub slug: Option<String>,
    /// The title, 1 to 100 characters.
    pub title: String,
    /// What it teaches, at most 2,000 characters.
    pub summary: String,
    /// What it is about.
    pub category: Category,
    /// The unit that keeps it.
    pub unit_id: UnitId,
    /// Whom it is for; the keeping unit's subtree when absent.
    pub audience_unit_id: Option<UnitId>,
}

/// What changes in a course; absent fields stay.
#[derive(Clone, Debug, Default)]
pub struct CoursePatch {
    /// A new name in addresses.
    pub slug: Option<String>,
    /// A new title.
    pub title: Option<String>,
    /// A new summary.
    pub summary: Option<String>,
    /// A new category.
    pub category: Option<Category>,
    /// A new audience.
    pub audience_unit_id: Option<UnitId>,
}

/// Which courses a list holds.
#[derive(Clone, Debug, Default)]
pub struct CourseFilter {
    /// Only this category.
    pub category: Option<Category>,
    /// Only titles or summaries that hold this text.
    pub q: Option<String>,
}

/// Makes a course.
pub async fn create(
    db: &DatabaseConnection,
    new: NewCourse,
    by: Option<AccountId>,
    now: Moment,
) -> Result<course::Model> {
    let txn = entity::writing::begin(db).await?;
    let made = insert(&txn, new, Change { by, now }).await?;
    txn.commit().await?;
    Ok(made)
}

pub(crate) async fn insert(txn: &impl ConnectionTrait, new: NewCourse, change: Change) -> Result<course::Model> {
    let title = fields::title(&new.title)?;
    let audience = new.audience_unit_id.unwrap_or(new.unit_id);
    unit_exists(txn, new.unit_id).await?;
    unit_exists(txn, audience).await?;
    let slug = slug::free::<course::Entity>(txn, course::Column::Slug, new.slug.as_deref(), &title).await?;
    let row = course::ActiveModel {
        id: NotSet,
        slug: Set(slug.clone()),
        title: Set(title.clone()),
        summary: Set(fields::summary(&new.summary)?),
        category: Set(new.category),
        unit_id: Set(new.unit_id),
        audience_unit_id: Set(audience),
        created_by: Set(change.by),
        created_at: Set(change.now),
        updated_at: Set(change.now),
        version: Set(1),
    };
    let made = row.insert(txn).await.map_err(|cause| Error::of_insert(cause, &slug))?;
    trail::course(txn, made.id, Verb::CourseCreate, &title, change).await?;
    Ok(made)
}

/// Changes a course that is still at `expected_version`.
pub async fn update(
    db: &DatabaseConnection,
    id: CourseId,
    patch: CoursePatch,
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<course::Model> {
    let txn = entity::writing::begin(db).await?;
    let new = update_within(&txn, id, patch, expected_version, Change { by, now }).await?;
    txn.commit().await?;
    Ok(new)
}

pub(crate) async fn update_within(
    txn: &impl ConnectionTrait,
    id: CourseId,
    patch: CoursePatch,
    expected_version: i32,
    change: Change,
) -> Result<course::Model> {
    let old = get(txn, id).await?;
    let mut row = changed(txn, &old, patch).await?;
    row.updated_at = Set(change.now);
    row.version = Set(old.version.saturating_add(1));
    let mut update = course::Entity::update_many().filter(course::Column::Id.eq(id));
    update = update.filter(course::Column::Version.eq(expected_version)).set(row);
    if update.exec(txn).await?.rows_affected == 0 {
        return Err(Error::Stale { current: old.version });
    }
    trail::course(txn, id, Verb::CourseUpdate, &old.title, change).await?;
    let new = get(txn, id).await?;
    if (&new.title, &new.slug) != (&old.title, &old.slug) {
        // The title is suggested with each of its lessons.
        let lessons = lesson::Entity::find().select_only().column(lesson::Column::Id);
        let lessons: Vec<LessonId> = lessons.filter(lesson::Column::CourseId.eq(id)).into_tuple().all(txn).await?;
        trail::reindex(txn, &lessons, change.now).await?;
    }
    Ok(new)
}

async fn changed(txn: &impl ConnectionTrait, old: &course::Model, patch: CoursePatch) -> Result<course::ActiveModel> {
    let mut row: course::ActiveModel = Default::default();
    if let Some(text) = patch.slug.filter(|text| *text != old.slug) {
        row.slug = Set(slug::free::<course::Entity>(txn, course::Column::Slug, Some(&text), &old.title).await?);
    }
    if let Some(text) = patch.title {
        row.title = Set(fields::title(&text)?);
    }
    if let Some(text) = patch.summary {
        row.summary = Set(fields::summary(&text)?);
    }
    if let Some(category) = patch.category {
        row.category = Set(category);
    }
    if let Some(unit) = patch.audience_unit_id {
        unit_exists(txn, unit).await?;
        row.audience_unit_id = Set(unit);
    }
    Ok(row)
}

/// Deletes a course that has no lessons and is still at `expected_version`.
pub async fn delete(
    db: &DatabaseConnection,
    id: CourseId,
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    let old = get(&txn, id).await?;
    let lessons = lesson::Entity::find().filter(lesson::Column::CourseId.eq(id)).count(&txn).await?;
    if lessons > 0 {
        return Err(Error::CourseNotEmpty(lessons));
    }
    let mut delete = course::Entity::delete_many().filter(course::Column::Id.eq(id));
    delete = delete.filter(course::Column::Version.eq(expected_version));
    if delete.exec(&txn).await?.rows_affected == 0 {
        return Err(Error::Stale { current: old.version });
    }
    trail::course(&txn, id, Verb::CourseDelete, &old.title, Change { by, now }).await?;
    txn.commit().await?;
    Ok(())
}

/// A course by its id.
pub async fn get(db: &impl ConnectionTrait, id: CourseId) -> Result<course::Model> {
    course::Entity::find_by_id(id).one(db).await?.ok_or(Error::CourseNotFound)
}

/// A course by its name in addresses.
pub async fn by_slug(db: &impl ConnectionTrait, slug: &str) -> Result<course::Model> {
    course::Entity::find().filter(course::Column::Slug.eq(slug)).one(db).await?.ok_or(Error::CourseNotFound)
}

/// A course by its id or its name in addresses, whichever the text is.
pub async fn find(db: &impl ConnectionTrait, id_or_slug: &str) -> Result<course::Model> {
    match id_or_slug.parse() {
        Ok(id) => get(db, id).await,
        Err(_) => by_slug(db, id_or_slug).await,
    }
}

/// A course by its id or slug when this viewer may see it: staff over its unit, or somebody to whom at least one of
/// its lessons is shown, or for whom it is meant.
pub async fn visible(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    id_or_slug: &str,
    today: Day,
) -> Result<course::Model> {
    let found = find(db, id_or_slug).await?;
    let query = course::Entity::find_by_id(found.id).filter(shown_to(viewer, today));
    query.one(db).await?.ok_or(Error::CourseNotFound)
}

/// A page of the courses this viewer may see, newest first.
pub async fn list(
    db: &impl ConnectionTrait,
    viewer: &Viewer,
    filter: CourseFilter,
    today: Day,
    page: u64,
    size: u64,
) -> Result<Page<course::Model>> {
    let first = page::first_row(page, size)?;
    let mut query = course::Entity::find().filter(shown_to(viewer, today));
    if let Some(category) = filter.category {
        query = query.filter(course::Column::Category.eq(category));
    }
    if let Some(q) = filter.q.filter(|q| !q.trim().is_empty()) {
        let holds = Condition::any().add(course::Column::Title.contains(q.trim()));
        query = query.filter(holds.add(course::Column::Summary.contains(q.trim())));
    }
    let total = query.clone().count(db).await?;
    let query = query.order_by_desc(course::Column::CreatedAt).order_by_desc(course::Column::Id);
    let items = query.offset(first).limit(size).all(db).await?;
    Ok(Page { items, total, page, size })
}

fn shown_to(viewer: &Viewer, today: Day) -> Condition {
    let lessons = lesson::Entity::find().select_only().column(lesson::Column::CourseId);
    let with_lessons = lessons.filter(published_for(viewer, today)).into_query();
    Condition::any()
        .add(course::Column::Id.in_subquery(with_lessons))
        .add(viewer.staff.reaches((course::Entity, course::Column::UnitId)))
}

pub(crate) async fn unit_exists(db: &impl ConnectionTrait, id: UnitId) -> Result<()> {
    org_unit::Entity::find_by_id(id).one(db).await?.map(|_| ()).ok_or(Error::UnitNotFound)
}
