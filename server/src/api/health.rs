//! Liveness, readiness and numbers for whoever watches the server.

use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code};
use crate::telemetry::Metrics;
use actix_web::HttpResponse;
use actix_web::web::Data;
use std::time::Duration;

/// Whoever asks whether the server is ready sends people elsewhere meanwhile, and must know soon.
const LONGEST_WAIT: Duration = Duration::from_secs(2);

/// The process answers.
#[utoipa::path(get, path = "/healthz", tag = "health", responses((status = 200, description = "alive", body = String, content_type = "text/plain")))]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body("ok\n")
}

/// The process can do its work: the database answers.
#[utoipa::path(get, path = "/readyz", tag = "health", responses((status = 200, description = "ready", body = String, content_type = "text/plain"), (status = 503, description = "not ready", body = crate::error::ErrorBody)))]
pub async fn ready(db: Data<Database>) -> ApiResult<HttpResponse> {
    let answered = tokio::time::timeout(LONGEST_WAIT, db.read.ping()).await;
    if !matches!(answered, Ok(Ok(()))) {
        return Err(ApiError::new(Code::Busy).retry_after(2));
    }
    Ok(HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .content_type("text/plain; charset=utf-8")
        .body("ready\n"))
}

/// Counters in the text format of Prometheus.
#[utoipa::path(get, path = "/metrics", tag = "health", responses((status = 200, description = "Prometheus text", body = String, content_type = "text/plain")))]
pub async fn metrics(metrics: Data<Metrics>) -> HttpResponse {
    HttpResponse::Ok()
        .insert_header(("Cache-Control", "no-store"))
        .content_type("text/plain; version=0.0.4; charset=utf-8")
        .body(metrics.text())
}
