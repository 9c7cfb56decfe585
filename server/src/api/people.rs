//! Lists of people, and the import of a roster.

use crate::api::paging::{PageNumber, PageSize};
use crate::auth::identity::{Admin, Reader};
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::web::{Data, Json, Query};
use entity::{Moment, UnitId};
use roster::import::{self, Plan, Summary};
use roster::org;
use roster::people::{self, PeopleFilter, PersonRow};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// Which people to list.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct PeopleQuery {
    /// Only people of this unit and below it.
    unit: Option<i64>,
    /// Part of a name, its pinyin or initials, or the start of a roster number.
    q: Option<String>,
    /// Which page, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
    /// Rows of a page, 1 to 200; 50 when absent.
    #[serde(default)]
    #[param(inline)]
    size: PageSize<50, 200>,
}

/// A page of people.
#[derive(Serialize, ToSchema)]
pub struct PeopleAnswer {
    /// People in all pages.
    total: u64,
    /// Which page, from 1.
    page: u64,
    /// Rows of a full page.
    size: u64,
    /// By unit, then by pinyin.
    people: Vec<PersonAnswer>,
}

/// A person in a list.
#[derive(Serialize, ToSchema)]
pub struct PersonAnswer {
    /// The key.
    id: i64,
    /// The roster number, with its leading zeros.
    code: String,
    /// The name.
    name: String,
    /// The unit they belong to.
    unit_id: i64,
    /// Its names from the county down.
    unit_name: String,
    /// The highest post they hold, in Chinese.
    post: Option<&'static str>,
    /// The phone number with its middle hidden.
    phone: Option<String>,
}

/// How to import.
#[derive(Deserialize, IntoParams)]
pub struct ImportQuery {
    /// Only say what would change.
    #[serde(default)]
    dry_run: bool,
    /// The file's name.
    #[serde(default)]
    filename: String,
}

/// What an import would change, or has changed.
#[derive(Serialize, ToSchema)]
pub struct ImportAnswer {
    /// Rows that make something new.
    adds: Vec<AddAnswer>,
    /// Rows that change something.
    changes: Vec<ChangeAnswer>,
    /// Rows that say what is already so.
    unchanged: usize,
    /// Rows that cannot be imported; while there is one, nothing is.
    bad: Vec<BadAnswer>,
    /// Whether it was done.
    imported: bool,
    /// Accounts made, with their first passwords: shown this once.
    accounts: Vec<AccountAnswer>,
}

/// A row that makes something new.
#[derive(Serialize, ToSchema)]
pub struct AddAnswer {
    /// 单位 or 学员.
    kind: &'static str,
    /// The line of the file, from 1.
    line: usize,
    /// Its code.
    code: String,
    /// Its name.
    name: String,
}

/// A row that changes something.
#[derive(Serialize, ToSchema)]
pub struct ChangeAnswer {
    /// 单位 or 学员.
    kind: &'static str,
    /// The line of the file, from 1.
    line: usize,
    /// Its code.
    code: String,
    /// Its name as it is now.
    name: String,
    /// What changes.
    fields: Vec<FieldAnswer>,
}

/// One field, before and after.
#[derive(Serialize, ToSchema)]
pub struct FieldAnswer {
    /// The Chinese name of the field.
    field: &'static str,
    /// What it is now.
    old: String,
    /// What it becomes.
    new: String,
}

/// A row that cannot be imported.
#[derive(Serialize, ToSchema)]
pub struct BadAnswer {
    /// The sheet; empty in a CSV file.
    sheet: String,
    /// The line of the file, from 1.
    line: usize,
    /// Why, in Chinese.
    reason: String,
}

/// An account that was made.
#[derive(Serialize, ToSchema)]
pub struct AccountAnswer {
    /// Whose, by roster number.
    code: String,
    /// Their name.
    name: String,
    /// What they sign in with.
    login: String,
    /// The first password, to be changed at the first sign-in.
    password: String,
}

/// People on the roster, within the caller's reach.
#[utoipa::path(get, path = "/api/v1/people", tag = "people", params(PeopleQuery), responses(
    (status = 200, description = "a page of people", body = PeopleAnswer),
    (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found: no such unit in the caller's reach", body = ErrorBody),
))]
pub async fn list(reader: Reader, query: Query<PeopleQuery>, db: Data<Database>) -> ApiResult<Json<PeopleAnswer>> {
    let query = query.into_inner();
    let unit = match query.unit {
        Some(id) => Some(org::unit(&db.read, UnitId(id)).await?.path),
        None => None,
    };
    let scope = reader.reach();
    if unit.as_deref().is_some_and(|path| scope.within(path).is_empty()) {
        return Err(ApiError::new(Code::NotFound));
    }
    let filter = PeopleFilter { q: query.q, unit };
    let (page, size) = (query.page.get(), query.size.get());
    let found = people::page(&db.read, &scope, filter, page, size).await?;
    let people = found.rows.into_iter().map(PersonAnswer::from).collect();
    Ok(Json(PeopleAnswer { total: found.total, page: found.page, size: found.size, people }))
}

/// Import a roster: the XLSX or CSV file is the body. All of it or nothing, and only within the caller's reach.
#[utoipa::path(post, path = "/api/v1/people/import", tag = "people", params(ImportQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 200, description = "what changes, and whether it was done", body = ImportAnswer),
    (status = 413, description = "too_large", body = ErrorBody),
    (status = 409, description = "version_conflict: the roster changed meanwhile", body = ErrorBody),
    (status = 422, description = "unprocessable: not a sheet, or bad rows, which a dry run lists", body = ErrorBody),
))]
pub async fn import(
    admin: Admin,
    query: Query<ImportQuery>,
    body: Coming,
    db: Data<Database>,
) -> ApiResult<Json<ImportAnswer>> {
    let ImportQuery { dry_run, filename } = query.into_inner();
    let bytes = body.whole(import::MAX_BYTES).await?;
    let sheet = crate::sheet::read(bytes, filename).await??;
    let plan = import::plan_within(&db.read, &sheet, &admin.reach()).await?;
    if dry_run {
        return Ok(Json(ImportAnswer::of(plan, None)));
    }
    let summary = import::apply(&db.write, &plan, Some(admin.account_id), Moment::now()).await?;
    Ok(Json(ImportAnswer::of(plan, Some(summary))))
}

impl From<PersonRow> for PersonAnswer {
    fn from(row: PersonRow) -> Self {
        Self {
            id: row.id.0,
            code: entity::person::masked(&row.code),
            name: row.name,
            unit_id: row.unit_id.0,
            unit_name: row.unit_name,
            post: row.post.map(entity::PostKind::label),
            phone: row.phone,
        }
    }
}

impl ImportAnswer {
    fn of(plan: Plan, summary: Option<Summary>) -> Self {
        let add = |add: import::Add| AddAnswer {
            kind: add.kind.label(),
            line: add.line,
            code: entity::person::masked(&add.code),
            name: add.name,
        };
        let bad = |bad: import::BadRow| BadAnswer { sheet: bad.sheet, line: bad.line, reason: bad.reason };
        let imported = summary.is_some();
        let accounts = summary.map(|summary| summary.accounts).unwrap_or_default();
        Self {
            adds: plan.adds.into_iter().map(add).collect(),
            changes: plan.changes.into_iter().map(ChangeAnswer::from).collect(),
            unchanged: plan.unchanged,
            bad: plan.bad.into_iter().map(bad).collect(),
            imported,
            accounts: accounts.into_iter().map(AccountAnswer::from).collect(),
        }
    }
}

impl From<import::Change> for ChangeAnswer {
    fn from(change: import::Change) -> Self {
        let field = |field: import::FieldChange| FieldAnswer { field: field.field, old: field.old, new: field.new };
        let fields = change.fields.into_iter().map(field).collect();
        Self {
            kind: change.kind.label(),
            line: change.line,
            code: entity::person::masked(&change.code),
            name: change.name,
            fields,
        }
    }
}

impl From<import::FirstPassword> for AccountAnswer {
    fn from(first: import::FirstPassword) -> Self {
        Self {
            code: entity::person::masked(&first.code),
            name: first.name,
            login: first.login,
            password: first.password,
        }
    }
}
