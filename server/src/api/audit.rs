//! The audit log for auditors, as JSON, CSV and XLSX. Nobody can change it: there is no such route.

use super::reports::in_form;
use crate::auth::identity::Auditor;
use crate::database::Database;
use crate::error::{ApiResult, Code, ErrorBody};
use crate::pages::choose::typed;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use archive::report::{AuditQuery, audit_log};
use entity::Moment;
use serde::Deserialize;
use utoipa::IntoParams;

/// What the log is narrowed to; what is absent or empty narrows nothing.
#[derive(Debug, Default, Deserialize, IntoParams)]
#[serde(default)]
#[into_params(parameter_in = Query)]
pub struct LogQuery {
    /// A verb such as `ledger.correct`.
    pub action: String,
    /// The login of the account, or the name of its person.
    pub who: String,
    /// The name or roster number of the person it was about: their archive, entries, appeals, classes, account, and what
    /// was done under a number that is merged with theirs.
    pub person: String,
    /// Kind and id, such as `lesson:12`.
    pub target: String,
    /// First civil day, as `2026-01-01`.
    pub from: String,
    /// Last civil day, itself included.
    pub to: String,
    /// Which page, on the screen; a file has every line.
    #[param(ignore)]
    pub page: String,
}

impl LogQuery {
    /// What the archive is asked for.
    pub fn read(&self, auditor: &Auditor) -> AuditQuery {
        AuditQuery {
            scope: auditor.reach(),
            action: typed(&self.action),
            account: typed(&self.who),
            person: typed(&self.person),
            target: typed(&self.target),
            from: self.from.parse().ok(),
            to: self.to.parse().ok(),
            today: Moment::now().day(),
        }
    }
}

/// The audit log, newest first, as `log.json`, `log.csv` or `log.xlsx`.
#[utoipa::path(get, path = "/api/v1/audit/{file}", tag = "archive",
    params(("file" = String, Path, description = "`log.json`, `log.csv` or `log.xlsx`"), LogQuery), responses(
    (status = 200, description = "the log", content((serde_json::Value = "application/json"), (String = "text/csv"),
        (Vec<u8> = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"))),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 422, description = "unprocessable: too many rows for a worksheet", body = ErrorBody)))]
pub async fn download(
    auditor: Auditor,
    file: Path<String>,
    query: Query<LogQuery>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let format = file.strip_prefix("log.").filter(|format| ["json", "csv", "xlsx"].contains(format));
    let format = format.ok_or(Code::NotFound)?;
    in_form(audit_log(&db.read, &query.read(&auditor), 0, u64::MAX).await?, format).await
}
