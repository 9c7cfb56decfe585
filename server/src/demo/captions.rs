//! The captions of the sample recordings, read as any file a trainer brings. `demo/make-media` made them of the voice.

use super::Result;
use catalog::caption::NewCaption;
use catalog::track::Expected;
use entity::{Moment, lesson};
use sea_orm::ConnectionTrait;

/// The lesson a file belongs to, the file's name, its text.
type File = (&'static str, &'static str, &'static str);

macro_rules! files {
    ($($lesson:literal,)*) => {
        const FILES: &[File] = &[$((
            $lesson,
            concat!($lesson, ".srt"),
            include_str!(concat!("../../demo/media/", $lesson, ".srt")),
        ),)*];
    };
}

files! {
    "shatangju-huanglongbing",
    "rice-bingchonghai",
    "live-first",
    "mediate-basics",
    "wage-arrears",
    "health-pesticide-poison",
}

/// Put the captions beside their lessons.
///
/// # Errors
/// When a file is no captions or the catalog refuses it.
pub async fn bring(txn: &impl ConnectionTrait, lessons: &[lesson::Model], now: Moment) -> Result<()> {
    for (slug, name, text) in FILES {
        let Some(lesson) = lessons.iter().find(|lesson| lesson.slug == *slug) else { continue };
        let found = content::caption::read(text.as_bytes(), None)?;
        let new = NewCaption {
            language: lesson.language.clone(),
            source_name: (*name).to_owned(),
            source_encoding: found.encoding.as_str().to_owned(),
            cues: found.cues,
        };
        catalog::caption::put_within(txn, lesson.id, new, Expected::Nothing, None, now).await?;
    }
    Ok(())
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;

    #[test]
    fn the_captions_fit_their_recordings_and_need_no_notes() {
        let media: Vec<serde_json::Value> = serde_json::from_str(include_str!("../../demo/media.json")).unwrap();
        for (slug, name, text) in FILES {
            let found = content::caption::read(text.as_bytes(), None).unwrap();
            assert!(found.notes.is_empty(), "{name}: {:?}", found.notes);
            let entry = media.iter().find(|entry| entry.get("lesson").unwrap() == slug).unwrap();
            let end = entry.get("duration_ms").unwrap().as_i64().unwrap();
            let last = found.cues.last().unwrap().1;
            assert!((end - 2_000..=end).contains(&last), "{name} ends at {last} of {end} ms");
        }
    }
}
