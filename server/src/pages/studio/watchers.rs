//! Who watched a lesson: the people within the caller's reach, how much of it each has, and whether they passed its quiz.

use super::place::Back;
use crate::api::watchers::lesson_of;
use crate::auth::identity::{AUTHORS, Reader};
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::choose::{Choice, Head, Tab, desk, page_number, tabs};
use crate::pages::figures::clock;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use archive::plan::State;
use archive::watchers::{Watcher, has_quiz, of_lesson};
use askama::Template;
use entity::{Day, LessonId, Moment, PersonId};
use serde::Deserialize;
use std::cmp::Reverse;

const PAGE: usize = 50;

/// Who is listed, and in which order.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct WatchersQuery {
    state: String,
    sort: String,
    page: String,
}

#[derive(Template)]
#[template(path = "studio/watchers.html")]
struct WatchersPage {
    shell: Shell,
    tabs: Vec<Tab>,
    id: LessonId,
    title: String,
    length: String,
    /// The list of lessons, and the editor, for those who write lessons.
    studio: Option<(String, String)>,
    back: String,
    people: usize,
    done: usize,
    passed: Option<usize>,
    states: Vec<Choice>,
    heads: Vec<Head>,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    person: PersonId,
    name: String,
    code: String,
    unit: String,
    watched: String,
    credited: String,
    percent: i64,
    last: Day,
    state: State,
    quiz: &'static str,
}

/// `GET /studio/lessons/{id}/watchers`: one line a person.
///
/// # Errors
/// `not_found` for a lesson the caller may not see.
pub async fn show(
    reader: Reader,
    id: Path<LessonId>,
    query: Query<WatchersQuery>,
    back: Query<Back>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let lesson = lesson_of(&db, &reader, *id, Moment::now().day()).await?;
    let mut watchers = of_lesson(&db.read, &lesson, &reader.reach()).await?;
    let (people, done) = (watchers.len(), watchers.iter().filter(|one| one.state == State::Done).count());
    let passed = match has_quiz(&db.read, &lesson).await? {
        true => Some(watchers.iter().filter(|one| one.passed == Some(true)).count()),
        false => None,
    };
    watchers.retain(|one| query.state.is_empty() || one.state.as_str() == query.state);
    sort(&mut watchers, &query.sort);
    let path = format!("/studio/lessons/{}/watchers", lesson.id);
    let carried = back.place().query();
    let kept = [("state", query.state.as_str()), ("sort", &query.sort), ("back", &carried)];
    let total = watchers.len();
    let page = page_number(Some(&query.page)).min(total.div_ceil(PAGE).max(1) as u64);
    let first = usize::try_from(page - 1).unwrap_or(0).saturating_mul(PAGE);
    crate::pages::draw(&WatchersPage {
        shell: Shell::new(&reader, format!("{} · 谁看过", lesson.title), desk(&reader)),
        tabs: tabs(&reader, ""),
        id: lesson.id,
        title: lesson.title.clone(),
        length: clock(lesson.duration_ms),
        studio: reader
            .has(AUTHORS)
            .then(|| (back.place().at(lesson.id), format!("/studio/lessons/{}{}", lesson.id, back.only()))),
        back: carried.clone(),
        people,
        done,
        passed,
        states: [("", "所有看过的人"), ("done", "已完成的"), ("begun", "没看完的")]
            .map(|(value, label)| Choice::new(value, label, &query.state))
            .into(),
        heads: heads(&path, &query, &carried),
        rows: watchers.into_iter().skip(first).take(PAGE).map(Row::of).collect(),
        pager: Pager::new(&path, &kept, page, PAGE as u64, total as u64),
    })
}

/// The columns: the word they are sorted by, what they say, and whether they hold numbers.
const COLUMNS: [(&str, &str, bool); 7] = [
    ("", "姓名", false),
    ("unit", "单位", false),
    ("watched", "看了", true),
    ("credited", "计入", true),
    ("percent", "看了百分之", true),
    ("last", "最后一次", false),
    ("quiz", "随堂测验", false),
];

fn heads(path: &str, query: &WatchersQuery, back: &str) -> Vec<Head> {
    let head = |(word, label, number): (&str, &str, bool)| {
        let href = Pager::new(path, &[("state", &query.state), ("sort", word), ("back", back)], 1, 1, 1).first();
        let ascending = matches!(word, "" | "unit");
        let sorted = (query.sort == word).then_some(if ascending { "ascending" } else { "descending" });
        Head { label: label.to_owned(), number, href: Some(href), sorted }
    };
    COLUMNS.map(head).into()
}

/// Names and units from the first, numbers and days from the greatest. People stay by their units otherwise.
fn sort(watchers: &mut [Watcher], by: &str) {
    match by {
        "watched" => watchers.sort_by_key(|one| Reverse(one.watched_ms)),
        "credited" => watchers.sort_by_key(|one| Reverse(one.credited_ms)),
        "percent" => watchers.sort_by_key(|one| Reverse(one.percent)),
        "last" => watchers.sort_by_key(|one| Reverse(one.last)),
        "quiz" => watchers.sort_by_key(|one| Reverse(one.passed)),
        "unit" => {}
        _ => watchers.sort_by(|a, b| a.name.cmp(&b.name)),
    }
}

impl Row {
    fn of(one: Watcher) -> Self {
        Self {
            person: one.person,
            name: one.name,
            code: one.code,
            unit: one.unit_name,
            watched: clock(one.watched_ms),
            credited: clock(one.credited_ms),
            percent: one.percent,
            last: one.last,
            state: one.state,
            quiz: match one.passed {
                Some(true) => "通过",
                Some(false) => "没通过",
                None => "没做",
            },
        }
    }
}
