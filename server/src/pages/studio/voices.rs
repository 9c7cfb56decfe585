//! The voices of a lesson as its authors see them: those there are, and a recording that is to be one.
//!
//! A voice that is there is replaced only after its author has seen what it replaces.

use super::place::Back;
use crate::api::voices::{VoiceAnswer, of_lesson};
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::typed;
use crate::pages::figures::clock;
use crate::pages::shell::Shell;
use crate::pages::{Done, go};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use catalog::track::Expected;
use catalog::voice::NewVoice;
use entity::{LessonId, LessonState, Moment, VoiceId, lesson};
use serde::Deserialize;

/// A voice this much longer or shorter than its lesson is told of, in milliseconds.
const APART_MS: i64 = 2_000;

#[derive(Template)]
#[template(path = "studio/voices.html")]
struct VoicesPage {
    shell: Shell,
    lesson: lesson::Model,
    /// The list, at the place the lesson was opened from, and what carries that place on.
    list: String,
    back: String,
    notice: Option<&'static str>,
    problem: Option<String>,
    rows: Vec<Row>,
    /// In review: nothing may change.
    locked: bool,
    form: VoiceForm,
}

/// A voice in the list.
struct Row {
    voice: VoiceAnswer,
    about: String,
    /// How far its length is from the lesson's.
    apart: Option<String>,
}

/// The fields, as typed and pressed.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct VoiceForm {
    action: String,
    language: String,
    media_sha256: String,
    /// The voice that was seen in the place of this one, and its language.
    replaces: String,
    replaced: String,
}

/// `GET /studio/lessons/{id}/voices`: the voices, and the form for another.
///
/// # Errors
/// `not_found` when the lesson is not there or kept beyond the caller's reach.
pub async fn show(
    author: Author,
    id: Path<LessonId>,
    done: Query<Done>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let notice = match done.done.as_str() {
        "put" => Some("配音已添加，学员在课程页上就能选。"),
        "removed" => Some("配音已删除，录音文件还在。"),
        _ => None,
    };
    let page = page(&author, &db, lesson, &back, VoiceForm::default()).await?;
    crate::pages::draw(&VoicesPage { notice, ..page })
}

/// `POST /studio/lessons/{id}/voices`: add a voice, or remove one.
///
/// # Errors
/// `not_found`, or the database; what is wrong with the voice is said on the page.
pub async fn take(
    author: Author,
    id: Path<LessonId>,
    back: Query<Back>,
    form: Form<VoiceForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let form = form.into_inner();
    match work(&author, &db, &lesson, &form).await {
        Ok(done) => Ok(go(&format!("/studio/lessons/{}/voices?done={done}{}", lesson.id, back.carried()))),
        Err(cause) if speaks(&cause) => {
            let mut page = page(&author, &db, lesson, &back, form).await?;
            page.problem = Some(page.explained(&cause));
            crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
        }
        Err(cause) => Err(cause),
    }
}

/// Does what the pressed button says, and answers what that was.
async fn work(author: &Author, db: &Database, lesson: &lesson::Model, form: &VoiceForm) -> ApiResult<&'static str> {
    let (language, by, now) = (typed(&form.language), Some(author.account_id), Moment::now());
    let seen = form.replaces.parse().unwrap_or(0);
    if form.action == "remove" {
        let expected = Expected::Track(VoiceId(seen));
        catalog::voice::remove(&db.write, lesson.id, &language, expected, by, now).await?;
        return Ok("removed");
    }
    if form.media_sha256.is_empty() {
        return Err(ApiError::say(Code::Unprocessable, "请先选择录音文件，等它传完"));
    }
    reach::blob(db, author, &form.media_sha256).await?;
    let expected = Expected::said(Some(if language == form.replaced { seen } else { 0 }), VoiceId);
    let new = NewVoice { language, media_sha256: form.media_sha256.clone() };
    catalog::voice::put(&db.write, lesson.id, new, expected, by, now).await?;
    Ok("put")
}

async fn page(
    author: &Author,
    db: &Database,
    lesson: lesson::Model,
    back: &Back,
    mut form: VoiceForm,
) -> ApiResult<VoicesPage> {
    let rows: Vec<Row> =
        of_lesson(db, &lesson).await?.into_iter().map(|voice| Row::of(voice, lesson.duration_ms)).collect();
    let language = typed(&form.language);
    let there = rows.iter().find(|row| row.voice.language == language && form.action != "remove");
    form.replaces = there.map_or_else(String::new, |row| row.voice.id.to_string());
    form.replaced = there.map_or_else(String::new, |row| row.voice.language.clone());
    Ok(VoicesPage {
        shell: Shell::new(author, format!("语言配音：{}", lesson.title), "/studio"),
        list: back.place().at(lesson.id),
        back: back.only(),
        notice: None,
        problem: None,
        rows,
        locked: lesson.state == LessonState::Review,
        form,
        lesson,
    })
}

impl VoicesPage {
    /// What is wrong, in the page's words.
    fn explained(&self, cause: &ApiError) -> String {
        let there = self.rows.iter().find(|row| row.voice.language == self.form.replaced);
        match there {
            Some(row) if cause.code() == Code::VersionConflict => {
                format!("已经有{}配音了（{}）。要换成新的，请再点一次“添加配音”。", row.voice.language, row.about)
            }
            _ => {
                let message = cause.message();
                let said = message.split_once('：').map_or(message, |(_, reason)| reason);
                format!("{}。", said.trim_end_matches('。'))
            }
        }
    }
}

impl Row {
    fn of(voice: VoiceAnswer, lesson_ms: i64) -> Self {
        let length = voice.duration_ms.map(clock);
        let about = length.into_iter().chain([voice.size(), voice.source_name.clone()]).collect::<Vec<_>>().join(" · ");
        Self { apart: voice.duration_ms.and_then(|ms| apart(ms - lesson_ms)), about, voice }
    }
}

/// What is to be told of a voice so much longer than its lesson.
fn apart(by_ms: i64) -> Option<String> {
    let seconds = (by_ms.abs() + 500) / 1000;
    let how = if by_ms > 0 { "长" } else { "短" };
    (by_ms.abs() > APART_MS).then(|| format!("比原片{how} {seconds} 秒，请听一遍是否对得上"))
}

/// Whether an error is about what was sent, so that the page says it.
fn speaks(cause: &ApiError) -> bool {
    [Code::Unprocessable, Code::InvalidRequest, Code::VersionConflict, Code::WrongState].contains(&cause.code())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_voice_that_ends_elsewhere_than_its_lesson_is_told_of() {
        assert_eq!([apart(0), apart(2_000), apart(-1_999)], [None, None, None]);
        assert!(apart(14_600).is_some_and(|text| text.contains("长 15 秒")));
        assert!(apart(-3_000).is_some_and(|text| text.contains("短 3 秒")));
    }
}
