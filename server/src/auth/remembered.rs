//! Who calls, as far as that can be said from memory: a token found good before, of an account read seconds ago.

use super::access::bearer;
use super::cookie::{CookiePolicy, Kind};
use super::identity::Identity;
use super::known::Known;
use super::token::Tokens;
use actix_web::http::header::{COOKIE, HeaderMap};
use actix_web::web::Data;
use entity::Moment;
use std::sync::Arc;

/// The memories that are asked.
pub struct Remembered {
    /// Tokens found good.
    pub tokens: Data<Tokens>,
    /// Accounts read seconds ago.
    pub known: Data<Known>,
    /// The names of the cookies.
    pub cookies: Data<CookiePolicy>,
}

impl Remembered {
    /// The caller, with a first password long changed; `None` when that is not so or has to be looked up.
    pub fn caller(&self, headers: &HeaderMap, now: Moment) -> Option<Arc<Identity>> {
        let token = bearer(headers).or_else(|| access_cookie(headers, **self.cookies))?;
        let claim = self.tokens.check(token, now)?;
        let caller = self.known.fresh(claim.account)?;
        (caller.admits(&claim) && !caller.must_change_password).then_some(caller)
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
    use actix_web::http::header::HeaderValue;

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
