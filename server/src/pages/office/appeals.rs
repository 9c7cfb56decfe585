//! Appeals for those who decide them: the list, open ones first, and one with all that speaks for or against it. Beside them
//! what waits because a clock was wrong and nobody appealed against (`waiting`).

use super::narrowing::{Bar, Narrowing};
use crate::api::appeals::settle;
use crate::auth::identity::{APPEAL_READERS, AppealReader, DECIDERS, Decider, Identity};
use crate::auth::known::Known;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Errors, Tab, tabs};
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use crate::pages::{Done, go};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use archive::Hundredths;
use archive::appeals::waiting::Waiting;
use archive::appeals::{Filter, Listed, Verdict};
use askama::Template;
use entity::AppealId;
use serde::Deserialize;

mod view;
pub mod waiting;

use view::{CasePage, may_settle};

const PATH: &str = "/office/appeals";
/// The state that lists what waits without an appeal.
const WAITING: &str = "waiting";
const PAGE: u64 = 30;

/// A decision, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DecisionForm {
    verdict: String,
    minutes: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "office/appeals.html")]
struct AppealsPage {
    shell: Shell,
    tabs: Vec<Tab>,
    bar: Bar,
    /// These are no appeals, but what waits without one.
    unappealed: bool,
    /// How much waits without an appeal, and where that is listed; 0 on that list.
    waiting: (u64, String),
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    href: String,
    day: String,
    person: String,
    unit: String,
    about: String,
    text: String,
    state: &'static str,
    mood: &'static str,
}

/// `GET /office/appeals`: a page of appeals.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(reader: AppealReader, query: Query<Narrowing>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let reach = reader.scope(APPEAL_READERS);
    let at = query.unit(&db.read, &reach).await?;
    let filter =
        Filter { reach: reader.appeals(true), below: query.below(&at), open: query.open(), ..Filter::default() };
    let unappealed = query.state == WAITING;
    let (waiting, (rows, page, total)) = match unappealed {
        true => (0, rows_of(archive::appeals::waiting::page(&db.read, &filter, query.page(), PAGE).await?)),
        false => {
            let waiting = archive::appeals::waiting::count(&db.read, &filter).await?;
            (waiting, rows_of(archive::appeals::page(&db.read, &filter, query.page(), PAGE).await?))
        }
    };
    let states = [("open", "待处理"), ("decided", "已处理"), (WAITING, "等候核实")];
    crate::pages::draw(&AppealsPage {
        shell: Shell::new(&reader, "申诉", "/office"),
        tabs: tabs(&reader, PATH),
        bar: query.bar(&db.read, (&reach, &at), PATH, &states).await?,
        pager: query.pager(PATH, page, PAGE, total),
        unappealed,
        waiting: (waiting, format!("{PATH}?state={WAITING}&unit={}", query.unit.trim())),
        rows,
    })
}

/// The rows of a page, which page it is, and how many there are in all.
fn rows_of<T>(found: archive::Page<T>) -> (Vec<Row>, u64, u64)
where
    Row: From<T>,
{
    (found.rows.into_iter().map(Row::from).collect(), found.page, found.total)
}

/// `GET /office/appeals/{id}`: one appeal.
///
/// # Errors
/// `not_found` beyond the caller's reach.
pub async fn show(
    reader: AppealReader,
    id: Path<AppealId>,
    query: Query<Done>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let mut page = page(&reader, &db, *id).await?;
    page.notice = (query.done == "decided").then_some("已处理，本人在“我的档案”里会看到。");
    crate::pages::draw(&page)
}

/// `POST /office/appeals/{id}/decision`: decide it.
///
/// # Errors
/// `not_found` beyond the caller's reach.
pub async fn decide(
    decider: Decider,
    id: Path<AppealId>,
    form: Form<DecisionForm>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<HttpResponse> {
    let mut errors = Errors::default();
    if let Some(verdict) = form.verdict(&mut errors) {
        match settle(&decider, *id, verdict, &form.reason, &db, &known).await {
            Ok(_) => return Ok(go(&format!("/office/appeals/{id}?done=decided"))),
            Err(refused) => say(refused, &mut errors)?,
        }
    }
    let mut page = page(&decider, &db, *id).await?;
    page.typed(&form);
    page.errors = errors;
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

/// A refusal that a person can mend is said on the page, beside what they typed.
fn say(refused: ApiError, errors: &mut Errors) -> ApiResult<()> {
    let field = match refused.code() {
        Code::InvalidRequest if refused.message().contains("时长") => "minutes",
        Code::InvalidRequest => "reason",
        Code::WrongState | Code::Forbidden => "verdict",
        _ => return Err(refused),
    };
    errors.put(field, refused.message());
    Ok(())
}

impl DecisionForm {
    fn verdict(&self, errors: &mut Errors) -> Option<Verdict> {
        if !matches!(self.verdict.as_str(), "granted" | "refused") {
            errors.put("verdict", "请选择准予或不准予");
        }
        if self.reason.trim().is_empty() {
            errors.put("reason", "请写明理由，本人会看到");
        }
        let ms = (self.verdict == "granted").then(|| milliseconds(&self.minutes));
        if ms == Some(None) {
            errors.put("minutes", "请填分钟数，如 15 或 1.5");
        }
        match ms.flatten() {
            _ if !errors.is_empty() => None,
            Some(ms) => Some(Verdict::Granted { ms }),
            None => Some(Verdict::Refused),
        }
    }
}

/// Minutes with at most two decimals, as milliseconds.
fn milliseconds(minutes: &str) -> Option<i64> {
    let minutes = minutes.trim();
    let (whole, part) = minutes.split_once('.').unwrap_or((minutes, "0"));
    let digits = |text: &str| !text.is_empty() && text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
    if !digits(whole) || !digits(part) || part.len() > 2 {
        return None;
    }
    let hundredths = if part.len() == 1 { part.parse::<i64>().ok()? * 10 } else { part.parse::<i64>().ok()? };
    Some((whole.parse::<i64>().ok()? * 100 + hundredths) * 600).filter(|ms| *ms > 0)
}

async fn page(reader: &Identity, db: &Database, id: AppealId) -> ApiResult<CasePage> {
    let case = archive::appeals::case(&db.read, &reader.appeals(true), id).await?;
    let may_decide = reader.has(DECIDERS)
        && case.appeal.as_ref().is_some_and(|appeal| appeal.decided_at.is_none())
        && reader.person_id != Some(case.person_id)
        && may_settle(db, reader, id).await;
    CasePage::of(reader, db, case, may_decide).await
}

impl From<Listed> for Row {
    fn from(listed: Listed) -> Self {
        let (state, mood) = view::state(Some(&listed.appeal));
        let about = listed.entry.map(|entry| format!("{}《{}》", entry.day, entry.note));
        Self {
            href: format!("{PATH}/{}", listed.appeal.id),
            day: listed.appeal.created_at.day().to_string(),
            person: listed.person,
            unit: listed.unit,
            about: about.unwrap_or_default(),
            text: shortened(&listed.appeal.text),
            state,
            mood,
        }
    }
}

impl From<Waiting> for Row {
    fn from(waiting: Waiting) -> Self {
        let (state, mood) = view::state(None);
        Self {
            href: format!("{PATH}/entries/{}", waiting.entry.seq),
            day: waiting.entry.posted_at.day().to_string(),
            person: waiting.person,
            unit: waiting.unit,
            about: format!("{}《{}》", waiting.entry.day, waiting.entry.note),
            text: format!("设备时钟有误，{} 分钟等候核实", Hundredths::minutes(waiting.waiting_ms)),
            state,
            mood,
        }
    }
}

/// The beginning of a long text.
fn shortened(text: &str) -> String {
    match text.char_indices().nth(60) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn minutes_are_read_as_people_write_them() {
        assert_eq!(
            [milliseconds("15"), milliseconds(" 1.5 "), milliseconds("0.01")],
            [Some(900_000), Some(90_000), Some(600)]
        );
        for wrong in ["", "0", "-1", "一", "1.234", "1.", ".5", "999999", "1e3"] {
            assert_eq!(milliseconds(wrong), None, "{wrong}");
        }
    }
}
