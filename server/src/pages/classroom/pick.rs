//! Picking today's lesson: what is in season comes first, so that OK on the first card is mostly right.

use super::room;
use crate::api::search::Searches;
use crate::auth::identity::Operator;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::parts::Pager;
use crate::pages::phone::card::{Card, cards};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use catalog::search::{Index, SearchQuery};
use catalog::{Viewer, audience, season};
use chrono::Datelike;
use entity::{Category, Day, LessonId, Moment, lesson};
use sea_orm::{ColumnTrait, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;

/// What the page is narrowed by.
#[derive(Deserialize)]
#[serde(default)]
#[derive(Default)]
pub struct Params {
    q: String,
    category: String,
    page: String,
}

#[derive(Template)]
#[template(path = "classroom/pick.html")]
struct PickPage {
    shell: Shell,
    heading: String,
    unit_name: String,
    date: String,
    term: &'static str,
    q: String,
    lessons: Vec<Card>,
    pager: Pager,
    categories: &'static [Category],
    chosen: Option<Category>,
    narrowed: bool,
    leads_out: bool,
}

/// Cards on one screen: three rows of three, readable from the last bench.
const SIZE: u64 = 9;
const LAST_PAGE: u64 = 1_000;

/// The page a lesson is picked on.
pub async fn pick(
    caller: Operator,
    params: Query<Params>,
    index: Data<Index>,
    searches: Data<Searches>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let params = params.into_inner();
    let (viewer, today) = (caller.viewer(), Moment::now().day());
    let page = params.page.parse().unwrap_or(1).clamp(1, LAST_PAGE);
    let (category, q) = (Category::parse(&params.category), params.q.trim());
    let (rows, total) = match (q.is_empty(), category) {
        (false, _) => found(&db, (index, &searches), q, &viewer, today).await?,
        (true, None) => recommended(&db, &viewer, today).await?,
        (true, Some(category)) => of_category(&db, &viewer, today, category, page).await?,
    };
    let unit = room(&db, &caller, None).await?;
    crate::pages::draw(&PickPage {
        shell: Shell::room("选一课"),
        heading: heading(q, category),
        unit_name: unit.name,
        date: format!("{}月{}日", today.month(), today.day()),
        term: season::term_of(today),
        lessons: with_seasons(cards(&db.read, &rows).await?, &rows, today),
        pager: Pager::new("/classroom", &[("category", &params.category)], page, SIZE, total),
        categories: Category::ALL,
        chosen: category,
        narrowed: !q.is_empty() || category.is_some(),
        leads_out: caller.person_id.is_some(),
        q: params.q,
    })
}

fn heading(q: &str, category: Option<Category>) -> String {
    match (q, category) {
        ("", None) => "今天学什么".into(),
        ("", Some(category)) => category.label().into(),
        (q, _) => format!("搜“{q}”"),
    }
}

fn with_seasons(cards: Vec<Card>, rows: &[lesson::Model], today: Day) -> Vec<Card> {
    let fits = |row: &lesson::Model| row.season.as_deref().is_some_and(|text| season::fits(text, today));
    cards.into_iter().zip(rows).map(|(card, row)| if fits(row) { card.because("正当季") } else { card }).collect()
}

/// What is in season and can be played, then what is played most.
async fn recommended(db: &Database, viewer: &Viewer, today: Day) -> ApiResult<(Vec<lesson::Model>, u64)> {
    let mut rows = catalog::lesson::in_season(&db.read, viewer, today, 40).await?;
    rows.retain(|row| row.media_sha256.is_some());
    let most_played = lesson::Entity::find()
        .filter(audience::published_for(viewer, today))
        .filter(lesson::Column::MediaSha256.is_not_null())
        .order_by_desc(lesson::Column::Plays)
        .order_by_asc(lesson::Column::Id)
        .limit(SIZE)
        .all(&db.read)
        .await?;
    for row in most_played {
        if rows.iter().all(|known| known.id != row.id) {
            rows.push(row);
        }
    }
    rows.truncate(SIZE as usize);
    Ok((rows, SIZE))
}

async fn of_category(
    db: &Database,
    viewer: &Viewer,
    today: Day,
    category: Category,
    page: u64,
) -> ApiResult<(Vec<lesson::Model>, u64)> {
    let playable = lesson::Entity::find()
        .filter(audience::published_for(viewer, today))
        .filter(lesson::Column::MediaSha256.is_not_null())
        .filter(lesson::Column::Category.eq(category));
    let total = playable.clone().count(&db.read).await?;
    let rows = playable
        .order_by_desc(lesson::Column::Plays)
        .order_by_asc(lesson::Column::Id)
        .offset((page - 1) * SIZE)
        .limit(SIZE)
        .all(&db.read)
        .await?;
    Ok((rows, total))
}

/// The best hits that can be played, in their order.
async fn found(
    db: &Database,
    (index, searches): (Data<Index>, &Searches),
    q: &str,
    viewer: &Viewer,
    today: Day,
) -> ApiResult<(Vec<lesson::Model>, u64)> {
    let query = SearchQuery { size: 50, ..SearchQuery::of(q) };
    let asker = viewer.clone();
    let answer = searches.run(move || index.search(&query, &asker, today)).await?;
    let playable = answer.hits.iter().filter(|hit| hit.size_bytes > 0).map(|hit| hit.lesson_id);
    let ids: Vec<LessonId> = playable.take(SIZE as usize).collect();
    let visible = audience::published_for(viewer, today);
    let query = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.iter().copied())).filter(visible);
    let mut rows = query.all(&db.read).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok((rows, SIZE))
}
