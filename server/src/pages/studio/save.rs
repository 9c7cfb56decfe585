//! What the buttons of the lesson editor do. Whatever fails, the page comes back with every word that was typed.

use super::editor::{Draft, REVIEWERS, page};
use super::form::{LessonForm, Parsed};
use super::place::Back;
use crate::auth::identity::{AUTHORS, Author, Identity};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Errors, top_of, typed};
use crate::pages::go;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Path, Query};
use actix_web::{HttpRequest, HttpResponse, web};
use catalog::course::NewCourse;
use entity::{CourseId, LessonId, LessonState, Moment, lesson, org_unit};
use sea_orm::EntityTrait;

/// `POST /studio/lessons`: make a lesson, and submit it when that button was pressed.
///
/// # Errors
/// When the form cannot be read or the database fails.
pub async fn create(
    author: Author,
    request: HttpRequest,
    payload: web::Payload,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let form = LessonForm::read(&request, &mut payload.into_inner()).await?;
    Desk { identity: &author, db: &db, back: Back::default(), now: Moment::now() }.answer(None, form).await
}

/// `POST /studio/lessons/{id}`: what the pressed button says.
///
/// # Errors
/// `not_found` for a lesson beyond the caller's reach, `forbidden` for a reviewer's button pressed by another.
pub async fn update(
    author: Author,
    id: Path<LessonId>,
    back: Query<Back>,
    request: HttpRequest,
    payload: web::Payload,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let form = LessonForm::read(&request, &mut payload.into_inner()).await?;
    Desk { identity: &author, db: &db, back: back.into_inner(), now: Moment::now() }.answer(Some(lesson), form).await
}

const TO_MEND: &str = "有几处需要改一下，改好再保存。您填写的文字都还在。";

struct Desk<'a> {
    identity: &'a Identity,
    db: &'a Database,
    back: Back,
    now: Moment,
}

/// What came of a button.
enum Outcome {
    /// Done; lead to the lesson and say so.
    Done(LessonId, &'static str),
    /// The lesson is no more.
    Deleted,
    /// Not done; the form is to be drawn again. The lesson may have been made meanwhile.
    Again(Box<(Option<lesson::Model>, Draft)>),
}

impl Desk<'_> {
    async fn answer(&self, old: Option<lesson::Model>, form: LessonForm) -> ApiResult<HttpResponse> {
        let from = if old.is_none() { "&from=new" } else { "" };
        let outcome = match (form.action.as_str(), old) {
            ("publish" | "return" | "withdraw", Some(old)) => self.judge(old, form).await?,
            ("delete", Some(old)) => self.delete(old, form).await?,
            (_, old) => self.write(old, form).await?,
        };
        match outcome {
            Outcome::Done(id, done) => {
                // What was written is saved, or this person has judged the lesson: no draft is left to offer.
                catalog::draft::drop(&self.db.write, id, self.identity.account_id).await?;
                Ok(go(&format!("/studio/lessons/{id}?done={done}{from}{}", self.back.carried())))
            }
            Outcome::Deleted => Ok(go(&self.back.place().after("done", "deleted"))),
            Outcome::Again(again) => {
                let (lesson, draft) = *again;
                let draft = Draft { back: self.back.clone(), ..draft };
                let status =
                    if draft.conflict.is_empty() { StatusCode::UNPROCESSABLE_ENTITY } else { StatusCode::CONFLICT };
                let mut answer = page(self.identity, self.db, lesson, draft).await?;
                *answer.status_mut() = status;
                Ok(answer)
            }
        }
    }

    /// A reviewer's step. The text is not written: while a lesson waits or stands published nobody changes it.
    async fn judge(&self, old: lesson::Model, form: LessonForm) -> ApiResult<Outcome> {
        let path = catalog::lesson::unit_path(&self.db.read, &old).await?;
        if !self.identity.scope(REVIEWERS).contains(&path) {
            return Err(ApiError::new(Code::Forbidden));
        }
        let (db, by) = (&self.db.write, Some(self.identity.account_id));
        let (step, done) = match form.action.as_str() {
            "publish" => match form.publish_at() {
                Ok(None) => (catalog::lesson::publish(db, old.id, by, self.now).await, "published"),
                Ok(Some(at)) => (catalog::lesson::publish_at(db, old.id, at, by, self.now).await, "scheduled"),
                Err(reason) => {
                    let wrong = catalog::Error::Invalid { field: "publish_at", reason: reason.to_owned() };
                    (Err(wrong), "")
                }
            },
            "return" => (catalog::lesson::send_back(db, old.id, &form.reason, by, self.now).await, "returned"),
            _ => (catalog::lesson::withdraw(db, old.id, &form.reason, by, self.now).await, "withdrawn"),
        };
        match step {
            Ok(lesson) => Ok(Outcome::Done(lesson.id, done)),
            Err(cause) => {
                let mut shown = LessonForm::of(&old);
                shown.reason.clone_from(&form.reason);
                shown.publish_at.clone_from(&form.publish_at);
                self.again(Some(old), shown, cause).await
            }
        }
    }

    async fn delete(&self, old: lesson::Model, form: LessonForm) -> ApiResult<Outcome> {
        let by = Some(self.identity.account_id);
        match catalog::lesson::delete(&self.db.write, old.id, form.version(), by, self.now).await {
            Ok(()) => Ok(Outcome::Deleted),
            Err(cause) => self.again(Some(old), form, cause).await,
        }
    }

    /// Save the text, then submit when asked to.
    async fn write(&self, old: Option<lesson::Model>, mut form: LessonForm) -> ApiResult<Outcome> {
        if let Some(old) =
            old.as_ref().filter(|old| old.state == LessonState::Published && old.version == form.version())
        {
            form.keep_content(old);
        }
        let mut errors = Errors::default();
        let parsed = form.parse(&mut errors);
        self.check(old.as_ref(), &form, parsed.as_ref(), &mut errors).await?;
        let (Some(parsed), true) = (parsed, errors.is_empty()) else {
            let draft = Draft { form, errors, problem: Some(TO_MEND.into()), ..Draft::default() };
            return Ok(Outcome::Again(Box::new((old, draft))));
        };
        let course = match self.course(&mut form, &parsed).await {
            Ok(course) => course,
            Err(cause) => return self.again(old, form, cause).await,
        };
        let (db, by) = (&self.db.write, Some(self.identity.account_id));
        let written = match &old {
            None => catalog::lesson::create(db, form.to_new(course, parsed), by, self.now).await,
            Some(old) => {
                let patch = form.to_patch(old, course, parsed);
                catalog::lesson::update(db, old.id, patch, form.version(), by, self.now).await
            }
        };
        match written {
            Ok(lesson) if form.action == "submit" => self.submit(lesson, form).await,
            Ok(lesson) => Ok(Outcome::Done(lesson.id, "saved")),
            Err(cause) => self.again(old, form, cause).await,
        }
    }

    async fn submit(&self, lesson: lesson::Model, form: LessonForm) -> ApiResult<Outcome> {
        let by = Some(self.identity.account_id);
        match catalog::lesson::submit(&self.db.write, lesson.id, by, self.now).await {
            Ok(lesson) => Ok(Outcome::Done(lesson.id, "submitted")),
            Err(cause) => self.again(Some(lesson), form, cause).await,
        }
    }

    /// What this page asks beyond the catalog: a course and an audience within reach, and for a review something to
    /// review and its source.
    async fn check(
        &self,
        old: Option<&lesson::Model>,
        form: &LessonForm,
        parsed: Option<&Parsed>,
        errors: &mut Errors,
    ) -> ApiResult<()> {
        if form.new_course.trim().is_empty() && form.course_id.parse::<CourseId>().is_err() {
            errors.put("course_id", "请选择课程，或在旁边填新课程的名称");
        }
        if form.action == "submit" {
            if form.source.trim().is_empty() {
                errors.put("source", "提交审核前请写明来源与授权");
            }
            if form.body.trim().is_empty() && form.media_sha256.trim().is_empty() {
                errors.put("body", "提交审核前请写正文，或上传音视频");
            }
        }
        let audience = parsed.and_then(|parsed| parsed.audience);
        if let Some(id) = audience.filter(|id| old.is_none_or(|old| old.audience_unit_id != *id)) {
            let unit = org_unit::Entity::find_by_id(id).one(&self.db.read).await?;
            if !unit.is_some_and(|unit| self.identity.scope(AUTHORS).contains(&unit.path)) {
                errors.put("audience_unit_id", "只能面向您管理范围内的单位");
            }
        }
        let blobs = [
            ("media_sha256", form.media_sha256.trim(), old.and_then(|old| old.media_sha256.as_deref())),
            ("cover_sha256", form.cover_sha256.trim(), old.and_then(|old| old.cover_sha256.as_deref())),
        ];
        for (field, blob, kept) in blobs {
            if !blob.is_empty()
                && kept != Some(blob)
                && reach::blob(self.db, self.identity, &typed(blob)).await.is_err()
            {
                errors.put(field, "没有这个文件，请重新上传");
            }
        }
        Ok(())
    }

    /// The course the lesson belongs to; made now when a new one was named. From then on the form names it by its id,
    /// so that a second try does not make it twice.
    async fn course(&self, form: &mut LessonForm, parsed: &Parsed) -> catalog::Result<CourseId> {
        let reach = self.identity.scope(AUTHORS);
        if form.new_course.trim().is_empty() {
            let chosen = catalog::course::find(&self.db.read, &typed(&form.course_id)).await?;
            let unit = org_unit::Entity::find_by_id(chosen.unit_id).one(&self.db.read).await?;
            let within = unit.is_some_and(|unit| reach.contains(&unit.path));
            return if within { Ok(chosen.id) } else { Err(catalog::Error::CourseNotFound) };
        }
        let new = NewCourse {
            slug: None,
            title: form.new_course.clone(),
            summary: String::new(),
            category: parsed.category,
            unit_id: top_of(&reach).ok_or(catalog::Error::UnitNotFound)?,
            audience_unit_id: None,
        };
        let made = catalog::course::create(&self.db.write, new, Some(self.identity.account_id), self.now).await?;
        form.course_id = made.id.to_string();
        form.new_course.clear();
        Ok(made.id)
    }

    /// The form again, with what the catalog said beside the field it said it of.
    async fn again(&self, old: Option<lesson::Model>, form: LessonForm, cause: catalog::Error) -> ApiResult<Outcome> {
        let mut draft = Draft { form, ..Draft::default() };
        let mut lesson = old;
        match cause {
            catalog::Error::Invalid { field, reason } => draft.errors.put(field, reason),
            catalog::Error::MediaNotFound => draft.errors.put("media_sha256", "文件不在库里，请重新上传"),
            catalog::Error::CourseNotFound => draft.errors.put("course_id", "没有这门课程，或不在您的管理范围内"),
            catalog::Error::UnitNotFound => draft.errors.put("audience_unit_id", "没有这个单位"),
            catalog::Error::OwnLesson => draft.problem = Some("课程须由他人审核，不能审核自己的课程。".into()),
            catalog::Error::WrongState { state } => {
                draft.problem = Some(format!("这一课现在是“{}”，不能这样操作。", state.label()));
            }
            catalog::Error::Stale { .. } => {
                draft.problem = Some(
                    "您打开以后，有人保存了这一课。您没改过的地方已换成最新的；两人都改过的列在下面，请对照后再保存。"
                        .into(),
                );
                if let Some(id) = lesson.as_ref().map(|lesson| lesson.id) {
                    let saved = catalog::lesson::get(&self.db.read, id).await?;
                    if let Some(drawn_from) = catalog::history::at(&self.db.read, id, draft.form.version()).await? {
                        draft.form.take_over(&drawn_from, &saved);
                    }
                }
            }
            other => return Err(other.into()),
        }
        if let (Some(id), true) = (lesson.as_ref().map(|lesson| lesson.id), draft.problem.is_some()) {
            let current = catalog::lesson::get(&self.db.read, id).await?;
            draft.conflict = differences(&current, &draft.form);
            lesson = Some(current);
        }
        if draft.problem.is_none() {
            draft.problem = Some(TO_MEND.into());
        }
        Ok(Outcome::Again(Box::new((lesson, draft))))
    }
}

/// Where the kept lesson differs from what was typed: the field's name and the kept text.
fn differences(kept: &lesson::Model, typed: &LessonForm) -> Vec<(&'static str, String)> {
    let kept = LessonForm::of(kept);
    let pairs = kept.named().into_iter().zip(typed.named());
    pairs
        .filter(|((_, kept), (_, typed))| kept.trim() != typed.trim())
        .map(|((name, kept), _)| (name, kept.to_owned()))
        .collect()
}
