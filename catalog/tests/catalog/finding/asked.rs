//! What was searched for, counted by county.

use super::stock::stocked;
use crate::town::{NOW, city};
use catalog::Viewer;
use catalog::asked::{Asked, Order, WantedFilter, drop_older, hot_words, wanted};
use catalog::search::{Index, SuggestionKind};
use entity::{Day, Scope, SearchTier, UnitId, search_count};
use sea_orm::{EntityTrait, PaginatorTrait};

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

#[tokio::test]
async fn searches_are_counted_by_county_and_meaning_and_read_within_reach_only() {
    let (_folder, db) = city().await;
    let asked = Asked::default();
    let today = day("2026-11-24");
    for (asker, query, unit) in
        [(1, "火龙果", 4), (2, "huolongguo", 4), (3, "火龙果", 2), (4, "火龙果", 3), (5, "百香果", 4)]
    {
        assert!(asked.note(query, SearchTier::None, UnitId(unit), asker, today));
    }
    assert!(!asked.note("13807731234", SearchTier::None, UnitId(4), 9, today), "a telephone number");
    assert_eq!(asked.write(&db).await.unwrap(), 3);
    assert!(asked.note("火龙 果", SearchTier::Weak, UnitId(4), 6, today));
    assert!(asked.note("火龍果", SearchTier::None, UnitId(4), 7, today));
    assert_eq!(asked.write(&db).await.unwrap(), 2);
    assert_eq!(search_count::Entity::find().count(&db).await.unwrap(), 4);
    let filter = WantedFilter { tiers: vec![SearchTier::None, SearchTier::Weak], ..WantedFilter::default() };
    let of = |path: &str| Scope::of([path.to_owned()]);
    let county = wanted(&db, &of("/1/2/"), &filter, 1, 20).await.unwrap();
    let line = |row: &catalog::asked::Wanted| (row.query.clone(), row.asked, row.unanswered, row.counties);
    assert_eq!(
        county.items.iter().map(line).collect::<Vec<_>>(),
        [("火龙果".into(), 5, 4, 1), ("百香果".into(), 1, 1, 1)]
    );
    let city = wanted(&db, &of("/1/"), &filter, 1, 1).await.unwrap();
    assert_eq!((city.total, line(&city.items[0])), (2, ("火龙果".to_owned(), 6, 5, 2)));
    assert!(wanted(&db, &of("/1/2/4/"), &filter, 1, 20).await.unwrap().items.is_empty(), "a village reads no county");
    assert!(wanted(&db, &Scope::default(), &filter, 1, 20).await.unwrap().items.is_empty());
    let later = WantedFilter { from: Some(day("2026-11-25")), order: Order::Latest, ..filter };
    assert_eq!(wanted(&db, &of("/1/"), &later, 1, 20).await.unwrap().total, 0);
}

#[tokio::test]
async fn what_many_find_is_hot_in_its_county_and_above_and_forgotten_after_two_years() {
    let (folder, db) = stocked(10).await;
    let (asked, today) = (Asked::default(), day("2026-11-24"));
    for asker in 0..4 {
        asked.note("沙糖桔", SearchTier::Full, UnitId(4), asker, today);
    }
    asked.note("罗汉果", SearchTier::Full, UnitId(4), 9, today);
    asked.note("火龙果", SearchTier::None, UnitId(3), 9, today);
    asked.write(&db).await.unwrap();
    asked.hot.read(&db, today).await.unwrap();
    assert_eq!(*asked.hot.of("/1/2/4/"), ["沙糖桔"]);
    assert_eq!(*asked.hot.of("/1/"), ["沙糖桔"]);
    assert_eq!(hot_words(&db, &Scope::of(["/1/3/".to_owned()]), today).await.unwrap(), []);
    let index = Index::open(folder.path(), &db).await.unwrap();
    let hot = index.suggest_among("st", &Viewer::default(), NOW.day(), 8, &asked.hot.of("/1/2/4/")).unwrap();
    assert_eq!(
        (hot[0].text.as_str(), hot[0].kind, hot[0].html.as_str()),
        ("沙糖桔", SuggestionKind::Hot, "<mark>沙糖</mark>桔")
    );
    assert_eq!(drop_older(&db, day("2028-11-20")).await.unwrap(), 0);
    assert_eq!(drop_older(&db, day("2028-12-24")).await.unwrap(), 3);
}
