//! What the index answers: as the rows say, to whoever asks, whatever is typed.

use super::{UNITS, everyone, found, publish, row, town};
use crate::town::NOW;
use catalog::search::{Index, SearchQuery};
use catalog::{Viewer, audience};
use entity::{Day, LessonState, Scope, lesson};
use proptest::prelude::*;
use sea_orm::{ActiveModelTrait, ActiveValue::Set, EntityTrait, QueryFilter};
use tempfile::TempDir;

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
