//! The public page by which anyone checks the code on a certificate or a printed record.

use crate::api::check::{UNKNOWN, looked_up};
use crate::auth::limiter::Doors;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::shell::Shell;
use actix_web::http::StatusCode;
use actix_web::web::{Data, Query};
use actix_web::{HttpRequest, HttpResponse};
use archive::seal::Checked;
use askama::Template;
use serde::Deserialize;

/// The code, as typed or from the picture.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct CheckQuery {
    code: String,
}

#[derive(Template)]
#[template(path = "check.html")]
struct CheckPage {
    shell: Shell,
    code: String,
    problem: Option<&'static str>,
    /// How it is said, and what.
    said: (&'static str, &'static str),
    checked: Option<Checked>,
}

/// `GET /check`.
///
/// # Errors
/// `slow_down` after too many wrong codes.
pub async fn check(
    request: HttpRequest,
    query: Query<CheckQuery>,
    doors: Data<Doors>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let code: String = query.code.chars().filter(|c| !c.is_control()).take(40).collect();
    let asked = !code.trim().is_empty();
    let checked = if asked { looked_up(&request, &code, &doors.check, &db).await? } else { None };
    let page = CheckPage {
        shell: Shell::bare("查验证书"),
        problem: (asked && checked.is_none()).then_some(UNKNOWN),
        said: checked.as_ref().map(said).unwrap_or_default(),
        code,
        checked,
    };
    let mut answer = crate::pages::draw(&page)?;
    if page.problem.is_some() {
        *answer.status_mut() = StatusCode::NOT_FOUND;
    }
    Ok(answer)
}

/// What is said of the paper, after how: one that only proves a record must not pass for a certificate.
fn said(checked: &Checked) -> (&'static str, &'static str) {
    match (checked.certificate, checked.amended_on.is_some()) {
        (true, false) => ("ok", "这份结业证书真实有效。"),
        (false, false) => ("ok", "这份培训档案证明真实有效，它不是结业证书。"),
        (true, true) => ("warn", "这份结业证书真实，但在封存以后修订过；纸上的学时以下面的为准。"),
        (false, true) => ("warn", "这份档案真实，但在封存以后修订过，现在不是结业证书；纸上的学时以下面的为准。"),
    }
}
