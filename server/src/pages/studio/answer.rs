//! Answering what people wished for: find a lesson, press, and those who asked are told.

use crate::api::search::Searches;
use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Choice, Tab, tabs, typed, unit, units};
use crate::pages::figures::minutes;
use crate::pages::go;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use askama::Template;
use catalog::asked::Wish;
use catalog::audience;
use catalog::search::{Index, SearchQuery};
use entity::{LessonId, Moment, lesson};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter};
use serde::Deserialize;

/// Hits that are offered.
const HITS: u64 = 12;

/// The wish, and what is looked for as its answer.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AnswerQuery {
    wish: String,
    unit: String,
    q: String,
    lesson: String,
}

#[derive(Template)]
#[template(path = "studio/answer.html")]
struct AnswerPage {
    shell: Shell,
    tabs: Vec<Tab>,
    problem: Option<String>,
    wish: String,
    q: String,
    units: Vec<Choice>,
    at: entity::UnitId,
    hits: Vec<Hit>,
}

struct Hit {
    id: LessonId,
    slug: String,
    title: String,
    length: String,
}

/// `GET /studio/searches/answer`: lessons that might answer a wish.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(
    author: Author,
    query: Query<AnswerQuery>,
    index: Data<Index>,
    searches: Data<Searches>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    page(&author, query.into_inner(), (index, &searches), &db, None).await
}

/// `POST /studio/searches/answer`: this lesson answers that wish.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn take(
    author: Author,
    form: Form<AnswerQuery>,
    index: Data<Index>,
    searches: Data<Searches>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let form = form.into_inner();
    let at = unit(&db.read, &author.reach(), Some(&form.unit)).await?;
    let lesson = form.lesson.parse().map_err(|_| ApiError::new(Code::InvalidRequest))?;
    match catalog::asked::answer(&db.write, &at, &form.wish, lesson, author.account_id, Moment::now()).await {
        Ok(told) => Ok(go(&format!("/studio/searches?told={told}"))),
        Err(catalog::Error::Invalid { reason, .. }) => {
            let mut answer = page(&author, form, (index, &searches), &db, Some(reason)).await?;
            *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
            Ok(answer)
        }
        Err(cause) => Err(cause.into()),
    }
}

async fn page(
    author: &Author,
    query: AnswerQuery,
    (index, searches): (Data<Index>, &Searches),
    db: &Database,
    problem: Option<String>,
) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &author.reach(), Some(&query.unit)).await?;
    let wish = Wish::of(&query.wish).map(|wish| wish.query).unwrap_or_default();
    let q = if query.q.trim().is_empty() { wish.clone() } else { typed(&query.q) };
    let hits = match q.is_empty() {
        true => Vec::new(),
        false => hits(author, &q, index, searches, db).await?,
    };
    crate::pages::draw(&AnswerPage {
        shell: Shell::new(author, "答复想学的内容", "/studio"),
        tabs: tabs(author, "/studio/searches"),
        units: units(&db.read, &author.reach(), &at).await?,
        at: at.id,
        problem,
        wish,
        q,
        hits,
    })
}

/// What a trainer looks for is no wish, so it is not counted as one.
async fn hits(author: &Author, q: &str, index: Data<Index>, searches: &Searches, db: &Database) -> ApiResult<Vec<Hit>> {
    let (viewer, today) = (author.viewer(), Moment::now().day());
    let query = SearchQuery { size: HITS, ..SearchQuery::of(q) };
    let asked = viewer.clone();
    let answer = searches.run(move || index.search(&query, &asked, today)).await?;
    let ids: Vec<LessonId> = answer.hits.iter().map(|hit| hit.lesson_id).collect();
    let rows = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.iter().copied()));
    let mut rows = rows.filter(audience::published_for(&viewer, today)).all(&db.read).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    let hit =
        |row: lesson::Model| Hit { id: row.id, length: minutes(row.duration_ms), slug: row.slug, title: row.title };
    Ok(rows.into_iter().map(hit).collect())
}
