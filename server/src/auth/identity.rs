//! Who is calling, as an argument of the handler. A handler that takes a `Trainer` cannot run for anybody else.

use super::cookie::{ACCESS, REFRESH};
use super::known::Known;
use super::token::Tokens;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use actix_web::dev::Payload;
use actix_web::http::header::{AUTHORIZATION, HeaderMap};
use actix_web::{FromRequest, HttpMessage, HttpRequest, web::Data};
use entity::{AccountId, Moment, PersonId, Role, Scope, UnitId};
use roster::grants::Grant;
use std::future::Future;
use std::ops::Deref;
use std::pin::Pin;
use std::sync::Arc;

/// A signed-in account and what it reaches.
#[derive(Clone, Debug)]
pub struct Identity {
    /// The account.
    pub account_id: AccountId,
    /// What it signs in with.
    pub login: String,
    /// The name of the person; the login of a terminal.
    pub name: String,
    /// Whose training archive its own playing counts for; `None` for a terminal.
    pub person_id: Option<PersonId>,
    /// The unit the person belongs to (or the terminal stands in), and its path.
    pub home: Option<(UnitId, String)>,
    /// The roles, each at a unit.
    pub grants: Vec<Grant>,
    /// The first password has not been changed yet.
    pub must_change_password: bool,
    /// Tokens of an older epoch are no longer good.
    pub session_epoch: i32,
}

/// Roles that look after lessons and people, as against only learning.
pub const STAFF: &[Role] =
    &[Role::Trainer, Role::Reviewer, Role::Expert, Role::Assessor, Role::Auditor, Role::Admin, Role::SiteManager];
/// Roles that may read other people's hours in their scope.
pub const READERS: &[Role] = &[Role::SiteManager, Role::Trainer, Role::Assessor, Role::Auditor, Role::Admin];
/// Roles that may run a classroom.
pub const OPERATORS: &[Role] = &[Role::SiteManager, Role::Trainer, Role::Device];
/// Roles that write lessons.
pub const AUTHORS: &[Role] = &[Role::Trainer, Role::Reviewer, Role::Admin];
/// Roles that may upload files.
pub const UPLOADERS: &[Role] = &[Role::Trainer, Role::Reviewer, Role::Expert, Role::Admin];

impl Identity {
    /// Whether it has one of these roles anywhere.
    pub fn has(&self, roles: &[Role]) -> bool {
        self.grants.iter().any(|grant| roles.contains(&grant.role))
    }

    /// Everything these roles of it reach.
    pub fn scope(&self, roles: &[Role]) -> Scope {
        Scope::of(self.grants.iter().filter(|grant| roles.contains(&grant.role)).map(|grant| grant.path.clone()))
    }

    /// Which lessons it may see.
    pub fn viewer(&self) -> catalog::Viewer {
        let mut homes: Vec<String> = self.home.iter().map(|(_, path)| path.clone()).collect();
        homes.extend(self.grants.iter().map(|grant| grant.path.clone()));
        homes.sort_unstable();
        homes.dedup();
        catalog::Viewer { homes, staff: self.scope(AUTHORS) }
    }
}

macro_rules! callers {
    ($($(#[$doc:meta])* $name:ident = $roles:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Arc<Identity>);

        impl $name {
            /// Everything the roles that let the caller in here reach.
            pub fn reach(&self) -> Scope {
                self.0.scope($roles)
            }
        }

        impl Deref for $name {
            type Target = Identity;
            fn deref(&self) -> &Identity {
                &self.0
            }
        }

        impl FromRequest for $name {
            type Error = ApiError;
            type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

            fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
                let request = request.clone();
                Box::pin(async move {
                    let identity = settled(&request).await?;
                    if identity.has($roles) { Ok(Self(identity)) } else { Err(ApiError::new(Code::Forbidden)) }
                })
            }
        }
    )*};
}

callers! {
    /// Uploads lessons, runs classes, exports attendance.
    Trainer = &[Role::Trainer, Role::Admin];
    /// Publishes, returns and withdraws lessons.
    Reviewer = &[Role::Reviewer, Role::Admin];
    /// Writes lessons, or reviews them.
    Author = AUTHORS;
    /// May upload files.
    Uploader = UPLOADERS;
    /// Assesses cadres and corrects their hours.
    Assessor = &[Role::Assessor];
    /// Reads the audit log.
    Auditor = &[Role::Auditor, Role::Admin];
    /// Manages units, people and accounts.
    Admin = &[Role::Admin];
    /// May read other people's hours in their scope.
    Reader = READERS;
    /// May run a classroom.
    Operator = OPERATORS;
    /// Looks after stations: registers and revokes terminals.
    Caretaker = &[Role::SiteManager, Role::Trainer, Role::Admin];
}

/// Anybody signed in whose first password is changed.
#[derive(Clone, Debug)]
pub struct SignedIn(pub Arc<Identity>);

impl Deref for SignedIn {
    type Target = Identity;
    fn deref(&self) -> &Identity {
        &self.0
    }
}

impl FromRequest for SignedIn {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { settled(&request).await.map(Self) })
    }
}

/// Anybody signed in, also with a first password that is still to be changed.
#[derive(Clone, Debug)]
pub struct Newcomer(pub Arc<Identity>);

impl FromRequest for Newcomer {
    type Error = ApiError;
    type Future = Pin<Box<dyn Future<Output = ApiResult<Self>>>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let request = request.clone();
        Box::pin(async move { identify(&request).await.map(Self) })
    }
}

async fn settled(request: &HttpRequest) -> ApiResult<Arc<Identity>> {
    let identity = identify(request).await?;
    if identity.must_change_password {
        return Err(ApiError::new(Code::PasswordChangeRequired));
    }
    Ok(identity)
}

/// A bearer token, else the access cookie, else the refresh cookie, which brings a new access cookie.
///
/// # Errors
/// `not_signed_in` when none of them is good.
pub async fn identify(request: &HttpRequest) -> ApiResult<Arc<Identity>> {
    let now = Moment::now();
    let (db, known, tokens) = (state::<Database>(request)?, state::<Known>(request)?, state::<Tokens>(request)?);
    let cookie = request.cookie(ACCESS);
    let token = bearer(request.headers()).or(cookie.as_ref().map(actix_web::cookie::Cookie::value));
    if let Some((account, epoch)) = token.and_then(|token| tokens.check(token, now)) {
        let identity = known.identity(db, account, now).await?;
        if identity.session_epoch == epoch {
            return Ok(identity);
        }
    }
    if bearer(request.headers()).is_some() {
        return Err(ApiError::new(Code::NotSignedIn));
    }
    renewed(request, db, known, tokens, now).await
}

async fn renewed(
    request: &HttpRequest,
    db: &Database,
    known: &Known,
    tokens: &Tokens,
    now: Moment,
) -> ApiResult<Arc<Identity>> {
    let refresh = request.cookie(REFRESH).ok_or(Code::NotSignedIn)?;
    let account = roster::session::owner(&db.read, refresh.value(), now).await?.ok_or(Code::NotSignedIn)?;
    known.forget(account);
    let identity = known.identity(db, account, now).await?;
    let token = tokens.issue(account, identity.session_epoch, now).map_err(ApiError::internal)?;
    request.extensions_mut().insert(NewAccess(token));
    Ok(identity)
}

/// Left in a request whose access cookie was renewed, for the middleware that sets it.
pub struct NewAccess(pub String);

/// The bearer token of a request.
pub fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn state<T: 'static>(request: &HttpRequest) -> ApiResult<&T> {
    request
        .app_data::<Data<T>>()
        .map(|data| data.get_ref())
        .ok_or_else(|| ApiError::internal(format!("{} is not set up", std::any::type_name::<T>())))
}
