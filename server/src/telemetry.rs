//! Logs and numbers: one line a request with its outcome, and counters for Prometheus.

use crate::config::Config;
use crate::failure::Failure;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::{Method, StatusCode};
use actix_web::middleware::Next;
use actix_web::web::Data;
use std::fmt::Write;
use std::io::IsTerminal;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::{Duration, Instant};
use tracing_subscriber::EnvFilter;

/// Start writing logs to standard error.
///
/// # Errors
/// When the filter cannot be parsed or logging was already started.
pub fn start(config: &Config) -> Result<(), Failure> {
    let filter = EnvFilter::try_new(&config.log).map_err(|cause| Failure::new("配置 log 有误", cause))?;
    let lines = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal());
    let started = if config.log_json { lines.json().try_init() } else { lines.try_init() };
    started.map_err(|cause| Failure::new("无法启动日志", cause))
}

/// What the server counts.
#[derive(Debug, Default)]
pub struct Metrics {
    /// Answers by the first digit of their status.
    by_class: [AtomicU64; 6],
    /// Microseconds spent until the head of the answer.
    micros: AtomicU64,
    /// Requests in progress.
    open: AtomicU64,
}

impl Metrics {
    /// In the text format of Prometheus.
    pub fn text(&self) -> String {
        let mut text = String::from("# TYPE yuanjiao_http_responses_total counter\n");
        for (class, count) in self.by_class.iter().enumerate().skip(1) {
            let _ = writeln!(text, "yuanjiao_http_responses_total{{class=\"{class}xx\"}} {}", count.load(Relaxed));
        }
        let seconds = self.micros.load(Relaxed) as f64 / 1e6;
        let _ = writeln!(text, "# TYPE yuanjiao_http_seconds_total counter\nyuanjiao_http_seconds_total {seconds}");
        let open = self.open.load(Relaxed);
        let _ = writeln!(text, "# TYPE yuanjiao_http_open_requests gauge\nyuanjiao_http_open_requests {open}");
        text
    }

    /// Counts a request as in progress until it is dropped, also when its client has gone before the answer.
    pub fn open(&self) -> Open<'_> {
        self.open.fetch_add(1, Relaxed);
        Open(&self.open)
    }

    /// Count an answer and log it.
    pub fn answered(&self, method: &Method, route: &str, status: StatusCode, took: Duration) {
        let (status, micros) = (status.as_u16(), u64::try_from(took.as_micros()).unwrap_or(u64::MAX));
        if let Some(count) = self.by_class.get(usize::from(status / 100)) {
            count.fetch_add(1, Relaxed);
        }
        self.micros.fetch_add(micros, Relaxed);
        tracing::debug!(%method, route, status, duration_us = micros, "request answered");
    }
}

/// A request in progress.
pub struct Open<'a>(&'a AtomicU64);

impl Drop for Open<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Relaxed);
    }
}

/// The middleware: count every request and log it without names, tokens, queries or bodies.
///
/// # Errors
/// Passes on what the handler answered.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, actix_web::Error> {
    let Some(metrics) = request.app_data::<Data<Metrics>>().cloned() else { return next.call(request).await };
    let began = Instant::now();
    let method = request.method().clone();
    let route = request.match_pattern().unwrap_or_else(|| "-".into());
    let open = metrics.open();
    let outcome = next.call(request).await;
    let status = match &outcome {
        Ok(response) => response.status(),
        Err(error) => error.as_response_error().status_code(),
    };
    drop(open);
    metrics.answered(&method, &route, status, began.elapsed());
    outcome
}
