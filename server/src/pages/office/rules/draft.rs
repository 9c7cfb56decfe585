//! A new rule on its way: written as text, previewed, corrected, set. What was written is never lost.

use super::may_set;
use crate::auth::identity::Assessor;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::pages::choose::unit;
use crate::pages::go;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Form, Query};
use archive::Error;
use archive::rules::{self, Change, Preview, Turn, changes};
use askama::Template;
use chrono::Datelike;
use entity::{Day, Moment, UnitLevel, org_unit};
use serde::Deserialize;

/// Names of a preview's page.
const PAGE: u64 = 30;

/// For which unit.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DraftQuery {
    unit: String,
}

/// A rule as written, and what is to be done with it.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct DraftForm {
    unit: String,
    text: String,
    /// `enact`, or else the page of the preview.
    step: String,
}

#[derive(Template)]
#[template(path = "office/rule_draft.html")]
struct DraftPage {
    shell: Shell,
    unit_id: i64,
    unit_name: String,
    county: bool,
    text: String,
    rows: usize,
    problem: Option<String>,
    changes: Vec<Change>,
    preview: Option<Preview>,
    page: u64,
    pages: u64,
}

impl DraftPage {
    fn before(&self) -> u64 {
        self.page.saturating_sub(1)
    }

    fn after(&self) -> u64 {
        self.page.saturating_add(1)
    }
}

/// `GET /office/rules/draft`: the rule in force, to be changed, from the first day of next year.
///
/// # Errors
/// `not_found` for a unit that is out of reach or sets no rules.
pub async fn show(assessor: Assessor, query: Query<DraftQuery>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = settable(&assessor, &db, &query.unit).await?;
    let today = Moment::now().day();
    let row = rules::row_in_force(&db.read, &at, today).await?;
    let text = row.map(|row| renewed(&row.body, row.valid_from, today, at.level)).unwrap_or_default();
    crate::pages::draw(&page(&assessor, &at, text))
}

/// `POST /office/rules/draft`: preview it, or set it.
///
/// # Errors
/// `not_found` for a unit that is out of reach or sets no rules.
pub async fn take(assessor: Assessor, form: Form<DraftForm>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let at = settable(&assessor, &db, &form.unit).await?;
    let (text, now) = (form.text.replace("\r\n", "\n"), Moment::now());
    let mut page = page(&assessor, &at, text.clone());
    let outcome = if form.step == "enact" {
        rules::enact(&db.write, at.id, &text, assessor.account_id, now).await.map(|_| None)
    } else {
        page.page = form.step.parse().unwrap_or(1).max(1);
        rules::preview(&db.read, at.id, &text, now.day(), (page.page, PAGE)).await.map(Some)
    };
    match outcome {
        Ok(None) => return Ok(go(&format!("/office/rules?unit={}&done=enacted", at.id))),
        Ok(Some(preview)) => {
            page.pages = preview.total.div_ceil(PAGE).max(1);
            page.changes.clone_from(&preview.changes);
            page.preview = Some(preview);
        }
        Err(cause) => {
            page.problem = Some(said(cause)?);
            if let Some(row) = rules::row_in_force(&db.read, &at, now.day()).await? {
                page.changes = changes(&row.body, &text);
            }
        }
    }
    let mut answer = crate::pages::draw(&page)?;
    if page.problem.is_some() {
        *answer.status_mut() = StatusCode::UNPROCESSABLE_ENTITY;
    }
    Ok(answer)
}

async fn settable(assessor: &Assessor, db: &Database, wanted: &str) -> ApiResult<org_unit::Model> {
    let at = unit(&db.read, &assessor.reach(), Some(wanted)).await?;
    if may_set(assessor, &at) { Ok(at) } else { Err(ApiError::new(Code::NotFound)) }
}

/// The text with the first day of next year, and for a county without the bounds, which are the city's.
fn renewed(text: &str, valid_from: Day, today: Day, level: UnitLevel) -> String {
    let from = format!("valid_from = {}-01-01", today.year() + 1);
    let text = text.replacen(&format!("valid_from = {valid_from}"), &from, 1);
    match (level, text.find("[[bound]]")) {
        (UnitLevel::County, Some(at)) => text.get(..at).unwrap_or_default().trim_end().to_owned() + "\n",
        _ => text,
    }
}

fn page(assessor: &Assessor, at: &org_unit::Model, text: String) -> DraftPage {
    DraftPage {
        shell: Shell::new(assessor, format!("{} 起草规则", at.name), "/office"),
        unit_id: at.id.0,
        unit_name: at.name.clone(),
        county: at.level == UnitLevel::County,
        rows: text.lines().count().clamp(12, 40),
        text,
        problem: None,
        changes: Vec::new(),
        preview: None,
        page: 1,
        pages: 1,
    }
}

/// What is wrong with the text; anything else is no matter of the text.
fn said(cause: Error) -> ApiResult<String> {
    match cause {
        Error::BrokenRules { line, reason } => Ok(format!("第 {line} 行：{reason}")),
        Error::RuleTooEarly(day) => Ok(format!("生效日期 {day} 不在今天以后。规则不能回头改已经过去的日子")),
        Error::RuleDayTaken(day) => Ok(format!("{day} 已有另一版规则生效，请换一天")),
        other => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_draft_begins_next_year_and_a_county_draft_has_no_bounds() {
        let text = "name = \"甲\"\nvalid_from = 2019-01-01\n\n[[bound]]\nkey = \"x\"\n";
        let (from, today) = ("2019-01-01".parse().unwrap_or_default(), "2026-11-29".parse().unwrap_or_default());
        assert_eq!(renewed(text, from, today, UnitLevel::County), "name = \"甲\"\nvalid_from = 2027-01-01\n");
        assert!(renewed(text, from, today, UnitLevel::City).contains("[[bound]]"));
    }
}
