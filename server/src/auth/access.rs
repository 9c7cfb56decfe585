//! What a request shows of who sends it: a bearer token, the access cookie, or the refresh cookie that renews it.

use super::cookie::{CookiePolicy, Kind};
use super::heard::Heard;
use super::identity::Identity;
use super::known::Known;
use super::token::{Claim, Tokens};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::middleware::Next;
use actix_web::{HttpMessage, HttpRequest, web::Data};
use entity::Moment;
use std::sync::Arc;

/// A bearer token, else the access cookie, else the refresh cookie, which brings a new access cookie. A terminal is noted
/// as heard of.
///
/// # Errors
/// `not_signed_in` when none of them is good.
pub async fn identify(request: &HttpRequest) -> ApiResult<Arc<Identity>> {
    let now = Moment::now();
    let identity = known_by(request, now).await?;
    if let Some(device) = identity.device_id {
        state::<Heard>(request)?.note(device, now);
    }
    Ok(identity)
}

/// Finds out who calls before anything of the request is read: what a handler takes is looked at all at once, and whoever
/// may not enter must not be told what is wrong with their body instead.
pub async fn first(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let caller = by_token(request.request(), Moment::now()).await;
    if let Ok(Some(identity)) = caller {
        request.extensions_mut().insert(identity);
    }
    next.call(request).await
}

async fn known_by(request: &HttpRequest, now: Moment) -> ApiResult<Arc<Identity>> {
    let found = request.extensions().get::<Arc<Identity>>().cloned();
    if let Some(identity) = found {
        return Ok(identity);
    }
    if let Some(identity) = by_token(request, now).await? {
        return Ok(identity);
    }
    if bearer(request.headers()).is_some() {
        return Err(ApiError::new(Code::NotSignedIn));
    }
    renewed(request, now).await
}

/// Whom a good access token names.
async fn by_token(request: &HttpRequest, now: Moment) -> ApiResult<Option<Arc<Identity>>> {
    let Some(claim) = claim(request, now)? else { return Ok(None) };
    let identity = state::<Known>(request)?.identity(claim.account).await?;
    Ok(identity.admits(&claim).then_some(identity))
}

/// What a good access token says, in the field for it or in the cookie. Whether it still opens anything is not asked.
///
/// # Errors
/// None but faults of ours.
pub fn claim(request: &HttpRequest, now: Moment) -> ApiResult<Option<Claim>> {
    let cookie = state::<CookiePolicy>(request)?.sent(request, Kind::Access);
    let token = bearer(request.headers()).or(cookie.as_deref());
    let tokens = state::<Tokens>(request)?;
    Ok(token.and_then(|token| tokens.check(token, now)))
}

async fn renewed(request: &HttpRequest, now: Moment) -> ApiResult<Arc<Identity>> {
    let (db, known, tokens) = (state::<Database>(request)?, state::<Known>(request)?, state::<Tokens>(request)?);
    let refresh = state::<CookiePolicy>(request)?.sent(request, Kind::Refresh).ok_or(Code::NotSignedIn)?;
    let session = roster::session::of_token(&db.read, &refresh, now).await?.ok_or(Code::NotSignedIn)?;
    let account = session.account_id;
    known.forget(account);
    let identity = known.identity(account).await?;
    let token = tokens.issue(account, &session.family, identity.session_epoch, now).map_err(ApiError::internal)?;
    let again = identity.device_id.map(|_| refresh);
    request.extensions_mut().insert(identity.clone()); // for whoever asks again
    request.extensions_mut().insert(NewAccess { access: token, refresh: again });
    Ok(identity)
}

/// Left in a request whose access cookie was renewed, for the middleware that sets it.
pub struct NewAccess {
    /// The new access token.
    pub access: String,
    /// The refresh token of a terminal, to be set once more: browsers keep no cookie longer than 400 days, and nobody in
    /// the village could pair it again every year.
    pub refresh: Option<String>,
}

/// The bearer token of a request. Read as bytes: a token is some 400 characters, and every range brings one.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.as_bytes().split_at_checked("bearer ".len())?;
    let token = std::str::from_utf8(token).ok()?;
    scheme.eq_ignore_ascii_case(b"bearer ").then(|| token.trim())
}

fn state<T: 'static>(request: &HttpRequest) -> ApiResult<&T> {
    request
        .app_data::<Data<T>>()
        .map(|data| data.get_ref())
        .ok_or_else(|| ApiError::internal(format!("{} is not set up", std::any::type_name::<T>())))
}
