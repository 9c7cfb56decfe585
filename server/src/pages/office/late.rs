//! What was learnt in a sealed year and came too late: the list, open ones first, each with its decision.

use super::narrowing::{Bar, Narrowing};
use crate::api::late::settle;
use crate::auth::identity::{Assessor, Reader};
use crate::auth::known::Known;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Tab, tabs};
use crate::pages::figures;
use crate::pages::go;
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Form, Path, Query};
use archive::late::{self, Filter, Listed};
use askama::Template;
use chrono::Datelike;
use entity::{LatePostingId, Role, late_posting};
use serde::Deserialize;

const PATH: &str = "/office/late";
const PAGE: u64 = 20;

/// A decision, as typed.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct LateForm {
    verdict: String,
    reason: String,
}

#[derive(Template)]
#[template(path = "office/late.html")]
struct LatePage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<&'static str>,
    bar: Bar,
    rows: Vec<Row>,
    pager: Pager,
}

struct Row {
    id: LatePostingId,
    person: String,
    person_href: String,
    unit: String,
    view: LateView,
    decided_by: String,
    may_decide: bool,
    typed: LateForm,
    problem: Option<String>,
}

/// One of them as people read it; the person's own pages show the same.
pub struct LateView {
    /// The lesson.
    pub title: String,
    /// The civil day of the sealed year.
    pub day: String,
    /// When it came.
    pub came_on: String,
    /// How long would have counted when it came.
    pub credited: String,
    /// How long was claimed.
    pub claimed: String,
    /// Where it stands, and its colour.
    pub state: (&'static str, &'static str),
    /// Why it was decided so.
    pub reason: Option<String>,
}

impl From<late_posting::Model> for LateView {
    fn from(row: late_posting::Model) -> Self {
        Self {
            title: row.title,
            day: row.day.to_string(),
            came_on: row.noted_at.day().to_string(),
            credited: figures::minutes(row.credited_ms),
            claimed: figures::minutes(row.claimed_ms),
            state: match (row.decided_at, row.entry_seq) {
                (None, _) => ("等待处理", "warn"),
                (_, Some(_)) => ("已按修订计入", "ok"),
                (_, None) => ("不计入", "off"),
            },
            reason: row.reason,
        }
    }
}

/// `GET /office/late`: a page of them.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn list(reader: Reader, query: Query<Narrowing>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let mut page = page(&reader, &query, &db).await?;
    page.notice = query.decided().then_some("已处理，本人在“我的档案”里会看到。");
    crate::pages::draw(&page)
}

/// `POST /office/late/{late}`: decide one.
///
/// # Errors
/// `not_found` beyond the caller's reach.
pub async fn decide(
    reader: Reader,
    assessor: Assessor,
    id: Path<LatePostingId>,
    query: Query<Narrowing>,
    form: Form<LateForm>,
    (db, known): (Data<Database>, Data<Known>),
) -> ApiResult<HttpResponse> {
    let refusal = match form.admits() {
        None => ApiError::say(Code::InvalidRequest, "请选择计入或不计入"),
        Some(admit) => match settle(&assessor, *id, (admit, &form.reason), (&db, &known)).await {
            Ok(_) => return Ok(go(&format!("/office/late?unit={}&state={}&done=decided", query.unit, query.state))),
            Err(refused) if refused.can_be_mended() => refused,
            Err(other) => return Err(other),
        },
    };
    let mut page = page(&reader, &query, &db).await?;
    page.say(*id, form.into_inner(), refusal.message());
    crate::pages::draw_as(refusal.code().status(), &page)
}

async fn page(reader: &Reader, query: &Narrowing, db: &Database) -> ApiResult<LatePage> {
    let reach = reader.reach();
    let at = query.unit(&db.read, &reach).await?;
    let filter = Filter { reach: reach.clone(), below: query.below(&at), open: query.open() };
    let found = late::page(&db.read, &filter, query.page(), PAGE).await?;
    let states = [("open", "等待处理"), ("decided", "已处理")];
    let decides = reader.has(&[Role::Assessor]);
    Ok(LatePage {
        shell: Shell::new(reader, "封存以后才送到的学习", "/office"),
        tabs: tabs(reader, "/office/seal"),
        notice: None,
        bar: query.bar(&db.read, (&reach, &at), PATH, &states).await?,
        pager: query.pager(PATH, found.page, PAGE, found.total),
        rows: found.rows.into_iter().map(|listed| Row::of(listed, decides)).collect(),
    })
}

impl LateForm {
    fn admits(&self) -> Option<bool> {
        match self.verdict.as_str() {
            "admit" => Some(true),
            "refuse" => Some(false),
            _ => None,
        }
    }
}

impl LatePage {
    /// Say beside one of them why it could not be decided, and keep what was typed.
    fn say(&mut self, id: LatePostingId, typed: LateForm, refusal: &str) {
        if let Some(row) = self.rows.iter_mut().find(|row| row.id == id) {
            row.typed = typed;
            row.problem = Some(refusal.to_owned());
        }
    }
}

impl Row {
    fn of(listed: Listed, decides: bool) -> Self {
        let row = listed.row;
        Self {
            id: row.id,
            person: listed.person,
            person_href: format!("/office/people/{}?year={}", row.person_id, row.day.year()),
            unit: listed.unit,
            decided_by: listed.decided_by,
            may_decide: decides && row.decided_at.is_none(),
            view: row.into(),
            typed: LateForm::default(),
            problem: None,
        }
    }
}
