//! Facets, pages and counts of searches against brute force, on SQLite or, when `TEST_POSTGRES` names a server, on
//! PostgreSQL.

#![expect(clippy::unwrap_used, clippy::indexing_slicing, reason = "tests stop at the first surprise")]

use catalog::asked::{Asked, Order, WantedFilter, drop_older, hot_words, wanted};
use catalog::search::{Cursor, FacetCount, Hit, Index, LengthBand, SearchQuery, SizeBand, Sort, SuggestionKind};
use catalog::{Error, Viewer};
use entity::{
    Category, CourseId, Day, LessonId, LessonState, Level, Moment, RenditionKind, Scope, SearchTier, UnitId, UnitLevel,
    caption, course, lesson, media, org_unit, rendition, search_count, voice,
};
use migrations::{Migrate, Migrator};
use sea_orm::{
    ActiveModelTrait, ActiveValue::NotSet, ActiveValue::Set, ConnectOptions, ConnectionTrait, Database,
    DatabaseConnection, EntityTrait, IntoActiveModel, PaginatorTrait,
};
use std::collections::{BTreeMap, BTreeSet};
use tempfile::TempDir;

const NOW: Moment = Moment(1_795_000_000_000);

/// A city (1) with two counties (2, 3), of which the first has a village (4).
async fn city() -> (TempDir, DatabaseConnection) {
    let folder = TempDir::new().unwrap();
    let (url, connections) = match std::env::var("TEST_POSTGRES") {
        Ok(server) => (new_postgres(&server, &folder).await, 4),
        Err(_) => (format!("sqlite://{}/test.sqlite?mode=rwc", folder.path().display()), 1),
    };
    let db = Database::connect(ConnectOptions::new(url).max_connections(connections).to_owned()).await.unwrap();
    Migrator::up(&db, None).await.unwrap();
    use UnitLevel::{City, County, Village};
    let units = [
        (1, None, "/1/", City),
        (2, Some(1), "/1/2/", County),
        (3, Some(1), "/1/3/", County),
        (4, Some(2), "/1/2/4/", Village),
    ];
    for (id, parent, path, level) in units {
        let unit = org_unit::ActiveModel {
            id: Set(UnitId(id)),
            parent_id: Set(parent.map(UnitId)),
            code: Set(id.to_string()),
            name: Set(format!("单位{id}")),
            level: Set(level),
            path: Set(path.to_owned()),
        };
        unit.insert(&db).await.unwrap();
    }
    (folder, db)
}

async fn new_postgres(server: &str, folder: &TempDir) -> String {
    let unique = folder.path().file_name().unwrap().to_string_lossy().replace('.', "").to_lowercase();
    let name = format!("finding_{}_{unique}", std::process::id());
    let admin = Database::connect(server).await.unwrap();
    admin.execute_unprepared(&format!("CREATE DATABASE {name}")).await.unwrap();
    admin.close().await.unwrap();
    format!("{}/{name}", server.rsplit_once('/').unwrap().0)
}

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        usize::try_from(self.0 >> 33).unwrap() % sides
    }

    fn one<T: Clone>(&mut self, of: &[T]) -> T {
        of[self.roll(of.len())].clone()
    }
}

const CROPS: [&str; 4] = ["沙糖桔", "红薯", "罗汉果", "水稻"];
const LANGUAGES: [&str; 3] = ["普通话", "桂柳话", "壮语"];
const DEEDS: [&str; 5] = ["修剪", "施肥", "病虫害防治", "采收贮藏", "销售"];

/// Many lessons of every kind, for the city, a county or a village; some withdrawn or past their last day.
async fn stocked(count: usize) -> (TempDir, DatabaseConnection) {
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

fn villager() -> Viewer {
    Viewer { homes: vec!["/1/2/4/".into()], staff: Scope::default() }
}

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
