//! Facets, pages and counts of searches against brute force.

use crate::shelf::villager;
use crate::town::NOW;
use catalog::search::{Cursor, FacetCount, Hit, Index, LengthBand, SearchQuery, SizeBand, Sort, SuggestionKind};
use catalog::{Error, Viewer};
use entity::{Category, LessonId, LessonState, Level, lesson, voice};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, DatabaseConnection, EntityTrait, IntoActiveModel,
};
use std::collections::{BTreeMap, BTreeSet};

mod asked;
mod stock;

use stock::{Dice, stocked};

/// Every hit, page after page.
fn all(index: &Index, query: &SearchQuery, viewer: &Viewer) -> Vec<Hit> {
    let (mut query, mut hits) = (SearchQuery { size: 33, ..query.clone() }, Vec::new());
    loop {
        let answer = index.search(&query, viewer, NOW.day()).unwrap();
        hits.extend(answer.hits.clone());
        let Some(cursor) = answer.next_cursor.clone() else { return hits };
        query.cursor = Some(Cursor::parse(&cursor).unwrap());
    }
}

/// The values of a hit: category, crop, level, language, length, captions, size band.
fn values(hit: &Hit) -> [Option<String>; 7] {
    [
        Some(hit.category.as_str().to_owned()),
        hit.crop.clone(),
        Some(hit.level.as_str().to_owned()),
        Some(hit.language.clone()),
        Some(LengthBand::of(hit.duration_ms).as_str().to_owned()),
        Some(hit.captions.to_string()),
        Some(SizeBand::of(hit.smallest_bytes).as_str().to_owned()),
    ]
}

/// The values wanted of each facet; all when empty.
type Wanted = [Vec<String>; 7];

fn narrowed(q: &str, wanted: &Wanted) -> SearchQuery {
    let [category, crop, level, language, length, captions, size] = wanted;
    SearchQuery {
        category: category.iter().filter_map(|word| Category::parse(word)).collect(),
        crop: crop.clone(),
        level: level.iter().filter_map(|word| Level::parse(word)).collect(),
        language: language.clone(),
        length: length.iter().filter_map(|word| LengthBand::parse(word)).collect(),
        captions: captions.first().map(|word| word == "true"),
        size_band: size.iter().filter_map(|word| SizeBand::parse(word)).collect(),
        ..SearchQuery::of(q)
    }
}

fn passes(hit: &Hit, wanted: &Wanted, but: Option<usize>) -> bool {
    let values = values(hit);
    (0..7).all(|facet| {
        Some(facet) == but
            || wanted[facet].is_empty()
            || values[facet].as_ref().is_some_and(|value| wanted[facet].contains(value))
    })
}

#[tokio::test]
async fn hits_totals_and_facets_equal_brute_force_for_every_viewer() {
    let (folder, db) = stocked(150).await;
    let index = Index::open(folder.path(), &db).await.unwrap();
    let mut dice = Dice(11);
    let viewers = [villager(), Viewer::staff_of("/1/3/"), Viewer::staff_of("/1/"), Viewer::default()];
    for (viewer, q) in viewers.iter().flat_map(|viewer| ["", "果", "修剪", "shatangju"].map(|q| (viewer, q))) {
        let every = all(&index, &SearchQuery::of(q), viewer);
        if q.is_empty() {
            let visible = catalog::audience::published_for(viewer, NOW.day());
            let rows = sea_orm::QueryFilter::filter(lesson::Entity::find(), visible).all(&db).await.unwrap();
            let ids: BTreeSet<i64> = rows.iter().map(|row| row.id.0).collect();
            assert_eq!(every.iter().map(|hit| hit.lesson_id.0).collect::<BTreeSet<_>>(), ids);
        }
        for _ in 0..25 {
            let wanted: Wanted = std::array::from_fn(|facet| {
                let some = (0..dice.roll(3)).filter_map(|_| every.get(dice.roll(every.len().max(1))));
                let some = some.filter_map(|hit| values(hit)[facet].clone()).collect::<BTreeSet<_>>();
                some.into_iter().take(if facet == 5 { 1 } else { 2 }).filter(|_| dice.roll(2) == 0).collect()
            });
            let query = narrowed(q, &wanted);
            let answer = index.search(&query, viewer, NOW.day()).unwrap();
            let right = every.iter().filter(|hit| passes(hit, &wanted, None)).count();
            assert_eq!(answer.total, right as u64, "{q} {wanted:?}");
            assert_eq!(all(&index, &query, viewer).len(), right);
            let found = &answer.facets;
            let facets = [
                &found.category,
                &found.crop,
                &found.level,
                &found.language,
                &found.length,
                &found.captions,
                &found.size_band,
            ];
            for (facet, counts) in facets.into_iter().enumerate() {
                let mut right: BTreeMap<String, u64> = BTreeMap::new();
                for hit in every.iter().filter(|hit| passes(hit, &wanted, Some(facet))) {
                    if let Some(value) = values(hit)[facet].clone() {
                        *right.entry(value).or_default() += 1;
                    }
                }
                let counted = |facet: &FacetCount| (facet.value.clone(), facet.count);
                assert_eq!(
                    counts.iter().map(counted).collect::<BTreeMap<_, _>>(),
                    right,
                    "{q} facet {facet} {wanted:?}"
                );
            }
        }
    }
}

#[tokio::test]
async fn a_lesson_is_found_and_counted_in_the_languages_of_its_voices_too() {
    let (folder, db) = stocked(80).await;
    let mut heard: BTreeMap<LessonId, BTreeSet<String>> = BTreeMap::new();
    for row in lesson::Entity::find().all(&db).await.unwrap() {
        let languages = heard.entry(row.id).or_insert_with(|| BTreeSet::from([row.language]));
        for language in ["壮语", "侗语"].into_iter().filter(|_| row.id.0 % 3 == 0) {
            languages.insert(language.to_owned());
            add_voice(&db, row.id, language).await;
        }
    }
    let index = Index::open(folder.path(), &db).await.unwrap();
    let viewer = Viewer::staff_of("/1/");
    let every = all(&index, &SearchQuery::of(""), &viewer);
    let is_in = |hit: &&Hit, wanted: &[&str]| wanted.iter().any(|one| heard[&hit.lesson_id].contains(*one));
    for wanted in [vec!["普通话"], vec!["壮语"], vec!["侗语"], vec!["壮语", "侗语"]] {
        let language = wanted.iter().map(|one| (*one).to_owned()).collect();
        let query = SearchQuery { language, ..SearchQuery::of("") };
        let found: BTreeSet<LessonId> = all(&index, &query, &viewer).iter().map(|hit| hit.lesson_id).collect();
        let right: BTreeSet<LessonId> =
            every.iter().filter(|hit| is_in(hit, &wanted)).map(|hit| hit.lesson_id).collect();
        assert!(!right.is_empty() && right.len() < every.len());
        assert_eq!(found, right, "{wanted:?}");
        let answer = index.search(&query, &viewer, NOW.day()).unwrap();
        assert_eq!(answer.total, right.len() as u64);
        for count in &answer.facets.language {
            let right = every.iter().filter(|hit| is_in(hit, &[count.value.as_str()])).count();
            assert_eq!(count.count, right as u64, "{}: each facet is counted without its own filter", count.value);
        }
        assert_eq!(answer.facets.language.len(), 4);
    }
}

async fn add_voice(db: &DatabaseConnection, lesson_id: LessonId, language: &str) {
    let row = voice::ActiveModel {
        id: NotSet,
        lesson_id: Set(lesson_id),
        language: Set(language.to_owned()),
        media_sha256: Set("0".repeat(64)),
        created_by: Set(None),
        created_at: Set(NOW),
    };
    row.insert(db).await.unwrap();
}

#[tokio::test]
async fn the_smallest_form_is_a_rendition_that_can_be_played() {
    let (folder, db) = stocked(60).await;
    let index = Index::open(folder.path(), &db).await.unwrap();
    let hits = all(&index, &SearchQuery { sort: Sort::Smallest, ..SearchQuery::of("") }, &Viewer::staff_of("/1/"));
    assert!(hits.is_sorted_by_key(|hit| hit.smallest_bytes));
    assert!(hits.iter().any(|hit| hit.smallest_bytes < hit.size_bytes && hit.smallest_bytes > 10), "a poster is none");
    assert!(hits.iter().all(|hit| hit.smallest_bytes <= hit.size_bytes));
}

#[tokio::test]
async fn pages_neither_repeat_nor_lose_a_lesson_while_lessons_come_and_go() {
    let (folder, db) = stocked(120).await;
    let index = Index::open(folder.path(), &db).await.unwrap();
    let viewer = Viewer::staff_of("/1/");
    let mut dice = Dice(23);
    for (sort, q) in [
        (Sort::Relevance, ""),
        (Sort::Relevance, "果园管理"),
        (Sort::Newest, ""),
        (Sort::Plays, ""),
        (Sort::Shortest, "果园"),
    ] {
        let mut query = SearchQuery { sort, size: 8, ..SearchQuery::of(q) };
        let ids = |hits: &[Hit]| hits.iter().map(|hit| hit.lesson_id.0).collect::<Vec<_>>();
        let mut stayed: BTreeSet<i64> = ids(&all(&index, &query, &viewer)).into_iter().collect();
        let (mut seen, mut pages) = (Vec::new(), 0);
        loop {
            let answer = index.search(&query, &viewer, NOW.day()).unwrap();
            pages += 1;
            assert_eq!(answer.page, pages);
            seen.extend(ids(&answer.hits));
            let Some(cursor) = answer.next_cursor.clone() else { break };
            query.cursor = Some(Cursor::parse(&cursor).unwrap());
            for _ in 0..3 {
                stayed.remove(&turn_one(&db, &mut dice).await);
            }
            index.rebuild(&db).await.unwrap(); // new numbers, new statistics, another order
        }
        let once: BTreeSet<i64> = seen.iter().copied().collect();
        assert_eq!(once.len(), seen.len(), "{sort:?} {q}: a lesson came twice");
        let lost: Vec<_> = stayed.difference(&once).collect();
        assert!(lost.is_empty(), "{sort:?} {q}: {lost:?} were never shown");
    }
}

/// Withdraws a lesson or puts it back, with other plays, day and length, and answers which.
async fn turn_one(db: &DatabaseConnection, dice: &mut Dice) -> i64 {
    let rows = lesson::Entity::find().all(db).await.unwrap();
    let row = dice.one(&rows);
    let id = row.id.0;
    let state = if row.state == LessonState::Published { LessonState::Withdrawn } else { LessonState::Published };
    let mut row = row.into_active_model();
    row.state = Set(state);
    row.plays = Set(i64::try_from(dice.roll(90)).unwrap());
    row.update(db).await.unwrap();
    id
}

#[tokio::test]
async fn a_cursor_of_another_query_is_refused() {
    let (folder, db) = stocked(40).await;
    let index = Index::open(folder.path(), &db).await.unwrap();
    let viewer = Viewer::staff_of("/1/");
    let cursor =
        index.search(&SearchQuery { size: 5, ..SearchQuery::of("") }, &viewer, NOW.day()).unwrap().next_cursor.clone();
    let cursor = Cursor::parse(&cursor.unwrap());
    let other = SearchQuery { cursor, ..SearchQuery::of("果树") };
    assert!(matches!(index.search(&other, &viewer, NOW.day()), Err(Error::CursorOfAnother)));
}

#[tokio::test]
async fn courses_are_suggested_by_name_to_those_who_see_a_lesson_of_them() {
    let (folder, db) = stocked(40).await;
    let index = Index::open(folder.path(), &db).await.unwrap();
    let suggested = |q: &str, viewer: &Viewer| index.suggest(q, viewer, NOW.day(), 8).unwrap();
    let first = suggested("guoshu", &villager()).into_iter().find(|s| s.kind == SuggestionKind::Course).unwrap();
    assert_eq!((first.text.as_str(), first.slug.as_deref()), ("果树栽培技术", Some("shelf")));
    assert_eq!(first.html, "<mark>果树</mark>栽培技术");
    assert!(suggested("guoshu", &Viewer::default()).is_empty());
}
