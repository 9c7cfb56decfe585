//! The cookies of a browser: the short access token, the refresh token that brings a new one, the mark of a terminal.
//!
//! The refresh cookie is not rotated by page views: two tabs that wake together would look like a thief. It can't be
//! read by scripts, dies at sign-out, and is exchanged only through the API.

use super::token::LIFETIME_S;
use actix_web::HttpRequest;
use actix_web::cookie::{Cookie, SameSite, time::Duration};
use entity::Moment;

/// What a cookie is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Holds the access token.
    Access,
    /// Holds the refresh token.
    Refresh,
    /// Says that this browser is a classroom terminal, or was one: it opens nothing, it only leads to the page that pairs
    /// it again where others are led to the sign-in.
    Terminal,
}

impl Kind {
    /// Its name. Behind https it is one that browsers take from this host alone, and only over https (RFC 6265bis
    /// section 4.1.3.2).
    pub fn name(self, secure: bool) -> &'static str {
        match (self, secure) {
            (Self::Access, false) => "yj_access",
            (Self::Refresh, false) => "yj_refresh",
            (Self::Terminal, false) => "yj_terminal",
            (Self::Access, true) => "__Host-yj_access",
            (Self::Refresh, true) => "__Host-yj_refresh",
            (Self::Terminal, true) => "__Host-yj_terminal",
        }
    }
}

/// As long as browsers keep any cookie.
const TERMINAL_S: i64 = 400 * 24 * 3600;

/// Whether cookies carry `Secure`, and the names that go with it.
#[derive(Clone, Copy, Debug)]
pub struct CookiePolicy {
    /// True behind https.
    pub secure: bool,
}

impl CookiePolicy {
    /// The access cookie.
    pub fn access(self, token: String) -> Cookie<'static> {
        self.cookie(Kind::Access, token, LIFETIME_S)
    }

    /// The refresh cookie.
    pub fn refresh(self, token: String, expires_at: Moment, now: Moment) -> Cookie<'static> {
        self.cookie(Kind::Refresh, token, expires_at.since(now) / 1000)
    }

    /// The refresh cookie of a terminal, for as long as browsers keep any; when it is over is the database's to say.
    pub fn refresh_once_more(self, token: String) -> Cookie<'static> {
        self.cookie(Kind::Refresh, token, TERMINAL_S)
    }

    /// The mark of a terminal.
    pub fn terminal(self) -> Cookie<'static> {
        self.cookie(Kind::Terminal, "1".into(), TERMINAL_S)
    }

    /// Both cookies, emptied.
    pub fn forget(self) -> [Cookie<'static>; 2] {
        [self.cookie(Kind::Access, String::new(), 0), self.cookie(Kind::Refresh, String::new(), 0)]
    }

    /// The value of the cookie that came with a request.
    pub fn sent(self, request: &HttpRequest, kind: Kind) -> Option<String> {
        Some(request.cookie(kind.name(self.secure))?.value().to_owned())
    }

    fn cookie(self, kind: Kind, value: String, seconds: i64) -> Cookie<'static> {
        Cookie::build(kind.name(self.secure), value)
            .http_only(true)
            .same_site(SameSite::Lax)
            .secure(self.secure)
            .path("/")
            .max_age(Duration::seconds(seconds))
            .finish()
    }
}
