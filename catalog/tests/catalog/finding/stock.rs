//! Many lessons, which look random and are always the same.

use crate::town::{NOW, city};
use entity::{
    Category, CourseId, LessonId, LessonState, Level, RenditionKind, UnitId, caption, course, lesson, media, rendition,
};
use sea_orm::{ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, DatabaseConnection};
use tempfile::TempDir;

/// Numbers that look random and are always the same.
pub struct Dice(pub u64);

impl Dice {
    pub fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    pub fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }
}

const CROPS: [&str; 4] = ["沙糖桔", "红薯", "罗汉果", "水稻"];
const LANGUAGES: [&str; 3] = ["普通话", "桂柳话", "壮语"];
const DEEDS: [&str; 5] = ["修剪", "施肥", "病虫害防治", "采收贮藏", "销售"];

/// Many lessons of every kind, for the city, a county or a village; some withdrawn or past their last day.
pub async fn stocked(count: usize) -> (TempDir, DatabaseConnection) {
    let (folder, db) = city().await;
    let mut dice = Dice(7);
    let shelf = course::ActiveModel {
        slug: Set("shelf".into()),
        title: Set("果树栽培技术".into()),
        summary: Set(String::new()),
        category: Set(Category::Agriculture),
        unit_id: Set(UnitId(1)),
        audience_unit_id: Set(UnitId(1)),
        created_by: Set(None),
        created_at: Set(NOW),
        updated_at: Set(NOW),
        version: Set(1),
        ..Default::default()
    };
    let shelf = shelf.insert(&db).await.unwrap().id;
    for number in 0..count {
        stock_one(&db, &mut dice, shelf, number).await;
    }
    (folder, db)
}

async fn stock_one(db: &DatabaseConnection, dice: &mut Dice, course_id: CourseId, number: usize) {
    let crop = dice.one(&[Some(CROPS[0]), Some(CROPS[1]), Some(CROPS[2]), Some(CROPS[3]), None]);
    let sha256 = (dice.roll(4) > 0).then(|| format!("{number:064x}"));
    if let Some(sha256) = &sha256 {
        let size = i64::try_from(dice.roll(80)).unwrap() * 1_000_000 + 1;
        add_media(db, sha256, size, dice.roll(3) == 0).await;
    }
    let state = if dice.roll(9) == 0 { LessonState::Withdrawn } else { LessonState::Published };
    let row = lesson::ActiveModel {
        id: NotSet,
        slug: Set(format!("lesson-{number}")),
        course_id: Set(course_id),
        position: Set(i32::try_from(number).unwrap()),
        title: Set(format!("{}{}第{number}讲", crop.unwrap_or("果树"), dice.one(&DEEDS))),
        summary: Set("果园管理要点".into()),
        body: Set("先看叶子，再看根。".into()),
        category: Set(dice.one(Category::ALL)),
        tags: Set("[]".into()),
        crop: Set(crop.map(ToOwned::to_owned)),
        season: Set(None),
        level: Set(dice.one(Level::ALL)),
        language: Set(dice.one(&LANGUAGES).into()),
        lecturer: Set("韦国强".into()),
        source: Set("本市".into()),
        valid_until: Set((dice.roll(10) == 0).then(|| NOW.plus_ms(-2 * 86_400_000).day())),
        duration_ms: Set(i64::try_from(dice.roll(45)).unwrap() * 60_000),
        media_sha256: Set(sha256),
        state: Set(state),
        unit_id: Set(UnitId(1)),
        audience_unit_id: Set(UnitId(dice.one(&[1, 1, 2, 3, 4]))),
        created_by: Set(None),
        updated_at: Set(NOW),
        published_on: Set(Some(NOW.plus_ms(-86_400_000 * i64::try_from(dice.roll(300)).unwrap()).day())),
        version: Set(1),
        plays: Set(i64::try_from(dice.roll(50)).unwrap()),
        is_sample: Set(false),
        ..Default::default()
    };
    let made = row.insert(db).await.unwrap();
    if dice.roll(3) == 0 {
        add_captions(db, made.id).await;
    }
}

async fn add_media(db: &DatabaseConnection, sha256: &str, size_bytes: i64, with_small_form: bool) {
    let row = media::ActiveModel {
        sha256: Set(sha256.to_owned()),
        size_bytes: Set(size_bytes),
        mime: Set("video/mp4".into()),
        filename: Set("film.mp4".into()),
        unit_id: Set(UnitId(1)),
        uploaded_by: Set(None),
        created_at: Set(NOW),
        ..Default::default()
    };
    row.insert(db).await.unwrap();
    let forms = [(RenditionKind::Audio, size_bytes / 10 + 1), (RenditionKind::Poster, 10)];
    for (kind, size_bytes) in forms.into_iter().filter(|_| with_small_form) {
        let row = rendition::ActiveModel {
            media_sha256: Set(sha256.to_owned()),
            kind: Set(kind),
            blob_sha256: Set(format!("{kind:?}{sha256}")),
            size_bytes: Set(size_bytes),
            mime: Set("audio/mp4".into()),
            created_at: Set(NOW),
            ..Default::default()
        };
        row.insert(db).await.unwrap();
    }
}

async fn add_captions(db: &DatabaseConnection, lesson_id: LessonId) {
    let row = caption::ActiveModel {
        lesson_id: Set(lesson_id),
        language: Set("普通话".into()),
        source_name: Set("film.srt".into()),
        source_encoding: Set("UTF-8".into()),
        cues: Set(r#"[[0,2000,"先看叶子"]]"#.into()),
        created_by: Set(None),
        created_at: Set(NOW),
        ..Default::default()
    };
    row.insert(db).await.unwrap();
}
