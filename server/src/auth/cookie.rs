//! The two cookies of a browser: the short access token, and the refresh token that brings a new one.
//!
//! The refresh cookie is not rotated by page views: two tabs that wake together would look like a thief. It can't be
//! read by scripts, dies at sign-out, and is exchanged only through the API.

use super::token::LIFETIME_S;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use entity::Moment;

/// Holds the access token.
pub const ACCESS: &str = "yj_access";
/// Holds the refresh token.
pub const REFRESH: &str = "yj_refresh";

/// Whether cookies carry `Secure`.
#[derive(Clone, Copy, Debug)]
pub struct CookiePolicy {
    /// True behind https.
    pub secure: bool,
}

impl CookiePolicy {
    /// The access cookie.
    pub fn access(self, token: String) -> Cookie<'static> {
        self.cookie(ACCESS, token, LIFETIME_S)
    }

    /// The refresh cookie.
    pub fn refresh(self, token: String, expires_at: Moment, now: Moment) -> Cookie<'static> {
        self.cookie(REFRESH, token, expires_at.since(now) / 1000)
    }

    /// Both cookies, emptied.
    pub fn forget(self) -> [Cookie<'static>; 2] {
        [self.cookie(ACCESS, String::new(), 0), self.cookie(REFRESH, String::new(), 0)]
    }

    fn cookie(self, name: &'static str, value: String, seconds: i64) -> Cookie<'static> {
        Cookie::build(name, value)
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .path("/")
            .max_age(Duration::seconds(seconds))
            .finish()
    }
}
