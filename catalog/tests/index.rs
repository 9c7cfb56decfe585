//! The index follows the rows: whatever happens to the process or the files, and exactly for who asks.

#![expect(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use catalog::search::{self, Index, SearchQuery};
use catalog::{Viewer, audience};
use entity::{
    Category, CourseId, Day, LessonId, LessonState, Level, Moment, Scope, UnitId, UnitLevel, course, lesson, org_unit,
    outbox,
};
use migrations::{Migrate, Migrator};
use proptest::prelude::*;
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ColumnTrait, ConnectOptions, Database, DatabaseConnection, EntityTrait,
    PaginatorTrait, QueryFilter, TransactionTrait,
};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;
use tokio::task::JoinHandle;

const NOW: Moment = Moment(1_795_000_000_000);

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
    let folder = TempDir::new().unwrap();
    let url = format!("sqlite://{}/test.sqlite?mode=rwc", folder.path().display());
    let db = Database::connect(ConnectOptions::new(url).max_connections(1).to_owned()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    for (id, parent, path) in UNITS {
        let unit = org_unit::ActiveModel {
            id: Set(UnitId(id)),
            parent_id: Set(parent.map(UnitId)),
            code: Set(id.to_string()),
            name: Set(format!("单位{id}")),
            level: Set(UnitLevel::County),
            path: Set(path.to_owned()),
        };
        unit.insert(&db).await.unwrap();
    }
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

fn hostile() -> Vec<String> {
    let mut queries: Vec<String> = vec![
        "桔".repeat(10_000),
        "a".repeat(10_000),
        (0..1_000).map(|n| format!("词{n} ")).collect(),
        "\u{0}\u{1}\u{7f}\u{1b}[31m".into(),
        "😀👩‍👩‍👧‍👦🇨🇳".repeat(20),
        "\u{202e}糖沙\u{202c} \u{200f}مرحبا שלום".into(),
        "\u{200b}\u{200c}\u{200d}\u{feff}\u{2060}".into(),
        "*".repeat(200),
        "(a+)+$ .*.*.*.*[^a]{1000}".into(),
        "?*?*?*沙?*?*糖*".into(),
        "\" OR 1=1 -- title:[* TO *] AND NOT (a~10^99999)".into(),
        "a\u{300}\u{301}\u{302}".repeat(60),
        "ﷺ".repeat(200),
        "ǆ㎏①㋿㍿".repeat(30),
        "zhi".repeat(66),
        "z".repeat(200),
        "啊z".repeat(100),
        "行长重乐".repeat(50),
        "-.-/:+%_#".repeat(22),
        "\u{10ffff}\u{e000}\u{fffd}".into(),
    ];
    queries.push(String::new());
    queries
}

#[tokio::test(flavor = "multi_thread")]
async fn hostile_queries_are_refused_or_answered() {
    let (folder, db) = town().await;
    for number in 0..50 {
        publish(&db, &format!("l{number}"), &format!("重庆银行长乐行走的沙糖桔{number}")).await;
    }
    let index = Index::open(folder.path(), &db).await.unwrap();
    found(&index, "沙糖桔");
    for q in hostile() {
        let shown: String = q.chars().take(12).collect();
        match index.search(&SearchQuery::of(&q), &everyone(), NOW.day()) {
            Ok(_) => {}
            Err(cause) => assert!(matches!(cause, catalog::Error::QueryTooLong), "{shown:?}: {cause}"),
        }
        index.suggest(&q, &everyone(), NOW.day(), 8).unwrap();
    }
}

/// A lesson of the property test: whom it is for, whether it is published, and until when.
type Made = (usize, bool, Option<i64>);

fn viewers() -> Vec<Viewer> {
    let home = |path: &str| Viewer { homes: vec![path.to_owned()], staff: Scope::default() };
    let both = Viewer { homes: vec!["/1/3/6/".into()], staff: Scope::of(["/1/2/".to_owned()]) };
    vec![Viewer::default(), home("/1/2/4/"), home("/1/3/6/"), Viewer::staff_of("/1/2/"), everyone(), both]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn counts_and_pages_are_exactly_what_the_rows_say(
        made in proptest::collection::vec((0usize..6, any::<bool>(), proptest::option::of(-2i64..3)), 1..60),
        size in 1u64..20,
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(agrees_with_sql(&made, size));
    }

    #[test]
    fn no_query_breaks_the_search(q in "\\PC{0,60}", literal in any::<bool>()) {
        static INDEX: std::sync::OnceLock<(TempDir, Index)> = std::sync::OnceLock::new();
        let (_, index) = INDEX.get_or_init(|| tokio::runtime::Runtime::new().unwrap().block_on(async {
            let (folder, db) = town().await;
            publish(&db, "one", "沙糖桔修剪GB7718第15-15-15讲").await;
            let index = Index::open(folder.path(), &db).await.unwrap();
            (folder, index)
        }));
        let query = SearchQuery { literal, ..SearchQuery::of(&q) };
        prop_assert!(index.search(&query, &everyone(), NOW.day()).is_ok());
    }
}

async fn agrees_with_sql(made: &[Made], size: u64) {
    let (folder, db) = town().await;
    let today = NOW.day();
    for (number, (unit, published, days_left)) in made.iter().enumerate() {
        let state = if *published { LessonState::Published } else { LessonState::Draft };
        let until = days_left.map(|days| today + chrono::Duration::days(days));
        let unit = UNITS.get(*unit).unwrap().0;
        row(&format!("l{number}"), "沙糖桔修剪", unit, state, until).insert(&db).await.unwrap();
    }
    let index = Index::open(folder.path(), &db).await.unwrap();
    for viewer in viewers() {
        let rows = lesson::Entity::find().filter(audience::published_for(&viewer, today)).all(&db).await.unwrap();
        let mut expected: Vec<String> = rows.into_iter().map(|row| row.slug).collect();
        expected.sort();
        for q in ["沙糖桔修剪", "stj", ""] {
            let mut seen = Vec::new();
            for page in 1.. {
                let query = SearchQuery { page, size, ..SearchQuery::of(q) };
                let answer = index.search(&query, &viewer, today).unwrap();
                assert_eq!(answer.total, expected.len() as u64, "{q:?} for {viewer:?}");
                let counted: u64 = answer.facets.category.iter().map(|facet| facet.count).sum();
                assert_eq!(counted, answer.total, "{q:?} facets for {viewer:?}");
                if answer.hits.is_empty() {
                    break;
                }
                seen.extend(answer.hits.iter().map(|hit| hit.slug.clone()));
            }
            seen.sort();
            assert_eq!(seen, expected, "{q:?} for {viewer:?}");
        }
    }
}

/// Titles as lessons have them; what people type is made of pieces of them.
const TITLES: [&str; 6] = [
    "沙糖桔树冠盖膜防冻",
    "肉牛舍饲与青贮饲料",
    "村集体经济收益分配",
    "罗汉果人工授粉要点",
    "土地承包合同怎么签",
    "山塘水库汛期巡查",
];

async fn six_titles() -> (TempDir, Index) {
    let (folder, db) = town().await;
    for (number, title) in TITLES.iter().enumerate() {
        publish(&db, &format!("t{number}"), title).await;
    }
    let index = Index::open(folder.path(), &db).await.unwrap();
    (folder, index)
}

/// Each character's usual reading in letters.
fn letters(text: &str) -> Vec<String> {
    use pinyin::ToPinyin;
    text.to_pinyin().map(|reading| reading.unwrap().plain().replace('ü', "v")).collect()
}

fn finds(index: &Index, q: &str, title: &str) -> bool {
    let answer = index.search(&SearchQuery::of(q), &everyone(), NOW.day()).unwrap();
    answer.hits.iter().any(|hit| hit.title == title && !hit.weak)
}

#[tokio::test]
async fn what_is_published_is_found_by_its_pairs_its_pinyin_and_its_initials() {
    let (_folder, index) = six_titles().await;
    for title in TITLES {
        let chars: Vec<char> = title.chars().collect();
        for pair in chars.windows(2) {
            let pair: String = pair.iter().collect();
            assert!(finds(&index, &pair, title), "{pair} in {title}");
        }
        assert!(finds(&index, title, title));
        let spelt = letters(title);
        let initials: String = spelt.iter().filter_map(|syllable| syllable.chars().next()).collect();
        for typed in [spelt.concat(), spelt.join(" "), spelt[..4].concat(), initials[..4].to_owned(), initials] {
            assert!(finds(&index, &typed, title), "{typed} for {title}");
        }
    }
}

/// Words of the trade, of which titles are made up.
const WORDS: &str = "沙糖桔 树冠 盖膜 防冻 肉牛 舍饲 青贮 饲料 村集体 经济 收益 分配 罗汉果 授粉 土地 承包 合同 山塘 水库 汛期 巡查 \
    水稻 育秧 病虫害 电商 打包 调解 党费";

/// What people type for a title: its words, pairs of its characters, its pinyin and its initials, whole and begun.
fn typed_for(title: &str, words: &[&str]) -> Vec<String> {
    let chars: Vec<char> = title.chars().collect();
    let spelt = letters(title);
    let initials: String = spelt.iter().filter_map(|syllable| syllable.chars().next()).collect();
    let mut typed: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
    typed.extend(chars.windows(2).map(|pair| pair.iter().collect()));
    typed.extend([title.to_owned(), spelt.concat(), spelt.join(" "), spelt[..4].concat()]);
    typed.extend([initials[..4].to_owned(), initials]);
    typed
}

async fn found_while_published(titles: &[Vec<&str>]) -> Result<(), TestCaseError> {
    let (folder, db) = town().await;
    let mut lessons = Vec::new();
    for (number, words) in titles.iter().enumerate() {
        let title = words.concat();
        let id = publish(&db, &format!("p{number}"), &title).await;
        lessons.push((id, format!("p{number}"), typed_for(&title, words)));
    }
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    for (_, slug, typed) in &lessons {
        for typed in typed {
            prop_assert!(found(&index, typed).contains(slug), "{typed} of {titles:?}");
        }
    }
    // Every second one is withdrawn: by the follower, and once more by building anew.
    let (gone, _): (Vec<_>, Vec<_>) = lessons.iter().enumerate().partition(|(number, _)| number % 2 == 0);
    for (_, (id, ..)) in &gone {
        let row = lesson::ActiveModel { id: Set(*id), state: Set(LessonState::Withdrawn), ..Default::default() };
        row.update(&db).await.unwrap();
        changed(&db, *id, NOW).await;
    }
    let Following(task, _stop) = follow(&db, &index);
    let left = (lessons.len() - gone.len()) as u64;
    until("withdrawn", || index.len().unwrap() == left).await;
    task.abort();
    let anew = TempDir::new().unwrap();
    let anew = Index::open(anew.path(), &db).await.unwrap();
    for (_, (_, slug, typed)) in &gone {
        for typed in typed {
            let query = SearchQuery { size: 100, ..SearchQuery::of(typed) };
            for index in [&*index, &anew] {
                let answer = index.search(&query, &everyone(), NOW.day()).unwrap();
                prop_assert!(answer.hits.iter().all(|hit| hit.slug != *slug), "{typed} of {titles:?}");
            }
        }
    }
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 16, ..ProptestConfig::default() })]

    #[test]
    fn what_is_published_is_found_by_all_that_is_typed_for_it_and_what_is_withdrawn_never(
        titles in prop::collection::vec(
            prop::collection::vec(prop::sample::select(WORDS.split(' ').collect::<Vec<_>>()), 2..5), 1..7),
    ) {
        tokio::runtime::Runtime::new().unwrap().block_on(found_while_published(&titles))?;
    }
}

#[tokio::test]
async fn no_mixture_of_characters_letters_and_blanks_trips_the_index() {
    let (_folder, index) = six_titles().await;
    let pieces = prop::collection::vec((0..TITLES.len(), 0_usize..8, 1_usize..4, 0_u8..6), 1..8);
    let mut runner = proptest::test_runner::TestRunner::new(ProptestConfig::with_cases(400));
    let outcome = runner.run(&pieces, |pieces| {
        let mut typed = String::new();
        for (title, from, length, way) in pieces {
            let part: String = TITLES[title].chars().skip(from).take(length).collect();
            match way {
                0 => typed += &part,
                1 => typed += &letters(&part).concat(),
                2 => typed.extend(letters(&part).iter().filter_map(|syllable| syllable.chars().next())),
                3 => typed += &letters(&part).join("'"),
                4 => typed += &format!("{part}吗"),
                _ => typed += &format!(" {part} "),
            }
        }
        prop_assert!(index.search(&SearchQuery::of(&typed), &everyone(), NOW.day()).is_ok(), "{typed}");
        Ok(())
    });
    outcome.unwrap();
    assert!(index.search(&SearchQuery::of("shatangju树guan吗"), &everyone(), NOW.day()).is_ok());
}

#[tokio::test]
async fn typed_letters_are_never_read_as_words_of_a_lesson_the_caller_may_not_see() {
    let (folder, db) = town().await;
    publish(&db, "open", "沙糖桔修剪").await;
    let hidden = row("hidden", "蟠龙屯征地补偿", 3, LessonState::Published, None);
    let hidden = lesson::ActiveModel { lecturer: Set("麻琼瑶".into()), ..hidden };
    hidden.insert(&db).await.unwrap();
    let index = Index::open(folder.path(), &db).await.unwrap();
    let neighbour = Viewer { homes: vec!["/1/2/4/".into()], staff: Scope::default() };
    for typed in ["pltzdbc", "panlongtun", "maqiongyao"] {
        let theirs = index.search(&SearchQuery::of(typed), &everyone(), NOW.day()).unwrap();
        assert!(theirs.read_as.is_some() && theirs.total == 1, "{typed}");
        let answer = index.search(&SearchQuery::of(typed), &neighbour, NOW.day()).unwrap();
        assert_eq!((answer.read_as.as_deref(), answer.hits.len()), (None, 0), "{typed}");
    }
}

#[tokio::test]
async fn synonyms_that_cannot_be_read_stop_nothing_and_those_read_last_stay() {
    let (folder, db) = town().await;
    publish(&db, "here", "神仙果栽培").await;
    let index = Arc::new(Index::open(folder.path(), &db).await.unwrap());
    let (_stop, stopped) = watch::channel(false);
    let following = tokio::spawn(search::follow(db.clone(), index.clone(), stopped));
    let file = folder.path().join("synonyms.txt");
    let soon = async |q: &str, wanted: bool| {
        for _ in 0..100 {
            if finds(&index, q, "神仙果栽培") == wanted {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        panic!("{q} is never found: {wanted}");
    };
    // As the editor of an old Windows writes it.
    std::fs::write(&file, [0xc2, 0xde, 0xba, 0xba, 0xb9, 0xfb, b',', 0xc9, 0xf1, 0xcf, 0xc9, 0xb9, 0xfb, b'\n'])
        .unwrap();
    soon("罗汉果", true).await;
    std::fs::remove_file(&file).unwrap();
    let id = publish(&db, "later", "山塘清淤").await;
    for _ in 0..100 {
        if finds(&index, "山塘", "山塘清淤") {
            break;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    assert!(finds(&index, "山塘", "山塘清淤") && finds(&index, "罗汉果", "神仙果栽培"), "{id:?}");
    std::fs::write(&file, "别的,其他\n").unwrap();
    soon("罗汉果", false).await;
    following.abort();
}

#[tokio::test]
async fn season_use_and_newness_part_near_ties_and_never_what_matches_better() {
    let (folder, db) = town().await;
    let old = Day::from_ymd_opt(2019, 1, 1).unwrap();
    let favoured = |row: lesson::ActiveModel| lesson::ActiveModel {
        season: Set(Some("11月".into())),
        plays: Set(50_000),
        published_on: Set(Some(NOW.day())),
        ..row
    };
    let plain = |row: lesson::ActiveModel| lesson::ActiveModel { published_on: Set(Some(old)), plays: Set(0), ..row };
    let named = |slug, title| row(slug, title, 1, LessonState::Published, None);
    let mentioned = lesson::ActiveModel {
        body: Set("顺便说一句木薯储藏。".into()),
        ..named("mentioned", "冬季培训安排")
    };
    for row in [plain(named("plain", "木薯储藏")), favoured(named("favoured", "木薯储藏")), favoured(mentioned)]
    {
        row.insert(&db).await.unwrap();
    }
    let index = Index::open(folder.path(), &db).await.unwrap();
    let answer = index.search(&SearchQuery::of("木薯储藏"), &everyone(), NOW.day()).unwrap();
    let order: Vec<&str> = answer.hits.iter().map(|hit| hit.slug.as_str()).collect();
    assert_eq!(order, ["favoured", "plain", "mentioned"]);
    assert!(answer.hits[0].in_season && !answer.hits[1].in_season);
}
