//! How far the preparation of a recording is, for those who keep it, and asking for a failed part again.

use crate::auth::identity::{AUTHORS, Author, Identity};
use crate::auth::reach;
use crate::database::Database;
use crate::error::{ApiResult, Code, ErrorBody};
use actix_web::web::{Data, Json, Path};
use content::prepare;
use entity::{JobState, Moment, RenditionKind, job, lesson, media, org_unit, rendition};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect};
use serde::Serialize;
use utoipa::ToSchema;

/// How far the preparation of a recording is.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub struct PreparationAnswer {
    /// The recording's own length in bytes.
    pub size_bytes: i64,
    /// Whether anything is still to come by itself.
    pub busy: bool,
    /// The server has no ffmpeg, and something waits for it.
    pub needs_ffmpeg: bool,
    /// The parts, in the order they are made.
    pub parts: Vec<PartAnswer>,
}

/// One thing that is made of a recording.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct PartAnswer {
    /// `playable`, `video_720`, `video_480`, `video_240`, `audio`, `poster` or `storyboard`.
    pub kind: &'static str,
    /// What people call it.
    pub label: &'static str,
    /// `queued`, `running`, `waiting`, `done`, `skipped` or `failed`.
    pub state: &'static str,
    /// The same in Chinese.
    pub state_label: &'static str,
    /// How much is done, 0 to 1000.
    pub progress_permille: i32,
    /// How often it was begun.
    pub attempts: i32,
    /// Why the last attempt failed, in Chinese.
    pub error: Option<String>,
    /// The length of what was made, in bytes.
    pub size_bytes: Option<i64>,
}

impl PartAnswer {
    /// The class of its badge.
    pub fn mood(&self) -> &'static str {
        match self.state {
            "done" => "ok",
            "running" | "waiting" => "warn",
            "failed" => "bad",
            _ => "off",
        }
    }

    /// What is to be said besides its state: the size of what was made, or why it was not.
    pub fn note(&self) -> Option<String> {
        match (&self.error, self.size_bytes, self.state) {
            (Some(error), _, "failed" | "queued") => Some(match self.attempts {
                0 | 1 => error.clone(),
                attempts => format!("{error}（已试 {attempts} 次）"),
            }),
            (_, Some(bytes), "done") => Some(crate::pages::figures::size(bytes)),
            _ => None,
        }
    }

    /// Whether a person may ask for it again.
    pub fn can_retry(&self) -> bool {
        self.state == "failed"
    }
}

/// How far the preparation of a recording is.
#[utoipa::path(get, path = "/api/v1/media/{sha256}/preparation", tag = "media",
    params(("sha256" = String, Path, description = "SHA-256 of the recording, lower-case hex")), responses(
    (status = 200, description = "its parts", body = PreparationAnswer),
    (status = 404, description = "not_found: no such recording within reach", body = ErrorBody),
))]
pub async fn show(author: Author, sha256: Path<String>, db: Data<Database>) -> ApiResult<Json<PreparationAnswer>> {
    let media = within(&db, &author, &sha256).await?;
    Ok(Json(preparation(&db, &media).await?))
}

/// Make a part again that failed or waits. Of one that is made or on its way already, nothing changes.
#[utoipa::path(post, path = "/api/v1/media/{sha256}/preparation/{kind}/retry", tag = "media",
    params(
        ("sha256" = String, Path, description = "SHA-256 of the recording, lower-case hex"),
        ("kind" = String, Path, description = "the part")),
    responses(
    (status = 200, description = "its parts", body = PreparationAnswer),
    (status = 404, description = "not_found: no such recording within reach, or no such part of it", body = ErrorBody),
))]
pub async fn retry(
    author: Author,
    path: Path<(String, String)>,
    db: Data<Database>,
) -> ApiResult<Json<PreparationAnswer>> {
    let (sha256, kind) = path.into_inner();
    let media = again(&db, &author, &sha256, &kind).await?;
    Ok(Json(preparation(&db, &media).await?))
}

/// Asks for a part of a recording again.
///
/// # Errors
/// `not_found` for a recording beyond the caller's reach, or no such part of it.
pub async fn again(db: &Database, author: &Identity, sha256: &str, kind: &str) -> ApiResult<media::Model> {
    let media = within(db, author, sha256).await?;
    let kind = RenditionKind::parse(kind).ok_or(Code::NotFound)?;
    if !prepare::status(&db.read, &media.sha256).await?.iter().any(|job| job.kind == kind) {
        return Err(Code::NotFound.into());
    }
    prepare::retry(&db.write, &media.sha256, kind, Moment::now()).await?;
    Ok(media)
}

/// The parts of a recording's preparation, for the API and for the editor.
///
/// # Errors
/// When the database fails.
pub async fn preparation(db: &Database, media: &media::Model) -> ApiResult<PreparationAnswer> {
    let jobs = prepare::status(&db.read, &media.sha256).await?;
    let made = rendition::Entity::find().filter(rendition::Column::MediaSha256.eq(&media.sha256)).all(&db.read).await?;
    let size_of = |kind| made.iter().find(|made| made.kind == kind).map(|made| made.size_bytes);
    Ok(PreparationAnswer {
        size_bytes: media.size_bytes,
        busy: jobs.iter().any(|job| matches!(job.state, JobState::Queued | JobState::Running)),
        needs_ffmpeg: jobs.iter().any(|job| job.state == JobState::Waiting),
        parts: jobs.into_iter().map(|job| part(size_of(job.kind), job)).collect(),
    })
}

/// One part, with the length of what was made.
pub fn part(size_bytes: Option<i64>, job: job::Model) -> PartAnswer {
    PartAnswer {
        kind: job.kind.as_str(),
        label: job.kind.label(),
        state: job.state.as_str(),
        state_label: job.state.label(),
        progress_permille: job.progress_permille,
        attempts: job.attempts,
        error: job.error,
        size_bytes,
    }
}

/// The recording, when the caller brought it, or a unit within reach brought it or keeps a lesson with it.
async fn within(db: &Database, author: &Identity, sha256: &str) -> ApiResult<media::Model> {
    let found = media::Entity::find_by_id(sha256).one(&db.read).await?.ok_or(Code::NotFound)?;
    if reach::brought(db, author, &found).await? {
        return Ok(found);
    }
    let scope = author.scope(AUTHORS);
    let unit = org_unit::Entity::find_by_id(found.unit_id).one(&db.read).await?;
    if unit.is_some_and(|unit| scope.contains(&unit.path)) {
        return Ok(found);
    }
    let kept = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .filter(lesson::Column::MediaSha256.eq(sha256))
        .filter(scope.reaches((lesson::Entity, lesson::Column::UnitId)))
        .into_tuple::<i64>()
        .one(&db.read)
        .await?;
    kept.map(|_| found).ok_or_else(|| Code::NotFound.into())
}
