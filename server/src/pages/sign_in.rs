//! The door: signing in and out, the first change of password, and where each role is led afterwards.

use super::failed::{PAIR_AGAIN, was_terminal};
use super::shell::Shell;
use crate::api::session::{self, Credentials, Desk};
use crate::auth::access::identify;
use crate::auth::cookie::CookiePolicy;
use crate::auth::identity::{AUTHORS, Identity, Newcomer, READERS};
use crate::auth::known::Known;
use crate::auth::limiter::Doors;
use crate::auth::token::Tokens;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use actix_web::http::StatusCode;
use actix_web::http::header::{CLEAR_SITE_DATA, HeaderValue, WWW_AUTHENTICATE};
use actix_web::web::{Data, Form, Query};
use actix_web::{HttpRequest, HttpResponse};
use askama::Template;
use entity::{Moment, Role};
use serde::Deserialize;

#[derive(Template)]
#[template(path = "sign_in/sign_in.html")]
struct SignInPage {
    shell: Shell,
    login: String,
    next: String,
    problem: Option<String>,
}

#[derive(Template)]
#[template(path = "sign_in/password.html")]
struct PasswordPage {
    shell: Shell,
    login: String,
    must_change: bool,
    problem: Option<String>,
}

/// Where to go after signing in.
#[derive(Deserialize)]
pub struct Wanted {
    /// An address of ours, such as `/lessons/x?t=30`.
    #[serde(default)]
    next: String,
}

/// The sign-in form.
#[derive(Deserialize)]
pub struct SignInForm {
    /// The account.
    #[serde(default)]
    login: String,
    /// The password.
    #[serde(default)]
    password: String,
    /// Where to go afterwards.
    #[serde(default)]
    next: String,
}

/// The form that changes a password.
#[derive(Deserialize)]
pub struct PasswordForm {
    /// The password so far.
    #[serde(default)]
    old: String,
    /// The new one.
    #[serde(default)]
    new: String,
    /// The new one once more.
    #[serde(default)]
    again: String,
}

/// The front door: leads everybody to the page their role begins with.
pub async fn front(request: HttpRequest) -> ApiResult<HttpResponse> {
    match identify(&request).await {
        Ok(identity) => Ok(super::go(first_page(&identity))),
        Err(error) if matches!(error.code(), Code::NotSignedIn | Code::AccountDisabled) && was_terminal(&request) => {
            Ok(super::go(PAIR_AGAIN))
        }
        Err(error) if error.code() == Code::NotSignedIn => Ok(super::go("/sign-in")),
        Err(error) => Err(error),
    }
}

/// Shows the sign-in form; who is signed in is led on.
pub async fn form(request: HttpRequest, wanted: Query<Wanted>) -> ApiResult<HttpResponse> {
    if let Ok(identity) = identify(&request).await {
        return Ok(super::go(ours(&wanted.next).unwrap_or(first_page(&identity))));
    }
    let next = wanted.into_inner().next;
    super::draw(&SignInPage { shell: Shell::door("登录"), login: String::new(), next, problem: None })
}

/// Signs in. A failure shows the form again, with the login still in it.
pub async fn sign_in(
    request: HttpRequest,
    form: Form<SignInForm>,
    db: Data<Database>,
    tokens: Data<Tokens>,
    known: Data<Known>,
    doors: Data<Doors>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    let (form, now) = (form.into_inner(), Moment::now());
    let credentials = Credentials { login: form.login.trim().to_owned(), password: form.password };
    match session::admit(&request, &db, &doors.sign_in, &credentials, now).await {
        Ok(account) => {
            let issued = roster::session::begin(&db.write, account, now).await?;
            let desk = Desk { db: &db, tokens: &tokens, known: &known, cookies: **cookies };
            let mut response = super::go(ours(&form.next).unwrap_or("/"));
            desk.set_cookies(&mut response, account, &issued, now).await?;
            Ok(response)
        }
        Err(error) if error.code() == Code::Internal => Err(error),
        Err(error) => {
            let problem = Some(error.message().to_owned());
            let page = SignInPage { shell: Shell::door("登录"), login: form.login, next: form.next, problem };
            refused(&page, &error)
        }
    }
}

/// A form once more, with the status of what went wrong.
fn refused(page: &impl Template, error: &ApiError) -> ApiResult<HttpResponse> {
    let mut response = super::draw(page)?;
    *response.status_mut() = error.code().status();
    if response.status() == StatusCode::UNAUTHORIZED {
        response.headers_mut().insert(WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")); // RFC 9110 section 15.5.2
    }
    Ok(response)
}

/// Shows the form that changes one's own password.
pub async fn password_form(Newcomer(identity): Newcomer) -> ApiResult<HttpResponse> {
    super::draw(&password_page(&identity, None))
}

/// Changes one's own password, which ends every other session.
pub async fn change_password(
    Newcomer(identity): Newcomer,
    form: Form<PasswordForm>,
    db: Data<Database>,
    known: Data<Known>,
    tokens: Data<Tokens>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    match change(&identity, &form, &db).await {
        Ok(()) => {
            let now = Moment::now();
            let issued = roster::session::begin(&db.write, identity.account_id, now).await?;
            let desk = Desk { db: &db, tokens: &tokens, known: &known, cookies: **cookies };
            let mut response = super::go("/");
            desk.set_cookies(&mut response, identity.account_id, &issued, now).await?;
            Ok(response)
        }
        Err(error) if error.code() == Code::Internal => Err(error),
        Err(error) => {
            let problem = match error.code() {
                Code::WrongPassword => "现在的密码不正确".to_owned(),
                _ => error.message().to_owned(),
            };
            refused(&password_page(&identity, Some(problem)), &error)
        }
    }
}

async fn change(identity: &Identity, form: &PasswordForm, db: &Database) -> ApiResult<()> {
    if form.new != form.again {
        return Err(ApiError::say(Code::WeakPassword, "两遍新密码不一样，请重输"));
    }
    Ok(roster::account::change_password(&db.write, identity.account_id, &form.old, &form.new, Moment::now()).await?)
}

fn password_page(identity: &Identity, problem: Option<String>) -> PasswordPage {
    let must_change = identity.must_change_password;
    let shell = if must_change { Shell::bare("设置密码") } else { Shell::new(identity, "修改密码", "") };
    PasswordPage { shell, login: identity.login.clone(), must_change, problem }
}

/// Signs out of this browser, which forgets the pages it has kept. Its storage stays: in it may lie minutes that wait for a
/// line until their owner is back, under a mark of theirs (`assets/owner.js`).
pub async fn sign_out(
    request: HttpRequest,
    db: Data<Database>,
    known: Data<Known>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    session::leave(&request, &db, &known, **cookies).await?;
    let mut response = super::go("/sign-in");
    response.headers_mut().insert(CLEAR_SITE_DATA, HeaderValue::from_static("\"cache\""));
    for cookie in cookies.forget() {
        response.add_cookie(&cookie).map_err(|cause| ApiError::internal(cause.to_string()))?;
    }
    Ok(response)
}

fn first_page(identity: &Identity) -> &'static str {
    if identity.must_change_password {
        "/password"
    } else if identity.has(&[Role::Device, Role::SiteManager]) {
        "/classroom"
    } else if identity.has(AUTHORS) && !identity.has(&[Role::Admin]) {
        "/studio"
    } else if identity.has(READERS) {
        "/office"
    } else {
        "/home"
    }
}

/// The address, when it is one of ours: others could lead a visitor astray right after they typed a password.
fn ours(next: &str) -> Option<&str> {
    let plain = next.len() <= 500 && next.bytes().all(|byte| byte.is_ascii_graphic()) && !next.contains('\\');
    (plain && next.starts_with('/') && !next.starts_with("//")).then_some(next)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_ours_are_gone_to_after_signing_in() {
        assert_eq!(ours("/lessons/a?t=30"), Some("/lessons/a?t=30"));
        for astray in ["", "https://evil.example/", "//evil.example/", "/\\evil.example", "/a\r\nb", "javascript:1"] {
            assert_eq!(ours(astray), None, "{astray:?}");
        }
    }
}
