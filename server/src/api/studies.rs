//! Other study (挂职锻炼, 学历教育, 送学上门, 实地教学), declared with its evidence as the body; and the decision about it
//! or a class.

use super::classes::{ClassAnswer, ClassPageAnswer, ClassesQuery};
use super::evidence::{EVIDENCE_BYTES, keep, photograph_or_pdf};
use super::paging::PageQuery;
use crate::auth::identity::{Assessor, Identity, Matcher, Reader, SignedIn};
use crate::auth::known::Known;
use crate::auth::reach;
use crate::body::Coming;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path, Query};
use archive::classes::decide::{self, Decision};
use archive::classes::list;
use archive::classes::study::{self, NewStudy};
use content::intake::Origin;
use content::store::Store;
use entity::{ClassId, Day, Moment, PersonId, Source, class_run};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What a study is; the evidence, a photograph or a PDF, is the body.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub struct StudyQuery {
    /// `secondment`, `degree` or `field_study`; somebody else may also enter `home_study`.
    source: String,
    /// What it was, 1 to 200 characters.
    title: String,
    /// Where, at most 200 characters.
    #[serde(default)]
    place: String,
    /// First civil day, as `2026-03-01`.
    starts_on: String,
    /// Last civil day, not in the future.
    ends_on: String,
    /// Its length in half-days, at most two a day.
    half_days: i32,
    /// What was learnt, 1 to 500 characters.
    words: String,
    /// The name of the evidence.
    filename: String,
}

/// A page of the studies of a person.
#[derive(Serialize, ToSchema)]
pub struct StudiesAnswer {
    /// How many there are.
    total: u64,
    /// Which page this is, from 1.
    page: u64,
    /// Those of this page, the newest first.
    studies: Vec<ClassAnswer>,
}

/// A decision.
#[derive(Deserialize, ToSchema)]
pub struct ClassDecisionBody {
    /// Whether it counts. A class that does not goes back to its organiser; a study is refused.
    approve: bool,
    /// Of a study: how many half-days count; all when absent.
    half_days: Option<i32>,
    /// Why, 1 to 500 characters; may be left out when everything is approved.
    #[serde(default)]
    reason: String,
}

impl StudyQuery {
    fn parse(&self, person_id: PersonId) -> ApiResult<NewStudy<'_>> {
        let day = |text: &str| text.parse::<Day>().map_err(|_| archive::Error::BadClass("study_days"));
        Ok(NewStudy {
            person_id,
            source: Source::parse(&self.source).ok_or(archive::Error::BadClass("source"))?,
            title: &self.title,
            place: &self.place,
            starts_on: day(&self.starts_on)?,
            ends_on: day(&self.ends_on)?,
            half_days: self.half_days,
            words: &self.words,
            evidence_sha256: "",
        })
    }
}

/// Declare a study of one's own; it waits for the county and gives nothing before.
#[utoipa::path(post, path = "/api/v1/me/studies", tag = "classes", params(StudyQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 201, description = "it waits", body = ClassAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 409, description = "wrong_state: the year is sealed", body = ErrorBody), (status = 413, description = "too_large", body = ErrorBody)))]
pub async fn declare(
    caller: SignedIn,
    query: Query<StudyQuery>,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let new = query.parse(learner(&caller)?)?;
    let declared = enter(&caller, &db, &store, new, (&query.filename, &body.whole(EVIDENCE_BYTES).await?)).await?;
    Ok(HttpResponse::Created().json(ClassAnswer::from(declared)))
}

/// The caller's own studies.
#[utoipa::path(get, path = "/api/v1/me/studies", tag = "classes", params(PageQuery), responses(
    (status = 200, description = "a page of the studies", body = StudiesAnswer), (status = 400, description = "invalid_request", body = ErrorBody)))]
pub async fn mine(caller: SignedIn, query: Query<PageQuery>, db: Data<Database>) -> ApiResult<Json<StudiesAnswer>> {
    let (page, size) = query.numbers();
    let (own, total) = match caller.person_id {
        Some(person) => study::of_person(&db.read, person, (page, size)).await?,
        None => (Vec::new(), 0),
    };
    Ok(Json(StudiesAnswer { total, page, studies: own.into_iter().map(ClassAnswer::from).collect() }))
}

/// Enter a study of somebody of one's reach, such as study brought home.
#[utoipa::path(post, path = "/api/v1/people/{id}/studies", tag = "classes", params(("id" = i64, Path), StudyQuery),
    request_body(content = Vec<u8>, content_type = "application/octet-stream"), responses(
    (status = 201, description = "it waits", body = ClassAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: the year is sealed; person_merged", body = ErrorBody),
    (status = 413, description = "too_large", body = ErrorBody)))]
pub async fn declare_for(
    matcher: Matcher,
    id: Path<PersonId>,
    query: Query<StudyQuery>,
    body: Coming,
    db: Data<Database>,
    store: Data<Store>,
) -> ApiResult<HttpResponse> {
    let person = reach::person(&db, &matcher.reach(), *id).await?;
    let new = query.parse(person.id)?;
    let declared = enter(&matcher, &db, &store, new, (&query.filename, &body.whole(EVIDENCE_BYTES).await?)).await?;
    Ok(HttpResponse::Created().json(ClassAnswer::from(declared)))
}

/// Other studies of the caller's reach: those that wait first.
#[utoipa::path(get, path = "/api/v1/studies", tag = "classes", params(ClassesQuery), responses(
    (status = 200, description = "a page of them", body = ClassPageAnswer), (status = 400, description = "invalid_request", body = ErrorBody),
    (status = 404, description = "not_found: the unit", body = ErrorBody)))]
pub async fn list(reader: Reader, query: Query<ClassesQuery>, db: Data<Database>) -> ApiResult<Json<ClassPageAnswer>> {
    let (filter, page, size) = query.filter(reader.reach(), &db).await?;
    Ok(Json(list::studies(&db.read, &filter, page, size).await?.into()))
}

/// Approve a class or a study that was handed in, return the class or refuse the study.
#[utoipa::path(post, path = "/api/v1/classes/{id}/decision", tag = "classes", params(("id" = i64, Path)), request_body = ClassDecisionBody, responses(
    (status = 200, description = "how it stands now", body = ClassAnswer), (status = 400, description = "invalid_request: the reason, or more half-days than declared", body = ErrorBody),
    (status = 403, description = "forbidden: also one's own", body = ErrorBody), (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: it does not wait, or the year is sealed", body = ErrorBody)))]
pub async fn decide(
    assessor: Assessor,
    id: Path<ClassId>,
    body: Json<ClassDecisionBody>,
    db: Data<Database>,
    known: Data<Known>,
) -> ApiResult<Json<ClassAnswer>> {
    let said = (body.approve, body.half_days, body.reason.as_str());
    Ok(Json(settle(&assessor, *id, said, (&db, &known)).await?.into()))
}

/// Decide it, for a page or a program: whether it counts, how many half-days, and why.
///
/// # Errors
/// `not_found` beyond the caller's reach, and those of the archive.
pub async fn settle(
    assessor: &Assessor,
    id: ClassId,
    (approve, half_days, reason): (bool, Option<i32>, &str),
    (db, known): (&Database, &Known),
) -> ApiResult<class_run::Model> {
    list::one(&db.read, &assessor.reach(), id).await?;
    let decision = Decision { approve, half_days, reason, by: assessor.account_id };
    match decide::decide(&db.write, id, &decision, Moment::now()).await {
        Err(archive::Error::YearSealed(year)) => {
            let why = format!("{year} 年已封存，不能再计入；请退回或不予通过，确需补记的按修订办理");
            Err(ApiError::say(Code::WrongState, why))
        }
        other => {
            known.forget(assessor.account_id); // so that the numbers beside the desk's tabs are the new ones
            Ok(other?)
        }
    }
}

/// Keep the evidence and declare the study, for a page or a program.
///
/// # Errors
/// Those of the study; `invalid_request` for a file that proves nothing.
pub async fn enter(
    caller: &Identity,
    db: &Database,
    store: &Store,
    new: NewStudy<'_>,
    (filename, file): (&str, &[u8]),
) -> ApiResult<class_run::Model> {
    let now = Moment::now();
    study::check(&new, now.day())?; // before a file is kept that nothing would name
    photograph_or_pdf(file)?;
    let person = roster::people::person(&db.read, new.person_id).await?;
    let origin = Origin { filename, unit_id: person.unit_id, by: Some(caller.account_id) };
    let media = keep(db, store, file, &origin, now).await?;
    let new = NewStudy { evidence_sha256: &media.sha256, ..new };
    match study::declare(&db.write, new, caller.account_id, now).await {
        Err(archive::Error::YearSealed(year)) => {
            Err(ApiError::say(Code::WrongState, format!("{year} 年已封存，不能再申报这一年的学习")))
        }
        other => Ok(other?),
    }
}

/// Whose studies the caller's are.
///
/// # Errors
/// `not_found` for an account without a person.
pub fn learner(caller: &Identity) -> ApiResult<PersonId> {
    caller.person_id.ok_or_else(|| ApiError::say(Code::NotFound, "此账号不对应花名册上的人，不能申报学习"))
}
