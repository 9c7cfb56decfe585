//! Resumable uploads: the HTTP of tus 1.0.0 (creation, creation-with-upload, checksum, expiration, termination,
//! concatenation).
//!
//! The life of an upload is `content::upload`'s; here its headers are read and written. Only who announced an upload,
//! or an administrator over its unit, may touch it; for anybody else it does not exist.

mod status;
mod wire;

use crate::api::media::Watched;
use crate::api::media::allowed::may_read;
use crate::auth::identity::{UPLOADERS, Uploader};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::http::header;
use actix_web::web::{Data, Path, Payload};
use actix_web::{HttpRequest, HttpResponse};
use content::store::Store;
use content::upload::{self, ALGORITHMS, Checksum, Concat, Metadata, NewUpload, Progress, Uploads};
use entity::{Moment, Role, UnitId, UploadState, media, org_unit, upload as row};
use sea_orm::EntityTrait;
pub use status::{__path_list, __path_show, list, show};
pub use wire::method_override;
use wire::{BODY, VERSION, expires, number, right_version, text, tus};

/// What this server can do.
#[utoipa::path(options, path = "/uploads", tag = "uploads", responses((status = 204, description = "versions, extensions and limits in the Tus-* headers")))]
pub async fn options(uploads: Data<Uploads>) -> HttpResponse {
    HttpResponse::NoContent()
        .insert_header(("Tus-Resumable", VERSION))
        .insert_header(("Tus-Version", VERSION))
        .insert_header(("Tus-Extension", "creation,creation-with-upload,checksum,expiration,termination,concatenation"))
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
        ("Upload-Length" = u64, Header, description = "bytes that will come; not for a final upload"),
        ("Upload-Metadata" = Option<String>, Header, description = "filename, filetype, course_id; sha256 of the whole file in hex: when it is here already nothing is to be sent; values in base64"),
        ("Upload-Concat" = Option<String>, Header, description = "partial, or final; and the addresses of the parts"),
    ),
    request_body(content = Option<Vec<u8>>, content_type = "application/offset+octet-stream"),
    responses(
        (status = 201, description = "created; its address in Location; Upload-Offset is the length when the file is here already"),
        (status = 400, description = "a header is missing or malformed", body = ErrorBody),
        (status = 412, description = "another version of tus", body = ErrorBody),
        (status = 413, description = "longer than allowed", body = ErrorBody),
        (status = 507, description = "the disk is nearly full, or the county keeps as much as it may", body = ErrorBody),
    ))]
pub async fn create(
    request: HttpRequest,
    caller: ApiResult<Uploader>,
    body: Payload,
    db: Data<Database>,
    uploads: Data<Uploads>,
    store: Data<Store>,
    watched: Data<Watched>,
) -> HttpResponse {
    tus(create_inner(&request, caller, body, &db, &uploads, &store, &watched).await)
}

async fn create_inner(
    request: &HttpRequest,
    caller: ApiResult<Uploader>,
    body: Payload,
    db: &Data<Database>,
    uploads: &Data<Uploads>,
    store: &Data<Store>,
    watched: &Watched,
) -> ApiResult<HttpResponse> {
    let caller = caller?;
    right_version(request.headers())?;
    let (new, now) = (announced(request, &caller)?, Moment::now());
    let mut response = HttpResponse::Created();
    if let Some(known) = known(&caller, db, store, watched, &new, now).await? {
        let made = upload::create_known(&db.write, uploads, new, &known, now).await?;
        response.insert_header((header::LOCATION, format!("/uploads/{}", made.id)));
        return Ok(response.insert_header(("Upload-Offset", made.length.to_string())).finish());
    }
    let made = upload::create(&db.write, uploads, new, now).await?;
    response.insert_header((header::LOCATION, format!("/uploads/{}", made.id)));
    let mut whole = made.state == UploadState::Processing;
    let headers = request.headers();
    if made.state == UploadState::Receiving && text(headers, "Content-Type")? == Some(BODY) {
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

/// What the headers announce.
fn announced(request: &HttpRequest, caller: &Uploader) -> ApiResult<NewUpload> {
    let headers = request.headers();
    if headers.contains_key("Upload-Defer-Length") {
        return Err(ApiError::say(Code::InvalidHeader, "不支持 Upload-Defer-Length，请声明文件长度"));
    }
    let concat = text(headers, "Upload-Concat")?.map(Concat::parse).transpose()?.unwrap_or_default();
    Ok(NewUpload {
        account_id: caller.account_id,
        unit_id: unit_of(caller)?,
        length: if matches!(concat, Concat::Final(_)) { 0 } else { number(headers, "Upload-Length")? },
        concat,
        metadata: Metadata::parse(text(headers, "Upload-Metadata")?.unwrap_or_default())?,
    })
}

/// The recording that is announced, when it is here and the caller may see it. Of any other nothing is let out.
async fn known(
    caller: &Uploader,
    db: &Database,
    store: &Store,
    watched: &Watched,
    new: &NewUpload,
    now: Moment,
) -> ApiResult<Option<media::Model>> {
    let Some(sha256) = new.metadata.sha256().filter(|_| new.concat == Concat::Whole) else { return Ok(None) };
    let found = media::Entity::find_by_id(&sha256).one(&db.read).await?;
    let Some(found) = found.filter(|found| u64::try_from(found.size_bytes) == Ok(new.length)) else { return Ok(None) };
    let seen = may_read(db, watched, caller, &sha256, now).await.is_ok();
    Ok((seen && store.contains(&sha256).await?).then_some(found))
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
        let caller = caller?;
        right_version(request.headers())?;
        owned(&caller, &id, &db).await?;
        upload::make_way(&uploads, &id).await;
        let row = mine(&caller, &id, &db, &uploads, &store).await?;
        let mut response = HttpResponse::Ok();
        response.insert_header((header::CACHE_CONTROL, "no-store"));
        let concat = Concat::of(&row);
        // A final upload has an offset only once it is joined (tus, concatenation).
        if !matches!(concat, Concat::Final(_)) || row.state == UploadState::Complete {
            response.insert_header(("Upload-Offset", row.received.to_string()));
        }
        response.insert_header(("Upload-Length", row.length.to_string()));
        if let Some(header) = concat.header() {
            response.insert_header(("Upload-Concat", header));
        }
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
        (status = 403, description = "a final upload takes no bytes", body = ErrorBody),
        (status = 409, description = "the offset is another one", body = ErrorBody),
        (status = 413, description = "more bytes than announced", body = ErrorBody),
        (status = 415, description = "another Content-Type", body = ErrorBody),
        (status = 423, description = "another request is writing", body = ErrorBody),
        (status = 460, description = "the checksum does not hold; these bytes were dropped", body = ErrorBody),
        (status = 507, description = "no room; what came before is kept, see Upload-Offset of HEAD", body = ErrorBody),
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
    let (caller, headers) = (caller?, request.headers());
    right_version(headers)?;
    if text(headers, "Content-Type")? != Some(BODY) {
        return Err(ApiError::say(Code::UnsupportedMediaType, format!("Content-Type 须为 {BODY}")));
    }
    let offset = number(headers, "Upload-Offset")?;
    let checksum = text(headers, "Upload-Checksum")?.map(Checksum::parse).transpose()?;
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
        let caller = caller?;
        right_version(request.headers())?;
        owned(&caller, &id, &db).await?;
        upload::terminate(&db.write, &uploads, &id).await?;
        Ok(HttpResponse::NoContent().finish())
    }
    .await)
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
