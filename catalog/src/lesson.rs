//! Lessons: what is written about them, and finding one. The way from draft to published is in [`state`], the lists
//! viewers see in [`shelf`].

mod filter;
mod form;
pub mod shelf;
pub mod state;
pub(crate) mod write;

pub use filter::{Lack, LessonFilter, Order, Preparation};
pub use form::{LessonPatch, NewLesson};
pub use shelf::{MakeUp, by_state, expired, in_season, languages, list, make_up, tell_expired, visible};
pub use state::{publish, publish_at, publish_due, send_back, submit, withdraw};

use crate::trail::{self, Change};
use crate::{Error, Result, chapters, fields, history, slug};
use crate::{caption, course, draft as drafts, quiz, review, voice};
use entity::{AccountId, CourseId, LessonId, LessonState, Moment, Verb, lesson, media, org_unit};
use sea_orm::sea_query::Expr;
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ColumnTrait, ConnectionTrait, DatabaseConnection,
    EntityTrait, ExprTrait, QueryFilter, QuerySelect,
};

/// Makes a draft.
pub async fn create(
    db: &DatabaseConnection,
    new: NewLesson,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    let txn = entity::writing::begin(db).await?;
    let change = Change { by, now };
    let row = draft(&txn, new, change).await?;
    let slug = row.slug.clone().take().unwrap_or_default();
    let made = row.insert(&txn).await.map_err(|cause| Error::of_insert(cause, &slug))?;
    trail::lesson(&txn, made.id, Verb::LessonCreate, &made.title, change).await?;
    history::keep(&txn, std::slice::from_ref(&made), change).await?;
    txn.commit().await?;
    Ok(made)
}

/// The row of a new draft, checked, not yet written.
pub(crate) async fn draft(txn: &impl ConnectionTrait, new: NewLesson, change: Change) -> Result<lesson::ActiveModel> {
    let course = course::get(txn, new.course_id).await?;
    let title = fields::title(&new.title)?;
    let body = fields::body(&new.body)?;
    let unit_id = new.unit_id.unwrap_or(course.unit_id);
    let audience_unit_id = new.audience_unit_id.unwrap_or(course.audience_unit_id);
    course::unit_exists(txn, unit_id).await?;
    course::unit_exists(txn, audience_unit_id).await?;
    let media = blob(txn, new.media_sha256.as_deref()).await?;
    let cover = picture(txn, new.cover_sha256.as_deref()).await?;
    let position = match new.position {
        Some(position) => position.clamp(1, 1_000_000),
        None => end_of(txn, new.course_id).await?,
    };
    Ok(lesson::ActiveModel {
        id: NotSet,
        slug: Set(slug::free::<lesson::Entity>(txn, lesson::Column::Slug, new.slug.as_deref(), &title).await?),
        course_id: Set(course.id),
        position: Set(position),
        title: Set(title),
        summary: Set(fields::summary(&new.summary)?),
        duration_ms: Set(length(new.duration_ms, media.as_ref(), &body)?),
        body: Set(body),
        category: Set(new.category.unwrap_or(course.category)),
        tags: Set(fields::tags_json(&fields::tags(&new.tags)?)),
        crop: Set(fields::short_or_none("crop", new.crop.as_deref())?),
        season: Set(fields::short_or_none("season", new.season.as_deref())?),
        level: Set(new.level),
        language: Set(fields::short("language", &new.language)?),
        lecturer: Set(fields::short("lecturer", &new.lecturer)?),
        source: Set(fields::source(&new.source)?),
        valid_until: Set(new.valid_until),
        media_sha256: Set(media.map(|media| media.sha256)),
        state: Set(LessonState::Draft),
        unit_id: Set(unit_id),
        audience_unit_id: Set(audience_unit_id),
        published_on: Set(None),
        plays: Set(0),
        is_sample: Set(new.is_sample),
        return_reason: Set(None),
        created_by: Set(change.by),
        reviewed_by: Set(None),
        updated_at: Set(change.now),
        version: Set(1),
        quiz_required: Set(false),
        submitted_by: Set(None),
        publish_at: Set(None),
        chapters: Set(chapters::checked(&new.chapters)?),
        cover_sha256: Set(cover),
    })
}

/// Changes a lesson that is still at `expected_version`. While it waits for review nothing may change; of a published
/// one only what needs no review (its place, slug, tags, crop, season, level, language, last day).
pub async fn update(
    db: &DatabaseConnection,
    id: LessonId,
    patch: LessonPatch,
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<lesson::Model> {
    replace(db, id, patch, expected_version, (Verb::LessonUpdate, ""), Change { by, now }).await
}

/// [`update`], told in the log by this verb and detail; the title when there is no detail.
pub(crate) async fn replace(
    db: &DatabaseConnection,
    id: LessonId,
    patch: LessonPatch,
    expected_version: i32,
    (action, detail): (Verb, &str),
    change: Change,
) -> Result<lesson::Model> {
    let txn = entity::writing::begin(db).await?;
    let old = get(&txn, id).await?;
    if old.version != expected_version {
        return Err(Error::Stale { current: old.version });
    }
    changeable(&old, &patch)?;
    let row = patched(&txn, &old, patch).await?;
    let detail = if detail.is_empty() { &old.title } else { detail };
    let new = write::write(&txn, &old, row, action, detail, change).await?;
    txn.commit().await?;
    Ok(new)
}

/// Fails when the state of a lesson does not allow this change.
pub(crate) fn changeable(old: &lesson::Model, patch: &LessonPatch) -> Result<()> {
    let locked = match old.state {
        LessonState::Draft | LessonState::Withdrawn => false,
        LessonState::Review => true,
        LessonState::Published => patch.changes_content(),
    };
    if locked { Err(Error::WrongState { state: old.state }) } else { Ok(()) }
}

/// What a change writes over a lesson, checked.
pub(crate) async fn patched(
    txn: &impl ConnectionTrait,
    old: &lesson::Model,
    patch: LessonPatch,
) -> Result<lesson::ActiveModel> {
    let mut row: lesson::ActiveModel = Default::default();
    if let Some(course_id) = patch.course_id {
        row.course_id = Set(course::get(txn, course_id).await?.id);
    }
    if let Some(text) = patch.slug.filter(|text| *text != old.slug) {
        row.slug = Set(slug::free::<lesson::Entity>(txn, lesson::Column::Slug, Some(&text), &old.title).await?);
    }
    if let Some(unit) = patch.audience_unit_id {
        course::unit_exists(txn, unit).await?;
        row.audience_unit_id = Set(unit);
    }
    if let Some(sha256) = patch.media_sha256 {
        let media = blob(txn, sha256.as_deref()).await?;
        row.duration_ms = Set(length(patch.duration_ms, media.as_ref(), patch.body.as_ref().unwrap_or(&old.body))?);
        row.media_sha256 = Set(media.map(|media| media.sha256));
    } else if let Some(ms) = patch.duration_ms {
        row.duration_ms = Set(fields::duration_ms(ms)?);
    } else if let (Some(body), None) = (&patch.body, &old.media_sha256) {
        row.duration_ms = Set(fields::reading_ms(body));
    }
    if let Some(sha256) = patch.cover_sha256 {
        row.cover_sha256 = Set(picture(txn, sha256.as_deref()).await?);
    }
    set(&mut row.chapters, patch.chapters.as_deref().map(chapters::checked).transpose()?);
    set(&mut row.position, patch.position.map(|position| position.clamp(1, 1_000_000)));
    set(&mut row.title, patch.title.as_deref().map(fields::title).transpose()?);
    set(&mut row.summary, patch.summary.as_deref().map(fields::summary).transpose()?);
    set(&mut row.body, patch.body.as_deref().map(fields::body).transpose()?);
    set(&mut row.category, patch.category);
    let tags = patch.tags.as_deref().map(fields::tags).transpose()?;
    set(&mut row.tags, tags.as_deref().map(fields::tags_json));
    set(&mut row.crop, patch.crop.map(|text| fields::short_or_none("crop", text.as_deref())).transpose()?);
    set(&mut row.season, patch.season.map(|text| fields::short_or_none("season", text.as_deref())).transpose()?);
    set(&mut row.level, patch.level);
    set(&mut row.language, patch.language.map(|text| fields::short("language", &text)).transpose()?);
    set(&mut row.lecturer, patch.lecturer.map(|text| fields::short("lecturer", &text)).transpose()?);
    set(&mut row.source, patch.source.as_deref().map(fields::source).transpose()?);
    set(&mut row.valid_until, patch.valid_until);
    Ok(row)
}

fn set<T: Into<sea_orm::Value>>(column: &mut sea_orm::ActiveValue<T>, value: Option<T>) {
    if let Some(value) = value {
        *column = Set(value);
    }
}

/// Deletes a draft that was never published and is still at `expected_version`. What has been published is
/// withdrawn instead: hours were earned with it.
pub async fn delete(
    db: &DatabaseConnection,
    id: LessonId,
    expected_version: i32,
    by: Option<AccountId>,
    now: Moment,
) -> Result<()> {
    let txn = entity::writing::begin(db).await?;
    let old = get(&txn, id).await?;
    if old.state != LessonState::Draft || old.published_on.is_some() {
        return Err(Error::WrongState { state: old.state });
    }
    let mut delete = lesson::Entity::delete_many().filter(lesson::Column::Id.eq(id));
    delete = delete.filter(lesson::Column::Version.eq(expected_version));
    if delete.exec(&txn).await?.rows_affected == 0 {
        return Err(Error::Stale { current: old.version });
    }
    caption::drop_all(&txn, id).await?;
    voice::drop_all(&txn, id).await?;
    quiz::drop_all(&txn, id).await?;
    review::drop_all(&txn, id).await?;
    drafts::drop_all(&txn, id).await?;
    history::drop_all(&txn, id).await?;
    trail::lesson(&txn, id, Verb::LessonDelete, &old.title, Change { by, now }).await?;
    txn.commit().await?;
    Ok(())
}

/// A lesson by its id, in whatever state.
pub async fn get(db: &impl ConnectionTrait, id: LessonId) -> Result<lesson::Model> {
    lesson::Entity::find_by_id(id).one(db).await?.ok_or(Error::LessonNotFound)
}

/// A lesson by its name in addresses, in whatever state.
pub async fn by_slug(db: &impl ConnectionTrait, slug: &str) -> Result<lesson::Model> {
    lesson::Entity::find().filter(lesson::Column::Slug.eq(slug)).one(db).await?.ok_or(Error::LessonNotFound)
}

/// A lesson by its id or its name in addresses, whichever the text is; slugs are never only digits.
pub async fn find(db: &impl ConnectionTrait, id_or_slug: &str) -> Result<lesson::Model> {
    match id_or_slug.parse() {
        Ok(id) => get(db, id).await,
        Err(_) => by_slug(db, id_or_slug).await,
    }
}

/// Counts one more beginning of a playback. Leaves version, audit and outbox alone: it is use, not change.
pub async fn count_play(db: &impl ConnectionTrait, id: LessonId) -> Result<()> {
    let plays = Expr::col(lesson::Column::Plays).add(1);
    lesson::Entity::update_many()
        .col_expr(lesson::Column::Plays, plays)
        .filter(lesson::Column::Id.eq(id))
        .exec(db)
        .await?;
    Ok(())
}

/// The tags of a row as a list; a row with broken tags has none.
pub fn tags_of(row: &lesson::Model) -> Vec<String> {
    serde_json::from_str(&row.tags).unwrap_or_default()
}

/// The path of the unit that keeps a lesson: what a staff scope is compared with.
pub async fn unit_path(db: &impl ConnectionTrait, row: &lesson::Model) -> Result<String> {
    let unit = org_unit::Entity::find_by_id(row.unit_id).one(db).await?;
    unit.map(|unit| unit.path).ok_or(Error::UnitNotFound)
}

async fn blob(txn: &impl ConnectionTrait, sha256: Option<&str>) -> Result<Option<media::Model>> {
    let Some(text) = sha256.filter(|text| !text.trim().is_empty()) else { return Ok(None) };
    // Held until the lesson is saved, so that nobody forgets the recording as unused meanwhile.
    let found = media::Entity::find_by_id(fields::sha256(text)?).lock_shared().one(txn).await?;
    found.map(Some).ok_or(Error::MediaNotFound)
}

/// A blob that is a picture.
async fn picture(txn: &impl ConnectionTrait, sha256: Option<&str>) -> Result<Option<String>> {
    match blob(txn, sha256).await {
        Ok(Some(media)) if !media.mime.starts_with("image/") => Err(Error::invalid("cover_sha256", "封面须是图片")),
        Ok(media) => Ok(media.map(|media| media.sha256)),
        Err(Error::MediaNotFound) => Err(Error::invalid("cover_sha256", "没有这个文件，请重新上传")),
        Err(cause) => Err(cause),
    }
}

fn length(stated: Option<i64>, media: Option<&media::Model>, body: &str) -> Result<i64> {
    let recorded = media.and_then(|media| media.duration_ms);
    fields::duration_ms(recorded.or(stated).unwrap_or_else(|| fields::reading_ms(body)))
}

/// The place after the last lesson of a course.
pub(crate) async fn end_of(txn: &impl ConnectionTrait, course: CourseId) -> Result<i32> {
    let query = lesson::Entity::find().select_only().column_as(lesson::Column::Position.max(), "last");
    let last: Option<Option<i32>> = query.filter(lesson::Column::CourseId.eq(course)).into_tuple().one(txn).await?;
    Ok(last.flatten().unwrap_or(0).saturating_add(1))
}
