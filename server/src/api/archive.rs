//! The training archive: one person's record of a year, and corrections to it.

use crate::api::paging::{PageNumber, Year};
use crate::auth::identity::{Assessor, Identity, READERS, SignedIn};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::assess::Standing;
use archive::record::{self, EntryRow, Record};
use entity::{Moment, PersonId, UnitId, ledger_entry, person};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::{IntoParams, ToSchema};

/// Which year, and which page of its entries.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ArchiveQuery {
    /// The civil year; the current one when absent.
    #[param(inline)]
    year: Option<Year>,
    /// Which page of entries, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
}

/// A person's training record of a civil year.
#[derive(Serialize, ToSchema)]
pub struct ArchiveAnswer {
    /// Who.
    person_id: i64,
    /// Their roster number.
    code: String,
    /// Their name.
    name: String,
    /// The unit they belong to.
    unit: String,
    /// The posts they held in the year.
    posts: Vec<&'static str>,
    /// The civil year.
    year: i32,
    /// Milliseconds that count.
    credited_ms: i64,
    /// The same in credit hours, two decimals, rounded down.
    credit_hours: String,
    /// The same by source.
    sources: Vec<SourceTotal>,
    /// Milliseconds that do not count, by reason code.
    #[schema(value_type = BTreeMap<String, i64>)]
    reasons: BTreeMap<&'static str, i64>,
    /// The rule in force.
    rule: String,
    /// How they stand against each target that binds them.
    standing: Vec<StandingAnswer>,
    /// Milliseconds of sessions that are not in the ledger yet.
    pending_ms: i64,
    /// How many entries the year has.
    total_entries: u64,
    /// Which page of entries this is, from 1.
    page: u64,
    /// How many pages there are.
    pages: u64,
    /// The entries of this page, newest first.
    entries: Vec<EntryAnswer>,
}

/// What one source brought.
#[derive(Serialize, ToSchema)]
pub struct SourceTotal {
    /// `solo`, `group`, `class` or `correction`.
    source: &'static str,
    /// Milliseconds that count.
    credited_ms: i64,
    /// The same in credit hours.
    credit_hours: String,
}

/// How a person stands against one target.
#[derive(Serialize, ToSchema)]
pub struct StandingAnswer {
    /// What people call it.
    name: String,
    /// The text it comes from.
    clause: String,
    /// The unit of the amounts.
    unit: &'static str,
    /// What there is.
    have: String,
    /// What is needed.
    need: String,
    /// What is missing.
    missing: String,
    /// Whether it is met.
    met: bool,
}

/// One entry of the ledger.
#[derive(Serialize, ToSchema)]
pub struct EntryAnswer {
    /// Its number in the ledger.
    seq: i64,
    /// The civil day it counts for.
    day: String,
    /// `solo`, `group`, `class` or `correction`.
    source: &'static str,
    /// The title of lesson or class; of a correction the reason given.
    title: String,
    /// The lesson, if one was watched.
    lesson_id: Option<i64>,
    /// The entry it corrects.
    corrects_seq: Option<i64>,
    /// Milliseconds claimed.
    claimed_ms: i64,
    /// Milliseconds that count.
    credited_ms: i64,
    /// The same in credit hours.
    credit_hours: String,
    /// Why the rest does not count, milliseconds by reason code.
    #[schema(value_type = BTreeMap<String, i64>)]
    reasons: BTreeMap<&'static str, i64>,
}

/// A correction of an entry.
#[derive(Deserialize, ToSchema)]
pub struct CorrectionBody {
    /// Milliseconds to add, or to take away.
    pub credited_delta_ms: i64,
    /// Why; the person will read it.
    pub reason: String,
}

impl ArchiveAnswer {
    fn of(record: Record, entries: record::EntryPage) -> Self {
        let sources = record.sources.iter().map(|(source, total)| SourceTotal {
            source: source.as_str(),
            credited_ms: total.credited_ms,
            credit_hours: total.credit.to_string(),
        });
        Self {
            person_id: record.person_id.0,
            code: record.code,
            name: record.name,
            unit: record.unit_name,
            posts: record.posts.iter().map(|post| post.label()).collect(),
            year: record.year,
            credited_ms: record.total.credited_ms,
            credit_hours: record.total.credit.to_string(),
            sources: sources.collect(),
            reasons: record.reasons.iter().map(|(reason, ms)| (reason.as_str(), *ms)).collect(),
            rule: record.rule_name,
            standing: record.standings.into_iter().map(StandingAnswer::from).collect(),
            pending_ms: record.pending_ms,
            total_entries: entries.total,
            page: entries.page,
            pages: entries.pages,
            entries: entries.rows.into_iter().map(EntryAnswer::from).collect(),
        }
    }
}

impl From<Standing> for StandingAnswer {
    fn from(standing: Standing) -> Self {
        Self {
            name: standing.name,
            clause: standing.clause,
            unit: standing.unit,
            have: standing.have.to_string(),
            need: standing.need.to_string(),
            missing: standing.missing.to_string(),
            met: standing.met,
        }
    }
}

impl From<EntryRow> for EntryAnswer {
    fn from(row: EntryRow) -> Self {
        Self {
            seq: row.seq,
            day: row.day.to_string(),
            source: row.source.as_str(),
            title: row.title,
            lesson_id: row.lesson_id.map(|id| id.0),
            corrects_seq: row.corrects_seq,
            claimed_ms: row.claimed_ms,
            credited_ms: row.credited_ms,
            credit_hours: row.credit.to_string(),
            reasons: row.reasons.iter().map(|(reason, ms)| (reason.as_str(), *ms)).collect(),
        }
    }
}

/// A person's record: one's own, or that of somebody in the caller's scope.
#[utoipa::path(get, path = "/api/v1/people/{id}/archive", tag = "archive", params(("id" = i64, Path, description = "the person"), ArchiveQuery), responses(
    (status = 200, description = "the record", body = ArchiveAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn show(
    caller: SignedIn,
    id: Path<PersonId>,
    query: Query<ArchiveQuery>,
    db: Data<Database>,
) -> ApiResult<Json<ArchiveAnswer>> {
    let now = Moment::now();
    may_read(&caller, *id, &db).await?;
    let year = query.year.map_or(now.year(), Year::get);
    let mut record = record::of_person(&db.read, *id, year, now.day()).await?;
    let entries = match query.page.get() {
        1 => std::mem::take(&mut record.entries),
        page => record::entries(&db.read, *id, year, page).await?,
    };
    Ok(Json(ArchiveAnswer::of(record, entries)))
}

/// One's own record is open; another's only in scope.
///
/// # Errors
/// `not_found` when the person lies outside the caller's scope.
pub async fn may_read(caller: &Identity, id: PersonId, db: &Database) -> ApiResult<()> {
    if caller.person_id != Some(id) {
        reach::person(db, &caller.scope(READERS), id).await?;
    }
    Ok(())
}

/// Correct an entry by a new one.
#[utoipa::path(post, path = "/api/v1/ledger/{seq}/corrections", tag = "archive", params(("seq" = i64, Path, description = "the entry's number")),
    request_body = CorrectionBody, responses(
    (status = 201, description = "the new entry's number", body = CorrectionAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 401, description = "not_signed_in", body = ErrorBody), (status = 403, description = "forbidden", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state", body = ErrorBody)))]
pub async fn correct(
    assessor: Assessor,
    seq: Path<i64>,
    body: Json<CorrectionBody>,
    db: Data<Database>,
) -> ApiResult<HttpResponse> {
    let unit = entry_unit(&db, *seq).await?;
    reach::unit(&db, &assessor.reach(), unit).await?;
    let (delta, now) = (body.credited_delta_ms, Moment::now());
    let added = archive::ledger::correct(&db.write, *seq, delta, &body.reason, assessor.account_id, now).await?;
    Ok(HttpResponse::Created().json(CorrectionAnswer { seq: added.seq }))
}

/// The entry that was added.
#[derive(Serialize, ToSchema)]
pub struct CorrectionAnswer {
    /// Its number in the ledger.
    pub seq: i64,
}

/// The unit the person of an entry belongs to now: the hours follow the person.
///
/// # Errors
/// `not_found` when there is no such entry.
pub async fn entry_unit(db: &Database, seq: i64) -> ApiResult<UnitId> {
    let entry = ledger_entry::Entity::find_by_id(seq).one(&db.read).await?.ok_or(Code::NotFound)?;
    let person = person::Entity::find_by_id(entry.person_id).one(&db.read).await?.ok_or(Code::NotFound)?;
    Ok(person.unit_id)
}
