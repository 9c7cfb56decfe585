//! Keeps other sites' pages from acting with our visitors' cookies.
//!
//! A request that changes something and comes from a browser says where it comes from: `Sec-Fetch-Site`, or `Origin`
//! on older ones. One that says "from elsewhere" is refused. One that says neither is no browser page (or has no
//! cookie sent with it: they are SameSite=Lax) and passes.

use crate::error::{ApiError, Code};
use actix_web::body::{EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HOST, HeaderMap, ORIGIN};
use actix_web::middleware::Next;

/// The middleware: refuses unsafe methods that come from another site.
///
/// # Errors
/// Those of the service within.
pub async fn same_origin_only(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody>>, actix_web::Error> {
    if !request.method().is_safe() && from_elsewhere(request.headers()) {
        return Ok(request.error_response(ApiError::new(Code::CrossSite)).map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

/// Whether the head of a request says that another site's page made it.
pub fn from_elsewhere(headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    match (header("sec-fetch-site"), header(ORIGIN.as_str())) {
        (Some("same-origin" | "none"), _) => false,
        (Some(_), _) => true,
        (None, Some(origin)) => origin.split_once("://").map(|(_, authority)| authority) != header(HOST.as_str()),
        (None, None) => false,
    }
}
