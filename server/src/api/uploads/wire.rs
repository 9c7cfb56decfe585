//! The headers of tus: read, checked, and written on every answer.

use crate::error::{ApiError, ApiResult, Code};
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::{HttpResponse, HttpResponseBuilder, ResponseError};
use content::conditional::format_http_date;
use entity::Moment;

/// The version of the protocol.
pub const VERSION: &str = "1.0.0";
/// The type of a body of bytes.
pub const BODY: &str = "application/offset+octet-stream";

/// The middleware: a client behind a proxy that lets no `PATCH` through sends `POST` and names the method it means
/// (tus, X-HTTP-Method-Override). Only of a `POST`: no safe method may turn into another one.
///
/// # Errors
/// Those of the service within.
pub async fn method_override(
    mut request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    if request.method() == Method::POST && request.path().starts_with("/uploads") {
        let meant = request.headers().get("X-HTTP-Method-Override").map(HeaderValue::as_bytes);
        let meant = meant.and_then(|name| Method::from_bytes(name.to_ascii_uppercase().as_slice()).ok());
        if let Some(method) = meant.filter(|method| [Method::PATCH, Method::DELETE, Method::HEAD].contains(method)) {
            request.head_mut().method = method;
        }
    }
    next.call(request).await
}

/// Every answer of tus names its version; a failed checksum has a status of its own.
pub fn tus(outcome: ApiResult<HttpResponse>) -> HttpResponse {
    let mut response = match outcome {
        Ok(response) => response,
        Err(error) => {
            let mut refused = error.error_response();
            match error.code() {
                Code::ChecksumMismatch => {
                    if let Ok(status) = StatusCode::from_u16(460) {
                        refused.head_mut().status = status;
                        refused.head_mut().reason = Some("Checksum Mismatch");
                    }
                }
                Code::PreconditionFailed => {
                    refused
                        .headers_mut()
                        .insert(header::HeaderName::from_static("tus-version"), HeaderValue::from_static(VERSION));
                }
                _ => {}
            }
            refused
        }
    };
    response.headers_mut().insert(header::HeaderName::from_static("tus-resumable"), HeaderValue::from_static(VERSION));
    response
}

pub fn right_version(headers: &HeaderMap) -> ApiResult<()> {
    match text(headers, "Tus-Resumable")? {
        Some(VERSION) => Ok(()),
        _ => Err(ApiError::say(Code::PreconditionFailed, "只支持 tus 1.0.0")),
    }
}

pub fn text<'a>(headers: &'a HeaderMap, name: &str) -> ApiResult<Option<&'a str>> {
    let malformed = |_| ApiError::say(Code::InvalidHeader, format!("请求头 {name} 有误"));
    headers.get(name).map(HeaderValue::to_str).transpose().map_err(malformed)
}

pub fn number(headers: &HeaderMap, name: &str) -> ApiResult<u64> {
    let wrong = || ApiError::say(Code::InvalidHeader, format!("请求头 {name} 缺失或不是非负整数"));
    let digits = text(headers, name)?.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(wrong)
}

pub fn expires(response: &mut HttpResponseBuilder, at: Moment) {
    response.insert_header(("Upload-Expires", format_http_date(at.0.div_euclid(1000))));
}
