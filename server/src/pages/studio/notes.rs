//! Remarks on a lesson in the editor: those there are, and one to be made.

use super::editor::{Draft, page};
use super::form::LessonForm;
use super::place::Back;
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::Errors;
use crate::pages::figures::clock;
use crate::pages::go;
use crate::pages::names::names;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use catalog::review::{self, NewNote};
use entity::{AccountId, LessonId, LessonState, Moment, lesson, review_note};
use serde::Deserialize;
use std::collections::HashMap;

/// The remarks of a lesson as the editor shows them.
#[derive(Debug)]
pub struct Notes {
    /// Where the forms go.
    pub action: String,
    /// Those about the whole first, then by their place.
    pub rows: Vec<Row>,
    /// How many are not settled.
    pub open: usize,
    /// Whether more may be made.
    pub may_remark: bool,
    /// Whether there is a recording to point into.
    pub plays: bool,
    /// What is typed into the form.
    pub typed: RemarkForm,
}

/// One remark.
#[derive(Debug)]
pub struct Row {
    /// The key.
    pub id: i64,
    /// Seconds into the recording, and the same as people read it; `None` for the whole.
    pub at: Option<(String, String)>,
    /// What is to be done.
    pub text: String,
    /// Who remarked, and when.
    pub by: String,
    /// Who settled it, and when.
    pub done: Option<String>,
}

/// The form of a remark, or of a press on a remark's button.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default)]
pub struct RemarkForm {
    /// `1:23`, or blank for the whole.
    pub at: String,
    /// What is to be done.
    pub text: String,
    /// The remark that is settled, instead of a new one.
    pub done: String,
}

impl Notes {
    /// The remarks of a lesson.
    ///
    /// # Errors
    /// When the database fails.
    pub async fn of(db: &Database, lesson: &lesson::Model, typed: RemarkForm) -> ApiResult<Self> {
        let notes = review::of_lesson(&db.read, lesson.id).await?;
        let people = notes.iter().flat_map(|note| std::iter::once(note.created_by).chain(note.done_by)).collect();
        let names = names(&db.read, people).await?;
        Ok(Self {
            action: format!("/studio/lessons/{}/notes", lesson.id),
            open: notes.iter().filter(|note| note.done_at.is_none()).count(),
            rows: notes.into_iter().map(|note| Row::of(note, &names)).collect(),
            may_remark: lesson.state != LessonState::Published,
            plays: lesson.media_sha256.is_some(),
            typed,
        })
    }
}

impl Row {
    fn of(note: review_note::Model, names: &HashMap<AccountId, String>) -> Self {
        let who = |id: AccountId, at: Moment| {
            let name = names.get(&id).cloned().unwrap_or_else(|| id.to_string());
            format!("{name} · {}", minute(at))
        };
        Self {
            id: note.id.0,
            at: note.at_ms.map(|at| (format!("{}.{:03}", at / 1000, at % 1000), clock(at))),
            text: note.text,
            by: who(note.created_by, note.created_at),
            done: note.done_by.zip(note.done_at).map(|(id, at)| who(id, at)),
        }
    }
}

/// `2026-12-01 08:00`.
pub fn minute(at: Moment) -> String {
    at.local().format("%Y-%m-%d %H:%M").to_string()
}

/// `POST /studio/lessons/{id}/notes`: make a remark, or settle one.
///
/// # Errors
/// `not_found` for a lesson beyond the caller's reach.
pub async fn take(
    author: Author,
    id: Path<LessonId>,
    back: Query<Back>,
    form: Form<RemarkForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let (form, now) = (form.into_inner(), Moment::now());
    if let Ok(note) = form.done.parse() {
        review::settle(&db.write, lesson.id, note, author.account_id, now).await?;
        return Ok(go(&format!("/studio/lessons/{id}?done=settled{}#notes", back.carried())));
    }
    let made = match place(&form.at) {
        Ok(at_ms) => {
            let new = NewNote { at_ms, text: form.text.clone() };
            review::remark(&db.write, lesson.id, new, author.account_id, now).await
        }
        Err(reason) => Err(catalog::Error::Invalid { field: "at", reason: reason.to_owned() }),
    };
    match made {
        Ok(_) => Ok(go(&format!("/studio/lessons/{id}?done=noted{}#notes", back.carried()))),
        Err(catalog::Error::Invalid { field, reason }) => {
            let mut errors = Errors::default();
            errors.put(if field == "at" { "note_at" } else { "note_text" }, reason);
            let problem = Some("意见还没有记下，请看下面标红的地方。".to_owned());
            let (typed, back) = (LessonForm::of(&lesson), back.into_inner());
            let draft = Draft { form: typed, errors, problem, remark: form, back, ..Draft::default() };
            let mut answer = page(&author, &db, Some(lesson), draft).await?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
        Err(cause) => Err(cause.into()),
    }
}

/// `1:23`, `1:02:03` or seconds as milliseconds; blank is the whole lesson.
fn place(text: &str) -> Result<Option<i64>, &'static str> {
    const WRONG: &str = "时间写成 分:秒，如 1:23；不指定哪一秒就留空";
    let text = text.trim().replace('：', ":");
    if text.is_empty() {
        return Ok(None);
    }
    let parts: Vec<&str> = text.split(':').collect();
    if parts.len() > 3 {
        return Err(WRONG);
    }
    let seconds = parts.iter().try_fold(0_i64, |sum, part| {
        let number: i64 = part.trim().parse().ok().filter(|number| (0..=99_999).contains(number))?;
        Some(sum * 60 + number)
    });
    seconds.map(|seconds| Some(seconds * 1000)).ok_or(WRONG)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_place_is_read_as_people_write_it() {
        for (text, ms) in [("1:23", 83_000), ("0：05", 5_000), ("1:02:03", 3_723_000), (" 40 ", 40_000)] {
            assert_eq!(place(text), Ok(Some(ms)), "{text}");
        }
        assert_eq!(place(" "), Ok(None));
        for wrong in ["a", "1:2:3:4", "-5", "1:", "1.5", "999999999999"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
