//! Handing the bytes over to a proxy in front (`X-Accel-Redirect`), which then sends them from the same folder itself.
//!
//! The server still decides who may read and whether anything has to be sent; ranges are the proxy's work. Off unless
//! `accel_redirect` is set, because without such a proxy the answer would be empty.

use super::{Served, described};
use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CONTENT_TYPE, HeaderMap, HeaderName, IF_MATCH, IF_UNMODIFIED_SINCE};
use content::store::Blob;

/// The answer that a proxy replaces by the blob's bytes, if the request is one that a proxy judges as we do.
///
/// `location` is the proxy's internal location over the store's folder, such as `/blobs`. nginx compares `If-Match` and
/// `If-Unmodified-Since` with the file's own time and tag, which are not ours: those we serve ourselves.
pub fn hand_over(
    location: Option<&str>,
    asked: &HeaderMap,
    blob: &Blob,
    served: &Served,
    etag: &str,
) -> Option<HttpResponse> {
    let location = location?.trim_end_matches('/');
    if blob.mapped().is_none() || asked.contains_key(IF_MATCH) || asked.contains_key(IF_UNMODIFIED_SINCE) {
        return None;
    }
    let name = blob.sha256();
    let mut response = described(StatusCode::OK, served, etag);
    response.insert_header((CONTENT_TYPE, served.mime.clone()));
    response.insert_header((
        HeaderName::from_static("x-accel-redirect"),
        format!("{location}/{}/{name}", name.get(..2).unwrap_or_default()),
    ));
    Some(response.finish())
}
