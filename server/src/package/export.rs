//! A course as one ZIP: the manifest, then captions, then recordings and pictures.
//!
//! Written while it is read, a lesson and a few chunks at a time, whatever the length of the course.

use super::Error;
use crate::database::Database;
use content::package::{Kind, Writer};
use content::store::Store;
use entity::{LessonId, course};
use std::collections::BTreeMap;

/// The course and those of its lessons that go along, in their order.
#[derive(Clone, Debug)]
pub struct Exporting {
    /// The course.
    pub course: course::Model,
    /// The lessons.
    pub lessons: Vec<LessonId>,
}

/// Writes a course into a ZIP.
///
/// # Errors
/// When the database or the store fails, or nobody takes the ZIP any more; what was written is then not whole.
pub async fn write(db: &Database, store: &Store, what: &Exporting, mut zip: Writer) -> Result<(), Error> {
    zip.begin("manifest.jsonl", Kind::Text, 0).await?;
    zip.add(line(&catalog::export::course(&what.course))?).await?;
    let mut media = BTreeMap::new();
    for lesson in &what.lessons {
        let exported = catalog::export::lesson(&db.read, *lesson, &what.course.title).await?;
        zip.add(line(&exported.line)?).await?;
        media.extend(exported.media);
    }
    for lesson in &what.lessons {
        let exported = catalog::export::lesson(&db.read, *lesson, &what.course.title).await?;
        for (name, cues) in exported.captions {
            zip.text(&name, content::caption::write(&cues).into()).await?;
        }
    }
    for (name, sha256) in media {
        zip.file(&name, store.local_copy(&sha256).await?).await?;
    }
    Ok(zip.finish().await?)
}

fn line(line: &catalog::import::line::Line) -> Result<bytes::Bytes, Error> {
    let mut text = serde_json::to_string(line).map_err(|cause| content::Error::Disk(cause.into()))?;
    text.push('\n');
    Ok(text.into())
}
