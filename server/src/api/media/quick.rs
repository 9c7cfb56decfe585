//! The short way of a player's next range: a request for media of which everything is already known is answered before
//! it comes to the router.
//!
//! Nothing is decided here that the ordinary way decides otherwise: it asks the same memories (a token found good, an
//! account read seconds ago, a yes given lately, a blob held open), and when one of them is silent or says no, the
//! request goes the ordinary way as if it had never been here.

use super::allowed::hash_of;
use super::{Asked, Fetched, Watched, answer};
use crate::auth::cookie::{CookiePolicy, Kind};
use crate::auth::identity::bearer;
use crate::auth::known::Known;
use crate::auth::token::Tokens;
use crate::telemetry::Metrics;
use actix_http::{Request, Response};
use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::http::Method;
use actix_web::http::header::{COOKIE, HeaderMap, HeaderName, HeaderValue};
use actix_web::web::Data;
use content::store::{Blob, Store};
use content::wire::Lane;
use entity::{AccountId, Moment};
use std::sync::Arc;
use std::time::Instant;

/// The memories that are asked.
pub struct Quick {
    /// Tokens found good.
    pub tokens: Data<Tokens>,
    /// Accounts read seconds ago.
    pub known: Data<Known>,
    /// Who was lately found to be a reader of what.
    pub watched: Data<Watched>,
    /// Where it is noted that bytes go out.
    pub fetched: Data<Fetched>,
    /// The blobs.
    pub store: Data<Store>,
    /// Where the answer is counted.
    pub metrics: Data<Metrics>,
    /// The names of the cookies.
    pub cookies: Data<CookiePolicy>,
    /// Headers that every answer carries that does not say otherwise.
    pub always: Vec<(HeaderName, HeaderValue)>,
}

impl Quick {
    /// The answer, if it can be given at once.
    pub fn answer(&self, request: &Request) -> Option<Response<BoxBody>> {
        let began = Instant::now();
        let (reader, blob, served) = self.allowed(request, Moment::now())?;
        let asked = Asked {
            method: request.method(),
            headers: request.headers(),
            lane: request.conn_data::<Lane>(),
            reader,
            fetched: &self.fetched,
        };
        let mut response = answer(&asked, &blob, &served, None);
        if response.status().is_client_error() {
            return None; // it may have to be drawn as a page
        }
        for (name, value) in &self.always {
            if !response.headers().contains_key(name) {
                response.headers_mut().insert(name.clone(), value.clone());
            }
        }
        self.metrics.answered(request.method(), "/media/{sha256}", response.status(), began.elapsed());
        Some(response.into())
    }

    fn allowed(&self, request: &Request, now: Moment) -> Option<(AccountId, Blob, Arc<super::Served>)> {
        // A ticket, or anything else behind the address, is the ordinary way's matter; so is every other method.
        if request.method() != Method::GET || request.uri().query().is_some() {
            return None;
        }
        let sha256 = request.path().strip_prefix("/media/")?;
        let hash = hash_of(sha256)?;
        let token = bearer(request.headers()).or_else(|| access_cookie(request.headers(), **self.cookies))?;
        let (account, epoch) = self.tokens.check(token, now)?;
        let caller = self.known.fresh(account)?;
        if caller.session_epoch != epoch || caller.must_change_password {
            return None;
        }
        let served = self.watched.fresh(&(account, hash), now)?;
        Some((account, self.store.opened(sha256)?, served))
    }
}

/// The value of the access cookie. A token has no character that a cookie would have to quote.
fn access_cookie(headers: &HeaderMap, policy: CookiePolicy) -> Option<&str> {
    let name = Kind::Access.name(policy.secure);
    let cookies = headers.get(COOKIE)?.to_str().ok()?;
    cookies.split(';').find_map(|pair| pair.trim_start().strip_prefix(name)?.strip_prefix('='))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_access_cookie_is_found_among_others() {
        let found = |line: &'static str| {
            let mut headers = HeaderMap::new();
            headers.insert(COOKIE, HeaderValue::from_static(line));
            access_cookie(&headers, CookiePolicy { secure: false }).map(str::to_owned)
        };
        assert_eq!(found("yj_access=a.b.c").as_deref(), Some("a.b.c"));
        assert_eq!(found("x=1; yj_access=a.b.c; yj_refresh=r").as_deref(), Some("a.b.c"));
        assert_eq!(found("x=1; yj_access2=a; other_yj_access=b"), None);
        assert_eq!(found(""), None);
    }
}
