//! What is done around every handler: headers that all answers have, content codings, and what the handlers leave for
//! the answer to carry.

use crate::auth::access::NewAccess;
use crate::auth::cookie::CookiePolicy;
use actix_web::HttpMessage;
use actix_web::body::{BodySize, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_TYPE, HeaderValue, VARY};
use actix_web::middleware::Next;
use actix_web::web::Data;

/// Nothing but our own files may run, be framed, be guessed at, or be kept for somebody else.
const SECURITY: [(&str, &str); 8] = [
    ("cache-control", "private, no-cache"), // unless the answer says otherwise
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"), // for browsers that do not know frame-ancestors
    ("referrer-policy", "same-origin"),
    ("cross-origin-opener-policy", "same-origin"),
    ("cross-origin-resource-policy", "same-origin"),
    ("permissions-policy", "camera=(), microphone=(), geolocation=()"),
    (
        "content-security-policy",
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; media-src 'self'; \
         connect-src 'self'; manifest-src 'self'; worker-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    ),
];

/// For a year, and this name alone: what else the city has under its domain is not ours to say (RFC 6797).
const HTTPS_ONLY: (&str, &str) = ("strict-transport-security", "max-age=31536000");

/// The headers of every answer, over TLS or not.
pub fn security(https: bool) -> impl Iterator<Item = (&'static str, &'static str)> {
    SECURITY.into_iter().chain(https.then_some(HTTPS_ONLY))
}

/// Bytes below which a body goes out as it is: with its headers it fits one packet in any coding.
const WORTH_CODING: u64 = 600;
const IDENTITY: &str = "identity";

/// Media is compressed already and its ranges count the bytes as stored, so content coding never touches it. Everything
/// else depends on the codings asked for, also where none was chosen.
pub async fn bytes_as_they_are(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if request.path().starts_with("/media/") || request.path().starts_with("/uploads") {
        request.headers_mut().remove(ACCEPT_ENCODING);
        return next.call(request).await;
    }
    let mut response = next.call(request).await?;
    if response.headers().get(CONTENT_ENCODING).is_some_and(|coding| coding == IDENTITY) {
        response.headers_mut().remove(CONTENT_ENCODING); // said for `what_coding_gains` alone
    }
    let says = |value: &HeaderValue| value.as_bytes().eq_ignore_ascii_case(b"accept-encoding");
    if !response.headers().get_all(VARY).any(says) {
        response.headers_mut().append(VARY, HeaderValue::from_static("accept-encoding"));
    }
    Ok(response)
}

/// Codings make a few words longer, and cost every beat of everybody; what is compressed already they make no shorter, and
/// take its length from it. Says so in the way the middleware that codes understands; no client is shown it (RFC 9110
/// section 8.4.1).
pub async fn what_coding_gains(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let asked = request.headers().contains_key(ACCEPT_ENCODING);
    let mut response = next.call(request).await?;
    let is_small = matches!(response.response().body().size(), BodySize::Sized(bytes) if bytes < WORTH_CODING);
    let gains_nothing = is_small || response.headers().get(CONTENT_TYPE).is_some_and(is_compressed);
    if asked && gains_nothing && !response.headers().contains_key(CONTENT_ENCODING) {
        response.headers_mut().insert(CONTENT_ENCODING, HeaderValue::from_static(IDENTITY));
    }
    Ok(response)
}

/// Whether bodies of this type are compressed by what they are.
fn is_compressed(kind: &HeaderValue) -> bool {
    const TYPES: [&str; 4] = ["application/zip", "application/gzip", "application/pdf", "font/woff2"];
    const FAMILIES: [&str; 4] = ["application/vnd.openxmlformats-", "image/", "video/", "audio/"];
    let kind = kind.to_str().unwrap_or_default().to_ascii_lowercase();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind != "image/svg+xml" && (TYPES.contains(&kind) || FAMILIES.iter().any(|family| kind.starts_with(family)))
}

/// What is written into the audit log meanwhile says where the request came from.
pub async fn known_by_address(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let address = crate::auth::address::of(request.request()).to_string();
    entity::audit::asked_from(address, next.call(request)).await
}

/// Send the access cookie that the refresh cookie brought.
pub async fn renew_cookie(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let policy = request.app_data::<Data<CookiePolicy>>().map(|policy| ***policy);
    let mut response = next.call(request).await?;
    let renewed = response.request().extensions_mut().remove::<NewAccess>();
    if let (Some(NewAccess { access, refresh }), Some(policy)) = (renewed, policy) {
        response.response_mut().add_cookie(&policy.access(access))?;
        if let Some(refresh) = refresh {
            response.response_mut().add_cookie(&policy.refresh_once_more(refresh))?;
        }
    }
    Ok(response)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn workbooks_archives_and_recordings_are_compressed_and_text_is_not() {
        let kind = |text| is_compressed(&HeaderValue::from_static(text));
        for there in [
            "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
            "application/zip",
            "Application/PDF",
            "image/png",
            "video/mp4; codecs=avc1",
        ] {
            assert!(kind(there), "{there}");
        }
        for not in ["text/html; charset=utf-8", "application/json", "image/svg+xml", "text/csv", ""] {
            assert!(!kind(not), "{not}");
        }
    }
}
