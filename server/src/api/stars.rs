//! Marks of the star rating that no data can feed: points with a reason and a file that proves them.

use crate::api::evidence::{EVIDENCE_BYTES, keep};
use crate::api::paging::Year;
use crate::auth::identity::Assessor;
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Path, Query};
use archive::stars::NewMark;
use bytes::Bytes;
use content::intake::Origin;
use content::store::Store;
use entity::{Moment, UnitId, star_mark};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What the mark says; the evidence is the body.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct MarkQuery {
    /// The civil year.
    #[param(inline)]
    year: Year,
    /// Whole points, from 0 to what the item has.
    points: i64,
    /// Why so many; 1 to 500 characters.
    reason: String,
    /// The name of the evidence.
    filename: String,
}

/// The mark that was added.
#[derive(Serialize, ToSchema)]
pub struct MarkAnswer {
    /// Its number.
    id: i64,
    /// The evidence, for those who read the village's reports.
    evidence_url: String,
}

/// Mark an item of the star rating for a village, with its evidence as the body. Earlier marks stay and no longer count.
#[utoipa::path(post, path = "/api/v1/units/{id}/stars/{item}", tag = "archive",
    params(("id" = i64, Path, description = "the village"), ("item" = String, Path, description = "`practice` or `people`"), MarkQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 201, description = "the mark", body = MarkAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 413, description = "too_large", body = ErrorBody)))]
pub async fn mark(
    assessor: Assessor,
    path: Path<(UnitId, String)>,
    query: Query<MarkQuery>,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let (unit_id, item) = path.into_inner();
    reach::unit(&db, &assessor.reach(), unit_id).await?;
    let evidence = body.whole(EVIDENCE_BYTES).await?;
    let (year, points, reason) = (query.year.get(), query.points, query.reason.as_str());
    let new = NewMark { unit_id, year, item: &item, points, reason, evidence_sha256: "" };
    let added = give(&assessor, &db, &store, new, (query.filename.as_str(), evidence)).await?;
    let evidence_url = format!("/media/{}", added.evidence_sha256);
    Ok(HttpResponse::Created().json(MarkAnswer { id: added.id.0, evidence_url }))
}

/// Keep the evidence and give the mark. The caller has seen that the unit lies within reach.
///
/// # Errors
/// Those of the mark; `invalid_request` without evidence.
pub async fn give(
    assessor: &Assessor,
    db: &Database,
    store: &Store,
    new: NewMark<'_>,
    (filename, evidence): (&str, Bytes),
) -> ApiResult<star_mark::Model> {
    if evidence.is_empty() {
        return Err(archive::Error::BadMark("evidence").into());
    }
    let now = Moment::now();
    archive::stars::check(&new, now)?; // before a file is kept that nothing would name
    let origin = Origin { filename, unit_id: new.unit_id, by: Some(assessor.account_id) };
    let media = keep(db, store, &evidence, &origin, now).await?;
    let new = NewMark { evidence_sha256: &media.sha256, ..new };
    Ok(archive::stars::mark(&db.write, new, assessor.account_id, now).await?)
}
