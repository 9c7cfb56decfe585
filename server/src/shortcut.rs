//! Short ways for what is asked most: a player's next range and its next beat, of which everything is already known, are
//! answered before they come to the router and what is done around every handler.
//!
//! Nothing is decided here that the ordinary way decides otherwise: the same memories are asked, and when one of them is
//! silent or says no, the request goes the ordinary way as if it had never been here.

use crate::api::media::Ranges;
use crate::api::playback::Beats;
use crate::auth::remembered::Remembered;
use crate::listen::Early;
use crate::telemetry::Metrics;
use actix_http::{Request, Response};
use actix_web::body::BoxBody;
use actix_web::http::Method;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::web::Data;
use std::sync::Arc;
use std::time::Instant;

/// The short ways and what they share.
pub struct Shortcuts {
    /// Who calls.
    pub remembered: Remembered,
    /// The way of ranges; `None` where a proxy sends the bytes.
    pub ranges: Option<Ranges>,
    /// The way of beats.
    pub beats: Beats,
    /// Where answers are counted.
    pub metrics: Data<Metrics>,
    /// Headers that every answer carries that does not say otherwise.
    pub always: Vec<(HeaderName, HeaderValue)>,
}

impl Shortcuts {
    /// The answer, or its making, if the request can take a short way.
    pub fn take(self: &Arc<Self>, request: &mut Request) -> Option<Early> {
        let began = Instant::now();
        if let Some(range) = self.ranges.as_ref().and_then(|ranges| ranges.answer(request, &self.remembered)) {
            return Some(Early::Now(self.finished(range, &Method::GET, "/media/{sha256}", began)));
        }
        let beat = self.beats.take(request, &self.remembered)?;
        let shortcuts = self.clone();
        Some(Early::Soon(Box::pin(async move {
            let _open = shortcuts.metrics.open();
            let answer = beat.answer().await.into();
            shortcuts.finished(answer, &Method::POST, "/api/v1/playback/{id}/beat", began)
        })))
    }

    fn finished(
        &self,
        mut response: Response<BoxBody>,
        method: &Method,
        route: &str,
        began: Instant,
    ) -> Response<BoxBody> {
        for (name, value) in &self.always {
            if !response.headers().contains_key(name) {
                response.headers_mut().insert(name.clone(), value.clone());
            }
        }
        self.metrics.answered(method, route, response.status(), began.elapsed());
        response
    }
}
