//! Playing: begin, beats, the classroom's door, close.

mod quick;
pub mod shape;

use crate::api::media::fetched::{self, Fetched};
use crate::api::media::sources::prepared_of;
use crate::auth::identity::{Identity, OPERATORS, Operator, SignedInOrRoom};
use crate::body::{Coming, SHORT_BYTES};
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use actix_web::error::JsonPayloadError;
use actix_web::web::{Bytes, Data, Json, Path};
use catalog::lesson;
use entity::{AccountId, LessonId, LessonState, MarkedHow, Moment, PersonId, PlaybackId, PlaybackMode, UnitId};
use player::beat::MOST_RATE_PERMILLE;
use player::classroom::{self, Mark};
use player::recorder::Recorder;
use player::session::{self, Begin, Terms};
use player::totals::Progress;
pub use quick::Beats;
use sea_orm::ConnectionTrait;
use shape::{AttendanceBody, BeatBody, BeatsBody, BeginBody, BegunAnswer, CloseBody, PresentAnswer, TotalsAnswer};

/// Seconds between two beats of a player: few enough for a thin link, many enough that little is lost with it.
const BEAT_EVERY_S: u32 = 15;

/// Begin a session: alone, or for a room. Whatever else its people were watching stops counting.
#[utoipa::path(post, path = "/api/v1/playback", tag = "playback", request_body = BeginBody, responses(
    (status = 200, description = "begun", body = BegunAnswer),
    (status = 400, description = "invalid_request: mode, or a roster with solo, or more than 500 people", body = ErrorBody),
    (status = 403, description = "forbidden: no learner of one's own, or may not run a classroom", body = ErrorBody),
    (status = 404, description = "not_found: the lesson, or somebody on the roster", body = ErrorBody),
    (status = 409, description = "wrong_state: the lesson is not published or has no length", body = ErrorBody),
))]
pub async fn begin(
    caller: SignedInOrRoom,
    body: Json<BeginBody>,
    db: Data<Database>,
    fetched: Data<Fetched>,
) -> ApiResult<Json<BegunAnswer>> {
    let now = Moment::now();
    let begin = invite(&caller, &body, &db, now).await?;
    let lesson = lesson::visible(&db.read, &caller.viewer(), begin.lesson_id, now.day()).await?;
    if lesson.state != LessonState::Published {
        return Err(ApiError::say(Code::WrongState, "课程尚未发布，不能计入学时"));
    }
    let prepared = prepared_of(&db, lesson.media_sha256.as_deref()).await?;
    let txn = db.begin().await?;
    let begun = session::begin_within(&txn, begin, now).await?;
    if let Some(recording) = lesson.media_sha256.as_deref() {
        let lately = fetched.lately(caller.account_id, prepared.blobs().chain([recording]));
        fetched::at_the_start(&txn, &begun.playback, lately, body.cached).await?;
    }
    lesson::count_play(&txn, lesson.id).await?;
    txn.commit().await?;
    Ok(Json(BegunAnswer {
        session_id: begun.playback.id.0,
        media_url: prepared.media_url().or(lesson.media_sha256.map(|sha256| format!("/media/{sha256}"))),
        prepared,
        resume_at_ms: begun.resume_at_ms,
        beat_every_s: BEAT_EVERY_S,
        idle_after_s: begun.playback.idle_after_ms.map(|ms| ms / 1000),
        most_rate: f64::from(begun.playback.most_rate_permille) / 1000.0,
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
    caller: SignedInOrRoom,
    id: Path<i64>,
    body: Json<BeatBody>,
    recorder: Data<Recorder>,
) -> ApiResult<Json<TotalsAnswer>> {
    recorded(&recorder, PlaybackId(*id), caller.account_id, &body).await.map(Json)
}

async fn recorded(recorder: &Recorder, id: PlaybackId, by: AccountId, body: &BeatBody) -> ApiResult<TotalsAnswer> {
    Ok(recorder.record(id, by, body.parse()?, Moment::now()).await?.into())
}

/// Deliver beats that waited for a line. All of them are durable once this is answered, or none.
#[utoipa::path(post, path = "/api/v1/playback/{id}/beats", tag = "playback", params(("id" = i64, Path, description = "the session")),
    request_body = BeatsBody, responses(
    (status = 200, description = "recorded, or recorded before; the totals of the session", body = TotalsAnswer),
    (status = 400, description = "invalid_request: seq, position_ms or rate of one of them, or more than 500", body = ErrorBody),
    (status = 404, description = "not_found", body = ErrorBody),
    (status = 503, description = "busy, with Retry-After: send them again", body = ErrorBody),
))]
pub async fn beats(
    caller: SignedInOrRoom,
    id: Path<i64>,
    body: Json<BeatsBody>,
    recorder: Data<Recorder>,
) -> ApiResult<Json<TotalsAnswer>> {
    let beats = body.beats.iter().map(BeatBody::parse).collect::<ApiResult<Vec<_>>>()?;
    let progress = recorder.record_all(PlaybackId(*id), caller.account_id, beats, Moment::now()).await?;
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
    let mark = Mark { who, what: body.action.into(), how: MarkedHow::Roll, ago_ms: body.ago_ms };
    let present = classroom::mark(&db.write, PlaybackId(*id), mark, operator.account_id, Moment::now()).await?;
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
    caller: SignedInOrRoom,
    id: Path<i64>,
    body: Coming,
    db: Data<Database>,
    recorder: Data<Recorder>,
) -> ApiResult<Json<TotalsAnswer>> {
    let (id, by, now) = (PlaybackId(*id), caller.account_id, Moment::now());
    if let Some(last) = last_beat(&body.whole(SHORT_BYTES).await?)? {
        recorder.record(id, by, last.parse()?, now).await?;
    }
    Ok(Json(ended(&db, id, by, now).await?.into()))
}

/// Ends a session and posts it, in one transaction; one that cannot be posted is ended all the same.
async fn ended(db: &Database, id: PlaybackId, by: AccountId, now: Moment) -> ApiResult<Progress> {
    let txn = db.begin().await?;
    archive::ledger::hold_head(&txn).await?;
    let progress = session::close_within(&txn, id, by, now).await?;
    match archive::ledger::post_within(&txn, id, now).await {
        Ok(_) => {
            txn.commit().await?;
            Ok(progress)
        }
        Err(cause) => {
            tracing::warn!(playback_id = id.0, %cause, "not posted yet; the sweep will try again");
            txn.rollback().await?;
            Ok(session::close(&db.write, id, by, now).await?)
        }
    }
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
async fn invite(caller: &Identity, body: &BeginBody, db: &Database, now: Moment) -> ApiResult<Begin> {
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
    let terms = terms_of(&db.read, unit_id, now).await?;
    Ok(Begin { lesson_id, mode, person_id: caller.person_id, account_id: caller.account_id, unit_id, roster, terms })
}

/// What the rule in force for a unit today says of playing.
async fn terms_of(db: &impl ConnectionTrait, unit: UnitId, now: Moment) -> ApiResult<Terms> {
    let unit = roster::org::unit(db, unit).await?;
    let rules = match archive::rules::in_force(db, &unit.path, now.day()).await {
        Ok((_, rules)) => rules,
        // Nothing is posted without a rule, but nobody need wait for one to watch.
        Err(archive::Error::NoRule(_)) => {
            return Ok(Terms { most_rate_permille: MOST_RATE_PERMILLE, idle_after_ms: None });
        }
        Err(cause) => return Err(cause.into()),
    };
    let idle_after_ms = (rules.idle_check_minutes > 0).then_some(rules.idle_check_minutes * 60_000);
    let most_rate_permille = i32::try_from(rules.most_rate_percent * 10).unwrap_or(MOST_RATE_PERMILLE);
    Ok(Terms { most_rate_permille, idle_after_ms })
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
