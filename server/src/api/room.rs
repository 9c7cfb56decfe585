//! What happens in a running room besides playing: who is there, the code on the screen, guests counted by arrows, PINs,
//! drawn names. Everything is asked and told by whoever runs the room.

use crate::api::session::patience;
use crate::auth::identity::{OPERATORS, Operator};
use crate::auth::limiter::Doors;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use crate::gathering;
use crate::public_url;
use crate::qr::{self, Qr};
use actix_web::HttpRequest;
use actix_web::web::{Data, Json, Path};
use entity::rotating_code::{self, Codes, Door};
use entity::{MarkedHow, Moment, PersonId, PlaybackId, PlaybackMode, PresenceCheckId, playback};
use player::classroom::{self, Attendance, Confidence, Mark, checks, guest};
use sea_orm::EntityTrait;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// A room as its screen shows it.
#[derive(Serialize, ToSchema)]
pub struct RoomAnswer {
    /// The people in it now.
    present: Vec<i64>,
    /// Guests in it now, named or only counted.
    guests: usize,
    /// Of these, the unnamed ones.
    unnamed: usize,
    /// Drawn names that wait for an answer.
    checks: Vec<OpenCheck>,
    /// The code on the screen; `null` once the session is over.
    code: Option<CodeAnswer>,
}

/// A drawn name that waits for an answer.
#[derive(Serialize, ToSchema)]
pub struct OpenCheck {
    /// The question.
    id: i64,
    /// Who was drawn.
    person_id: i64,
    /// Their name.
    name: String,
}

/// The code on the screen.
#[derive(Serialize, ToSchema)]
pub struct CodeAnswer {
    /// Six digits.
    pub digits: String,
    /// Milliseconds until the next.
    pub next_in_ms: i64,
    /// The picture that leads to the page where a phone joins.
    pub qr: Option<Qr>,
}

/// How many unnamed guests are in the room.
#[derive(Deserialize, ToSchema)]
pub struct GuestsBody {
    /// 0 to 200. The same number again changes nothing.
    count: usize,
    /// How many milliseconds ago it was pressed.
    #[serde(default)]
    ago_ms: i64,
}

/// Who is in the room besides its roll.
#[derive(Serialize, ToSchema)]
pub struct GuestsAnswer {
    /// Guests in the room now, named or not.
    guests: usize,
}

/// Somebody signs in with their PIN.
#[derive(Deserialize, ToSchema)]
pub struct PinBody {
    /// Who.
    person_id: i64,
    /// Their six digits.
    pin: String,
}

/// How many are in the room.
#[derive(Serialize, ToSchema)]
pub struct SignedAnswer {
    /// How many.
    present: u64,
}

/// What is said of a drawn name.
#[derive(Deserialize, ToSchema)]
pub struct CheckBody {
    /// Whether they are there.
    present: bool,
    /// How many milliseconds ago it was pressed.
    #[serde(default)]
    ago_ms: i64,
}

/// What the drawn names of a session say.
#[derive(Serialize, ToSchema)]
pub struct ConfidenceAnswer {
    /// Names drawn.
    asked: usize,
    /// Of these, said to be present.
    confirmed: usize,
    /// Said to be absent.
    absent: usize,
    /// Not answered.
    open: usize,
    /// The share confirmed, in percent; `null` when no name was drawn.
    percent: Option<usize>,
}

impl From<Confidence> for ConfidenceAnswer {
    fn from(known: Confidence) -> Self {
        let Confidence { asked, confirmed, absent, open } = known;
        Self { asked, confirmed, absent, open, percent: known.percent() }
    }
}

/// Who is in the room, which drawn names wait, and the code its screen shows.
#[utoipa::path(get, path = "/api/v1/playback/{id}/room", tag = "room", params(("id" = i64, Path, description = "the group session")), responses(
    (status = 200, description = "the room", body = RoomAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn show(
    request: HttpRequest,
    operator: Operator,
    id: Path<PlaybackId>,
    db: Data<Database>,
    codes: Data<Codes>,
) -> ApiResult<Json<RoomAnswer>> {
    let (row, now) = (own(&db, &operator, *id).await?, Moment::now());
    let guests = guest::of(&db.read, row.id).await?;
    let here: Vec<_> = guests.iter().filter(|guest| guest.left_at.is_none()).collect();
    let open = row.closed_at.is_none();
    Ok(Json(RoomAnswer {
        present: classroom::present(&db.read, row.id).await?.into_iter().map(|who| who.0).collect(),
        guests: here.len(),
        unnamed: here.iter().filter(|known| guest::is_unnamed(known)).count(),
        checks: if open { waiting(&db, row.id).await? } else { Vec::new() },
        code: open.then(|| shown(&request, &codes, Door::Room(row.id), now)),
    }))
}

/// The session with this id, when it is this caller's room.
pub(super) async fn own(db: &Database, operator: &Operator, id: PlaybackId) -> ApiResult<playback::Model> {
    let row = playback::Entity::find_by_id(id).one(&db.read).await?;
    row.filter(|row| row.account_id == operator.account_id && row.mode == PlaybackMode::Group)
        .ok_or_else(|| Code::NotFound.into())
}

async fn waiting(db: &Database, id: PlaybackId) -> ApiResult<Vec<OpenCheck>> {
    let mut drawn = checks::of(&db.read, id).await?;
    drawn.retain(|check| check.present.is_none());
    let names = gathering::names(db, drawn.iter().map(|check| check.person_id)).await?;
    let open = |check: entity::presence_check::Model| OpenCheck {
        id: check.id.0,
        person_id: check.person_id.0,
        name: names.get(&check.person_id).cloned().unwrap_or_default(),
    };
    Ok(drawn.into_iter().map(open).collect())
}

/// The code at a door now, with the picture that leads a telephone to it.
pub fn shown(request: &HttpRequest, codes: &Codes, door: Door, now: Moment) -> CodeAnswer {
    let digits = codes.shown(door, now);
    let named = match door {
        Door::Room(room) => format!("room={room}"),
        Door::HalfDay(class, _) => format!("class={class}"),
    };
    let address = format!("{}/join?{named}&code={digits}", public_url::of(request));
    CodeAnswer { next_in_ms: rotating_code::next_in_ms(now), qr: qr::of(&address), digits }
}

/// Say how many unnamed guests are in the room.
#[utoipa::path(put, path = "/api/v1/playback/{id}/guests/count", tag = "room", params(("id" = i64, Path, description = "the group session")),
    request_body = GuestsBody, responses(
    (status = 200, description = "noted, or so already", body = GuestsAnswer),
    (status = 400, description = "invalid_request: too many", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: it has ended", body = ErrorBody),
))]
pub async fn count_guests(
    operator: Operator,
    id: Path<PlaybackId>,
    body: Json<GuestsBody>,
    db: Data<Database>,
) -> ApiResult<Json<GuestsAnswer>> {
    let (told, by) = ((body.count, body.ago_ms), operator.account_id);
    let guests = guest::count_unnamed(&db.write, *id, told, by, Moment::now()).await?;
    Ok(Json(GuestsAnswer { guests }))
}

/// Sign somebody in by their own PIN, at the terminal.
#[utoipa::path(post, path = "/api/v1/playback/{id}/pin", tag = "room", params(("id" = i64, Path, description = "the group session")),
    request_body = PinBody, responses(
    (status = 200, description = "present", body = SignedAnswer),
    (status = 401, description = "wrong_pin", body = ErrorBody),
    (status = 404, description = "not_found: the session, or the person", body = ErrorBody),
    (status = 409, description = "wrong_state: it has ended", body = ErrorBody),
    (status = 429, description = "slow_down, with Retry-After", body = ErrorBody),
))]
pub async fn sign_in(
    request: HttpRequest,
    operator: Operator,
    id: Path<PlaybackId>,
    body: Json<PinBody>,
    db: Data<Database>,
    doors: Data<Doors>,
) -> ApiResult<Json<SignedAnswer>> {
    let (who, now) = (PersonId(body.person_id), Moment::now());
    let address = patience(&request, &doors.room, now)?;
    own(&db, &operator, *id).await?;
    if !classroom::strangers(&db.read, &[who], &operator.scope(OPERATORS)).await?.is_empty() {
        return Err(ApiError::new(Code::NotFound));
    }
    if let Err(cause) = roster::pin::check(&db.write, who, &body.pin, now).await {
        doors.room.failed(address, now);
        return Err(cause.into());
    }
    let mark = Mark { who, what: Attendance::Arrive, how: MarkedHow::Pin, ago_ms: 0 };
    let present = classroom::mark(&db.write, *id, mark, operator.account_id, now).await?;
    Ok(Json(SignedAnswer { present }))
}

/// Say whether somebody whose name was drawn is there.
#[utoipa::path(post, path = "/api/v1/playback/{id}/checks/{check}", tag = "room", params(
    ("id" = i64, Path, description = "the group session"), ("check" = i64, Path, description = "the drawn name")),
    request_body = CheckBody, responses(
    (status = 200, description = "noted", body = ConfidenceAnswer),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 409, description = "wrong_state: it has ended", body = ErrorBody),
))]
pub async fn answer_check(
    operator: Operator,
    place: Path<(PlaybackId, PresenceCheckId)>,
    body: Json<CheckBody>,
    db: Data<Database>,
) -> ApiResult<Json<ConfidenceAnswer>> {
    let (told, by) = ((body.present, body.ago_ms), operator.account_id);
    let confidence = checks::answer(&db.write, *place, told, by, Moment::now()).await?;
    Ok(Json(confidence.into()))
}
