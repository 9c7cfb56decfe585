//! Coming into a room with a telephone: the code on its screen, scanned or typed.

use crate::api::session::patience;
use crate::auth::identity::SignedIn;
use crate::auth::limiter::{Doors, Limiter};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use entity::{AccountId, Moment, PlaybackId, playback};
use player::classroom::code::Codes;
use player::classroom::join::{self, Joiner};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The code on the screen.
#[derive(Deserialize, ToSchema)]
pub struct JoinBody {
    /// The session the picture on the screen names; without it the digits decide, among the rooms of one's own township.
    room: Option<i64>,
    /// Six digits.
    code: String,
}

/// The room that was joined.
#[derive(Serialize, ToSchema)]
pub struct JoinedAnswer {
    /// The group session.
    session_id: i64,
}

/// Wrong codes an account may give in five minutes: beside the limit by address, which a village shares, an account's can
/// be tight. With ten of a million a forged code needs years.
pub const MOST_WRONG: u32 = 10;

/// What holds back guessing: the limits of the address and of the account.
pub struct Patience<'a> {
    /// By address.
    pub limiter: &'a Limiter,
    /// By account.
    pub guesses: &'a Limiter<AccountId>,
}

/// Mark oneself present in a room by the code on its screen.
#[utoipa::path(post, path = "/api/v1/join", tag = "room", request_body = JoinBody, responses(
    (status = 200, description = "present", body = JoinedAnswer),
    (status = 403, description = "forbidden: no learner of one's own", body = ErrorBody),
    (status = 404, description = "wrong_code: no open room within reach shows it", body = ErrorBody),
    (status = 429, description = "slow_down, with Retry-After", body = ErrorBody),
))]
pub async fn join(
    request: HttpRequest,
    caller: SignedIn,
    body: Json<JoinBody>,
    db: Data<Database>,
    codes: Data<Codes>,
    doors: Data<Doors>,
    guesses: Data<Limiter<AccountId>>,
) -> ApiResult<Json<JoinedAnswer>> {
    let patience = Patience { limiter: &doors.room, guesses: &guesses };
    let room = body.room.map(PlaybackId);
    let row = admit(&request, &caller, (room, &body.code), &db, &codes, &patience).await?;
    Ok(Json(JoinedAnswer { session_id: row.id.0 }))
}

/// Mark the caller present, under both limits; the page and the API share it.
///
/// # Errors
/// `forbidden` for an account without a person, `slow_down`, `wrong_code`.
pub async fn admit(
    request: &HttpRequest,
    caller: &SignedIn,
    (room, typed): (Option<PlaybackId>, &str),
    db: &Database,
    codes: &Codes,
    limits: &Patience<'_>,
) -> ApiResult<playback::Model> {
    let now = Moment::now();
    let nobody = || ApiError::say(Code::Forbidden, "此账号没有对应的学员，不能签到");
    let (Some(person_id), Some((_, unit_path))) = (caller.person_id, &caller.home) else { return Err(nobody()) };
    let address = patience(request, limits.limiter, now)?;
    if let Some(seconds) = limits.guesses.tried(caller.account_id, now) {
        return Err(ApiError::new(Code::SlowDown).retry_after(seconds));
    }
    let joiner = Joiner { person_id, account_id: caller.account_id, unit_path };
    let typed: String = typed.chars().filter(char::is_ascii_digit).take(7).collect();
    let joined = join::by_code(&db.write, codes, joiner, (room, &typed), now).await;
    if matches!(joined, Err(player::Error::WrongCode)) {
        limits.limiter.failed(address, now);
    } else {
        limits.guesses.forgive(&caller.account_id);
    }
    Ok(joined?)
}
