//! What the index holds of each lesson, read from the rows of several tables, a few statements for many lessons.

use super::document::Source;
use super::passages::Spoken;
use crate::Result;
use entity::{
    CourseId, LessonId, LessonState, RenditionKind, UnitId, caption, course, lesson, media, org_unit, rendition, voice,
};
use sea_orm::{ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::{HashMap, HashSet};

/// Reads lessons for the index; those that are not published are left out.
pub(crate) async fn sources(db: &impl ConnectionTrait, rows: Vec<lesson::Model>) -> Result<Vec<Source>> {
    let rows: Vec<lesson::Model> = rows.into_iter().filter(|row| row.state == LessonState::Published).collect();
    let units: HashSet<UnitId> = rows.iter().map(|row| row.audience_unit_id).collect();
    let units = org_unit::Entity::find().filter(org_unit::Column::Id.is_in(units)).all(db).await?;
    let paths: HashMap<UnitId, String> = units.into_iter().map(|unit| (unit.id, unit.path)).collect();
    let blobs: Vec<&str> = rows.iter().filter_map(|row| row.media_sha256.as_deref()).collect();
    let blobs = media::Entity::find().filter(media::Column::Sha256.is_in(blobs)).all(db).await?;
    let sizes: HashMap<String, i64> = blobs.into_iter().map(|blob| (blob.sha256, blob.size_bytes)).collect();
    let smallest = smallest_forms(db, sizes.keys()).await?;
    let (mut spoken, mut voices) = (spoken(db, &rows).await?, voices(db, &rows).await?);
    let courses = courses(db, &rows).await?;
    let mut source = |row: lesson::Model| {
        let audience_path = paths.get(&row.audience_unit_id)?.clone();
        let of = |sizes: &HashMap<String, i64>| row.media_sha256.as_ref().and_then(|sha256| sizes.get(sha256)).copied();
        let size_bytes = of(&sizes).unwrap_or(0);
        let smallest_bytes = of(&smallest).map_or(size_bytes, |smallest| smallest.min(size_bytes));
        let (spoken, course) = (spoken.remove(&row.id), courses.get(&row.course_id).cloned());
        let mut voices = voices.remove(&row.id).unwrap_or_default();
        voices.retain(|language| *language != row.language);
        Some(Source { row, audience_path, size_bytes, smallest_bytes, spoken, voices, course })
    };
    Ok(rows.into_iter().filter_map(&mut source).collect())
}

/// Bytes of the smallest rendition of each recording that can be played, a picture being none.
async fn smallest_forms(
    db: &impl ConnectionTrait,
    media: impl Iterator<Item = &String>,
) -> Result<HashMap<String, i64>> {
    let rows: Vec<(String, i64)> = rendition::Entity::find()
        .select_only()
        .column(rendition::Column::MediaSha256)
        .column_as(rendition::Column::SizeBytes.min(), "smallest")
        .filter(rendition::Column::MediaSha256.is_in(media))
        .filter(rendition::Column::Kind.is_not_in(RenditionKind::PICTURES))
        .group_by(rendition::Column::MediaSha256)
        .into_tuple()
        .all(db)
        .await?;
    Ok(rows.into_iter().collect())
}

/// The captions of these lessons, all tracks of each together.
async fn spoken(db: &impl ConnectionTrait, rows: &[lesson::Model]) -> Result<HashMap<LessonId, Spoken>> {
    let query = caption::Entity::find().filter(caption::Column::LessonId.is_in(rows.iter().map(|row| row.id)));
    let mut tracks: HashMap<LessonId, Vec<caption::Model>> = HashMap::new();
    for track in query.order_by_asc(caption::Column::Id).all(db).await? {
        tracks.entry(track.lesson_id).or_default().push(track);
    }
    Ok(tracks.into_iter().filter_map(|(lesson, tracks)| Some((lesson, Spoken::of(&tracks)?))).collect())
}

/// The languages of the voices of these lessons, of each lesson each once.
async fn voices(db: &impl ConnectionTrait, rows: &[lesson::Model]) -> Result<HashMap<LessonId, Vec<String>>> {
    let query = voice::Entity::find().select_only().columns([voice::Column::LessonId, voice::Column::Language]);
    let of_these = query.filter(voice::Column::LessonId.is_in(rows.iter().map(|row| row.id)));
    let found: Vec<(LessonId, String)> = of_these.order_by_asc(voice::Column::Language).into_tuple().all(db).await?;
    let mut voices: HashMap<LessonId, Vec<String>> = HashMap::new();
    found.into_iter().for_each(|(lesson, language)| voices.entry(lesson).or_default().push(language));
    Ok(voices)
}

/// Title and slug of the courses of these lessons.
async fn courses(db: &impl ConnectionTrait, rows: &[lesson::Model]) -> Result<HashMap<CourseId, (String, String)>> {
    let ids: HashSet<CourseId> = rows.iter().map(|row| row.course_id).collect();
    let query =
        course::Entity::find().select_only().columns([course::Column::Id, course::Column::Title, course::Column::Slug]);
    let rows: Vec<(CourseId, String, String)> =
        query.filter(course::Column::Id.is_in(ids)).into_tuple().all(db).await?;
    Ok(rows.into_iter().map(|(id, title, slug)| (id, (title, slug))).collect())
}
