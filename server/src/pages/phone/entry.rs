//! One entry of one's own archive: where its minutes went, its corrections, and an appeal against it.

use super::record::{Entry, slugs, state};
use crate::auth::identity::SignedIn;
use crate::database::Database;
use crate::error::{ApiResult, Code};
use crate::pages::go;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Path, Query};
use archive::record::EntryRow;
use askama::Template;
use entity::{Moment, appeal};
use serde::Deserialize;

/// What was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct EntryQuery {
    done: String,
}

/// An appeal, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct AppealForm {
    text: String,
}

#[derive(Template)]
#[template(path = "phone/entry.html")]
struct EntryPage {
    shell: Shell,
    year: i32,
    entry: Entry,
    time: Option<String>,
    corrections: Vec<Correction>,
    appeals: Vec<Made>,
    may_appeal: bool,
    too_old: bool,
    notice: Option<&'static str>,
    text: String,
    problem: Option<&'static str>,
}

struct Correction {
    seq: i64,
    credited: String,
    reason: String,
    day: String,
}

struct Made {
    text: String,
    day: String,
    state: &'static str,
    mood: &'static str,
    decision: Option<String>,
    decided_on: Option<String>,
}

/// `GET /record/{seq}`: the entry.
///
/// # Errors
/// `not_found` when it is not one's own.
pub async fn show(
    caller: SignedIn,
    seq: Path<i64>,
    query: Query<EntryQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let mut page = page(&caller, &db, *seq).await?;
    page.notice = (query.done == "appealed").then_some("申诉已送出，处理结果会显示在这里。");
    crate::pages::draw(&page)
}

/// `POST /record/{seq}/appeal`: appeal against it.
///
/// # Errors
/// `not_found` when it is not one's own.
pub async fn appeal(
    caller: SignedIn,
    seq: Path<i64>,
    form: Form<AppealForm>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let person = caller.person_id.ok_or(Code::NotFound)?;
    let made = archive::appeals::make(&db.write, person, *seq, &form.text, caller.account_id, Moment::now()).await;
    let problem = match made {
        Ok(_) => return Ok(go(&format!("/record/{seq}?done=appealed#appeals"))),
        Err(archive::Error::NoAppealText) => "请写明哪里不对，1 到 500 字",
        Err(archive::Error::AppealOpen(_)) => "这条记录的申诉还在处理中，请等待答复",
        Err(archive::Error::AppealTooLate(_)) => "这条记录已超过一年，不能再申诉",
        Err(other) => return Err(other.into()),
    };
    let mut page = page(&caller, &db, *seq).await?;
    (page.problem, page.text) = (Some(problem), form.text.clone());
    crate::pages::draw_as(StatusCode::UNPROCESSABLE_ENTITY, &page)
}

async fn page(caller: &SignedIn, db: &Database, seq: i64) -> ApiResult<EntryPage> {
    let (row, corrections) = archive::record::entry(&db.read, seq).await?;
    if caller.person_id != Some(archive::merges::kept(&db.read, row.person_id).await?) {
        return Err(Code::NotFound.into());
    }
    let slugs = slugs(&db.read, std::slice::from_ref(&row)).await?;
    let appeals = archive::appeals::of_entries(&db.read, &[seq]).await?.remove(&seq).unwrap_or_default();
    let entry = Entry::of(&row, &slugs, appeals.first());
    let open = appeals.first().is_some_and(|made| made.decided_at.is_none());
    let in_time = archive::appeals::is_in_time(row.day, Moment::now().day());
    Ok(EntryPage {
        shell: Shell::new(caller, "一条记录", "/record"),
        year: chrono::Datelike::year(&row.day),
        time: time(&row),
        may_appeal: !entry.is_correction && in_time && !open,
        too_old: !in_time,
        entry,
        corrections: corrections.iter().map(Correction::of).collect(),
        appeals: appeals.iter().map(Made::of).collect(),
        notice: None,
        text: String::new(),
        problem: None,
    })
}

/// When the session ran, on the clock on the wall.
fn time(row: &EntryRow) -> Option<String> {
    let began = row.began_at?.local().format("%H:%M");
    Some(match row.ended_at {
        Some(ended) => format!("{began} 到 {}", ended.local().format("%H:%M")),
        None => began.to_string(),
    })
}

impl Correction {
    fn of(row: &EntryRow) -> Self {
        let sign = if row.credited_ms > 0 { "+" } else { "" };
        Self {
            seq: row.seq,
            credited: format!("{sign}{}", archive::Hundredths::minutes(row.credited_ms)),
            reason: row.title.clone(),
            day: row.posted_at.day().to_string(),
        }
    }
}

impl Made {
    fn of(made: &appeal::Model) -> Self {
        let (state, mood) = state(made);
        Self {
            text: made.text.clone(),
            day: made.created_at.day().to_string(),
            state,
            mood,
            decision: made.decision.clone(),
            decided_on: made.decided_at.map(|at| at.day().to_string()),
        }
    }
}
