//! The search over a few lessons: what is found, in which order, how it is shown; and that it follows the database.

use crate::shelf::{LESSONS, REVIEWER, county_course, planned, published, villager};
use crate::town::{NOW, city};
use catalog::search::{self, Index, SearchQuery, Sort};
use catalog::{Error, Viewer, import, lesson};
use entity::Category;
use sea_orm::DatabaseConnection;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tempfile::TempDir;
use tokio::sync::watch;

pub fn found(index: &Index, q: &str, viewer: &Viewer) -> Vec<String> {
    let answer = index.search(&SearchQuery::of(q), viewer, NOW.day()).unwrap();
    answer.hits.iter().map(|hit| hit.title.clone()).collect()
}

pub async fn with_lessons() -> (TempDir, DatabaseConnection, Index) {
    let (folder, db) = city().await;
    let plan = planned(&db, LESSONS).await.unwrap();
    assert_eq!((plan.adds.len(), plan.bad.len()), (3, 0), "{plan}");
    import::apply(&db, &plan, None, NOW).await.unwrap();
    let index = Index::open(folder.path(), &db).await.unwrap();
    (folder, db, index)
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
    let on_page = |page: u64| index.search(&SearchQuery { page, ..SearchQuery::of("红薯") }, &villager(), NOW.day());
    assert!(on_page(1_000_000).unwrap().hits.is_empty());
    assert!(matches!(on_page(1_000_001), Err(Error::PageOutOfRange)));
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
