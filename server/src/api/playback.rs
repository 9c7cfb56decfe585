//! Playing: begin, beats, the classroom's door, close.

use crate::api::media::sources::{Prepared, prepared_of};
use crate::auth::identity::{Identity, OPERATORS, Operator, SignedIn};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::error::JsonPayloadError;
use actix_web::web::{Bytes, Data, Json, Path};
use catalog::lesson;
use entity::{LessonId, LessonState, Moment, PersonId, PlaybackId, PlaybackMode, UnitId};
use player::beat::Beat;
use player::classroom::{self, Attendance};
use player::recorder::Recorder;
use player::session::{self, Begin};
use player::totals::Progress;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// Seconds between two beats of a player: few enough for a thin link, many enough that little is lost with it.
const BEAT_EVERY_S: u32 = 15;

/// What is to be played, and for whom.
#[derive(Deserialize, ToSchema)]
pub struct BeginBody {
    /// The lesson.
    lesson_id: i64,
    /// `solo` for oneself, `group` for a room.
    #[schema(value_type = String, example = "solo")]
    mode: PlaybackMode,
    /// Who is in the room when a group session begins; more may arrive later.
    #[serde(default)]
    roster: Vec<i64>,
}

/// A session that has begun.
#[derive(Serialize, ToSchema)]
pub struct BegunAnswer {
    /// The session.
    session_id: i64,
    /// Where the bytes are, in the form that browsers play; `null` for an article.
    media_url: Option<String>,
    /// The other forms of the recording.
    #[serde(flatten)]
    prepared: Prepared,
    /// Where to go on, in milliseconds.
    resume_at_ms: i64,
    /// Seconds between two beats.
    beat_every_s: u32,
}

/// Where the playhead is. Unsent beats need not be kept: the newest says it all.
#[derive(Deserialize, ToSchema)]
pub struct BeatBody {
    /// Rises with each beat, from 1; a beat sent twice is counted once.
    seq: i64,
    /// The playhead in milliseconds; for an article the time spent reading.
    position_ms: i64,
    /// Whether it moves.
    playing: bool,
    /// Its speed, 0.25 to 3.
    #[serde(default = "normal_speed")]
    rate: f64,
}

fn normal_speed() -> f64 {
    1.0
}

impl BeatBody {
    fn parse(&self) -> ApiResult<Beat> {
        Ok(Beat::parse(self.seq, self.position_ms, self.playing, self.rate)?)
    }
}

/// What a session amounts to. `credited_ms` and all `reasons` add up to `claimed_ms`.
#[derive(Serialize, ToSchema)]
pub struct TotalsAnswer {
    /// What counts so far, before the day's minimum and limit.
    credited_ms: i64,
    /// What the player has claimed.
    claimed_ms: i64,
    /// Why the rest does not count: reason code to milliseconds.
    reasons: BTreeMap<&'static str, i64>,
    /// Another session of the same person has taken over; nothing more counts here.
    superseded: bool,
    /// The session has ended; nothing more counts here.
    closed: bool,
}

impl From<Progress> for TotalsAnswer {
    fn from(progress: Progress) -> Self {
        let Progress { totals, superseded, closed } = progress;
        let reasons = totals.reasons.iter().map(|(reason, ms)| (reason.as_str(), *ms)).collect();
        Self { credited_ms: totals.credited_ms, claimed_ms: totals.claimed_ms, reasons, superseded, closed }
    }
}

/// Somebody at the classroom's door.
#[derive(Deserialize, ToSchema)]
pub struct AttendanceBody {
    /// Who.
    person_id: i64,
    /// Coming or going.
    action: Action,
}

/// Coming or going.
#[derive(Clone, Copy, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Action {
    /// Comes in.
    Arrive,
    /// Goes out.
    Leave,
}

impl From<Action> for Attendance {
    fn from(action: Action) -> Self {
        match action {
            Action::Arrive => Self::Arrive,
            Action::Leave => Self::Leave,
        }
    }
}

/// Who is in the room now.
#[derive(Serialize, ToSchema)]
pub struct PresentAnswer {
    /// How many.
    present: u64,
}

/// The end of a session.
#[derive(Default, Deserialize, ToSchema)]
pub struct CloseBody {
    /// The last beat, when it was not sent by itself: a page that goes away has time for one request only.
    last: Option<BeatBody>,
}

/// Begin a session: alone, or for a room. Whatever else its people were watching stops counting.
#[utoipa::path(post, path = "/api/v1/playback", tag = "playback", request_body = BeginBody, responses(
    (status = 200, description = "begun", body = BegunAnswer),
    (status = 400, description = "invalid_request: mode, or a roster with solo, or more than 500 people", body = ErrorBody),
    (status = 403, description = "forbidden: no learner of one's own, or may not run a classroom", body = ErrorBody),
    (status = 404, description = "not_found: the lesson, or somebody on the roster", body = ErrorBody),
    (status = 409, description = "wrong_state: the lesson is not published or has no length", body = ErrorBody),
))]
pub async fn begin(caller: SignedIn, body: Json<BeginBody>, db: Data<Database>) -> ApiResult<Json<BegunAnswer>> {
    let now = Moment::now();
    let begin = invite(&caller, &body, &db).await?;
    let lesson = lesson::visible(&db.read, &caller.viewer(), begin.lesson_id, now.day()).await?;
    if lesson.state != LessonState::Published {
        return Err(ApiError::say(Code::WrongState, "课程尚未发布，不能计入学时"));
    }
    let prepared = prepared_of(&db, lesson.media_sha256.as_deref()).await?;
    let begun = session::begin(&db.write, begin, now).await?;
    lesson::count_play(&db.write, lesson.id).await?;
    Ok(Json(BegunAnswer {
        session_id: begun.playback.id.0,
        media_url: prepared.media_url().or(lesson.media_sha256.map(|sha256| format!("/media/{sha256}"))),
        prepared,
        resume_at_ms: begun.resume_at_ms,
        beat_every_s: BEAT_EVERY_S,
    }))
}

/// Report where the playhead is. Answered once it is durable.
#[utoipa::path(post, path = "/api/v1/playback/{id}/beat", tag = "playback", params(("id" = i64, Path, description = "the session")),
    request_body = BeatBody, responses(
    (status = 200, description = "recorded, or recorded before; the totals of the session", body = TotalsAnswer),
    (status = 400, description = "invalid_request: seq, position_ms or rate", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 503, description = "busy, with Retry-After: send the same beat again", body = ErrorBody),
))]
pub async fn beat(
    caller: SignedIn,
    id: Path<i64>,
    body: Json<BeatBody>,
    recorder: Data<Recorder>,
) -> ApiResult<Json<TotalsAnswer>> {
    let beat = body.parse()?;
    let progress = recorder.record(PlaybackId(*id), caller.account_id, beat, Moment::now()).await?;
    Ok(Json(progress.into()))
}

/// Note that somebody came into the classroom or left it.
#[utoipa::path(post, path = "/api/v1/playback/{id}/attendance", tag = "playback", params(("id" = i64, Path, description = "the group session")),
    request_body = AttendanceBody, responses(
    (status = 200, description = "noted, or so already", body = PresentAnswer),
    (status = 403, description = "forbidden: may not run a classroom", body = ErrorBody),
    (status = 404, description = "not_found: the session, or the person", body = ErrorBody),
    (status = 409, description = "wrong_state: not a group session, or it has ended", body = ErrorBody),
))]
pub async fn attendance(
    operator: Operator,
    id: Path<i64>,
    body: Json<AttendanceBody>,
    db: Data<Database>,
) -> ApiResult<Json<PresentAnswer>> {
    let who = PersonId(body.person_id);
    check_reach(&operator, &[who], &db).await?;
    let (room, by) = (PlaybackId(*id), operator.account_id);
    let present = classroom::attend(&db.write, room, who, body.action.into(), by, Moment::now()).await?;
    Ok(Json(PresentAnswer { present }))
}

/// End a session. Its minutes stand in the archive at once; ending it again answers the same.
#[utoipa::path(post, path = "/api/v1/playback/{id}/close", tag = "playback", params(("id" = i64, Path, description = "the session")),
    request_body = Option<CloseBody>, responses(
    (status = 200, description = "the final totals", body = TotalsAnswer),
    (status = 400, description = "invalid_json or invalid_request: the last beat", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
))]
pub async fn close(
    caller: SignedIn,
    id: Path<i64>,
    body: Bytes,
    db: Data<Database>,
    recorder: Data<Recorder>,
) -> ApiResult<Json<TotalsAnswer>> {
    let (id, by, now) = (PlaybackId(*id), caller.account_id, Moment::now());
    if let Some(last) = last_beat(&body)? {
        recorder.record(id, by, last.parse()?, now).await?;
    }
    let progress = session::close(&db.write, id, by, now).await?;
    if let Err(cause) = archive::ledger::post_playback(&db.write, id, now).await {
        tracing::warn!(playback_id = id.0, %cause, "not posted yet; the sweep will try again");
    }
    Ok(Json(progress.into()))
}

/// The body of a close may be left out.
fn last_beat(body: &Bytes) -> ApiResult<Option<BeatBody>> {
    if body.is_empty() {
        return Ok(None);
    }
    let close: CloseBody = serde_json::from_slice(body).map_err(JsonPayloadError::Deserialize)?;
    Ok(close.last)
}

/// Who takes part, once it is clear that the caller may bring them together.
async fn invite(caller: &Identity, body: &BeginBody, db: &Database) -> ApiResult<Begin> {
    let roster: Vec<PersonId> = body.roster.iter().copied().map(PersonId).collect();
    let home = caller.home.as_ref().map(|(unit, _)| *unit);
    let unit_id = match body.mode {
        PlaybackMode::Solo if !roster.is_empty() => {
            return Err(ApiError::say(Code::InvalidRequest, "自学不能带名单；集体学习请用 mode=group"));
        }
        PlaybackMode::Solo => home.ok_or(player::Error::NoLearner)?,
        PlaybackMode::Group => {
            check_reach(caller, &roster, db).await?;
            room_of(caller)?
        }
    };
    let (lesson_id, mode) = (LessonId(body.lesson_id), body.mode);
    Ok(Begin { lesson_id, mode, person_id: caller.person_id, account_id: caller.account_id, unit_id, roster })
}

/// The unit of the operator's room: where they live, or the terminal stands, else the first unit they work for.
fn room_of(operator: &Identity) -> ApiResult<UnitId> {
    let scope = operator.scope(OPERATORS);
    let home = operator.home.iter().find(|(_, path)| scope.contains(path)).map(|(unit, _)| *unit);
    let first = operator.grants.iter().find(|grant| OPERATORS.contains(&grant.role)).map(|grant| grant.unit_id);
    home.or(first).ok_or_else(|| ApiError::new(Code::Forbidden))
}

async fn check_reach(operator: &Identity, people: &[PersonId], db: &Database) -> ApiResult<()> {
    if !operator.has(OPERATORS) {
        return Err(ApiError::new(Code::Forbidden));
    }
    let strangers = classroom::strangers(&db.read, people, &operator.scope(OPERATORS)).await?;
    match strangers.len() {
        0 => Ok(()),
        count => Err(ApiError::say(Code::NotFound, format!("有 {count} 人不在您的管理范围内"))),
    }
}
