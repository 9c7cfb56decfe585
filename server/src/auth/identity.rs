//! Who is calling, as an argument of the handler. A handler that takes a `Trainer` cannot run for anybody else.

use super::access::identify;
use super::token::Claim;
use super::waiting::Waiting;
use crate::error::{ApiError, ApiResult, Code};
use actix_web::dev::Payload;
use actix_web::{FromRequest, HttpRequest};
use entity::{AccountId, DeviceId, PersonId, Role, Scope, UnitId};
use roster::grants::Grant;
use std::collections::HashSet;
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
    /// Which classroom terminal it is, if it is one.
    pub device_id: Option<DeviceId>,
    /// The unit the person belongs to (or the terminal stands in), and its path.
    pub home: Option<(UnitId, String)>,
    /// The roles, each at a unit.
    pub grants: Vec<Grant>,
    /// The first password has not been changed yet.
    pub must_change_password: bool,
    /// Tokens of an older epoch are no longer good.
    pub session_epoch: i32,
    /// Nor are those of these sessions, which were ended while tokens of theirs had not expired.
    pub ended: HashSet<String>,
    /// How much waits for a decision of theirs: what the desk's tabs say.
    pub waiting: Waiting,
}

/// Roles that look after lessons and people, as against only learning.
pub const STAFF: &[Role] =
    &[Role::Trainer, Role::Reviewer, Role::Expert, Role::Assessor, Role::Auditor, Role::Admin, Role::SiteManager];
/// Roles that may read other people's hours in their scope.
pub const READERS: &[Role] = &[Role::SiteManager, Role::Trainer, Role::Assessor, Role::Auditor, Role::Admin];
/// Roles that may run a classroom.
pub const OPERATORS: &[Role] = &[Role::SiteManager, Role::Trainer, Role::Device];
/// Roles that look after stations.
pub const CARETAKERS: &[Role] = &[Role::SiteManager, Role::Trainer, Role::Admin];
/// Roles that write down guests and find out who they are.
pub const MATCHERS: &[Role] = &[Role::SiteManager, Role::Trainer];
/// Roles that find out that two rows of the roster are one person.
pub const MERGERS: &[Role] = &[Role::Assessor, Role::Admin];
/// Roles that write lessons.
pub const AUTHORS: &[Role] = &[Role::Trainer, Role::Reviewer, Role::Admin];
/// Roles that decide appeals: assessors all of them, trainers those about a wrong clock.
pub const DECIDERS: &[Role] = &[Role::Assessor, Role::Trainer];
/// Roles that may read appeals.
pub const APPEAL_READERS: &[Role] = &[Role::Assessor, Role::Trainer, Role::Auditor];
/// Roles that may upload files.
pub const UPLOADERS: &[Role] = &[Role::Trainer, Role::Reviewer, Role::Expert, Role::Admin];

impl Identity {
    /// Whether it has one of these roles anywhere.
    pub fn has(&self, roles: &[Role]) -> bool {
        self.grants.iter().any(|grant| roles.contains(&grant.role))
    }

    /// Whether a token that says this still opens anything.
    pub fn admits(&self, claim: &Claim) -> bool {
        self.session_epoch == claim.epoch && !self.ended.contains(&*claim.session)
    }

    /// Everything these roles of it reach.
    pub fn scope(&self, roles: &[Role]) -> Scope {
        Scope::of(self.grants.iter().filter(|grant| roles.contains(&grant.role)).map(|grant| grant.path.clone()))
    }

    /// Which appeals it may decide; with `reading` also those it may only look at.
    pub fn appeals(&self, reading: bool) -> archive::appeals::Reach {
        let all: &[Role] = if reading { &[Role::Assessor, Role::Auditor] } else { &[Role::Assessor] };
        archive::appeals::Reach { all: self.scope(all), clock: self.scope(&[Role::Trainer]) }
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
    /// Decides appeals.
    Decider = DECIDERS;
    /// Reads appeals.
    AppealReader = APPEAL_READERS;
    /// Reads the audit log.
    Auditor = &[Role::Auditor, Role::Admin];
    /// Manages units, people and accounts.
    Admin = &[Role::Admin];
    /// May read other people's hours in their scope.
    Reader = READERS;
    /// May run a classroom.
    Operator = OPERATORS;
    /// Looks after stations: lets in and revokes terminals.
    Caretaker = CARETAKERS;
    /// Writes down guests, finds out who they are, gives PINs.
    Matcher = MATCHERS;
    /// Merges people who stand on the roster twice, and parts them.
    Merger = MERGERS;
}

macro_rules! anybody {
    ($($(#[$doc:meta])* $name:ident = $how:expr;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Debug)]
        pub struct $name(pub Arc<Identity>);

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
                Box::pin(async move { $how(&request).await.map(Self) })
            }
        }
    )*};
}

anybody! {
    /// Any person signed in whose first password is changed. No classroom terminal: what those may do is named.
    SignedIn = settled_person;
    /// Any person signed in whose first password is changed, and classroom terminals.
    SignedInOrRoom = settled;
    /// Any person signed in, also with a first password that is still to be changed. No classroom terminal: it has none.
    Newcomer = person;
    /// Anybody signed in at all.
    Caller = identify;
}

async fn person(request: &HttpRequest) -> ApiResult<Arc<Identity>> {
    identify(request).await.and_then(no_terminal)
}

async fn settled_person(request: &HttpRequest) -> ApiResult<Arc<Identity>> {
    settled(request).await.and_then(no_terminal)
}

fn no_terminal(identity: Arc<Identity>) -> ApiResult<Arc<Identity>> {
    if identity.device_id.is_some() { Err(ApiError::new(Code::Forbidden)) } else { Ok(identity) }
}

async fn settled(request: &HttpRequest) -> ApiResult<Arc<Identity>> {
    let identity = identify(request).await?;
    if identity.must_change_password {
        return Err(ApiError::new(Code::PasswordChangeRequired));
    }
    Ok(identity)
}
