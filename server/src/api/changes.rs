//! One change of many lessons (批量修改): chosen and looked at, then done all or nothing, and undone within a day.

use crate::auth::identity::Author;
use crate::database::Database;
use crate::error::{ApiError, ApiResult, Code, ErrorBody};
use crate::pages::studio::changes::{all_of, doer};
use crate::pages::studio::place::Place;
use actix_web::HttpResponse;
use actix_web::web::{Data, Json, Path};
use catalog::bulk::{self, Chosen, Deed, Doer, LeftOut};
use entity::{BulkId, LessonId, Moment, bulk_change};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Which lessons are to be changed, and how. Either `lessons` or `list` is given.
#[derive(Deserialize, ToSchema)]
#[schema(as = BulkChangeBody)]
pub struct ChangeBody {
    /// These lessons.
    lessons: Option<Vec<i64>>,
    /// All that a list holds: the query of its address, as views keep it, such as `state=draft&lack=captions`; blank for
    /// every lesson within reach.
    list: Option<String>,
    /// What is done: `category`, `level`, `language`, `season`, `valid_until`, `audience`, `add_tag`, `remove_tag`,
    /// `submit`, `publish` or `withdraw`.
    action: String,
    /// With what: a word, a text, a day as `2026-12-31`, the id of a unit, or the reason of a withdrawal. Blank for a
    /// season or a last day that is taken away, and where nothing is to be said.
    #[serde(default)]
    value: String,
}

/// A change of many lessons.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkChangeAnswer)]
pub struct ChangeAnswer {
    /// The key.
    id: i64,
    /// `looking` until it is confirmed, then `done` or `undone`.
    state: &'static str,
    /// What it does, in Chinese.
    deed: String,
    /// How many lessons were chosen.
    chosen: u64,
    /// How many of them it changes, has changed, or has changed back.
    changed: u64,
    /// How many stay as they are.
    left_out: u64,
    /// The first 200 of those, each with its reason.
    named: Vec<LeftOutAnswer>,
    /// Until when it may be undone, in milliseconds since 1970; `null` when it is not done, is undone
    /// already, or a day has passed.
    undo_until: Option<i64>,
}

/// A lesson that stays as it is.
#[derive(Serialize, ToSchema)]
#[schema(as = BulkLeftOutAnswer)]
pub struct LeftOutAnswer {
    /// The lesson.
    lesson_id: i64,
    /// Its title when it was chosen.
    title: String,
    /// Why, in Chinese.
    why: String,
}

/// Choose lessons and see what a change of them would do. Nothing is changed; what was chosen before and not confirmed
/// is dropped.
#[utoipa::path(post, path = "/api/v1/changes", tag = "studio", request_body = ChangeBody, responses(
    (status = 201, description = "what it would do", body = ChangeAnswer),
    (status = 400, description = "invalid_request, naming the field", body = ErrorBody),
    (status = 404, description = "not_found: the list is of a unit beyond reach", body = ErrorBody),
))]
pub async fn choose(author: Author, body: Json<ChangeBody>, db: Data<Database>) -> ApiResult<HttpResponse> {
    let (body, doer, now) = (body.into_inner(), doer(&author), Moment::now());
    let deed = Deed::parse(&body.action, &body.value)?;
    let place = Place::parse(body.list.as_deref().unwrap_or_default());
    let chosen = match (body.lessons, body.list) {
        (Some(lessons), None) => Chosen::These(lessons.into_iter().map(LessonId).collect()),
        (None, Some(_)) => all_of(&db, &author, &place).await?,
        _ => return Err(ApiError::say(Code::InvalidRequest, "lessons：lessons 和 list 须二选一")),
    };
    let bulk = bulk::choose(&db.write, &doer, chosen, &place.query(), now).await?;
    bulk::intend(&db.write, &doer, bulk.id, deed).await?;
    Ok(HttpResponse::Created().json(answer(&db, &doer, bulk.id, now).await?))
}

/// A change of the caller's: what it would do, or has done.
#[utoipa::path(get, path = "/api/v1/changes/{id}", tag = "studio", params(("id" = i64, Path)), responses(
    (status = 200, description = "the change", body = ChangeAnswer),
    (status = 404, description = "not_found: somebody else's, or no longer kept", body = ErrorBody),
))]
pub async fn show(author: Author, id: Path<BulkId>, db: Data<Database>) -> ApiResult<Json<ChangeAnswer>> {
    Ok(Json(answer(&db, &doer(&author), *id, Moment::now()).await?))
}

/// Do it to every lesson that is as it was when it was chosen, in one transaction. Done already, it is not done again.
#[utoipa::path(post, path = "/api/v1/changes/{id}/confirm", tag = "studio", params(("id" = i64, Path)), responses(
    (status = 200, description = "done", body = ChangeAnswer),
    (status = 404, description = "not_found: somebody else's, or no longer kept", body = ErrorBody),
))]
pub async fn confirm(author: Author, id: Path<BulkId>, db: Data<Database>) -> ApiResult<Json<ChangeAnswer>> {
    let (doer, now) = (doer(&author), Moment::now());
    bulk::confirm(&db.write, &doer, *id, now).await?;
    Ok(Json(answer(&db, &doer, *id, now).await?))
}

/// Take it back, within a day, but for lessons that were changed since. Undone already, it is not undone again.
#[utoipa::path(post, path = "/api/v1/changes/{id}/undo", tag = "studio", params(("id" = i64, Path)), responses(
    (status = 200, description = "undone", body = ChangeAnswer),
    (status = 404, description = "not_found: somebody else's, or no longer kept", body = ErrorBody),
    (status = 410, description = "gone: more than a day has passed", body = ErrorBody),
))]
pub async fn undo(author: Author, id: Path<BulkId>, db: Data<Database>) -> ApiResult<Json<ChangeAnswer>> {
    let (doer, now) = (doer(&author), Moment::now());
    bulk::undo(&db.write, &doer, *id, now).await?;
    Ok(Json(answer(&db, &doer, *id, now).await?))
}

async fn answer(db: &Database, doer: &Doer, id: BulkId, now: Moment) -> ApiResult<ChangeAnswer> {
    let bulk = bulk::get(&db.read, doer.account, id).await?;
    let deed = bulk::deed_of(&bulk).ok_or(Code::NotFound)?;
    let outcome = match bulk.done_at {
        None => bulk::preview(&db.read, doer, &bulk, &deed, now).await?,
        Some(_) => bulk::outcome(&db.read, &bulk).await?,
    };
    Ok(ChangeAnswer {
        id: bulk.id.0,
        state: state(&bulk),
        deed: deed.label(),
        chosen: bulk::size(&db.read, bulk.id).await?,
        changed: outcome.changed,
        left_out: outcome.left_out,
        named: outcome.named.into_iter().map(LeftOutAnswer::from).collect(),
        undo_until: until(&bulk).filter(|until| *until > now).map(|until| until.0),
    })
}

/// Until when it may be undone, while there is something to undo.
fn until(bulk: &bulk_change::Model) -> Option<Moment> {
    bulk.done_at.filter(|_| bulk.undone_at.is_none()).map(|at| at.plus_ms(bulk::KEPT_MS))
}

fn state(bulk: &bulk_change::Model) -> &'static str {
    match (bulk.done_at, bulk.undone_at) {
        (_, Some(_)) => "undone",
        (Some(_), None) => "done",
        (None, None) => "looking",
    }
}

impl From<LeftOut> for LeftOutAnswer {
    fn from(left: LeftOut) -> Self {
        Self { lesson_id: left.lesson.0, title: left.title, why: left.why }
    }
}
