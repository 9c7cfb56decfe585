//! Turns an error into a page for those who read pages: programs get JSON, people get a sentence and a way on.

use super::parts::encoded;
use super::shell::Shell;
use crate::auth::cookie::{CookiePolicy, Kind};
use crate::error::{Code, Shown};
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::StatusCode;
use actix_web::http::header::{ACCEPT, ALLOW, CACHE_CONTROL, CONTENT_TYPE, HeaderValue, RETRY_AFTER, VARY};
use actix_web::middleware::Next;
use actix_web::web::Data;
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;

/// The page that says what went wrong.
#[derive(Template)]
#[template(path = "parts/failed.html")]
struct FailedPage<'a> {
    shell: Shell,
    title: &'a str,
    message: &'a str,
    code: &'a str,
}

/// The same in the classroom, where four arrows, OK and Back have to lead on.
#[derive(Template)]
#[template(path = "classroom/failed.html")]
struct RoomFailedPage<'a> {
    shell: Shell,
    title: &'a str,
    message: &'a str,
}

/// The middleware: where a browser asked for a page and got an error, draw one, or lead to the page that helps.
///
/// # Errors
/// Those of the middleware within.
pub async fn draw(
    request: ServiceRequest,
    next: Next<impl MessageBody + 'static>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody, BoxBody>>, actix_web::Error> {
    // The request can't be kept for later: the router needs it whole. So a refusal from before the router stays JSON.
    let reads_pages = reads_pages(&request);
    let mut response = next.call(request).await?.map_into_left_body();
    let shown = response.response().extensions().get::<Shown>().cloned();
    let Some(shown) = shown else { return Ok(response) };
    response.headers_mut().insert(VARY, HeaderValue::from_static("accept"));
    if !reads_pages {
        return Ok(response);
    }
    let mut page = page(response.request(), response.status(), &shown);
    for name in [VARY, ALLOW, RETRY_AFTER] {
        if let Some(value) = response.headers().get(&name) {
            page.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response.into_response(page).map_into_right_body())
}

/// A browser that opens an address or sends a form says it wants HTML first; `fetch` and programs don't.
fn reads_pages(request: &ServiceRequest) -> bool {
    let accepts = request.headers().get(ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    accepts.contains("text/html") && !["/api/", "/uploads"].iter().any(|prefix| request.path().starts_with(prefix))
}

fn page(request: &HttpRequest, status: StatusCode, shown: &Shown) -> HttpResponse {
    let in_room = request.path() == "/classroom" || request.path().starts_with("/classroom/");
    match shown.code {
        Code::NotSignedIn | Code::AccountDisabled if in_room && was_terminal(request) => super::go(PAIR_AGAIN),
        Code::NotSignedIn => super::go(&sign_in(request)),
        Code::PasswordChangeRequired => super::go("/password"),
        _ => {
            let title = match shown.code {
                Code::NotFound => "没有找到这一页",
                Code::Forbidden => "没有权限",
                Code::Busy | Code::SlowDown | Code::StillRunning => "请稍后再试",
                Code::DoneBefore => "已经做过了",
                _ => "这一步没有成功",
            };
            let message = shown.message.as_str();
            let page = if in_room {
                RoomFailedPage { shell: Shell::room(title), title, message }.render()
            } else {
                FailedPage { shell: Shell::bare(title), title, message, code: shown.code.as_str() }.render()
            };
            HttpResponse::build(status)
                .insert_header((CONTENT_TYPE, "text/html; charset=utf-8"))
                .insert_header((CACHE_CONTROL, "no-store"))
                .body(page.unwrap_or_else(|_| shown.message.clone()))
        }
    }
}

/// Where a terminal that was revoked learns so, and is paired again.
pub const PAIR_AGAIN: &str = "/classroom/pair?ended=1";

/// Whether this browser once was paired: it has no password to be asked for.
pub fn was_terminal(request: &HttpRequest) -> bool {
    let cookies = request.app_data::<Data<CookiePolicy>>();
    cookies.is_some_and(|cookies| cookies.sent(request, Kind::Terminal).is_some())
}

/// The sign-in page, which leads back to where the visitor wanted to go when that can be opened again.
fn sign_in(request: &HttpRequest) -> String {
    match request.uri().path_and_query() {
        Some(wanted) if request.method().is_safe() && wanted.as_str() != "/" => {
            format!("/sign-in?next={}", encoded(wanted.as_str()))
        }
        _ => "/sign-in".into(),
    }
}
