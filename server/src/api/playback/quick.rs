//! A player's next beat, taken without the router (`shortcut.rs`): its head is looked at as the ordinary way would, who
//! calls is known, and what is in it goes to the one writer of beats.

use super::recorded;
use super::shape::BeatBody;
use crate::auth::csrf;
use crate::auth::heard::Heard;
use crate::auth::remembered::Remembered;
use crate::body::Coming;
use crate::target;
use actix_http::Request;
use actix_web::error::JsonPayloadError;
use actix_web::http::Method;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderValue, TRANSFER_ENCODING, VARY,
};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use entity::{AccountId, Moment, PlaybackId};
use player::recorder::Recorder;

/// Bytes of a beat that takes this way: its numbers, spelt out at their longest, are 150.
const MOST_BYTES: usize = 512;

/// What beats need.
pub struct Beats {
    /// The writer of beats.
    pub recorder: Data<Recorder>,
    /// Which terminals were heard of.
    pub heard: Data<Heard>,
}

/// A beat whose head is all right.
pub struct Accepted {
    session: PlaybackId,
    from: AccountId,
    body: Coming,
    recorder: Data<Recorder>,
}

impl Beats {
    /// Takes a beat whose body only has to be read and written down; the request has no body any more then.
    pub fn take(&self, request: &mut Request, remembered: &Remembered) -> Option<Accepted> {
        if request.method() != Method::POST || request.uri().query().is_some() {
            return None;
        }
        let session = request.path().strip_prefix("/api/v1/playback/")?.strip_suffix("/beat")?.parse().ok()?;
        let now = Moment::now();
        if !is_short_plain_json(request.headers())
            || !target::has_a_host(request.headers())
            || csrf::from_elsewhere(request.headers())
        {
            return None;
        }
        let caller = remembered.caller(request.headers(), now)?;
        if let Some(device) = caller.device_id {
            self.heard.note(device, now);
        }
        let body = request.take_payload();
        Some(Accepted {
            session: PlaybackId(session),
            from: caller.account_id,
            body: Coming::of(request.headers(), body),
            recorder: self.recorder.clone(),
        })
    }
}

impl Accepted {
    /// Records it and says how the session stands, once it is durable.
    pub async fn answer(self) -> HttpResponse {
        let Self { session, from, body, recorder } = self;
        let answer = async {
            let body = body.whole(MOST_BYTES).await?;
            let beat: BeatBody = serde_json::from_slice(&body).map_err(JsonPayloadError::Deserialize)?;
            recorded(&recorder, session, from, &beat).await
        };
        let (mut response, vary) = match answer.await {
            Ok(totals) => (HttpResponse::Ok().json(totals), "accept-encoding"),
            Err(refused) => (refused.error_response(), "accept, accept-encoding"),
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static(vary));
        response
    }
}

/// Whether the body is short, and JSON as it stands.
fn is_short_plain_json(headers: &HeaderMap) -> bool {
    let is_json =
        headers.get(CONTENT_TYPE).is_some_and(|kind| kind.as_bytes().eq_ignore_ascii_case(b"application/json"));
    let is_plain = [CONTENT_ENCODING, TRANSFER_ENCODING, EXPECT].iter().all(|name| !headers.contains_key(name));
    let length = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<usize>().ok());
    is_json && is_plain && length.is_some_and(|length| length <= MOST_BYTES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_body_of_plain_json_takes_this_way() {
        let short = |fields: &[(&'static str, &'static str)]| {
            let headers = fields
                .iter()
                .map(|(name, value)| (name.parse().unwrap_or(CONTENT_TYPE), HeaderValue::from_static(value)));
            is_short_plain_json(&headers.collect())
        };
        let json = ("content-type", "application/json");
        assert!(short(&[json, ("content-length", "60")]));
        assert!(!short(&[json, ("content-length", "513")]));
        assert!(!short(&[json]));
        assert!(!short(&[("content-type", "text/plain"), ("content-length", "60")]));
        assert!(!short(&[json, ("content-length", "60"), ("content-encoding", "gzip")]));
        assert!(!short(&[json, ("content-length", "60"), ("expect", "100-continue")]));
    }
}
