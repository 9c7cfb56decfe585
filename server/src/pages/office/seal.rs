//! Closing a year: what it would do, the button, how far it has come, and what was amended since.

use super::person::years;
use crate::auth::identity::{Assessor, Reader};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::{Choice, Tab, page_number, tabs, unit, units};
use crate::pages::parts::Pager;
use crate::pages::shell::Shell;
use crate::pages::{draw_again, go};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use archive::seal::{self, Amendment, Listed, Outlook};
use archive::{Error, Hundredths};
use askama::Template;
use entity::{Day, Moment, PersonId, Role, Scope, SealState, org_unit};
use serde::Deserialize;

/// Which unit and year, and what was just done.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct SealQuery {
    unit: String,
    year: String,
    done: String,
    page: String,
}

/// Seals of a page.
const PAGE: u64 = 20;

#[derive(Template)]
#[template(path = "office/seal.html")]
struct SealPage {
    shell: Shell,
    tabs: Vec<Tab>,
    notice: Option<&'static str>,
    problem: Option<String>,
    unit_id: i64,
    unit_name: String,
    years: Vec<Tab>,
    units: Vec<Choice>,
    look: Outlook,
    may_seal: bool,
    seals: Vec<Row>,
    pager: Pager,
    late: u64,
}

struct Row {
    listed: Listed,
    sealing: bool,
    amendments: Vec<Amended>,
}

/// One amendment as people read it; the person's own page shows the same.
pub(super) struct Amended {
    pub(super) day: Day,
    pub(super) who: PersonId,
    pub(super) name: String,
    pub(super) minutes: String,
    pub(super) reason: String,
    pub(super) approver: String,
}

impl From<Amendment> for Amended {
    fn from(found: Amendment) -> Self {
        let sign = if found.delta_ms > 0 { "+" } else { "" };
        Self {
            day: found.at.day(),
            who: found.person_id,
            name: found.name,
            minutes: format!("{sign}{}", Hundredths::minutes(found.delta_ms)),
            reason: found.reason,
            approver: found.approver,
        }
    }
}

impl Row {
    /// The first characters of the hash, enough to compare two printouts.
    fn hash(&self) -> &str {
        self.listed.row.hash.as_deref().and_then(|hash| hash.get(..16)).unwrap_or_default()
    }
}

/// `GET /office/seal`.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn show(reader: Reader, query: Query<SealQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = unit(&db.read, &reader.reach(), Some(&query.unit)).await?;
    let mut page = page(&reader, &db, at, year_of(&query.year), page_number(Some(&query.page))).await?;
    page.notice = (query.done == "begun").then_some("已开始封存，可以离开本页，过一会儿再来看。");
    let under_way = page.seals.iter().any(|row| row.sealing);
    draw_again(&page, under_way.then_some(2))
}

/// `POST /office/seal`: begin to seal.
///
/// # Errors
/// `not_found` for a unit beyond the caller's reach.
pub async fn begin(
    reader: Reader,
    assessor: Assessor,
    form: Form<SealQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    // A year is closed on purpose, never by an empty form.
    let (Ok(year), false) = (form.year.parse(), form.unit.is_empty()) else {
        return Err(ApiError::say(Code::InvalidRequest, "请在封存页面选择单位和年度"));
    };
    let at = unit(&db.read, &assessor.reach(), Some(&form.unit)).await?;
    let problem = match seal::begin(&db.write, at.id, year, assessor.account_id, Moment::now()).await {
        Ok(_) => return Ok(go(&format!("/office/seal?unit={}&year={year}&done=begun", at.id))),
        Err(cause @ (Error::YearNotOver(_) | Error::SessionsWait(_) | Error::NothingToSeal | Error::SealUnderWay)) => {
            ApiError::from(cause).message().to_owned()
        }
        Err(other) => return Err(other.into()),
    };
    let mut page = page(&reader, &db, at, year, 1).await?;
    page.problem = Some(problem);
    crate::pages::draw_as(StatusCode::CONFLICT, &page)
}

/// The year people asked for; the last one that is over when they asked for none.
fn year_of(text: &str) -> i32 {
    text.parse().unwrap_or_else(|_| Moment::now().year() - 1)
}

async fn page(reader: &Reader, db: &Database, at: org_unit::Model, year: i32, number: u64) -> ApiResult<SealPage> {
    let reach = reader.reach();
    let mut rows = Vec::new();
    let (seals, total) = seal::list(&db.read, &Scope::of([at.path.clone()]), (number, PAGE)).await?;
    for listed in seals {
        let amendments = seal::amendments(&db.read, &listed.row, None).await?.into_iter().map(Amended::from).collect();
        rows.push(Row { sealing: listed.row.state == SealState::Sealing, listed, amendments });
    }
    Ok(SealPage {
        shell: Shell::new(reader, format!("{} 年度封存", at.name), "/office"),
        tabs: tabs(reader, "/office/seal"),
        notice: None,
        problem: None,
        unit_id: at.id.0,
        years: years(year, &format!("/office/seal?unit={}&year=", at.id)),
        units: units(&db.read, &reach, &at).await?,
        look: seal::outlook(&db.read, at.id, year, Moment::now()).await?,
        may_seal: reader.scope(&[Role::Assessor]).contains(&at.path),
        late: archive::late::open_count(&db.read, &Scope::of([at.path.clone()])).await?,
        pager: Pager::new(
            "/office/seal",
            &[("unit", &at.id.to_string()), ("year", &year.to_string())],
            number,
            PAGE,
            total,
        ),
        seals: rows,
        unit_name: at.name,
    })
}
