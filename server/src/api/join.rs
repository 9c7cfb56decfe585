//! Coming into a room or a class with a telephone: the code on the screen, scanned or typed.

use crate::api::session::patience;
use crate::auth::identity::SignedIn;
use crate::auth::limiter::{Doors, Limiter};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json};
use entity::rotating_code::Codes;
use entity::{AccountId, ClassId, Moment, PlaybackId, class_run, playback};
use player::classroom::join::{self, Joiner};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The code on the screen.
#[derive(Deserialize, ToSchema)]
pub struct JoinBody {
    /// The session the picture on the screen names; without it the digits decide, among the rooms of one's own township
    /// and the classes whose roster one stands on.
    room: Option<i64>,
    /// The class the picture on the wall names.
    class: Option<i64>,
    /// Six digits.
    code: String,
}

/// The room or class that was joined.
#[derive(Serialize, ToSchema)]
pub struct JoinedAnswer {
    /// The group session, of a room.
    #[serde(skip_serializing_if = "Option::is_none")]
    session_id: Option<i64>,
    /// The class, of a class in person.
    #[serde(skip_serializing_if = "Option::is_none")]
    class_id: Option<i64>,
    /// The half-day of the class, from 1.
    #[serde(skip_serializing_if = "Option::is_none")]
    half_day: Option<i32>,
}

/// What the code opened.
pub enum Joined {
    /// A room: its session.
    Room(playback::Model),
    /// A class, and which half-day of it.
    Class(class_run::Model, i32),
}

/// What was scanned or typed.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The room the picture names.
    pub room: Option<PlaybackId>,
    /// The class the picture names.
    pub class: Option<ClassId>,
    /// The digits, as typed.
    pub code: &'a str,
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

/// Mark oneself present in a room, or in a half-day of a class, by the code on its screen.
#[utoipa::path(post, path = "/api/v1/join", tag = "room", request_body = JoinBody, responses(
    (status = 200, description = "present", body = JoinedAnswer),
    (status = 403, description = "forbidden: no learner of one's own", body = ErrorBody),
    (status = 404, description = "wrong_code: no open room within reach and no class of one's own shows it", body = ErrorBody),
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
    let asked = Asked { room: body.room.map(PlaybackId), class: body.class.map(ClassId), code: &body.code };
    let (session_id, class_id, half_day) = match admit(&request, &caller, asked, &db, &codes, &patience).await? {
        Joined::Room(room) => (Some(room.id.0), None, None),
        Joined::Class(class, half_day) => (None, Some(class.id.0), Some(half_day)),
    };
    Ok(Json(JoinedAnswer { session_id, class_id, half_day }))
}

/// Mark the caller present, under both limits; the page and the API share it.
///
/// # Errors
/// `forbidden` for an account without a person, `slow_down`, `wrong_code`.
pub async fn admit(
    request: &HttpRequest,
    caller: &SignedIn,
    asked: Asked<'_>,
    db: &Database,
    codes: &Codes,
    limits: &Patience<'_>,
) -> ApiResult<Joined> {
    let now = Moment::now();
    let nobody = || ApiError::say(Code::Forbidden, "此账号没有对应的学员，不能签到");
    let (Some(person_id), Some((_, unit_path))) = (caller.person_id, &caller.home) else { return Err(nobody()) };
    let address = patience(request, limits.limiter, now)?;
    if let Some(seconds) = limits.guesses.tried(caller.account_id, now) {
        return Err(ApiError::new(Code::SlowDown).retry_after(seconds));
    }
    let joiner = Joiner { person_id, account_id: caller.account_id, unit_path };
    let joined = open(joiner, asked, db, codes, now).await;
    if joined.as_ref().is_err_and(|error| error.code() == Code::WrongCode) {
        limits.limiter.failed(address, now);
    } else {
        limits.guesses.forgive(&caller.account_id);
    }
    joined
}

/// The room or the class that this code opens; where the picture names neither, the rooms are tried first.
async fn open(joiner: Joiner<'_>, asked: Asked<'_>, db: &Database, codes: &Codes, now: Moment) -> ApiResult<Joined> {
    let typed: String = asked.code.chars().filter(char::is_ascii_digit).take(7).collect();
    if asked.class.is_none() {
        match join::by_code(&db.write, codes, joiner, (asked.room, &typed), now).await {
            Err(player::Error::WrongCode) if asked.room.is_none() => {}
            room => return Ok(Joined::Room(room?)),
        }
    }
    let who = (joiner.person_id, joiner.account_id);
    let (class, half_day) =
        archive::classes::sign_in::by_code(&db.write, codes, who, (asked.class, &typed), now).await?;
    Ok(Joined::Class(class, half_day))
}
