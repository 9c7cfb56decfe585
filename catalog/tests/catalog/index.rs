//! The index follows the rows: whatever happens to the process or the files, and exactly for who asks.

use crate::town::{NOW, on_sqlite};
use catalog::Viewer;
use catalog::search::{self, Index, SearchQuery};
use entity::{Category, CourseId, Day, LessonId, LessonState, Level, Moment, UnitId, course, lesson, outbox};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter,
    TransactionTrait,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

mod asking;
mod letters;

/// Units of a small tree: id, parent, path.
const UNITS: [(i64, Option<i64>, &str); 6] = [
    (1, None, "/1/"),
    (2, Some(1), "/1/2/"),
    (3, Some(1), "/1/3/"),
    (4, Some(2), "/1/2/4/"),
    (5, Some(2), "/1/2/5/"),
    (6, Some(3), "/1/3/6/"),
];

async fn town() -> (TempDir, DatabaseConnection) {
    let (folder, db) = on_sqlite(&UNITS).await;
    let course = course::ActiveModel {
        slug: Set("c".into()),
        title: Set("课程".into()),
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
    course.insert(&db).await.unwrap();
    (folder, db)
}

fn row(slug: &str, title: &str, audience: i64, state: LessonState, valid_until: Option<Day>) -> lesson::ActiveModel {
    lesson::ActiveModel {
        slug: Set(slug.into()),
        course_id: Set(CourseId(1)),
        position: Set(1),
        title: Set(title.into()),
        summary: Set("先看叶子。".into()),
        body: Set("霜降前要入窖，窖里温度不能低于十度。".into()),
        category: Set(Category::Agriculture),
        tags: Set("[]".into()),
        crop: Set(None),
        season: Set(None),
        level: Set(Level::Entry),
        language: Set("普通话".into()),
        lecturer: Set("韦国强".into()),
        source: Set(String::new()),
        valid_until: Set(valid_until),
        duration_ms: Set(60_000),
        media_sha256: Set(None),
        state: Set(state),
        unit_id: Set(UnitId(1)),
        audience_unit_id: Set(UnitId(audience)),
        published_on: Set(Some(NOW.day())),
        plays: Set(0),
        is_sample: Set(false),
        return_reason: Set(None),
        created_by: Set(None),
        reviewed_by: Set(None),
        updated_at: Set(NOW),
        version: Set(1),
        ..Default::default()
    }
}

/// Commits a published lesson with its outbox row, as every change of a lesson does.
async fn publish(db: &DatabaseConnection, slug: &str, title: &str) -> LessonId {
    let txn = db.begin().await.unwrap();
    let id = row(slug, title, 1, LessonState::Published, None).insert(&txn).await.unwrap().id;
    changed(&txn, id, NOW).await;
    txn.commit().await.unwrap();
    id
}

async fn changed(db: &impl sea_orm::ConnectionTrait, id: LessonId, at: Moment) {
    let row = outbox::ActiveModel { lesson_id: Set(id), at: Set(at), ..Default::default() };
    row.insert(db).await.unwrap();
}

fn everyone() -> Viewer {
    Viewer::staff_of("/1/")
}

fn found(index: &Index, q: &str) -> Vec<String> {
    let answer = index.search(&SearchQuery::of(q), &everyone(), NOW.day()).unwrap();
    answer.hits.iter().filter(|hit| !hit.weak).map(|hit| hit.slug.clone()).collect()
}

/// A follower and how to end it: politely, or as kill -9 does.
struct Following(JoinHandle<()>, watch::Sender<bool>);

fn follow(db: &DatabaseConnection, index: &Arc<Index>) -> Following {
    let (stop, stopped) = watch::channel(false);
    Following(tokio::spawn(search::follow(db.clone(), index.clone(), stopped)), stop)
}

async fn until(what: &str, done: impl Fn() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(60), "still not: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn builds(folder: &Path) -> Vec<PathBuf> {
    let mut builds: Vec<_> = std::fs::read_dir(folder.join("index")).unwrap().map(|e| e.unwrap().path()).collect();
    builds.sort();
    builds
}

#[tokio::test(flavor = "multi_thread")]
async fn rows_that_were_committed_while_nobody_followed_are_caught_up() {
    let (folder, db) = town().await;
    drop(Index::open(folder.path(), &db).await.unwrap());
    publish(&db, "new", "沙糖桔修剪").await;
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    assert!(found(&index, "沙糖桔修剪").is_empty());
    let Following(task, stop) = follow(&db, &index);
    until("caught up", || found(&index, "沙糖桔修剪") == ["new"]).await;
    stop.send(true).unwrap();
    task.await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_follower_killed_at_any_moment_leaves_an_index_that_catches_up() {
    let (folder, db) = town().await;
    let mut slugs = Vec::new();
    for round in 0..12u64 {
        let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
        let Following(task, _stop) = follow(&db, &index);
        tokio::time::sleep(Duration::from_millis(120)).await;
        for number in 0..3 {
            let slug = format!("l{round}-{number}");
            publish(&db, &slug, &format!("第{round}轮果树修剪{number}")).await;
            slugs.push(slug);
        }
        // Somewhere between reading the rows, adding them, committing and reloading.
        tokio::time::sleep(Duration::from_millis(17 * round)).await;
        task.abort();
        let _ = task.await;
    }
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    let Following(task, _stop) = follow(&db, &index);
    until("all are found", || index.len().unwrap() == slugs.len() as u64).await;
    let mut query = SearchQuery::of("果树修剪");
    query.size = 100;
    let answer = index.search(&query, &everyone(), NOW.day()).unwrap();
    assert_eq!(answer.total, slugs.len() as u64, "each once");
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_missing_or_mutilated_index_is_built_anew_at_the_start() {
    let (folder, db) = town().await;
    publish(&db, "here", "沙糖桔修剪").await;
    drop(Index::open(folder.path(), &db).await.unwrap());
    type Damage = fn(&Path);
    let damages: [(&str, Damage); 4] = [
        ("no folder", |build| std::fs::remove_dir_all(build).unwrap()),
        ("cut meta.json", |build| std::fs::write(build.join("meta.json"), "{\"segments\":[").unwrap()),
        ("another schema", |build| {
            let meta = std::fs::read_to_string(build.join("meta.json")).unwrap();
            let other = meta.replace("\\\"schema\\\":", "\\\"schema\\\":9");
            assert_ne!(meta, other);
            std::fs::write(build.join("meta.json"), other).unwrap();
        }),
        ("a build that was never finished", |build| {
            let meta = std::fs::read_to_string(build.join("meta.json")).unwrap();
            let mut meta: serde_json::Value = serde_json::from_str(&meta).unwrap();
            meta.as_object_mut().unwrap().remove("payload");
            std::fs::write(build.join("meta.json"), meta.to_string()).unwrap();
        }),
    ];
    for (what, damage) in damages {
        damage(builds(folder.path()).last().unwrap());
        let index = Index::open(folder.path(), &db).await.unwrap();
        assert_eq!(found(&index, "沙糖桔修剪"), ["here"], "{what}");
        drop(index);
        assert_eq!(builds(folder.path()).len(), 1, "{what}: the damaged build is cleared away");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn flipped_bytes_are_noticed_and_the_index_is_built_anew() {
    let (folder, db) = town().await;
    for number in 0..40 {
        publish(&db, &format!("l{number}"), &format!("果树修剪第{number}讲")).await;
    }
    for end in ["idx", "term", "store", "fast"] {
        drop(Index::open(folder.path(), &db).await.unwrap());
        let build = builds(folder.path()).pop().unwrap();
        let files = std::fs::read_dir(&build).unwrap().map(|entry| entry.unwrap().path());
        let file = files.into_iter().find(|path| path.extension().is_some_and(|e| e == end)).unwrap();
        let mut bytes = std::fs::read(&file).unwrap();
        let half = bytes.len() / 2;
        bytes.iter_mut().skip(half / 2).take(half).for_each(|byte| *byte ^= 0x5a);
        std::fs::remove_file(&file).unwrap();
        std::fs::write(&file, bytes).unwrap();
        // Opening may already notice; if not, the follower does, and whoever asks meanwhile is told to come again.
        let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
        let Following(task, _stop) = follow(&db, &index);
        let whole = || {
            let answer = index.search(&SearchQuery::of("果树修剪"), &everyone(), NOW.day());
            if let Err(cause) = &answer {
                assert!(matches!(cause, catalog::Error::IndexBusy), "{end}: {cause}");
            }
            !build.exists() && answer.is_ok_and(|answer| answer.total == 40)
        };
        until(end, whole).await;
        task.abort();
        let _ = task.await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_old_index_serves_while_a_new_one_is_built() {
    let (folder, db) = town().await;
    for number in 0..300 {
        publish(&db, &format!("l{number}"), &format!("果树修剪第{number}讲")).await;
    }
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    let rebuilding = {
        let (index, db) = (index.clone(), db.clone());
        tokio::spawn(async move { index.rebuild(&db).await.unwrap() })
    };
    let mut served = 0;
    while !rebuilding.is_finished() {
        let answer = index.search(&SearchQuery::of("果树修剪"), &everyone(), NOW.day()).unwrap();
        assert_eq!(answer.total, 300);
        served += 1;
        tokio::task::yield_now().await;
    }
    assert_eq!(rebuilding.await.unwrap(), 300);
    assert!(served > 0);
    assert_eq!(builds(folder.path()).len(), 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_outbox_is_bounded_and_who_was_away_too_long_builds_anew() {
    let (folder, db) = town().await;
    let old = publish(&db, "old", "沙糖桔修剪").await;
    drop(Index::open(folder.path(), &db).await.unwrap());
    // Changes that nobody applied, older than the outbox reaches back.
    lesson::Entity::update_many()
        .col_expr(lesson::Column::State, LessonState::Withdrawn.into())
        .filter(lesson::Column::Id.eq(old))
        .exec(&db)
        .await
        .unwrap();
    changed(&db, old, NOW).await;
    for number in 0..5 {
        publish(&db, &format!("l{number}"), "红薯储藏").await;
    }
    let later = NOW.plus_ms(8 * 86_400_000);
    assert_eq!(search::trim_outbox(&db, later).await.unwrap(), 6);
    assert_eq!(search::trim_outbox(&db, later).await.unwrap(), 0);
    assert_eq!(outbox::Entity::find().count(&db).await.unwrap(), 1, "the newest stays");
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    assert_eq!(found(&index, "沙糖桔修剪"), ["old"]);
    let Following(task, _stop) = follow(&db, &index);
    until("the withdrawn one is gone", || found(&index, "沙糖桔修剪").is_empty()).await;
    assert_eq!(found(&index, "红薯储藏").len(), 5);
    task.abort();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_lesson_is_shown_to_the_end_of_its_last_day() {
    let (folder, db) = town().await;
    let today = NOW.day();
    row("last-day", "沙糖桔修剪", 1, LessonState::Published, Some(today)).insert(&db).await.unwrap();
    let index = Index::open(folder.path(), &db).await.unwrap();
    let on = |day: Day| index.search(&SearchQuery::of("沙糖桔"), &everyone(), day).unwrap().total;
    assert_eq!((on(today), on(today.succ_opt().unwrap()), on(today)), (1, 0, 1));
}
