//! Asking the room a question of the lesson it watched: shown large, hands counted by arrows. The questions come from
//! the API.

use super::play::class;
use crate::auth::identity::Operator;
use crate::database::Database;
use crate::error::ApiResult;
use crate::pages::shell::Shell;
use actix_web::HttpResponse;
use actix_web::web::{Data, Path};
use askama::Template;
use entity::{PlaybackId, lesson};
use sea_orm::EntityTrait;

#[derive(Template)]
#[template(path = "classroom/quiz.html")]
struct QuizPage {
    shell: Shell,
    playback_id: PlaybackId,
    title: String,
    back: String,
}

/// The page that asks the room.
///
/// # Errors
/// `not_found` for a session that is not this caller's room.
pub async fn quiz(caller: Operator, id: Path<PlaybackId>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let row = class(&db, &caller, *id).await?;
    let lesson = lesson::Entity::find_by_id(row.lesson_id).one(&db.read).await?;
    crate::pages::draw_for_back(&QuizPage {
        shell: Shell::room("随堂提问"),
        playback_id: row.id,
        title: lesson.map(|lesson| lesson.title).unwrap_or_default(),
        back: format!("/classroom/done/{id}"),
    })
}
