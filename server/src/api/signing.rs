//! Signing in to a class: the code on the wall, and the roll.

use super::classes::ClassAnswer;
use super::room::{CodeAnswer, shown};
use crate::auth::identity::Trainer;
use crate::database::Database;
use crate::error::{ApiResult, Code, ErrorBody};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use archive::classes::list;
use archive::classes::sign_in::{self, Mark};
use entity::rotating_code::{Codes, Door};
use entity::{ClassId, Moment, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which half-day people may sign in to.
#[derive(Deserialize, ToSchema)]
pub struct SigningBody {
    /// From 1; `null` ends it.
    half_day: Option<i32>,
}

/// What the wall shows.
#[derive(Serialize, ToSchema)]
pub struct SigningAnswer {
    /// The half-day that people may sign in to now.
    half_day: i32,
    /// Its code.
    code: CodeAnswer,
}

/// Boxes of the roll that were changed.
#[derive(Deserialize, ToSchema)]
pub struct ClassRollBody {
    /// At most 20,000.
    marks: Vec<MarkBody>,
}

/// One box of the roll.
#[derive(Deserialize, ToSchema)]
pub struct MarkBody {
    /// Who.
    person_id: i64,
    /// Which half-day, from 1.
    half_day: i32,
    /// Whether they were there.
    there: bool,
}

/// Let people sign in to one half-day from now until midnight, or end it. The code of the half-day before opens nothing
/// then.
#[utoipa::path(put, path = "/api/v1/classes/{id}/signing", tag = "classes", params(("id" = i64, Path)), request_body = SigningBody, responses(
    (status = 200, description = "so it stands", body = ClassAnswer), (status = 400, description = "invalid_request: no such half-day", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is not open", body = ErrorBody)))]
pub async fn begin(
    trainer: Trainer,
    id: Path<ClassId>,
    body: Json<SigningBody>,
    db: Data<Database>,
) -> ApiResult<Json<ClassAnswer>> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    Ok(Json(sign_in::begin(&db.write, *id, body.half_day, trainer.account_id, Moment::now()).await?.into()))
}

/// The code on the wall now.
#[utoipa::path(get, path = "/api/v1/classes/{id}/signing", tag = "classes", params(("id" = i64, Path)), responses(
    (status = 200, description = "the code", body = SigningAnswer), (status = 404, description = "not_found: the class, or nobody may sign in now", body = ErrorBody)))]
pub async fn code(
    request: HttpRequest,
    trainer: Trainer,
    id: Path<ClassId>,
    db: Data<Database>,
    codes: Data<Codes>,
) -> ApiResult<Json<SigningAnswer>> {
    let (class, now) = (list::one(&db.read, &trainer.reach(), *id).await?, Moment::now());
    let half_day = sign_in::running(&class, now).ok_or(Code::NotFound)?;
    let code = shown(&request, &codes, Door::HalfDay(class.id, half_day), now);
    Ok(Json(SigningAnswer { half_day, code }))
}

/// Write down what the roll says: the boxes that were changed, all of them or none.
#[utoipa::path(post, path = "/api/v1/classes/{id}/roll", tag = "classes", params(("id" = i64, Path)), request_body = ClassRollBody, responses(
    (status = 200, description = "written", body = ClassAnswer), (status = 400, description = "invalid_request: no such half-day, or not on the roster", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody), (status = 409, description = "wrong_state: it is not open", body = ErrorBody)))]
pub async fn call_roll(
    trainer: Trainer,
    id: Path<ClassId>,
    body: Json<ClassRollBody>,
    db: Data<Database>,
) -> ApiResult<Json<ClassAnswer>> {
    list::one(&db.read, &trainer.reach(), *id).await?;
    let mark =
        |mark: &MarkBody| Mark { person_id: PersonId(mark.person_id), half_day: mark.half_day, there: mark.there };
    let marks: Vec<_> = body.marks.iter().map(mark).collect();
    Ok(Json(sign_in::call_roll(&db.write, *id, &marks, trainer.account_id, Moment::now()).await?.into()))
}
