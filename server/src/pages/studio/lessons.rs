//! The list of lessons the caller keeps: narrowed, sorted and paged as its address says, with what each still lacks.
//!
//! What an address says is `place`; what there is to choose from is `options`, one line of the list `row`.

pub mod options;
pub mod row;

use self::options::{Chosen, Options};
use self::row::{Row, Shelf};
use super::changes::Bar;
use super::place::{Back, Place};
use super::views::View;
use crate::auth::identity::{Author, READERS};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Tab, tabs, typed, unit};
use crate::pages::notices::{self, Notice};
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use catalog::Page;
use catalog::lesson::LessonFilter;
use entity::{BulkId, LessonState, Moment, Role, Scope};
use serde::Deserialize;
use std::collections::HashMap;

const WAITING: u64 = 10;

/// What was done just before, for the list that is led to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DoneQuery {
    done: String,
    changed: String,
    name: String,
}

#[derive(Template)]
#[template(path = "studio/lessons.html")]
struct LessonsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<(&'static str, &'static str)>,
    bar: Option<Bar>,
    /// The caller may read who watched a lesson.
    watchers: bool,
    /// What carries this place on in addresses.
    back: String,
    recent: Option<BulkId>,
    views: Vec<View>,
    /// The place says something that is not kept as a view yet.
    new_view: bool,
    /// The name of a view that could not be taken, as it was typed.
    view_name: String,
    notices: Vec<Notice>,
    waiting: Vec<Row>,
    waiting_total: u64,
    place: Place,
    options: Options,
    chosen: Vec<Chosen>,
    everything: String,
    states: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
}

/// `GET /studio`: the lessons kept within the caller's reach; for reviewers those that wait for them stand first.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(
    author: Author,
    place: Query<Place>,
    done: Query<DoneQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let (place, reach, today) = (place.into_inner(), author.reach(), Moment::now().day());
    let shelf = Shelf { db: &db.read, viewer: author.viewer(), today };
    let at = unit(&db.read, &reach, Some(&place.unit)).await?;
    let kept = if place.unit.is_empty() { reach.clone() } else { Scope::of([at.path.clone()]) };
    let filter = place.filter(kept);
    let counts = catalog::lesson::by_state(&db.read, &shelf.viewer, &filter, today).await?;
    let found = place.state().map_or_else(|| counts.values().sum(), |state| counts.get(&state).copied().unwrap_or(0));
    // Lessons may have gone since the address was made: its last page is then the last there is.
    let page = place.page().min(found.div_ceil(place.size()).max(1));
    let page = catalog::lesson::list(&db.read, &shelf.viewer, &filter, today, page, place.size()).await?;
    let place = Place { page: if page.page > 1 { page.page.to_string() } else { String::new() }, ..place };
    let waiting = match place.is_plain() && author.has(&[Role::Reviewer, Role::Admin]) {
        true => waiting(&shelf, author.scope(&[Role::Reviewer, Role::Admin])).await?,
        false => Page { items: Vec::new(), total: 0, page: 1, size: WAITING },
    };
    let bar = match done.changed.parse() {
        Ok(id) => Bar::find(&db, &author, id).await?,
        Err(_) => None,
    };
    let recent = catalog::bulk::latest(&db.read, author.account_id, Moment::now()).await?;
    let views = catalog::view::of(&db.read, author.account_id).await?;
    let views: Vec<View> = views.into_iter().map(|view| View::of(view, &place)).collect();
    let options = Options::of(&db.read, &shelf.viewer, &reach, &at, &place).await?;
    crate::pages::draw(&LessonsPage {
        shell: Shell::new(&author, "课程管理", "/studio"),
        tabs: tabs(&author, "/studio"),
        notice: done.notice(),
        watchers: author.has(READERS),
        back: Back::from(&place).only(),
        recent: recent.filter(|_| bar.is_none()).map(|bulk| bulk.id),
        bar,
        view_name: typed(&done.name),
        new_view: place.with(|_| ()) != Place::default() && !views.iter().any(|view| view.current),
        views,
        notices: match place.is_plain() {
            true => notices::unseen(&db, &author).await?,
            false => Vec::new(),
        },
        waiting_total: waiting.total,
        waiting: shelf.rows(waiting.items, &place).await?,
        states: states(&counts, &place),
        chosen: options.chosen(&place),
        everything: place.unfiltered().address(),
        pager: Pager::new("/studio", &place.with(|_| ()).parameters(), page.page, page.size, page.total),
        rows: shelf.rows(page.items, &place).await?,
        options,
        place,
    })
}

impl DoneQuery {
    /// What it says, and how.
    fn notice(&self) -> Option<(&'static str, &'static str)> {
        match self.done.as_str() {
            "deleted" => Some(("已删除。", "ok")),
            "unticked" => Some(("请先勾选要改的课，再点批量修改。", "warn")),
            "too-many" => Some(("没有可改的课，或一次超过了一万课。请换一下条件再试。", "warn")),
            "view-kept" => Some(("视图已保存，点上面的名字就能回到这里。", "ok")),
            "view-forgotten" => Some(("视图已删除，课程没有变。", "ok")),
            "view-refused" => Some(("视图没有保存：名字要写 1 到 20 个字，不能重名，最多 20 个。", "warn")),
            _ => None,
        }
    }
}

async fn waiting<C: sea_orm::ConnectionTrait>(
    shelf: &Shelf<'_, C>,
    reviews: Scope,
) -> ApiResult<Page<entity::lesson::Model>> {
    let filter = LessonFilter { state: Some(LessonState::Review), unit: Some(reviews), ..Default::default() };
    Ok(catalog::lesson::list(shelf.db, &shelf.viewer, &filter, shelf.today, 1, WAITING).await?)
}

/// A tab for each state, with how many there are.
fn states(counts: &HashMap<LessonState, u64>, place: &Place) -> Vec<Tab> {
    let all = std::iter::once(None).chain(LessonState::ALL.iter().copied().map(Some));
    let tab = |state: Option<LessonState>| {
        let count =
            state.map_or_else(|| counts.values().sum::<u64>(), |state| counts.get(&state).copied().unwrap_or(0));
        let (word, label) = state.map_or(("", "全部"), |state| (state.as_str(), state.label()));
        let href = place.with(|place| place.state = word.to_owned()).address();
        Tab { href, label: format!("{label} {count}"), current: place.state() == state }
    };
    all.map(tab).collect()
}
