//! What search hears of renditions: it shows how long a lesson is and how small its smallest form.

use crate::Result;
use entity::{LessonId, Moment, RenditionKind, lesson, outbox};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QuerySelect};

/// Has search read the lessons of this recording anew, of which a rendition of this kind came or went in the same
/// transaction. A picture is no form that is played, so of pictures it hears nothing.
pub(crate) async fn read_anew(
    txn: &impl ConnectionTrait,
    sha256: &str,
    kind: RenditionKind,
    now: Moment,
) -> Result<()> {
    if RenditionKind::PICTURES.contains(&kind) {
        return Ok(());
    }
    let lessons: Vec<LessonId> = lesson::Entity::find()
        .select_only()
        .column(lesson::Column::Id)
        .filter(lesson::Column::MediaSha256.eq(sha256))
        .into_tuple()
        .all(txn)
        .await?;
    Ok(outbox::append(txn, &lessons, now).await?)
}
