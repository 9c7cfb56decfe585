//! Guests of a group session: written down, named, matched with a person, and the match taken back.

use crate::auth::identity::{MATCHERS, Matcher};
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use crate::matching;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use entity::{GuestId, Moment, PersonId, PlaybackId};
use player::classroom::guest::{self, Told};
use roster::people::{PersonRow, alike};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// People offered for one guest.
const OFFERED: u64 = 6;

/// Who a guest is, as told.
#[derive(Deserialize, ToSchema)]
pub struct GuestBody {
    /// Their name, 1 to 40 characters.
    name: String,
    /// Their village or hamlet.
    #[serde(default)]
    place: String,
    /// Their telephone number.
    #[serde(default)]
    phone: String,
}

/// A guest that was written down.
#[derive(Serialize, ToSchema)]
pub struct GuestAnswer {
    /// The guest.
    guest_id: i64,
}

/// Who a guest is found to be.
#[derive(Deserialize, ToSchema)]
pub struct MatchBody {
    /// The person.
    person_id: i64,
}

/// Why a match is taken back.
#[derive(Deserialize, ToSchema)]
pub struct PartBody {
    /// 1 to 200 characters; stands in the ledger for good when hours are taken back with it.
    reason: String,
}

/// Somebody a guest may be.
#[derive(Serialize, ToSchema)]
pub struct Candidate {
    /// The person.
    person_id: i64,
    /// Their name.
    name: String,
    /// Their roster number.
    code: String,
    /// Where they belong.
    unit: String,
    /// Their telephone number, its middle hidden.
    phone: Option<String>,
}

impl From<PersonRow> for Candidate {
    fn from(row: PersonRow) -> Self {
        let PersonRow { id, code, name, unit_name, phone, .. } = row;
        Self { person_id: id.0, name, code, unit: unit_name, phone }
    }
}

/// Write down a guest. One who stands there in the same words is not written twice.
#[utoipa::path(post, path = "/api/v1/sessions/{id}/guests", tag = "sessions", params(("id" = i64, Path, description = "the group session")),
    request_body = GuestBody, responses(
    (status = 201, description = "written down, or there already", body = GuestAnswer),
    (status = 400, description = "invalid_request: name, place or phone", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn add(
    matcher: Matcher,
    id: Path<PlaybackId>,
    body: Json<GuestBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    matching::session(&db, &matcher.reach(), *id).await?;
    let told = Told::parse(&body.name, &body.place, &body.phone)?;
    let guest = guest::add(&db.write, *id, told, matcher.account_id, Moment::now()).await?;
    Ok(HttpResponse::Created().json(GuestAnswer { guest_id: guest.id.0 }))
}

/// Say what a guest is called, where from, which phone.
#[utoipa::path(patch, path = "/api/v1/guests/{id}", tag = "sessions", params(("id" = i64, Path, description = "the guest")),
    request_body = GuestBody, responses(
    (status = 204, description = "noted"),
    (status = 400, description = "invalid_request: name, place or phone", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn name(
    matcher: Matcher,
    id: Path<GuestId>,
    body: Json<GuestBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    matching::guest(&db, &matcher.reach(), *id).await?;
    let told = Told::parse(&body.name, &body.place, &body.phone)?;
    guest::name(&db.write, *id, told, matcher.account_id, Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Who a guest may be: people within reach with that number, that name, or one that sounds alike.
#[utoipa::path(get, path = "/api/v1/guests/{id}/candidates", tag = "sessions", params(("id" = i64, Path, description = "the guest")), responses(
    (status = 200, description = "the likeliest first, at most six", body = Vec<Candidate>),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn candidates(matcher: Matcher, id: Path<GuestId>, db: Data<Database>) -> ApiResult<Json<Vec<Candidate>>> {
    let guest = matching::guest(&db, &matcher.reach(), *id).await?;
    let told = (guest.name.as_str(), guest.phone.as_deref());
    let people = alike(&db.read, &matcher.scope(MATCHERS), told, OFFERED).await?;
    Ok(Json(people.into_iter().map(Candidate::from).collect()))
}

/// Match a guest with a person, who thereby gets the guest's stay.
#[utoipa::path(put, path = "/api/v1/guests/{id}/person", tag = "sessions", params(("id" = i64, Path, description = "the guest")),
    request_body = MatchBody, responses(
    (status = 204, description = "matched, or so already"),
    (status = 404, description = "not_found: the guest, or the person", body = ErrorBody),
    (status = 409, description = "wrong_state: matched with somebody else; take that back first", body = ErrorBody),
))]
pub async fn join(
    matcher: Matcher,
    id: Path<GuestId>,
    body: Json<MatchBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let pair = (*id, PersonId(body.person_id));
    matching::join(&db, &matcher.reach(), pair, matcher.account_id, Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Take a match back. Hours it gave are taken back by a correction; nothing is deleted.
#[utoipa::path(delete, path = "/api/v1/guests/{id}/person", tag = "sessions", params(("id" = i64, Path, description = "the guest")),
    request_body = PartBody, responses(
    (status = 204, description = "taken back, or not matched"),
    (status = 400, description = "invalid_request: the reason", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn part(
    matcher: Matcher,
    id: Path<GuestId>,
    body: Json<PartBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let told = (*id, body.reason.as_str());
    matching::part(&db, &matcher.reach(), told, matcher.account_id, Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}
