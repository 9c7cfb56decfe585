//! The rules of hours of the city and its counties: their versions, a preview of a new one, and setting it.

use crate::api::paging::PageQuery;
use crate::auth::identity::{Assessor, Reader};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::rules::{self, Change, Moved, Preview, Turn, Version};
use entity::{Moment, UnitId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Names of a preview's page.
const PAGE: u64 = 50;

/// A rule as written.
#[derive(Deserialize, ToSchema)]
pub struct RuleBody {
    /// The TOML.
    text: String,
    /// For a preview: which page of names, from 1.
    page: Option<u64>,
}

/// The rules of a unit.
#[derive(Serialize, ToSchema)]
pub struct RulesAnswer {
    /// The unit.
    unit_id: i64,
    /// The text of the rule in force there today, its own or that of a unit above.
    in_force: Option<String>,
    /// How many versions of its own it has.
    total: u64,
    /// Which page of them this is, from 1.
    page: u64,
    /// The versions of this page, the latest first day first.
    versions: Vec<VersionAnswer>,
}

/// One version.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleVersionAnswer)]
pub struct VersionAnswer {
    /// The key; ledger entries name it.
    id: i64,
    /// What people call it.
    name: String,
    /// The first civil day it judges.
    valid_from: String,
    /// Who set it; absent for what a new installation starts with.
    author: Option<String>,
    /// When, in milliseconds.
    created_at: i64,
    /// What it changed against the version before it.
    changes: Vec<ChangeAnswer>,
    /// The TOML.
    text: String,
}

/// One key that differs.
#[derive(Serialize, ToSchema)]
#[schema(as = RuleChangeAnswer)]
pub struct ChangeAnswer {
    /// The key.
    key: String,
    /// What people call it.
    label: String,
    /// The value before.
    old: Option<String>,
    /// The value now.
    new: Option<String>,
}

/// The number of a rule that was set.
#[derive(Serialize, ToSchema)]
pub struct EnactedAnswer {
    /// The key.
    id: i64,
}

/// What a rule would change in this year, as it stands today.
#[derive(Serialize, ToSchema)]
pub struct PreviewAnswer {
    /// The civil year that was judged.
    year: i32,
    /// The first civil day of the rule.
    valid_from: String,
    /// What it says otherwise than the rule in force.
    changes: Vec<ChangeAnswer>,
    /// People on the roster there and below.
    people: u64,
    /// People who meet everything now.
    met_now: u64,
    /// People who would.
    met_then: u64,
    /// People who would meet it and do not now.
    gain: u64,
    /// People who would no longer meet it.
    lose: u64,
    /// People in all pages of `moved`.
    total: u64,
    /// Who they are, those who lose first.
    moved: Vec<MovedAnswer>,
}

/// Somebody whose verdict would change.
#[derive(Serialize, ToSchema)]
pub struct MovedAnswer {
    /// Who.
    person_id: i64,
    /// Their name.
    name: String,
    /// Their roster number.
    code: String,
    /// The name of their unit.
    unit: String,
    /// `gain` or `lose`.
    turn: &'static str,
    /// What would be missing.
    missing: Vec<String>,
}

/// The rules of a unit within the caller's reach.
#[utoipa::path(get, path = "/api/v1/units/{id}/rules", tag = "rules", params(("id" = i64, Path, description = "the unit"), PageQuery), responses(
    (status = 200, description = "the rules, and a page of the versions", body = RulesAnswer), (status = 400, description = "invalid_request", body = ErrorBody), (status = 401, description = "not_signed_in", body = ErrorBody),
    (status = 403, description = "forbidden", body = ErrorBody), (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn list(
    reader: Reader,
    id: Path<UnitId>,
    query: Query<PageQuery>,
    db: Data<Database>,
) -> ApiResult<Json<RulesAnswer>> {
    let unit = reach::unit(&db, &reader.reach(), *id).await?;
    let in_force = rules::row_in_force(&db.read, &unit, Moment::now().day()).await?.map(|row| row.body);
    let (page, size) = query.numbers();
    let (versions, total) = rules::history(&db.read, &unit, (page, size)).await?;
    let versions = versions.into_iter().map(VersionAnswer::from).collect();
    Ok(Json(RulesAnswer { unit_id: unit.id.0, in_force, total, page, versions }))
}

/// Set a new rule for the city or one of its counties, from a day to come.
#[utoipa::path(post, path = "/api/v1/units/{id}/rules", tag = "rules", params(("id" = i64, Path, description = "the unit")), request_body = RuleBody, responses(
    (status = 201, description = "set", body = EnactedAnswer), (status = 400, description = "invalid_request: begins too early", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden: also for a unit that sets no rules", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "taken: another one begins that day", body = ErrorBody),
    (status = 422, description = "unprocessable: broken, or beyond the bounds, with the line", body = ErrorBody)))]
pub async fn enact(
    assessor: Assessor,
    id: Path<UnitId>,
    body: Json<RuleBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    reach::unit(&db, &assessor.reach(), *id).await?;
    let id = rules::enact(&db.write, *id, &body.text, assessor.account_id, Moment::now()).await?;
    Ok(HttpResponse::Created().json(EnactedAnswer { id: id.0 }))
}

/// What a rule would change, before it is set. Nothing is written.
#[utoipa::path(post, path = "/api/v1/units/{id}/rules/preview", tag = "rules", params(("id" = i64, Path, description = "the unit")), request_body = RuleBody, responses(
    (status = 200, description = "what would change", body = PreviewAnswer), (status = 401, description = "not_signed_in", body = ErrorBody),
    (status = 403, description = "forbidden", body = ErrorBody), (status = 404, description = "not_found", body = ErrorBody),
    (status = 422, description = "unprocessable: broken, or beyond the bounds, with the line", body = ErrorBody)))]
pub async fn preview(
    assessor: Assessor,
    id: Path<UnitId>,
    body: Json<RuleBody>,
    db: Data<Database>,
) -> ApiResult<Json<PreviewAnswer>> {
    reach::unit(&db, &assessor.reach(), *id).await?;
    let page = (body.page.unwrap_or(1), PAGE);
    let preview = rules::preview(&db.read, *id, &body.text, Moment::now().day(), page).await?;
    Ok(Json(PreviewAnswer::from(preview)))
}

impl From<Version> for VersionAnswer {
    fn from(version: Version) -> Self {
        Self {
            id: version.row.id.0,
            name: version.row.name,
            valid_from: version.row.valid_from.to_string(),
            author: version.author,
            created_at: version.row.created_at.0,
            changes: version.changes.into_iter().map(ChangeAnswer::from).collect(),
            text: version.row.body,
        }
    }
}

impl From<Change> for ChangeAnswer {
    fn from(change: Change) -> Self {
        Self { key: change.key, label: change.label, old: change.old, new: change.new }
    }
}

impl From<Preview> for PreviewAnswer {
    fn from(preview: Preview) -> Self {
        Self {
            year: preview.year,
            valid_from: preview.rules.valid_from.to_string(),
            changes: preview.changes.into_iter().map(ChangeAnswer::from).collect(),
            people: preview.people,
            met_now: preview.met.0,
            met_then: preview.met.1,
            gain: preview.gain,
            lose: preview.lose,
            total: preview.total,
            moved: preview.moved.into_iter().map(MovedAnswer::from).collect(),
        }
    }
}

impl From<Moved> for MovedAnswer {
    fn from(moved: Moved) -> Self {
        Self {
            person_id: moved.person_id.0,
            name: moved.name,
            code: moved.code,
            unit: moved.unit_name,
            turn: if moved.turn == Turn::Gain { "gain" } else { "lose" },
            missing: moved.missing,
        }
    }
}
