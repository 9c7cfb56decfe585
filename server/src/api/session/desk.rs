//! Handing out the tokens of a session, in the body and as cookies: after a sign-in by API or
//! page, a refresh, a pairing.

use crate::auth::cookie::CookiePolicy;
use crate::auth::identity::Identity;
use crate::auth::known::Known;
use crate::auth::token::{LIFETIME_S, Tokens};
use crate::database::Database;
use crate::error::{ApiError, ApiResult};
use actix_web::HttpResponse;
use entity::{AccountId, Moment};
use roster::session::Issued;
use serde::Serialize;
use std::sync::Arc;
use utoipa::ToSchema;

/// What it takes to open a session.
pub struct Desk<'a> {
    /// The database.
    pub db: &'a Database,
    /// Makes access tokens.
    pub tokens: &'a Tokens,
    /// What is known of accounts.
    pub known: &'a Known,
    /// How cookies are set.
    pub cookies: CookiePolicy,
}

/// A session that has begun or goes on. The same tokens are also set as cookies.
#[derive(Serialize, ToSchema)]
#[schema(as = SignInAnswer)]
pub struct SessionAnswer {
    /// For the `Authorization: Bearer` header.
    access_token: String,
    /// To be exchanged once for the next pair.
    refresh_token: String,
    /// Seconds the access token lives.
    expires_in: i64,
    /// The first password has to be changed before anything else.
    must_change_password: bool,
}

impl Desk<'_> {
    /// The answer to a sign-in: both tokens, in the body and as cookies.
    ///
    /// # Errors
    /// When the account cannot be read.
    pub async fn open(&self, account: AccountId, issued: Issued, now: Moment) -> ApiResult<HttpResponse> {
        let (access_token, identity) = self.access(account, &issued.family, now).await?;
        let mut answer = HttpResponse::Ok().insert_header(("Cache-Control", "no-store")).json(SessionAnswer {
            access_token: access_token.clone(),
            refresh_token: issued.token.clone(),
            expires_in: LIFETIME_S,
            must_change_password: identity.must_change_password,
        });
        self.bake(&mut answer, access_token, &issued, now)?;
        Ok(answer)
    }

    /// Sets both cookies of a new session on an answer.
    ///
    /// # Errors
    /// When the account cannot be read.
    pub async fn set_cookies(
        &self,
        answer: &mut HttpResponse,
        account: AccountId,
        issued: &Issued,
        now: Moment,
    ) -> ApiResult<()> {
        let (access_token, _) = self.access(account, &issued.family, now).await?;
        self.bake(answer, access_token, issued, now)
    }

    async fn access(&self, account: AccountId, session: &str, now: Moment) -> ApiResult<(String, Arc<Identity>)> {
        self.known.forget(account);
        let identity = self.known.identity(account).await?;
        let token = self.tokens.issue(account, session, identity.session_epoch, now).map_err(ApiError::internal)?;
        Ok((token, identity))
    }

    fn bake(&self, answer: &mut HttpResponse, access: String, issued: &Issued, now: Moment) -> ApiResult<()> {
        let refresh = self.cookies.refresh(issued.token.clone(), issued.expires_at, now);
        for cookie in [self.cookies.access(access), refresh] {
            answer.add_cookie(&cookie).map_err(ApiError::internal)?;
        }
        Ok(())
    }
}
