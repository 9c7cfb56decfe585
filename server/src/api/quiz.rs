//! The in-class quiz of a lesson: authors read and write its questions, learners try them.
//!
//! No answer and no explanation leaves here before a try was handed in, but to the authors who keep the lesson.

mod body;
pub mod seat;

pub use body::{AnswersBody, GradedAnswer, QuizAnswer, QuizBody, SheetAnswer, StandingAnswer};

use crate::auth::identity::{Author, SignedIn};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::web::{Data, Json, Path};
use entity::{Moment, QuizAttemptId, Scope, lesson};
use seat::Seat;

/// The questions of a lesson with their answers, for its authors.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/quiz", tag = "quiz",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "the quiz", body = QuizAnswer),
    (status = 403, description = "forbidden: not an author", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn show(author: Author, id: Path<String>, db: Data<Database>) -> ApiResult<Json<QuizAnswer>> {
    let lesson = kept(&author.reach(), &id, &db).await?;
    let questions = catalog::quiz::of_lesson(&db.read, lesson.id).await?;
    Ok(Json(QuizAnswer::of(&lesson, &questions)))
}

/// Put a quiz in the place of the one before. A question with its id stays that question; one left out is removed. Not
/// while the lesson is in review; `required` not while it is published. The same again changes nothing.
#[utoipa::path(put, path = "/api/v1/lessons/{id}/quiz", tag = "quiz",
    params(("id" = String, Path, description = "id or slug")), request_body = QuizBody, responses(
    (status = 200, description = "in place", body = QuizAnswer),
    (status = 400, description = "invalid_request: the number of the question and what is wrong", body = ErrorBody),
    (status = 403, description = "forbidden: not an author", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "version_conflict or wrong_state", body = ErrorBody),
))]
pub async fn put(
    author: Author,
    id: Path<String>,
    body: Json<QuizBody>,
    db: Data<Database>,
) -> ApiResult<Json<QuizAnswer>> {
    let lesson = kept(&author.reach(), &id, &db).await?;
    let (version, quiz) = body.into_inner().parse()?;
    let by = Some(author.account_id);
    let lesson = catalog::quiz::put(&db.write, lesson.id, quiz, version, by, Moment::now()).await?;
    let questions = catalog::quiz::of_lesson(&db.write, lesson.id).await?;
    Ok(Json(QuizAnswer::of(&lesson, &questions)))
}

/// How the caller stands with the quiz of a published lesson.
#[utoipa::path(get, path = "/api/v1/lessons/{id}/quiz/attempts", tag = "quiz",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "tries left today, the best result", body = StandingAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: not published, or no learner of one's own", body = ErrorBody),
))]
pub async fn standing(caller: SignedIn, id: Path<String>, db: Data<Database>) -> ApiResult<Json<StandingAnswer>> {
    let now = Moment::now();
    let seat = Seat::take(&caller, &id, &db, now).await?;
    Ok(Json(StandingAnswer::of(&seat.lesson, seat.standing(&db, now).await?)))
}

/// Begin a try: the questions, without their answers. While one of today is open, it is answered again.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/quiz/attempts", tag = "quiz",
    params(("id" = String, Path, description = "id or slug")), responses(
    (status = 200, description = "an open try", body = SheetAnswer),
    (status = 404, description = "not_found: the lesson, or it has no quiz", body = ErrorBody),
    (status = 409, description = "wrong_state: not published, no learner of one's own, or no tries left today", body = ErrorBody),
))]
pub async fn begin(caller: SignedIn, id: Path<String>, db: Data<Database>) -> ApiResult<Json<SheetAnswer>> {
    let now = Moment::now();
    let seat = Seat::take(&caller, &id, &db, now).await?;
    let sheet = seat.begin(&db, now).await?;
    Ok(Json(SheetAnswer::of(sheet, seat.standing(&db, now).await?.left_today)))
}

/// Hand in a try, once: the result, with the right answers and why. The same answers again answer the same. With the
/// first pass, the hours that waited for it stand in the archive.
#[utoipa::path(post, path = "/api/v1/lessons/{id}/quiz/attempts/{attempt}", tag = "quiz",
    params(("id" = String, Path, description = "id or slug"), ("attempt" = i64, Path, description = "the try")),
    request_body = AnswersBody, responses(
    (status = 200, description = "judged", body = GradedAnswer),
    (status = 400, description = "invalid_request: the answers do not fit the questions", body = ErrorBody),
    (status = 404, description = "not_found: also somebody else's", body = ErrorBody),
    (status = 409, description = "wrong_state: handed in with other answers", body = ErrorBody),
    (status = 410, description = "gone: more than a day after it was begun", body = ErrorBody),
))]
pub async fn hand_in(
    caller: SignedIn,
    path: Path<(String, i64)>,
    body: Json<AnswersBody>,
    db: Data<Database>,
) -> ApiResult<Json<GradedAnswer>> {
    let ((id, attempt), now) = (path.into_inner(), Moment::now());
    let seat = Seat::taken_before(&caller, &id, &db).await?;
    let graded = seat.hand_in(&db, QuizAttemptId(attempt), &body.answers, now).await?;
    Ok(Json(GradedAnswer::of(graded, seat.standing(&db, now).await?.left_today)))
}

/// A lesson kept by a unit within reach; any other is not there.
async fn kept(scope: &Scope, id: &str, db: &Database) -> ApiResult<lesson::Model> {
    let found = catalog::lesson::find(&db.read, id).await?;
    reach::unit(db, scope, found.unit_id).await?;
    Ok(found)
}
