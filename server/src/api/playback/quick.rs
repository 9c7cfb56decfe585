//! A player's next beat, taken without the router (`shortcut.rs`): its head is looked at as the ordinary way would, who
//! calls is known, and what is in it goes to the one writer of beats.

use super::recorded;
use super::shape::BeatBody;
use crate::auth::csrf;
use crate::auth::heard::Heard;
use crate::auth::remembered::Remembered;
use crate::error::{ApiError, ApiResult};
use crate::target;
use actix_http::{Payload, Request};
use actix_web::error::JsonPayloadError;
use actix_web::http::Method;
use actix_web::http::header::{
    CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, EXPECT, HeaderMap, HeaderValue, TRANSFER_ENCODING, VARY,
};
use actix_web::web::Data;
use actix_web::{HttpMessage, HttpResponse, ResponseError};
use entity::{AccountId, Moment, PlaybackId};
use futures_util::StreamExt;
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
pub struct Coming {
    session: PlaybackId,
    from: AccountId,
    bytes: usize,
    body: Payload,
    recorder: Data<Recorder>,
}

impl Beats {
    /// Takes a beat whose body only has to be read and written down; the request has no body any more then.
    pub fn take(&self, request: &mut Request, remembered: &Remembered) -> Option<Coming> {
        if request.method() != Method::POST || request.uri().query().is_some() {
            return None;
        }
        let session = request.path().strip_prefix("/api/v1/playback/")?.strip_suffix("/beat")?.parse().ok()?;
        let (bytes, now) = (length_of_plain_json(request.headers())?, Moment::now());
        if !target::has_a_host(request.headers()) || csrf::from_elsewhere(request.headers()) {
            return None;
        }
        let caller = remembered.caller(request.headers(), now)?;
        if let Some(device) = caller.device_id {
            self.heard.note(device, now);
        }
        Some(Coming {
            session: PlaybackId(session),
            from: caller.account_id,
            bytes,
            body: request.take_payload(),
            recorder: self.recorder.clone(),
        })
    }
}

impl Coming {
    /// Records it and says how the session stands, once it is durable.
    pub async fn answer(self) -> HttpResponse {
        let Self { session, from, bytes, body, recorder } = self;
        let answer = async {
            let body = parsed(body, bytes).await?;
            recorded(&recorder, session, from, &body).await
        };
        let (mut response, vary) = match answer.await {
            Ok(totals) => (HttpResponse::Ok().json(totals), "accept-encoding"),
            Err(refused) => (refused.error_response(), "accept, accept-encoding"),
        };
        response.headers_mut().insert(VARY, HeaderValue::from_static(vary));
        response
    }
}

/// The length of a short body that is JSON and nothing else.
fn length_of_plain_json(headers: &HeaderMap) -> Option<usize> {
    let is_json = headers.get(CONTENT_TYPE)?.as_bytes().eq_ignore_ascii_case(b"application/json");
    let is_plain = [CONTENT_ENCODING, TRANSFER_ENCODING, EXPECT].iter().all(|name| !headers.contains_key(name));
    let length = headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()?;
    (is_json && is_plain && length <= MOST_BYTES).then_some(length)
}

async fn parsed(mut coming: Payload, bytes: usize) -> ApiResult<BeatBody> {
    let mut body = Vec::with_capacity(bytes);
    while let Some(piece) = coming.next().await {
        body.extend_from_slice(&piece.map_err(JsonPayloadError::Payload)?);
        if body.len() > bytes {
            return Err(JsonPayloadError::Overflow { limit: bytes }.into());
        }
    }
    serde_json::from_slice(&body).map_err(|cause| ApiError::from(JsonPayloadError::Deserialize(cause)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_short_body_of_plain_json_takes_this_way() {
        let length = |fields: &[(&'static str, &'static str)]| {
            let headers = fields
                .iter()
                .map(|(name, value)| (name.parse().unwrap_or(CONTENT_TYPE), HeaderValue::from_static(value)));
            length_of_plain_json(&headers.collect())
        };
        let json = ("content-type", "application/json");
        assert_eq!(length(&[json, ("content-length", "60")]), Some(60));
        assert_eq!(length(&[json, ("content-length", "513")]), None);
        assert_eq!(length(&[json]), None);
        assert_eq!(length(&[("content-type", "text/plain"), ("content-length", "60")]), None);
        assert_eq!(length(&[json, ("content-length", "60"), ("content-encoding", "gzip")]), None);
        assert_eq!(length(&[json, ("content-length", "60"), ("expect", "100-continue")]), None);
    }
}
