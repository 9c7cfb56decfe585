//! A course on its keeper's desk: its lessons in order, to be moved by dragging, by keys, or by buttons.

use super::lessons::row::badge_of;
use crate::api::courses::within_reach;
use crate::auth::identity::{Author, READERS};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::figures::minutes;
use crate::pages::pairs::Pairs;
use crate::pages::shell::Shell;
use crate::pages::{Done, draw, go};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use askama::Template;
use entity::{LessonId, LessonState, Moment, course, lesson};

#[derive(Template)]
#[template(path = "studio/course.html")]
struct CoursePage {
    shell: Shell,
    notice: Option<&'static str>,
    problem: Option<&'static str>,
    /// Whether the caller may read whose hours it gave.
    attendance: bool,
    course: course::Model,
    rows: Vec<Row>,
}

struct Row {
    id: LessonId,
    title: String,
    length: String,
    state: LessonState,
    kind: &'static str,
}

/// `GET /studio/courses/{id}`: the lessons of a course in their order, in whatever state.
///
/// # Errors
/// `not_found` for a course beyond the caller's reach.
pub async fn show(author: Author, id: Path<String>, query: Query<Done>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let course = within_reach(&db, &author, &id).await?;
    let notice = (query.done == "arranged").then_some("顺序已保存。");
    page(&author, &db, course, notice, None).await
}

/// `POST /studio/courses/{id}`: the order as sent; when a button of one lesson was pressed, with that one moved.
///
/// # Errors
/// `not_found` for a course beyond the caller's reach.
pub async fn arrange(
    author: Author,
    id: Path<String>,
    form: Form<Pairs>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let course = within_reach(&db, &author, &id).await?;
    let mut order: Vec<LessonId> = form.all("lesson").filter_map(|text| text.parse().ok()).collect();
    moved(&mut order, &form.text("move"));
    let (version, by) = (form.text("version").parse().unwrap_or(0), Some(author.account_id));
    match catalog::course::arrange(&db.write, course.id, &order, version, by, Moment::now()).await {
        Ok(course) => Ok(go(&format!("/studio/courses/{}?done=arranged", course.id))),
        Err(catalog::Error::Stale { .. }) => {
            let problem = "您打开以后，这门课程有了变动，刚才的顺序没有保存。请按下面现在的样子再排。";
            let course = catalog::course::get(&db.read, course.id).await?;
            let mut answer = page(&author, &db, course, None, Some(problem)).await?;
            *answer.status_mut() = StatusCode::CONFLICT;
            Ok(answer)
        }
        Err(cause) => Err(cause.into()),
    }
}

/// `12:up` moves the lesson 12 before its neighbour, `12:down` behind it.
fn moved(order: &mut [LessonId], what: &str) {
    let Some((id, way)) = what.split_once(':') else { return };
    let Some(at) = order.iter().position(|one| id.parse() == Ok(*one)) else { return };
    match way {
        "up" if at > 0 => order.swap(at, at - 1),
        "down" if at + 1 < order.len() => order.swap(at, at + 1),
        _ => {}
    }
}

async fn page(
    author: &Author,
    db: &Database,
    course: course::Model,
    notice: Option<&'static str>,
    problem: Option<&'static str>,
) -> ApiResult<HttpResponse> {
    let lessons = catalog::course::all_lessons(&db.read, course.id).await?;
    let row = |lesson: lesson::Model| Row {
        id: lesson.id,
        title: lesson.title,
        length: minutes(lesson.duration_ms),
        kind: badge_of(lesson.state),
        state: lesson.state,
    };
    let rows = lessons.into_iter().map(row).collect();
    let shell = Shell::new(author, course.title.clone(), "/studio");
    draw(&CoursePage { shell, notice, problem, attendance: author.has(READERS), course, rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lesson_moves_past_its_neighbour_and_never_out_of_the_list() {
        let after = |what: &str| {
            let mut order = [1, 2, 3].map(LessonId);
            moved(&mut order, what);
            order.map(|id| id.0)
        };
        assert_eq!(after("2:up"), [2, 1, 3]);
        assert_eq!(after("2:down"), [1, 3, 2]);
        for nothing in ["1:up", "3:down", "9:up", "", "2", "2:sideways"] {
            assert_eq!(after(nothing), [1, 2, 3], "{nothing}");
        }
    }
}
