//! Resumable uploads: the HTTP of tus 1.0.0 (creation, creation-with-upload, checksum, expiration, termination).
//!
//! The life of an upload is `content::upload`'s; here its headers are read and written. Only who announced an upload,
//! or an administrator over its unit, may touch it; for anybody else it does not exist.

use crate::auth::identity::{UPLOADERS, Uploader};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::http::StatusCode;
use actix_web::http::header::{self, HeaderMap, HeaderValue};
use actix_web::web::{Data, Json, Path, Payload};
use actix_web::{HttpRequest, HttpResponse, HttpResponseBuilder, ResponseError};
use content::conditional::format_http_date;
use content::store::Store;
use content::upload::{self, ALGORITHMS, Checksum, Metadata, NewUpload, Progress, Uploads};
use entity::{Moment, Role, UnitId, UploadState, org_unit, upload as row};
use sea_orm::EntityTrait;
use serde::Serialize;
use utoipa::ToSchema;

const VERSION: &str = "1.0.0";
const BODY: &str = "application/offset+octet-stream";

/// What this server can do.
#[utoipa::path(options, path = "/uploads", tag = "uploads", responses((status = 204, description = "versions, extensions and limits in the Tus-* headers")))]
pub async fn options(uploads: Data<Uploads>) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("Tus-Resumable", VERSION))
        .insert_header(("Tus-Version", VERSION))
        .insert_header(("Tus-Extension", "creation,creation-with-upload,checksum,expiration,termination"))
        .insert_header(("Tus-Checksum-Algorithm", ALGORITHMS))
        .insert_header(("Tus-Max-Size", uploads.limits().max_bytes.to_string()))
        .finish()
}

/// What this server can do, asked of one upload's address.
#[utoipa::path(options, path = "/uploads/{id}", tag = "uploads", params(("id" = String, Path, description = "from Location")), responses((status = 204, description = "as for /uploads")))]
pub async fn options_of_one(uploads: Data<Uploads>) -> HttpResponse {
    options(uploads).await
}

/// Announce an upload, and send its first bytes along if you like.
#[utoipa::path(post, path = "/uploads", tag = "uploads",
    params(
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Length" = u64, Header, description = "bytes that will come"),
        ("Upload-Metadata" = Option<String>, Header, description = "filename, filetype, course_id; values in base64"),
    ),
    request_body(content = Option<Vec<u8>>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 201, description = "created; its address in Location"),
        (status = 400, description = "a header is missing or malformed", body = ErrorBody),
        (status = 412, description = "another version of tus", body = ErrorBody),
        (status = 413, description = "longer than allowed", body = ErrorBody),
        (status = 507, description = "the disk is nearly full", body = ErrorBody),
    ))]
pub async fn create(
    request: HttpRequest,
    caller: ApiResult<Uploader>,
    body: Payload,
    db: Data<Database>,
    uploads: Data<Uploads>,
    store: Data<Store>,
) -> HttpResponse {
    tus(create_inner(&request, caller, body, &db, &uploads, &store).await)
}

async fn create_inner(
    request: &HttpRequest,
    caller: ApiResult<Uploader>,
    body: Payload,
    db: &Data<Database>,
    uploads: &Data<Uploads>,
    store: &Data<Store>,
) -> ApiResult<HttpResponse> {
    let caller = caller?;
    let headers = request.headers();
    right_version(headers)?;
    if headers.contains_key("Upload-Defer-Length") {
        return Err(ApiError::say(Code::InvalidHeader, "不支持 Upload-Defer-Length，请声明文件长度"));
    }
    let new = NewUpload {
        account_id: caller.account_id,
        unit_id: unit_of(&caller)?,
        length: number(headers, "Upload-Length")?,
        metadata: Metadata::parse(text(headers, "Upload-Metadata")?.unwrap_or_default())?,
    };
    let now = Moment::now();
    let made = upload::create(&db.write, uploads, new, now).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((header::LOCATION, format!("/uploads/{}", made.id)));
    let mut whole = made.state == UploadState::Processing;
    if !whole && text(headers, "Content-Type")? == Some(BODY) {
        let checksum = text(headers, "Upload-Checksum")?.map(Checksum::parse).transpose()?;
        let progress = upload::append(&db.write, uploads, &made.id, 0, checksum, body, now).await?;
        whole = progress.is_whole();
        response.insert_header(("Upload-Offset", progress.offset.to_string()));
    }
    if whole {
        finish_beside(db, uploads, store, made.id.clone());
    } else {
        expires(&mut response, made.expires_at);
    }
    Ok(response.finish())
}

/// How far an upload has come.
#[utoipa::path(head, path = "/uploads/{id}", tag = "uploads",
    params(("id" = String, Path, description = "from Location"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 200, description = "Upload-Offset and Upload-Length"), (status = 404, description = "no such upload"), (status = 410, description = "expired")))]
pub async fn offset(
    request: HttpRequest,
    caller: ApiResult<Uploader>,
    id: Path<String>,
    db: Data<Database>,
    uploads: Data<Uploads>,
    store: Data<Store>,
) -> HttpResponse {
    tus(async {
        right_version(request.headers())?;
        let caller = caller?;
        owned(&caller, &id, &db).await?;
        upload::make_way(&uploads, &id).await;
        let row = mine(&caller, &id, &db, &uploads, &store).await?;
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        response.insert_header(("Upload-Offset", row.received.to_string()));
        response.insert_header(("Upload-Length", row.length.to_string()));
        if !row.metadata.is_empty() {
            response.insert_header(("Upload-Metadata", row.metadata));
        }
        if row.state == UploadState::Receiving {
            expires(&mut response, row.expires_at);
        }
        Ok(response.finish())
    }
    .await)
}

/// Send bytes. They stream to the disk as they come; what is answered survives a power cut.
#[utoipa::path(patch, path = "/uploads/{id}", tag = "uploads",
    params(
        ("id" = String, Path, description = "from Location"),
        ("Tus-Resumable" = String, Header, description = "1.0.0"),
        ("Upload-Offset" = u64, Header, description = "where these bytes go: what HEAD answered"),
        ("Upload-Checksum" = Option<String>, Header, description = "sha1 or sha256 of these bytes, in base64"),
    ),
    request_body(content = Vec<u8>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 204, description = "kept; Upload-Offset says how far it has come"),
        (status = 409, description = "the offset is another one", body = ErrorBody),
        (status = 413, description = "more bytes than announced", body = ErrorBody),
        (status = 415, description = "another Content-Type", body = ErrorBody),
        (status = 423, description = "another request is writing", body = ErrorBody),
        (status = 460, description = "the checksum does not hold; these bytes were dropped", body = ErrorBody),
    ))]
pub async fn append(
    request: HttpRequest,
    caller: ApiResult<Uploader>,
    id: Path<String>,
    body: Payload,
    db: Data<Database>,
    uploads: Data<Uploads>,
    store: Data<Store>,
) -> HttpResponse {
    tus(append_inner(&request, caller, &id, body, &db, &uploads, &store).await)
}

async fn append_inner(
    request: &HttpRequest,
    caller: ApiResult<Uploader>,
    id: &str,
    body: Payload,
    db: &Data<Database>,
    uploads: &Data<Uploads>,
    store: &Data<Store>,
) -> ApiResult<HttpResponse> {
    let headers = request.headers();
    right_version(headers)?;
    if text(headers, "Content-Type")? != Some(BODY) {
        return Err(ApiError::say(Code::UnsupportedMediaType, format!("Content-Type 须为 {BODY}")));
    }
    let offset = number(headers, "Upload-Offset")?;
    let checksum = text(headers, "Upload-Checksum")?.map(Checksum::parse).transpose()?;
    let caller = caller?;
    owned(&caller, id, db).await?;
    let now = Moment::now();
    let progress: Progress = upload::append(&db.write, uploads, id, offset, checksum, body, now).await?;
    let mut response = HttpResponse::NoContent();
    response.insert_header(("Upload-Offset", progress.offset.to_string()));
    if progress.is_whole() {
        finish_beside(db, uploads, store, id.to_owned());
    } else {
        expires(&mut response, now.plus_ms(uploads.limits().lifetime_ms));
    }
    Ok(response.finish())
}

/// Drop an upload and its bytes. The media it became stays.
#[utoipa::path(delete, path = "/uploads/{id}", tag = "uploads",
    params(("id" = String, Path, description = "from Location"), ("Tus-Resumable" = String, Header, description = "1.0.0")),
    responses((status = 204, description = "gone"), (status = 404, description = "no such upload", body = ErrorBody), (status = 423, description = "another request is writing", body = ErrorBody)))]
pub async fn terminate(
    request: HttpRequest,
    caller: ApiResult<Uploader>,
    id: Path<String>,
    db: Data<Database>,
    uploads: Data<Uploads>,
) -> HttpResponse {
    tus(async {
        right_version(request.headers())?;
        owned(&caller?, &id, &db).await?;
        upload::terminate(&db.write, &uploads, &id).await?;
        Ok(HttpResponse::NoContent().finish())
    }
    .await)
}

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

/// The caller's upload as it stands. One that waits for its processing since a restart is set going again.
async fn mine(
    caller: &Uploader,
    id: &str,
    db: &Data<Database>,
    uploads: &Data<Uploads>,
    store: &Data<Store>,
) -> ApiResult<row::Model> {
    owned(caller, id, db).await?;
    let row = upload::status(&db.write, uploads, id, Moment::now()).await?;
    if row.state == UploadState::Processing {
        finish_beside(db, uploads, store, row.id.clone());
    }
    Ok(row)
}

async fn owned(caller: &Uploader, id: &str, db: &Database) -> ApiResult<()> {
    let row = row::Entity::find_by_id(id).one(&db.read).await?.ok_or(Code::NotFound)?;
    if row.account_id == caller.account_id {
        return Ok(());
    }
    let administered = caller.scope(&[Role::Admin]);
    if administered.is_empty() {
        return Err(Code::NotFound.into());
    }
    let unit = org_unit::Entity::find_by_id(row.unit_id).one(&db.read).await?;
    unit.filter(|unit| administered.contains(&unit.path)).map(|_| ()).ok_or_else(|| Code::NotFound.into())
}

/// The unit a caller uploads for: that of their first role that lets them.
fn unit_of(caller: &Uploader) -> ApiResult<UnitId> {
    let grant = caller.grants.iter().find(|grant| UPLOADERS.contains(&grant.role));
    grant.map(|grant| grant.unit_id).ok_or_else(|| Code::Forbidden.into())
}

/// Hash and probe beside the answer: a long film takes a while, and the client asks how it goes.
fn finish_beside(db: &Data<Database>, uploads: &Data<Uploads>, store: &Data<Store>, id: String) {
    let (db, uploads, store) = (db.clone(), uploads.clone(), store.clone());
    actix_web::rt::spawn(async move {
        match upload::finish(&db.write, &uploads, &store, &id, Moment::now()).await {
            // Busy: it is being finished already.
            Ok(_) | Err(content::Error::Busy | content::Error::NoSuchUpload) => {}
            Err(cause) => tracing::error!(upload = id, %cause, "an upload waits for its processing"),
        }
    });
}

/// Every answer of tus names its version; a failed checksum has a status of its own.
fn tus(outcome: ApiResult<HttpResponse>) -> HttpResponse {
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

fn right_version(headers: &HeaderMap) -> ApiResult<()> {
    match text(headers, "Tus-Resumable")? {
        Some(VERSION) => Ok(()),
        _ => Err(ApiError::say(Code::PreconditionFailed, "只支持 tus 1.0.0")),
    }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> ApiResult<Option<&'a str>> {
    let malformed = |_| ApiError::say(Code::InvalidHeader, format!("请求头 {name} 有误"));
    headers.get(name).map(HeaderValue::to_str).transpose().map_err(malformed)
}

fn number(headers: &HeaderMap, name: &str) -> ApiResult<u64> {
    let wrong = || ApiError::say(Code::InvalidHeader, format!("请求头 {name} 缺失或不是非负整数"));
    let digits = text(headers, name)?.filter(|text| text.bytes().all(|byte| byte.is_ascii_digit()));
    digits.and_then(|text| text.parse().ok()).ok_or_else(wrong)
}

fn expires(response: &mut HttpResponseBuilder, at: Moment) {
    response.insert_header(("Upload-Expires", format_http_date(at.0.div_euclid(1000))));
}
