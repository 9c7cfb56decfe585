//! The list of lessons the caller keeps: by state, category and title, with what each still lacks.

use super::editor::missing;
use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Tab, page_number, tabs, typed};
use crate::pages::figures::clock;
use crate::pages::notices::{self, Notice};
use crate::pages::parts::{Pager, encoded};
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Query};
use askama::Template;
use catalog::lesson::LessonFilter;
use catalog::{Page, Viewer};
use entity::{Category, CourseId, Day, LessonState, Moment, Role, Scope, UnitId, course, lesson, media, org_unit};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Deserialize;
use std::collections::{HashMap, HashSet};

const PAGE: u64 = 50;
const WAITING: u64 = 10;

/// What the list is narrowed to.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct ListQuery {
    state: String,
    category: String,
    q: String,
    sort: String,
    page: String,
    done: String,
}

#[derive(Template)]
#[template(path = "studio/lessons.html")]
struct LessonsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<&'static str>,
    notices: Vec<Notice>,
    waiting: Vec<Row>,
    waiting_total: u64,
    state: Option<LessonState>,
    q: String,
    categories: Vec<Choice>,
    sorts: Vec<Choice>,
    states: Vec<Tab>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: entity::LessonId,
    title: String,
    course: CourseOf,
    state: LessonState,
    kind: &'static str,
    published: bool,
    category: &'static str,
    media: String,
    plays: i64,
    updated: String,
    missing: Vec<&'static str>,
}

/// `GET /studio`: the lessons kept within the caller's reach; for reviewers those that wait for them stand first.
///
/// # Errors
/// When the page asked for is out of range or the database fails.
pub async fn list(author: Author, query: Query<ListQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let today = Moment::now().day();
    let shelf = Shelf { db: &db.read, viewer: author.viewer(), today };
    let page = shelf.page(query.filter(&shelf.viewer.staff), page_number(Some(&query.page)), PAGE).await?;
    let waiting = match query.is_plain() && author.has(&[Role::Reviewer, Role::Admin]) {
        true => shelf.waiting(&author.scope(&[Role::Reviewer, Role::Admin])).await?,
        false => Page { items: Vec::new(), total: 0, page: 1, size: WAITING },
    };
    crate::pages::draw(&LessonsPage {
        shell: Shell::new(&author, "课程管理", "/studio"),
        tabs: tabs(&author, "/studio"),
        notice: (query.done == "deleted").then_some("已删除。"),
        notices: match query.is_plain() {
            true => notices::unseen(&db, &author).await?,
            false => Vec::new(),
        },
        waiting_total: waiting.total,
        waiting: shelf.rows(waiting.items).await?,
        state: query.state(),
        q: query.q.clone(),
        categories: categories("全部类别", &query.category),
        sorts: vec![Choice::new("", "最近修改在前", &query.sort), Choice::new("plays", "播放最多在前", &query.sort)],
        states: shelf.states(&query).await?,
        pager: query.pager(page.page, page.total),
        rows: shelf.rows(page.items).await?,
    })
}

/// Every category as an option, after one that stands for no choice.
pub fn categories(none: &str, current: &str) -> Vec<Choice> {
    let all = Category::ALL.iter().map(|word| Choice::new(word.as_str(), word.label(), current));
    std::iter::once(Choice::new("", none, current)).chain(all).collect()
}

/// The colour of a state's badge.
pub fn badge_of(state: LessonState) -> &'static str {
    match state {
        LessonState::Draft => "",
        LessonState::Review => "warn",
        LessonState::Published => "ok",
        LessonState::Withdrawn => "off",
    }
}

/// An instant as a list shows it: `11-23 20:15`, with its year when that is another one.
pub fn short_time(at: Moment, today: Day) -> String {
    let form =
        if at.day().format("%Y").to_string() == today.format("%Y").to_string() { "%m-%d %H:%M" } else { "%Y-%m-%d" };
    at.local().format(form).to_string()
}

impl ListQuery {
    fn state(&self) -> Option<LessonState> {
        LessonState::parse(&self.state)
    }

    fn is_plain(&self) -> bool {
        [&self.state, &self.category, &self.q].iter().all(|text| text.is_empty()) && page_number(Some(&self.page)) == 1
    }

    fn filter(&self, staff: &Scope) -> LessonFilter {
        LessonFilter {
            state: self.state(),
            any_state: true,
            category: Category::parse(&self.category),
            unit: Some(staff.clone()),
            q: Some(typed(&self.q)),
            by_plays: self.sort == "plays",
            ..Default::default()
        }
    }

    fn pager(&self, page: u64, total: u64) -> Pager {
        let kept = [("state", &self.state), ("category", &self.category), ("q", &self.q), ("sort", &self.sort)];
        let kept = kept.map(|(name, value)| (name, value.as_str()));
        Pager::new("/studio", &kept, page, PAGE, total)
    }

    fn at_state(&self, state: &str) -> String {
        format!(
            "/studio?state={state}&category={}&q={}&sort={}",
            encoded(&self.category),
            encoded(&self.q),
            encoded(&self.sort)
        )
    }
}

/// The course of a lesson: a link for those who keep it, a name for others.
#[derive(Clone, Default)]
struct CourseOf {
    title: String,
    href: Option<String>,
}

/// The caller's lessons, as seen today.
struct Shelf<'a, C> {
    db: &'a C,
    viewer: Viewer,
    today: Day,
}

impl<C: ConnectionTrait> Shelf<'_, C> {
    async fn page(&self, filter: LessonFilter, page: u64, size: u64) -> ApiResult<Page<lesson::Model>> {
        Ok(catalog::lesson::list(self.db, &self.viewer, filter, self.today, page, size).await?)
    }

    async fn waiting(&self, reviews: &Scope) -> ApiResult<Page<lesson::Model>> {
        let filter =
            LessonFilter { state: Some(LessonState::Review), unit: Some(reviews.clone()), ..Default::default() };
        self.page(filter, 1, WAITING).await
    }

    /// A tab for each state, with how many there are.
    async fn states(&self, query: &ListQuery) -> ApiResult<Vec<Tab>> {
        let all = std::iter::once(None).chain(LessonState::ALL.iter().copied().map(Some));
        let mut tabs = Vec::new();
        for state in all {
            let filter = LessonFilter { state, ..query.filter(&self.viewer.staff) };
            let total = self.page(filter, 1, 1).await?.total;
            let (word, label) = state.map_or(("", "全部"), |state| (state.as_str(), state.label()));
            let href = query.at_state(word);
            tabs.push(Tab { href, label: format!("{label} {total}"), current: query.state() == state });
        }
        Ok(tabs)
    }

    async fn rows(&self, lessons: Vec<lesson::Model>) -> ApiResult<Vec<Row>> {
        let courses = self.courses(&lessons).await?;
        let kinds = self.kinds(&lessons).await?;
        let row = |lesson: lesson::Model| Row {
            course: courses.get(&lesson.course_id).cloned().unwrap_or_default(),
            kind: badge_of(lesson.state),
            published: lesson.state == LessonState::Published,
            category: lesson.category.label(),
            media: form_of(&lesson, &kinds),
            plays: lesson.plays,
            updated: short_time(lesson.updated_at, self.today),
            missing: missing(&lesson, self.today),
            id: lesson.id,
            title: lesson.title,
            state: lesson.state,
        };
        Ok(lessons.into_iter().map(row).collect())
    }

    async fn courses(&self, lessons: &[lesson::Model]) -> ApiResult<HashMap<CourseId, CourseOf>> {
        let ids = lessons.iter().map(|lesson| lesson.course_id);
        let courses = course::Entity::find().filter(course::Column::Id.is_in(ids)).all(self.db).await?;
        let units = courses.iter().map(|course| course.unit_id);
        let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(units)).all(self.db).await?;
        let kept: HashSet<UnitId> =
            units.into_iter().filter(|unit| self.viewer.staff.contains(&unit.path)).map(|unit| unit.id).collect();
        let of = |course: course::Model| {
            let href = kept.contains(&course.unit_id).then(|| format!("/studio/courses/{}", course.id));
            (course.id, CourseOf { title: course.title, href })
        };
        Ok(courses.into_iter().map(of).collect())
    }

    async fn kinds(&self, lessons: &[lesson::Model]) -> ApiResult<HashMap<String, String>> {
        let hashes = lessons.iter().filter_map(|lesson| lesson.media_sha256.clone());
        let query = media::Entity::find().select_only().column(media::Column::Sha256).column(media::Column::Mime);
        let rows: Vec<(String, String)> =
            query.filter(media::Column::Sha256.is_in(hashes)).into_tuple().all(self.db).await?;
        Ok(rows.into_iter().collect())
    }
}

/// `视频 3:20`, `音频 12:05`, `文件` or `图文`.
fn form_of(lesson: &lesson::Model, kinds: &HashMap<String, String>) -> String {
    let mime = lesson.media_sha256.as_ref().and_then(|sha256| kinds.get(sha256)).map_or("", String::as_str);
    match mime.split('/').next() {
        Some("video") => format!("视频 {}", clock(lesson.duration_ms)),
        Some("audio") => format!("音频 {}", clock(lesson.duration_ms)),
        Some("") | None => "图文".to_owned(),
        Some(_) => "文件".to_owned(),
    }
}
