//! Play days from the form to the television.

use crate::town;
use catalog::course::{self, NewCourse};
use catalog::lesson::{self, NewLesson};
use catalog::play_day::today::{after, next_after, showings};
use catalog::play_day::{NewPlayDay, create, end, list};
use catalog::{Error, Viewer};
use entity::{AccountId, Category, Day, LessonId, Moment, Scope, UnitId, audit, media, play_day};
use sea_orm::{ActiveModelTrait, ActiveValue::Set, DatabaseConnection, EntityTrait, PaginatorTrait};
use tempfile::TempDir;

const BY: Option<AccountId> = Some(AccountId(1));
const VILLAGE: &str = "/1/2/4/";

/// The city, two counties, a village of the first, and three lessons that can be played: for all, for all, for the county.
struct City {
    _folder: TempDir,
    db: DatabaseConnection,
    lessons: [LessonId; 3],
    article: LessonId,
}

/// This time of the day in Shanghai.
fn at(day: &str, hour: i64, minute: i64) -> Moment {
    Moment::start_of(day.parse().unwrap()).plus_ms((hour * 60 + minute) * 60_000)
}

fn day(text: &str) -> Day {
    text.parse().unwrap()
}

async fn city() -> City {
    let (folder, db) = town::city().await;
    let blob = media::ActiveModel {
        sha256: Set("a".repeat(64)),
        size_bytes: Set(1),
        mime: Set("video/mp4".into()),
        filename: Set("a.mp4".into()),
        duration_ms: Set(Some(600_000)),
        width: Set(None),
        height: Set(None),
        codecs: Set(None),
        faststart: Set(None),
        unit_id: Set(UnitId(1)),
        uploaded_by: Set(None),
        created_at: Set(Moment(0)),
    };
    blob.insert(&db).await.unwrap();
    let [a, b, article] = [("甲", 1, true), ("乙", 1, true), ("图文", 1, false)];
    let county = ("丙", 2, true);
    let mut made = Vec::new();
    for one in [a, b, county, article] {
        made.push(published(&db, one).await);
    }
    City { _folder: folder, db, lessons: [made[0], made[1], made[2]], article: made[3] }
}

async fn published(db: &DatabaseConnection, (title, unit, plays): (&str, i64, bool)) -> LessonId {
    let new = NewCourse {
        slug: None,
        title: format!("{title}课程"),
        summary: String::new(),
        category: Category::Agriculture,
        unit_id: UnitId(unit),
        audience_unit_id: None,
    };
    let course = course::create(db, new, BY, Moment(0)).await.unwrap();
    let media_sha256 = plays.then(|| "a".repeat(64));
    let new = NewLesson { media_sha256, body: "正文".into(), ..NewLesson::titled(course.id, title) };
    let made = lesson::create(db, new, BY, Moment(0)).await.unwrap();
    lesson::submit(db, made.id, BY, Moment(0)).await.unwrap();
    lesson::publish(db, made.id, Some(AccountId(2)), Moment(0)).await.unwrap().id
}

fn terminal() -> Viewer {
    Viewer { homes: vec![VILLAGE.into()], staff: Scope::default() }
}

/// Somebody sets a day that is right but for what the test changes.
async fn set(
    city: &City,
    unit: i64,
    change: impl FnOnce(&mut NewPlayDay<'_>),
    now: Moment,
) -> catalog::Result<play_day::Model> {
    let viewer = Viewer::staff_of("/1/");
    let mut new = NewPlayDay {
        unit_id: UnitId(unit),
        title: "逢五播放日",
        days: "5,15,25",
        at: "19:30",
        valid_from: now.day(),
        lessons: &city.lessons[..2],
        viewer: &viewer,
    };
    change(&mut new);
    create(&city.db, new, BY, now).await
}

async fn titles(city: &City, on: &str) -> Vec<(String, usize)> {
    let found = showings(&city.db, &terminal(), VILLAGE, day(on)).await.unwrap();
    found.into_iter().map(|showing| (showing.play_day.title, showing.lessons.len())).collect()
}

#[tokio::test]
async fn a_station_plays_what_every_unit_above_it_has_set_and_nothing_of_another_county() {
    let city = city().await;
    let now = at("2026-11-28", 12, 0);
    set(&city, 2, |new| new.title = "县", now).await.unwrap();
    set(&city, 1, |new| (new.title, new.days) = ("市", "15"), now).await.unwrap();
    set(&city, 4, |new| (new.title, new.at) = ("村", "08:00"), now).await.unwrap();
    set(&city, 3, |new| new.title = "别的县", now).await.unwrap();
    let of = |names: &[&str]| names.iter().map(|name| ((*name).to_owned(), 2)).collect::<Vec<_>>();
    assert_eq!(titles(&city, "2026-12-05").await, of(&["村", "县"]));
    assert_eq!(titles(&city, "2026-12-15").await, of(&["村", "市", "县"]), "at one minute the higher unit's first");
    assert_eq!(titles(&city, "2026-12-06").await, []);
}

#[tokio::test]
async fn a_play_day_is_in_force_from_its_first_day_until_it_is_ended() {
    let city = city().await;
    let made = set(&city, 2, |new| new.valid_from = day("2026-12-05"), at("2026-11-28", 12, 0)).await.unwrap();
    assert!(titles(&city, "2026-11-25").await.is_empty());
    assert_eq!(titles(&city, "2026-12-05").await.len(), 1);
    let ended = end(&city.db, made.id, BY, at("2026-12-15", 19, 29)).await.unwrap();
    assert_eq!(ended.ended_on, Some(day("2026-12-14")), "tonight's had not begun");
    assert_eq!(end(&city.db, made.id, BY, at("2027-01-01", 0, 0)).await.unwrap().ended_on, ended.ended_on);
    assert!(titles(&city, "2026-12-15").await.is_empty());
    assert_eq!(titles(&city, "2026-12-05").await.len(), 1, "what was to be played can still be read");
    let made = set(&city, 2, |_| (), at("2026-12-20", 8, 0)).await.unwrap();
    let ended = end(&city.db, made.id, BY, at("2026-12-25", 19, 30)).await.unwrap();
    assert_eq!(ended.ended_on, Some(day("2026-12-25")), "tonight's has begun");
    assert!(matches!(end(&city.db, entity::PlayDayId(99), BY, Moment(0)).await, Err(Error::PlayDayNotFound)));
}

#[tokio::test]
async fn today_is_too_late_once_its_hour_has_come_and_yesterday_always() {
    let city = city().await;
    let refused = |made: catalog::Result<_>| match made {
        Err(Error::Invalid { field, .. }) => field,
        Err(_) => "another error",
        Ok(_) => "taken",
    };
    assert_eq!(refused(set(&city, 2, |_| (), at("2026-12-05", 19, 30)).await), "valid_from");
    assert_eq!(refused(set(&city, 2, |_| (), at("2026-12-05", 19, 29)).await), "taken");
    assert_eq!(refused(set(&city, 2, |_| (), at("2026-12-06", 23, 0)).await), "taken", "today is none of its days");
    let now = at("2026-12-07", 8, 0);
    type Change = fn(&mut NewPlayDay<'_>);
    let cases: [(&str, Change); 9] = [
        ("valid_from", |new| new.valid_from = day("2026-12-06")),
        ("valid_from", |new| new.valid_from = day("2036-12-06")),
        ("days", |new| new.days = "32"),
        ("at", |new| new.at = "25:00"),
        ("title", |new| new.title = " \u{3000}"),
        ("title", |new| new.title = "a\u{0}b"),
        ("lessons", |new| new.lessons = &[]),
        ("lessons", |new| new.lessons = &[LessonId(1), LessonId(1)]),
        ("lessons", |new| new.lessons = &[LessonId(999)]),
    ];
    for (field, change) in cases {
        assert_eq!(refused(set(&city, 2, change, now).await), field);
    }
    let (article, for_one_county) = ([city.article], [city.lessons[2]]);
    for list in [&article, &for_one_county] {
        let viewer = Viewer::staff_of("/1/");
        let new = NewPlayDay {
            unit_id: UnitId(1),
            title: "市",
            days: "*6",
            at: "20:00",
            valid_from: now.day(),
            lessons: list,
            viewer: &viewer,
        };
        assert_eq!(refused(create(&city.db, new, BY, now).await), "lessons");
    }
}

#[tokio::test]
async fn nobody_lists_a_lesson_they_may_not_see() {
    let city = city().await;
    let stranger = Viewer::staff_of("/1/3/");
    let now = at("2026-12-07", 8, 0);
    let new = NewPlayDay {
        unit_id: UnitId(2),
        title: "县",
        days: "*6",
        at: "20:00",
        valid_from: now.day(),
        lessons: &city.lessons[2..],
        viewer: &stranger,
    };
    assert!(matches!(create(&city.db, new, BY, now).await, Err(Error::Invalid { field: "lessons", .. })));
    assert_eq!(play_day::Entity::find().count(&city.db).await.unwrap(), 0);
}

#[tokio::test]
async fn a_lesson_withdrawn_since_is_left_out_of_the_evening() {
    let city = city().await;
    let now = at("2026-12-01", 8, 0);
    set(&city, 2, |_| (), now).await.unwrap();
    lesson::withdraw(&city.db, city.lessons[0], "过时", Some(AccountId(2)), now).await.unwrap();
    let tonight = showings(&city.db, &terminal(), VILLAGE, day("2026-12-05")).await.unwrap();
    assert_eq!(tonight[0].lessons.iter().map(|row| row.id).collect::<Vec<_>>(), [city.lessons[1]]);
}

#[tokio::test]
async fn the_list_goes_on_after_each_of_its_lessons() {
    let city = city().await;
    let made = set(&city, 2, |_| (), at("2026-12-01", 8, 0)).await.unwrap();
    let tonight = showings(&city.db, &terminal(), VILLAGE, day("2026-12-05")).await.unwrap();
    let (id, rest) = after(&tonight, city.lessons[0]).unwrap();
    assert_eq!((id, rest.len(), rest[0].id), (made.id, 1, city.lessons[1]));
    assert!(after(&tonight, city.lessons[1]).unwrap().1.is_empty());
    assert!(after(&tonight, city.lessons[2]).is_none());
}

#[tokio::test]
async fn the_next_evening_is_the_earliest_of_all_and_none_that_was_ended() {
    let city = city().await;
    let now = at("2026-12-01", 8, 0);
    assert_eq!(next_after(&city.db, VILLAGE, day("2026-12-01")).await.unwrap(), None);
    set(&city, 2, |new| (new.title, new.days) = ("县", "31"), now).await.unwrap();
    let city_wide = set(&city, 1, |new| (new.title, new.days, new.at) = ("市", "*6", "9:00"), now).await.unwrap();
    let next = async |from| next_after(&city.db, VILLAGE, day(from)).await.unwrap().map(|next| (next.title, next.at));
    assert_eq!(next("2026-12-05").await, Some(("市".into(), at("2026-12-06", 9, 0))));
    assert_eq!(next("2026-12-06").await, Some(("市".into(), at("2026-12-16", 9, 0))), "after today");
    end(&city.db, city_wide.id, BY, at("2026-12-20", 8, 0)).await.unwrap();
    assert_eq!(next("2026-12-20").await, Some(("县".into(), at("2026-12-31", 19, 30))));
    assert_eq!(next("2027-01-31").await, Some(("县".into(), at("2027-03-31", 19, 30))), "February has no 31st");
}

#[tokio::test]
async fn a_county_lists_its_own_days_and_those_from_above_and_each_change_is_noted() {
    let city = city().await;
    let now = at("2026-12-01", 8, 0);
    let first = set(&city, 2, |new| new.title = "旧", now).await.unwrap();
    set(&city, 2, |new| new.title = "新", now).await.unwrap();
    set(&city, 1, |new| new.title = "市", now).await.unwrap();
    set(&city, 3, |new| new.title = "别县", now).await.unwrap();
    end(&city.db, first.id, BY, now).await.unwrap();
    let county = Scope::of(["/1/2/".to_owned()]);
    let page = list(&city.db, &county, now.day(), 1, 20).await.unwrap();
    let names: Vec<&str> = page.items.iter().map(|row| row.title.as_str()).collect();
    assert_eq!((names, page.total), (vec!["市", "新", "旧"], 3));
    let noted = audit::Entity::find().all(&city.db).await.unwrap();
    let actions: Vec<&str> = noted.iter().map(|row| row.action.as_str()).filter(|verb| verb.contains("play")).collect();
    assert_eq!(actions, ["play_day.set", "play_day.set", "play_day.set", "play_day.set", "play_day.end"]);
}

#[tokio::test]
async fn a_unit_has_at_most_twenty_play_days_in_force() {
    let city = city().await;
    let now = at("2026-12-01", 8, 0);
    for _ in 0..20 {
        set(&city, 2, |_| (), now).await.unwrap();
    }
    assert!(matches!(set(&city, 2, |_| (), now).await, Err(Error::Invalid { field: "unit_id", .. })));
    let page = list(&city.db, &Scope::of(["/1/2/".to_owned()]), now.day(), 1, 1).await.unwrap();
    end(&city.db, page.items[0].id, BY, now).await.unwrap();
    set(&city, 2, |_| (), now).await.unwrap();
}
