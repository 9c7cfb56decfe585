//! Asking the room a question of the lesson: raised hands are counted, then the answer is told.

use crate::api::room::own;
use crate::auth::identity::Operator;
use crate::database::Database;
use crate::error::{ApiResult, ErrorBody};
use actix_web::web::{Data, Json, Path};
use entity::{Moment, PlaybackId, QuestionId};
use player::classroom::hands::{self, Asked};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Raised hands.
#[derive(Deserialize, ToSchema)]
pub struct HandsBody {
    /// How many for each choice, in order.
    hands: Vec<i32>,
}

/// A question for the room.
#[derive(Serialize, ToSchema)]
pub struct QuestionAnswer {
    /// The question.
    id: i64,
    /// `single`, `multiple` or `true_false`.
    kind: &'static str,
    /// Its words.
    text: String,
    /// What may be chosen.
    choices: Vec<String>,
    /// Hands for each choice; empty before they are counted.
    hands: Vec<i32>,
    /// Places of the right choices, from 0; `null` before hands are counted.
    right: Option<Vec<usize>>,
    /// Why; `null` before hands are counted.
    explanation: Option<String>,
}

impl From<Asked> for QuestionAnswer {
    fn from(asked: Asked) -> Self {
        let (right, explanation) = asked.solution.map(|known| (known.right, known.explanation)).unzip();
        Self {
            id: asked.id.0,
            kind: asked.kind.as_str(),
            text: asked.text,
            choices: asked.choices,
            hands: asked.hands,
            right,
            explanation,
        }
    }
}

/// The questions of the lesson, for asking the room.
#[utoipa::path(get, path = "/api/v1/playback/{id}/questions", tag = "room", params(("id" = i64, Path, description = "the group session")), responses(
    (status = 200, description = "in order; without answers before hands are counted", body = Vec<QuestionAnswer>),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn questions(
    operator: Operator,
    id: Path<PlaybackId>,
    db: Data<Database>,
) -> ApiResult<Json<Vec<QuestionAnswer>>> {
    let row = own(&db, &operator, *id).await?;
    let asked = hands::questions(&db.read, row.id, row.lesson_id).await?;
    Ok(Json(asked.into_iter().map(QuestionAnswer::from).collect()))
}

/// Note the hands raised for each choice; the answer comes back with the right ones.
#[utoipa::path(put, path = "/api/v1/playback/{id}/questions/{question}/hands", tag = "room", params(
    ("id" = i64, Path, description = "the group session"), ("question" = i64, Path, description = "the question")),
    request_body = HandsBody, responses(
    (status = 200, description = "noted", body = QuestionAnswer),
    (status = 400, description = "invalid_request: hands do not fit the choices", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: another question was asked since, or the session ended a day ago", body = ErrorBody),
))]
pub async fn count_hands(
    operator: Operator,
    place: Path<(PlaybackId, QuestionId)>,
    body: Json<HandsBody>,
    db: Data<Database>,
) -> ApiResult<Json<QuestionAnswer>> {
    let asked = hands::count(&db.write, *place, &body.hands, operator.account_id, Moment::now()).await?;
    Ok(Json(asked.into()))
}
