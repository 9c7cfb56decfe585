//! Picking today's lesson: a class that is still on comes first, then the list of a play day, then what is in season, so that
//! OK on the first card is mostly right.

use super::open::{OpenClass, open_class};
use super::room;
use crate::api::schedule::{ScheduleAnswer, of_room};
use crate::api::search::{Searches, ask, note, path_of};
use crate::auth::identity::{CARETAKERS, Identity, Operator};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::parts::{Pager, encoded};
use crate::pages::phone::card::{Card, cards};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use catalog::asked::Asked;
use catalog::search::{Index, SearchQuery, SizeBand};
use catalog::season::{self, InSeason};
use catalog::{Viewer, audience};
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
    /// The class that is still on.
    open: Option<OpenClass>,
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
    /// What was searched for instead of what was typed.
    read_as: Option<String>,
    /// Words many search for, and where each leads.
    hot: Vec<(String, String)>,
    /// What a category's address carries of the search.
    kept: String,
    /// Today's lists, and when the next play day is.
    schedule: ScheduleAnswer,
    /// They may let in a terminal.
    pairs: bool,
}

/// Cards on one screen: three rows of three, readable from the last bench.
const SIZE: u64 = 9;
const LAST_PAGE: u64 = 1_000;
/// Cards below the list of a play day: one row.
const BESIDE_A_LIST: usize = 3;

/// The page a lesson is picked on.
pub async fn pick(
    caller: Operator,
    params: Query<Params>,
    index: Data<Index>,
    searches: Data<Searches>,
    asked: Data<Asked>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let params = params.into_inner();
    let now = Moment::now();
    let (viewer, today) = (caller.viewer(), now.day());
    let page = params.page.parse().unwrap_or(1).clamp(1, LAST_PAGE);
    let (category, q) = (Category::parse(&params.category), params.q.trim());
    let narrowed = !q.is_empty() || category.is_some();
    let season_here = index.in_season(&viewer, today);
    let mut read_as = None;
    let unit = room(&db, &caller, None).await?;
    let schedule = of_room(&db, &caller, &unit, now).await?;
    let open = match narrowed {
        true => None,
        false => open_class(&db, &caller, |id| format!("/classroom/done/{id}")).await?,
    };
    let (mut rows, mut total) = match (q.is_empty(), category) {
        (false, _) => {
            let by = (index.clone(), searches.as_ref(), asked.as_ref());
            let (rows, total, read) = found(&caller, &db, by, (q, category, page), today).await?;
            read_as = read;
            (rows, total)
        }
        (true, None) => recommended(&db, &viewer, &season_here).await?,
        (true, Some(category)) => of_category(&db, &viewer, today, category, page).await?,
    };
    if !narrowed && !schedule.today.is_empty() {
        let listed = |id: LessonId| schedule.today.iter().any(|list| list.lessons.iter().any(|one| one.id == id.0));
        rows.retain(|row| !listed(row.id));
        rows.truncate(BESIDE_A_LIST);
        total = rows.len() as u64;
    }
    crate::pages::draw_for_back(&PickPage {
        shell: Shell::room_of(&caller, "选一课"),
        open,
        heading: heading(q, category),
        unit_name: unit.name,
        date: format!("{}月{}日", today.month(), today.day()),
        term: season::term_of(today),
        lessons: with_seasons(cards(&db.read, &rows).await?, &rows, &season_here),
        pager: Pager::new("/classroom", &[("q", q), ("category", &params.category)], page, SIZE, total),
        hot: if q.is_empty() {
            asked.hot.of(path_of(&caller)).iter().take(5).map(|word| hot(word)).collect()
        } else {
            Vec::new()
        },
        kept: if q.is_empty() { String::new() } else { format!("&q={}", encoded(q)) },
        read_as,
        categories: Category::ALL,
        chosen: category,
        narrowed,
        leads_out: caller.person_id.is_some(),
        pairs: caller.has(CARETAKERS),
        schedule,
        q: params.q,
    })
}

fn hot(word: &str) -> (String, String) {
    (word.to_owned(), format!("/classroom?q={}", encoded(word)))
}

fn heading(q: &str, category: Option<Category>) -> String {
    match (q, category) {
        ("", None) => "今天学什么".into(),
        ("", Some(category)) => category.label().into(),
        (q, _) => format!("搜“{q}”"),
    }
}

fn with_seasons(cards: Vec<Card>, rows: &[lesson::Model], now: &InSeason) -> Vec<Card> {
    let fits = |row: &lesson::Model| now.fits(row.season.as_deref(), row.crop.as_deref());
    cards.into_iter().zip(rows).map(|(card, row)| if fits(row) { card.because("正当季") } else { card }).collect()
}

/// What is in season and can be played, then what is played most.
async fn recommended(db: &Database, viewer: &Viewer, now: &InSeason) -> ApiResult<(Vec<lesson::Model>, u64)> {
    let mut rows = catalog::lesson::in_season(&db.read, viewer, now, 40).await?;
    rows.retain(|row| row.media_sha256.is_some());
    let most_played = lesson::Entity::find()
        .filter(audience::published_for(viewer, now.day()))
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

/// A page of the hits that can be played, in their order, and what was searched for instead of what was typed.
async fn found(
    caller: &Identity,
    db: &Database,
    (index, searches, asked): (Data<Index>, &Searches, &Asked),
    (q, category, page): (&str, Option<Category>, u64),
    today: Day,
) -> ApiResult<(Vec<lesson::Model>, u64, Option<String>)> {
    let playable = SizeBand::ALL.iter().copied().filter(|band| *band != SizeBand::Article).collect();
    let narrowed = category.into_iter().collect();
    let query = SearchQuery { size_band: playable, category: narrowed, page, size: SIZE, ..SearchQuery::of(q) };
    let answer = ask(caller, query, today, index, searches, asked).await?;
    if category.is_none() {
        note(caller, q, &answer, asked, today); // that it must be playable narrows it, but is no wish of theirs
    }
    let ids: Vec<LessonId> = answer.hits.iter().map(|hit| hit.lesson_id).collect();
    let visible = audience::published_for(&caller.viewer(), today);
    let query = lesson::Entity::find().filter(lesson::Column::Id.is_in(ids.iter().copied())).filter(visible);
    let mut rows = query.all(&db.read).await?;
    rows.sort_by_key(|row| ids.iter().position(|id| *id == row.id));
    Ok((rows, answer.total.min(LAST_PAGE * SIZE), answer.read_as.clone()))
}
