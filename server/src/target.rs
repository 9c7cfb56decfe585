//! What a request is aimed at, before any route looks: a host that can be one, and a target a server of pages has.

use crate::error::{ApiError, Code};
use actix_web::body::{BoxBody, EitherBody, MessageBody};
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::Method;
use actix_web::http::header::{ALLOW, HOST, HeaderMap};
use actix_web::http::uri::Authority;
use actix_web::middleware::Next;
use actix_web::{HttpResponse, ResponseError};

/// Refuses a request whose Host field names no host (RFC 9112 section 3.2) and a target that is no path, such as that of
/// CONNECT (section 3.2.3); answers `OPTIONS *`, which asks after the server as a whole (section 3.2.4).
pub async fn check(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<EitherBody<impl MessageBody, BoxBody>>, actix_web::Error> {
    let answer = if !has_a_host(request.headers()) {
        refused("请求头 Host 有误")
    } else if request.uri().path().starts_with('/') && request.method() != Method::CONNECT {
        return Ok(next.call(request).await?.map_into_left_body());
    } else if request.method() == Method::OPTIONS && request.uri().path() == "*" {
        let methods = "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS";
        HttpResponse::NoContent().insert_header((ALLOW, methods)).finish()
    } else {
        refused("请求的地址有误")
    };
    Ok(request.into_response(answer).map_into_right_body())
}

fn refused(why: &str) -> HttpResponse {
    ApiError::say(Code::InvalidRequest, why).error_response()
}

/// One Host field at most, with a host and perhaps a port; HTTP/1.0 has none.
pub fn has_a_host(fields: &HeaderMap) -> bool {
    let mut hosts = fields.get_all(HOST).map(|value| value.to_str().unwrap_or(" "));
    let (first, more) = (hosts.next(), hosts.next());
    let names_one = |host: &str| !host.contains('@') && host.parse::<Authority>().is_ok();
    more.is_none() && first.is_none_or(|host| host.is_empty() || names_one(host))
}
