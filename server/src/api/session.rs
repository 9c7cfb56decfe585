//! Signing in and out, tokens and one's own password.
//!
//! The rules of passwords and tokens are `roster`'s; here they become cookies and JSON. An address that fails too often
//! waits, whatever account it tries.

use crate::auth::access::claim;
use crate::auth::address;
use crate::auth::cookie::{CookiePolicy, Kind};
use crate::auth::identity::{Caller, Identity, Newcomer};
use crate::auth::known::Known;
use crate::auth::limiter::{Doors, Limiter};
use crate::auth::token::Tokens;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::web::{Data, Json};
use actix_web::{HttpRequest, HttpResponse};
use entity::{AccountId, Moment};
use roster::account;
use roster::session;
use serde::{Deserialize, Serialize};
use std::net::IpAddr;
use utoipa::ToSchema;

mod desk;
pub use desk::{Desk, SessionAnswer};

/// Who wants to come in.
#[derive(Deserialize, ToSchema)]
pub struct Credentials {
    /// The login.
    pub login: String,
    /// The password.
    pub password: String,
}

/// A refresh token; without it the cookie's is taken.
#[derive(Default, Deserialize, ToSchema)]
pub struct RefreshBody {
    /// As it was given at the sign-in or the last refresh.
    refresh_token: Option<String>,
}

/// One's own password, before and after.
#[derive(Deserialize, ToSchema)]
pub struct PasswordBody {
    /// The password so far.
    old: String,
    /// The new one: 8 to 128 characters, not an obvious one.
    new: String,
}

/// Who is signed in.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// The account.
    account_id: i64,
    /// What it signs in with.
    login: String,
    /// The person's name; the login of a terminal.
    name: String,
    /// Whose training archive the own playing counts for.
    person_id: Option<i64>,
    /// The unit the person belongs to, or the terminal stands in.
    unit_id: Option<i64>,
    /// The roles, each with everything below its unit.
    roles: Vec<RoleAt>,
    /// The first password has not been changed yet.
    must_change_password: bool,
}

/// A role and where it holds.
#[derive(Serialize, ToSchema)]
pub struct RoleAt {
    /// The role, such as `trainer`.
    role: &'static str,
    /// Its Chinese name.
    label: &'static str,
    /// The unit it was given at.
    unit_id: i64,
}

/// Sign in.
#[utoipa::path(post, path = "/api/v1/session", tag = "session", security(()), request_body = Credentials, responses(
    (status = 200, description = "signed in; also sets the cookies", body = SessionAnswer),
    (status = 401, description = "wrong_password", body = ErrorBody),
    (status = 403, description = "account_disabled", body = ErrorBody),
    (status = 429, description = "slow_down, with Retry-After", body = ErrorBody),
))]
pub async fn sign_in(
    request: HttpRequest,
    body: Json<Credentials>,
    db: Data<Database>,
    tokens: Data<Tokens>,
    known: Data<Known>,
    doors: Data<Doors>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let account = admit(&request, &db, &doors.sign_in, &body, now).await?;
    let issued = session::begin(&db.write, account, now).await?;
    Desk { db: &db, tokens: &tokens, known: &known, cookies: **cookies }.open(account, issued, now).await
}

/// The account these credentials belong to, under the limit of the caller's address. The sign-in page asks this, too.
///
/// # Errors
/// `wrong_password`, `account_disabled`, or `slow_down` with the seconds to wait.
pub async fn admit(
    request: &HttpRequest,
    db: &Database,
    limiter: &Limiter,
    credentials: &Credentials,
    now: Moment,
) -> ApiResult<AccountId> {
    let address = patience(request, limiter, now)?;
    let checked = account::check_password(&db.write, credentials.login.trim(), &credentials.password, now).await;
    if matches!(checked, Err(roster::Error::WrongPassword)) {
        limiter.failed(address, now);
    }
    Ok(checked?.id)
}

/// Exchange the refresh token, of the body or the cookie, for new tokens.
#[utoipa::path(post, path = "/api/v1/session/refresh", tag = "session", security(()), request_body = RefreshBody, responses(
    (status = 200, description = "new tokens; also sets the cookies", body = SessionAnswer),
    (status = 401, description = "not_signed_in, or token_reused: the whole family is revoked", body = ErrorBody),
))]
pub async fn refresh(
    request: HttpRequest,
    body: Option<Json<RefreshBody>>,
    db: Data<Database>,
    tokens: Data<Tokens>,
    known: Data<Known>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    let token = refresh_token(&request, **cookies, body).ok_or(Code::NotSignedIn)?;
    let (account, issued) = session::rotate(&db.write, &token, now).await?;
    Desk { db: &db, tokens: &tokens, known: &known, cookies: **cookies }.open(account, issued, now).await
}

/// Sign out: ends one session and no other, with all its tokens, and clears the cookies. It is that of the refresh token in
/// the body; without one that of the access token, by bearer or cookie; without that, of the refresh cookie.
#[utoipa::path(delete, path = "/api/v1/session", tag = "session", request_body = Option<RefreshBody>, responses(
    (status = 204, description = "signed out; also when nobody was signed in"),
))]
pub async fn sign_out(
    request: HttpRequest,
    body: Option<Json<RefreshBody>>,
    db: Data<Database>,
    known: Data<Known>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    match body.and_then(|body| body.into_inner().refresh_token) {
        Some(token) => end(&token, &db, &known).await?,
        None => leave(&request, &db, &known, **cookies).await?,
    }
    Ok(signed_out(**cookies))
}

/// Ends the session that a request is of. The sign-out page asks this, too.
///
/// # Errors
/// When the database fails.
pub async fn leave(request: &HttpRequest, db: &Database, known: &Known, cookies: CookiePolicy) -> ApiResult<()> {
    let now = Moment::now();
    if let Some(claim) = claim(request, now)? {
        session::end_one(&db.write, claim.account, &claim.session, now).await?;
        known.forget(claim.account);
    } else if let Some(token) = cookies.sent(request, Kind::Refresh) {
        end(&token, db, known).await?;
    }
    Ok(())
}

/// Sign out everywhere: every token of the account ends at once.
#[utoipa::path(delete, path = "/api/v1/sessions", tag = "session", responses(
    (status = 204, description = "signed out everywhere"),
    (status = 401, description = "not_signed_in", body = ErrorBody),
))]
pub async fn sign_out_everywhere(
    Caller(caller): Caller,
    db: Data<Database>,
    known: Data<Known>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    end_all(&db, &known, &caller, Moment::now()).await?;
    Ok(signed_out(**cookies))
}

/// Change one's own password. Every session ends; the caller's browser gets a new one by its cookies.
#[utoipa::path(post, path = "/api/v1/password", tag = "session", request_body = PasswordBody, responses(
    (status = 204, description = "changed; also sets new cookies"),
    (status = 400, description = "weak_password", body = ErrorBody),
    (status = 401, description = "wrong_password, or not_signed_in", body = ErrorBody),
    (status = 429, description = "slow_down, with Retry-After", body = ErrorBody),
))]
pub async fn change_password(
    Newcomer(caller): Newcomer,
    body: Json<PasswordBody>,
    db: Data<Database>,
    tokens: Data<Tokens>,
    known: Data<Known>,
    cookies: Data<CookiePolicy>,
) -> ApiResult<HttpResponse> {
    let now = Moment::now();
    account::change_password(&db.write, caller.account_id, &body.old, &body.new, now).await?;
    let issued = session::begin(&db.write, caller.account_id, now).await?;
    let desk = Desk { db: &db, tokens: &tokens, known: &known, cookies: **cookies };
    let mut answer = HttpResponse::NoContent().finish();
    desk.set_cookies(&mut answer, caller.account_id, &issued, now).await?;
    Ok(answer)
}

/// Who is signed in, and with which roles.
#[utoipa::path(get, path = "/api/v1/me", tag = "session", responses(
    (status = 200, description = "the caller", body = Me),
    (status = 401, description = "not_signed_in", body = ErrorBody),
))]
pub async fn me(Caller(caller): Caller) -> HttpResponse {
    HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(Me::from(&*caller))
}

/// The caller's address, when it need not wait.
///
/// # Errors
/// `slow_down` with the seconds to wait.
pub fn patience(request: &HttpRequest, limiter: &Limiter, now: Moment) -> ApiResult<IpAddr> {
    let address = address::of(request);
    match limiter.wait_s(address, now) {
        Some(seconds) => Err(ApiError::new(Code::SlowDown).retry_after(seconds)),
        None => Ok(address),
    }
}

impl From<&Identity> for Me {
    fn from(caller: &Identity) -> Self {
        let role = |grant: &roster::grants::Grant| RoleAt {
            role: grant.role.as_str(),
            label: grant.role.label(),
            unit_id: grant.unit_id.0,
        };
        Self {
            account_id: caller.account_id.0,
            login: caller.login.clone(),
            name: caller.name.clone(),
            person_id: caller.person_id.map(|person| person.0),
            unit_id: caller.home.as_ref().map(|(unit, _)| unit.0),
            roles: caller.grants.iter().map(role).collect(),
            must_change_password: caller.must_change_password,
        }
    }
}

async fn end(refresh: &str, db: &Database, known: &Known) -> ApiResult<()> {
    if let Some(account) = session::end(&db.write, refresh, Moment::now()).await? {
        known.forget(account);
    }
    Ok(())
}

async fn end_all(db: &Database, known: &Known, caller: &Identity, now: Moment) -> ApiResult<()> {
    session::end_all(&db.write, caller.account_id, now).await?;
    known.forget(caller.account_id);
    Ok(())
}

fn refresh_token(request: &HttpRequest, cookies: CookiePolicy, body: Option<Json<RefreshBody>>) -> Option<String> {
    let in_body = body.and_then(|body| body.into_inner().refresh_token);
    in_body.or_else(|| cookies.sent(request, Kind::Refresh))
}

fn signed_out(cookies: CookiePolicy) -> HttpResponse {
    let mut answer = HttpResponse::NoContent();
    for cookie in cookies.forget() {
        answer.cookie(cookie);
    }
    answer.finish()
}
