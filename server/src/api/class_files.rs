//! What is brought to a class in person as a file: what proves it, and a table of who was there. Programs and the
//! trainer's page come here alike.

use super::classes::{ClassAttendanceAnswer, EvidenceAnswer, refused_lines};
use super::evidence::{EVIDENCE_BYTES, keep, photograph_or_pdf};
use crate::auth::identity::{Reader, Trainer};
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use crate::sheet;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::classes::{evidence, list, roster, sign_in};
use bytes::Bytes;
use content::intake::Origin;
use content::store::Store;
use entity::{ClassId, Moment, class_evidence, class_run};
use serde::Deserialize;
use utoipa::IntoParams;

/// The largest table: a thousand people are some fifty kilobytes.
pub const TABLE_BYTES: usize = 2 << 20;

/// What the file is called; the file is the body.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct FileQuery {
    /// The name it came with.
    filename: String,
}

/// A table of attendance; the file, XLSX or CSV, is the body.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct TableQuery {
    /// The name it came with.
    filename: String,
    /// Only say what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// What proves a class or another study, in the order it was added.
#[utoipa::path(get, path = "/api/v1/classes/{id}/evidence", tag = "classes", params(("id" = i64, Path)), responses(
    (status = 200, description = "the files", body = Vec<EvidenceAnswer>), (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn list_evidence(
    reader: Reader,
    id: Path<ClassId>,
    db: Data<Database>,
) -> ApiResult<Json<Vec<EvidenceAnswer>>> {
    let class = list::one(&db.read, &reader.reach(), *id).await?;
    let files = evidence::of(&db.read, &[class.id]).await?.remove(&class.id).unwrap_or_default();
    Ok(Json(files.into_iter().map(EvidenceAnswer::from).collect()))
}

/// Add a file that proves a class which is not decided: a photograph (JPEG, PNG) or a PDF of at most 20 MiB, twenty of a
/// class. Files are only added. The same file again is the one that is there.
#[utoipa::path(post, path = "/api/v1/classes/{id}/evidence", tag = "classes", params(("id" = i64, Path), FileQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 201, description = "kept", body = EvidenceAnswer),
    (status = 400, description = "invalid_request: neither a photograph nor a PDF, or too many", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is decided", body = ErrorBody),
    (status = 413, description = "too_large", body = ErrorBody)))]
pub async fn prove(
    trainer: Trainer,
    id: Path<ClassId>,
    query: Query<FileQuery>,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let class = list::one(&db.read, &trainer.reach(), *id).await?;
    let added =
        add_evidence(&trainer, (&db, &store), &class, (&query.filename, &body.whole(EVIDENCE_BYTES).await?)).await?;
    Ok(HttpResponse::Created().json(EvidenceAnswer::from(added)))
}

/// Keep a file and add it to what proves a class.
///
/// # Errors
/// `invalid_request` for a file that proves nothing or one too many; `wrong_state` for a class that is decided.
pub async fn add_evidence(
    trainer: &Trainer,
    (db, store): (&Database, &Store),
    class: &class_run::Model,
    (filename, file): (&str, &[u8]),
) -> ApiResult<class_evidence::Model> {
    photograph_or_pdf(file)?;
    evidence::check(class)?; // before a file is kept that nothing would name
    let (by, now) = (trainer.account_id, Moment::now());
    let origin = Origin { filename, unit_id: class.unit_id, by: Some(by) };
    let media = keep(db, store, file, &origin, now).await?;
    Ok(evidence::add(&db.write, class.id, &media.sha256, by, now).await?)
}

/// Write down who was there by a table: a line a person, with their roster number or name and their half-days (`全勤`,
/// `缺勤`, `1-3,5`). All lines, or none; or only say what it would do.
#[utoipa::path(post, path = "/api/v1/classes/{id}/attendance", tag = "classes", params(("id" = i64, Path), TableQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 200, description = "what was, or would be, changed", body = ClassAttendanceAnswer),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is not open", body = ErrorBody),
    (status = 413, description = "too_large: over 2 MiB", body = ErrorBody),
    (status = 422, description = "unprocessable: no table, or some lines cannot be taken, and nothing was changed", body = ErrorBody)))]
pub async fn attend(
    trainer: Trainer,
    id: Path<ClassId>,
    query: Query<TableQuery>,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<Json<ClassAttendanceAnswer>> {
    let class = list::one(&db.read, &trainer.reach(), *id).await?;
    let rows = table(body.whole(TABLE_BYTES).await?, query.filename.clone()).await?;
    let plan = roster::plan_attendance(&db.read, &class, &rows).await?;
    if !query.dry_run {
        if !plan.bad.is_empty() {
            return Err(refused_lines(&plan.bad, "没有改动任何签到"));
        }
        let marks = plan.rows.iter().flat_map(|(who, there)| roster::marks(who.person_id, there, class.half_days));
        sign_in::call_roll(&db.write, class.id, &marks.collect::<Vec<_>>(), trainer.account_id, Moment::now()).await?;
    }
    Ok(Json(plan.into()))
}

/// The first table of a file that has any rows.
///
/// # Errors
/// `too_large`, `unprocessable` for what is no table.
pub async fn table(file: Bytes, filename: String) -> ApiResult<Vec<(usize, Vec<String>)>> {
    if file.len() > TABLE_BYTES {
        return Err(ApiError::say(Code::TooLarge, "文件超过 2 MB，请只留名单"));
    }
    let sheet = sheet::read(file, filename).await??;
    Ok(sheet.tables.into_iter().map(|table| table.rows).find(|rows| !rows.is_empty()).unwrap_or_default())
}
