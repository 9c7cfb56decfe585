//! The cookies of a browser: the short access token, the refresh token that brings a new one, the mark of a terminal.
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

/// Says that this browser is a classroom terminal, or was one: it opens nothing, it only leads to the page that pairs it
/// again where others are led to the sign-in.
pub const TERMINAL: &str = "yj_terminal";
/// As long as browsers keep any cookie.
const TERMINAL_S: i64 = 400 * 24 * 3600;

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

    /// The refresh cookie of a terminal, for as long as browsers keep any; when it is over is the database's to say.
    pub fn refresh_once_more(self, token: String) -> Cookie<'static> {
        self.cookie(REFRESH, token, TERMINAL_S)
    }

    /// The mark of a terminal.
    pub fn terminal(self) -> Cookie<'static> {
        self.cookie(TERMINAL, "1".into(), TERMINAL_S)
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
