//! Lessons from draft to shelf, import, and the search that follows them, on SQLite or, when
//! `TEST_POSTGRES` names a server, on PostgreSQL.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use catalog::course::{self, NewCourse};
use catalog::import::{self, Files, Manifest, Plan, Terms};
use catalog::lesson::{self, LessonFilter, LessonPatch, NewLesson};
use catalog::search::{self, Index, SearchQuery, Sort};
use catalog::{Error, Viewer};
use entity::{AccountId, Category, Day, LessonState, Moment, Scope, UnitId, UnitLevel, audit, org_unit, outbox};
use migrations::{Migrate, Migrator};
use sea_orm::{
    ActiveModelTrait, ActiveValue::Set, ConnectOptions, ConnectionTrait, Database, DatabaseConnection, EntityTrait,
    PaginatorTrait,
};
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;

const NOW: Moment = Moment(1_795_000_000_000);
const AUTHOR: Option<AccountId> = Some(AccountId(1));
const REVIEWER: Option<AccountId> = Some(AccountId(2));

/// A city with two counties, of which the first has a village.
async fn city() -> (TempDir, DatabaseConnection) {
    let folder = TempDir::new().unwrap();
    let (url, connections) = match std::env::var("TEST_POSTGRES") {
        Ok(server) => (new_postgres(&server, &folder).await, 4),
        Err(_) => (format!("sqlite://{}/test.sqlite?mode=rwc", folder.path().display()), 1),
    };
    let db = Database::connect(ConnectOptions::new(url).max_connections(connections).to_owned()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    for (id, parent, path) in [(1, None, "/1/"), (2, Some(1), "/1/2/"), (3, Some(1), "/1/3/"), (4, Some(2), "/1/2/4/")]
    {
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
    (folder, db)
}

async fn new_postgres(server: &str, folder: &TempDir) -> String {
    let unique = folder.path().file_name().unwrap().to_string_lossy().replace('.', "").to_lowercase();
    let name = format!("catalog_{}_{unique}", std::process::id());
    let admin = Database::connect(server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

async fn county_course(db: &DatabaseConnection) -> entity::course::Model {
    let new = NewCourse {
        slug: None,
        title: "果树栽培".into(),
        summary: String::new(),
        category: Category::Agriculture,
        unit_id: UnitId(2),
        audience_unit_id: None,
    };
    course::create(db, new, AUTHOR, NOW).await.unwrap()
}

async fn published(db: &DatabaseConnection, course: &entity::course::Model, title: &str) -> entity::lesson::Model {
    let made = lesson::create(db, NewLesson::titled(course.id, title), AUTHOR, NOW).await.unwrap();
    lesson::submit(db, made.id, AUTHOR, NOW).await.unwrap();
    lesson::publish(db, made.id, REVIEWER, NOW).await.unwrap()
}

fn villager() -> Viewer {
    Viewer { homes: vec!["/1/2/4/".into()], staff: Scope::default() }
}

fn found(index: &Index, q: &str, viewer: &Viewer) -> Vec<String> {
    let answer = index.search(&SearchQuery::of(q), viewer, NOW.day()).unwrap();
    answer.hits.iter().map(|hit| hit.title.clone()).collect()
}

const LESSONS: &str = concat!(
    r#"{"id":"hongshu","title":"红薯安全贮藏与黑斑病预防","summary":"愈伤与窖温控制,防烂防冻。","category":"agriculture","tags":["红薯","贮藏"],"lecturer":"覃小明","level":"入门","language":"普通话","duration_s":600,"published":"2024-10-08","plays":30,"transcript":"霜降前要入窖。窖里温度不能低于十度,湿度太高就会发霉。甘薯长喙壳菌喜欢湿热。"}"#,
    "\n",
    r#"{"id":"juzi","title":"沙糖桔黄龙病识别","summary":"木虱与病树。","category":"agriculture","tags":["沙糖桔","黄龙病"],"lecturer":"韦国强","level":"进阶","language":"桂柳话","duration_s":900,"published":"2023-04-12","plays":900,"transcript":"先看叶子,斑驳黄化左右不对称。"}"#,
    "\n",
    r#"{"id":"jiufen","title":"宅基地纠纷调解","summary":"翻老契,问老人。","category":"dispute","tags":["宅基地","调解"],"lecturer":"覃小明","level":"入门","language":"普通话","duration_s":1200,"published":"2022-01-02","plays":5,"transcript":"一亩二分地,15-15-15的界桩。"}"#,
    "\n",
);

/// What importing these lines for the city would do.
async fn planned(db: &DatabaseConnection, lines: &str) -> catalog::Result<Plan> {
    import::plan(db, &Manifest::of_jsonl(lines), &Files::default(), UnitId(1), &Terms::Operator, NOW).await
}

async fn with_lessons() -> (TempDir, DatabaseConnection, Index) {
    let (folder, db) = city().await;
    let plan = planned(&db, LESSONS).await.unwrap();
    assert_eq!((plan.adds.len(), plan.bad.len()), (3, 0), "{plan}");
    import::apply(&db, &plan, None, NOW).await.unwrap();
    let index = Index::open(folder.path(), &db).await.unwrap();
    (folder, db, index)
}

#[tokio::test]
async fn a_lesson_goes_from_draft_to_shelf_and_off_it() {
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let made = lesson::create(&db, NewLesson::titled(course.id, "沙糖桔修剪"), AUTHOR, NOW).await.unwrap();
    assert_eq!((made.state, made.slug.as_str(), made.position), (LessonState::Draft, "shatangjuxiujian", 1));
    let early = lesson::publish(&db, made.id, REVIEWER, NOW).await;
    assert!(matches!(early, Err(Error::WrongState { state: LessonState::Draft })));
    lesson::submit(&db, made.id, AUTHOR, NOW).await.unwrap();
    assert!(matches!(lesson::publish(&db, made.id, AUTHOR, NOW).await, Err(Error::OwnLesson)));
    let back = lesson::send_back(&db, made.id, "讲清用药量", REVIEWER, NOW).await.unwrap();
    assert_eq!((back.state, back.return_reason.as_deref()), (LessonState::Draft, Some("讲清用药量")));
    lesson::submit(&db, made.id, AUTHOR, NOW).await.unwrap();
    let out = lesson::publish(&db, made.id, REVIEWER, NOW).await.unwrap();
    assert_eq!((out.state, out.published_on), (LessonState::Published, Some(NOW.day())));
    let off = lesson::withdraw(&db, made.id, "有误", REVIEWER, NOW).await.unwrap();
    assert_eq!(off.state, LessonState::Withdrawn);
    lesson::submit(&db, made.id, AUTHOR, NOW).await.unwrap();
    let again = lesson::publish(&db, made.id, REVIEWER, NOW.plus_ms(9 * 86_400_000)).await.unwrap();
    assert_eq!(again.published_on, Some(NOW.day()), "the first day stays");
    assert_eq!(audit::Entity::find().count(&db).await.unwrap(), 9);
    assert_eq!(outbox::Entity::find().count(&db).await.unwrap(), 8);
}

#[tokio::test]
async fn who_comes_second_is_told_so() {
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let made = lesson::create(&db, NewLesson::titled(course.id, "修剪"), AUTHOR, NOW).await.unwrap();
    let patch = || LessonPatch { summary: Some("新".into()), ..LessonPatch::default() };
    lesson::update(&db, made.id, patch(), made.version, AUTHOR, NOW).await.unwrap();
    let second = lesson::update(&db, made.id, patch(), made.version, AUTHOR, NOW).await;
    assert!(matches!(second, Err(Error::Stale { current: 2 })));
    let taken = NewLesson { slug: Some(made.slug.clone()), ..NewLesson::titled(course.id, "别的") };
    assert!(matches!(lesson::create(&db, taken, AUTHOR, NOW).await, Err(Error::SlugTaken(_))));
    let same_title = lesson::create(&db, NewLesson::titled(course.id, "修剪"), AUTHOR, NOW).await.unwrap();
    assert_eq!((same_title.slug.as_str(), same_title.position), ("xiujian-2", 2));
    assert!(matches!(course::delete(&db, course.id, 1, AUTHOR, NOW).await, Err(Error::CourseNotEmpty(2))));
}

#[tokio::test]
async fn viewers_see_what_is_for_them_by_list_search_and_id_alike() {
    let (folder, db) = city().await;
    let course = county_course(&db).await;
    let shown = published(&db, &course, "沙糖桔修剪").await;
    let draft = lesson::create(&db, NewLesson::titled(course.id, "沙糖桔施肥"), AUTHOR, NOW).await.unwrap();
    let old = NewLesson {
        valid_until: Some(Day::from_ymd_opt(2020, 1, 1).unwrap()),
        ..NewLesson::titled(course.id, "沙糖桔旧闻")
    };
    let old = lesson::create(&db, old, AUTHOR, NOW).await.unwrap();
    lesson::submit(&db, old.id, AUTHOR, NOW).await.unwrap();
    lesson::publish(&db, old.id, REVIEWER, NOW).await.unwrap();
    let index = Index::open(folder.path(), &db).await.unwrap();
    let elsewhere = Viewer { homes: vec!["/1/3/".into()], staff: Scope::default() };
    for (viewer, sees) in [
        (villager(), true),
        (Viewer::staff_of("/1/"), true),
        (Viewer::staff_of("/1/2/4/"), true),
        (elsewhere, false),
        (Viewer::default(), false),
    ] {
        let listed = lesson::list(&db, &viewer, &LessonFilter::default(), NOW.day(), 1, 20).await.unwrap();
        assert_eq!(listed.total, u64::from(sees), "{viewer:?}");
        assert_eq!(found(&index, "沙糖桔", &viewer).len(), usize::from(sees), "{viewer:?}");
        assert_eq!(lesson::visible(&db, &viewer, shown.id, NOW.day()).await.is_ok(), sees, "{viewer:?}");
        let courses = course::list(&db, &viewer, course::CourseFilter::default(), NOW.day(), 1, 20).await.unwrap();
        assert_eq!(courses.total, u64::from(sees), "{viewer:?}");
    }
    assert!(lesson::visible(&db, &villager(), draft.id, NOW.day()).await.is_err());
    assert!(lesson::visible(&db, &Viewer::staff_of("/1/2/"), draft.id, NOW.day()).await.is_ok());
    assert_eq!(course::outline(&db, &villager(), course.id, NOW.day()).await.unwrap().len(), 1);
}

#[tokio::test]
async fn importing_the_same_file_twice_changes_nothing() {
    let (_folder, db, _index) = with_lessons().await;
    let plan = planned(&db, LESSONS).await.unwrap();
    assert_eq!((plan.adds.len(), plan.changes.len(), plan.unchanged), (0, 0, 3), "{plan}");
    let changed = LESSONS.replace("木虱与病树", "木虱、病树");
    let plan = planned(&db, &changed).await.unwrap();
    assert_eq!(plan.changes[0].fields[0].to_string(), "简介：木虱与病树。 → 木虱、病树。");
    import::apply(&db, &plan, None, NOW).await.unwrap();
    let row = lesson::find(&db, "juzi").await.unwrap();
    assert_eq!((row.summary.as_str(), row.version, row.plays), ("木虱、病树。", 2, 900));
    assert_eq!(row.duration_ms, 900_000);
    assert_eq!(lesson::find(&db, "hongshu").await.unwrap().season.as_deref(), Some("霜降"));
}

#[tokio::test]
async fn bad_rows_are_named_by_line_and_nothing_is_taken() {
    let (_folder, db) = city().await;
    let lines = [
        r#"{"id":"a","title":"好","category":"law"}"#,
        "not json",
        r#"{"id":"b","title":"","category":"law"}"#,
        r#"{"id":"c","title":"题","category":"astronomy"}"#,
        r#"{"id":"a","title":"重","category":"law"}"#,
        r#"{"id":"d","title":"题","category":"law","level":"飞行"}"#,
        r#"{"id":"e","title":"题","category":"law","media":"没有.mp4"}"#,
        r#"{"id":"f","title":"题","category":"law","published":"2999-01-01"}"#,
        r#"{"id":"g","title":7,"category":"law"}"#,
    ];
    let plan = planned(&db, &lines.join("\n")).await.unwrap();
    let bad: Vec<usize> = plan.bad.iter().map(|row| row.line).collect();
    assert_eq!(bad, [2, 3, 4, 5, 6, 7, 8, 9], "{plan}");
    assert!(matches!(import::apply(&db, &plan, None, NOW).await, Err(Error::BadRows(8))));
    assert_eq!(entity::lesson::Entity::find().count(&db).await.unwrap(), 0);
}

#[tokio::test]
async fn lessons_are_found_the_way_villages_ask() {
    let (_folder, _db, index) = with_lessons().await;
    let first = |q: &str| found(&index, q, &villager()).first().cloned().unwrap_or_default();
    for q in [
        "番薯怎么存放",
        "地瓜",
        "hongshu",
        "hsaqzc",
        "紅薯貯藏",
        "红署",
        "甘薯长喙壳菌",
        "hong薯",
        "红薯安全贮藏与黑斑病预防",
    ] {
        assert_eq!(first(q), "红薯安全贮藏与黑斑病预防", "{q}");
    }
    for q in ["砂糖橘", "stj", "shatangju", "沙塘桔黄笼病", "韦国强", "沙糖"] {
        assert_eq!(first(q), "沙糖桔黄龙病识别", "{q}");
    }
    assert_eq!(first("15-15-15"), "宅基地纠纷调解");
    let read_as = |q: &str| index.search(&SearchQuery::of(q), &villager(), NOW.day()).unwrap().read_as.clone();
    assert_eq!(read_as("shatangju").as_deref(), Some("沙糖桔"));
    assert_eq!(read_as("黄笼病").as_deref(), Some("黄龙病"));
    assert_eq!(read_as("黄龙病"), None);
    let literal = SearchQuery { literal: true, ..SearchQuery::of("shatangju") };
    assert_eq!(index.search(&literal, &villager(), NOW.day()).unwrap().total, 0);
    let nonsense = index.search(&SearchQuery::of("比特币地图"), &villager(), NOW.day()).unwrap();
    assert!(nonsense.hits.iter().all(|hit| hit.weak));
}

#[tokio::test]
async fn a_hit_shows_why_and_where() {
    let (_folder, _db, index) = with_lessons().await;
    let answer = index.search(&SearchQuery::of("发霉"), &villager(), NOW.day()).unwrap();
    let hit = &answer.hits[0];
    assert!(hit.snippet.contains("<mark>发霉</mark>"), "{}", hit.snippet);
    assert_eq!(hit.match_at_ms, None, "an article is not played");
    let tagged = index.search(&SearchQuery::of("黃龍病木虱"), &villager(), NOW.day()).unwrap();
    assert_eq!(tagged.hits[0].title_html, "沙糖桔<mark>黄龙病</mark>识别");
    assert_eq!((tagged.hits[0].snippet.as_str(), tagged.hits[0].match_at_ms), ("<mark>木虱</mark>与病树。", None));
    for (q, title) in [("病？", "沙糖桔黄龙<mark>病</mark>识别"), ("龙 病", "沙糖桔黄<mark>龙病</mark>识别")]
    {
        let answer = index.search(&SearchQuery::of(q), &villager(), NOW.day()).unwrap();
        assert!(answer.hits.iter().any(|hit| hit.title_html == title), "{q}: {:?}", answer.hits);
    }
}

#[tokio::test]
async fn facets_leave_out_their_own_filter_and_orders_hold() {
    let (_folder, _db, index) = with_lessons().await;
    let query = SearchQuery { category: vec![Category::Mediation], ..SearchQuery::of("") };
    let answer = index.search(&query, &villager(), NOW.day()).unwrap();
    assert_eq!(answer.total, 1);
    let count = |facets: &[search::FacetCount]| facets.iter().map(|facet| facet.count).sum::<u64>();
    assert_eq!((count(&answer.facets.category), count(&answer.facets.language)), (3, 1));
    let sorted = |sort| {
        let query = SearchQuery { sort, ..SearchQuery::of("") };
        let hits = index.search(&query, &villager(), NOW.day()).unwrap().hits.clone();
        hits.into_iter().map(|hit| hit.slug).collect::<Vec<_>>()
    };
    assert_eq!(sorted(Sort::Newest), ["hongshu", "juzi", "jiufen"]);
    assert_eq!(sorted(Sort::Plays), ["juzi", "hongshu", "jiufen"]);
    assert_eq!(sorted(Sort::Shortest), ["hongshu", "juzi", "jiufen"]);
}

#[tokio::test]
async fn suggestions_come_by_han_pinyin_and_initials() {
    let (_folder, _db, index) = with_lessons().await;
    let first = |q: &str| {
        let suggestions = index.suggest(q, &villager(), NOW.day(), 8).unwrap();
        suggestions.first().map(|s| s.text.clone()).unwrap_or_default()
    };
    for (typed, offered) in
        [("沙", "沙糖桔"), ("hlb", "黄龙病"), ("zhaij", "宅基地"), ("weiguo", "韦国强"), ("砂糖", "沙糖桔")]
    {
        assert_eq!(first(typed), offered, "{typed}");
    }
    assert!(index.suggest("沙", &Viewer::default(), NOW.day(), 8).unwrap().is_empty());
    assert!(index.suggest("", &villager(), NOW.day(), 8).unwrap().is_empty());
}

#[tokio::test]
async fn hostile_queries_are_answered_or_refused_quickly() {
    let (_folder, _db, index) = with_lessons().await;
    let long = "长".repeat(201);
    assert!(matches!(index.search(&SearchQuery::of(&long), &villager(), NOW.day()), Err(Error::QueryTooLong)));
    for q in [
        "\u{0}\u{7}",
        "🍠🍠",
        "\u{202e}abc",
        "((((.*)+)+)$",
        "' OR 1=1 --",
        &"a ".repeat(100),
        &"a".repeat(200),
        "+++",
        "%",
    ] {
        index.search(&SearchQuery::of(q), &villager(), NOW.day()).unwrap();
        index.suggest(q, &villager(), NOW.day(), 8).unwrap();
    }
    let far = SearchQuery { page: 50_000, ..SearchQuery::of("红薯") };
    assert!(matches!(index.search(&far, &villager(), NOW.day()), Err(Error::PageOutOfRange)));
}

#[tokio::test(flavor = "multi_thread")]
async fn the_index_follows_the_database() {
    let (folder, db, index) = with_lessons().await;
    let index = Arc::new(index);
    let (stop, stopped) = watch::channel(false);
    let following = tokio::spawn(search::follow(db.clone(), index.clone(), stopped));
    let course = county_course(&db).await;
    let shown = published(&db, &course, "罗汉果点花").await;
    until(|| !found(&index, "罗汉果", &villager()).is_empty()).await;
    lesson::withdraw(&db, shown.id, "有误", REVIEWER, NOW).await.unwrap();
    until(|| found(&index, "罗汉果", &villager()).is_empty()).await;
    assert_eq!(index.rebuild(&db).await.unwrap(), 3);
    let second = published(&db, &course, "罗汉果套袋").await;
    until(|| !found(&index, "罗汉果", &villager()).is_empty()).await;
    std::fs::write(folder.path().join("synonyms.txt"), "罗汉果,神仙果\n").unwrap();
    until(|| found(&index, "神仙果", &villager()) == [second.title.clone()]).await;
    stop.send(true).unwrap();
    following.await.unwrap();
}

async fn until(holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < Duration::from_secs(60), "did not follow");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_missing_or_broken_index_is_built_anew() {
    let (folder, db, index) = with_lessons().await;
    drop(index);
    let build = || std::fs::read_dir(folder.path().join("index")).unwrap().next().unwrap().unwrap().path();
    let first = build();
    let reopened = Index::open(folder.path(), &db).await.unwrap();
    assert_eq!((build(), reopened.len().unwrap()), (first.clone(), 3));
    drop(reopened);
    std::fs::write(first.join("meta.json"), b"{").unwrap();
    let rebuilt = Index::open(folder.path(), &db).await.unwrap();
    assert_ne!(build(), first);
    assert_eq!(rebuilt.len().unwrap(), 3);
    drop(rebuilt);
    std::fs::remove_dir_all(folder.path().join("index")).unwrap();
    assert_eq!(Index::open(folder.path(), &db).await.unwrap().len().unwrap(), 3);
}

fn question(text: &str, right: usize) -> catalog::quiz::Question {
    let choices = ["剪枝", "喷药", "施肥"].map(str::to_owned);
    catalog::quiz::Question::parse(entity::QuestionKind::Single, text, &choices, &[right], "先剪后喷").unwrap()
}

#[tokio::test]
async fn a_quiz_changes_with_its_lesson_and_the_same_twice_changes_nothing() {
    use catalog::quiz::{Quiz, of_lesson, put};
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let made = lesson::create(&db, NewLesson::titled(course.id, "清园"), AUTHOR, NOW).await.unwrap();
    let quiz = Quiz {
        required: true,
        questions: vec![(None, question("先做什么", 0)), (None, question("后做什么", 1))],
    };
    let v2 = put(&db, made.id, quiz, made.version, AUTHOR, NOW).await.unwrap();
    assert_eq!((v2.version, v2.quiz_required), (made.version + 1, true));
    let rows = of_lesson(&db, made.id).await.unwrap();
    assert_eq!(
        rows.iter().map(|row| (row.position, row.read_answer())).collect::<Vec<_>>(),
        [(1, vec![0]), (2, vec![1])]
    );
    let kept = Quiz::of(&db, &v2).await.unwrap();
    let noted = audit::Entity::find().count(&db).await.unwrap();
    assert_eq!(put(&db, made.id, kept.clone(), v2.version, AUTHOR, NOW).await.unwrap(), v2);
    assert_eq!(audit::Entity::find().count(&db).await.unwrap(), noted);
    let stale = put(&db, made.id, Quiz { required: false, ..kept.clone() }, made.version, AUTHOR, NOW).await;
    assert!(matches!(stale, Err(Error::Stale { current: 2 })));
    let empty = put(&db, made.id, Quiz { required: true, questions: vec![] }, 2, AUTHOR, NOW).await;
    assert!(matches!(empty, Err(Error::Invalid { field: "required", .. })));
    let mut twice = kept.clone();
    twice.questions.push((None, question("先做什么", 2)));
    assert!(matches!(put(&db, made.id, twice, 2, AUTHOR, NOW).await, Err(Error::Invalid { field: "text", .. })));
    let mut turned = kept;
    turned.questions.reverse();
    let v3 = put(&db, made.id, turned, 2, AUTHOR, NOW).await.unwrap();
    let after = of_lesson(&db, made.id).await.unwrap();
    assert_eq!(after.iter().map(|row| row.id).collect::<Vec<_>>(), [rows[1].id, rows[0].id], "a question keeps its id");
    lesson::delete(&db, made.id, v3.version, AUTHOR, NOW).await.unwrap();
    assert_eq!(entity::question::Entity::find().count(&db).await.unwrap(), 0);
}

#[tokio::test]
async fn of_a_published_lesson_a_key_is_mended_and_the_switch_stays() {
    use catalog::quiz::{Quiz, put};
    let (_folder, db) = city().await;
    let course = county_course(&db).await;
    let out = published(&db, &course, "清园").await;
    let quiz = |required, right| Quiz { required, questions: vec![(None, question("先做什么", right))] };
    let v = put(&db, out.id, quiz(false, 1), out.version, AUTHOR, NOW).await.unwrap().version;
    assert!(matches!(
        put(&db, out.id, quiz(true, 0), v, AUTHOR, NOW).await,
        Err(Error::WrongState { state: LessonState::Published })
    ));
    let mended = put(&db, out.id, quiz(false, 0), v, AUTHOR, NOW).await.unwrap();
    let withdrawn = lesson::withdraw(&db, out.id, "要加测验", REVIEWER, NOW).await.unwrap();
    let asked = put(&db, out.id, quiz(true, 0), withdrawn.version, AUTHOR, NOW).await.unwrap();
    assert!(asked.quiz_required && asked.version > mended.version);
    let review = lesson::submit(&db, out.id, AUTHOR, NOW).await.unwrap();
    assert!(matches!(
        put(&db, out.id, quiz(true, 1), review.version, AUTHOR, NOW).await,
        Err(Error::WrongState { state: LessonState::Review })
    ));
}
