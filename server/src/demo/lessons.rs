//! The sample lessons: imported as any file of lessons, nine of them with a recording.
//!
//! Texts and recordings are part of the binary, so that a demo needs nothing but itself. `demo/make-media` made the
//! recordings; how long each is, the probe says.

use super::Result;
use catalog::course::NewCourse;
use catalog::import::{Files, Manifest, Terms};
use catalog::lesson::NewLesson;
use content::intake::{Origin, copy_in};
use content::store::Store;
use entity::{AccountId, Category, Day, Moment, UnitId, lesson};
use sea_orm::sea_query::Expr;
use sea_orm::{ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, QueryFilter, QueryOrder};
use serde_json::{Map, Value};
use std::collections::HashMap;

const LESSONS: &str = include_str!("../../demo/lessons.jsonl");

/// A recording: the lesson it belongs to, its file name, its bytes.
type Recording = (&'static str, &'static str, &'static [u8]);

macro_rules! recordings {
    ($($lesson:literal . $kind:literal,)*) => {
        /// Every file of `demo/media`.
        const RECORDINGS: &[Recording] = &[$((
            $lesson,
            concat!($lesson, ".", $kind),
            include_bytes!(concat!("../../demo/media/", $lesson, ".", $kind)),
        ),)*];
    };
}

recordings! {
    "shatangju-huanglongbing" . "mp4",
    "rice-bingchonghai" . "mp4",
    "live-first" . "mp4",
    "pack-express" . "mp4",
    "mediate-basics" . "mp4",
    "wage-arrears" . "mp4",
    "party-member-develop" . "mp4",
    "policy-homestead-approve" . "mp4",
    "health-pesticide-poison" . "m4a",
}

/// Store the recordings, import the lessons, and return them as they stand in the database.
///
/// # Errors
/// When a file can't be written or the catalog refuses a line.
pub async fn bring(txn: &DatabaseTransaction, store: &Store, root: UnitId, now: Moment) -> Result<Vec<lesson::Model>> {
    let mut blobs = HashMap::new();
    for (slug, name, bytes) in RECORDINGS {
        blobs.insert(*slug, put(txn, store, (name, bytes), root, now).await?);
    }
    let lines = LESSONS.lines().map(|line| prepared(line, &blobs, now.day())).collect::<Result<Vec<_>>>()?;
    let manifest = Manifest::of_jsonl(&lines.join("\n"));
    let plan = catalog::import::plan(txn, &manifest, &Files::default(), root, &Terms::Operator, now).await?;
    catalog::import::apply_within(txn, &plan, None, now).await?;
    Ok(lesson::Entity::find().order_by_asc(lesson::Column::Id).all(txn).await?)
}

/// Let the trainer's county keep one lesson in nine, so that its desk is not empty.
///
/// # Errors
/// When the database fails.
pub async fn hand_over(txn: &DatabaseTransaction, all: &[lesson::Model], to: Desk) -> Result<()> {
    let theirs = all.iter().enumerate().filter(|(place, _)| place % 9 == 4).map(|(_, lesson)| lesson.id);
    lesson::Entity::update_many()
        .col_expr(lesson::Column::UnitId, Expr::value(to.unit))
        .col_expr(lesson::Column::CreatedBy, Expr::value(to.author))
        .filter(lesson::Column::Id.is_in(theirs))
        .exec(txn)
        .await?;
    Ok(())
}

/// Where lessons are written, and by whom.
#[derive(Clone, Copy)]
pub struct Desk {
    /// The county that keeps them.
    pub unit: UnitId,
    /// The trainer.
    pub author: AccountId,
}

/// Lessons still on their way: what the trainer is writing, and whether it waits for a reviewer.
const UNFINISHED: &[(&str, &str, bool)] = &[
    ("冬季果园清园实地课", "清园的先后次序、药械准备和安全，十二月在龙塘村开讲。", true),
    ("村级合作社记账入门", "收支流水、票据和公示怎么做，配一张填好的样表。", false),
    ("短视频卖年货：开拍前的准备", "选品、脚本和手机支架，边看边做。", false),
];

/// Put unfinished lessons on the trainer's desk.
///
/// # Errors
/// When the catalog refuses them.
pub async fn begin_some(db: &DatabaseConnection, desk: Desk, now: Moment) -> Result<()> {
    let by = Some(desk.author);
    let course = NewCourse {
        slug: None,
        title: "本县实用课程".into(),
        summary: "示例内容".into(),
        category: Category::Agriculture,
        unit_id: desk.unit,
        audience_unit_id: None,
    };
    let course = catalog::course::create(db, course, by, now).await?;
    for (title, summary, waits) in UNFINISHED {
        let new = NewLesson {
            summary: (*summary).to_owned(),
            body: format!("（示例内容）{summary}"),
            lecturer: "待定".into(),
            source: "本县自编".into(),
            unit_id: Some(desk.unit),
            is_sample: true,
            ..NewLesson::titled(course.id, title)
        };
        let made = catalog::lesson::create(db, new, by, now).await?;
        if *waits {
            catalog::lesson::submit(db, made.id, by, now).await?;
        }
    }
    Ok(())
}

/// Lay the bytes of a recording beside the store and bring them in as any file.
async fn put(
    txn: &DatabaseTransaction,
    store: &Store,
    (name, bytes): (&'static str, &'static [u8]),
    unit_id: UnitId,
    now: Moment,
) -> Result<String> {
    let file = store.temporary()?;
    tokio::fs::write(file.path(), bytes).await?;
    let origin = Origin { filename: name, unit_id, by: None };
    Ok(copy_in(txn, store, file.path(), &origin, now).await?.sha256)
}

/// The line, marked as a sample and with its recording. No lesson is published later than `today`.
fn prepared(line: &str, blobs: &HashMap<&str, String>, today: Day) -> Result<String> {
    let mut lesson: Map<String, Value> = serde_json::from_str(line)?;
    lesson.insert("is_sample".into(), true.into());
    let text = |key| lesson.get(key).and_then(Value::as_str).unwrap_or_default();
    let blob = blobs.get(text("id")).cloned();
    let published = text("published").to_owned().min(today.to_string()); // ISO dates sort as text
    lesson.insert("published".into(), published.into());
    if let Some(sha256) = blob {
        lesson.insert("media_sha256".into(), sha256.into());
    }
    Ok(serde_json::to_string(&lesson)?)
}

#[cfg(test)]
#[expect(clippy::unwrap_used, reason = "tests stop at the first surprise")]
mod tests {
    use super::*;
    use content::probe::probe;
    use std::io::Write;

    #[test]
    fn every_recording_is_listed_belongs_to_a_lesson_and_has_the_length_that_is_written() {
        let listed: Vec<Value> = serde_json::from_str(include_str!("../../demo/media.json")).unwrap();
        assert_eq!(listed.len(), RECORDINGS.len());
        for ((slug, name, bytes), entry) in RECORDINGS.iter().zip(&listed) {
            assert_eq!(entry.get("lesson").unwrap(), slug);
            assert_eq!(entry.get("size_bytes").unwrap(), bytes.len());
            assert!(LESSONS.contains(&format!("\"id\": \"{slug}\"")), "{slug}");
            let mut file = tempfile::NamedTempFile::new().unwrap();
            file.write_all(bytes).unwrap();
            let found = probe(file.path(), name).unwrap();
            let off_by_ms = found.duration_ms.unwrap() - entry.get("duration_ms").unwrap().as_i64().unwrap();
            assert!(off_by_ms.abs() <= 100, "{name}: {off_by_ms} ms");
            assert_eq!(found.mime, entry.get("mime").unwrap().as_str().unwrap());
            assert_eq!(found.faststart, Some(true));
        }
    }

    #[test]
    fn all_lessons_are_marked_as_samples_and_none_is_from_the_future() {
        let today = "2024-01-01".parse().unwrap();
        for line in LESSONS.lines() {
            let lesson: Value = serde_json::from_str(&prepared(line, &HashMap::new(), today).unwrap()).unwrap();
            assert_eq!(lesson.get("is_sample").unwrap(), true);
            assert!(lesson.get("published").unwrap().as_str().unwrap() <= "2024-01-01");
        }
        assert_eq!(LESSONS.lines().count(), 260);
    }
}
