//! Where uploads stand, for people and pages: one of them, and those a person has not finished.

use super::mine;
use crate::auth::identity::Uploader;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::web::{Data, Json, Path};
use content::store::Store;
use content::upload::{self, Metadata, Uploads};
use entity::{Moment, UploadState};
use serde::Serialize;
use utoipa::ToSchema;

/// Where an upload stands.
#[derive(Serialize, ToSchema)]
pub struct UploadAnswer {
    /// `receiving`, `processing`, `complete` or `failed`.
    state: &'static str,
    /// Bytes that are durably here.
    offset: i64,
    /// Bytes announced.
    length: i64,
    /// The blob it became, when complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// Where the blob is read, when complete.
    #[serde(skip_serializing_if = "Option::is_none")]
    media_url: Option<String>,
    /// Why it failed, in Chinese.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

/// Where an upload stands, and what it became.
#[utoipa::path(get, path = "/api/v1/uploads/{id}", tag = "uploads", params(("id" = String, Path, description = "the last part of Location")),
    responses((status = 200, description = "its state", body = UploadAnswer), (status = 404, description = "no such upload", body = ErrorBody)))]
pub async fn show(
    caller: Uploader,
    id: Path<String>,
    db: Data<Database>,
    uploads: Data<Uploads>,
    store: Data<Store>,
) -> ApiResult<Json<UploadAnswer>> {
    let row = mine(&caller, &id, &db, &uploads, &store).await?;
    let sha256 = row.sha256.filter(|_| row.state == UploadState::Complete);
    Ok(Json(UploadAnswer {
        state: row.state.as_str(),
        offset: row.received,
        length: row.length,
        media_url: sha256.as_ref().map(|sha256| format!("/media/{sha256}")),
        sha256,
        error: row.error,
    }))
}

/// The caller's uploads that are not whole yet, last begun first.
#[derive(Serialize, ToSchema)]
pub struct OpenUploads {
    /// At most as many as one account may have.
    uploads: Vec<OpenUpload>,
}

/// An upload that goes on when the same file is chosen again.
#[derive(Serialize, ToSchema)]
pub struct OpenUpload {
    /// Where it goes on by tus.
    url: String,
    /// The file's name.
    filename: String,
    /// Bytes that are durably here.
    offset: i64,
    /// Bytes announced.
    length: i64,
    /// The SHA-256 of the whole file, when it was announced.
    #[serde(skip_serializing_if = "Option::is_none")]
    sha256: Option<String>,
    /// When it began, in milliseconds since 1970.
    created_at: i64,
    /// When it is dropped unless bytes come.
    expires_at: i64,
}

/// What the caller has begun to upload and not finished, from whatever computer.
#[utoipa::path(get, path = "/api/v1/uploads", tag = "uploads", responses((status = 200, description = "unfinished uploads", body = OpenUploads)))]
pub async fn list(caller: Uploader, db: Data<Database>, uploads: Data<Uploads>) -> ApiResult<Json<OpenUploads>> {
    let rows = upload::open(&db.read, &uploads, caller.account_id, Moment::now()).await?;
    let said = |row: entity::upload::Model| OpenUpload {
        url: format!("/uploads/{}", row.id),
        sha256: Metadata::parse(&row.metadata).ok().and_then(|metadata| metadata.sha256()),
        filename: row.filename,
        offset: row.received,
        length: row.length,
        created_at: row.created_at.0,
        expires_at: row.expires_at.0,
    };
    Ok(Json(OpenUploads { uploads: rows.into_iter().map(said).collect() }))
}
