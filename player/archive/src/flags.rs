//! Sessions that earned something although their bytes never left the server: the mark of a script, never a verdict.
//!
//! Such a session is shown where people look for it and cuts no hours: a browser that kept the bytes of last month
//! would look the same after a restart of the server. An article has no bytes and is never flagged.

use crate::Result;
use entity::{LessonId, Moment, PlaybackId, lesson, playback};
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, Condition, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect, QueryTrait};
use std::collections::HashSet;

/// What is said of such a session.
pub const UNSERVED: &str = "没有取课记录";

/// The migration that brought `playback.served_at`: nobody can say of older sessions what was served to them.
const NOTED_SINCE: &str = "m20261128_000001_classroom";

/// Those of these sessions of a recording whose bytes were neither served to whoever played it nor declared cached.
///
/// Whether they earned anything is the caller's to look at.
///
/// # Errors
/// Only those of the database.
pub async fn unserved(
    db: &impl ConnectionTrait,
    sessions: impl IntoIterator<Item = PlaybackId>,
) -> Result<HashSet<PlaybackId>> {
    let ids: Vec<_> = sessions.into_iter().collect::<HashSet<_>>().into_iter().collect();
    let mut found = HashSet::new();
    if ids.is_empty() {
        return Ok(found);
    }
    let never_fetched = never_fetched(noted_since(db).await?);
    for chunk in ids.chunks(500) {
        let rows: Vec<PlaybackId> = playback::Entity::find()
            .select_only()
            .column(playback::Column::Id)
            .filter(playback::Column::Id.is_in(chunk.iter().copied()))
            .filter(never_fetched.clone())
            .filter(playback::Column::LessonId.in_subquery(recordings()))
            .into_tuple()
            .all(db)
            .await?;
        found.extend(rows);
    }
    Ok(found)
}

/// What a report of very many sessions looks them up by, read once.
#[derive(Debug)]
pub(crate) struct Unserved {
    noted_since: Moment,
    recordings: HashSet<LessonId>,
}

impl Unserved {
    pub(crate) async fn load(db: &impl ConnectionTrait) -> Result<Self> {
        let found = lesson::Entity::find().select_only().column(lesson::Column::Id);
        let recordings: Vec<LessonId> =
            found.filter(lesson::Column::MediaSha256.is_not_null()).into_tuple().all(db).await?;
        Ok(Self { noted_since: noted_since(db).await?, recordings: recordings.into_iter().collect() })
    }

    /// The condition on `playback` rows, but for their lesson.
    pub(crate) fn never_fetched(&self) -> Condition {
        never_fetched(self.noted_since)
    }

    /// Whether this lesson has bytes to fetch.
    pub(crate) fn is_recording(&self, lesson: LessonId) -> bool {
        self.recordings.contains(&lesson)
    }
}

fn never_fetched(since: Moment) -> Condition {
    let noted = Condition::any().add(playback::Column::ClosedAt.is_null()).add(playback::Column::ClosedAt.gte(since));
    Condition::all().add(playback::Column::ServedAt.is_null()).add(playback::Column::PlaysCached.eq(false)).add(noted)
}

/// The lessons that are a recording.
fn recordings() -> sea_orm::sea_query::SelectStatement {
    lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .filter(lesson::Column::MediaSha256.is_not_null())
        .into_query()
}

/// When this database began to note what was served.
async fn noted_since(db: &impl ConnectionTrait) -> Result<Moment> {
    let applied = Query::select()
        .column("applied_at")
        .from("seaql_migrations")
        .and_where(Expr::col("version").eq(NOTED_SINCE))
        .take();
    let seconds: i64 = match db.query_one(&applied).await? {
        Some(row) => row.try_get("", "applied_at")?,
        None => 0,
    };
    Ok(Moment(seconds.saturating_mul(1000)))
}
