//! Classes in person (集中培训) for programs: announced, with a roster, handed in or called off. Signing in is `signing`,
//! files are `class_files`, the decision and other study are `studies`.

mod answers;

use crate::api::paging::{PageNumber, PageSize};
use crate::auth::identity::{Reader, Trainer};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use answers::EnrolledAnswer;
pub use answers::{
    BadLineAnswer, ClassAnswer, ClassAttendanceAnswer, ClassDetailAnswer, ClassPageAnswer, EvidenceAnswer, RosterAnswer,
};
use archive::classes::list::{self, Filter};
use archive::classes::{self, Draft, evidence, roster};
use entity::{ClassId, ClassState, Day, Moment, PersonId, Scope, UnitId};
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

/// People of a page of a roster.
const PEOPLE: u64 = 200;

/// Which of them.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct ClassesQuery {
    /// `open`, `handed_in`, `approved` or `refused`; all when absent.
    state: Option<String>,
    /// This unit and all below; everything in the caller's reach when absent.
    unit: Option<i64>,
    /// Which page, from 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
    /// Rows of a page, 1 to 200; 20 when absent.
    #[serde(default)]
    #[param(inline)]
    size: PageSize<20, 200>,
}

/// A class to be announced, or what is said of it now.
#[derive(Deserialize, ToSchema)]
pub struct ClassBody {
    /// The organising unit: the city, a county or a township. An announced class keeps its own.
    unit_id: i64,
    /// What it is called, 1 to 200 characters.
    title: String,
    /// What it is about, at most 500 characters.
    #[serde(default)]
    topics: String,
    /// Who teaches, at most 200 characters.
    #[serde(default)]
    teacher: String,
    /// Where, at most 200 characters.
    #[serde(default)]
    place: String,
    /// First civil day, as `2026-12-01`.
    starts_on: String,
    /// Last civil day.
    ends_on: String,
    /// Its length in half-days, at most two a day.
    half_days: i32,
}

/// Who is to come.
#[derive(Deserialize, ToSchema)]
pub struct RosterBody {
    /// Roster numbers, or names where only one has it, of people below the organising unit.
    people: Vec<String>,
    /// Only say what it would do.
    #[serde(default)]
    dry_run: bool,
}

/// Which page of a roster.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct RosterQuery {
    /// From 1.
    #[serde(default)]
    #[param(inline)]
    page: PageNumber,
}

impl ClassBody {
    fn parse(self) -> ApiResult<Draft> {
        let day = |text: &str, field| {
            let bad = || ApiError::say(Code::InvalidRequest, format!("{field}：须是 2026-12-01 这样的日期"));
            text.parse::<Day>().map_err(|_| bad())
        };
        Ok(Draft {
            starts_on: day(&self.starts_on, "starts_on")?,
            ends_on: day(&self.ends_on, "ends_on")?,
            unit_id: UnitId(self.unit_id),
            title: self.title,
            topics: self.topics,
            teacher: self.teacher,
            place: self.place,
            half_days: self.half_days,
        })
    }
}

impl ClassesQuery {
    /// What is asked for, within this reach: the filter, the page and its size.
    ///
    /// # Errors
    /// `invalid_request` for an unknown state, `not_found` for a unit beyond the reach.
    pub async fn filter(&self, reach: Scope, db: &Database) -> ApiResult<(Filter, u64, u64)> {
        let state = match self.state.as_deref() {
            None | Some("") => None,
            Some(word) => Some(state_of(word)?),
        };
        let below = match self.unit {
            Some(unit) => Some(reach::unit(db, &reach, UnitId(unit)).await?.path),
            None => None,
        };
        Ok((Filter { reach, below, state }, self.page.get(), self.size.get()))
    }
}

fn state_of(word: &str) -> ApiResult<ClassState> {
    let known = ClassState::ALL.iter().copied().find(|state| state.as_str() == word);
    known.ok_or_else(|| ApiError::say(Code::InvalidRequest, "state：须是 open、handed_in、approved 或 refused"))
}

/// Classes that units of the caller's reach organise, the latest first.
#[utoipa::path(get, path = "/api/v1/classes", tag = "classes", params(ClassesQuery), responses(
    (status = 200, description = "a page of them", body = ClassPageAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found: the unit", body = ErrorBody)))]
pub async fn list(reader: Reader, query: Query<ClassesQuery>, db: Data<Database>) -> ApiResult<Json<ClassPageAnswer>> {
    let (filter, page, size) = query.filter(reader.reach(), &db).await?;
    Ok(Json(list::classes(&db.read, &filter, page, size).await?.into()))
}

/// Announce a class. Its roster is empty.
#[utoipa::path(post, path = "/api/v1/classes", tag = "classes", request_body = ClassBody, responses(
    (status = 201, description = "announced", body = ClassAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found: no such unit within reach", body = ErrorBody)))]
pub async fn create(trainer: Trainer, body: Json<ClassBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let draft = body.into_inner().parse()?;
    reach::unit(&db, &trainer.reach(), draft.unit_id).await?;
    let made = classes::create(&db.write, draft, trainer.account_id, Moment::now()).await?;
    Ok(HttpResponse::Created().json(ClassAnswer::from(made)))
}

/// A class or another study, with a page of its roster.
#[utoipa::path(get, path = "/api/v1/classes/{id}", tag = "classes", params(("id" = i64, Path), RosterQuery), responses(
    (status = 200, description = "the class", body = ClassDetailAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody)))]
pub async fn show(
    reader: Reader,
    id: Path<ClassId>,
    query: Query<RosterQuery>,
    db: Data<Database>,
) -> ApiResult<Json<ClassDetailAnswer>> {
    let class = list::one(&db.read, &reader.reach(), *id).await?;
    let page = roster::page(&db.read, class.id, query.page.get(), PEOPLE).await?;
    let enrolled = |row: roster::Enrolled| EnrolledAnswer {
        person_id: row.person.person_id.0,
        name: row.person.name,
        unit: row.person.unit,
        half_days: row.there.into_iter().collect(),
        status: row.status.as_str(),
    };
    let files = evidence::of(&db.read, &[class.id]).await?.remove(&class.id).unwrap_or_default();
    Ok(Json(ClassDetailAnswer {
        class: class.into(),
        total: page.total,
        page: page.page,
        roster: page.rows.into_iter().map(enrolled).collect(),
        evidence: files.into_iter().map(EvidenceAnswer::from).collect(),
    }))
}

/// Change what is said of an open class.
#[utoipa::path(put, path = "/api/v1/classes/{id}", tag = "classes", params(("id" = i64, Path)), request_body = ClassBody, responses(
    (status = 200, description = "changed", body = ClassAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is not open", body = ErrorBody)))]
pub async fn edit(
    trainer: Trainer,
    id: Path<ClassId>,
    body: Json<ClassBody>,
    db: Data<Database>,
) -> ApiResult<Json<ClassAnswer>> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    let draft = body.into_inner().parse()?;
    Ok(Json(classes::edit(&db.write, *id, draft, trainer.account_id, Moment::now()).await?.into()))
}

/// Put people on the roster of an open class, all of them or nobody; or only say what it would do.
#[utoipa::path(post, path = "/api/v1/classes/{id}/roster", tag = "classes", params(("id" = i64, Path)), request_body = RosterBody, responses(
    (status = 200, description = "what was, or would be, added", body = RosterAnswer),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is not open", body = ErrorBody),
    (status = 422, description = "unprocessable: some cannot be taken, and nobody was added", body = ErrorBody)))]
pub async fn enroll(
    trainer: Trainer,
    id: Path<ClassId>,
    body: Json<RosterBody>,
    db: Data<Database>,
) -> ApiResult<Json<RosterAnswer>> {
    let class = list::one(&db.read, &trainer.reach(), *id).await?;
    let rows: Vec<_> =
        (1..).zip(body.people.iter().take(roster::MOST_PEOPLE + 1)).map(|(n, who)| (n, vec![who.clone()])).collect();
    let plan = roster::plan(&db.read, &class, &rows).await?;
    if !body.dry_run {
        if !plan.bad.is_empty() {
            return Err(refused_lines(&plan.bad, "没有加入任何人"));
        }
        let people: Vec<_> = plan.rows.iter().map(|one| one.person_id).collect();
        roster::enroll(&db.write, class.id, &people, trainer.account_id, Moment::now()).await?;
    }
    Ok(Json(RosterAnswer { added: plan.rows.len(), unchanged: plan.unchanged, bad: BadLineAnswer::all(plan.bad) }))
}

/// What stands in the way, by the first line of it, and what was not done therefore.
pub(super) fn refused_lines(bad: &[(usize, String)], not_done: &str) -> ApiError {
    let first = bad.first().map(|(line, reason)| format!("，如第 {line} 行：{reason}")).unwrap_or_default();
    ApiError::say(Code::Unprocessable, format!("有 {} 行有误，{not_done}{first}", bad.len()))
}

/// Take somebody off the roster of an open class, with their sign-ins. Who is not on it stays off it.
#[utoipa::path(delete, path = "/api/v1/classes/{id}/roster/{person}", tag = "classes", params(("id" = i64, Path), ("person" = i64, Path)), responses(
    (status = 204, description = "off the roster"), (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: it is not open", body = ErrorBody)))]
pub async fn remove(trainer: Trainer, path: Path<(ClassId, PersonId)>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (id, who) = path.into_inner();
    list::one(&db.read, &trainer.reach(), id).await?;
    roster::remove(&db.write, id, who, trainer.account_id, Moment::now()).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Call an open class off: it stays in the list and gives nothing.
#[utoipa::path(post, path = "/api/v1/classes/{id}/call-off", tag = "classes", params(("id" = i64, Path)), responses(
    (status = 200, description = "called off", body = ClassAnswer), (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: it is not open", body = ErrorBody)))]
pub async fn call_off(trainer: Trainer, id: Path<ClassId>, db: Data<Database>) -> ApiResult<Json<ClassAnswer>> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    Ok(Json(classes::call_off(&db.write, *id, trainer.account_id, Moment::now()).await?.into()))
}

/// Hand in a class that is over; it waits for somebody else's decision.
#[utoipa::path(post, path = "/api/v1/classes/{id}/hand-in", tag = "classes", params(("id" = i64, Path)), responses(
    (status = 200, description = "handed in", body = ClassAnswer), (status = 400, description = "invalid_request: not over yet, or nobody on its roster", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is not open", body = ErrorBody)))]
pub async fn hand_in(trainer: Trainer, id: Path<ClassId>, db: Data<Database>) -> ApiResult<Json<ClassAnswer>> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    Ok(Json(classes::hand_in(&db.write, *id, trainer.account_id, Moment::now()).await?.into()))
}
