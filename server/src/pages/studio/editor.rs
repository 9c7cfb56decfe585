//! The lesson editor as people see it: the form, what may be done with it, and what the lesson still lacks.
//!
//! Saving is `save`, the form's text `form`.

use super::captions::{self, Desk};
use super::form::LessonForm;
use super::lessons::options::{categories, courses};
use super::lessons::row::{Beside, badge_of, missing, plays};
use super::notes::{self, Notes, RemarkForm};
use super::place::Back;
use crate::api::media::preparation::{PreparationAnswer, preparation};
use crate::auth::identity::{AUTHORS, Author, Identity, READERS};
use crate::auth::reach;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Errors, top_of, typed, units};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use askama::Template;
use entity::{CourseId, LessonId, LessonState, Level, Moment, Role, Scope, UnitId, lesson, media, org_unit};
use sea_orm::EntityTrait;
use serde::Deserialize;

mod may;
mod recording;

use may::{Can, can, why_locked};
use recording::{MediaView, view_of};

/// Roles that publish, return and withdraw.
pub const REVIEWERS: &[Role] = &[Role::Reviewer, Role::Admin];

/// What was done just before, for the page that is led to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    done: String,
    from: String,
}

/// What the editor shows besides the kept lesson.
#[derive(Debug, Default)]
pub struct Draft {
    /// The text of the form.
    pub form: LessonForm,
    /// What is wrong with its fields.
    pub errors: Errors,
    /// What is wrong with the whole.
    pub problem: Option<String>,
    /// Where somebody else saved something different: the field's name and their text.
    pub conflict: Vec<(&'static str, String)>,
    /// A remark that could not be taken, as it was typed.
    pub remark: RemarkForm,
    /// What was done.
    pub notice: Option<&'static str>,
    /// Safety copies that are no longer needed, by their keys.
    pub saved_copies: String,
    /// Where in the list it was come from.
    pub back: Back,
}

#[derive(Template)]
#[template(path = "studio/editor.html")]
struct EditorPage {
    shell: Shell,
    /// The list, at the place this lesson was opened from.
    list: String,
    /// What carries that place on in addresses.
    back: String,
    notice: Option<&'static str>,
    problem: Option<String>,
    errors: Errors,
    conflict: Vec<(&'static str, String)>,
    return_reason: Option<String>,
    waits_until: Option<String>,
    notes: Option<Notes>,
    reason_title: &'static str,
    state: LessonState,
    kind: &'static str,
    shown_at: Option<String>,
    /// Whose hours it gave, for those who may read them.
    attendance: Option<String>,
    /// Who watched it, for the same people.
    watchers: Option<String>,
    action: String,
    draft_key: String,
    draft_saved: String,
    draft_server: Option<String>,
    autosave: Option<String>,
    course_id: Option<CourseId>,
    version: i32,
    form: LessonForm,
    body_label: &'static str,
    courses: Vec<Choice>,
    categories: Vec<Choice>,
    levels: Vec<Choice>,
    audiences: Vec<Choice>,
    media: Option<MediaView>,
    preparation: PreparationAnswer,
    desk: Option<Desk>,
    missing: Vec<&'static str>,
    locked: bool,
    frozen: bool,
    locked_why: Option<&'static str>,
    can: Can,
    save_label: &'static str,
}

/// What a new lesson begins with.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct NewQuery {
    title: String,
    media: String,
}

/// `GET /studio/lessons/new`: an empty form, but for a title that people wished for, or a file that was just uploaded.
///
/// # Errors
/// When the database fails.
pub async fn new(author: Author, query: Query<NewQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let media = typed(&query.media);
    let media_sha256 = if reach::blob(&db, &author, &media).await.is_ok() { media } else { String::new() };
    let form = LessonForm { title: typed(&query.title), media_sha256, ..LessonForm::blank(top_of(&author.reach())) };
    page(&author, &db, None, Draft { form, ..Draft::default() }).await
}

/// `GET /studio/lessons/{id}`: the form of a kept lesson.
///
/// # Errors
/// `not_found` when it is not there or kept beyond the caller's reach.
pub async fn edit(
    author: Author,
    id: Path<LessonId>,
    query: Query<DoneQuery>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let notice = match query.done.as_str() {
        "saved" => Some("已保存。"),
        "submitted" => Some("已提交审核，审核员会收到待办。"),
        "published" => Some("已发布，学员现在就能找到。"),
        "scheduled" => Some("发布时间已定好。在那之前还可以退回，或改为立即发布。"),
        "restored" => Some("已恢复成那一版的内容，也记成了新的一版。"),
        "noted" => Some("意见已记下，会告诉有关的人。"),
        "settled" => Some("已标为处理好了。"),
        "returned" => Some("已退回给作者。"),
        "withdrawn" => Some("已撤回，学员不再看到；学过的学时不变。"),
        _ => None,
    };
    let saved_copies = match (notice.is_some(), query.from.as_str()) {
        (false, _) => String::new(),
        (true, "new") => format!("lesson-new lesson-{id}"),
        (true, _) => format!("lesson-{id}"),
    };
    let back = back.into_inner();
    let draft = Draft { form: LessonForm::of(&lesson), notice, saved_copies, back, ..Draft::default() };
    page(&author, &db, Some(lesson), draft).await
}

/// Draw the editor.
///
/// # Errors
/// When the database fails.
pub async fn page(
    identity: &Identity,
    db: &Database,
    lesson: Option<lesson::Model>,
    draft: Draft,
) -> ApiResult<HttpResponse> {
    let reach = identity.scope(AUTHORS);
    let today = Moment::now().day();
    let state = lesson.as_ref().map_or(LessonState::Draft, |lesson| lesson.state);
    let can = can(identity, db, lesson.as_ref()).await?;
    let key = lesson.as_ref().map_or("lesson-new".to_owned(), |lesson| format!("lesson-{}", lesson.id));
    let row = media::Entity::find_by_id(typed(&draft.form.media_sha256)).one(&db.read).await?;
    let preparation = match &row {
        Some(media) => preparation(db, media).await?,
        None => PreparationAnswer::default(),
    };
    let plays = row.as_ref().is_some_and(|media| plays(&media.mime));
    let media = match row {
        Some(media) => Some(view_of(db, media).await?),
        None => None,
    };
    let desk = match lesson.as_ref().filter(|lesson| lesson.media_sha256.is_some()) {
        Some(lesson) => Some(captions::desk(db, lesson, &draft.back).await?),
        None => None,
    };
    let quizzed = match &lesson {
        Some(lesson) => !catalog::quiz::of_lesson(&db.read, lesson.id).await?.is_empty(),
        None => false,
    };
    let beside = Beside { plays, captioned: desk.as_ref().is_some_and(Desk::has_tracks), quizzed };
    let place = draft.back.place();
    let page = EditorPage {
        list: lesson.as_ref().map_or_else(|| place.address(), |lesson| place.at(lesson.id)),
        back: draft.back.only(),
        shell: Shell::new(identity, lesson.as_ref().map_or("新建一课", |lesson| &lesson.title), "/studio"),
        return_reason: lesson.as_ref().and_then(|lesson| lesson.return_reason.clone()),
        waits_until: lesson.as_ref().and_then(|lesson| lesson.publish_at).map(notes::minute),
        notes: match &lesson {
            Some(lesson) => Some(Notes::of(db, lesson, draft.remark).await?),
            None => None,
        },
        reason_title: if state == LessonState::Withdrawn { "撤回原因" } else { "审核员退回修改" },
        state,
        kind: badge_of(state),
        shown_at: lesson
            .as_ref()
            .filter(|lesson| lesson.state == LessonState::Published)
            .map(|lesson| format!("/lessons/{}", lesson.slug)),
        attendance: lesson
            .as_ref()
            .filter(|_| identity.has(READERS))
            .map(|lesson| format!("/studio/attendance?lesson={}", lesson.id)),
        watchers: lesson
            .as_ref()
            .filter(|_| identity.has(READERS))
            .map(|lesson| format!("/studio/lessons/{}/watchers{}", lesson.id, draft.back.only())),
        action: lesson.as_ref().map_or("/studio/lessons".to_owned(), |lesson| format!("/studio/lessons/{}", lesson.id)),
        draft_key: key,
        draft_saved: draft.saved_copies,
        draft_server: match lesson.as_ref().filter(|_| draft.problem.is_none()) {
            Some(lesson) => written_before(db, identity, lesson.id).await?,
            None => None,
        },
        autosave: lesson.as_ref().filter(|_| can.save).map(|lesson| format!("/api/v1/lessons/{}/draft", lesson.id)),
        course_id: lesson.as_ref().map(|lesson| lesson.course_id),
        version: lesson.as_ref().map_or(0, |lesson| lesson.version),
        body_label: if media.is_some() { "文字稿" } else { "正文" },
        courses: courses(&db.read, &reach, "请选择", &draft.form.course_id).await?,
        categories: categories("请选择", &draft.form.category),
        levels: Level::ALL.iter().map(|word| Choice::new(word.as_str(), word.label(), &draft.form.level)).collect(),
        audiences: audiences(db, &reach, &draft.form.audience_unit_id).await?,
        media,
        preparation,
        desk,
        missing: lesson.as_ref().map(|lesson| missing(lesson, beside, today)).unwrap_or_default(),
        locked: matches!(state, LessonState::Review | LessonState::Published),
        frozen: state == LessonState::Review,
        locked_why: why_locked(state, can),
        can,
        save_label: if state == LessonState::Published { "保存" } else { "保存草稿" },
        notice: draft.notice,
        problem: draft.problem,
        errors: draft.errors,
        conflict: draft.conflict,
        form: draft.form,
    };
    crate::pages::draw(&page)
}

/// What this person wrote and did not save, for `assets/draft.js`, which offers it.
async fn written_before(db: &Database, identity: &Identity, lesson: LessonId) -> ApiResult<Option<String>> {
    let Some((row, fields)) = catalog::draft::of(&db.read, lesson, identity.account_id).await? else { return Ok(None) };
    let at = row.saved_at.unwrap_or(row.seen_at).0;
    Ok(Some(serde_json::json!({ "at": at, "version": row.version.to_string(), "fields": fields }).to_string()))
}

/// The units a lesson may be for: those within reach, and the one it is for now.
///
/// # Errors
/// When the database fails.
pub async fn audiences(db: &Database, reach: &Scope, current: &str) -> ApiResult<Vec<Choice>> {
    let id: Option<UnitId> = current.parse().ok().or_else(|| top_of(reach));
    let Some(id) = id else { return Ok(Vec::new()) };
    let Some(now) = org_unit::Entity::find_by_id(id).one(&db.read).await? else { return Ok(Vec::new()) };
    let mut options = units(&db.read, reach, &now).await?;
    if !options.iter().any(|option| option.chosen) {
        options.insert(0, Choice::new(id.to_string(), now.name, current));
    }
    Ok(options)
}
