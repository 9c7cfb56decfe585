//! The in-class quiz of a lesson as its authors see it: the questions in order, one to be written, the switch.
//!
//! Every button is one small change of the whole quiz, put in place when nobody else changed it meanwhile. What is typed
//! survives every failure. Tables of questions are `import`.

mod form;
pub mod import;

pub use form::QuestionForm;

use super::place::Back;
use crate::auth::identity::Author;
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::Errors;
use crate::pages::go;
use crate::pages::pairs::Pairs;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use catalog::quiz::{LETTERS, Question, Quiz};
use entity::{LessonId, LessonState, Moment, QuestionId, QuestionKind, lesson, question};
use import::PlanView;
use serde::Deserialize;

#[derive(Template)]
#[template(path = "studio/quiz.html")]
struct QuizPage {
    shell: Shell,
    lesson: lesson::Model,
    /// The list, at the place the lesson was opened from; what carries that place on, alone and after other parameters.
    list: String,
    back: String,
    carried: String,
    notice: Option<&'static str>,
    problem: Option<String>,
    /// In review: nothing may change.
    locked: bool,
    /// The switch may change only before publishing.
    switch_locked: bool,
    rows: Vec<Row>,
    form: QuestionForm,
    errors: Errors,
    plan: Option<PlanView>,
}

/// A question in the list.
struct Row {
    id: QuestionId,
    number: usize,
    kind: QuestionKind,
    text: String,
    choices: Vec<Choice>,
    explanation: String,
    last: bool,
    /// The button that was pressed just before, so that it may be pressed again.
    focus: String,
}

struct Choice {
    letter: String,
    text: String,
    right: bool,
}

/// What the page shows besides what is kept.
#[derive(Default)]
struct Draft {
    notice: Option<&'static str>,
    problem: Option<String>,
    form: QuestionForm,
    errors: Errors,
    plan: Option<PlanView>,
    moved: Option<(QuestionId, String)>,
    /// Where in the list it was come from.
    back: Back,
}

/// What was done just before, and which question is to be edited.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Wanted {
    done: String,
    edit: Option<i64>,
    moved: Option<i64>,
}

/// `GET /studio/lessons/{id}/quiz`: the questions, and the form for one.
///
/// # Errors
/// `not_found` when the lesson is not there or kept beyond the caller's reach.
pub async fn show(
    author: Author,
    id: Path<LessonId>,
    wanted: Query<Wanted>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let rows = catalog::quiz::of_lesson(&db.read, lesson.id).await?;
    let edited = wanted.edit.and_then(|id| rows.iter().find(|row| row.id.0 == id));
    let draft = Draft {
        notice: notice(&wanted.done),
        form: edited.map(QuestionForm::of).unwrap_or_default(),
        moved: wanted.moved.map(|id| (QuestionId(id), wanted.done.clone())),
        back: back.into_inner(),
        ..Draft::default()
    };
    crate::pages::draw(&page(&author, lesson, rows, draft))
}

/// `POST /studio/lessons/{id}/quiz`: one change: add, save, remove, up, down, or the switch.
///
/// # Errors
/// `not_found`, or the database; what is wrong with the question is said on the page.
pub async fn work(
    author: Author,
    id: Path<LessonId>,
    back: Query<Back>,
    form: Form<Pairs>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = reach::lesson(&db, &author.reach(), *id).await?;
    let action = form.text("action");
    match change(&author, &db, &lesson, &form, &action).await {
        Ok(place) => {
            let (done, carried) = (done(&action), back.carried());
            Ok(go(&format!("/studio/lessons/{}/quiz?done={done}{carried}{place}", *id)))
        }
        Err(catalog::Error::LessonNotFound) => Err(ApiError::new(Code::NotFound)),
        Err(cause) => {
            let draft = Draft { form: QuestionForm::read(&form), back: back.into_inner(), ..Draft::default() };
            again(&author, &db, lesson.id, draft, cause).await
        }
    }
}

/// Makes the change; answers where on the page it is.
async fn change(
    author: &Author,
    db: &Database,
    lesson: &lesson::Model,
    form: &Pairs,
    action: &str,
) -> catalog::Result<String> {
    let mut quiz = Quiz::of(&db.read, lesson).await?;
    let id = form.text("question").parse().ok().map(QuestionId);
    let at = quiz.questions.iter().position(|(known, _)| id.is_some() && *known == id);
    match (action, at) {
        ("require", _) => quiz.required = form.text("required") == "on",
        ("add", _) => quiz.questions.push((None, QuestionForm::read(form).parse()?)),
        ("save", Some(at)) => replace(&mut quiz, at, QuestionForm::read(form).parse()?),
        ("remove", Some(at)) => drop(quiz.questions.remove(at)),
        ("up", Some(at)) if at > 0 => quiz.questions.swap(at, at - 1),
        ("down", Some(at)) if at + 1 < quiz.questions.len() => quiz.questions.swap(at, at + 1),
        ("up" | "down" | "remove", _) => {} // it is where it was wanted already
        _ => return Err(catalog::Error::Stale { current: lesson.version }),
    }
    let version = form.text("version").parse().unwrap_or(0);
    catalog::quiz::put(&db.write, lesson.id, quiz, version, Some(author.account_id), Moment::now()).await?;
    Ok(match id {
        // No fragment: a browser that is led to one does not follow autofocus.
        Some(id) if matches!(action, "up" | "down") => format!("&moved={id}"),
        Some(id) if action == "save" => format!("#q-{id}"),
        _ => String::new(),
    })
}

fn replace(quiz: &mut Quiz, at: usize, question: Question) {
    if let Some((_, old)) = quiz.questions.get_mut(at) {
        *old = question;
    }
}

/// Draw the page again with what was typed and what is wrong.
async fn again(
    author: &Author,
    db: &Database,
    id: LessonId,
    mut draft: Draft,
    cause: catalog::Error,
) -> ApiResult<HttpResponse> {
    let mut status = StatusCode::UNPROCESSABLE_ENTITY;
    match cause {
        catalog::Error::Invalid { field, reason } if form::FIELDS.contains(&field) => {
            draft.problem = Some(format!("还没有保存：{reason}。您填的文字都在。")); // the field may be out of sight
            draft.errors.put(field, reason);
        }
        catalog::Error::Invalid { reason, .. } => draft.problem = Some(format!("{reason}。")),
        catalog::Error::Database(cause) => return Err(cause.into()),
        other => {
            let cause = ApiError::from(other);
            status = cause.code().status();
            draft.problem = Some(format!("{}。您填的文字还在。", cause.message().trim_end_matches('。')));
        }
    }
    let lesson = catalog::lesson::get(&db.write, id).await?; // with the version as it is now
    let rows = catalog::quiz::of_lesson(&db.write, id).await?;
    crate::pages::draw_as(status, &page(author, lesson, rows, draft))
}

fn page(author: &Author, lesson: lesson::Model, rows: Vec<question::Model>, draft: Draft) -> QuizPage {
    let count = rows.len();
    let focus = |id: QuestionId| match &draft.moved {
        Some((moved, way)) if *moved == id => way.clone(),
        _ => String::new(),
    };
    let rows = (1..).zip(rows).map(|(number, row)| Row::of(number, number == count, focus(row.id), row)).collect();
    QuizPage {
        shell: Shell::new(author, format!("随堂测验：{}", lesson.title), "/studio"),
        list: draft.back.place().at(lesson.id),
        back: draft.back.only(),
        carried: draft.back.carried(),
        notice: draft.notice,
        problem: draft.problem,
        locked: lesson.state == LessonState::Review,
        switch_locked: matches!(lesson.state, LessonState::Review | LessonState::Published),
        rows,
        form: draft.form,
        errors: draft.errors,
        plan: draft.plan,
        lesson,
    }
}

impl Row {
    fn of(number: usize, last: bool, focus: String, row: question::Model) -> Self {
        let choices = match row.kind {
            QuestionKind::TrueFalse => vec!["对".to_owned(), "错".to_owned()],
            QuestionKind::Single | QuestionKind::Multiple => row.read_choices(),
        };
        let answer = row.read_answer();
        let option = |((place, text), letter): ((usize, String), char)| Choice {
            letter: letter.to_string(),
            text,
            right: answer.contains(&place),
        };
        let choices = choices.into_iter().enumerate().zip(LETTERS.chars()).map(option).collect();
        Self { id: row.id, number, kind: row.kind, text: row.text, choices, explanation: row.explanation, last, focus }
    }
}

fn done(action: &str) -> &'static str {
    match action {
        "add" => "added",
        "save" => "saved",
        "remove" => "removed",
        "require" => "switched",
        "up" => "up",
        _ => "down",
    }
}

fn notice(done: &str) -> Option<&'static str> {
    match done {
        "added" => Some("已添加。"),
        "saved" => Some("已保存。"),
        "removed" => Some("已删除。做过的人的成绩不变。"),
        "switched" => Some("已改好。"),
        "imported" => Some("导入完成。"),
        _ => None,
    }
}
