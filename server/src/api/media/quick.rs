//! A player's next range, answered from memory (`shortcut.rs`): who reads is known, a yes was given lately, and the blob
//! is held open.

use super::allowed::hash_of;
use super::{Asked, Fetched, Watched, answer};
use crate::auth::remembered::Remembered;
use actix_http::{Request, Response};
use actix_web::HttpMessage;
use actix_web::body::BoxBody;
use actix_web::http::Method;
use actix_web::web::Data;
use content::store::Store;
use content::wire::Lane;
use entity::Moment;

/// What ranges need.
pub struct Ranges {
    /// Who was lately found to be a reader of what.
    pub watched: Data<Watched>,
    /// Where it is noted that bytes go out.
    pub fetched: Data<Fetched>,
    /// The blobs.
    pub store: Data<Store>,
}

impl Ranges {
    /// The answer to a range, if it can be given at once.
    pub fn answer(&self, request: &Request, remembered: &Remembered) -> Option<Response<BoxBody>> {
        // A ticket, or anything else behind the address, is the ordinary way's matter; so is every other method.
        if request.method() != Method::GET || request.uri().query().is_some() {
            return None;
        }
        let sha256 = request.path().strip_prefix("/media/")?;
        let (hash, now) = (hash_of(sha256)?, Moment::now());
        let reader = remembered.caller(request.headers(), now)?.account_id;
        let served = self.watched.fresh(&(reader, hash), now)?;
        let blob = self.store.opened(sha256)?;
        let asked = Asked {
            method: request.method(),
            headers: request.headers(),
            lane: request.conn_data::<Lane>(),
            reader,
            fetched: &self.fetched,
        };
        let response = answer(&asked, &blob, &served, None);
        // What is refused may have to be drawn as a page.
        (!response.status().is_client_error()).then(|| response.into())
    }
}
