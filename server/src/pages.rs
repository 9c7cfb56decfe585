//! The pages people see, one file an audience: rows in, askama out.
//!
//! Each page is a struct beside its handler. Every page carries a [`shell::Shell`], and is built of the parts in
//! `templates/parts` and the classes of `assets/app.css`.

pub mod certificate;
pub mod chart;
pub mod check;
pub mod choose;
pub mod classroom;
pub mod declare;
pub mod failed;
pub mod figures;
pub mod join;
pub mod names;
pub mod notices;
pub mod office;
pub mod offline;
pub mod pairs;
pub mod parts;
pub mod phone;
pub mod pin;
pub mod reasons;
pub mod sessions;
pub mod shell;
pub mod sign_in;
pub mod studio;

use crate::error::ApiResult;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_TYPE, HeaderValue, REFRESH};
use askama::Template;
use serde::Deserialize;

/// Draw a page. Pages show one person's own data and telephones are shared, so nothing keeps them: after a sign-out Back
/// leads to the door.
///
/// # Errors
/// When the template fails to write, which only a fault of ours brings about.
pub fn draw(page: &impl Template) -> ApiResult<HttpResponse> {
    draw_as(StatusCode::OK, page)
}

/// Draw a page that a browser may keep for Back, which then costs a thin link nothing and leads on in a room without one:
/// what may be searched, and the rooms. Who signs in next is not shown it, by `assets/owner.js`.
///
/// # Errors
/// When the template fails.
pub fn draw_for_back(page: &impl Template) -> ApiResult<HttpResponse> {
    let mut response = draw(page)?;
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("private, no-cache"));
    Ok(response)
}

/// Draw a page that the browser asks for again by itself after so many seconds, if any, also where no script runs.
///
/// # Errors
/// When the template fails.
pub fn draw_again(page: &impl Template, after_s: Option<i64>) -> ApiResult<HttpResponse> {
    let mut response = draw(page)?;
    if let Some(seconds) = after_s {
        response.headers_mut().insert(REFRESH, HeaderValue::from(seconds));
    }
    Ok(response)
}

/// Draw a page that says what stands in the way, under the status of that.
///
/// # Errors
/// When the template fails.
pub fn draw_as(status: StatusCode, page: &impl Template) -> ApiResult<HttpResponse> {
    Ok(HttpResponse::build(status)
        .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
        .insert_header((CACHE_CONTROL, "no-store"))
        .body(page.render()?))
}

/// What was just done, for the page that is led to after a form.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub struct Done {
    /// Its word.
    pub done: String,
}

/// Send the browser on to another page with GET, as after a form (303, RFC 9110 section 15.4.4).
pub fn go(to: &str) -> HttpResponse {
    HttpResponse::SeeOther().insert_header(("Location", to)).insert_header((CACHE_CONTROL, "no-store")).finish()
}
